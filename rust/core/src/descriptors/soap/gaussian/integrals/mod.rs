//! The radial functions `I_nl(r)` of SOAP with three-dimensional Gaussians, for seven bases.
//!
//! An atom at the distance `r` is the density `exp(-|x - x_j|² / 2σ²)`, of height one. On the sphere of radius `s` its
//! harmonics of degree `l` have the strength `4π φ_l(r; s)`, where
//!
//! `φ_l(r; s) = exp(-(r² + s²) / 2σ²) i_l(r s / σ²)`
//!
//! and `i_l` is the modified spherical Bessel function. Whether a basis is a projection (an integral over `s`) or an
//! interpolation (values at knots), its radial functions are sums over a few radii,
//!
//! `I_nl(r) = Σ_q W_lnq φ_l(r; s_q)`.
//!
//! All that is delicate, orthonormalization above all, is in the weights. They are found once, with 77 digits; what
//! remains are sums of smooth positive functions, right to a few units of the last place at all distances.

mod interpolation;
mod orthonormal;
mod primitives;
mod projection;
mod special;
mod strength;

#[cfg(test)]
mod tests;

use serde::Deserialize;

use self::strength::{LANES, Radii};
use crate::math::extended::Extended;
use crate::{Error, Stop};

/// Gaussians count up to this many widths from their middle; beyond they are below 3e-18.
const WIDTHS: f64 = 9.0;

/// Distances below this one are as good as zero: the second degree underflows.
const TINY: f64 = 1e-200;

/// Families of radial functions that a Gaussian density is expanded in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GaussianBasis {
    /// `r^l exp(-α_kl r²)` made orthonormal symmetrically, as in `DScribe`. The functions have decayed to 1e-3 at radii
    /// from 1 Å to `r_cut`, which has to exceed 1 Å. The exponents rounded to `f64` are the definition.
    Gto,
    /// `(r_cut - r)^(k+2)` on `[0, r_cut]` made orthonormal symmetrically, as in `DScribe`.
    Polynomial,
    /// `√(2/r_cut) sin(nπr/r_cut) / r` on `[0, r_cut]`, the waves of degree zero that vanish at both ends, the same for all
    /// degrees: orthonormal as they are.
    Bessel,
    /// Gaussians at equally spaced radii that interpolate the density, as in QUIP; without the factor `4π`.
    Equispaced,
    /// `r^n exp(-r² / 2σ_n²)`, the same for all degrees, made orthonormal symmetrically, as in featomic, but for a
    /// density of height one instead of one whose square integrates to one.
    GtoFeatomic,
    /// `r^l exp(-α_kl r²)` with least squares at equally spaced radii, as in QUIP; without the factor `4π`.
    ///
    /// Of many functions of high degree the first ones grow with `r` instead of decaying, to a peak that no knot
    /// sees. Their weights are then enormous and worthless, which `RadialIntegrals::rounding` tells.
    GtoQuip,
    /// `(r_b - r)^(k+2)` with least squares at equally spaced radii, as in QUIP; without the factor `4π`.
    PolynomialQuip,
}

/// Parameters of the radial functions. Lengths are in Å.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IntegralParameters {
    /// Family of the radial functions.
    pub basis: GaussianBasis,
    /// Number of radial functions, 1 to 24.
    pub n_max: usize,
    /// Highest degree, up to 30.
    pub l_max: usize,
    /// Cutoff radius.
    pub r_cut: f64,
    /// Width `σ` of the density of an atom.
    pub sigma: f64,
    /// The bases of QUIP end where a Gaussian at the cutoff has decayed to ten to minus this power.
    pub basis_error_exponent: f64,
    /// Largest distance that will be asked for.
    pub reach: f64,
}

/// Radial functions ready to be evaluated.
#[derive(Debug, Clone)]
pub struct RadialIntegrals {
    n_max: usize,
    l_max: usize,
    sigma: f64,
    /// Ascending, in packs.
    radii: Vec<Radii>,
    /// `[pack][l][lane][n]`, without the axis `l` where all degrees have the same.
    weights: Vec<f64>,
    /// From one degree to the next in `weights`.
    stride: usize,
    rounding: f64,
}

/// Radii and weights, as the families deliver them.
#[derive(Debug, Clone)]
struct RadialQuadrature {
    /// Ascending.
    nodes: Vec<Extended>,
    /// `[node][l][n]`, or `[node][n]` where all degrees have the same.
    weights: Vec<f64>,
    /// Error of the identity that defines the weights, after they were rounded.
    rounding: f64,
}

impl RadialIntegrals {
    /// Finds radii and weights: milliseconds, but tenths of a second for sixteen functions and degrees where the basis
    /// depends on the degree.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn new(parameters: &IntegralParameters, stop: &Stop<'_>) -> Result<Self, Error> {
        let expansion = match parameters.basis {
            GaussianBasis::Gto => projection::gto(parameters, stop)?,
            GaussianBasis::Polynomial => projection::polynomial(parameters, stop)?,
            GaussianBasis::GtoFeatomic => projection::gto_featomic(parameters, stop)?,
            GaussianBasis::Bessel => projection::bessel(parameters, stop)?,
            GaussianBasis::Equispaced => interpolation::equispaced(parameters),
            GaussianBasis::GtoQuip => interpolation::gto(parameters, stop)?,
            GaussianBasis::PolynomialQuip => interpolation::polynomial(parameters),
        };
        let IntegralParameters { n_max, l_max, sigma, reach, .. } = *parameters;
        let end = Extended::from(reach + WIDTHS * sigma);
        let seen = &expansion.nodes[..expansion.nodes.partition_point(|&s| s <= end)];
        let n_degrees = expansion.weights.len() / (expansion.nodes.len() * n_max);
        Ok(Self {
            n_max,
            l_max,
            sigma,
            radii: seen.chunks(LANES).map(Radii::new).collect(),
            weights: packed(&expansion.weights[..seen.len() * n_degrees * n_max], n_degrees, n_max),
            stride: if n_degrees == 1 { 0 } else { LANES * n_max },
            rounding: expansion.rounding,
        })
    }

    /// Writes `T_ln(r)` as `[l][n]` for `r` from zero to the reach: `I_n0` for `l = 0`, `I_nl / r` for `l >= 1`, which
    /// has a limit at `r = 0`.
    pub fn evaluate(&self, r: f64, values: &mut [f64]) {
        let n_degrees = self.l_max + 1;
        let r = r.max(TINY);
        values[..n_degrees * self.n_max].fill(0.0);
        let mut phi = vec![[0.0; LANES]; n_degrees];
        let first = self.radii.partition_point(|radii| radii.last() < r - WIDTHS * self.sigma);
        let last = self.radii.partition_point(|radii| radii.first() <= r + WIDTHS * self.sigma);
        let row = self.weights.len() / self.radii.len();
        for (radii, weights) in self.radii.iter().zip(self.weights.chunks_exact(row)).take(last).skip(first) {
            radii.strengths(r, self.sigma, &mut phi);
            for (l, (values, phi)) in values.chunks_exact_mut(self.n_max).zip(&phi).enumerate() {
                let weights = weights[l * self.stride..].chunks_exact(self.n_max);
                for (phi, weights) in phi.iter().zip(weights) {
                    for (value, weight) in values.iter_mut().zip(weights) {
                        *value += phi * weight;
                    }
                }
            }
        }
        for value in &mut values[self.n_max..n_degrees * self.n_max] {
            *value /= r;
        }
    }

    /// The length in Å over which the functions change: the width of the density. Basis functions narrower than that
    /// are blurred to it, and rougher ones are not.
    pub fn length_scale(&self) -> f64 {
        self.sigma
    }

    /// Relative error that construction has left: how far the rounded weights are from what defines them, which is
    /// orthonormality for projections, and for interpolations that they interpolate. A few 1e-16, unless the functions
    /// asked for are too nearly dependent to be told apart; beyond 1e-10 nothing built on them is worth much.
    pub fn rounding(&self) -> f64 {
        self.rounding
    }
}

/// `[node][l][n]` to `[pack][l][lane][n]`, with zeros where nodes are missing.
fn packed(weights: &[f64], n_degrees: usize, n_max: usize) -> Vec<f64> {
    let row = n_degrees * n_max;
    let n_nodes = weights.len() / row;
    let mut packed = vec![0.0; n_nodes.div_ceil(LANES) * LANES * row];
    for (node, weights) in weights.chunks_exact(row).enumerate() {
        let pack = &mut packed[node / LANES * LANES * row..];
        for (l, weights) in weights.chunks_exact(n_max).enumerate() {
            pack[(l * LANES + node % LANES) * n_max..][..n_max].copy_from_slice(weights);
        }
    }
    packed
}
