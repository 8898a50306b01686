//! The derivatives of products of one function with others, the degree fastest.

use std::ops::Range;

use super::terms::{FunctionTerms, N_TERMS};
use crate::descriptors::soap::layout::ProductLayout;
use crate::simd::{LANES, Lanes, Pack};

/// The derivatives of products along each axis.
pub struct ProductDerivatives<'a> {
    pub layout: &'a ProductLayout,
    /// Direction of the site.
    pub unit: [f64; 3],
    pub left: &'a FunctionTerms,
    pub right: &'a FunctionTerms,
}

impl ProductDerivatives<'_> {
    /// Writes the derivatives of the products of function `n` with `others` to `axes`; a pack beyond their end may be
    /// written too.
    #[inline(always)]
    pub fn row<V: Lanes>(&self, n: usize, others: Range<usize>, axes: &mut [&mut [f64]; 3]) {
        // A function that meets itself is the first or the last of the others.
        let n_degrees = self.layout.n_degrees();
        let (before, after) = match (self.layout.symmetric, others.contains(&n)) {
            (true, true) => (others.start..n, n + 1..others.end),
            _ => (0..0, others.clone()),
        };
        let meets_itself = before.len() + after.len() < others.len();
        let weight = V::splat(if self.layout.symmetric { std::f64::consts::SQRT_2 } else { 1.0 });
        // The last degrees first: what falls beyond the last of a pair is overwritten by the first of the next.
        for group in (0..Pack::holding(n_degrees)).rev() {
            let once = self.left.lanes::<V>(n, group);
            let mut twice = once;
            for lanes in &mut twice {
                *lanes *= weight;
            }
            self.pairs::<V>(&twice, before.clone(), group, group * LANES, axes);
            let mut place = before.len() * n_degrees + group * LANES;
            if meets_itself {
                self.pairs::<V>(&once, n..n + 1, group, place, axes);
                place += n_degrees;
            }
            self.pairs::<V>(&twice, after.clone(), group, place, axes);
        }
    }

    /// Eight degrees of the products of one function, which has the terms `left`, with `others`.
    #[inline(always)]
    fn pairs<V: Lanes>(
        &self,
        left: &[V; N_TERMS],
        others: Range<usize>,
        group: usize,
        mut place: usize,
        axes: &mut [&mut [f64]; 3],
    ) {
        for other in others {
            let right = self.right.lanes::<V>(other, group);
            self.product(left, &right, place, axes);
            place += self.layout.n_degrees();
        }
    }

    /// Eight products of one function with another.
    #[inline(always)]
    pub fn product<V: Lanes>(
        &self,
        left: &[V; N_TERMS],
        right: &[V; N_TERMS],
        place: usize,
        axes: &mut [&mut [f64]; 3],
    ) {
        let radial = left[1].mul_add(right[2], left[2] * right[1]);
        for axis in 0..3 {
            let tangential = left[0].mul_add(right[3 + axis], left[3 + axis] * right[0]);
            if let Some(out) = axes[axis][place..].first_chunk_mut::<LANES>() {
                radial.mul_add(V::splat(self.unit[axis]), tangential).store(out);
            }
        }
    }
}
