//! Half a wave of the cosine.

use super::Cutoff;
use crate::simd::Lanes;

/// Coefficients of `sin y = y Σ s_k y^2k` and `cos y = Σ c_k y^2k`, highest first: enough for the last digit up to
/// `π/2`.
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

/// Taylor coefficients of `(1 + cos π√u) / 2` about `u = 1/2`, highest first, rounded from 60 digits: enough for the
/// last digit on `[0, 1]`.
const HALF_WAVE: [f64; 14] = [
    -9.537477114799994e-15,
    6.235050994055983e-13,
    -3.4570698899989624e-11,
    1.6015897804178882e-09,
    -6.08938857503209e-08,
    1.8587617227189086e-06,
    -4.431120804155241e-05,
    0.0007960256795855833,
    -0.010269231076639681,
    0.08880490245644454,
    -0.4622581725759689,
    1.1891487278891328,
    -0.8837929373131916,
    0.1971500664605933,
];

/// `(1 + cos πx) / 2` over the last stretch before the cutoff, one before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CosineCutoff {
    start: f64,
    width: f64,
}

impl CosineCutoff {
    /// The function that falls over the last `width` before `r_cut`, both in Å.
    pub fn new(r_cut: f64, width: f64) -> Self {
        Self { start: r_cut - width, width }
    }

    /// Distance up to which the function is one.
    pub fn start(&self) -> f64 {
        self.start
    }
}

impl Cutoff for CosineCutoff {
    /// Both ends are exact to the last bit.
    #[inline(always)]
    fn at<V: Lanes>(&self, r: V) -> (V, V) {
        let x = ((r - V::splat(self.start)) / V::splat(self.width)).max(V::zero()).min(V::splat(1.0));
        let (value, derivative) = half_wave(x);
        let (mut value, mut derivative) = (value.to_array(), (derivative * V::splat(1.0 / self.width)).to_array());
        for ((x, value), derivative) in x.to_array().into_iter().zip(&mut value).zip(&mut derivative) {
            if x <= 0.0 || x >= 1.0 {
                (*value, *derivative) = (if x <= 0.0 { 1.0 } else { 0.0 }, 0.0);
            }
        }
        (V::load(&value), V::load(&derivative))
    }

    fn smoothness(&self) -> Option<u8> {
        Some(1)
    }
}

/// `(1 + cos πx) / 2` and its derivative by `x`, for `x` in `[0, 1]`; at the ends to rounding only.
#[inline(always)]
pub(super) fn half_wave<V: Lanes>(x: V) -> (V, V) {
    let pi = V::splat(std::f64::consts::PI);
    // About the middle, where the argument of the series is smallest: cos πx = -sin π(x - 1/2).
    let y = (x - V::splat(0.5)) * pi;
    let square = y * y;
    let (mut sine, mut cosine) = (V::splat(SINE[0]), V::splat(COSINE[0]));
    for k in 1..12 {
        sine = sine.mul_add(square, V::splat(SINE[k]));
        cosine = cosine.mul_add(square, V::splat(COSINE[k]));
    }
    let half = V::splat(0.5);
    ((y * sine).neg_mul_add(half, half), cosine * pi * V::splat(-0.5))
}

/// `(1 + cos π√u) / 2` at `u = scale · square` in `[0, 1]`, and its derivative by `u`: no root is taken.
#[inline(always)]
pub(super) fn half_wave_of_square<V: Lanes>(square: V, scale: V) -> (V, V) {
    // Value and derivative by one Horner scheme.
    let from_middle = square.mul_add(scale, V::splat(-0.5));
    let (mut value, mut derivative) = (V::splat(HALF_WAVE[0]), V::zero());
    for k in 1..HALF_WAVE.len() {
        derivative = derivative.mul_add(from_middle, value);
        value = value.mul_add(from_middle, V::splat(HALF_WAVE[k]));
    }
    (value, derivative)
}
