//! The polynomials of lowest degree with so many derivatives that are zero at both ends.

use crate::simd::Lanes;

/// The polynomial `y^(n+1) (1 + c_1 x + ...)`, `y = 1 - x`, highest coefficient first, and its derivative `-d xⁿ yⁿ`:
/// no term is negative, so none cancels another.
const POLYNOMIALS: [([f64; 5], f64); 4] = [
    ([0.0, 0.0, 0.0, 2.0, 1.0], 6.0),
    ([0.0, 0.0, 6.0, 3.0, 1.0], 30.0),
    ([0.0, 20.0, 10.0, 4.0, 1.0], 140.0),
    ([70.0, 35.0, 15.0, 5.0, 1.0], 630.0),
];

/// The polynomial with `n` derivatives that are zero at both ends, one to four, and its derivative by the distance,
/// with `scale = dx / dr`.
#[inline(always)]
pub(super) fn polynomial<V: Lanes>(n: u8, x: V, scale: V) -> (V, V) {
    let n = usize::from(n.clamp(1, 4));
    let one = V::splat(1.0);
    let y = one - x;
    let (coefficients, height) = POLYNOMIALS[n - 1];
    let (mut value, mut powers) = (V::zero(), one);
    for c in coefficients {
        value = value.mul_add(x, V::splat(c));
    }
    for _ in 0..n {
        value *= y;
        powers = powers * x * y;
    }
    (value * y, powers * scale * V::splat(-height))
}
