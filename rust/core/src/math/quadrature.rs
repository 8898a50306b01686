//! Gauss-Legendre quadrature on panels.

use std::sync::OnceLock;

use super::extended::Extended;

/// Nodes on a panel. A panel as wide as the narrowest Gaussian under the integral is then integrated to 1e-40.
pub const PANEL: usize = 20;

/// Nodes on `[0, 1]`, ascending, with their weights.
pub fn reference_rule() -> &'static [(Extended, Extended); PANEL] {
    static RULE: OnceLock<[(Extended, Extended); PANEL]> = OnceLock::new();
    RULE.get_or_init(|| {
        let (half, one) = (Extended::from(0.5), Extended::ONE);
        std::array::from_fn(|k| {
            let (x, derivative) = legendre_root(k);
            let weight = ((one - x * x) * derivative * derivative).recip();
            (half * (one - x), weight)
        })
    })
}

/// Nodes and weights on `[from, to]`, cut into panels no wider than `width`.
pub fn panels(from: f64, to: f64, width: f64) -> Vec<(f64, f64)> {
    let (from, to) = (Extended::from(from), Extended::from(to));
    extended_panels(&from, &to, width).into_iter().map(|(x, w)| (x.to_f64(), w.to_f64())).collect()
}

/// [`panels`] with all digits.
pub fn extended_panels(from: &Extended, to: &Extended, width: f64) -> Vec<(Extended, Extended)> {
    let length = *to - *from;
    if length <= Extended::ZERO {
        return Vec::new();
    }
    let count = (length.to_f64() / width).ceil().max(1.0) as usize;
    let step = length / Extended::from(count);
    (0..count)
        .flat_map(|panel| {
            let start = *from + step * Extended::from(panel);
            reference_rule().iter().map(move |&(x, w)| (start + step * x, step * w))
        })
        .collect()
}

/// Error of panels so many widths long in the integral of a Gaussian of that width, of height one.
pub fn gaussian_error(widths: f64) -> f64 {
    5e-49 * libm::pow(widths, 2.0 * PANEL as f64)
}

/// Root `k` of the Legendre polynomial of degree [`PANEL`], from the largest down, and the derivative there.
fn legendre_root(k: usize) -> (Extended, Extended) {
    let angle = std::f64::consts::PI * (k as f64 + 0.75) / (PANEL as f64 + 0.5);
    let mut x = Extended::from(angle.cos());
    // Newton doubles the digits: 3, 6, ... from the first guess; the eighth step only confirms.
    for _ in 0..8 {
        let (value, derivative) = legendre(x);
        x = x - value / derivative;
    }
    let derivative = legendre(x).1;
    (x, derivative)
}

/// The Legendre polynomial of degree [`PANEL`] and its derivative.
fn legendre(x: Extended) -> (Extended, Extended) {
    let mut last = Extended::ONE;
    let mut value = x;
    for n in 1..PANEL {
        let next = (Extended::from(2 * n + 1) * x * value - Extended::from(n) * last) / Extended::from(n + 1);
        last = std::mem::replace(&mut value, next);
    }
    let derivative = Extended::from(PANEL) * (last - x * value) / (Extended::ONE - x * x);
    (value, derivative)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_integrate_a_narrow_gaussian() {
        let sigma: f64 = 0.1;
        let integral: f64 =
            panels(0.0, 1.0, sigma).iter().map(|(x, w)| w * (-0.5 * ((x - 0.4) / sigma).powi(2)).exp()).sum();
        let root = (2.0 * sigma * sigma).sqrt();
        let exact = sigma * (std::f64::consts::PI / 2.0).sqrt() * (libm::erf(0.6 / root) + libm::erf(0.4 / root));
        assert!((integral - exact).abs() < 5e-16);
    }

    #[test]
    fn the_error_for_a_gaussian_is_no_larger_than_said() {
        for widths in [1.0, 2.0, 3.5, 5.0] {
            for offset in [0.0, 0.3, 0.71] {
                let start = Extended::from(-20.0 + offset * widths);
                let rule = extended_panels(&start, &(start + Extended::from(40.0)), widths);
                let sum: Extended = rule.iter().map(|&(x, w)| w * (-(x * x).scaled(-1)).exp()).sum();
                let error = (sum - Extended::pi().scaled(1).sqrt()).abs();
                assert!(error < Extended::from(10.0 * gaussian_error(widths)), "{widths}: {:e}", error.to_f64());
            }
        }
    }

    #[test]
    fn the_rule_is_exact_for_polynomials_of_degree_39() {
        for degree in [0, 7, 38, 39] {
            let integral: f64 = panels(0.0, 1.0, 1.0).iter().map(|(x, w)| w * x.powi(degree)).sum();
            assert!((integral * f64::from(degree + 1) - 1.0).abs() < 1e-14, "degree {degree}");
        }
    }

    #[test]
    fn an_empty_interval_has_no_nodes() {
        assert!(panels(1.0, 1.0, 0.1).is_empty());
    }
}
