//! Quantities of the pairs of a batch, side by side.

use crate::simd::{LANES, LaneArray};

/// Packs in a batch: few enough that what belongs to them stays in the first-level cache.
pub const PACKS_PER_BATCH: usize = 16;
/// Pairs in a batch.
pub const PAIRS_PER_BATCH: usize = PACKS_PER_BATCH * LANES;

/// One quantity of the pairs of a batch.
pub type PairLanes = LaneArray<PAIRS_PER_BATCH>;
