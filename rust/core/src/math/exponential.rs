//! The exponential function of eight numbers at a time.

use crate::simd::{LANES, Lanes};

/// Arguments below this give the value at this: a number of 1e-308.
const LOWEST: f64 = -708.0;
/// Adding it rounds to an integer, which is then found in the last bits: 1.5 · 2^52.
const ROUND: f64 = 6755399441055744.0;
/// ln 2 in two parts, of which the first has so few digits that its small multiples are exact.
const LN_2: [f64; 2] = [0.6931471803691238, 1.9082149292705877e-10];
/// Coefficients of the series of `exp`, highest first: enough for the last digit up to `ln 2 / 2`.
const SERIES: [f64; 14] = taylor();

/// `1 / k!`, highest first.
const fn taylor() -> [f64; 14] {
    let mut out = [0.0; 14];
    let (mut k, mut factorial) = (0, 1.0);
    while k < 14 {
        out[13 - k] = 1.0 / factorial;
        k += 1;
        factorial *= k as f64;
    }
    out
}

/// `exp(x)` for `x` up to 700; relative error below 3e-16.
#[inline(always)]
pub fn exp<V: Lanes>(x: V) -> V {
    let mut clipped = x.to_array();
    for x in &mut clipped {
        *x = if *x < LOWEST { LOWEST } else { *x };
    }
    let x = V::load(&clipped);
    let shifted = x.mul_add(V::splat(std::f64::consts::LOG2_E), V::splat(ROUND));
    let whole = shifted.sub(V::splat(ROUND));
    let rest = whole.neg_mul_add(V::splat(LN_2[0]), x);
    let rest = whole.neg_mul_add(V::splat(LN_2[1]), rest);
    let mut sum = V::splat(SERIES[0]);
    for k in 1..14 {
        sum = sum.mul_add(rest, V::splat(SERIES[k]));
    }
    // The integer, moved to where a floating-point number has its exponent.
    let integers = shifted.to_array();
    let mut powers = [0.0; LANES];
    for k in 0..LANES {
        powers[k] = f64::from_bits((integers[k].to_bits() << 52).wrapping_add(1023 << 52));
    }
    sum.mul(V::load(&powers))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Isa, Kernel};

    struct Exp([f64; LANES]);

    impl Kernel for Exp {
        type Output = [f64; LANES];
        #[inline(always)]
        fn run<V: Lanes>(self) -> Self::Output {
            exp(V::load(&self.0)).to_array()
        }
    }

    #[test]
    fn agrees_with_the_library() {
        for isa in [Isa::Baseline, Isa::Avx2, Isa::Avx512] {
            for step in 0..10_000 {
                let x: [f64; LANES] = std::array::from_fn(|k| 2.0 - 0.009 * f64::from(step) * (k as f64 + 0.37));
                let found = isa.run(Exp(x));
                for k in 0..LANES {
                    let exact = x[k].max(LOWEST).exp();
                    assert!((found[k] - exact).abs() < 4e-16 * exact, "exp({}): {} {exact}", x[k], found[k]);
                }
            }
            assert_eq!(isa.run(Exp([0.0; LANES])), [1.0; LANES]);
            assert!(isa.run(Exp([-1e308; LANES]))[0] < 4e-308);
        }
    }
}
