//! Bases on which the density is projected: `W_lnq = 4π ω_q s_q² g_nl(s_q)`, with `ω_q` the weights of a quadrature.

use std::f64::consts::PI;

use super::orthonormal::{Orthonormal, symmetric};
use super::primitives::{Decay, power_overlaps, powers};
use super::primitives_in_lanes::Family;
use super::quick::{QuickWeights, Use};
use super::special::moment;
use super::{Digits, IntegralParameters, RadialQuadrature};
use crate::math::extended::Extended;
use crate::math::quadrature;
use crate::{Error, Stop};

/// `r^l exp(-α_kl r²)`, `α_kl = (ln 1000 + l ln a_k) / a_k²` with `a_k` from 1 Å to the cutoff.
pub fn gto(parameters: &IntegralParameters, digits: Digits, stop: &Stop<'_>) -> Result<RadialQuadrature, Error> {
    let IntegralParameters { n_max, l_max, r_cut, sigma, .. } = *parameters;
    let decay = Decay::at(&gto_radii(n_max, r_cut));
    let family = Family::Decaying { decay: decay.clone(), unit: r_cut };
    let exponents: Vec<Vec<f64>> = (0..=l_max).map(|l| decay.exponents(l)).collect();
    let narrowest = exponents.iter().flatten().fold(0.0, |narrowest: f64, &a| narrowest.max(a));
    // The widest function is below 1e-30 at the end.
    let spacing = spacing(n_max, narrowest, sigma);
    let rule = even_rule(3.2 * r_cut, spacing);
    let purpose = Use::Project { unit_norm: false };
    let quick = QuickWeights {
        family: &family,
        n_max,
        l_max,
        rule: &rule,
        rule_error: even_rule_error(narrowest, spacing),
        purpose,
    };
    if let Some(found) = quick.find(digits, stop)? {
        return Ok(found);
    }
    let degrees = exponents
        .iter()
        .enumerate()
        .map(|(l, exponents)| {
            stop.check()?;
            let a: Vec<Extended> = exponents.iter().map(|&a| a.into()).collect();
            let overlaps = symmetric(n_max, |j, k| moment(2 * l + 2, a[j] + a[k]));
            Ok((a, Orthonormal::symmetric(&overlaps)))
        })
        .collect::<Result<Vec<(Vec<Extended>, Orthonormal)>, Error>>()?;
    let step = rule.first().map_or(Extended::ZERO, |&(_, step)| step);
    let mut gaussians: Vec<GaussianSteps> =
        degrees.iter().flat_map(|(a, _)| a).map(|&a| GaussianSteps::new(a, step)).collect();
    project(rule, n_max, stop, |s| {
        let mut power = Extended::ONE;
        let mut values = Vec::with_capacity((l_max + 1) * n_max);
        for ((_, orthonormal), gaussians) in degrees.iter().zip(gaussians.chunks_exact_mut(n_max)) {
            let primitives: Vec<Extended> = gaussians.iter_mut().map(|gaussian| power * gaussian.next()).collect();
            values.extend(orthonormal.values(&primitives));
            power = power * s;
        }
        values
    })
}

/// `exp(-a s²)` at one multiple of a step after the other, for two multiplications each.
#[derive(Debug, Clone, Copy)]
struct GaussianSteps {
    value: Extended,
    /// From this value to the next.
    ratio: Extended,
    /// From this ratio to the next.
    factor: Extended,
}

impl GaussianSteps {
    fn new(a: Extended, step: Extended) -> Self {
        let first = (-(a * step * step)).exp();
        Self { value: Extended::ONE, ratio: first, factor: first * first }
    }

    /// The value at the next multiple, the first of which is the step itself.
    fn next(&mut self) -> Extended {
        self.value = self.value * self.ratio;
        self.ratio = self.ratio * self.factor;
        self.value
    }
}

/// `a_k`: from 1 Å to the cutoff.
fn gto_radii(n_max: usize, r_cut: f64) -> Vec<f64> {
    let step = if n_max > 1 { (r_cut - 1.0) / (n_max - 1) as f64 } else { 0.0 };
    (0..n_max).map(|k| if k > 0 && k == n_max - 1 { r_cut } else { 1.0 + k as f64 * step }).collect()
}

/// `(r_cut - r)^(k+2)`, `k = 1..=n_max`.
pub fn polynomial(parameters: &IntegralParameters, digits: Digits, stop: &Stop<'_>) -> Result<RadialQuadrature, Error> {
    let IntegralParameters { n_max, r_cut, sigma, .. } = *parameters;
    let cutoff = Extended::from(r_cut);
    let width = (4.0 * sigma).min(4.0 * r_cut / (n_max + 4) as f64);
    let rule = quadrature::extended_panels(&Extended::ZERO, &cutoff, width);
    let (family, purpose) = (Family::Powers { end: r_cut }, Use::Project { unit_norm: false });
    let quick = QuickWeights { family: &family, n_max, l_max: 0, rule: &rule, rule_error: 0.0, purpose };
    if let Some(found) = quick.find(digits, stop)? {
        return Ok(found);
    }
    let orthonormal = Orthonormal::symmetric(&power_overlaps(n_max, cutoff));
    project(rule, n_max, stop, |s| orthonormal.values(&powers(n_max, cutoff - s)))
}

/// `√(2/r_cut) sin(nπr/r_cut) / r`, `n = 1..=n_max`: no matrix has to make them orthonormal.
pub fn bessel(parameters: &IntegralParameters, stop: &Stop<'_>) -> Result<RadialQuadrature, Error> {
    let IntegralParameters { n_max, r_cut, sigma, .. } = *parameters;
    let cutoff = Extended::from(r_cut);
    let norm = Extended::from(2.0 / r_cut).sqrt();
    let width = (4.0 * sigma).min(4.0 * r_cut / (n_max + 4) as f64);
    let rule = quadrature::extended_panels(&Extended::ZERO, &cutoff, width);
    project(rule, n_max, stop, |s| {
        let (phase, factor) = (s / cutoff, norm / s);
        (1..=n_max).map(|n| factor * Extended::from(sine_of_half_turns(Extended::from(n) * phase))).collect()
    })
}

/// `sin πx` for `x >= 0`, right to the last place also where `x` is many half turns.
fn sine_of_half_turns(x: Extended) -> f64 {
    let whole = x.to_f64().floor();
    let sign = if whole % 2.0 == 0.0 { 1.0 } else { -1.0 };
    sign * (PI * (x - Extended::from(whole)).to_f64()).sin()
}

/// `r^n exp(-r² / 2σ_n²)` of unit norm, `σ_n = r_cut max(√n, 1) / n_max`.
pub fn gto_featomic(
    parameters: &IntegralParameters,
    digits: Digits,
    stop: &Stop<'_>,
) -> Result<RadialQuadrature, Error> {
    let IntegralParameters { n_max, r_cut, sigma, .. } = *parameters;
    let scale = Extended::from(n_max) / Extended::from(r_cut);
    let a: Vec<Extended> = (0..n_max).map(|n| (scale * scale / Extended::from(n.max(1))).scaled(-1)).collect();
    let widest = r_cut * ((n_max - 1).max(1) as f64).sqrt() / n_max as f64;
    let width = 5.0 * combined_width(a[0].to_f64(), sigma);
    // Powers of both parities: only panels that begin at zero will do.
    let rule = quadrature::extended_panels(&Extended::ZERO, &(r_cut + 8.0 * widest).into(), width);
    let (family, purpose) = (Family::Shells { exponents: a.clone(), unit: r_cut }, Use::Project { unit_norm: true });
    let quick = QuickWeights { family: &family, n_max, l_max: 0, rule: &rule, rule_error: 0.0, purpose };
    if let Some(found) = quick.find(digits, stop)? {
        return Ok(found);
    }
    let norms: Vec<Extended> = (0..n_max).map(|n| moment(2 * n + 2, a[n].scaled(1)).sqrt().recip()).collect();
    let overlaps = symmetric(n_max, |j, k| moment(2 + j + k, a[j] + a[k]) * norms[j] * norms[k]);
    let orthonormal = Orthonormal::symmetric(&overlaps);
    project(rule, n_max, stop, |s| {
        let mut power = Extended::ONE;
        let primitives: Vec<Extended> = (0..n_max)
            .map(|n| {
                let value = norms[n] * power * (-(a[n] * s * s)).exp();
                power = power * s;
                value
            })
            .collect();
        orthonormal.values(&primitives)
    })
}

/// Width of the product of the narrowest primitive, `exp(-a s²)`, with the density or another such primitive.
fn combined_width(a: f64, sigma: f64) -> f64 {
    (2.0 * (a + a.max(0.5 / (sigma * sigma)))).sqrt().recip()
}

/// Spacing at which the trapezoidal rule integrates the product of two functions, or of one with the density.
///
/// A Gaussian of width `w` is integrated to `exp(-2π² (w/h)²)`, 1e-34 at half the width. The functions have powers and
/// changes of sign besides, the more the more there are: the rest is from their overlaps up to 24 functions and
/// degrees, which are right to 1e-15 with a spacing an eighth wider.
fn spacing(n_max: usize, narrowest: f64, sigma: f64) -> f64 {
    combined_width(narrowest, sigma) / (1.75 + n_max as f64 / 25.0).max(2.0)
}

/// The trapezoidal rule for even functions that vanish at zero. It converges exponentially, as on the whole line.
fn even_rule(end: f64, spacing: f64) -> Vec<(Extended, Extended)> {
    let n_nodes = (end / spacing).ceil() as usize;
    let step = Extended::from(end) / Extended::from(n_nodes);
    (1..=n_nodes).map(|q| (step * Extended::from(q), step)).collect()
}

/// Relative error of that rule for products of two functions no narrower than `exp(-a s²)`, with room for powers.
fn even_rule_error(a: f64, spacing: f64) -> f64 {
    let widths = combined_width(a, f64::INFINITY) / spacing;
    1e3 * (-2.0 * PI * PI * widths * widths).exp()
}

/// The weights for functions `g`, listed `[l][n]` or `[n]`, under a rule of nodes and weights.
fn project(
    rule: Vec<(Extended, Extended)>,
    n_max: usize,
    stop: &Stop<'_>,
    mut g: impl FnMut(Extended) -> Vec<Extended>,
) -> Result<RadialQuadrature, Error> {
    let four_pi = Extended::pi().scaled(2);
    let mut gram: Vec<f64> = Vec::new();
    let mut expansion = RadialQuadrature { nodes: Vec::new(), weights: Vec::new(), rounding: 0.0 };
    for (s, omega) in rule {
        stop.check()?;
        let factor = four_pi * omega * s * s;
        let weights: Vec<f64> = g(s).iter().map(|&g| (factor * g).to_f64()).collect();
        gram.resize(weights.len() * n_max, 0.0);
        add_overlaps(&weights, n_max, (four_pi * s * omega.sqrt()).recip().to_f64(), &mut gram);
        expansion.nodes.push(s);
        expansion.weights.extend(weights);
    }
    expansion.rounding = gram
        .iter()
        .enumerate()
        .map(|(k, entry)| if k / n_max % n_max == k % n_max { (entry - 1.0).abs() } else { entry.abs() })
        .map(|error| if error.is_nan() { f64::INFINITY } else { error })
        .fold(0.0, f64::max);
    Ok(expansion)
}

/// Adds to `gram`, a matrix for each degree, what the functions behind these weights contribute to their overlaps.
fn add_overlaps(weights: &[f64], n_max: usize, scale: f64, gram: &mut [f64]) {
    for (weights, gram) in weights.chunks_exact(n_max).zip(gram.chunks_exact_mut(n_max * n_max)) {
        for (a, row) in weights.iter().zip(gram.chunks_exact_mut(n_max)) {
            for (b, entry) in weights.iter().zip(row) {
                *entry += (a * scale) * (b * scale);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{GaussianBasis, RadialIntegrals};
    use super::*;

    #[test]
    fn waves_are_orthonormal_to_the_last_digit() {
        let parameters = IntegralParameters {
            basis: GaussianBasis::Bessel,
            n_max: 24,
            l_max: 0,
            r_cut: 5.0,
            sigma: 0.4,
            basis_error_exponent: 10.0,
            reach: 5.0,
        };
        let integrals = RadialIntegrals::new(&parameters, &Stop::never()).expect("no request");
        assert!(integrals.rounding() < 2e-15, "{:e}", integrals.rounding());
    }
}
