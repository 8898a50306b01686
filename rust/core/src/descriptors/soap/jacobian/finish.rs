//! From the derivatives of the columns to the blocks of a site and of its center.

use super::products::{NOTHING, ProductDerivatives};
use crate::descriptors::JacobianBlock;
use crate::simd::{Kernel, LANES, Lanes};

/// Columns that are treated together, so that what is between two steps stays in the nearest cache.
pub const COLUMNS_AT_A_TIME: usize = 48 * LANES;

/// Writes `rate - along · row`, what normalization leaves of a derivative.
pub struct BlockWriter<'a> {
    /// Features before normalization, with room after their end.
    pub row: &'a [f64],
    pub along: [f64; 3],
    /// Features along one axis.
    pub n_features: usize,
    /// Features along one axis that are not constant.
    pub n_columns: usize,
    pub place: JacobianBlock<'a>,
}

/// Delivers columns whose derivatives are known.
pub struct FinishColumns<'a> {
    pub writer: BlockWriter<'a>,
    pub rates: [&'a [f64]; 3],
}

/// Delivers columns that are products, as they are made.
pub struct FinishProducts<'a> {
    pub writer: BlockWriter<'a>,
    pub products: ProductDerivatives<'a>,
    /// What they are multiplied with.
    pub scale: f64,
    /// Room for some of them.
    pub buffer: [&'a mut [f64]; 3],
}

impl Kernel for FinishColumns<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(mut self) {
        self.writer.columns::<V>(0, self.writer.n_columns, self.rates);
        self.writer.constant();
    }
}

impl Kernel for FinishProducts<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { mut writer, products, scale, buffer: [x, y, z] } = self;
        let (mut first, mut waiting, mut repeated) = (0, 0, NOTHING);
        for range in products.ranges(COLUMNS_AT_A_TIME) {
            if waiting + range.length > COLUMNS_AT_A_TIME {
                writer.columns::<V>(first, waiting, [x, y, z]);
                (first, waiting) = (range.place, 0);
            }
            let axes = [&mut x[waiting..], &mut y[waiting..], &mut z[waiting..]];
            products.write::<V>(&range, scale, &mut repeated, axes);
            waiting += range.length;
        }
        writer.columns::<V>(first, waiting, [x, y, z]);
        writer.constant();
    }
}

/// No block: that of a center that cannot move.
const NONE: u8 = 0;
/// A block that holds nothing yet.
const NEW: u8 = 1;
/// A block to add to.
const OLD: u8 = 2;

impl BlockWriter<'_> {
    /// So many columns from `first`, whose derivatives are the first of `rates`.
    #[inline(always)]
    fn columns<V: Lanes>(&mut self, first: usize, length: usize, rates: [&[f64]; 3]) {
        match (self.place.is_new, self.place.own.is_some(), self.place.own_is_new) {
            (true, false, _) => self.axes::<V, NEW, NONE>(first, length, rates),
            (true, true, true) => self.axes::<V, NEW, NEW>(first, length, rates),
            (true, true, false) => self.axes::<V, NEW, OLD>(first, length, rates),
            (false, false, _) => self.axes::<V, OLD, NONE>(first, length, rates),
            (false, true, true) => self.axes::<V, OLD, NEW>(first, length, rates),
            (false, true, false) => self.axes::<V, OLD, OLD>(first, length, rates),
        }
    }

    #[inline(always)]
    fn axes<V: Lanes, const BLOCK: u8, const OWN: u8>(&mut self, first: usize, length: usize, rates: [&[f64]; 3]) {
        let Self { row, along, n_features, place, .. } = self;
        let own = place.own.as_deref_mut().unwrap_or(&mut []);
        let row = &row[first..first + length];
        for axis in 0..3 {
            let start = axis * *n_features + first;
            let block = &mut place.block[start..start + length];
            let own = if OWN == NONE { &mut [] } else { &mut own[start..start + length] };
            write::<V, BLOCK, OWN>([row, &rates[axis][..length]], along[axis], block, own);
        }
    }

    /// What is beyond the columns of the spectrum.
    fn constant(&mut self) {
        for axis in 0..3 {
            let constant = axis * self.n_features + self.n_columns..(axis + 1) * self.n_features;
            if self.place.is_new {
                self.place.block[constant.clone()].fill(0.0);
            }
            if let (Some(own), true) = (&mut self.place.own, self.place.own_is_new) {
                own[constant].fill(0.0);
            }
        }
    }
}

/// Some columns along one axis.
#[inline(always)]
fn write<V: Lanes, const BLOCK: u8, const OWN: u8>(
    [row, rate]: [&[f64]; 2],
    along: f64,
    block: &mut [f64],
    own: &mut [f64],
) {
    let ((row, row_rest), (rate, rate_rest)) = (row.as_chunks::<LANES>(), rate.as_chunks::<LANES>());
    let (block, block_rest) = block.as_chunks_mut::<LANES>();
    let (own, own_rest) = own.as_chunks_mut::<LANES>();
    let n_packs = row.len();
    let (rate, block) = (&rate[..n_packs], &mut block[..n_packs]);
    let own = if OWN == NONE { own } else { &mut own[..n_packs] };
    for i in 0..n_packs {
        let x = V::load(&row[i]).neg_mul_add(V::splat(along), V::load(&rate[i]));
        if BLOCK == NEW { x } else { V::load(&block[i]) + x }.store(&mut block[i]);
        if OWN != NONE {
            if OWN == NEW { -x } else { V::load(&own[i]) - x }.store(&mut own[i]);
        }
    }
    for (i, (row, rate)) in row_rest.iter().zip(rate_rest).enumerate() {
        let x = rate - row * along;
        block_rest[i] = if BLOCK == NEW { x } else { block_rest[i] + x };
        if OWN != NONE {
            own_rest[i] = if OWN == NEW { -x } else { own_rest[i] - x };
        }
    }
}
