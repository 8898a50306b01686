//! The derivatives of all products of functions.

use std::ops::Range;

use super::terms::{FunctionTerms, N_TERMS};
use crate::descriptors::soap::layout::ProductLayout;
use crate::descriptors::soap::limits::MAX_DEGREE;
use crate::simd::{Kernel, LANES, Lanes};

/// The derivatives of all products along each axis.
///
/// The products of one function with others are stored side by side, so lanes run over pairs and degrees alike: what
/// belongs to the other function is there in this order, and what belongs to the one repeats from degree to degree.
pub struct ProductDerivatives<'a> {
    pub layout: &'a ProductLayout,
    /// Functions of the left factor that the site has a part in: products of two others do not depend on it. Only
    /// asked where both factors are the same.
    pub touched: Range<usize>,
    /// Direction of the site.
    pub unit: [f64; 3],
    pub left: &'a FunctionTerms,
    pub right: &'a FunctionTerms,
}

/// Products of one function with others that are stored one after the other.
#[derive(Clone)]
pub struct ProductRange {
    pub n: usize,
    pub others: Range<usize>,
    /// Place of the first among all products.
    pub place: usize,
    /// Number of products.
    pub length: usize,
}

/// Room for the terms of one function, over and over.
const REPEATED: usize = 64;
/// Offsets in it at which lanes begin.
const OFFSETS: usize = 32;
const _: () = assert!(MAX_DEGREE < OFFSETS && OFFSETS + LANES <= REPEATED);
/// `b`, `b'`, `U`, `V_x`, `V_y`, `V_z` of one function, over and over.
pub type Repeated = [[f64; REPEATED]; N_TERMS];

/// Writes all of them, times `scale`, to `axes`, with room after their end.
pub struct WriteProducts<'a> {
    pub products: ProductDerivatives<'a>,
    pub scale: f64,
    pub axes: [&'a mut [f64]; 3],
}

impl Kernel for WriteProducts<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { products, scale, mut axes } = self;
        let mut repeated = NOTHING;
        for n in 0..products.layout.left.len() {
            let (others, place) = products.layout.row(n);
            let length = others.len() * products.layout.n_degrees();
            let range = ProductRange { n, others, place, length };
            let mut at = [&mut [][..], &mut [][..], &mut [][..]];
            for (at, axis) in at.iter_mut().zip(&mut axes) {
                *at = &mut axis[range.place..];
            }
            products.write::<V>(&range, scale, &mut repeated, at);
        }
    }
}

impl ProductDerivatives<'_> {
    /// All products in their order, at most so many at a time if those of two functions are not more.
    pub fn ranges(&self, most: usize) -> impl Iterator<Item = ProductRange> {
        let (layout, n_degrees) = (self.layout, self.layout.n_degrees());
        let step = (most / n_degrees).max(1);
        (0..layout.left.len()).flat_map(move |n| {
            let (others, place) = layout.row(n);
            let (mut first, mut place) = (others.start, place);
            // Not `step_by`, which divides to count its steps.
            std::iter::from_fn(move || {
                let some = first..others.end.min(first + step);
                let length = some.len() * n_degrees;
                let range = ProductRange { n, others: some, place, length };
                (first, place) = (first + step, place + length);
                (length > 0).then_some(range)
            })
        })
    }

    /// Writes the derivatives of a range, times `scale`, to `axes`; a pack beyond its end may be written too.
    /// `repeated` is scratch.
    #[inline(always)]
    pub fn write<V: Lanes>(
        &self,
        range: &ProductRange,
        scale: f64,
        repeated: &mut Repeated,
        mut axes: [&mut [f64]; 3],
    ) {
        let &ProductRange { n, ref others, length, .. } = range;
        let (layout, n_degrees) = (self.layout, self.layout.n_degrees());
        let weight = scale * if layout.symmetric { std::f64::consts::SQRT_2 } else { 1.0 };
        repeat::<V>(self.left.from(n * n_degrees), n_degrees, weight, n_degrees <= LANES, repeated);
        // What falls beyond the end of each part is overwritten by the next.
        if !layout.symmetric {
            self.part::<V>(repeated, others.clone(), 0, &mut axes);
        } else if others.start == n {
            self.square::<V>(n, scale, 0, &mut axes);
            self.with_others::<V>(n, repeated, n + 1..others.end, n_degrees, &mut axes);
        } else if others.end == n + 1 {
            self.with_others::<V>(n, repeated, others.start..n, 0, &mut axes);
            self.square::<V>(n, scale, length - n_degrees, &mut axes);
        } else {
            self.with_others::<V>(n, repeated, others.clone(), 0, &mut axes);
        }
    }

    /// The functions among `others` whose products with function `n` depend on the site.
    #[inline(always)]
    pub fn touched_with(&self, n: usize, others: &Range<usize>) -> Range<usize> {
        let Range { start, end } = *others;
        let mine = &self.touched;
        if mine.contains(&n) { start..end } else { mine.start.clamp(start, end)..mine.end.clamp(start, end) }
    }

    /// Products of function `n`, which is given `repeated`, with `others` of the same factor.
    #[inline(always)]
    fn with_others<V: Lanes>(
        &self,
        n: usize,
        repeated: &Repeated,
        others: Range<usize>,
        place: usize,
        axes: &mut [&mut [f64]; 3],
    ) {
        let touched = self.touched_with(n, &others);
        let at = |other: usize| place + (other - others.start) * self.layout.n_degrees();
        let untouched = [at(others.start)..at(touched.start), at(touched.end)..at(others.end)];
        self.part::<V>(repeated, touched.clone(), at(touched.start), axes);
        for axis in axes {
            untouched.iter().for_each(|places| axis[places.clone()].fill(0.0));
        }
    }

    /// Products of the repeated function with `others`.
    #[inline(always)]
    fn part<V: Lanes>(&self, repeated: &Repeated, others: Range<usize>, place: usize, axes: &mut [&mut [f64]; 3]) {
        let n_degrees = self.layout.n_degrees();
        if n_degrees <= LANES {
            return self.pairs::<V>(repeated, others, place, axes);
        }
        let (n_packs, step) = ((others.len() * n_degrees).div_ceil(LANES), LANES % n_degrees);
        let right = packs_of(self.right.from(others.start * n_degrees), n_packs);
        let [x, y, z] = self.unit;
        let unit = [V::splat(x), V::splat(y), V::splat(z)];
        let mut out = [&mut [][..], &mut [][..], &mut [][..]];
        for (out, axis) in out.iter_mut().zip(axes) {
            *out = &mut axis[place..].as_chunks_mut::<LANES>().0[..n_packs];
        }
        // Packs that begin at the same degree meet the same lanes of the repeated function, which then stay in
        // registers.
        let mut offset = 0;
        for first in 0..n_packs.min(n_degrees) {
            let left = lanes_at::<V>(repeated, offset);
            // Not `step_by`, which divides to count its steps.
            let mut i = first;
            while i < n_packs {
                let mut other = [V::zero(); N_TERMS];
                for kind in 0..N_TERMS {
                    other[kind] = V::load(&right[kind][i]);
                }
                let radial = left[1].mul_add(other[2], other[1] * left[2]);
                for axis in 0..3 {
                    let tangential = left[0].mul_add(other[3 + axis], other[0] * left[3 + axis]);
                    radial.mul_add(unit[axis], tangential).store(&mut out[axis][i]);
                }
                i += n_degrees;
            }
            offset += step;
            offset -= if offset >= n_degrees { n_degrees } else { 0 };
        }
    }

    /// Products of the repeated function with `others`, where all degrees fit into one pack: pair after pair, each
    /// written over what fell beyond the one before.
    #[inline(always)]
    fn pairs<V: Lanes>(&self, repeated: &Repeated, others: Range<usize>, place: usize, axes: &mut [&mut [f64]; 3]) {
        let n_degrees = self.layout.n_degrees();
        let right = self.right.from(others.start * n_degrees);
        let [x, y, z] = self.unit;
        let unit = [V::splat(x), V::splat(y), V::splat(z)];
        let left = lanes_at::<V>(repeated, 0);
        for pair in 0..others.len() {
            let from = pair * n_degrees;
            let mut other = [V::zero(); N_TERMS];
            for kind in 0..N_TERMS {
                let eight = right[kind][from..].first_chunk::<LANES>();
                other[kind] = V::load(eight.unwrap_or(&[0.0; LANES]));
            }
            let radial = left[1].mul_add(other[2], other[1] * left[2]);
            for axis in 0..3 {
                let tangential = left[0].mul_add(other[3 + axis], other[0] * left[3 + axis]);
                if let Some(out) = axes[axis][place + from..].first_chunk_mut::<LANES>() {
                    radial.mul_add(unit[axis], tangential).store(out);
                }
            }
        }
    }

    /// The product of a function with itself.
    #[inline(always)]
    fn square<V: Lanes>(&self, n: usize, scale: f64, place: usize, axes: &mut [&mut [f64]; 3]) {
        let length = self.layout.n_degrees();
        let n_packs = length.div_ceil(LANES);
        let own = packs_of(self.right.from(n * length), n_packs);
        let double = V::splat(2.0 * scale);
        for i in 0..n_packs {
            let twice = double * V::load(&own[0][i]);
            let radial = double * V::load(&own[1][i]) * V::load(&own[2][i]);
            for axis in 0..3 {
                let tangential = twice * V::load(&own[3 + axis][i]);
                let rate = radial.mul_add(V::splat(self.unit[axis]), tangential);
                if let Some(out) = axes[axis][place + i * LANES..].first_chunk_mut::<LANES>() {
                    rate.store(out);
                }
            }
        }
    }
}

/// The first packs of all kinds.
#[inline(always)]
pub fn packs_of(kinds: [&[f64]; N_TERMS], n_packs: usize) -> [&[[f64; LANES]]; N_TERMS] {
    let mut packs = [&[][..]; N_TERMS];
    for (packs, kind) in packs.iter_mut().zip(kinds) {
        *packs = &kind.as_chunks::<LANES>().0[..n_packs];
    }
    packs
}

/// Lanes of each term of the repeated function, from an offset on.
#[inline(always)]
pub fn lanes_at<V: Lanes>(repeated: &Repeated, offset: usize) -> [V; N_TERMS] {
    let mut lanes = [V::zero(); N_TERMS];
    for kind in 0..N_TERMS {
        // The remainder says to the compiler what is true anyway.
        let eight = repeated[kind][offset % OFFSETS..].first_chunk::<LANES>();
        lanes[kind] = V::load(eight.unwrap_or(&[0.0; LANES]));
    }
    lanes
}

/// The terms of no function, over and over.
pub const NOTHING: Repeated = [[0.0; REPEATED]; N_TERMS];

/// Writes the terms of one function, times `weight`, over and over, or once.
#[inline(always)]
pub fn repeat<V: Lanes>(terms: [&[f64]; N_TERMS], n_degrees: usize, weight: f64, once: bool, out: &mut Repeated) {
    let weight = V::splat(weight);
    let n_packs = n_degrees.div_ceil(LANES);
    let terms = packs_of(terms, n_packs);
    for kind in 0..N_TERMS {
        // Lanes beyond the last degree are overwritten by the next copy, or nobody asks for them.
        for group in 0..n_packs {
            store_at(V::load(&terms[kind][group]) * weight, group * LANES, &mut out[kind]);
        }
        if once {
            continue;
        }
        let first = V::load(&terms[kind][0]) * weight;
        let mut start = n_degrees;
        while start < n_degrees + LANES {
            store_at(first, start, &mut out[kind]);
            start += n_degrees;
        }
    }
}

#[inline(always)]
fn store_at<V: Lanes>(lanes: V, start: usize, out: &mut [f64; REPEATED]) {
    // The remainder says to the compiler what is true anyway.
    if let Some(slot) = out[start % (REPEATED - LANES)..].first_chunk_mut::<LANES>() {
        lanes.store(slot);
    }
}
