//! SOAP with three-dimensional Gaussians: A. P. Bartók, R. Kondor, G. Csányi, Phys. Rev. B 87, 184115 (2013).

mod integrals;
mod parameters;
mod radial;
mod weight;
mod weighting;

pub use integrals::GaussianBasis;
pub use parameters::{DensityParameters, SoapParameters};
pub use weighting::{WeightFunction, Weighting};

use self::radial::GaussianRadial;
use super::coefficients::CoefficientsOf;
use super::density::{Density, PowerSpectrumOptions};
use super::descriptor::SoapOf;
use super::power_spectrum::NO_FLOOR;
use crate::descriptors::{Environment, Refusal, Species};
use crate::{Error, Stop};

/// Nearer than this part of the distance up to which atoms are seen, a weight without bounds has no digits.
const NEAREST: f64 = 1e-10;

/// The power spectrum of a density of Gaussians.
pub type Soap = SoapOf<SoapParameters>;

/// The coefficients of a density of Gaussians.
pub type DensityCoefficients = CoefficientsOf<SoapParameters>;

impl DensityCoefficients {
    /// Error of values and derivatives of the radial functions, relative to their largest value.
    pub fn accuracy(&self) -> f64 {
        self.bases().iter().map(GaussianRadial::accuracy).fold(0.0, f64::max)
    }
}

impl Soap {
    /// Error of values and derivatives of the radial functions, relative to their largest value.
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
        self.validate()
    }

    fn reach(&self) -> f64 {
        self.reach()
    }

    fn species(&self) -> Result<Species, Error> {
        Species::new(self.species.iter().map(|species| species.number), self.ignore_unknown_species)
    }

    fn power_spectrum(&self) -> PowerSpectrumOptions<'_> {
        PowerSpectrumOptions {
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
