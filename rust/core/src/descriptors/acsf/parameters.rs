//! What symmetry functions are asked for.

use super::limits::MOST_REPEATED;
use crate::Error;
use crate::descriptors::validate::{check, finite, not_negative, positive, weight};
use crate::math::cutoff::CutoffFunction;

/// Sharpest decay in 1/Å²; beyond, not even rounding errors of a distance are resolved.
const SHARPEST: f64 = 1e8;
/// Longest distance in Å; beyond, a unit is wrong.
const LONGEST: f64 = 200.0;

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

/// What a function is about. Where no channel is named, neighbors of all channels count, each with its weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Pairs of the center and a neighbor.
    Radial(Radial, Option<u8>),
    /// Triples of the center and two neighbors.
    Angular(Angular, Option<(u8, u8)>),
}

/// One symmetry function: one column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Function {
    /// What is summed.
    pub kind: Kind,
    /// Its own cutoff in Å.
    pub r_cut: f64,
}

/// An element that is seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AcsfSpecies {
    /// Its atomic number; `None`: every element, in one channel.
    pub number: Option<i64>,
    /// What a neighbor counts for in functions of all channels; `None`: one, as any other does.
    pub weight: Option<f64>,
}

/// Everything that makes a fingerprint of symmetry functions.
#[derive(Debug, Clone, PartialEq)]
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
        let alpha = self.alpha;
        check((0.0..1.0).contains(&alpha), "alpha", alpha, "it must be at least 0 and less than 1")?;
        if let CutoffFunction::Polynomial(n) = self.cutoff_function {
            check((1..=4).contains(&n), "cutoff_function", n, "there are polynomials 1 to 4")?;
        }
        self.species.iter().try_for_each(|species| weight("weights", species.weight.unwrap_or(1.0)))?;
        check(!self.functions.is_empty(), "functions", "an empty list", "give at least one")?;
        self.functions.iter().try_for_each(|function| self.validate_function(function))
    }

    fn validate_function(&self, &Function { kind, r_cut }: &Function) -> Result<(), Error> {
        positive("r_cut", r_cut)?;
        check(r_cut <= LONGEST, "r_cut", r_cut, format!("it must be at most {LONGEST} Å"))?;
        let known = |channel: u8| usize::from(channel) < self.species.len();
        let decay = |eta: f64| {
            not_negative("eta", eta)?;
            check(eta <= SHARPEST, "eta", eta, format!("it must be at most {SHARPEST:e} / Å²"))
        };
        match kind {
            Kind::Radial(shape, of) => {
                check(of.is_none_or(known), "species of a function", "a channel", "name one of the species")?;
                match shape {
                    Radial::Cutoff => Ok(()),
                    Radial::Gaussian { eta, shift } => decay(eta).and(finite("R_s", shift)),
                    Radial::Cosine { kappa } => finite("kappa", kappa),
                }
            }
            Kind::Angular(Angular { eta, zeta, lambda, shift, .. }, of) => {
                let both = of.is_none_or(|(a, b)| known(a) && known(b));
                check(both, "species of a function", "a pair of channels", "name two of the species")?;
                decay(eta)?;
                positive("zeta", zeta)?;
                check(zeta <= MOST_REPEATED, "zeta", zeta, format!("it must be at most {MOST_REPEATED}"))?;
                check((-1.0..=1.0).contains(&lambda), "lambda", lambda, "it must be between -1 and 1")?;
                finite("R_s", shift)
            }
        }
    }
}
