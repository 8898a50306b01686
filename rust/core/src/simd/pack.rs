//! Eight numbers of memory that lanes go to and come from.

use super::{LANES, Lanes};

/// One quantity of eight things.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C, align(64))]
pub struct Pack(pub [f64; LANES]);

impl Pack {
    /// Zero for every one.
    pub const ZERO: Self = Self([0.0; LANES]);

    /// As many packs as hold `n` things.
    pub const fn holding(n: usize) -> usize {
        n.div_ceil(LANES)
    }

    /// From memory.
    #[inline(always)]
    pub fn load<V: Lanes>(&self) -> V {
        V::load(&self.0)
    }

    /// To memory.
    #[inline(always)]
    pub fn store<V: Lanes>(&mut self, lanes: V) {
        lanes.store(&mut self.0);
    }
}

/// The eight numbers that begin at `start`, wherever that is; zero beyond the end.
#[inline(always)]
pub fn at<V: Lanes>(numbers: &[f64], start: usize) -> V {
    match numbers.get(start..).and_then(|rest| rest.first_chunk::<LANES>()) {
        Some(eight) => V::load(eight),
        None => V::zero(),
    }
}
