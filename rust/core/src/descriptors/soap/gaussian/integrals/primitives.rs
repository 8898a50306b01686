//! The functions that the bases are made of.

use super::orthonormal::symmetric;
use super::special::ln;
use crate::math::extended::{Extended, ExtendedMatrix};

/// Radii at which `r^l exp(-α r²)` shall have decayed to 1e-3.
#[derive(Debug, Clone)]
pub struct Decay {
    /// Radii and their logarithms.
    radii: Vec<(f64, f64)>,
    ln_1000: f64,
}

impl Decay {
    /// To 1e-3 at these radii.
    pub fn at(radii: &[f64]) -> Self {
        Self { radii: radii.iter().map(|&a| (a, ln(a))).collect(), ln_1000: ln(1000.0) }
    }

    /// The exponents `(ln 1000 + l ln a) / a²` of one degree.
    ///
    /// Rounded to `f64` at each step, on every machine alike. This is part of the definition of the bases: the functions
    /// are so nearly dependent that the last digit of an exponent is seen in the eleventh of the result.
    pub fn exponents(&self, l: usize) -> Vec<f64> {
        self.radii.iter().map(|&(a, ln_a)| (self.ln_1000 + l as f64 * ln_a) / (a * a)).collect()
    }
}

/// `∫_0^R r² (R - r)^(j+2) (R - r)^(k+2) dr` for `j` and `k` from one to `n`.
pub fn power_overlaps(n: usize, end: Extended) -> ExtendedMatrix {
    symmetric(n, |j, k| {
        // Both are one less here than in the formula, which makes it 2 R^p / ((p-2) (p-1) p).
        let p = j + k + 9;
        end.powi(p).scaled(1) / Extended::from((p - 2) * (p - 1) * p)
    })
}

/// `(R - r)^(k+2)` for `k` from one to `n`, where `R - r` is the depth.
pub fn powers(n: usize, depth: Extended) -> Vec<Extended> {
    (3..n + 3).map(|power| depth.powi(power)).collect()
}
