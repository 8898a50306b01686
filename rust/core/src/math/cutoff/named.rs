//! The cutoff functions of symmetry functions, by name.
//!
//! With `x = (r - α r_c) / (r_c - α r_c)`, and one below `α r_c`. The polynomials, the exponential and the hyperbolic
//! tangent are those of A. Singraber, J. Behler, C. Dellago, J. Chem. Theory Comput. 15, 1827 (2019).

use serde::Deserialize;

use super::Cutoff;
use super::cosine::{half_wave, half_wave_of_square};
use super::exponential::exponential;
use super::hyperbolic::tanh_cubed;
use super::polynomial::polynomial;
use crate::simd::Lanes;

/// A cutoff function of symmetry functions by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(from = "Name")]
pub enum CutoffFunction {
    /// One up to the cutoff, where it jumps.
    Hard,
    /// `(1 + cos πx) / 2`
    Cosine,
    /// `tanh³(1 - r / r_c)`, from 0.44 at the center; it knows no `α`.
    Tanh,
    /// `tanh³(1 - r / r_c) / tanh³ 1`, which knows no `α` either.
    NormalizedTanh,
    /// `exp(1 - 1 / (1 - x²))`
    Exponential,
    /// The polynomial of lowest degree with as many derivatives that are zero at both ends, one to four.
    Polynomial(u8),
}

/// The names that users know.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Name {
    Hard,
    Cos,
    Tanh3,
    Tanh3Norm,
    Exp,
    Poly1,
    Poly2,
    Poly3,
    Poly4,
}

impl From<Name> for CutoffFunction {
    fn from(name: Name) -> Self {
        match name {
            Name::Hard => Self::Hard,
            Name::Cos => Self::Cosine,
            Name::Tanh3 => Self::Tanh,
            Name::Tanh3Norm => Self::NormalizedTanh,
            Name::Exp => Self::Exponential,
            Name::Poly1 => Self::Polynomial(1),
            Name::Poly2 => Self::Polynomial(2),
            Name::Poly3 => Self::Polynomial(3),
            Name::Poly4 => Self::Polynomial(4),
        }
    }
}

/// A cutoff function that was chosen by name, and where it falls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NamedCutoff {
    function: CutoffFunction,
    /// `α r_c`
    start: f64,
    /// `1 / (r_c - α r_c)`
    scale: f64,
    /// `1 / r_c²` where the whole range is half a wave, a polynomial of the square.
    square: Option<f64>,
}

/// Nearer than this, two atoms are in one place.
const NEAREST: f64 = 1e-100;

impl NamedCutoff {
    /// The function that falls from `alpha · r_cut` to `r_cut`.
    pub fn new(function: CutoffFunction, alpha: f64, r_cut: f64) -> Self {
        let start = match function {
            CutoffFunction::Tanh | CutoffFunction::NormalizedTanh => 0.0,
            _ => alpha * r_cut,
        };
        let square = (function == CutoffFunction::Cosine && start == 0.0).then(|| 1.0 / (r_cut * r_cut));
        Self { function, start, scale: 1.0 / (r_cut - start), square }
    }

    /// The value, and the derivative divided by the distance, at the square of a distance that is below the cutoff.
    ///
    /// The derivative divided by the distance is twice the derivative with respect to the square, finite at zero
    /// wherever the function is flat there.
    #[inline(always)]
    pub fn of_square<V: Lanes>(&self, square: V) -> (V, V) {
        let Some(scale) = self.square else {
            let r = square.sqrt().max(V::splat(NEAREST));
            let (value, derivative) = self.at(r);
            return (value, derivative / r);
        };
        let (value, derivative) = half_wave_of_square(square, V::splat(scale));
        (value, derivative * V::splat(2.0 * scale))
    }
}

impl Cutoff for NamedCutoff {
    #[inline(always)]
    fn at<V: Lanes>(&self, r: V) -> (V, V) {
        let one = V::splat(1.0);
        let scale = V::splat(self.scale);
        let x = ((r - V::splat(self.start)) * scale).max(V::zero()).min(one);
        match self.function {
            CutoffFunction::Hard => (one, V::zero()),
            CutoffFunction::Cosine => {
                let (value, derivative) = half_wave(x);
                (value, derivative * scale)
            }
            CutoffFunction::Tanh => tanh_cubed(x, scale, 1.0),
            CutoffFunction::NormalizedTanh => tanh_cubed(x, scale, 1f64.tanh().powi(-3)),
            CutoffFunction::Exponential => exponential(x, scale),
            CutoffFunction::Polynomial(n) => polynomial(n, x, scale),
        }
    }

    fn smoothness(&self) -> Option<u8> {
        match self.function {
            CutoffFunction::Hard => None,
            CutoffFunction::Cosine => Some(1),
            CutoffFunction::Tanh | CutoffFunction::NormalizedTanh => Some(2),
            CutoffFunction::Exponential => Some(u8::MAX),
            CutoffFunction::Polynomial(n) => Some(n),
        }
    }
}
