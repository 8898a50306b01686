//! Recursive SOAP: M. A. Caro, Phys. Rev. B 100, 024112 (2019).

mod basis;
mod exact;
mod parameters;
mod radial;
mod reference;

pub use parameters::{Basis, Policy, SpeciesParameters, TurboParameters};

use self::radial::TurboRadial;
use super::convention::Convention;
use super::density::{Density, SpectrumOptions};
use super::descriptor::SoapOf;
use super::limits::{MAX_DEGREE, MAX_FUNCTIONS};
use super::power_spectrum::NO_FLOOR;
use crate::descriptors::Species;
use crate::descriptors::validate::{Spelled, about, check, finite, positive, weight};
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
pub type SoapTurbo = SoapOf<TurboParameters>;

impl Density for TurboParameters {
    type Basis = TurboRadial;

    fn validate(&self) -> Result<(), Error> {
        validate(self)
    }

    fn reach(&self) -> f64 {
        self.r_cut
    }

    fn species(&self) -> Result<Species, Error> {
        Species::new(self.species.iter().map(|species| Some(species.number)), self.ignore_unknown_species)
    }

    fn power_spectrum(&self) -> SpectrumOptions<'_> {
        let floor = match self.policy {
            Policy::Exact => NO_FLOOR,
            Policy::Reference => SMALLEST_NORM,
        };
        SpectrumOptions {
            n_max: self.species.iter().map(|species| species.n_max).collect(),
            l_max: self.l_max,
            compression: &self.compression,
            convention: Convention::Isoprint,
            degree_weights: vec![1.0; self.l_max + 1],
            norm: self.normalize.then_some(floor),
            constant: None,
        }
    }

    fn bases(&self, stop: &Stop<'_>) -> Result<Vec<TurboRadial>, Error> {
        TurboRadial::all(self, stop)
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
