//! Parameters of symmetry functions.

use serde::Deserialize;

use super::function::{Function, Kind};
use crate::Error;
use crate::descriptors::validate::{alpha, check, cutoff_function, of_each, r_cut, weight};
use crate::error::Part;
use crate::math::cutoff::CutoffFunction;

/// An element that is seen.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcsfSpecies {
    /// Atomic number; `None`: every element, in one channel.
    pub number: Option<i64>,
    /// What a neighbor counts for in functions of all channels; `None`: one, as any other does.
    #[serde(rename = "weights")]
    pub weight: Option<f64>,
}

/// Everything that makes a fingerprint of symmetry functions.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcsfParameters {
    /// The cutoff function of all.
    pub cutoff_function: CutoffFunction,
    /// Fraction of the cutoff up to which the cutoff function is one.
    pub alpha: f64,
    /// Whether atoms without a channel are passed over.
    pub ignore_unknown_species: bool,
    /// The channels.
    pub species: Vec<AcsfSpecies>,
    /// The columns.
    pub functions: Vec<Function>,
}

impl AcsfParameters {
    /// The longest cutoff.
    pub fn r_cut(&self) -> f64 {
        self.functions.iter().fold(0.0, |longest, function| function.r_cut.max(longest))
    }

    /// Whether neighbors of all channels count by their element.
    pub(super) fn is_weighted(&self) -> bool {
        self.species.iter().any(|species| species.weight.is_some())
    }

    /// Checks every parameter for the range in which the definition makes sense.
    pub(super) fn validate(&self) -> Result<(), Error> {
        alpha(self.alpha)?;
        cutoff_function(self.cutoff_function)?;
        let own = |species: &AcsfSpecies| weight("weights", species.weight.unwrap_or(1.0));
        of_each(&self.species, |species| species.number, own)?;
        check(!self.functions.is_empty(), "functions", "an empty list", "give at least one")?;
        self.functions.iter().enumerate().try_for_each(|(place, function)| {
            self.validate_function(function).map_err(|error| error.of(Part::Function(place)))
        })
    }

    fn validate_function(&self, function: &Function) -> Result<(), Error> {
        r_cut(function.r_cut)?;
        let known = |channel: u8| usize::from(channel) < self.species.len();
        match function.kind {
            Kind::Radial(shape, of) => {
                check(of.is_none_or(known), "species", "a channel", "name one of the species")?;
                shape.validate()
            }
            Kind::Angular(shape, of) => {
                let both = of.is_none_or(|(a, b)| known(a) && known(b));
                check(both, "species", "a pair of channels", "name two of the species")?;
                shape.validate()
            }
        }
    }
}
