//! A power of one minus the square.

use super::Cutoff;
use crate::simd::Lanes;

/// `(1 - r² / r_cut²)^exponent`
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SquareCutoff {
    r_cut: f64,
    exponent: u32,
}

impl SquareCutoff {
    /// The function of this power, 0 for none, that ends at `r_cut` in Å.
    pub fn new(r_cut: f64, exponent: u32) -> Self {
        Self { r_cut, exponent }
    }

    /// The value, and the derivative divided by the distance, which is finite at the center.
    pub fn at_one(&self, r: f64) -> (f64, f64) {
        let Self { r_cut, exponent } = *self;
        if exponent == 0 {
            return (1.0, 0.0);
        }
        let ratio = r / r_cut;
        let base = ((1.0 - ratio) * (1.0 + ratio)).max(0.0);
        let power = base.powi(exponent as i32 - 1);
        (power * base, -2.0 * f64::from(exponent) / (r_cut * r_cut) * power)
    }
}

impl Cutoff for SquareCutoff {
    #[inline(always)]
    fn at<V: Lanes>(&self, r: V) -> (V, V) {
        let both = r.to_array().map(|r| self.at_one(r));
        (V::load(&both.map(|(value, _)| value)), V::load(&both.map(|(_, derivative)| derivative)) * r)
    }

    fn smoothness(&self) -> Option<u8> {
        self.exponent.checked_sub(1).map(|n| n.min(u32::from(u8::MAX)) as u8)
    }
}
