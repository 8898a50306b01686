//! Eight numbers of memory that lanes go to and come from.

use super::{LANES, Lanes};

/// One quantity of eight things. As an index, `pack` stands for the things `8 pack .. 8 pack + 8`.
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

    /// The numbers of packs, one after the other.
    #[inline(always)]
    pub fn numbers(packs: &[Self]) -> &[f64] {
        // SAFETY: a pack is eight numbers and nothing else, so packs side by side are as many numbers side by side.
        unsafe { std::slice::from_raw_parts(packs.as_ptr().cast(), packs.len() * LANES) }
    }

    /// The numbers of packs, one after the other, to write to.
    #[inline(always)]
    pub fn numbers_mut(packs: &mut [Self]) -> &mut [f64] {
        // SAFETY: as above, and whoever borrows the packs is the only one.
        unsafe { std::slice::from_raw_parts_mut(packs.as_mut_ptr().cast(), packs.len() * LANES) }
    }

    /// Numbers before the first whole pack of memory, all whole packs, and numbers after the last.
    #[inline(always)]
    pub fn aligned_mut(numbers: &mut [f64]) -> (&mut [f64], &mut [Self], &mut [f64]) {
        // SAFETY: a pack is eight numbers and nothing else, and every number is one.
        unsafe { numbers.align_to_mut() }
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

const _: () = assert!(size_of::<Pack>() == LANES * size_of::<f64>());

/// The eight numbers that begin at `start`, wherever that is; zero beyond the end.
#[inline(always)]
pub fn at<V: Lanes>(numbers: &[f64], start: usize) -> V {
    match numbers.get(start..).and_then(|rest| rest.first_chunk::<LANES>()) {
        Some(eight) => V::load(eight),
        None => V::zero(),
    }
}
