//! Bases on which the density is projected: `W_lnq = 4π ω_q s_q² g_nl(s_q)`, with `ω_q` the weights of a quadrature.

use super::orthonormal::{Orthonormal, symmetric};
use super::special::{ln, moment};
use super::{Expansion, IntegralParameters};
use crate::math::extended::Extended;
use crate::math::quadrature;

/// Exponents beyond this one are zeros: their exponential is below 1e-170.
const LARGEST_EXPONENT: f64 = 400.0;

/// `r^l exp(-α_kl r²)`, `α_kl = (ln 1000 + l ln a_k) / a_k²` with `a_k` from 1 Å to the cutoff.
pub fn gto(parameters: &IntegralParameters) -> Expansion {
    let IntegralParameters { n_max, l_max, r_cut, sigma, .. } = *parameters;
    let exponents: Vec<Vec<f64>> = (0..=l_max).map(|l| gto_exponents(n_max, l, r_cut)).collect();
    let narrowest = exponents.iter().flatten().fold(0.0, |narrowest: f64, &a| narrowest.max(a));
    // The widest function is below 1e-30 at the end.
    let rule = even_rule(3.2 * r_cut, spacing(narrowest, sigma));
    let degrees: Vec<(Vec<Extended>, Orthonormal)> = exponents
        .iter()
        .enumerate()
        .map(|(l, exponents)| {
            let a: Vec<Extended> = exponents.iter().map(|&a| a.into()).collect();
            let overlaps = symmetric(n_max, |j, k| moment(2 * l + 2, a[j] + a[k]));
            (a, Orthonormal::symmetric(&overlaps))
        })
        .collect();
    project(rule, n_max, |s| {
        let square = s * s;
        let mut power = Extended::ONE;
        let mut values = Vec::with_capacity((l_max + 1) * n_max);
        for (a, orthonormal) in &degrees {
            let primitives: Vec<Extended> = a.iter().map(|&a| power * gaussian(a * square)).collect();
            values.extend(orthonormal.values(&primitives));
            power = power * s;
        }
        values
    })
}

/// `α_kl` for all `k`.
fn gto_exponents(n_max: usize, l: usize, r_cut: f64) -> Vec<f64> {
    let step = if n_max > 1 { (r_cut - 1.0) / (n_max - 1) as f64 } else { 0.0 };
    (0..n_max)
        .map(|k| {
            let a = if k > 0 && k == n_max - 1 { r_cut } else { 1.0 + k as f64 * step };
            (ln(1000.0) + l as f64 * ln(a)) / (a * a)
        })
        .collect()
}

/// `(r_cut - r)^(k+2)`, `k = 1..=n_max`.
pub fn polynomial(parameters: &IntegralParameters) -> Expansion {
    let IntegralParameters { n_max, r_cut, sigma, .. } = *parameters;
    let cutoff = Extended::from(r_cut);
    let overlaps = symmetric(n_max, |j, k| {
        // ∫_0^r_cut r² (r_cut - r)^(p-3) dr with p = j + k + 9 in the counting of this closure.
        let p = j + k + 9;
        cutoff.powi(p).scaled(1) / Extended::from((p - 2) * (p - 1) * p)
    });
    let orthonormal = Orthonormal::symmetric(&overlaps);
    let width = (4.0 * sigma).min(4.0 * r_cut / (n_max + 4) as f64);
    let rule = quadrature::extended_panels(&Extended::ZERO, &cutoff, width);
    project(rule, n_max, |s| {
        let depth = cutoff - s;
        let mut power = depth * depth;
        let primitives: Vec<Extended> = (0..n_max)
            .map(|_| {
                power = power * depth;
                power
            })
            .collect();
        orthonormal.values(&primitives)
    })
}

/// `r^n exp(-r² / 2σ_n²)` of unit norm, `σ_n = r_cut max(√n, 1) / n_max`.
pub fn gto_featomic(parameters: &IntegralParameters) -> Expansion {
    let IntegralParameters { n_max, r_cut, sigma, .. } = *parameters;
    let scale = Extended::from(n_max) / Extended::from(r_cut);
    let a: Vec<Extended> = (0..n_max).map(|n| (scale * scale / Extended::from(n.max(1))).scaled(-1)).collect();
    let norms: Vec<Extended> = (0..n_max).map(|n| moment(2 * n + 2, a[n].scaled(1)).sqrt().recip()).collect();
    let overlaps = symmetric(n_max, |j, k| moment(2 + j + k, a[j] + a[k]) * norms[j] * norms[k]);
    let orthonormal = Orthonormal::symmetric(&overlaps);
    let widest = r_cut * ((n_max - 1).max(1) as f64).sqrt() / n_max as f64;
    let width = 5.0 * combined_width(a[0].to_f64(), sigma);
    // Powers of both parities: only panels that begin at zero will do.
    let rule = quadrature::extended_panels(&Extended::ZERO, &(r_cut + 8.0 * widest).into(), width);
    project(rule, n_max, |s| {
        let mut power = Extended::ONE;
        let primitives: Vec<Extended> = (0..n_max)
            .map(|n| {
                let value = norms[n] * power * gaussian(a[n] * s * s);
                power = power * s;
                value
            })
            .collect();
        orthonormal.values(&primitives)
    })
}

/// `exp(-x)`, or zero where it is nothing beside the other numbers of a sum.
fn gaussian(x: Extended) -> Extended {
    if x.to_f64() > LARGEST_EXPONENT { Extended::ZERO } else { (-x).exp() }
}

/// Width of the product of the narrowest primitive, `exp(-a s²)`, with the density or another such primitive.
fn combined_width(a: f64, sigma: f64) -> f64 {
    (2.0 * (a + a.max(0.5 / (sigma * sigma)))).sqrt().recip()
}

/// Spacing at which the trapezoidal rule integrates smooth functions that are no narrower than the combined width.
///
/// A Gaussian of width `w` is integrated to `exp(-2π² (w/h)²)`: that of the product alone would be right to 1e-34,
/// which leaves enough for the powers and the sign changes of the functions.
fn spacing(narrowest: f64, sigma: f64) -> f64 {
    combined_width(narrowest, sigma) / 2.0
}

/// The trapezoidal rule for even functions that vanish at zero. It converges exponentially, as on the whole line.
fn even_rule(end: f64, spacing: f64) -> Vec<(Extended, Extended)> {
    let n_nodes = (end / spacing).ceil() as usize;
    let step = Extended::from(end) / Extended::from(n_nodes);
    (1..=n_nodes).map(|q| (step * Extended::from(q), step)).collect()
}

/// The weights for functions `g`, listed `[l][n]` or `[n]`, under a rule of nodes and weights.
fn project(rule: Vec<(Extended, Extended)>, n_max: usize, g: impl Fn(Extended) -> Vec<Extended>) -> Expansion {
    let four_pi = Extended::pi().scaled(2);
    let mut gram: Vec<f64> = Vec::new();
    let mut expansion = Expansion { nodes: Vec::new(), weights: Vec::new(), rounding: 0.0 };
    for (s, omega) in rule {
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
        .fold(0.0, f64::max);
    expansion
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
