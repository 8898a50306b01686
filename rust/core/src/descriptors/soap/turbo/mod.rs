//! Recursive SOAP: M. A. Caro, Phys. Rev. B 100, 024112 (2019).

mod basis;
mod exact;
mod parameters;
mod radial;
mod reference;

pub use parameters::{Basis, Policy, SpeciesParameters, TurboParameters};

use self::radial::Profile;
use super::columns::Convention;
use super::compression::Layout;
use super::expansion::{CenterDensities, Expansion, Sites};
use super::jacobian::{JacobianOf, JacobianScratch};
use super::power_spectrum::{NO_FLOOR, PowerSpectrum, Spectrum, SpectrumParameters};
use super::{MAX_DEGREE, MAX_FUNCTIONS};
use crate::descriptors::validate::{Spelled, about, check, finite, positive, weight};
use crate::descriptors::{Descriptor, Environment, JacobianRow, Refusal, Species};
use crate::{Error, Stop};

/// Below this length the reference leaves a row as it is.
const SMALLEST_NORM: f64 = 1e-5;
/// Narrowest density, in units of the cutoff.
const NARROWEST: f64 = 2e-3;
/// Widest density, in the same units.
const WIDEST: f64 = 100.0;
/// Shortest and longest cutoff, with squares that are far from what numbers can hold.
const CUTOFFS: std::ops::RangeInclusive<f64> = 1e-30..=1e30;
/// Species of widths of their own have tables of their own: so many narrowest widths fit side by side in all of them.
/// Four species may have the narrowest width there is.
const MOST_WIDTHS: f64 = 2000.0;

/// The power spectrum of a density whose radial and angular parts are expanded apart.
#[derive(Debug, Clone)]
pub struct SoapTurbo {
    parameters: TurboParameters,
    species: Species,
    expansion: Expansion<Profile>,
    spectrum: PowerSpectrum,
}

/// Buffers of one worker.
#[derive(Debug)]
pub struct TurboScratch {
    sites: Sites,
    spectrum: Spectrum,
    /// Made when a Jacobian is first asked for.
    jacobian: Option<JacobianScratch>,
}

impl SoapTurbo {
    /// Prepares bases and tables.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a parameter out of range, named; [`Error::Memory`].
    pub fn new(parameters: TurboParameters) -> Result<Self, Error> {
        Self::interruptible(parameters, &Stop::never())
    }

    /// [`Self::new`], which can be told to stop.
    ///
    /// # Errors
    /// The same, and [`Error::Interrupted`].
    pub fn interruptible(parameters: TurboParameters, stop: &Stop<'_>) -> Result<Self, Error> {
        validate(&parameters)?;
        let numbers = parameters.species.iter().map(|species| Some(species.number));
        let species = Species::new(numbers, parameters.ignore_unknown_species)?;
        let n_max: Vec<usize> = parameters.species.iter().map(|s| s.n_max).collect();
        let layout = Layout::new(&parameters.compression, Convention::Isoprint, &n_max, parameters.l_max, stop)?;
        let profiles = Profile::all(&parameters, stop)?;
        let centers = CenterDensities::own(&profiles.iter().map(|p| p.center.as_slice()).collect::<Vec<_>>());
        let expansion = Expansion::new(parameters.l_max, profiles, centers);
        let spectrum = PowerSpectrum::new(SpectrumParameters {
            layout,
            stride: expansion.stride(),
            degree_weights: vec![1.0; parameters.l_max + 1],
            norm: parameters.normalize.then_some(match parameters.policy {
                Policy::Exact => NO_FLOOR,
                Policy::Reference => SMALLEST_NORM,
            }),
            constant: None,
        });
        Ok(Self { parameters, species, expansion, spectrum })
    }

    /// What it was made from.
    pub fn parameters(&self) -> &TurboParameters {
        &self.parameters
    }
}

impl Descriptor for SoapTurbo {
    type Scratch = TurboScratch;

    fn cutoff(&self) -> f64 {
        self.parameters.r_cut
    }

    fn n_features(&self) -> usize {
        self.spectrum.n_features()
    }

    fn n_coefficients(&self) -> usize {
        self.expansion.n_coefficients()
    }

    fn species(&self) -> &Species {
        &self.species
    }

    fn scratch(&self) -> Result<TurboScratch, Error> {
        Ok(TurboScratch { sites: self.expansion.sites()?, spectrum: self.spectrum.scratch()?, jacobian: None })
    }

    fn prepare(
        &self,
        environment: &Environment<'_>,
        slopes: bool,
        scratch: &mut TurboScratch,
        stop: &Stop<'_>,
    ) -> Result<(), Refusal> {
        self.expansion.prepare(environment, slopes, &mut scratch.sites, stop)?;
        Ok(())
    }

    fn expand(&self, scratch: &mut TurboScratch, coefficients: &mut [f64], stop: &Stop<'_>) -> Result<(), Error> {
        self.expansion.expand(&mut scratch.sites, coefficients, stop)
    }

    fn expand_tangent(
        &self,
        velocity: &[[f64; 3]],
        scratch: &mut TurboScratch,
        coefficients: &mut [f64],
        tangent: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.expansion.expand_tangent(velocity, &mut scratch.sites, coefficients, tangent, stop)
    }

    fn expand_pullback(
        &self,
        adjoint: &[f64],
        scratch: &mut TurboScratch,
        pull: &mut [[f64; 3]],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.expansion.expand_pullback(adjoint, &mut scratch.sites, pull, stop)
    }

    fn contract(
        &self,
        coefficients: &[f64],
        scratch: &mut TurboScratch,
        row: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.spectrum.contract(coefficients, &mut scratch.spectrum, row, stop)
    }

    fn contract_tangent(
        &self,
        coefficients: &[f64],
        tangent: &[f64],
        scratch: &mut TurboScratch,
        row: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.spectrum.contract_tangent(coefficients, tangent, &mut scratch.spectrum, row, stop)
    }

    fn contract_pullback(
        &self,
        coefficients: &[f64],
        adjoint: &[f64],
        scratch: &mut TurboScratch,
        coefficients_adjoint: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.spectrum.contract_pullback(coefficients, adjoint, &mut scratch.spectrum, coefficients_adjoint, stop)
    }

    fn jacobian(
        &self,
        coefficients: &[f64],
        scratch: &mut TurboScratch,
        out: &mut JacobianRow<'_>,
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let TurboScratch { sites, spectrum, jacobian } = scratch;
        let room = match jacobian {
            Some(room) => room,
            empty => empty.insert(JacobianScratch::new(&self.spectrum)?),
        };
        let mut at = JacobianOf::new(&self.spectrum, self.expansion.harmonics(), coefficients, spectrum, room, stop)?;
        self.expansion.visit_sites(sites, stop, &mut |site, terms| at.write(&terms, site, out))
    }
}

/// Checks every parameter for the range in which the definition makes sense.
fn validate(parameters: &TurboParameters) -> Result<(), Error> {
    let TurboParameters { r_cut, r_soft, filter_decay, .. } = *parameters;
    let range = format!("it must be between {} and {} Å", CUTOFFS.start().spelled(), CUTOFFS.end().spelled());
    check(CUTOFFS.contains(&r_cut), "r_cut", r_cut, range)?;
    positive("filter_decay", filter_decay)?;
    let soft_fits = r_soft > 0.0 && r_soft <= r_cut;
    check(soft_fits, "r_soft", r_soft, format!("it must be positive and at most r_cut = {}", r_cut.spelled()))?;
    let degree = parameters.l_max;
    check(degree <= MAX_DEGREE, "l_max", degree, format!("it must be at most {MAX_DEGREE}"))?;
    let enhancement = parameters.radial_enhancement;
    check(enhancement <= 2, "radial_enhancement", enhancement, "it must be 0, 1 or 2")?;
    parameters.species.iter().try_for_each(|species| validate_species(parameters, species))?;
    validate_tables(parameters)
}

/// Refuses more tables than can be made in seconds, before the first of them is begun.
fn validate_tables(parameters: &TurboParameters) -> Result<(), Error> {
    let r_cut = parameters.r_cut;
    let species = &parameters.species;
    let is_new = |&k: &usize| species[..k].iter().all(|other| other.functions() != species[k].functions());
    let narrowest: Vec<f64> = (0..species.len()).filter(is_new).map(|k| species[k].narrowest(r_cut) / r_cut).collect();
    let n_widths: f64 = narrowest.iter().map(|width| width.recip()).sum();
    let least = narrowest.iter().fold(f64::INFINITY, |least: f64, &width| least.min(width)) * r_cut;
    let fits = parameters.policy == Policy::Reference || narrowest.len() == 1 || n_widths <= MOST_WIDTHS;
    check(
        fits,
        "sigma",
        format!("{} different widths from {} Å on", narrowest.len(), about(least)),
        format!(
            "with r_cut = {}, widths of {} Å and more may all be different; give several species the same sigma, or \
             check the unit",
            r_cut.spelled(),
            about(r_cut * narrowest.len() as f64 / MOST_WIDTHS)
        ),
    )
}

fn validate_species(parameters: &TurboParameters, species: &SpeciesParameters) -> Result<(), Error> {
    let r_cut = parameters.r_cut;
    let fewest = if parameters.basis == Basis::Poly3Gauss { 2 } else { 1 };
    let n_max = species.n_max;
    let range = format!("it must be between {fewest} and {MAX_FUNCTIONS} for this basis");
    check((fewest..=MAX_FUNCTIONS).contains(&n_max), "n_max", n_max, range)?;
    let widths = [
        ("sigma", "sigma_scaling", species.sigma_r, species.sigma_r_scaling),
        ("sigma_t", "sigma_t_scaling", species.sigma_t, species.sigma_t_scaling),
    ];
    for (name, scaling_name, sigma, scaling) in widths {
        finite(name, sigma)?;
        finite(scaling_name, scaling)?;
        let at_cutoff = (sigma + scaling * r_cut) / r_cut;
        let remedy = format!(
            "with r_cut = {} the width must stay between {} Å and {} Å from center to cutoff; check the unit, which is Å",
            r_cut.spelled(),
            about(NARROWEST * r_cut),
            about(WIDEST * r_cut)
        );
        check((NARROWEST..=WIDEST).contains(&(sigma / r_cut)), name, sigma, remedy.as_str())?;
        check((NARROWEST..=WIDEST).contains(&at_cutoff), scaling_name, scaling, remedy)?;
    }
    let decay = species.amplitude_scaling;
    check((0.0..=100.0).contains(&decay), "amplitude_scaling", decay, "it must be between 0 and 100")?;
    weight("central_weight", species.central_weight)?;
    let handed_in = species.basis_matrix.is_some();
    check(
        !handed_in || parameters.policy == Policy::Reference,
        "basis_matrix",
        "given",
        "it belongs to policy=\"reference\"; the exact policy has no use for it",
    )?;
    let undefined = parameters.basis == Basis::Jacobi && parameters.policy == Policy::Reference;
    check(!undefined, "basis", "\"jacobi\"", "policy=\"reference\" knows \"poly3\" and \"poly3gauss\" only")
}
