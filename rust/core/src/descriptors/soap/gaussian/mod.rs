//! SOAP with three-dimensional Gaussians: A. P. Bartók, R. Kondor, G. Csányi, Phys. Rev. B 87, 184115 (2013).

mod integrals;
mod parameters;
mod profile;
mod weight;

use std::sync::Arc;

pub use integrals::GaussianBasis;
pub use parameters::{DensityParameters, SoapParameters, WeightFunction, Weighting};

use self::integrals::{IntegralParameters, RadialIntegrals};
use self::profile::{Profile, Table};
use self::weight::PairWeight;
use super::columns::{self, Convention};
use super::compression::Layout;
use super::expansion::{CenterDensities, Expansion, Sites};
use super::jacobian::{JacobianOf, JacobianScratch};
use super::power_spectrum::{NO_FLOOR, PowerSpectrum, Spectrum, SpectrumParameters};
use super::{MAX_DEGREE, MAX_FUNCTIONS};
use crate::descriptors::validate::{Spelled, about, check, finite, not_negative, positive, weight};
use crate::descriptors::{Descriptor, Environment, JacobianRow, Refusal, Species};
use crate::{Error, Stop};

/// Nearer than this part of the distance up to which atoms are seen, a weight without bounds has no digits.
const NEAREST: f64 = 1e-10;
/// Narrowest density, in units of the distance up to which atoms are seen.
const NARROWEST: f64 = 5e-3;
/// Widest density, in the same units.
const WIDEST: f64 = 10.0;
/// Radii beyond this are taken for a wrong unit: quadratures grow with them.
const LONGEST: f64 = 200.0;
/// Noise of the radial functions that is more than a loss of accuracy.
const MOST_ROUNDING: f64 = 1e-8;

/// The power spectrum of a density of Gaussians.
#[derive(Debug, Clone)]
pub struct Soap {
    parameters: SoapParameters,
    species: Species,
    expansion: Expansion<Profile>,
    spectrum: PowerSpectrum,
    accuracy: f64,
}

/// Buffers of one worker.
#[derive(Debug)]
pub struct SoapScratch {
    sites: Sites,
    spectrum: Spectrum,
    /// Made when a Jacobian is first asked for.
    jacobian: Option<JacobianScratch>,
}

/// What all species of one width share.
struct Density {
    sigma: f64,
    table: Arc<Table>,
    /// `I_n0(0)`
    at_center: Vec<f64>,
    accuracy: f64,
}

impl Density {
    fn new(parameters: &SoapParameters, sigma: f64, stop: &Stop<'_>) -> Result<Self, Error> {
        let SoapParameters { basis, n_max, l_max, r_cut, basis_error_exponent, accuracy, .. } = *parameters;
        let reach = parameters.reach();
        let integral_parameters = IntegralParameters { basis, n_max, l_max, r_cut, sigma, basis_error_exponent, reach };
        let integrals = RadialIntegrals::new(&integral_parameters, stop)?;
        let rounding = integrals.rounding();
        check(
            rounding <= MOST_ROUNDING,
            "n_max",
            n_max,
            format!(
                "with this basis, l_max = {l_max}, r_cut = {r_cut} and sigma = {sigma} the radial functions are so nearly \
                 dependent that their relative error would be {rounding:.0e}; take fewer functions, a lower l_max or \
                 another sigma"
            ),
        )?;
        let table = profile::tabulate(&integrals, (n_max, l_max), reach, accuracy, stop)?;
        let mut at_center = vec![0.0; n_max * (l_max + 1)];
        integrals.evaluate(0.0, &mut at_center);
        at_center.truncate(n_max);
        let accuracy = profile::accuracy(&table).max(rounding);
        Ok(Self { sigma, table, at_center, accuracy })
    }
}

impl SoapParameters {
    /// Distance in Å beyond which no atom is seen.
    pub fn reach(&self) -> f64 {
        self.r_cut + self.padding
    }

    /// What a neighbor of a species counts for.
    fn pair_weight(&self, species: &DensityParameters) -> PairWeight {
        // The square of that program's Gaussian integrates to one.
        let height = match self.convention {
            Convention::Featomic => (std::f64::consts::PI * species.sigma * species.sigma).powf(-0.75),
            Convention::Isoprint | Convention::Quip | Convention::Dscribe => 1.0,
        };
        let (reach, width, weighting) = (self.reach(), self.cutoff_width, self.weighting);
        PairWeight { factor: height * species.weight, reach, width, weighting }
    }

    /// What each center adds to the coefficients.
    fn centers(&self, densities: &[&Density]) -> CenterDensities {
        let y_00 = (0.25 / std::f64::consts::PI).sqrt();
        let own = |(species, density): (&DensityParameters, &&Density)| {
            let weight = species.central_weight * self.pair_weight(species).of_center() * y_00;
            density.at_center.iter().map(|value| weight * value).collect()
        };
        let shares: Vec<Vec<f64>> = self.species.iter().zip(densities).map(own).collect();
        if !self.center_everywhere {
            return CenterDensities::own(&shares.iter().map(Vec::as_slice).collect::<Vec<_>>());
        }
        let everywhere = shares.concat();
        CenterDensities { of_channel: vec![everywhere.clone(); shares.len()], of_others: Some(everywhere) }
    }
}

impl Soap {
    /// Prepares bases and tables.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a parameter out of range, named; [`Error::Memory`].
    pub fn new(parameters: SoapParameters) -> Result<Self, Error> {
        Self::interruptible(parameters, &Stop::never())
    }

    /// [`Self::new`], which can be told to stop.
    ///
    /// # Errors
    /// The same, and [`Error::Interrupted`].
    pub fn interruptible(parameters: SoapParameters, stop: &Stop<'_>) -> Result<Self, Error> {
        validate(&parameters)?;
        let numbers = parameters.species.iter().map(|species| species.number);
        let species = Species::new(numbers, parameters.ignore_unknown_species)?;
        let SoapParameters { n_max, l_max, convention, .. } = parameters;
        let layout =
            Layout::new(&parameters.compression, convention, &vec![n_max; parameters.species.len()], l_max, stop)?;
        let mut known: Vec<Density> = Vec::new();
        for species in &parameters.species {
            if known.iter().all(|density| density.sigma != species.sigma) {
                known.push(Density::new(&parameters, species.sigma, stop)?);
            }
        }
        let of = |species: &DensityParameters| known.iter().find(|density| density.sigma == species.sigma);
        let densities: Vec<&Density> = parameters.species.iter().filter_map(of).collect();
        let profile = |(species, density): (&DensityParameters, &&Density)| Profile {
            table: density.table.clone(),
            n_max,
            weight: parameters.pair_weight(species),
        };
        let profiles = parameters.species.iter().zip(&densities).map(profile).collect();
        let expansion = Expansion::new(l_max, profiles, parameters.centers(&densities));
        let spectrum = PowerSpectrum::new(SpectrumParameters {
            layout,
            stride: expansion.stride(),
            degree_weights: columns::degree_weights(convention, l_max),
            norm: parameters.normalize.then_some(NO_FLOOR),
            constant: parameters.constant,
        });
        let accuracy = known.iter().map(|density| density.accuracy).fold(0.0, f64::max);
        Ok(Self { parameters, species, expansion, spectrum, accuracy })
    }

    /// What it was made from.
    pub fn parameters(&self) -> &SoapParameters {
        &self.parameters
    }

    /// Error of values and slopes of the radial functions, relative to their largest value.
    pub fn accuracy(&self) -> f64 {
        self.accuracy
    }
}

impl Descriptor for Soap {
    type Scratch = SoapScratch;

    fn cutoff(&self) -> f64 {
        self.parameters.reach()
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

    fn scratch(&self) -> Result<SoapScratch, Error> {
        Ok(SoapScratch { sites: self.expansion.sites()?, spectrum: self.spectrum.scratch()?, jacobian: None })
    }

    fn prepare(
        &self,
        environment: &Environment<'_>,
        slopes: bool,
        scratch: &mut SoapScratch,
        stop: &Stop<'_>,
    ) -> Result<(), Refusal> {
        if self.parameters.weighting.as_ref().is_some_and(|weighting| !weighting.limit().is_finite()) {
            let nearest = NEAREST * self.parameters.reach();
            // Exactly on the center an atom has the weight that was given for there.
            let near = environment.r.iter().position(|&r| r > 0.0 && r < nearest);
            if let Some(atom) = near {
                return Err(Refusal::NoWeight { atom, distance: environment.r[atom] });
            }
        }
        self.expansion.prepare(environment, slopes, &mut scratch.sites, stop)?;
        Ok(())
    }

    fn expand(&self, scratch: &mut SoapScratch, coefficients: &mut [f64], stop: &Stop<'_>) -> Result<(), Error> {
        self.expansion.expand(&mut scratch.sites, coefficients, stop)
    }

    fn expand_tangent(
        &self,
        velocity: &[[f64; 3]],
        scratch: &mut SoapScratch,
        coefficients: &mut [f64],
        tangent: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.expansion.expand_tangent(velocity, &mut scratch.sites, coefficients, tangent, stop)
    }

    fn expand_pullback(
        &self,
        adjoint: &[f64],
        scratch: &mut SoapScratch,
        pull: &mut [[f64; 3]],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.expansion.expand_pullback(adjoint, &mut scratch.sites, pull, stop)
    }

    fn contract(
        &self,
        coefficients: &[f64],
        scratch: &mut SoapScratch,
        row: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.spectrum.contract(coefficients, &mut scratch.spectrum, row, stop)
    }

    fn contract_tangent(
        &self,
        coefficients: &[f64],
        tangent: &[f64],
        scratch: &mut SoapScratch,
        row: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.spectrum.contract_tangent(coefficients, tangent, &mut scratch.spectrum, row, stop)
    }

    fn contract_pullback(
        &self,
        coefficients: &[f64],
        adjoint: &[f64],
        scratch: &mut SoapScratch,
        coefficients_adjoint: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.spectrum.contract_pullback(coefficients, adjoint, &mut scratch.spectrum, coefficients_adjoint, stop)
    }

    fn jacobian(
        &self,
        coefficients: &[f64],
        scratch: &mut SoapScratch,
        out: &mut JacobianRow<'_>,
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let SoapScratch { sites, spectrum, jacobian } = scratch;
        let room = match jacobian {
            Some(room) => room,
            empty => empty.insert(JacobianScratch::new(&self.spectrum)?),
        };
        let mut at = JacobianOf::new(&self.spectrum, self.expansion.harmonics(), coefficients, spectrum, room, stop)?;
        self.expansion.visit_sites(sites, stop, &mut |site, terms| at.write(&terms, site, out))
    }
}

/// Checks every parameter for the range in which the definition makes sense.
fn validate(parameters: &SoapParameters) -> Result<(), Error> {
    let SoapParameters { r_cut, padding, n_max, l_max, basis, cutoff_width, accuracy, .. } = *parameters;
    positive("r_cut", r_cut)?;
    check(r_cut <= LONGEST, "r_cut", r_cut, format!("it must be at most {LONGEST} Å"))?;
    let long_enough = basis != GaussianBasis::Gto || r_cut > 1.0;
    check(long_enough, "r_cut", r_cut, "it must exceed 1 Å for the basis \"gto\", whose functions begin there")?;
    not_negative("padding", padding)?;
    let reach = parameters.reach();
    let fits = (0.0..=reach).contains(&cutoff_width);
    check(fits, "cutoff_width", cutoff_width, format!("it must be between 0 and {reach}, where neighbors end"))?;
    let few = (1..=MAX_FUNCTIONS).contains(&n_max);
    check(few, "n_max", n_max, format!("it must be between 1 and {MAX_FUNCTIONS}"))?;
    check(l_max <= MAX_DEGREE, "l_max", l_max, format!("it must be at most {MAX_DEGREE}"))?;
    positive("basis_error_exponent", parameters.basis_error_exponent)?;
    let asks = accuracy.is_finite() && accuracy > 0.0 && accuracy <= 1e-2;
    check(asks, "accuracy", accuracy, "it must be positive and at most 0.01")?;
    finite("constant", parameters.constant.unwrap_or(0.0))?;
    if let Some(weighting) = &parameters.weighting {
        validate_weighting(weighting, reach)?;
    }
    for species in &parameters.species {
        let widths = NARROWEST * reach..=WIDEST * reach;
        let remedy = format!(
            "for neighbors up to {} Å it must be between {} and {} Å; check the unit",
            reach.spelled(),
            about(*widths.start()),
            about(*widths.end())
        );
        check(widths.contains(&species.sigma), "sigma", species.sigma, remedy)?;
        weight("species_weight", species.weight)?;
        weight("central_weight", species.central_weight)?;
    }
    Ok(())
}

fn validate_weighting(weighting: &Weighting, reach: f64) -> Result<(), Error> {
    let &Weighting { function, r0, c, d, m, at_center } = weighting;
    positive("r0 of weighting", r0)?;
    weight("c of weighting", c)?;
    weight("w0 of weighting", at_center.unwrap_or(0.0))?;
    not_negative("d of weighting", d)?;
    if function != WeightFunction::Exponential {
        not_negative("m of weighting", m)?;
    }
    let bounded = at_center.is_some() || weighting.limit().is_finite();
    check(
        bounded,
        "d of weighting",
        d,
        "the weight of an atom at the center would be infinite; give w0, or a positive d",
    )?;
    let largest = if weighting.limit().is_finite() { weighting.limit() } else { 0.0 };
    weight("weight at the center of weighting", largest)?;
    weight("weight at the cutoff of weighting", weighting.at(reach).0)
}
