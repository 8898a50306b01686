//! What the pairs of a batch have in common: so many of them, side by side.

use crate::simd::{LANES, Lanes};

/// Packs in a batch: few enough that what belongs to them stays in the first-level cache.
pub const PACKS: usize = 16;
/// Pairs in a batch.
pub const PAIRS: usize = PACKS * LANES;

/// One quantity of the pairs of a batch.
#[derive(Debug, Clone)]
#[repr(C, align(64))]
pub struct Column(pub [f64; PAIRS]);

impl Column {
    pub const ZERO: Self = Self([0.0; PAIRS]);

    #[inline(always)]
    pub fn load<V: Lanes>(&self, pack: usize) -> V {
        V::load(&self.0.as_chunks::<LANES>().0[pack])
    }

    #[inline(always)]
    pub fn store<V: Lanes>(&mut self, pack: usize, lanes: V) {
        lanes.store(&mut self.0.as_chunks_mut::<LANES>().0[pack]);
    }
}
