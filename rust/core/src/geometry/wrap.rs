//! Back into the cell: sums of lattice vectors that lose no digits, however far away a point is.

// Whole numbers are compared, which are exact.
#![allow(clippy::float_cmp)]

use super::Cell;
use super::cell::{Vector, dot};

/// From here on every `f64` is an integer.
pub(super) const INTEGERS: f64 = 4503599627370496.0;

/// Bits of the multiples of lattice vectors that are taken off at a time: as many as a coordinate has.
const STEP: i32 = 52;
/// More steps than the range of a double needs.
const MAX_STEPS: usize = 100;

/// `start + Σ coefficients · vectors`, the rounding errors of every product and sum collected and added at the end.
pub(super) fn combine(start: Vector, coefficients: Vector, vectors: &[Vector; 3]) -> Vector {
    let mut result = start;
    for (xyz, sum) in result.iter_mut().enumerate() {
        let mut lost = 0.0;
        for (coefficient, vector) in coefficients.iter().zip(vectors).filter(|(coefficient, _)| **coefficient != 0.0) {
            let product = coefficient * vector[xyz];
            lost += coefficient.mul_add(vector[xyz], -product);
            let before = *sum;
            *sum += product;
            let added = *sum - before;
            lost += (before - (*sum - added)) + (product - added);
        }
        *sum += lost;
    }
    result
}

/// The largest integer not above `x`; zero for NaN.
///
/// The processors of the baseline have no instruction for `f64::floor`, and a call costs more than this.
#[inline]
pub(crate) fn floor(x: f64) -> f64 {
    if x.abs() >= INTEGERS {
        return x;
    }
    let truncated = x as i64 as f64;
    if truncated > x { truncated - 1.0 } else { truncated }
}

/// [`Cell::wrap`] for a point so far away that multiples of the lattice vectors are rounded: all digits of what is left
/// are kept until it is inside.
///
/// If an axis that is not periodic takes part in coordinates along those that are, and the point is far out along it,
/// no image may be inside but for rounding; then this is any image.
pub(super) fn exactly(cell: &Cell, point: Vector) -> Vector {
    let mut rest = point.map(|x| vec![x]);
    for _ in 0..MAX_STEPS {
        let near = [0, 1, 2].map(|xyz| rest[xyz].iter().sum::<f64>());
        let steps = [0, 1, 2].map(|axis| if cell.periodic[axis] { step(cell, axis, near) } else { (0.0, 0) });
        if steps.iter().all(|&(multiple, power)| multiple == 0.0 && power == 0) {
            break;
        }
        for ((multiple, power), row) in steps.into_iter().zip(cell.basis).filter(|((multiple, _), _)| *multiple != 0.0)
        {
            for (rest, x) in rest.iter_mut().zip(row) {
                let x = libm::ldexp(x, power);
                let product = multiple * x;
                add(rest, multiple.mul_add(x, -product));
                add(rest, product);
            }
        }
    }
    rest.map(|parts| parts.iter().sum())
}

/// A multiple of a lattice vector that brings `point` near the cell, or into it: an integer, and the power
/// of two that it is to be multiplied with, so that nothing overflows and nothing is rounded.
fn step(cell: &Cell, axis: usize, point: Vector) -> (f64, i32) {
    let row = cell.reciprocal[axis];
    let exponent = |x: f64| libm::frexp(x).1;
    let terms = row.into_iter().zip(point).filter(|&(a, b)| a != 0.0 && b != 0.0);
    let power = terms.map(|(a, b)| exponent(a) + exponent(b) - STEP).fold(0, i32::max);
    let fraction = dot(row, point.map(|x| libm::ldexp(x, -power)));
    (if power == 0 { -floor(fraction - cell.low[axis]) } else { -fraction.trunc() }, power)
}

/// Adds `x` to the exact sum of `parts`, which ascend and do not overlap.
fn add(parts: &mut Vec<f64>, x: f64) {
    let mut carry = x;
    parts.retain_mut(|part| {
        let sum = carry + *part;
        let added = sum - carry;
        let lost = (carry - (sum - added)) + (*part - added);
        carry = sum;
        *part = lost;
        lost != 0.0
    });
    parts.push(carry);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(rows: [Vector; 3], periodic: [bool; 3]) -> Cell {
        Cell::complete(rows, periodic).unwrap()
    }

    #[test]
    fn sums_are_exact() {
        let mut parts = vec![1e300];
        for x in [1.0, 1e-300, -1e300, 3e-5, -1.0, -1e-300] {
            add(&mut parts, x);
        }
        assert_eq!(parts.iter().sum::<f64>(), 3e-5);
    }

    #[test]
    fn far_points_keep_their_place() {
        // Multiples of the powers of two that are lattice vectors, wherever they are.
        let skewed = cell([[4.0, 0.0, 0.0], [1.0, 8.0, 0.0], [-0.5, 2.0, 16.0]], [true; 3]);
        for far in [1e17, 1e30, 1e200, 8e307] {
            let far = libm::ldexp(1.0, libm::frexp(far).1 - 1);
            assert_eq!(exactly(&skewed, [far, 0.0, 0.0]), [0.0; 3], "{far}");
            assert_eq!(skewed.wrap([-far, far, -far]), [0.0; 3], "{far}");
        }
        // 2^k mod 3 is 1 or 2.
        let three = cell([[3.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 3.0]], [true, true, false]);
        assert_eq!(three.wrap([libm::ldexp(1.0, 1000), -libm::ldexp(1.0, 1001), 1e300]), [1.0, 1.0, 1e300]);
    }

    #[test]
    fn a_cell_may_begin_anywhere() {
        let centered = Cell { low: [-0.5; 3], ..cell([[1e12, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 2.0]], [true; 3]) };
        assert_eq!(centered.wrap([-1.234_567_8e-7, 1.5, -1.0]), [-1.234_567_8e-7, -0.5, -1.0]);
        assert_eq!(centered.wrap([3e12 - 1.0, 0.25, 1.0]), [-1.0, 0.25, -1.0]);
    }

    #[test]
    fn floor_is_floor() {
        for x in [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, -1.5, 1e15 + 0.5, -1e15 - 0.5, 1e300, -1e300] {
            assert_eq!(floor(x), x.floor());
        }
        assert_eq!(floor(f64::NAN), 0.0);
    }
}
