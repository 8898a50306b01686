//! Numbers of several things of one kind, sites or pairs, side by side.

use super::{LANES, Lanes};

/// One quantity of `N` things, a multiple of [`LANES`]; they are loaded and stored a pack at a time.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub struct LaneArray<const N: usize>(pub [f64; N]);

/// Sites that are treated together: few enough that what belongs to them stays in the first-level cache.
pub const SITES_PER_BLOCK: usize = 2 * LANES;

/// One quantity of [`SITES_PER_BLOCK`] sites.
pub type SiteLanes = LaneArray<SITES_PER_BLOCK>;

impl<const N: usize> LaneArray<N> {
    /// Zero for every one.
    pub const ZERO: Self = Self([0.0; N]);

    /// The numbers `8 pack .. 8 pack + 8`.
    #[inline(always)]
    pub fn load<V: Lanes>(&self, pack: usize) -> V {
        V::load(&self.0.as_chunks::<LANES>().0[pack])
    }

    /// Replaces the numbers `8 pack .. 8 pack + 8`.
    #[inline(always)]
    pub fn store<V: Lanes>(&mut self, pack: usize, lanes: V) {
        lanes.store(&mut self.0.as_chunks_mut::<LANES>().0[pack]);
    }
}
