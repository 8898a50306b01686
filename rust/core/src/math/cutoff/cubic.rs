//! A power of the cubic polynomial that is flat at both ends.

use super::Cutoff;
use crate::simd::Lanes;

/// `((1 - x)² (1 + 2x))^exponent` with `x = r / r_cut`, which `soap_turbo` calls the scaling of amplitudes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CubicCutoff {
    r_cut: f64,
    exponent: f64,
}

impl CubicCutoff {
    /// The function of this power, 0 for none, that ends at `r_cut` in Å.
    pub fn new(r_cut: f64, exponent: f64) -> Self {
        Self { r_cut, exponent }
    }
}

impl Cutoff for CubicCutoff {
    #[inline(always)]
    fn at<V: Lanes>(&self, r: V) -> (V, V) {
        let one = V::splat(1.0);
        if self.exponent == 0.0 {
            return (one, V::zero());
        }
        let r_cut = V::splat(self.r_cut);
        let x = r / r_cut;
        let y = one - x;
        let value = y * y * (one + x * V::splat(2.0));
        let derivative = x * V::splat(-6.0) * y / r_cut;
        if self.exponent == 1.0 {
            return (value, derivative);
        }
        let lower = V::load(&value.to_array().map(|value| libm::pow(value, self.exponent - 1.0)));
        (value * lower, derivative * (lower * V::splat(self.exponent)))
    }

    /// The function falls as `(1 - x)^(2 exponent)`.
    fn smoothness(&self) -> Option<u8> {
        (self.exponent > 0.0).then(|| (2.0 * self.exponent).ceil() as u8 - 1)
    }
}
