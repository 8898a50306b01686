//! Lengths of any size, brought into the range that the search computes in.
//!
//! The search squares distances and divides by lengths, and so needs them far from the ends of the range of a double,
//! and cells that are not longer than all digits of a position can resolve. Ordinary frames are in that range and pass
//! through untouched.

use super::{MAX_IMAGES, Vector};
use crate::Error;
use crate::geometry::Frame;
use crate::geometry::cell::{Cell, norm};

/// Powers of two between which the cutoff is, and the one below which everything else is, in the search's unit.
const SMALLEST_CUTOFF: i32 = -450;
const LARGEST_CUTOFF: i32 = 350;
const LARGEST: i32 = 1000;

/// Cells thicker than this many cutoffs are centered on the origin: on its other side, coordinates keep their digits.
const THICK: f64 = 1048576.0;
/// Cells thicker than this many cutoffs have no two places near opposite faces that digits tell apart and that are
/// within a cutoff of each other: such an axis need not be periodic.
const ENDLESS: f64 = 72057594037927936.0;
/// The share of a cell next to its upper face that is moved to the lower one, so that rounding cannot decide.
const RIM: f64 = 1e-6;

/// Scaling and folding that brought a frame into the range of the search.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Range {
    /// Factor of lengths in Å, a power of two.
    pub unit: f64,
    /// Cells into which points are wrapped before all else, along axes that are then no longer periodic.
    folds: Vec<Cell>,
    /// The cutoff in the new unit.
    pub r_cut: f64,
}

impl Range {
    /// The range of `frame`, and its cell, reduced.
    ///
    /// # Errors
    /// Errors of [`Cell::new`]; [`Error::TooManyImages`] where a lattice vector is so short that this is certain, and
    /// [`Error::TooWide`] where no unit suits the frame and the cutoff.
    pub(super) fn new(frame: &Frame<'_>, frame_index: usize, r_cut: f64) -> Result<(Self, Cell), Error> {
        let cell = Cell::new(frame, frame_index)?;
        let power = power(frame, r_cut).map_err(|largest| Error::TooWide { frame: frame_index, largest, r_cut })?;
        let mut range = Self { unit: libm::ldexp(1.0, power), folds: Vec::new(), r_cut: libm::ldexp(r_cut, power) };
        let rows = frame.cell.map(|row| row.map(|x| x * range.unit));
        let short = (0..3).filter(|&axis| frame.pbc[axis]).map(|axis| norm(rows[axis])).fold(f64::INFINITY, f64::min);
        let images = 2.0 * range.r_cut / short;
        if images > 10.0 * MAX_IMAGES as f64 {
            return Err(Error::TooManyImages { frame: frame_index, images, limit: MAX_IMAGES, r_cut });
        }
        let cell = if power == 0 { Some(cell) } else { Cell::complete(rows, frame.pbc) };
        let singular = Error::SingularCell { frame: frame_index, cell: frame.cell, periodic: frame.pbc };
        let mut cell = cell.and_then(|cell| range.fold(cell)).ok_or(singular.clone())?.reduced();
        cell = range.fold(cell).ok_or(singular)?;
        for axis in (0..3).filter(|&axis| cell.periodic[axis]) {
            if cell.height(axis) > THICK * range.r_cut {
                cell.low[axis] = -0.5;
            }
        }
        Ok((range, cell))
    }

    /// Opens the axes along which the cell has no end that matters.
    fn fold(&mut self, cell: Cell) -> Option<Cell> {
        let endless = [0, 1, 2].map(|axis| cell.periodic[axis] && cell.height(axis) > ENDLESS * self.r_cut);
        if endless == [false; 3] {
            return Some(cell);
        }
        let others = [0, 1, 2].map(|axis| cell.periodic[axis] && !endless[axis]);
        let rest = cell.along(others);
        self.folds.push(Cell { periodic: endless, low: [-0.5; 3], ..cell });
        rest
    }

    /// Whether points are what they were.
    pub(super) fn is_plain(&self) -> bool {
        self.unit == 1.0 && self.folds.is_empty()
    }

    /// A point in the new unit, near the origin along axes that have become open; `None` if it has no place there.
    pub(super) fn bring(&self, point: Vector) -> Option<Vector> {
        let mut point = point.map(|x| x * self.unit);
        for cell in &self.folds {
            point = cell.wrap(point);
            if !cell.places(point.map(f64::abs)) {
                return None;
            }
            let fractions = cell.fractions(point);
            for axis in (0..3).filter(|&axis| cell.periodic[axis] && fractions[axis] > 0.5 - RIM) {
                point = [0, 1, 2].map(|xyz| point[xyz] - cell.basis[axis][xyz]);
            }
        }
        Some(point)
    }
}

/// The power of two that brings cutoff and coordinates into range; if there is none, the largest length.
fn power(frame: &Frame<'_>, r_cut: f64) -> Result<i32, f64> {
    let rows = (0..3).filter(|&axis| frame.pbc[axis]).map(|axis| &frame.cell[axis]);
    let largest = frame.positions.iter().chain(rows).flatten().fold(0.0_f64, |largest, x| largest.max(x.abs()));
    let (cutoff, size) = (libm::frexp(r_cut).1, libm::frexp(largest).1);
    let most = (LARGEST - size).min(LARGEST_CUTOFF - cutoff);
    let least = SMALLEST_CUTOFF - cutoff;
    if least > most { Err(largest) } else { Ok(0.clamp(least, most)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn power_of(x: f64, r_cut: f64) -> Result<i32, f64> {
        power(&Frame { positions: &[[0.0, x, 0.0]], numbers: &[], cell: [[0.0; 3]; 3], pbc: [false; 3] }, r_cut)
    }

    #[test]
    fn ordinary_frames_keep_their_unit() {
        for x in [0.0, 5e-324, 1.0, 1e200] {
            for r_cut in [1e-100, 1.0, 5.0, 1e100] {
                assert_eq!(power_of(x, r_cut), Ok(0), "{x}, {r_cut}");
            }
        }
    }

    #[test]
    fn others_are_brought_into_range() {
        for (x, r_cut) in [(f64::MAX, 2.0), (1.0, 5e-324), (1e-300, 1e-300), (1e300, 1e300), (0.0, f64::MAX)] {
            let power = power_of(x, r_cut).unwrap();
            assert_ne!(power, 0);
            let (x, r_cut) = (libm::ldexp(x, power), libm::ldexp(r_cut, power));
            assert!(x <= libm::ldexp(1.0, LARGEST) && r_cut > 1e-140 && r_cut < 1e140, "{x}, {r_cut}");
        }
        assert_eq!(power_of(1e300, 1e-300), Err(1e300));
    }
}
