//! Selection of the points within the cutoff from contiguous runs: test eight distances, keep the hits, close the gaps.
//!
//! Every instruction set gives the same bits in the same order: products and sums are rounded one by one (nothing is
//! fused), so that the sites of a center never depend on the machine.

mod lengths;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use lengths::lengths;

use super::{Isa, LANES};
use crate::{Error, memory};

/// Purpose of the memory, for the message where it is refused.
const PURPOSE: &str = "neighbor search";

/// Up to eight consecutive points, all in the same periodic image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Candidates(u64);

impl Candidates {
    /// Point `start + i` counts where bit `i` of `mask` is set; `image` is the number of its image.
    ///
    /// One word, because three stores instead of one would take longer than all the rest.
    #[inline]
    pub fn new(start: u32, image: usize, mask: u8) -> Self {
        Self(u64::from(start) | u64::from(mask) << 32 | u64::from(image as u16) << 48)
    }

    /// First point.
    #[inline]
    pub fn start(self) -> u32 {
        self.0 as u32
    }

    /// Mask of the points, among the eight, that count.
    #[inline]
    pub fn mask(self) -> u8 {
        (self.0 >> 32) as u8
    }

    /// Number of the image, modulo 2^16.
    #[inline]
    pub fn image(self) -> usize {
        (self.0 >> 48) as usize
    }
}

/// Coordinates of all points, and of [`LANES`] more, which no mask may include, so that whole vectors can be read.
#[derive(Debug, Clone, Copy)]
pub struct Points<'a> {
    /// First coordinate of each point.
    pub x: &'a [f64],
    /// Second coordinate of each point.
    pub y: &'a [f64],
    /// Third coordinate of each point.
    pub z: &'a [f64],
}

/// The points that were found: which they are, and the vectors to them.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Number of the point.
    pub slot: Vec<u32>,
    /// Vector from the origin to the point, the run's shift included.
    pub dx: Vec<f64>,
    /// Component y of each vector.
    pub dy: Vec<f64>,
    /// Component z of each vector.
    pub dz: Vec<f64>,
}

impl Found {
    /// Forgets all points and keeps the memory.
    pub fn clear(&mut self) {
        self.slot.clear();
        self.dx.clear();
        self.dy.clear();
        self.dz.clear();
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.slot.len()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.slot.is_empty()
    }

    /// Asks for the room that [`select`] needs for `more` points and a whole vector, and would not do without.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn expect(&mut self, more: usize) -> Result<(), Error> {
        memory::reserve(PURPOSE, &mut self.slot, more)?;
        for column in [&mut self.dx, &mut self.dy, &mut self.dz] {
            memory::reserve(PURPOSE, column, more)?;
        }
        Ok(())
    }

    /// Room for `more` points and a whole vector written past the last of them.
    fn reserve(&mut self, more: usize) -> HitWriter {
        let len = self.len();
        assert!(self.dx.len() == len && self.dy.len() == len && self.dz.len() == len);
        self.slot.reserve(more + LANES);
        self.dx.reserve(more + LANES);
        self.dy.reserve(more + LANES);
        self.dz.reserve(more + LANES);
        HitWriter {
            slot: self.slot.as_mut_ptr(),
            dx: self.dx.as_mut_ptr(),
            dy: self.dy.as_mut_ptr(),
            dz: self.dz.as_mut_ptr(),
            len,
        }
    }
}

/// Pointers to the place of the next hit. Each pointer may be written to from `len` for as many points as are still to be tested,
/// and [`LANES`] more.
struct HitWriter {
    slot: *mut u32,
    dx: *mut f64,
    dy: *mut f64,
    dz: *mut f64,
    len: usize,
}

/// Everything a kernel reads. From the start of each block on there are [`LANES`] points, and each block's image is
/// one of `images`, as [`select`] has asserted.
struct Task<'a> {
    points: Points<'a>,
    blocks: &'a [Candidates],
    images: &'a [[f64; 3]],
    origin: [f64; 3],
    limit: f64,
}

/// Appends to `found` the points of `blocks` whose squared distance from `origin` is below `limit`, in their order.
/// The vector in `images` that a block names is added to the vectors from the origin to its points.
///
/// # Panics
/// If the coordinates differ in length, or a block starts less than [`LANES`] points before their end, or its image
/// does not exist.
pub fn select(
    isa: Isa,
    points: Points<'_>,
    blocks: &[Candidates],
    images: &[[f64; 3]],
    origin: [f64; 3],
    limit: f64,
    found: &mut Found,
) {
    let n = points.x.len();
    assert!(points.y.len() == n && points.z.len() == n);
    let last = blocks.iter().fold((0, 0), |last, block| (block.start().max(last.0), block.image().max(last.1)));
    assert!(blocks.is_empty() || (last.0 as usize + LANES <= n && last.1 < images.len()));
    let task = Task { points, blocks, images, origin, limit };
    let mut output = found.reserve(LANES * blocks.len());
    match available(isa) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has AVX-512; blocks and room were checked above.
        Isa::Avx512 => unsafe { x86::select_avx512(&task, &mut output) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has AVX2; blocks and room were checked above.
        Isa::Avx2 => unsafe { x86::select_avx2(&task, &mut output) },
        // SAFETY: blocks and room were checked above.
        _ => unsafe { select_baseline(&task, &mut output) },
    }
    // SAFETY: the kernel has written every element below `output.len`, which is at most the length reserved.
    unsafe {
        found.slot.set_len(output.len);
        found.dx.set_len(output.len);
        found.dy.set_len(output.len);
        found.dz.set_len(output.len);
    }
}

/// `isa`, or less where this processor has less.
#[inline]
fn available(isa: Isa) -> Isa {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("popcnt") {
        return isa.min(Isa::detect());
    }
    let _ = isa;
    Isa::Baseline
}

/// One point at a time, without a branch: every point is written, and the next one overwrites it if it was too far.
///
/// # Safety
/// There are [`LANES`] points from the start of every block, and `output` has room for as many.
unsafe fn select_baseline(task: &Task<'_>, output: &mut HitWriter) {
    let [ox, oy, oz] = task.origin;
    let mut len = output.len;
    for block in task.blocks {
        let at = block.start() as usize..block.start() as usize + LANES;
        let [sx, sy, sz] = task.images[block.image()];
        let points = task.points.x[at.clone()].iter().zip(&task.points.y[at.clone()]).zip(&task.points.z[at]);
        for (lane, ((x, y), z)) in (0..).zip(points) {
            let (dx, dy, dz) = ((x - ox) + sx, (y - oy) + sy, (z - oz) + sz);
            // SAFETY: at most one element was kept for each point tested before, and there is room for all.
            unsafe {
                output.slot.add(len).write(block.start() + lane);
                output.dx.add(len).write(dx);
                output.dy.add(len).write(dy);
                output.dz.add(len).write(dz);
            }
            let near = (dx * dx + dy * dy) + dz * dz < task.limit;
            len += usize::from(near) & usize::from(block.mask() >> lane);
        }
    }
    output.len = len;
}
