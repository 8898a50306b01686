//! Back into the cell: sums of lattice vectors that lose no digits, however far away a point is.

// Whole numbers are compared, which are exact.
#![allow(clippy::float_cmp)]

use super::Cell;
use super::cell::{Vector, dot};
use super::rounding::{INTEGERS, combine, floor};

/// Bits of the multiples of lattice vectors that are taken off at a time: as many as a coordinate has.
const STEP: i32 = 52;
/// More steps than the range of a double needs.
const MAX_STEPS: usize = 100;

/// So many lattice vectors are farther than the sum that stands for one should be trusted.
const MANY: f64 = 1048576.0;

impl Cell {
    /// The image of a point inside the cell, correct to the last digit or two however far away the point was; on a
    /// face it may be outside by as much. A point that is inside keeps its bits.
    #[inline]
    pub fn wrap(&self, point: Vector) -> Vector {
        let fractions = self.fractions(point);
        let inside = |axis: usize| !self.periodic[axis] || (0.0..1.0).contains(&(fractions[axis] - self.low[axis]));
        // Most points are; what is not a number has overflowed, and is not.
        if inside(0) && inside(1) && inside(2) { point } else { self.wrap_from_outside(point) }
    }

    fn wrap_from_outside(&self, point: Vector) -> Vector {
        let (mut point, most) = (point, if self.given.is_some() { MANY } else { INTEGERS });
        // The second round corrects what the rounding of a large coordinate did to the first.
        for _ in 0..32 {
            let (mut shift, mut far) = (self.fractions(point), false);
            for (axis, shift) in shift.iter_mut().enumerate() {
                if self.periodic[axis] {
                    far |= shift.is_nan() || shift.abs() >= most;
                    *shift = -floor(*shift - self.low[axis]);
                } else {
                    *shift = 0.0;
                }
            }
            if far {
                return self.wrap_from_afar(point);
            }
            if shift == [0.0; 3] {
                break;
            }
            point = combine(point, shift, &self.basis);
        }
        point
    }

    /// Takes off what many of the vectors that were given add up to, and then whatever is left of the shorter ones.
    #[cold]
    fn wrap_from_afar(&self, point: Vector) -> Vector {
        let given = self.given.and_then(|rows| Self::complete(rows, self.periodic));
        let point = given.map_or(point, |given| exactly(&given, point));
        exactly(self, point)
    }
}

/// [`Cell::wrap`] for a point so far away that multiples of the lattice vectors are rounded: all digits of what is left
/// are kept until it is inside.
///
/// If an axis that is not periodic takes part in coordinates along those that are, and the point is far out along it,
/// no image may be inside but for rounding; then this is any image.
fn exactly(cell: &Cell, point: Vector) -> Vector {
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
}
