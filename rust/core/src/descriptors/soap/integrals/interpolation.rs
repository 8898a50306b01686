//! Bases that take the density at knots: no integral over it is ever formed.

use std::f64::consts::LN_10;

use super::orthonormal::symmetric;
use super::special::shifted_moment;
use super::{Expansion, IntegralParameters};
use crate::math::extended::{self, Extended, Matrix};

/// Gaussians as wide as the density at `n_max` equally spaced radii, made to agree with it there.
///
/// `C` holds the Gaussians at the knots and `S = 𝓛 𝓛ᵀ` their overlaps; the weights are `T = C⁻¹ 𝓛`.
pub fn equispaced(parameters: &IntegralParameters) -> Expansion {
    let n = parameters.n_max;
    let knots = knots(n, end(parameters));
    let alpha = Extended::from(parameters.sigma).powi(2).scaled(1).recip();
    // Everything depends on the difference or the sum of two knots.
    let gaussians: Vec<Extended> = knots.iter().map(|&d| (-(alpha * d * d)).exp()).collect();
    let roots: Vec<Extended> = knots.iter().map(|&d| (-(alpha * d * d).scaled(-1)).exp()).collect();
    let spacing = knots.get(1).copied().unwrap_or(Extended::ZERO);
    let moments: Vec<Extended> =
        (0..2 * n - 1).map(|sum| shifted_moment(alpha.scaled(1), (spacing * Extended::from(sum)).scaled(-1))).collect();
    let collocation = symmetric(n, |a, b| gaussians[a - b]);
    let lower = extended::cholesky(&symmetric(n, |a, b| roots[a - b] * moments[a + b]));
    let weights = extended::rounded(&extended::product(&extended::inverse(&collocation), &lower));
    let rounding = largest_difference(&collocation, &weights, &lower);
    Expansion { nodes: knots, weights, rounding }
}

/// Where the basis ends: a Gaussian at the cutoff has decayed to ten to minus the error exponent.
fn end(parameters: &IntegralParameters) -> f64 {
    parameters.r_cut + parameters.sigma * (2.0 * parameters.basis_error_exponent * LN_10).sqrt()
}

/// `n` radii from zero on; the end is not one of them.
fn knots(n: usize, end: f64) -> Vec<Extended> {
    (0..n).map(|a| Extended::from(end) * Extended::from(a) / Extended::from(n)).collect()
}

/// Largest entry of `a w - b` beside the largest of `b`, for rounded `w`.
fn largest_difference(a: &Matrix, w: &[f64], b: &Matrix) -> f64 {
    let w: Matrix = w.chunks_exact(b[0].len()).map(|row| row.iter().map(|&entry| entry.into()).collect()).collect();
    let product = extended::product(a, &w);
    let largest = |entries: &mut dyn Iterator<Item = Extended>| {
        entries.fold(Extended::ZERO, |largest, entry| largest.max(entry.abs()))
    };
    let difference = largest(&mut product.iter().flatten().zip(b.iter().flatten()).map(|(&x, &y)| x - y));
    (difference / largest(&mut b.iter().flatten().copied())).to_f64()
}

/// Least squares on the orthonormal functions at thrice as many knots.
pub fn gto(parameters: &IntegralParameters) -> Expansion {
    equispaced(parameters)
}

/// Least squares on the orthonormal functions at thrice as many knots.
pub fn polynomial(parameters: &IntegralParameters) -> Expansion {
    equispaced(parameters)
}
