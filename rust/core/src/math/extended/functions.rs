//! Exponential, logarithm, the circle's constant and the error function.

use std::sync::OnceLock;

use super::number::{Extended, PRECISION};

/// Terms of the series of the exponential; its argument is below `2^-9`.
const TERMS: usize = 24;

/// Halvings of the argument of the exponential.
const HALVINGS: i64 = 8;

impl Extended {
    /// `e` to this power, which is held to ±1e12.
    #[must_use]
    pub fn exp(self) -> Self {
        let ln_2 = constants().ln_2;
        let power = (self / ln_2).to_f64().clamp(-1e12, 1e12).round();
        let rest = (self - Self::from(power) * ln_2).scaled(-HALVINGS);
        let inverse_factorials = &constants().inverse_factorials;
        let mut sum = inverse_factorials[TERMS - 1];
        for &coefficient in inverse_factorials[..TERMS - 1].iter().rev() {
            sum = sum * rest + coefficient;
        }
        for _ in 0..HALVINGS {
            sum = sum * sum;
        }
        sum.scaled(power as i64)
    }

    /// The natural logarithm of a positive number; zero for others.
    #[must_use]
    pub fn ln(self) -> Self {
        if self <= Self::ZERO {
            return Self::ZERO;
        }
        // Between 0.7 and 1.4, so that nothing cancels beside one.
        let above = self.scaled(-self.exponent());
        let power = self.exponent() - i64::from(above.to_f64() < 0.7);
        let fraction = self.scaled(-power);
        let mut ln = Self::from(fraction.to_f64().ln());
        // y + 2 (x - e^y) / (x + e^y) trebles the digits: 50, 150, 450 bits.
        for _ in 0..2 {
            let exp = ln.exp();
            ln += ((fraction - exp) / (fraction + exp)).scaled(1);
        }
        ln + Self::from(power as f64) * constants().ln_2
    }

    /// The circle's constant.
    pub fn pi() -> Self {
        constants().pi
    }

    /// `2/√π ∫_0^x exp(-t²) dt`
    #[must_use]
    pub fn erf(self) -> Self {
        let square = self * self;
        // The complement of erf(14) is below 1e-86.
        if square > Self::from(196.0) {
            return if self > Self::ZERO { Self::ONE } else { -Self::ONE };
        }
        // 2/√π exp(-x²) Σ_k (2x²)^k x / (2k+1)!!, in which nothing cancels.
        let twice = square.scaled(1);
        let (mut term, mut sum, mut odd) = (self, self, 1);
        while term.abs() > sum.abs().scaled(-PRECISION) {
            odd += 2;
            term = term * twice / Self::from(odd as usize);
            sum += term;
        }
        (sum * (-square).exp()).scaled(1) / Self::pi().sqrt()
    }
}

struct Constants {
    ln_2: Extended,
    pi: Extended,
    inverse_factorials: [Extended; TERMS],
}

/// Constants that are computed once.
fn constants() -> &'static Constants {
    static CONSTANTS: OnceLock<Constants> = OnceLock::new();
    CONSTANTS.get_or_init(|| {
        let mut factorial = Extended::ONE;
        Constants {
            // ln 2 = 2 artanh(1/3); Machin: π = 16 arctan(1/5) - 4 arctan(1/239).
            ln_2: arc(3, false).scaled(1),
            pi: arc(5, true).scaled(4) - arc(239, true).scaled(2),
            inverse_factorials: std::array::from_fn(|k| {
                factorial = factorial * Extended::from(k.max(1));
                factorial.recip()
            }),
        }
    })
}

/// `Σ_k (±1)^k / ((2k+1) n^(2k+1))`: the inverse tangent of `1/n`, the hyperbolic one without the signs.
fn arc(n: usize, alternating: bool) -> Extended {
    let inverse = Extended::from(n).recip();
    let square = if alternating { -(inverse * inverse) } else { inverse * inverse };
    let (mut power, mut sum, mut odd) = (inverse, inverse, 1);
    while power.abs() > inverse.scaled(-PRECISION) {
        odd += 2;
        power = power * square;
        sum += power / Extended::from(odd as usize);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number written in decimals, from pieces of eight digits after the point.
    fn decimal(whole: usize, pieces: &[usize]) -> Extended {
        let unit = Extended::from(100_000_000_usize).recip();
        Extended::from(whole)
            + pieces.iter().rev().fold(Extended::ZERO, |sum, &piece| (sum + Extended::from(piece)) * unit)
    }

    fn assert_digits(value: Extended, expected: Extended, digits: i32) {
        let error = ((value - expected) / expected).abs().to_f64();
        assert!(error < 10_f64.powi(-digits), "{value:?} is off by {error}");
    }

    #[test]
    fn constants_and_functions_are_those_of_tables() {
        let pi = [14159265, 35897932, 38462643, 38327950, 28841971, 69399375, 10582097, 49445923];
        assert_digits(Extended::pi(), decimal(3, &pi), 63);
        let e = [71828182, 84590452, 35360287, 47135266, 24977572, 47093699, 95957496, 69676277];
        assert_digits(Extended::ONE.exp(), decimal(2, &e), 63);
        let ln_2 = [69314718, 5599453, 9417232, 12145817, 65680755, 134360, 25525412, 6800095];
        assert_digits(Extended::from(2.0).ln(), decimal(0, &ln_2), 62);
    }

    #[test]
    fn exponential_and_logarithm_are_inverse() {
        for x in [-900.25, -40.0, -1e-3, 0.0, 1e-30, 0.7, 33.0, 1234.5] {
            let x = Extended::from(x);
            assert!((x.exp().ln() - x).abs() < Extended::from(1e-72), "{x:?}");
            assert_digits(x.exp() * (-x).exp(), Extended::ONE, 72);
            assert_digits(x.scaled(1).exp(), x.exp() * x.exp(), 71);
        }
    }

    #[test]
    fn the_error_function_is_that_of_doubles_and_its_derivative_a_gaussian() {
        let h = Extended::from(1e-20);
        for x in [-2.0, -0.1, 0.01, 0.5, 1.5, 4.0, 9.0, 13.9] {
            let at = Extended::from(x);
            assert!((at.erf().to_f64() - libm::erf(x)).abs() < 3e-16, "{x}");
            let derivative = ((at + h).erf() - (at - h).erf()) / h.scaled(1);
            let exact = (-(at * at)).exp().scaled(1) / Extended::pi().sqrt();
            assert!((derivative - exact).abs() < Extended::from(1e-38), "{x}");
        }
        assert_eq!(Extended::from(20.0).erf(), Extended::ONE);
    }
}
