//! Runs of bins that touch the sphere around a center.

// Everything here is inlined into the search, so that it is compiled for the instructions of the search's processor.
#![allow(clippy::inline_always)]

use super::Vector;
use super::layout::{Axis, BinLayout};
use crate::geometry::cell::finite;

/// A stretch of consecutive slots, all in the same periodic image.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub start: u32,
    /// One past the last slot.
    pub end: u32,
    /// The lattice vector of the image.
    pub shift: Vector,
}

/// Calls `visit` with every run of bins, image by image, in which sites of a center at `origin` may lie; stops and
/// returns false as soon as `visit` does.
///
/// Planes of bins, then columns in a plane, then bins in a column: on each level the distances already certain leave
/// a shorter radius for the next. Lengths are in units of a bin's length along the column.
#[inline(always)]
pub(super) fn visit(layout: &BinLayout, offsets: &[u32], origin: Vector, mut visit: impl FnMut(Run) -> bool) -> bool {
    let q = layout.coordinates(origin);
    // Along a periodic axis a point has been wrapped, and along one that is not, all atoms that are cut into bins are
    // within so many bins of the origin that a point whose coordinate overflows is far from all.
    if !finite(q) {
        return true;
    }
    let BinLayout { axes: [plane_axis, column_axis, run_axis], y, x: [x0, x1], z: [z0, z1], reach, .. } = layout;
    // Half of what the place within a bin's cross-section adds along the next axis.
    let (blur_x, blur_z) = (0.5 * x0.abs(), 0.5 * (z0.abs() + z1.abs()));
    let (margin, per_x) = (0.5 * x1 + blur_x, 1.0 / x1);
    let square = reach * reach;
    let mut plane = AxisBins::new(plane_axis, q[0], reach / y);
    while plane.step() {
        let up = plane.middle - q[0];
        let near = larger(up.abs() - 0.5, 0.0) * y;
        let square = larger(square - near * near, 0.0);
        let sideways = up * x0;
        let mut column = AxisBins::new(column_axis, q[1] - sideways * per_x, (square.sqrt() + blur_x) * per_x);
        while column.step() {
            let across = column.middle - q[1];
            let near = larger((across * x1 + sideways).abs() - margin, 0.0);
            let half = larger(square - near * near, 0.0).sqrt() + blur_z;
            let (low, high) = run_axis.range(q[2] - (across * z1 + up * z0), half);
            let row = ((plane.bin * column_axis.n + column.bin) * run_axis.n) as usize;
            let row = &offsets[row..=row + run_axis.n as usize];
            let shift = add(plane.shift, column.shift);
            let mut image = run_axis.image(low);
            let (mut low, mut high) = (low - image * run_axis.n, high - image * run_axis.n);
            while low <= high {
                let start = row[low as usize];
                let end = row[smaller(high + 1, run_axis.n) as usize];
                if start < end && !visit(Run { start, end, shift: add(shift, times(run_axis.period, image)) }) {
                    return false;
                }
                (low, high, image) = (0, high - run_axis.n, image + 1);
            }
        }
    }
    true
}

/// The bins along an axis that a range touches, image by image.
struct AxisBins<'a> {
    axis: &'a Axis,
    /// Bins that are still to come.
    rest: i64,
    bin: i64,
    image: i64,
    /// Middle of the bin, counted on through all images.
    middle: f64,
    /// The lattice vector of the image.
    shift: Vector,
}

impl<'a> AxisBins<'a> {
    #[inline(always)]
    fn new(axis: &'a Axis, center: f64, half: f64) -> Self {
        let (low, high) = axis.range(center, half);
        let image = axis.image(low);
        // One step before the first.
        let (bin, middle) = (low - image * axis.n - 1, low as f64 - 0.5);
        Self { axis, rest: high - low + 1, bin, image, middle, shift: times(axis.period, image) }
    }

    #[inline(always)]
    fn step(&mut self) -> bool {
        self.rest -= 1;
        self.bin += 1;
        self.middle += 1.0;
        if self.bin == self.axis.n {
            self.bin = 0;
            self.image += 1;
            self.shift = times(self.axis.period, self.image);
        }
        self.rest >= 0
    }
}

impl Axis {
    /// First and last bin that touch `center ± half`; where there are no images, the
    /// nearest that exist.
    #[inline(always)]
    fn range(&self, center: f64, half: f64) -> (i64, i64) {
        // Rounded to the nearest after this, and so rounded down.
        let center = center - 0.5;
        let clamp = |place| round(smaller(larger(place, self.first), self.last));
        (clamp(center - half), clamp(center + half))
    }

    /// The image in which a bin lies, without a division where that is easy.
    #[inline(always)]
    fn image(&self, place: i64) -> i64 {
        if ((place + self.n) as u64) < 3 * self.n as u64 {
            i64::from(place >= self.n) - i64::from(place < 0)
        } else {
            place.div_euclid(self.n)
        }
    }
}

/// The nearest integer to a number of at most [`super::layout::FAR`].
///
/// Doubles from 2^52 to 2^53 are the integers, in the order of their bits.
#[inline(always)]
fn round(x: f64) -> i64 {
    const INTEGERS: f64 = 6755399441055744.0;
    (x + INTEGERS).to_bits() as i64 - INTEGERS.to_bits() as i64
}

/// The larger of two numbers, in one instruction: `max` needs three to treat NaN well.
#[inline(always)]
fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// The smaller of two numbers, in one instruction: `min` needs three to treat NaN well.
#[inline(always)]
fn smaller<T: PartialOrd>(a: T, b: T) -> T {
    if a < b { a } else { b }
}

#[inline(always)]
fn times(period: Vector, image: i64) -> Vector {
    period.map(|x| x * image as f64)
}

#[inline(always)]
fn add(a: Vector, b: Vector) -> Vector {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}
