//! The exponential all of whose derivatives are zero at the cutoff.

use crate::simd::{Lanes, exp};

/// Nearer to the cutoff than this, the exponential is less than 1e-200.
const FAINTEST: f64 = 1e-3;

/// `exp(1 - 1 / (1 - x²))`, and its derivative by the distance, with `scale = dx / dr`.
#[inline(always)]
pub(super) fn exponential<V: Lanes>(x: V, scale: V) -> (V, V) {
    let one = V::splat(1.0);
    let y = (one - x).max(V::splat(FAINTEST));
    let inverse = one / (y * (one + x));
    let value = exp(one - inverse);
    (value, value * x * inverse * inverse * scale * V::splat(-2.0))
}
