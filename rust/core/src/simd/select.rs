//! Selection of the points within the cutoff from contiguous runs: test eight distances, keep the hits, close the gaps.
//!
//! Every instruction set gives the same bits in the same order: products and sums are rounded one by one (nothing is
//! fused), so that the sites of a center never depend on the machine.

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

/// Where the next hit goes. Each pointer may be written to from `len` for as many points as are still to be tested,
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
        Isa::Avx512 => unsafe { select_avx512(&task, &mut output) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has AVX2; blocks and room were checked above.
        Isa::Avx2 => unsafe { select_avx2(&task, &mut output) },
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

#[cfg(target_arch = "x86_64")]
#[allow(clippy::wildcard_imports)] // Thirty names that begin alike.
use std::arch::x86_64::*;

/// Eight points at a time; the processor itself closes the gaps.
///
/// # Safety
/// As for [`select_baseline`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx2,popcnt")]
unsafe fn select_avx512(task: &Task<'_>, output: &mut HitWriter) {
    let [ox, oy, oz] = task.origin.map(|x| _mm512_set1_pd(x));
    let limit = _mm512_set1_pd(task.limit);
    let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    let mut len = output.len;
    for block in task.blocks {
        let at = block.start() as usize;
        // SAFETY: the image exists, and there are eight points from `at` on. At most eight elements were kept for each block before, and
        // eight more fit behind them.
        unsafe {
            let [sx, sy, sz] = task.images.get_unchecked(block.image()).map(|x| _mm512_set1_pd(x));
            let dx = _mm512_loadu_pd(task.points.x.as_ptr().add(at));
            let dy = _mm512_loadu_pd(task.points.y.as_ptr().add(at));
            let dz = _mm512_loadu_pd(task.points.z.as_ptr().add(at));
            let dx = _mm512_add_pd(_mm512_sub_pd(dx, ox), sx);
            let dy = _mm512_add_pd(_mm512_sub_pd(dy, oy), sy);
            let dz = _mm512_add_pd(_mm512_sub_pd(dz, oz), sz);
            let square =
                _mm512_add_pd(_mm512_add_pd(_mm512_mul_pd(dx, dx), _mm512_mul_pd(dy, dy)), _mm512_mul_pd(dz, dz));
            let hits = _mm512_mask_cmp_pd_mask::<_CMP_LT_OQ>(block.mask(), square, limit);
            let slots = _mm256_add_epi32(_mm256_set1_epi32(block.start() as i32), lanes);
            // To a register, then to memory: compressing into memory takes some processors a hundred cycles.
            _mm256_storeu_si256(output.slot.add(len).cast(), _mm256_maskz_compress_epi32(hits, slots));
            _mm512_storeu_pd(output.dx.add(len), _mm512_maskz_compress_pd(hits, dx));
            _mm512_storeu_pd(output.dy.add(len), _mm512_maskz_compress_pd(hits, dy));
            _mm512_storeu_pd(output.dz.add(len), _mm512_maskz_compress_pd(hits, dz));
            len += hits.count_ones() as usize;
        }
    }
    output.len = len;
}

/// Where each half of the hits of four lanes comes from: `GATHER[mask]` moves the lanes of `mask` to the front.
#[cfg(target_arch = "x86_64")]
static GATHER: [[u32; 8]; 16] = {
    let mut table = [[0; 8]; 16];
    let mut mask = 0;
    while mask < 16 {
        let (mut lane, mut front) = (0, 0);
        while lane < 4 {
            if mask >> lane & 1 == 1 {
                table[mask][2 * front] = 2 * lane;
                table[mask][2 * front + 1] = 2 * lane + 1;
                front += 1;
            }
            lane += 1;
        }
        mask += 1;
    }
    table
};

/// [`GATHER`] for four 32-bit lanes, byte by byte.
#[cfg(target_arch = "x86_64")]
static GATHER_SLOTS: [[u8; 16]; 16] = {
    let mut table = [[0; 16]; 16];
    let mut mask = 0;
    while mask < 16 {
        let mut lane = 0;
        while lane < 16 {
            // Each 64-bit lane `l` of `GATHER` is `2 l`, and the bytes of the 32-bit lane `l` begin at `4 l`.
            table[mask][lane] = (GATHER[mask][2 * (lane / 4)] * 2) as u8 + (lane % 4) as u8;
            lane += 1;
        }
        mask += 1;
    }
    table
};

/// Four points at a time; a table closes the gaps.
///
/// # Safety
/// As for [`select_baseline`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt")]
unsafe fn select_avx2(task: &Task<'_>, output: &mut HitWriter) {
    let [ox, oy, oz] = task.origin.map(|x| _mm256_set1_pd(x));
    let limit = _mm256_set1_pd(task.limit);
    let lanes = _mm_setr_epi32(0, 1, 2, 3);
    let mut len = output.len;
    for (block, half) in task.blocks.iter().flat_map(|block| [(block, 0), (block, 4)]) {
        let start = block.start() + half;
        let at = start as usize;
        // SAFETY: the image exists; there are eight points from the start of the block on, and so four from `at` on; a mask of four
        // bits is an index into the tables. At most four elements were kept for each half before, and four more fit
        // behind them.
        unsafe {
            let [sx, sy, sz] = task.images.get_unchecked(block.image()).map(|x| _mm256_set1_pd(x));
            let dx = _mm256_loadu_pd(task.points.x.as_ptr().add(at));
            let dy = _mm256_loadu_pd(task.points.y.as_ptr().add(at));
            let dz = _mm256_loadu_pd(task.points.z.as_ptr().add(at));
            let dx = _mm256_add_pd(_mm256_sub_pd(dx, ox), sx);
            let dy = _mm256_add_pd(_mm256_sub_pd(dy, oy), sy);
            let dz = _mm256_add_pd(_mm256_sub_pd(dz, oz), sz);
            let square =
                _mm256_add_pd(_mm256_add_pd(_mm256_mul_pd(dx, dx), _mm256_mul_pd(dy, dy)), _mm256_mul_pd(dz, dz));
            let near = _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_LT_OQ>(square, limit));
            let hits = near as usize & usize::from(block.mask() >> half) & 15;
            let gather = _mm256_loadu_si256(GATHER[hits].as_ptr().cast());
            let slots = _mm_add_epi32(_mm_set1_epi32(start as i32), lanes);
            let slots = _mm_shuffle_epi8(slots, _mm_loadu_si128(GATHER_SLOTS[hits].as_ptr().cast()));
            let compress = |v| _mm256_castps_pd(_mm256_permutevar8x32_ps(_mm256_castpd_ps(v), gather));
            _mm_storeu_si128(output.slot.add(len).cast(), slots);
            _mm256_storeu_pd(output.dx.add(len), compress(dx));
            _mm256_storeu_pd(output.dy.add(len), compress(dy));
            _mm256_storeu_pd(output.dz.add(len), compress(dz));
            len += hits.count_ones() as usize;
        }
    }
    output.len = len;
}

/// Squares below this, 2^-1000, lose digits: vectors so short, of less than 1e-150, have no length and no direction.
const SMALLEST: f64 = 9.332636185032189e-302;

/// Replaces `r` by the lengths of the vectors, squared, summed and rounded as [`select`] did.
///
/// # Panics
/// If the arrays differ in length.
pub fn lengths(isa: Isa, dx: &[f64], dy: &[f64], dz: &[f64], r: &mut Vec<f64>) {
    r.clear();
    r.resize(dx.len(), 0.0);
    match available(isa) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has AVX-512.
        Isa::Avx512 => unsafe { lengths_avx512(dx, dy, dz, r) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has AVX2.
        Isa::Avx2 => unsafe { lengths_avx2(dx, dy, dz, r) },
        _ => lengths_baseline(dx, dy, dz, r),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl")]
fn lengths_avx512(dx: &[f64], dy: &[f64], dz: &[f64], r: &mut [f64]) {
    lengths_baseline(dx, dy, dz, r);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn lengths_avx2(dx: &[f64], dy: &[f64], dz: &[f64], r: &mut [f64]) {
    lengths_baseline(dx, dy, dz, r);
}

#[allow(clippy::inline_always)] // Compiled for the instructions of each caller.
#[inline(always)]
fn lengths_baseline(dx: &[f64], dy: &[f64], dz: &[f64], r: &mut [f64]) {
    assert!(dy.len() == dx.len() && dz.len() == dx.len() && r.len() == dx.len());
    for (((x, y), z), r) in dx.iter().zip(dy).zip(dz).zip(r) {
        let square = (x * x + y * y) + z * z;
        *r = if square < SMALLEST { 0.0 } else { square.sqrt() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers in [-1, 1) that look random.
    fn noise(n: usize, seed: u64) -> Vec<f64> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
        };
        (0..n).map(|_| next()).collect()
    }

    fn families() -> impl Iterator<Item = Isa> {
        [Isa::Baseline, Isa::Avx2, Isa::Avx512].into_iter().filter(|&isa| isa <= Isa::detect())
    }

    #[test]
    fn every_family_keeps_the_same_points_and_bits() {
        let [x, y, z] = [1, 2, 3].map(|seed| noise(500, seed));
        let points = Points { x: &x, y: &y, z: &z };
        let images = [[0.0; 3], [0.3, -0.1, 0.7], [1.1, 0.9, -0.2]];
        let origin = [0.1, -0.2, 0.05];
        let blocks: Vec<Candidates> =
            (0..700_u32).map(|k| Candidates::new(k * 37 % 493, k as usize % 3, ((k * 91) >> 2) as u8)).collect();
        for limit in [0.0, 0.3, 1.5, 100.0] {
            let mut expected = Vec::new();
            for block in &blocks {
                for slot in (0..8).filter(|lane| block.mask() >> lane & 1 == 1).map(|lane| block.start() + lane) {
                    let (at, image) = (slot as usize, images[block.image()]);
                    let [dx, dy, dz] = [
                        (x[at] - origin[0]) + image[0],
                        (y[at] - origin[1]) + image[1],
                        (z[at] - origin[2]) + image[2],
                    ];
                    let square = (dx * dx + dy * dy) + dz * dz;
                    if square < limit {
                        expected.push((slot, [dx, dy, dz, square.sqrt()].map(f64::to_bits)));
                    }
                }
            }
            for isa in families() {
                let mut found = Found::default();
                // Twice, so that the second half is appended.
                let (first, second) = blocks.split_at(301);
                select(isa, points, first, &images, origin, limit, &mut found);
                select(isa, points, second, &images, origin, limit, &mut found);
                let mut r = vec![7.0; 3];
                lengths(isa, &found.dx, &found.dy, &found.dz, &mut r);
                let all: Vec<_> = (0..found.len())
                    .map(|k| (found.slot[k], [found.dx[k], found.dy[k], found.dz[k], r[k]].map(f64::to_bits)))
                    .collect();
                assert_eq!((all.len(), r.len()), (expected.len(), expected.len()), "{isa:?}");
                assert!(all == expected, "{isa:?}");
                found.clear();
                assert!(found.is_empty());
            }
        }
    }

    #[test]
    fn nan_is_never_near() {
        let x = [f64::NAN; 8];
        for isa in families() {
            let mut found = Found::default();
            let points = Points { x: &x, y: &x, z: &x };
            select(isa, points, &[Candidates::new(0, 0, u8::MAX)], &[[0.0; 3]], [0.0; 3], f64::INFINITY, &mut found);
            assert!(found.is_empty());
        }
    }

    /// Tests one block of sixteen points without images but the first.
    fn select_block(block: Candidates) {
        let x = [0.0; 16];
        let points = Points { x: &x, y: &x, z: &x };
        select(Isa::detect(), points, &[block], &[[0.0; 3]], [0.0; 3], 1.0, &mut Found::default());
    }

    #[test]
    #[should_panic(expected = "assertion failed")]
    fn blocks_must_not_leave_the_points() {
        select_block(Candidates::new(9, 0, 1));
    }

    #[test]
    #[should_panic(expected = "assertion failed")]
    fn images_must_exist() {
        select_block(Candidates::new(8, 1, 1));
    }
}
