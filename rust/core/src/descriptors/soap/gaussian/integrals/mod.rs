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
//! All that is delicate, orthonormalization above all, is in the weights. They are found once: with 32 digits (`quick`)
//! where a bound that is computed on the way says that these suffice, and with 77 elsewhere (`projection`,
//! `interpolation`). What remains are sums of smooth positive functions (`strength`), right to a few units of the last
//! place at all distances.

mod interpolation;
mod orthonormal;
mod primitives;
mod primitives_in_lanes;
mod projection;
mod quick;
mod special;
mod strength;

#[cfg(test)]
mod tests;

use serde::Deserialize;

use self::strength::Radii;
use super::super::limits::{MAX_DEGREE, MAX_FUNCTIONS};
use crate::math::extended::Extended;
use crate::simd::{Isa, Kernel, LANES, Lanes};
use crate::{Error, Stop};

/// Gaussians count up to this many widths from their middle; beyond they are below 3e-18.
const WIDTHS: f64 = 9.0;

/// Distances below this one are as good as zero: the second degree underflows.
const TINY: f64 = 1e-200;

/// Packs that hold the most functions there are.
const MAX_PACKS: usize = MAX_FUNCTIONS / LANES;

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
    /// `[pack][l][lane][pack of n]`, without the axis `l` where all degrees have the same.
    weights: Vec<[f64; LANES]>,
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

/// How many digits the weights are found with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Digits {
    /// 32 where these suffice.
    AsNeeded,
    /// 77.
    All,
}

impl RadialIntegrals {
    /// Finds radii and weights: tenths of a millisecond, but up to tenths of a second where functions are so nearly
    /// dependent that it takes 77 digits to tell them apart.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn new(parameters: &IntegralParameters, stop: &Stop<'_>) -> Result<Self, Error> {
        Self::with(Digits::AsNeeded, parameters, stop)
    }

    fn with(digits: Digits, parameters: &IntegralParameters, stop: &Stop<'_>) -> Result<Self, Error> {
        let expansion = match parameters.basis {
            GaussianBasis::Gto => projection::gto(parameters, digits, stop)?,
            GaussianBasis::Polynomial => projection::polynomial(parameters, digits, stop)?,
            GaussianBasis::GtoFeatomic => projection::gto_featomic(parameters, digits, stop)?,
            GaussianBasis::Bessel => projection::bessel(parameters, stop)?,
            GaussianBasis::Equispaced => interpolation::equispaced(parameters, digits, stop)?,
            GaussianBasis::GtoQuip => interpolation::gto(parameters, digits, stop)?,
            GaussianBasis::PolynomialQuip => interpolation::polynomial(parameters, digits, stop)?,
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
            stride: if n_degrees == 1 { 0 } else { LANES * n_max.div_ceil(LANES) },
            rounding: expansion.rounding,
        })
    }

    /// Writes `T_ln(r)` as `[l][n]` for `r` from zero to the reach: `I_n0` for `l = 0`, `I_nl / r` for `l >= 1`, which
    /// has a limit at `r = 0`.
    pub fn evaluate(&self, r: f64, values: &mut [f64]) {
        let r = r.max(TINY);
        let mut sums = [[0.0; LANES]; (MAX_DEGREE + 1) * MAX_PACKS];
        Isa::detect().run(Sums { integrals: self, r, out: &mut sums });
        let rows = sums.chunks_exact(self.n_packs()).zip(values.chunks_exact_mut(self.n_max)).take(self.l_max + 1);
        for (l, (sums, values)) in rows.enumerate() {
            values.copy_from_slice(&sums.as_flattened()[..self.n_max]);
            if l > 0 {
                values.iter_mut().for_each(|value| *value /= r);
            }
        }
    }

    /// Of radial functions.
    fn n_packs(&self) -> usize {
        self.n_max.div_ceil(LANES)
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

/// `I_nl` at one distance as `[l][pack of n]`, added to `sums`.
struct Sums<'a> {
    integrals: &'a RadialIntegrals,
    r: f64,
    out: &'a mut [[f64; LANES]],
}

impl Kernel for Sums<'_> {
    type Output = ();
    #[inline(always)]
    fn run<V: Lanes>(self) {
        match self.integrals.n_packs() {
            1 => self.of_packs::<V, 1>(),
            2 => self.of_packs::<V, 2>(),
            _ => self.of_packs::<V, MAX_PACKS>(),
        }
    }
}

impl Sums<'_> {
    #[inline(always)]
    fn of_packs<V: Lanes, const PACKS: usize>(self) {
        let Self { integrals: RadialIntegrals { radii, weights, stride, sigma, l_max, .. }, r, out } = self;
        let mut phi = [[0.0; LANES]; MAX_DEGREE + 1];
        let phi = &mut phi[..=*l_max];
        let first = radii.partition_point(|radii| radii.last() < r - WIDTHS * sigma);
        let last = radii.partition_point(|radii| radii.first() <= r + WIDTHS * sigma);
        let row = weights.len() / radii.len();
        for (radii, weights) in radii.iter().zip(weights.chunks_exact(row)).take(last).skip(first) {
            radii.strengths::<V>(r, *sigma, phi);
            for (l, (out, phi)) in out.chunks_exact_mut(PACKS).zip(phi.iter()).enumerate() {
                let weights = &weights[l * stride..][..LANES * PACKS];
                // Two sums, so that one need not wait for the other.
                let (mut even, mut odd) = ([V::zero(); PACKS], [V::zero(); PACKS]);
                for lane in (0..LANES).step_by(2) {
                    let (first, second) = (V::splat(phi[lane]), V::splat(phi[lane + 1]));
                    for k in 0..PACKS {
                        even[k] = first.mul_add(V::load(&weights[lane * PACKS + k]), even[k]);
                        odd[k] = second.mul_add(V::load(&weights[(lane + 1) * PACKS + k]), odd[k]);
                    }
                }
                for k in 0..PACKS {
                    (V::load(&out[k]) + (even[k] + odd[k])).store(&mut out[k]);
                }
            }
        }
    }
}

/// `[node][l][n]` to `[pack][l][lane][pack of n]`, with zeros where nodes or functions are missing.
fn packed(weights: &[f64], n_degrees: usize, n_max: usize) -> Vec<[f64; LANES]> {
    let row = n_degrees * n_max;
    let n_packs = n_max.div_ceil(LANES);
    let n_nodes = weights.len() / row;
    let mut packed = vec![[0.0; LANES]; n_nodes.div_ceil(LANES) * LANES * n_degrees * n_packs];
    for (node, weights) in weights.chunks_exact(row).enumerate() {
        let pack = &mut packed[node / LANES * LANES * n_degrees * n_packs..];
        for (l, weights) in weights.chunks_exact(n_max).enumerate() {
            let place = &mut pack[(l * LANES + node % LANES) * n_packs..][..n_packs];
            place.as_flattened_mut()[..n_max].copy_from_slice(weights);
        }
    }
    packed
}
