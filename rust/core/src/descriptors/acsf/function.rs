//! Symmetry functions one by one.

use serde::Deserialize;

use super::limits::{LARGEST_POWER, MAX_ZETA};
use crate::Error;
use crate::descriptors::validate::{Spelled, about, check};

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
    /// λ; from -1 to 1 unless ζ is an integer
    pub lambda: f64,
    /// `R_s` in Å
    pub shift: f64,
    /// Whether the distance between the two neighbors does not matter (G5), or does (G4).
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

impl Radial {
    /// Checks every number for the range in which the definition makes sense.
    pub(super) fn validate(&self) -> Result<(), Error> {
        match *self {
            Self::Cutoff => Ok(()),
            Self::Gaussian { eta, shift } => validate_eta(eta).and(validate_shift(shift)),
            Self::Cosine { kappa } => check(kappa.is_finite(), "kappa", kappa, "it must be a finite number of 1/Å"),
        }
    }
}

impl Angular {
    /// Checks every number for the range in which the definition makes sense.
    pub(super) fn validate(&self) -> Result<(), Error> {
        let zeta = self.zeta;
        validate_eta(self.eta)?;
        let remedy = format!("it must be a positive number up to {MAX_ZETA}");
        check(zeta > 0.0 && zeta <= MAX_ZETA, "zeta", zeta, remedy)?;
        validate_lambda(self.lambda, zeta)?;
        validate_shift(self.shift)
    }
}

fn validate_eta(eta: f64) -> Result<(), Error> {
    let remedy = format!("it must be a number of 1/Å² from 0 to {SHARPEST:e}");
    check((0.0..=SHARPEST).contains(&eta), "eta", eta, remedy)
}

/// Beyond -1 and 1 the base of the power can be negative, of which only whole powers are real numbers.
fn validate_lambda(lambda: f64, zeta: f64) -> Result<(), Error> {
    if lambda.is_finite() && zeta.fract() != 0.0 {
        let remedy = "it must be a number from -1 to 1, because zeta is no integer";
        return check(lambda.abs() <= 1.0, "lambda", lambda, remedy);
    }
    let most = 2.0 * LARGEST_POWER.powf(zeta.recip()) - 1.0;
    let remedy = format!("it must be a number from -{0} to {0} where zeta is {1}", about(most), zeta.spelled());
    check(lambda.abs() <= most, "lambda", lambda, remedy)
}

fn validate_shift(shift: f64) -> Result<(), Error> {
    check(shift.is_finite(), "r_s", shift, "it must be a finite number of Å")
}

/// A function as it is written down: by its kind, with the channels that it is about.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
enum FunctionForm {
    G1 { r_cut: f64, channels: Option<[u8; 1]> },
    G2 { eta: f64, r_s: f64, r_cut: f64, channels: Option<[u8; 1]> },
    G3 { kappa: f64, r_cut: f64, channels: Option<[u8; 1]> },
    G4 { eta: f64, zeta: f64, lambda: f64, r_s: f64, r_cut: f64, channels: Option<[u8; 2]> },
    G5 { eta: f64, zeta: f64, lambda: f64, r_s: f64, r_cut: f64, channels: Option<[u8; 2]> },
}

impl From<FunctionForm> for Function {
    fn from(form: FunctionForm) -> Self {
        let radial = |shape, r_cut, channels: Option<[u8; 1]>| Self {
            kind: Kind::Radial(shape, channels.map(|[channel]| channel)),
            r_cut,
        };
        let angular = |shape, r_cut, channels: Option<[u8; 2]>| Self {
            kind: Kind::Angular(shape, channels.map(|[a, b]| (a, b))),
            r_cut,
        };
        match form {
            FunctionForm::G1 { r_cut, channels } => radial(Radial::Cutoff, r_cut, channels),
            FunctionForm::G2 { eta, r_s: shift, r_cut, channels } => {
                radial(Radial::Gaussian { eta, shift }, r_cut, channels)
            }
            FunctionForm::G3 { kappa, r_cut, channels } => radial(Radial::Cosine { kappa }, r_cut, channels),
            FunctionForm::G4 { eta, zeta, lambda, r_s: shift, r_cut, channels } => {
                angular(Angular { eta, zeta, lambda, shift, wide: false }, r_cut, channels)
            }
            FunctionForm::G5 { eta, zeta, lambda, r_s: shift, r_cut, channels } => {
                angular(Angular { eta, zeta, lambda, shift, wide: true }, r_cut, channels)
            }
        }
    }
}
