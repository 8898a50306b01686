//! The exponential function, eight at a time.

use super::Lanes;

/// Adding this leaves `n + 1023` in the last bits, for integers `n`.
const MAGIC: f64 = 6755399441055744.0 + 1023.0;
/// `ln 2` in two parts; the first times any exponent is exact (W. Kahan, in the form of fdlibm's `e_exp.c`).
const LN_2: [f64; 2] = [0.6931471803691238, 1.9082149292705877e-10];
/// Below this the exponential is taken for what it is there, a number without consequence.
const LOWEST: f64 = -700.0;
/// `1 / k!`, highest first: enough for the last digit up to `ln 2 / 2`.
const INVERSE_FACTORIALS: [f64; 14] = inverse_factorials();

const fn inverse_factorials() -> [f64; 14] {
    let mut out = [1.0; 14];
    let (mut k, mut factorial) = (0, 1.0);
    while k < 14 {
        out[13 - k] = 1.0 / factorial;
        k += 1;
        factorial *= k as f64;
    }
    out
}

/// `e^x` for `x` up to 700; below -700 what it is there, 1e-304.
#[inline(always)]
pub fn exp<V: Lanes>(x: V) -> V {
    let x = x.max(V::splat(LOWEST));
    // x = n ln 2 + r; the sum with a large number rounds to an integer.
    let shifted = x.mul_add(V::splat(std::f64::consts::LOG2_E), V::splat(MAGIC));
    let n = shifted - V::splat(MAGIC);
    let r = n.neg_mul_add(V::splat(LN_2[1]), n.neg_mul_add(V::splat(LN_2[0]), x));
    let mut series = V::splat(INVERSE_FACTORIALS[0]);
    for k in 1..INVERSE_FACTORIALS.len() {
        series = series.mul_add(r, V::splat(INVERSE_FACTORIALS[k]));
    }
    series * shifted.shift_into_exponent()
}

#[cfg(test)]
mod tests {
    use super::super::{Isa, Kernel, LANES};
    use super::*;

    struct Exp([f64; LANES]);

    impl Kernel for Exp {
        type Output = [f64; LANES];
        #[inline(always)]
        fn run<V: Lanes>(self) -> Self::Output {
            exp(V::load(&self.0)).to_array()
        }
    }

    #[test]
    fn as_the_library_has_it() {
        for isa in [Isa::Baseline, Isa::Avx2, Isa::Avx512] {
            for k in 0..4000 {
                let x: [f64; LANES] = std::array::from_fn(|i| -699.0 + 0.174 * f64::from(k) + 0.0217 * i as f64);
                for (x, found) in x.into_iter().zip(isa.run(Exp(x))) {
                    assert!((found / x.exp() - 1.0).abs() < 5e-16, "exp {x} is {found} with {isa:?}");
                }
            }
            let ends = isa.run(Exp([0.0, -0.0, -1e-300, -701.0, -1e9, f64::NEG_INFINITY, 1.0, -1.0]));
            assert_eq!(ends[..3], [1.0; 3]);
            assert!(ends[3..6].iter().all(|&x| (0.0..1e-303).contains(&x)), "{ends:?}");
        }
    }
}
