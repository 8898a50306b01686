//! What the pairs of a batch have in common: so many of them, side by side.

use crate::simd::{LANES, Lanes};

/// Packs in a batch: few enough that what belongs to them stays in the first-level cache.
pub const PACKS_PER_BATCH: usize = 16;
/// Pairs in a batch.
pub const PAIRS_PER_BATCH: usize = PACKS_PER_BATCH * LANES;

/// One quantity of the pairs of a batch.
#[derive(Debug, Clone)]
#[repr(C, align(64))]
pub struct PairLanes(pub [f64; PAIRS_PER_BATCH]);

impl PairLanes {
    pub const ZERO: Self = Self([0.0; PAIRS_PER_BATCH]);

    #[inline(always)]
    pub fn load<V: Lanes>(&self, pack: usize) -> V {
        V::load(&self.0.as_chunks::<LANES>().0[pack])
    }

    #[inline(always)]
    pub fn store<V: Lanes>(&mut self, pack: usize, lanes: V) {
        lanes.store(&mut self.0.as_chunks_mut::<LANES>().0[pack]);
    }
}
