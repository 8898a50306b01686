//! A switch that falls from one to zero, for several places at once.

use crate::simd::{LANES, Lanes, Row};

/// Coefficients of `sin y = y Σ s_k y^2k` and `cos y = Σ c_k y^2k`, highest first: enough for the last digit up to `π/2`.
const SINE: [f64; 12] = taylor(1);
const COSINE: [f64; 12] = taylor(0);

/// `(-1)^k / (2k + odd)!`, highest first.
const fn taylor(odd: u32) -> [f64; 12] {
    let mut out = [0.0; 12];
    let (mut k, mut term) = (0, 1.0);
    while k < 12 {
        out[11 - k as usize] = term;
        term /= -(((2 * k + odd + 1) * (2 * k + odd + 2)) as f64);
        k += 1;
    }
    out
}

/// Writes `(1 + cos πx) / 2` and its derivative for `x` in `[0, 1]`: half a wave, whose slope is zero at both ends.
#[inline(always)]
pub fn cosine<V: Lanes>(pack: usize, x: &Row, [value, slope]: &mut [Row; 2]) {
    let wave = half_wave(x.load::<V>(pack));
    value.store(pack, wave.0);
    slope.store(pack, wave.1);
    // The ends, to the last bit.
    let places = pack * LANES..(pack + 1) * LANES;
    for ((x, value), slope) in x.0[places.clone()].iter().zip(&mut value.0[places.clone()]).zip(&mut slope.0[places]) {
        if *x <= 0.0 || *x >= 1.0 {
            (*value, *slope) = (if *x <= 0.0 { 1.0 } else { 0.0 }, 0.0);
        }
    }
}

/// The same of eight numbers in `[0, 1]`; at the ends to rounding only.
#[inline(always)]
pub fn half_wave<V: Lanes>(x: V) -> (V, V) {
    let pi = V::splat(std::f64::consts::PI);
    // About the middle, where the argument of the series is smallest: cos πx = -sin π(x - 1/2).
    let y = x.sub(V::splat(0.5)).mul(pi);
    let square = y.mul(y);
    let (mut sine, mut cosine) = (V::splat(SINE[0]), V::splat(COSINE[0]));
    for k in 1..12 {
        sine = sine.mul_add(square, V::splat(SINE[k]));
        cosine = cosine.mul_add(square, V::splat(COSINE[k]));
    }
    let half = V::splat(0.5);
    (y.mul(sine).neg_mul_add(half, half), cosine.mul(pi).mul(V::splat(-0.5)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{BLOCK, Isa, Kernel};

    struct Switch(Row);

    impl Kernel for Switch {
        type Output = [Row; 2];
        #[inline(always)]
        fn run<V: Lanes>(self) -> Self::Output {
            let mut out = [Row::ZERO; 2];
            for pack in 0..BLOCK / LANES {
                cosine::<V>(pack, &self.0, &mut out);
            }
            out
        }
    }

    #[test]
    fn half_a_wave_and_its_slope() {
        for isa in [Isa::Baseline, Isa::Avx2, Isa::Avx512] {
            let x = Row(std::array::from_fn(|k| k as f64 / (BLOCK - 1) as f64));
            let [value, slope] = isa.run(Switch(x));
            for k in 0..BLOCK {
                let angle = std::f64::consts::PI * x.0[k];
                assert!((value.0[k] - 0.5 * (1.0 + angle.cos())).abs() < 3e-16, "{}", x.0[k]);
                assert!((slope.0[k] + 0.5 * std::f64::consts::PI * angle.sin()).abs() < 1e-15, "{}", x.0[k]);
            }
            assert_eq!([value.0[0], slope.0[0], value.0[BLOCK - 1], slope.0[BLOCK - 1]], [1.0, 0.0, 0.0, 0.0]);
        }
    }
}
