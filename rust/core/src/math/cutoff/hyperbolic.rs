//! The cube of the hyperbolic tangent.

use crate::simd::{Lanes, exp};

/// `height · tanh³(1 - x)`, and its derivative by the distance, with `scale = dx / dr`.
#[inline(always)]
pub(super) fn tanh_cubed<V: Lanes>(x: V, scale: V, height: f64) -> (V, V) {
    let one = V::splat(1.0);
    let y = one.sub(x);
    let falling = exp(y.mul(V::splat(-2.0)));
    let tanh = one.sub(falling).div(one.add(falling));
    let square = tanh.mul(tanh).mul(V::splat(height));
    let slope = square.mul(tanh.neg_mul_add(tanh, one)).mul(scale).mul(V::splat(-3.0));
    (square.mul(tanh), slope)
}
