//! Functions that let neighbors fade out: from one near the center to zero at the cutoff.
//!
//! With `x = (r - α r_c) / (r_c - α r_c)`, and one below `α r_c`. The polynomials, the exponential and the hyperbolic
//! tangent are those of A. Singraber, J. Behler, C. Dellago, J. Chem. Theory Comput. 15, 1827 (2019).

use crate::simd::{Lanes, exp};

/// Which function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fading {
    /// One up to the cutoff, where it jumps.
    Hard,
    /// `(1 + cos πx) / 2`
    Cosine,
    /// `tanh³(1 - r / r_c)`, from 0.44 at the center; it knows no `α`.
    Tanh,
    /// The same, divided by `tanh³ 1`.
    NormalizedTanh,
    /// `exp(1 - 1 / (1 - x²))`
    Exponential,
    /// The polynomial of lowest degree with as many derivatives that are zero at both ends, one to four.
    Polynomial(u8),
}

impl Fading {
    /// How many derivatives are zero at the cutoff; `None` where not even the value is.
    pub fn smoothness(self) -> Option<u8> {
        match self {
            Self::Hard => None,
            Self::Cosine => Some(1),
            Self::Tanh | Self::NormalizedTanh => Some(2),
            Self::Exponential => Some(u8::MAX),
            Self::Polynomial(n) => Some(n),
        }
    }
}

/// A function, and where it ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cutoff {
    fading: Fading,
    /// `α r_c`
    start: f64,
    /// `1 / (r_c - α r_c)`
    scale: f64,
    /// `1 / r_c²` where the whole range is half a wave, a polynomial of the square.
    square: Option<f64>,
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

/// Nearer to the cutoff than this, the exponential is less than 1e-200.
const FAINTEST: f64 = 1e-3;
/// Nearer than this, two atoms are in one place.
const NEAREST: f64 = 1e-100;

/// The polynomial `y^(n+1) (1 + c_1 x + ...)`, `y = 1 - x`, highest coefficient first, and its slope `-d xⁿ yⁿ`: no
/// term is negative, so none cancels another.
const POLYNOMIALS: [([f64; 5], f64); 4] = [
    ([0.0, 0.0, 0.0, 2.0, 1.0], 6.0),
    ([0.0, 0.0, 6.0, 3.0, 1.0], 30.0),
    ([0.0, 20.0, 10.0, 4.0, 1.0], 140.0),
    ([70.0, 35.0, 15.0, 5.0, 1.0], 630.0),
];

impl Cutoff {
    /// `fading` from `alpha · r_cut` to `r_cut`.
    pub fn new(fading: Fading, alpha: f64, r_cut: f64) -> Self {
        let start = if matches!(fading, Fading::Tanh | Fading::NormalizedTanh) { 0.0 } else { alpha * r_cut };
        let square = (fading == Fading::Cosine && start == 0.0).then(|| 1.0 / (r_cut * r_cut));
        Self { fading, start, scale: 1.0 / (r_cut - start), square }
    }

    /// The value, and the slope divided by the distance, at the square of a distance that is below the cutoff.
    ///
    /// The slope divided by the distance is twice the derivative with respect to the square, finite at zero wherever
    /// the function is flat there.
    #[inline(always)]
    pub fn of_square<V: Lanes>(&self, square: V) -> (V, V) {
        let Some(scale) = self.square else {
            let r = square.sqrt().max(V::splat(NEAREST));
            let (value, slope) = self.of_distance(r);
            return (value, slope.div(r));
        };
        // Value and slope by one Horner scheme.
        let u = square.mul_add(V::splat(scale), V::splat(-0.5));
        let (mut value, mut slope) = (V::splat(HALF_WAVE[0]), V::zero());
        for k in 1..HALF_WAVE.len() {
            slope = slope.mul_add(u, value);
            value = value.mul_add(u, V::splat(HALF_WAVE[k]));
        }
        (value, slope.mul(V::splat(2.0 * scale)))
    }

    /// The value and its slope at a distance that is below the cutoff.
    #[inline(always)]
    pub fn of_distance<V: Lanes>(&self, r: V) -> (V, V) {
        let one = V::splat(1.0);
        let scale = V::splat(self.scale);
        let x = r.sub(V::splat(self.start)).mul(scale).max(V::zero()).min(one);
        let y = one.sub(x);
        match self.fading {
            Fading::Hard => (one, V::zero()),
            Fading::Cosine => {
                let (value, slope) = super::switch::half_wave(x);
                (value, slope.mul(scale))
            }
            Fading::Tanh | Fading::NormalizedTanh => {
                let height = if self.fading == Fading::Tanh { 1.0 } else { 1f64.tanh().powi(-3) };
                let decay = exp(y.mul(V::splat(-2.0)));
                let tanh = one.sub(decay).div(one.add(decay));
                let square = tanh.mul(tanh).mul(V::splat(height));
                let slope = square.mul(tanh.neg_mul_add(tanh, one)).mul(scale).mul(V::splat(-3.0));
                (square.mul(tanh), slope)
            }
            Fading::Exponential => {
                let y = y.max(V::splat(FAINTEST));
                let inverse = one.div(y.mul(one.add(x)));
                let value = exp(one.sub(inverse));
                (value, value.mul(x).mul(inverse).mul(inverse).mul(scale).mul(V::splat(-2.0)))
            }
            Fading::Polynomial(n) => {
                let n = usize::from(n.clamp(1, 4));
                let (coefficients, height) = POLYNOMIALS[n - 1];
                let (mut value, mut powers) = (V::zero(), one);
                for c in coefficients {
                    value = value.mul_add(x, V::splat(c));
                }
                for _ in 0..n {
                    value = value.mul(y);
                    powers = powers.mul(x).mul(y);
                }
                (value.mul(y), powers.mul(scale).mul(V::splat(-height)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Isa, Kernel, LANES};

    const ALL: [Fading; 9] = [
        Fading::Hard,
        Fading::Cosine,
        Fading::Tanh,
        Fading::NormalizedTanh,
        Fading::Exponential,
        Fading::Polynomial(1),
        Fading::Polynomial(2),
        Fading::Polynomial(3),
        Fading::Polynomial(4),
    ];

    /// The definition.
    fn naive(fading: Fading, alpha: f64, r_cut: f64, r: f64) -> f64 {
        let x = ((r - alpha * r_cut) / (r_cut - alpha * r_cut)).max(0.0);
        match fading {
            Fading::Hard => 1.0,
            Fading::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * x).cos()),
            Fading::Tanh => (1.0 - r / r_cut).tanh().powi(3),
            Fading::NormalizedTanh => (1.0 - r / r_cut).tanh().powi(3) / 1f64.tanh().powi(3),
            Fading::Exponential => (1.0 - 1.0 / (1.0 - x * x)).exp(),
            Fading::Polynomial(1) => 1.0 - x * x * (3.0 - 2.0 * x),
            Fading::Polynomial(2) => 1.0 - x.powi(3) * (10.0 - 15.0 * x + 6.0 * x * x),
            Fading::Polynomial(3) => 1.0 - x.powi(4) * (35.0 - 84.0 * x + 70.0 * x * x - 20.0 * x.powi(3)),
            Fading::Polynomial(_) => {
                1.0 - x.powi(5) * (126.0 - 420.0 * x + 540.0 * x * x - 315.0 * x.powi(3) + 70.0 * x.powi(4))
            }
        }
    }

    struct At(Cutoff, f64, bool);

    impl Kernel for At {
        type Output = (f64, f64);
        #[inline(always)]
        fn run<V: Lanes>(self) -> Self::Output {
            let Self(cutoff, r, squared) = self;
            let (value, slope) = if squared {
                let (value, slope) = cutoff.of_square(V::splat(r * r));
                (value, slope.mul(V::splat(r)))
            } else {
                cutoff.of_distance(V::splat(r))
            };
            let (value, slope): ([f64; LANES], _) = (value.to_array(), slope.to_array());
            (value[0], slope[0])
        }
    }

    #[test]
    fn values_and_slopes_are_those_of_the_definition() {
        for isa in [Isa::Baseline, Isa::Avx2, Isa::Avx512] {
            for fading in ALL {
                for alpha in [0.0, 0.3] {
                    let cutoff = Cutoff::new(fading, alpha, 4.8);
                    for k in 1..200 {
                        let r = 4.8 * f64::from(k) / 200.0 + 1e-3;
                        let (a, b) = (isa.run(At(cutoff, r, false)), isa.run(At(cutoff, r, true)));
                        let f = |r| naive(fading, alpha, 4.8, r);
                        // The polynomials of the definition cancel near the cutoff.
                        let tolerance = if matches!(fading, Fading::Polynomial(_)) { 5e-13 } else { 4e-15 };
                        let apart = (a.0 - f(r)).abs().max((b.0 - f(r)).abs());
                        assert!(apart < tolerance, "{fading:?} at {r}: off by {apart:.1e}");
                        assert!((a.1 - b.1).abs() < 1e-14, "{fading:?} at {r}: slopes {} and {}", a.1, b.1);
                        let h = 1e-3;
                        if (r - alpha * 4.8).abs() < 3.0 * h || r + 2.0 * h > 4.8 {
                            continue;
                        }
                        let slope = (f(r - 2.0 * h) - 8.0 * f(r - h) + 8.0 * f(r + h) - f(r + 2.0 * h)) / (12.0 * h);
                        assert!((a.1 - slope).abs() < 1e-9, "{fading:?} at {r}: {} and {slope}", a.1);
                    }
                }
            }
        }
    }

    #[test]
    fn ends_are_finite() {
        for fading in ALL {
            let cutoff = Cutoff::new(fading, 0.0, 5.0);
            for r in [0.0, 1e-200, 5.0 * (1.0 - 1e-16), 5.0] {
                for squared in [false, true] {
                    let (value, slope) = Isa::detect().run(At(cutoff, r, squared));
                    assert!(value.is_finite() && slope.is_finite(), "{fading:?} at {r}");
                }
            }
        }
    }
}
