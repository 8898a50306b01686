//! Bases that take the density at knots: no integral over it is ever formed.

use super::orthonormal::{Orthonormal, symmetric};
use super::primitives::{Decay, power_overlaps, powers};
use super::primitives_in_lanes::Family;
use super::quick::{QuickWeights, Use};
use super::special::{incomplete_moment, ln, shifted_moment};
use super::{Digits, IntegralParameters, RadialQuadrature};
use crate::math::extended::{self, Extended, ExtendedMatrix};
use crate::math::quadrature;
use crate::{Error, Stop};

/// Length of a panel for functions that decay, in units of the width of the narrowest product.
const WIDTHS: f64 = 1.5;
/// Functions that grow steeply are integrated in closed form instead of on more panels than these.
const MOST_PANELS: f64 = 200.0;

/// Gaussians as wide as the density at `n_max` equally spaced radii, made to agree with it there.
///
/// `C` holds the Gaussians at the knots and `S = 𝓛 𝓛ᵀ` their overlaps; the weights are `T = C⁻¹ 𝓛`.
///
/// # Errors
/// [`Error::Interrupted`].
pub fn equispaced(parameters: &IntegralParameters, digits: Digits, stop: &Stop<'_>) -> Result<RadialQuadrature, Error> {
    let IntegralParameters { n_max: n, sigma, .. } = *parameters;
    let end = end(parameters);
    let knots = knots(n, end);
    let alpha = Extended::from(sigma).powi(2).scaled(1).recip();
    let family = Family::Gaussians { exponent: alpha, centers: knots.clone() };
    // Beyond, what is left of the last Gaussian is below 1e-35.
    let rule = quadrature::extended_panels(&Extended::ZERO, &(end + 13.0 * sigma).into(), 0.7 * sigma);
    // In units of the width of a product.
    let rule_error = quadrature::gaussian_error(0.7 * 2.0_f64.sqrt());
    if let Some(found) = fitted(&family, parameters, &knots, (&rule, rule_error), digits, stop)? {
        return Ok(found);
    }
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
    Ok(RadialQuadrature { nodes: knots, weights, rounding })
}

/// The weights of least squares at the knots, where 32 digits suffice for them.
fn fitted(
    family: &Family,
    parameters: &IntegralParameters,
    knots: &[Extended],
    (rule, rule_error): (&[(Extended, Extended)], f64),
    digits: Digits,
    stop: &Stop<'_>,
) -> Result<Option<RadialQuadrature>, Error> {
    let IntegralParameters { n_max, l_max, .. } = *parameters;
    QuickWeights { family, n_max, l_max, rule, rule_error, purpose: Use::Fit { knots } }.find(digits, stop)
}

/// Where the basis ends: a Gaussian at the cutoff has decayed to ten to minus the error exponent.
fn end(parameters: &IntegralParameters) -> f64 {
    parameters.r_cut + parameters.sigma * (2.0 * parameters.basis_error_exponent * ln(10.0)).sqrt()
}

/// `n` radii from zero on; the end is not one of them.
fn knots(n: usize, end: f64) -> Vec<Extended> {
    (0..n).map(|a| Extended::from(end) * Extended::from(a) / Extended::from(n)).collect()
}

/// Largest entry of `a w - b` beside the largest of `b`, for rounded `w`.
fn largest_difference(a: &ExtendedMatrix, w: &[f64], b: &ExtendedMatrix) -> f64 {
    let w: ExtendedMatrix =
        w.chunks_exact(b[0].len()).map(|row| row.iter().map(|&entry| entry.into()).collect()).collect();
    let product = extended::product(a, &w);
    let largest = |entries: &mut dyn Iterator<Item = Extended>| {
        entries.fold(Extended::ZERO, |largest, entry| largest.max(entry.abs()))
    };
    let difference = largest(&mut product.iter().flatten().zip(b.iter().flatten()).map(|(&x, &y)| x - y));
    (difference / largest(&mut b.iter().flatten().copied())).to_f64()
}

/// `r^l exp(-α_kl r²)`, which have decayed to 1e-3 at `k/n_max` of the end; least squares at thrice as many knots.
///
/// Where that radius is below 1 Å and the degree high, `α_kl` is negative and the function grows: it is integrated
/// and fitted like the others.
pub fn gto(parameters: &IntegralParameters, digits: Digits, stop: &Stop<'_>) -> Result<RadialQuadrature, Error> {
    let IntegralParameters { n_max, l_max, .. } = *parameters;
    let end = end(parameters);
    let knots = knots(3 * n_max, end);
    let radii: Vec<f64> = (1..=n_max).map(|k| k as f64 * end / n_max as f64).collect();
    let decay = Decay::at(&radii);
    let steepest = (0..=l_max).flat_map(|l| decay.exponents(l)).fold(0.0, |steepest: f64, a| steepest.max(a.abs()));
    let width = WIDTHS / (4.0 * steepest).sqrt();
    if end / width < MOST_PANELS {
        let rule = quadrature::extended_panels(&Extended::ZERO, &end.into(), width);
        let family = Family::Decaying { decay: decay.clone(), unit: end };
        if let Some(found) =
            fitted(&family, parameters, &knots, (&rule, quadrature::gaussian_error(WIDTHS)), digits, stop)?
        {
            return Ok(found);
        }
    }
    let degrees = (0..=l_max).map(|l| {
        stop.check()?;
        let a: Vec<Extended> = decay.exponents(l).into_iter().map(Extended::from).collect();
        let overlaps = symmetric(n_max, |j, k| incomplete_moment(2 * l + 2, a[j] + a[k], end.into()));
        let primitives = |r: Extended| a.iter().map(|&a| r.powi(l) * (-(a * r * r)).exp()).collect();
        Ok(least_squares(&knots, &Orthonormal::successive(&overlaps), primitives))
    });
    let degrees = degrees.collect::<Result<Vec<_>, Error>>()?;
    let (degrees, rounding): (Vec<Vec<f64>>, Vec<f64>) = degrees.into_iter().unzip();
    let weights = (0..knots.len())
        .flat_map(|knot| degrees.iter().flat_map(move |weights| weights[knot * n_max..][..n_max].iter().copied()))
        .collect();
    Ok(RadialQuadrature { nodes: knots, weights, rounding: rounding.into_iter().fold(0.0, f64::max) })
}

/// `(r_b - r)^(k+2)`, with `r_b` the end; least squares at thrice as many knots.
///
/// # Errors
/// [`Error::Interrupted`].
pub fn polynomial(parameters: &IntegralParameters, digits: Digits, stop: &Stop<'_>) -> Result<RadialQuadrature, Error> {
    let n = parameters.n_max;
    let end = end(parameters);
    let knots = knots(3 * n, end);
    let rule = quadrature::extended_panels(&Extended::ZERO, &end.into(), 4.0 * end / (n + 4) as f64);
    if let Some(found) = fitted(&Family::Powers { end }, parameters, &knots, (&rule, 0.0), digits, stop)? {
        return Ok(found);
    }
    let end = Extended::from(end);
    let orthonormal = Orthonormal::successive(&power_overlaps(n, end));
    let (weights, rounding) = least_squares(&knots, &orthonormal, |r| powers(n, end - r));
    Ok(RadialQuadrature { nodes: knots, weights, rounding })
}

/// Weights `[knot][n]` that find the coefficients of orthonormal functions from values at the knots, and the error of
/// those that were rounded.
///
/// `M` holds the functions at the knots; the weights are the transpose of its pseudo-inverse, `T = M (MᵀM)⁻¹`.
fn least_squares(
    knots: &[Extended],
    orthonormal: &Orthonormal,
    primitives: impl Fn(Extended) -> Vec<Extended>,
) -> (Vec<f64>, f64) {
    let values: ExtendedMatrix = knots.iter().map(|&r| orthonormal.values(&primitives(r))).collect();
    let transposed = extended::transposed(&values);
    let n = transposed.len();
    let squares = symmetric(n, |j, k| extended::dot(&transposed[j], &transposed[k]));
    let weights = extended::rounded(&extended::product(&values, &extended::inverse(&squares)));
    let identity = symmetric(n, |j, k| if j == k { Extended::ONE } else { Extended::ZERO });
    let rounding = largest_difference(&transposed, &weights, &identity);
    (weights, rounding)
}
