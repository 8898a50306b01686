//! Selection with the instructions of one family of processors.

#[allow(clippy::wildcard_imports)] // Thirty names that begin alike.
use std::arch::x86_64::*;

use super::{HitWriter, Task};

/// Eight points at a time; the processor itself closes the gaps.
///
/// # Safety
/// As for [`select_baseline`](super::select_baseline).
#[target_feature(enable = "avx512f,avx512vl,avx2,popcnt")]
pub unsafe fn select_avx512(task: &Task<'_>, output: &mut HitWriter) {
    let [ox, oy, oz] = task.origin.map(|x| _mm512_set1_pd(x));
    let limit = _mm512_set1_pd(task.limit);
    let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    let mut len = output.len;
    for block in task.blocks {
        let at = block.start() as usize;
        // SAFETY: the image exists, and there are eight points from `at` on. At most eight elements were kept for each
        // block before, and eight more fit behind them.
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

/// Origin of each half of the hits of four lanes: `GATHER[mask]` moves the lanes of `mask` to the front.
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
/// As for [`select_baseline`](super::select_baseline).
#[target_feature(enable = "avx2,popcnt")]
pub unsafe fn select_avx2(task: &Task<'_>, output: &mut HitWriter) {
    let [ox, oy, oz] = task.origin.map(|x| _mm256_set1_pd(x));
    let limit = _mm256_set1_pd(task.limit);
    let lanes = _mm_setr_epi32(0, 1, 2, 3);
    let mut len = output.len;
    for (block, half) in task.blocks.iter().flat_map(|block| [(block, 0), (block, 4)]) {
        let start = block.start() + half;
        let at = start as usize;
        // SAFETY: the image exists; there are eight points from the start of the block on, and so four from `at` on; a
        // mask of four bits is an index into the tables. At most four elements were kept for each half before, and
        // four more fit behind them.
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
