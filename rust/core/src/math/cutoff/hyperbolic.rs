//! The cube of the hyperbolic tangent.

use crate::simd::{Lanes, exp};

/// `height · tanh³(1 - x)`, and its derivative by the distance, with `scale = dx / dr`.
#[inline(always)]
pub(super) fn tanh_cubed<V: Lanes>(x: V, scale: V, height: f64) -> (V, V) {
    let one = V::splat(1.0);
    let y = one - x;
    let falling = exp(y * V::splat(-2.0));
    let tanh = (one - falling) / (one + falling);
    let square = tanh * tanh * V::splat(height);
    let derivative = square * tanh.neg_mul_add(tanh, one) * scale * V::splat(-3.0);
    (square * tanh, derivative)
}
