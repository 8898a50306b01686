//! Numbers of several sites side by side.

use super::{LANES, Lanes};

/// Sites that are treated together: few enough that what belongs to them stays in the first-level cache.
pub const SITES_PER_BLOCK: usize = 2 * LANES;

/// One quantity of [`SITES_PER_BLOCK`] sites.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub struct SiteLanes(pub [f64; SITES_PER_BLOCK]);

impl SiteLanes {
    /// Zero for every site.
    pub const ZERO: Self = Self([0.0; SITES_PER_BLOCK]);

    /// The numbers of sites `8 pack .. 8 pack + 8`.
    #[inline(always)]
    pub fn load<V: Lanes>(&self, pack: usize) -> V {
        V::load(&self.0.as_chunks::<LANES>().0[pack])
    }

    /// Replaces the numbers of sites `8 pack .. 8 pack + 8`.
    #[inline(always)]
    pub fn store<V: Lanes>(&mut self, pack: usize, lanes: V) {
        lanes.store(&mut self.0.as_chunks_mut::<LANES>().0[pack]);
    }
}
