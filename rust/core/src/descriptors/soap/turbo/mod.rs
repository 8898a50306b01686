//! Recursive SOAP: M. A. Caro, Phys. Rev. B 100, 024112 (2019).

mod basis;
mod exact;
mod parameters;
mod radial;
mod reference;

pub use parameters::{Policy, SpeciesParameters, TurboBasis, TurboParameters};

use self::radial::TurboRadial;
use super::convention::Convention;
use super::density::{Density, PowerSpectrumOptions};
use super::descriptor::SoapOf;
use super::power_spectrum::NO_FLOOR;
use crate::descriptors::Species;
use crate::{Error, Stop};

/// Below this length the reference leaves a row as it is.
const SMALLEST_NORM: f64 = 1e-5;

/// The power spectrum of a density whose radial and angular parts are expanded apart.
pub type SoapTurbo = SoapOf<TurboParameters>;

impl Density for TurboParameters {
    type Basis = TurboRadial;

    fn validate(&self) -> Result<(), Error> {
        self.validate()
    }

    fn reach(&self) -> f64 {
        self.r_cut
    }

    fn species(&self) -> Result<Species, Error> {
        Species::new(self.species.iter().map(|species| Some(species.number)), self.ignore_unknown_species)
    }

    fn power_spectrum(&self) -> PowerSpectrumOptions<'_> {
        let floor = match self.policy {
            Policy::Exact => NO_FLOOR,
            Policy::Reference => SMALLEST_NORM,
        };
        PowerSpectrumOptions {
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
