//! The derivatives of all products of functions.

use std::ops::Range;

use super::terms::{KINDS, Terms};
use crate::descriptors::soap::MAX_DEGREE;
use crate::descriptors::soap::compression::Layout;
use crate::simd::{Kernel, LANES, Lanes};

/// The derivatives of all products along each axis.
///
/// The products of one function with others are stored side by side, so lanes run over pairs and degrees alike: what
/// belongs to the other function is there in this order, and what belongs to the one repeats from degree to degree.
pub struct Products<'a> {
    pub layout: &'a Layout,
    /// Functions of the left factor that the site has a part in: products of two others do not depend on it. Only
    /// asked where both factors are the same.
    pub touched: Range<usize>,
    /// Direction of the site.
    pub unit: [f64; 3],
    pub left: &'a Terms,
    pub right: &'a Terms,
}

/// Writes them to `axes`, and returns their dot products with `row`, which may be empty: then they are zero.
pub struct Into<'a> {
    products: Products<'a>,
    /// With room after its end, as all that is written.
    row: &'a [f64],
    axes: [&'a mut [f64]; 3],
}

impl<'a> Products<'a> {
    /// What is asked for.
    pub fn into(self, row: &'a [f64], axes: [&'a mut [f64]; 3]) -> Into<'a> {
        Into { products: self, row, axes }
    }
}

impl Kernel for Into<'_> {
    type Output = [f64; 3];

    #[inline(always)]
    fn run<V: Lanes>(self) -> [f64; 3] {
        if self.row.is_empty() { self.rows::<V, false>() } else { self.rows::<V, true>() }
    }
}

/// Room for the terms of one function, over and over.
const REPEATED: usize = 64;
/// Offsets in it at which lanes begin.
const OFFSETS: usize = 32;
const _: () = assert!(MAX_DEGREE < OFFSETS && OFFSETS + LANES <= REPEATED);
/// `b`, `b'`, `U`, `V_x`, `V_y`, `V_z` of one function, over and over.
type Repeated = [[f64; REPEATED]; KINDS];

impl Into<'_> {
    #[inline(always)]
    fn rows<V: Lanes, const DOTS: bool>(mut self) -> [f64; 3] {
        let layout = self.products.layout;
        let n_degrees = layout.n_degrees();
        let mut repeated = [[0.0; REPEATED]; KINDS];
        let mut dots = [V::zero(); 3];
        for n in 0..layout.left.len() {
            let (others, place) = layout.row(n);
            let weight = if layout.symmetric { std::f64::consts::SQRT_2 } else { 1.0 };
            repeat::<V>(self.products.left.from(n * n_degrees), n_degrees, weight, &mut repeated);
            // What falls beyond the end of each part is overwritten by the next, or is room.
            if !layout.symmetric {
                self.part::<V, DOTS>(&repeated, others, place, &mut dots);
            } else if others.start == n {
                self.square::<V, DOTS>(n, place, &mut dots);
                self.with_others::<V, DOTS>(n, &repeated, n + 1..others.end, place + n_degrees, &mut dots);
            } else {
                self.with_others::<V, DOTS>(n, &repeated, 0..n, place, &mut dots);
                self.square::<V, DOTS>(n, place + n * n_degrees, &mut dots);
            }
        }
        [dots[0].sum(), dots[1].sum(), dots[2].sum()]
    }

    /// Products of function `n`, which is given `repeated`, with `others` of the same factor.
    #[inline(always)]
    fn with_others<V: Lanes, const DOTS: bool>(
        &mut self,
        n: usize,
        repeated: &Repeated,
        others: Range<usize>,
        place: usize,
        dots: &mut [V; 3],
    ) {
        let Range { start, end } = others;
        let mine = &self.products.touched;
        let touched =
            if mine.contains(&n) { start..end } else { mine.start.clamp(start, end)..mine.end.clamp(start, end) };
        let at = |other: usize| place + (other - start) * self.products.layout.n_degrees();
        let (first, last) = (at(touched.start), at(touched.end));
        let (begin, end) = (at(start), at(end));
        self.zero(begin..first);
        self.part::<V, DOTS>(repeated, touched, first, dots);
        self.zero(last..end);
    }

    /// Products that do not depend on the site.
    #[inline(always)]
    fn zero(&mut self, places: Range<usize>) {
        self.axes.iter_mut().for_each(|axis| axis[places.clone()].fill(0.0));
    }

    /// Products of the repeated function with `others`.
    #[inline(always)]
    fn part<V: Lanes, const DOTS: bool>(
        &mut self,
        repeated: &Repeated,
        others: Range<usize>,
        place: usize,
        dots: &mut [V; 3],
    ) {
        let n_degrees = self.products.layout.n_degrees();
        let (length, step) = (others.len() * n_degrees, LANES % n_degrees);
        let n_packs = length.div_ceil(LANES);
        let right = eights(self.products.right.from(others.start * n_degrees), n_packs);
        let [x, y, z] = self.products.unit;
        let unit = [V::splat(x), V::splat(y), V::splat(z)];
        let mut out = Out::new::<DOTS>(self, place, length);
        // Packs that begin at the same degree meet the same lanes of the repeated function, which then stay in registers.
        let mut offset = 0;
        for first in 0..n_packs.min(n_degrees) {
            let mut left = [V::zero(); KINDS];
            for kind in 0..KINDS {
                // The remainder says to the compiler what is true anyway.
                let eight = repeated[kind][offset % OFFSETS..].first_chunk::<LANES>();
                left[kind] = V::load(eight.unwrap_or(&[0.0; LANES]));
            }
            for i in (first..n_packs).step_by(n_degrees) {
                let mut other = [V::zero(); KINDS];
                for kind in 0..KINDS {
                    other[kind] = V::load(&right[kind][i]);
                }
                let radial = left[1].mul_add(other[2], other[1].mul(left[2]));
                let mut rates = [V::zero(); 3];
                for axis in 0..3 {
                    let tangential = left[0].mul_add(other[3 + axis], other[0].mul(left[3 + axis]));
                    rates[axis] = radial.mul_add(unit[axis], tangential);
                }
                out.put::<V, DOTS>(i, rates, dots);
            }
            offset += step;
            offset -= if offset >= n_degrees { n_degrees } else { 0 };
        }
    }

    /// The product of a function with itself.
    #[inline(always)]
    fn square<V: Lanes, const DOTS: bool>(&mut self, n: usize, place: usize, dots: &mut [V; 3]) {
        let length = self.products.layout.n_degrees();
        let n_packs = length.div_ceil(LANES);
        let own = eights(self.products.right.from(n * length), n_packs);
        let unit = self.products.unit;
        let mut out = Out::new::<DOTS>(self, place, length);
        for i in 0..n_packs {
            let twice = V::splat(2.0).mul(V::load(&own[0][i]));
            let radial = V::splat(2.0).mul(V::load(&own[1][i])).mul(V::load(&own[2][i]));
            let mut rates = [V::zero(); 3];
            for axis in 0..3 {
                let tangential = twice.mul(V::load(&own[3 + axis][i]));
                rates[axis] = radial.mul_add(V::splat(unit[axis]), tangential);
            }
            out.put::<V, DOTS>(i, rates, dots);
        }
    }
}

/// The first packs of all kinds.
#[inline(always)]
fn eights(kinds: [&[f64]; KINDS], n_packs: usize) -> [&[[f64; LANES]]; KINDS] {
    let mut eights = [&[][..]; KINDS];
    for (eights, kind) in eights.iter_mut().zip(kinds) {
        *eights = &kind.as_chunks::<LANES>().0[..n_packs];
    }
    eights
}

/// Writes the terms of one function, times `weight`, over and over.
#[inline(always)]
fn repeat<V: Lanes>(terms: [&[f64]; KINDS], n_degrees: usize, weight: f64, out: &mut Repeated) {
    let weight = V::splat(weight);
    let n_packs = n_degrees.div_ceil(LANES);
    let terms = eights(terms, n_packs);
    for kind in 0..KINDS {
        // Lanes beyond the last degree are overwritten by the next copy, or nobody asks for them.
        for group in 0..n_packs {
            store_at(V::load(&terms[kind][group]).mul(weight), group * LANES, &mut out[kind]);
        }
        let first = V::load(&terms[kind][0]).mul(weight);
        for start in (n_degrees..n_degrees + LANES).step_by(n_degrees) {
            store_at(first, start, &mut out[kind]);
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

/// Where a part is written, and what of the row is multiplied with it.
struct Out<'a> {
    axes: [&'a mut [[f64; LANES]]; 3],
    row: &'a [[f64; LANES]],
    /// One in the lanes of the last pack that mean something, zero in the others.
    last: &'static [f64; LANES],
}

/// Ones in the first lanes, by their number.
const FIRST: [[f64; LANES]; LANES + 1] = {
    let mut masks = [[0.0; LANES]; LANES + 1];
    let mut count = 0;
    while count <= LANES {
        let mut lane = 0;
        while lane < count {
            masks[count][lane] = 1.0;
            lane += 1;
        }
        count += 1;
    }
    masks
};

impl<'a> Out<'a> {
    #[inline(always)]
    fn new<const DOTS: bool>(into: &'a mut Into<'_>, place: usize, length: usize) -> Self {
        let n_packs = length.div_ceil(LANES);
        let mut axes = [&mut [][..], &mut [][..], &mut [][..]];
        for (packs, axis) in axes.iter_mut().zip(&mut into.axes) {
            *packs = &mut axis[place..].as_chunks_mut::<LANES>().0[..n_packs];
        }
        let row = if DOTS { &into.row[place..].as_chunks::<LANES>().0[..n_packs] } else { &[] };
        Self { axes, row, last: &FIRST[length - n_packs.saturating_sub(1) * LANES] }
    }

    #[inline(always)]
    fn put<V: Lanes, const DOTS: bool>(&mut self, i: usize, rates: [V; 3], dots: &mut [V; 3]) {
        for axis in 0..3 {
            rates[axis].store(&mut self.axes[axis][i]);
        }
        if DOTS {
            let mut row = V::load(&self.row[i]);
            if i + 1 == self.row.len() {
                row = row.mul(V::load(self.last));
            }
            for axis in 0..3 {
                dots[axis] = row.mul_add(rates[axis], dots[axis]);
            }
        }
    }
}
