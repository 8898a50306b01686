//! Blocks of one row of a Jacobian, to be filled site by site.

use super::lever_sums::LeverSums;
use crate::simd;

/// Numbers of a center's block that stays in the first-level cache from site to site. To subtract from a larger one at
/// each site is to fetch it each time; it is then summed at the end, from the blocks of all sites, if these are near.
const OWN_BLOCK_IN_L1: usize = 1 << 11;
/// Numbers of a whole row that is still in the second-level cache when the block of its center is summed at the end.
const ROW_IN_L2: usize = 1 << 18;

/// The blocks of one row of a Jacobian, `[xyz][feature]` each, to be filled site by site.
///
/// Images of one atom share a block, and the block of the center takes what all sites give, with the opposite sign. Or
/// no block is kept, and their [sums](LeverSums) alone are asked for.
pub struct JacobianRow<'a> {
    values: &'a mut [f64],
    /// Numbers in a block.
    size: usize,
    /// Block of each site.
    of_site: &'a [u32],
    /// Block of the center; `None` for a point, which does not move.
    own: Option<u32>,
    /// Whether the block of the center is made of all others at the end.
    own_is_last: bool,
    /// Whether blocks that are written once go past the caches.
    streams: bool,
    /// Blocks that hold something already.
    written: &'a mut [bool],
    /// Where blocks are summed up, if none is kept.
    sums: Option<LeverSums<'a>>,
}

/// The block of one site in a row of the Jacobian.
pub struct JacobianBlock<'a> {
    /// The block to add to, or to write where it [`is_new`](Self::is_new).
    pub values: &'a mut [f64],
    /// Whether nothing has been written there yet.
    pub is_new: bool,
    /// Whether it is written once, and not read before the caches have forgotten it: it may be streamed, and then
    /// [settled](JacobianRow::settle).
    pub streams: bool,
}

impl<'a> JacobianRow<'a> {
    /// Blocks of this `size` in `values`, which may hold anything; `own` is that of the center, if it can move.
    pub fn new(
        values: &'a mut [f64],
        size: usize,
        of_site: &'a [u32],
        own: Option<u32>,
        written: &'a mut Vec<bool>,
    ) -> Self {
        written.clear();
        written.resize(values.len() / size.max(1), false);
        let own_is_last = own.is_some() && size > OWN_BLOCK_IN_L1 && values.len() <= ROW_IN_L2;
        Self { values, size, of_site, own, own_is_last, streams: false, written, sums: None }
    }

    /// No blocks, but their sums.
    pub fn summed(sums: LeverSums<'a>) -> Self {
        Self {
            values: &mut [],
            size: 0,
            of_site: &[],
            own: None,
            own_is_last: false,
            streams: false,
            written: &mut [],
            sums: Some(sums),
        }
    }

    /// Says whether the row is part of a result that no cache holds: what is written once may then go past the caches.
    #[must_use]
    pub fn part_of_a_large_result(mut self, is_large: bool) -> Self {
        self.streams = is_large;
        self
    }

    /// Whether a block of the center is asked for.
    pub fn has_own(&self) -> bool {
        self.own.is_some()
    }

    /// The block of a site, for a descriptor that makes [the one of the center](Self::own_block) by itself, to be written
    /// before the next one is asked for; `None` for a site that moves with the center, so that nothing changes.
    pub fn block(&mut self, site: usize) -> Option<JacobianBlock<'_>> {
        if self.sums.is_some() {
            let values = self.sums.as_mut()?.block(site)?;
            return Some(JacobianBlock { values, is_new: true, streams: false });
        }
        let block = self.of_site[site];
        // Where there is a block for each site, none is written twice.
        let once = self.of_site.len() + usize::from(self.own.is_some()) == self.written.len();
        (self.own != Some(block)).then(|| self.open(block as usize, once))
    }

    /// The block of the center, if it can move, for a descriptor that writes it when all others are there.
    pub fn own_block(&mut self) -> Option<JacobianBlock<'_>> {
        self.own_is_last = false;
        self.own.map(|own| self.open(own as usize, true))
    }

    /// Puts what was streamed before all that is written from now on, so that another thread finds it: to be called by a
    /// descriptor that streams, also where it leaves early.
    pub fn settle(&self) {
        if self.streams {
            simd::fence();
        }
    }

    fn open(&mut self, block: usize, once: bool) -> JacobianBlock<'_> {
        let is_new = !std::mem::replace(&mut self.written[block], true);
        let values = &mut self.values[block * self.size..][..self.size];
        JacobianBlock { values, is_new, streams: self.streams && once && is_new }
    }

    /// Puts the derivatives `rows` with respect to a site where they belong.
    pub fn add(&mut self, site: usize, rows: &[f64]) {
        let Some(JacobianBlock { values, is_new, .. }) = self.block(site) else { return };
        if is_new {
            values.copy_from_slice(rows);
        } else {
            simd::add_scaled(1.0, rows, values);
        }
        let Some(own) = self.own.filter(|_| !self.own_is_last) else { return };
        let JacobianBlock { values, is_new, .. } = self.open(own as usize, false);
        if is_new {
            values.fill(0.0);
        }
        simd::add_scaled(-1.0, rows, values);
    }

    /// Fills the blocks that no site has written to, that of a lonely center among them.
    pub fn finish(self) {
        if let Some(sums) = self.sums {
            return sums.finish();
        }
        let last = self.own.filter(|_| self.own_is_last).map(|own| own as usize);
        let unwritten = |&(index, (_, written)): &(usize, (_, &bool))| !*written && Some(index) != last;
        let blocks = self.values.chunks_exact_mut(self.size.max(1)).zip(&*self.written).enumerate();
        blocks.filter(unwritten).for_each(|(_, (block, _))| block.fill(0.0));
        let Some(last) = last else { return };
        let (before, rest) = self.values.split_at_mut(last * self.size);
        let (own, after) = rest.split_at_mut(self.size);
        let others: Vec<_> = before.chunks_exact(self.size).chain(after.chunks_exact(self.size)).collect();
        own.fill(0.0);
        simd::subtract_all(&others, own);
    }
}

#[cfg(test)]
mod tests {
    use super::{JacobianRow, OWN_BLOCK_IN_L1};

    #[test]
    fn images_share_a_block_and_the_center_takes_the_reaction() {
        let mut values = [f64::NAN; 6];
        let mut written = vec![true];
        // Blocks of two numbers: of an atom with two images, of the center, and of one that no site belongs to.
        let mut row = JacobianRow::new(&mut values, 2, &[0, 1, 0], Some(1), &mut written);
        row.add(0, &[1.0, 2.0]);
        row.add(1, &[100.0, 100.0]);
        row.add(2, &[10.0, 20.0]);
        row.finish();
        assert_eq!(values, [11.0, 22.0, -11.0, -22.0, 0.0, 0.0]);
    }

    #[test]
    fn a_point_has_no_block_and_a_lonely_center_has_zeros() {
        let (mut values, mut written) = ([f64::NAN; 2], Vec::new());
        let mut row = JacobianRow::new(&mut values, 2, &[0], None, &mut written);
        row.add(0, &[1.0, 2.0]);
        row.finish();
        assert_eq!(values, [1.0, 2.0]);
        let mut row = JacobianRow::new(&mut values, 2, &[0], Some(0), &mut written);
        row.add(0, &[1.0, 2.0]);
        row.finish();
        assert_eq!(values, [0.0, 0.0]);
    }

    #[test]
    fn a_large_block_of_the_center_is_made_of_all_others() {
        let size = OWN_BLOCK_IN_L1 + 1;
        let mut values = vec![f64::NAN; 4 * size];
        let mut written = Vec::new();
        let mut row = JacobianRow::new(&mut values, size, &[0, 2, 1, 0], Some(2), &mut written);
        for (site, x) in (0_u8..).zip([1.0, 1000.0, 100.0, 10.0]) {
            row.add(site.into(), &vec![x; size]);
        }
        row.finish();
        let blocks: Vec<_> = values.chunks_exact(size).map(|block| (block[0], block[size - 1])).collect();
        assert_eq!(blocks, [(11.0, 11.0), (100.0, 100.0), (-111.0, -111.0), (0.0, 0.0)]);
        JacobianRow::new(&mut values, size, &[], Some(0), &mut written).finish();
        assert!(values.iter().all(|x| *x == 0.0));
    }
}
