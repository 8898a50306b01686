//! SOAP with three-dimensional Gaussians: A. P. Bartók, R. Kondor, G. Csányi, Phys. Rev. B 87, 184115 (2013).

mod integrals;
mod parameters;
mod radial;
mod weight;

pub use integrals::GaussianBasis;
pub use parameters::{DensityParameters, SoapParameters, WeightFunction, Weighting};

use self::radial::GaussianRadial;
use super::density::{Density, SpectrumOptions};
use super::descriptor::SoapOf;
use super::limits::{MAX_DEGREE, MAX_FUNCTIONS};
use super::power_spectrum::NO_FLOOR;
use crate::descriptors::validate::{Spelled, about, check, finite, not_negative, positive, weight};
use crate::descriptors::{Environment, Refusal, Species};
use crate::{Error, Stop};

/// Nearer than this part of the distance up to which atoms are seen, a weight without bounds has no digits.
const NEAREST: f64 = 1e-10;
/// Narrowest density, in units of the distance up to which atoms are seen.
const NARROWEST: f64 = 5e-3;
/// Widest density, in the same units.
const WIDEST: f64 = 10.0;
/// Radii beyond this are taken for a wrong unit: quadratures grow with them.
const LONGEST: f64 = 200.0;

/// The power spectrum of a density of Gaussians.
pub type Soap = SoapOf<SoapParameters>;

impl Soap {
    /// Error of values and slopes of the radial functions, relative to their largest value.
    pub fn accuracy(&self) -> f64 {
        self.bases().iter().map(GaussianRadial::accuracy).fold(0.0, f64::max)
    }
}

impl SoapParameters {
    /// Distance in Å beyond which no atom is seen.
    pub fn reach(&self) -> f64 {
        self.r_cut + self.padding
    }
}

impl Density for SoapParameters {
    type Basis = GaussianRadial;

    fn validate(&self) -> Result<(), Error> {
        validate(self)
    }

    fn reach(&self) -> f64 {
        self.reach()
    }

    fn species(&self) -> Result<Species, Error> {
        Species::new(self.species.iter().map(|species| species.number), self.ignore_unknown_species)
    }

    fn power_spectrum(&self) -> SpectrumOptions<'_> {
        SpectrumOptions {
            n_max: vec![self.n_max; self.species.len()],
            l_max: self.l_max,
            compression: &self.compression,
            convention: self.convention,
            degree_weights: self.convention.degree_weights(self.l_max),
            norm: self.normalize.then_some(NO_FLOOR),
            constant: self.constant,
        }
    }

    fn bases(&self, stop: &Stop<'_>) -> Result<Vec<GaussianRadial>, Error> {
        GaussianRadial::all(self, stop)
    }

    fn center_is_everywhere(&self) -> bool {
        self.center_everywhere
    }

    fn admit(&self, environment: &Environment<'_>) -> Result<(), Refusal> {
        if self.weighting.as_ref().is_none_or(|weighting| weighting.limit().is_finite()) {
            return Ok(());
        }
        let nearest = NEAREST * self.reach();
        // Exactly on the center an atom has the weight that was given for there.
        match environment.r.iter().position(|&r| r > 0.0 && r < nearest) {
            Some(atom) => Err(Refusal::NoWeight { atom, distance: environment.r[atom] }),
            None => Ok(()),
        }
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
