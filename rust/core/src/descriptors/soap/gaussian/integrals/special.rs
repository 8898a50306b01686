//! Integrals over Gaussians and powers, in closed form.

use std::sync::OnceLock;

use crate::math::extended::{Extended, PRECISION};

/// `Γ(m/2)`
fn gamma_of_half(m: usize) -> Extended {
    let start = if m.is_multiple_of(2) { Extended::ONE } else { Extended::pi().sqrt() };
    (2 - m % 2..m).step_by(2).fold(start, |gamma, k| gamma * Extended::from(k).scaled(-1))
}

/// `∫_0^∞ r^p exp(-a r²) dr = ½ Γ((p+1)/2) a^(-(p+1)/2)`
pub fn moment(p: usize, a: Extended) -> Extended {
    (gamma_of_half(p + 1) / a.sqrt().powi(p + 1)).scaled(-1)
}

/// `∫_0^∞ r² exp(-b (r-μ)²) dr`
///
/// `= μ/(2b) exp(-bμ²) + √π/(4 b^(3/2)) (1 + 2bμ²) (1 + erf(√b μ))`
pub fn shifted_moment(b: Extended, mu: Extended) -> Extended {
    let scaled = b.sqrt() * mu;
    let square = scaled * scaled;
    let edge = mu / b.scaled(1) * (-square).exp();
    let bulk = Extended::pi().sqrt() / (b * b.sqrt()).scaled(2);
    edge + bulk * (Extended::ONE + square.scaled(1)) * (Extended::ONE + scaled.erf())
}

/// `ln x`, correctly rounded on every machine.
pub fn ln(x: f64) -> f64 {
    Extended::from(x).ln().to_f64()
}

/// Arguments of the incomplete gamma function beyond which it is complete to 80 digits, for all powers in use.
const COMPLETE: f64 = 300.0;

/// `∫_0^R r^p exp(-a r²) dr` for even `p` and any sign of `a`, by the series whose terms all have one sign.
pub fn incomplete_moment(p: usize, a: Extended, end: Extended) -> Extended {
    let x = a * end * end;
    if x.to_f64() > COMPLETE {
        return moment(p, a);
    }
    let t = Extended::from(p + 1).scaled(-1);
    let sum = if x.to_f64() < -COMPLETE {
        at_the_end(t, -x)
    } else if x < Extended::ZERO {
        growing(t, -x)
    } else {
        decaying(p, x)
    };
    (end.powi(p + 1) * sum).scaled(-1)
}

/// `∫_0^1 u^(t-1) exp(-x u) du = exp(-x) Σ_k x^k / (t (t+1) .. (t+k))` with `t = (p+1)/2`.
fn decaying(p: usize, x: Extended) -> Extended {
    let twice = x.scaled(1);
    let mut term = Extended::from(p + 1).recip().scaled(1);
    let (mut sum, mut odd) = (term, p + 1);
    while term > sum.scaled(-PRECISION) {
        odd += 2;
        term = term * twice * inverse_odd(odd);
        sum += term;
    }
    sum * (-x).exp()
}

/// The inverse of an odd number. Thousands of series share a few hundred of them.
fn inverse_odd(n: usize) -> Extended {
    static INVERSES: OnceLock<Vec<Extended>> = OnceLock::new();
    let inverses = INVERSES.get_or_init(|| (0..1000).map(|k| Extended::from(2 * k + 1).recip()).collect());
    inverses.get(n / 2).copied().unwrap_or_else(|| Extended::from(n).recip())
}

/// `∫_0^1 u^(t-1) exp(y u) du = Σ_k y^k / (k! (t+k))`
fn growing(t: Extended, y: Extended) -> Extended {
    let (mut power, mut sum, mut k) = (Extended::ONE, t.recip(), 0_usize);
    let mut term = sum;
    while term > sum.scaled(-PRECISION) {
        k += 1;
        power = power * y / Extended::from(k);
        term = power / (t + Extended::from(k));
        sum += term;
    }
    sum
}

/// [`growing`] for large `y`, where all comes from the end: `exp(y)/y Σ_k (1-t)(2-t)..(k-t) / y^k`.
fn at_the_end(t: Extended, y: Extended) -> Extended {
    let (mut term, mut sum, mut k) = (Extended::ONE, Extended::ONE, 0_usize);
    // The terms begin to grow at `k = y + t`, long after they are negligible.
    while term.abs() > sum.scaled(-PRECISION) {
        k += 1;
        term = term * (Extended::from(k) - t) / y;
        sum += term;
    }
    sum * y.exp() / y
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::quadrature;

    #[test]
    fn moments_are_their_integrals() {
        let end = Extended::from(2.5);
        for (p, a) in
            [(2, 0.0), (2, 0.3), (12, 4.0), (40, 30.0), (62, 47.0), (2, 49.0), (6, -0.4), (20, -40.0), (8, -60.0)]
        {
            let a = Extended::from(a);
            let nodes = quadrature::extended_panels(&Extended::ZERO, &end, 0.01);
            let integral: Extended = nodes.iter().map(|&(r, w)| w * r.powi(p) * (-(a * r * r)).exp()).sum();
            let error = (incomplete_moment(p, a, end) / integral - Extended::ONE).abs();
            assert!(error < Extended::from(1e-45), "p = {p}, a = {a:?}: {error:?}");
        }
        let nodes = quadrature::extended_panels(&Extended::ZERO, &Extended::from(12.0), 0.05);
        for p in [2, 3, 8] {
            let a = Extended::from(1.3);
            let integral: Extended = nodes.iter().map(|&(r, w)| w * r.powi(p) * (-(a * r * r)).exp()).sum();
            assert!((moment(p, a) / integral - Extended::ONE).abs() < Extended::from(1e-40), "{p}");
        }
        let (b, mu) = (Extended::from(3.0), Extended::from(1.7));
        let integral: Extended = nodes.iter().map(|&(r, w)| w * r * r * (-(b * (r - mu) * (r - mu))).exp()).sum();
        assert!((shifted_moment(b, mu) / integral - Extended::ONE).abs() < Extended::from(1e-40));
    }

    #[test]
    fn logarithms_are_right_to_the_last_digit() {
        assert_eq!(ln(1.0), 0.0);
        assert_eq!(ln(2.0), std::f64::consts::LN_2);
        assert_eq!(ln(10.0), std::f64::consts::LN_10);
    }
}
