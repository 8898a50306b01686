//! Parameters of symmetry functions.

use serde::Deserialize;

use super::form::FunctionForm;
use super::limits::MOST_REPEATED;
use crate::Error;
use crate::descriptors::validate::{alpha, check, cutoff_function, of_each, r_cut, weight, within};
use crate::error::Part;
use crate::math::cutoff::CutoffFunction;

/// Sharpest decay in 1/Å²; beyond, not even rounding errors of a distance are resolved.
const SHARPEST: f64 = 1e8;

/// One symmetry function of two atoms, `g(r) f(r)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Radial {
    /// G1: the cutoff function alone.
    Cutoff,
    /// G2: `exp(-η (r - R_s)²)`
    Gaussian {
        /// η in 1/Å²
        eta: f64,
        /// `R_s` in Å
        shift: f64,
    },
    /// G3: `cos κr`
    Cosine {
        /// κ in 1/Å
        kappa: f64,
    },
}

/// One symmetry function of three atoms, `2 ((1 + λ cos θ) / 2)^ζ exp(-η Σ (r - R_s)²) f f f`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Angular {
    /// η in 1/Å²
    pub eta: f64,
    /// ζ
    pub zeta: f64,
    /// λ, from -1 to 1
    pub lambda: f64,
    /// `R_s` in Å
    pub shift: f64,
    /// G5: the distance between the two neighbors does not matter.
    pub wide: bool,
}

/// Kinds of symmetry functions. Where no channel is named, neighbors of all channels count, each with its weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Pairs of the center and a neighbor.
    Radial(Radial, Option<u8>),
    /// Triples of the center and two neighbors.
    Angular(Angular, Option<(u8, u8)>),
}

/// One symmetry function: one column.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(from = "FunctionForm")]
pub struct Function {
    /// What is summed.
    pub kind: Kind,
    /// Cutoff of this function in Å.
    pub r_cut: f64,
}

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

impl Radial {
    fn validate(&self) -> Result<(), Error> {
        match *self {
            Self::Cutoff => Ok(()),
            Self::Gaussian { eta, shift } => validate_eta(eta).and(validate_shift(shift)),
            Self::Cosine { kappa } => check(kappa.is_finite(), "kappa", kappa, "it must be a finite number of 1/Å"),
        }
    }
}

impl Angular {
    fn validate(&self) -> Result<(), Error> {
        let zeta = self.zeta;
        validate_eta(self.eta)?;
        let remedy = format!("it must be a positive number up to {MOST_REPEATED}");
        check(zeta > 0.0 && zeta <= MOST_REPEATED, "zeta", zeta, remedy)?;
        within("lambda", self.lambda, -1.0..=1.0)?;
        validate_shift(self.shift)
    }
}

fn validate_eta(eta: f64) -> Result<(), Error> {
    let remedy = format!("it must be a number of 1/Å² from 0 to {SHARPEST:e}");
    check((0.0..=SHARPEST).contains(&eta), "eta", eta, remedy)
}

fn validate_shift(shift: f64) -> Result<(), Error> {
    check(shift.is_finite(), "r_s", shift, "it must be a finite number of Å")
}
