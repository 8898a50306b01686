//! The derivatives of products of one degree of all functions of two species, `[n][n']`.

use super::rows::ProductDerivatives;
use super::terms::N_TERMS;
use crate::descriptors::soap::layout::Planes;
use crate::simd::{LANES, Lanes, at};

impl ProductDerivatives<'_> {
    /// Writes the plane of one degree to `axes`; a pack beyond its end may be written too.
    #[inline(always)]
    pub fn plane<V: Lanes>(&self, planes: &Planes, degree: usize, axes: &mut [&mut [f64]; 3]) {
        let (lefts, rights) = (planes.lefts.len(), planes.rights.len());
        let mut left = self.left.from(degree * self.layout.left.stride() + planes.lefts.start);
        left.iter_mut().for_each(|kind| *kind = &kind[..lefts]);
        let first = degree * self.layout.right.stride() + planes.rights.start;
        if planes.triangle {
            let mut place = 0;
            for k in 0..lefts {
                let of_left = splat::<V>(&left, k);
                let mut offset = k;
                while offset < rights {
                    let start = within(offset, rights).max(k);
                    let right = self.right_lanes::<V>(first + start, planes.weight);
                    self.product(&of_left, &right, place + start - k, axes);
                    offset += LANES;
                }
                place += rights - k;
            }
            return;
        }
        let mut offset = 0;
        while offset < rights {
            let start = within(offset, rights);
            let right = self.right_lanes::<V>(first + start, planes.weight);
            let mut place = start;
            for k in 0..lefts {
                self.product(&splat::<V>(&left, k), &right, place, axes);
                place += rights;
            }
            offset += LANES;
        }
    }

    /// Terms of eight functions of the right factor.
    #[inline(always)]
    fn right_lanes<V: Lanes>(&self, first: usize, weight: f64) -> [V; N_TERMS] {
        let terms = self.right.from(first);
        let mut lanes = [V::zero(); N_TERMS];
        for kind in 0..N_TERMS {
            lanes[kind] = at::<V>(terms[kind], 0) * V::splat(weight);
        }
        lanes
    }
}

/// Terms of function `k`, in all lanes.
#[inline(always)]
fn splat<V: Lanes>(terms: &[&[f64]; N_TERMS], k: usize) -> [V; N_TERMS] {
    let mut lanes = [V::zero(); N_TERMS];
    for kind in 0..N_TERMS {
        lanes[kind] = V::splat(terms[kind][k]);
    }
    lanes
}

/// Where eight of `n` begin that are to include number `offset`: there, or so that they end with the last. Where there
/// are fewer, what falls beyond their end is overwritten by the next.
#[inline(always)]
fn within(offset: usize, n: usize) -> usize {
    offset.min(n.max(LANES) - LANES)
}
