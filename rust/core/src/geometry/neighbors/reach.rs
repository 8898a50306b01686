//! Which bins touch the sphere around a center?

use super::Vector;
use super::layout::{Axis, Layout};
use crate::geometry::cell::finite;

/// A stretch of consecutive slots, all in the same periodic image.
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
/// a shorter radius for the next.
// Inlined into its caller, so that it is compiled for the instructions of the caller's processor.
#[allow(clippy::inline_always)]
#[inline(always)]
pub(super) fn visit(layout: &Layout, offsets: &[u32], origin: Vector, mut visit: impl FnMut(Run) -> bool) -> bool {
    let q = layout.coordinates(origin);
    if !finite(q) {
        return true;
    }
    let [plane_axis, column_axis, run_axis] = &layout.axes;
    let [x0, x1] = layout.x;
    let [z0, z1, z2] = layout.z;
    // Half of what the place within a bin's cross-section adds along the next axis.
    let (blur_x, blur_z) = (0.5 * x0.abs(), 0.5 * (z0.abs() + z1.abs()));
    let (per_x, per_z) = (1.0 / x1, 1.0 / z2);
    let square = layout.reach * layout.reach;
    let mut plane = Walk::new(plane_axis, q[0], layout.reach / layout.y);
    while plane.place <= plane.last {
        let up = plane.place as f64 + 0.5 - q[0];
        let near = (up.abs() - 0.5).max(0.0) * layout.y;
        let square = (square - near * near).max(0.0);
        let half = square.sqrt() + blur_x;
        let mut column = Walk::new(column_axis, q[1] - up * x0 * per_x, half * per_x);
        while column.place <= column.last {
            let across = column.place as f64 + 0.5 - q[1];
            let near = ((across * x1 + up * x0).abs() - 0.5 * x1 - blur_x).max(0.0);
            let half = (square - near * near).max(0.0).sqrt() + blur_z;
            let center = q[2] - (across * z1 + up * z0) * per_z;
            let row = ((plane.bin * column_axis.n + column.bin) * run_axis.n) as usize;
            let row = &offsets[row..=row + run_axis.n as usize];
            let shift = add(times(plane_axis.period, plane.image), times(column_axis.period, column.image));
            let (low, high) = run_axis.range(center, half * per_z);
            let mut image = run_axis.image(low);
            let mut first = image * run_axis.n;
            while first <= high {
                let start = row[(low - first).max(0) as usize];
                let end = row[(high - first + 1).min(run_axis.n) as usize];
                let shift = add(shift, times(run_axis.period, image));
                if start < end && !visit(Run { start, end, shift }) {
                    return false;
                }
                image += 1;
                first += run_axis.n;
            }
            column.step();
        }
        plane.step();
    }
    true
}

/// The bins along an axis that a range touches, image by image.
struct Walk {
    /// The bin, counted on through all images.
    place: i64,
    last: i64,
    bin: i64,
    image: i64,
    n: i64,
}

impl Walk {
    #[inline(always)]
    fn new(axis: &Axis, center: f64, half: f64) -> Self {
        let (place, last) = axis.range(center, half);
        let image = axis.image(place);
        Self { place, last, bin: place - image * axis.n, image, n: axis.n }
    }

    #[inline(always)]
    fn step(&mut self) {
        self.place += 1;
        self.bin += 1;
        if self.bin == self.n {
            self.bin = 0;
            self.image += 1;
        }
    }
}

impl Axis {
    /// First and last bin that touch `center ± half`; where there are no images, of those that exist.
    #[inline(always)]
    fn range(&self, center: f64, half: f64) -> (i64, i64) {
        let low = (center - half).max(self.first).min(FAR);
        let high = (center + half).min(self.last).max(-FAR);
        (round_down(low), round_down(high))
    }

    /// The image in which a bin lies, without a division where that is easy.
    #[inline(always)]
    fn image(&self, place: i64) -> i64 {
        if !self.periodic || (0..self.n).contains(&place) { 0 } else { place.div_euclid(self.n) }
    }
}

/// Bins further away than this are not told apart.
pub(super) const FAR: f64 = 1125899906842624.0;

/// The integer below a number of at most [`FAR`]; for an integer itself, it or the one before.
///
/// Doubles from 2^52 to 2^53 are the integers, in the order of their bits.
#[inline(always)]
fn round_down(x: f64) -> i64 {
    const INTEGERS: f64 = 6755399441055744.0;
    ((x - 0.5) + INTEGERS).to_bits() as i64 - INTEGERS.to_bits() as i64
}

#[inline(always)]
fn times(period: Vector, image: i64) -> Vector {
    period.map(|x| x * image as f64)
}

#[inline(always)]
fn add(a: Vector, b: Vector) -> Vector {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}
