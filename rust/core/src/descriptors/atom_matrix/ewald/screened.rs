//! The part of `1/r` that is summed over images: `erfc(a r) / r`.

use std::f64::consts::FRAC_2_SQRT_PI;

use super::super::law::Inverse;

/// Nearer than this, in Å, two atoms are in one place, and the plain law counts no term.
const ONE_PLACE: f64 = 1e-8;
/// Up to here the error function is summed as a series, which keeps all digits of its quotients.
const SHORT: f64 = 1.0;
/// Terms of that series.
const TERMS: u32 = 20;

/// `erfc(a r) / r`, where `1/r` may be rounded off.
#[derive(Debug, Clone, Copy)]
pub struct Screened {
    /// Inverse width in 1/Å.
    pub a: f64,
    /// What stands for `1/r`.
    pub inverse: Inverse,
}

impl Screened {
    /// The value at a distance, and its derivative divided by the distance.
    pub fn at(self, r: f64) -> (f64, f64) {
        let a = self.a;
        if self.inverse.rounds(r * r) {
            let (inverse, slope) = self.inverse.of(r * r);
            let (smooth, smooth_slope) = error_quotient(a, r);
            return (inverse - smooth, slope - smooth_slope);
        }
        if r <= ONE_PLACE {
            return (0.0, 0.0);
        }
        let value = libm::erfc(a * r) / r;
        (value, -(value + self.by_width(r)) / (r * r))
    }

    /// `a` times minus the derivative by `a`.
    pub fn by_width(self, r: f64) -> f64 {
        if r <= ONE_PLACE && matches!(self.inverse, Inverse::Exact) {
            return 0.0;
        }
        FRAC_2_SQRT_PI * self.a * (-(self.a * r).powi(2)).exp()
    }
}

/// `erf(a r) / r`, and its derivative divided by `r`.
fn error_quotient(a: f64, r: f64) -> (f64, f64) {
    let x = a * r;
    if x > SHORT {
        let value = libm::erf(x) / r;
        return (value, (FRAC_2_SQRT_PI * a * (-x * x).exp() - value) / (r * r));
    }
    // Σ (-1)^n x^2n / (n! (2n + 1)), and its derivative divided by x.
    let (mut value, mut slope, mut term) = (0.0, 0.0, 1.0);
    for n in 0..TERMS {
        let share = 1.0 / f64::from(2 * n + 1);
        value += term * share;
        // The next power, without the factor x².
        let next = -term / f64::from(n + 1);
        slope += next * f64::from(2 * n + 2) / f64::from(2 * n + 3);
        term = next * x * x;
    }
    (FRAC_2_SQRT_PI * a * value, FRAC_2_SQRT_PI * a * a * a * slope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_to_the_error_function_agree() {
        for a in [0.3, 1.0, 2.5] {
            for k in 1..60 {
                let r = 0.02 * f64::from(k) / a;
                let (value, slope) = error_quotient(a, r);
                let exact = libm::erf(a * r) / r;
                let exact_slope = (FRAC_2_SQRT_PI * a * (-(a * r).powi(2)).exp() - exact) / (r * r);
                assert!((value / exact - 1.0).abs() < 1e-14, "{a} {r}");
                let digits = 1e-14 * exact / (r * r) / exact_slope.abs();
                assert!((slope / exact_slope - 1.0).abs() < 1e-13 + digits, "{a} {r} {slope} {exact_slope}");
            }
        }
    }

    #[test]
    fn derivatives_are_those_of_the_values() {
        for inverse in [Inverse::Exact, Inverse::Core(0.4)] {
            let screened = |a| Screened { a, inverse };
            // Nearer than this the difference is not good enough.
            for r in [0.2, 0.39, 0.41, 1.0, 2.7] {
                let h = 1e-5;
                let (_, slope) = screened(0.8).at(r);
                let difference = (screened(0.8).at(r + h).0 - screened(0.8).at(r - h).0) / (2.0 * h);
                assert!((slope * r - difference).abs() < 1e-8 * (1.0 + difference.abs()), "{inverse:?} {r}");
                let by_width = (screened(0.8 + h).at(r).0 - screened(0.8 - h).at(r).0) / (2.0 * h);
                assert!((screened(0.8).by_width(r) + 0.8 * by_width).abs() < 1e-8, "{inverse:?} {r}");
            }
        }
    }
}
