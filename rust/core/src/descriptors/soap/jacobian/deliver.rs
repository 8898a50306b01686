//! From derivatives to a block.

use crate::descriptors::JacobianBlock;
use crate::simd::{LANES, Lanes, Pack, at};

/// A block to add to.
const OLD: u8 = 0;
/// A block that holds nothing yet.
const NEW: u8 = 1;
/// One that nobody reads soon.
const STREAM: u8 = 2;

/// Writes `rate - along · row`, what normalization leaves of a derivative.
pub struct BlockWriter<'a> {
    /// Features before normalization, with room after their end, where rows are normalized.
    pub row: Option<&'a [f64]>,
    pub along: [f64; 3],
    /// Features along one axis.
    pub n_features: usize,
    /// Features along one axis that are not constant.
    pub n_columns: usize,
    pub block: JacobianBlock<'a>,
}

impl BlockWriter<'_> {
    /// So many columns from `first`, whose derivatives are the first of `rates`, with room after them; or zero.
    #[inline(always)]
    pub fn columns<V: Lanes>(&mut self, (first, length): (usize, usize), rates: Option<[&[f64]; 3]>) {
        for axis in 0..3 {
            let start = axis * self.n_features + first;
            let out = &mut self.block.values[start..start + length];
            let row = self.row.map(|row| (&row[first..], self.along[axis]));
            let rate = rates.map(|rates| rates[axis]);
            match (self.block.is_new, self.block.streams) {
                (false, _) => deliver::<V, OLD>(rate, row, out),
                (true, false) => deliver::<V, NEW>(rate, row, out),
                (true, true) => deliver::<V, STREAM>(rate, row, out),
            }
        }
    }

    /// What is beyond the columns of the spectrum.
    #[inline(always)]
    pub fn constant(&mut self) {
        if !self.block.is_new || self.n_columns == self.n_features {
            return;
        }
        for axis in 0..3 {
            self.block.values[axis * self.n_features + self.n_columns..(axis + 1) * self.n_features].fill(0.0);
        }
    }
}

/// Some columns along one axis.
#[inline(always)]
fn deliver<V: Lanes, const MODE: u8>(rate: Option<&[f64]>, row: Option<(&[f64], f64)>, out: &mut [f64]) {
    match (rate, row) {
        (Some(rate), Some((row, along))) => Columns { rate, row, along }.write::<V, MODE, true, true>(out),
        (Some(rate), None) => Columns { rate, row: &[], along: 0.0 }.write::<V, MODE, true, false>(out),
        (None, Some((row, along))) => Columns { rate: &[], row, along }.write::<V, MODE, false, true>(out),
        (None, None) if MODE == OLD => {}
        (None, None) => Columns { rate: &[], row: &[], along: 0.0 }.write::<V, MODE, false, false>(out),
    }
}

/// `rate - along · row`, where there are a rate and a row.
struct Columns<'a> {
    rate: &'a [f64],
    row: &'a [f64],
    along: f64,
}

impl Columns<'_> {
    /// Writes them in packs that are aligned where they go. The same bits wherever that is: lanes that are left over are
    /// made with all others.
    #[inline(always)]
    fn write<V: Lanes, const MODE: u8, const RATE: bool, const ROW: bool>(&self, out: &mut [f64]) {
        let (head, packs, tail) = Pack::aligned_mut(out);
        let (n_head, n_packs) = (head.len(), packs.len());
        self.some::<V, MODE, RATE, ROW>(0, head);
        let rate = if RATE { &self.rate[n_head..].as_chunks::<LANES>().0[..n_packs] } else { &[] };
        let row = if ROW { &self.row[n_head..].as_chunks::<LANES>().0[..n_packs] } else { &[] };
        let along = V::splat(self.along);
        for (i, pack) in packs.iter_mut().enumerate() {
            let mut x = if RATE { V::load(&rate[i]) } else { V::zero() };
            if ROW {
                x = V::load(&row[i]).neg_mul_add(along, x);
            }
            match MODE {
                OLD => pack.store(pack.load::<V>() + x),
                NEW => pack.store(x),
                _ => x.stream(&mut pack.0),
            }
        }
        self.some::<V, MODE, RATE, ROW>(n_head + n_packs * LANES, tail);
    }

    /// Fewer than eight, from `first`.
    #[inline(always)]
    fn some<V: Lanes, const MODE: u8, const RATE: bool, const ROW: bool>(&self, first: usize, out: &mut [f64]) {
        if out.is_empty() {
            return;
        }
        let mut x = if RATE { at::<V>(self.rate, first) } else { V::zero() };
        if ROW {
            x = at::<V>(self.row, first).neg_mul_add(V::splat(self.along), x);
        }
        for (i, x) in x.to_array().into_iter().enumerate() {
            // Not `zip`, which becomes a call to copy a few numbers.
            if let Some(out) = out.get_mut(i) {
                *out = if MODE == OLD { *out + x } else { x };
            }
        }
    }
}
