//! The derivatives of all products of functions.

use std::ops::Range;

use super::terms::{KINDS, Terms};
use crate::descriptors::soap::MAX_DEGREE;
use crate::descriptors::soap::compression::Layout;
use crate::simd::{Kernel, LANES, Lanes};

/// Writes the derivatives of all products along each axis, and returns their dot products with `row`.
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
    /// With room after its end, as all that is written.
    pub row: &'a [f64],
    pub axes: [&'a mut [f64]; 3],
}

/// The same where nobody asks for the dot products.
pub struct WithoutDots<'a>(Products<'a>);

impl<'a> Products<'a> {
    /// No dot products: the row may be of any length.
    pub fn without_dots(self) -> WithoutDots<'a> {
        WithoutDots(self)
    }
}

impl Kernel for Products<'_> {
    type Output = [f64; 3];

    #[inline(always)]
    fn run<V: Lanes>(self) -> [f64; 3] {
        self.rows::<V, true>()
    }
}

impl Kernel for WithoutDots<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        self.0.rows::<V, false>();
    }
}

/// Room for the terms of one function, over and over.
const REPEATED: usize = 64;
/// Offsets in it at which lanes begin.
const OFFSETS: usize = 32;
const _: () = assert!(MAX_DEGREE < OFFSETS && OFFSETS + LANES <= REPEATED);
/// `b`, `b'`, `U`, `V_x`, `V_y`, `V_z` of one function, over and over.
type Repeated = [[f64; REPEATED]; KINDS];

impl Products<'_> {
    #[inline(always)]
    fn rows<V: Lanes, const DOTS: bool>(mut self) -> [f64; 3] {
        let layout = self.layout;
        let n_degrees = layout.n_degrees();
        let mut repeated = [[0.0; REPEATED]; KINDS];
        let mut dots = [V::zero(); 3];
        for n in 0..layout.left.len() {
            let (others, place) = layout.row(n);
            let weight = if layout.symmetric { std::f64::consts::SQRT_2 } else { 1.0 };
            repeat::<V>(self.left.from(n * n_degrees), n_degrees, weight, &mut repeated);
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
        let touched = if self.touched.contains(&n) {
            start..end
        } else {
            self.touched.start.clamp(start, end)..self.touched.end.clamp(start, end)
        };
        let at = |other: usize| place + (other - start) * self.layout.n_degrees();
        let (first, last) = (at(touched.start), at(touched.end));
        let (begin, end) = (at(start), at(end));
        self.axes.iter_mut().for_each(|axis| axis[begin..first].fill(0.0));
        self.part::<V, DOTS>(repeated, touched, first, dots);
        self.axes.iter_mut().for_each(|axis| axis[last..end].fill(0.0));
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
        let n_degrees = self.layout.n_degrees();
        let (length, step) = (others.len() * n_degrees, LANES % n_degrees);
        let n_packs = length.div_ceil(LANES);
        let right = eights(self.right.from(others.start * n_degrees), n_packs);
        let unit = [V::splat(self.unit[0]), V::splat(self.unit[1]), V::splat(self.unit[2])];
        let mut out = Out::new::<DOTS>(&mut self.axes, self.row, place, length);
        let mut offset = 0;
        for i in 0..n_packs {
            let mut left = [V::zero(); KINDS];
            for kind in 0..KINDS {
                // The remainder says to the compiler what is true anyway.
                let eight = repeated[kind][offset % OFFSETS..].first_chunk::<LANES>();
                left[kind] = V::load(eight.unwrap_or(&[0.0; LANES]));
            }
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
            offset += step;
            offset -= if offset >= n_degrees { n_degrees } else { 0 };
        }
    }

    /// The product of a function with itself.
    #[inline(always)]
    fn square<V: Lanes, const DOTS: bool>(&mut self, n: usize, place: usize, dots: &mut [V; 3]) {
        let length = self.layout.n_degrees();
        let n_packs = length.div_ceil(LANES);
        let own = eights(self.right.from(n * length), n_packs);
        let mut out = Out::new::<DOTS>(&mut self.axes, self.row, place, length);
        for i in 0..n_packs {
            let twice = V::splat(2.0).mul(V::load(&own[0][i]));
            let radial = V::splat(2.0).mul(V::load(&own[1][i])).mul(V::load(&own[2][i]));
            let mut rates = [V::zero(); 3];
            for axis in 0..3 {
                let tangential = twice.mul(V::load(&own[3 + axis][i]));
                rates[axis] = radial.mul_add(V::splat(self.unit[axis]), tangential);
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
    for (terms, out) in terms.into_iter().zip(out) {
        for start in (0..n_degrees + LANES).step_by(n_degrees) {
            for (group, eight) in terms.as_chunks::<LANES>().0.iter().enumerate().take(n_degrees.div_ceil(LANES)) {
                // Lanes beyond the last degree are overwritten by the next copy, or by nobody asked for.
                if let Some(slot) = out[start + group * LANES..].first_chunk_mut::<LANES>() {
                    V::load(eight).mul(V::splat(weight)).store(slot);
                }
            }
        }
    }
}

/// Where a part is written, and what of the row is multiplied with it.
struct Out<'a> {
    axes: [&'a mut [[f64; LANES]]; 3],
    row: &'a [[f64; LANES]],
    /// Lanes of the last pack that mean something.
    last: usize,
}

impl<'a> Out<'a> {
    #[inline(always)]
    fn new<const DOTS: bool>(axes: &'a mut [&mut [f64]; 3], row: &'a [f64], place: usize, length: usize) -> Self {
        let n_packs = length.div_ceil(LANES);
        let [x, y, z] = axes;
        Self {
            axes: [
                &mut x[place..].as_chunks_mut::<LANES>().0[..n_packs],
                &mut y[place..].as_chunks_mut::<LANES>().0[..n_packs],
                &mut z[place..].as_chunks_mut::<LANES>().0[..n_packs],
            ],
            row: if DOTS { &row[place..].as_chunks::<LANES>().0[..n_packs] } else { &[] },
            last: length - n_packs.saturating_sub(1) * LANES,
        }
    }

    #[inline(always)]
    fn put<V: Lanes, const DOTS: bool>(&mut self, i: usize, rates: [V; 3], dots: &mut [V; 3]) {
        for axis in 0..3 {
            rates[axis].store(&mut self.axes[axis][i]);
        }
        if !DOTS {
            return;
        }
        let row = if i + 1 == self.row.len() && self.last < LANES {
            let mut row = [0.0; LANES];
            row[..self.last].copy_from_slice(&self.row[i][..self.last]);
            V::load(&row)
        } else {
            V::load(&self.row[i])
        };
        for axis in 0..3 {
            dots[axis] = row.mul_add(rates[axis], dots[axis]);
        }
    }
}
