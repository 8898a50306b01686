//! The functions that the bases are made of.

use super::orthonormal::symmetric;
use super::special::ln;
use crate::math::extended::{Extended, ExtendedMatrix};

/// Exponents `(ln 1000 + l ln a) / a²` at which `r^l exp(-α r²)` has decayed to 1e-3 at the radii `a`.
///
/// Rounded to `f64` at each step, on every machine alike. This is part of the definition of the bases: the functions
/// are so nearly dependent that the last digit of an exponent is seen in the eleventh of the result.
pub fn decay_exponents(radii: &[f64], l: usize) -> Vec<f64> {
    let ln_1000 = ln(1000.0);
    radii.iter().map(|&a| (ln_1000 + l as f64 * ln(a)) / (a * a)).collect()
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
