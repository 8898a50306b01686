//! From the derivatives of the columns to the blocks of a site and of its center.

use crate::descriptors::Place;
use crate::simd::{Kernel, LANES, Lanes};

/// Columns that are treated together along all axes, so that the row is read from the nearest cache twice of three
/// times.
const CHUNK: usize = 64 * LANES;

/// Writes `(rate - along · row) · inverse`, what normalisation leaves of a derivative.
pub struct Deliver<'a> {
    pub row: &'a [f64],
    pub rates: [&'a [f64]; 3],
    pub along: [f64; 3],
    pub inverse: f64,
    /// Features along one axis; what is beyond the columns of the spectrum is constant.
    pub n_features: usize,
    pub place: Place<'a>,
}

impl Kernel for Deliver<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        match (self.place.is_new, self.place.own.is_some(), self.place.own_is_new) {
            (true, false, _) => self.chunks::<V, NEW, NONE>(),
            (true, true, true) => self.chunks::<V, NEW, NEW>(),
            (true, true, false) => self.chunks::<V, NEW, OLD>(),
            (false, false, _) => self.chunks::<V, OLD, NONE>(),
            (false, true, true) => self.chunks::<V, OLD, NEW>(),
            (false, true, false) => self.chunks::<V, OLD, OLD>(),
        }
    }
}

/// No block: that of a center that cannot move.
const NONE: u8 = 0;
/// A block that holds nothing yet.
const NEW: u8 = 1;
/// A block to add to.
const OLD: u8 = 2;

impl Deliver<'_> {
    #[inline(always)]
    fn chunks<V: Lanes, const BLOCK: u8, const OWN: u8>(self) {
        let Self { row, rates, along, inverse, n_features, place } = self;
        let (block, own) = (place.block, place.own.unwrap_or(&mut []));
        for first in (0..row.len()).step_by(CHUNK) {
            let row = &row[first..row.len().min(first + CHUNK)];
            for axis in 0..3 {
                let start = axis * n_features + first;
                let block = &mut block[start..start + row.len()];
                let own = if OWN == NONE { &mut [] } else { &mut own[start..start + row.len()] };
                let rate = &rates[axis][first..][..row.len()];
                write::<V, BLOCK, OWN>([row, rate], [along[axis], inverse], block, own);
            }
        }
        for axis in 0..3 {
            let constant = axis * n_features + row.len()..(axis + 1) * n_features;
            if BLOCK == NEW {
                block[constant.clone()].fill(0.0);
            }
            if OWN == NEW {
                own[constant].fill(0.0);
            }
        }
    }
}

/// Some columns along one axis.
#[inline(always)]
fn write<V: Lanes, const BLOCK: u8, const OWN: u8>(
    [row, rate]: [&[f64]; 2],
    [along, inverse]: [f64; 2],
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
        let x = V::load(&row[i]).neg_mul_add(V::splat(along), V::load(&rate[i])).mul(V::splat(inverse));
        if BLOCK == NEW { x } else { V::load(&block[i]).add(x) }.store(&mut block[i]);
        if OWN != NONE {
            if OWN == NEW { x.negated() } else { V::load(&own[i]).sub(x) }.store(&mut own[i]);
        }
    }
    for (i, (row, rate)) in row_rest.iter().zip(rate_rest).enumerate() {
        let x = (rate - row * along) * inverse;
        block_rest[i] = if BLOCK == NEW { x } else { block_rest[i] + x };
        if OWN != NONE {
            own_rest[i] = if OWN == NEW { -x } else { own_rest[i] - x };
        }
    }
}
