//! Derivatives of a row with respect to a deformation, summed over sites.

use crate::simd::{OUTER_PARTS, add_outer};

/// `Σ_site lever ⊗ derivative`: what a row does where everything is deformed at once, and a site moves in proportion to
/// its lever.
pub struct LeverSums<'a> {
    levers: &'a [[f64; 3]],
    /// `[axis of the lever][xyz][feature]`.
    sums: &'a mut [f64],
    /// Room for the derivatives of a few sites, which are added together.
    blocks: &'a mut [f64],
    /// Levers of the blocks that have not been added yet, as many as `n_waiting`.
    waiting: [[f64; 3]; OUTER_PARTS],
    n_waiting: usize,
}

impl<'a> LeverSums<'a> {
    /// Numbers that [`Self::new`] needs room for, for blocks of this `size`.
    pub fn n_numbers(size: usize) -> usize {
        OUTER_PARTS * size
    }

    /// Sums of nothing yet, in `sums`, over the sites that have these levers.
    pub fn new(levers: &'a [[f64; 3]], sums: &'a mut [f64], blocks: &'a mut [f64]) -> Self {
        sums.fill(0.0);
        Self { levers, sums, blocks, waiting: [[0.0; 3]; OUTER_PARTS], n_waiting: 0 }
    }

    /// The block of a site, whatever it holds, to be written before another one is asked for; none where the site stays
    /// in its place.
    pub(super) fn block(&mut self, site: usize) -> Option<&mut [f64]> {
        let lever = self.levers[site];
        if lever.iter().all(|x| x.abs() == 0.0) {
            return None;
        }
        if self.n_waiting == OUTER_PARTS {
            self.add();
        }
        let size = self.size();
        self.waiting[self.n_waiting] = lever;
        self.n_waiting += 1;
        Some(&mut self.blocks[(self.n_waiting - 1) * size..][..size])
    }

    /// Adds what has not been added yet.
    pub(super) fn finish(mut self) {
        self.add();
    }

    fn size(&self) -> usize {
        self.sums.len() / 3
    }

    fn add(&mut self) {
        let size = self.size();
        let mut parts = [&[][..]; OUTER_PARTS];
        parts.iter_mut().zip(self.blocks.chunks_exact(size.max(1))).for_each(|(part, block)| *part = block);
        add_outer(&self.waiting[..self.n_waiting], &parts[..self.n_waiting], self.sums);
        self.n_waiting = 0;
    }
}
