//! Terms of one site for each function of a factor.

use std::ops::Range;

use crate::descriptors::soap::factor::Factor;
use crate::descriptors::soap::limits::PURPOSE;
use crate::descriptors::soap::site_terms::SiteTerms;
use crate::simd::{Capacity, LANES, Lanes, Pack, at};
use crate::{Error, memory};

/// Kinds of numbers that a site brings: `b`, `b'`, `U`, `V_x`, `V_y`, `V_z`.
pub const N_TERMS: usize = 6;
/// Sums over `m`: `U` and the components of `V`.
const SUMS: usize = 4;
/// So few degrees are sooner put into their places one by one than as a block of eight.
const FEW: usize = 2;
/// Packs of functions whose sums are held together.
const PACKS: usize = 2;

/// Order of the terms of one factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TermOrder {
    /// `[n][l]`, whole packs for each function.
    Functions,
    /// `[l][n]`, whole packs for each degree.
    Degrees,
}

/// Terms of one site for each function, with padding for lanes that mean nothing.
#[derive(Debug)]
pub struct FunctionTerms {
    /// `[n][l]` of all kinds, where this is the order.
    functions: Vec<[Pack; N_TERMS]>,
    /// `[l][n]` of each kind, where this is the order.
    degrees: [Vec<Pack>; N_TERMS],
    order: TermOrder,
    n_degrees: usize,
    /// The radial functions that `b` and `b'` belong to; all others are zero.
    species: Range<usize>,
}

impl FunctionTerms {
    /// Room for the functions of a factor.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn new(factor: &Factor, n_degrees: usize, order: TermOrder) -> Result<Self, Error> {
        let mut terms = Self { functions: Vec::new(), degrees: Default::default(), order, n_degrees, species: 0..0 };
        match order {
            TermOrder::Functions => {
                let n_packs = factor.stride() * Pack::holding(n_degrees);
                terms.functions = memory::filled(PURPOSE, n_packs, [Pack::ZERO; N_TERMS])?;
            }
            TermOrder::Degrees => {
                let n_packs = factor.stride() / LANES * n_degrees + 1;
                for kind in &mut terms.degrees {
                    *kind = memory::filled(PURPOSE, n_packs, Pack::ZERO)?;
                }
            }
        }
        Ok(terms)
    }

    /// All kinds as numbers, from one place on, in the order of degrees.
    #[inline(always)]
    pub fn from(&self, start: usize) -> [&[f64]; N_TERMS] {
        let mut kinds = [&[][..]; N_TERMS];
        for (slice, kind) in kinds.iter_mut().zip(&self.degrees) {
            *slice = &Pack::numbers(kind)[start..];
        }
        kinds
    }

    /// Eight degrees of function `n`, in the order of functions.
    #[inline(always)]
    pub fn lanes<V: Lanes>(&self, n: usize, group: usize) -> [V; N_TERMS] {
        let terms = &self.functions[n * Pack::holding(self.n_degrees) + group];
        let mut lanes = [V::zero(); N_TERMS];
        for kind in 0..N_TERMS {
            lanes[kind] = terms[kind].load();
        }
        lanes
    }

    /// Writes `b` and `b'`: the radial functions of a site and their derivatives, among all functions of a factor.
    #[inline(always)]
    pub fn radial<V: Lanes>(&mut self, site: &SiteTerms<'_>, factor: &Factor) {
        if self.species != site.species || factor.is_summed() {
            for terms in &mut self.functions {
                (terms[0], terms[1]) = (Pack::ZERO, Pack::ZERO);
            }
            self.degrees[..2].iter_mut().for_each(|kind| kind.fill(Pack::ZERO));
        }
        self.species = site.species.clone();
        for (kind, from) in [site.functions, site.derivatives].into_iter().enumerate() {
            match self.order {
                TermOrder::Functions => {
                    site.write_functions::<V>(from, factor, self.n_degrees, kind, &mut self.functions);
                }
                TermOrder::Degrees => {
                    site.write_degrees::<V>(from, factor, self.n_degrees, Pack::numbers_mut(&mut self.degrees[kind]));
                }
            }
        }
    }
}

impl SiteTerms<'_> {
    /// Writes the radial functions `from` as `[n][l]`.
    #[inline(always)]
    fn write_functions<V: Lanes>(
        &self,
        from: &[f64],
        factor: &Factor,
        n_degrees: usize,
        kind: usize,
        out: &mut [[Pack; N_TERMS]],
    ) {
        let n_groups = Pack::holding(n_degrees);
        for first in (0..self.species.len()).step_by(LANES) {
            for group in 0..n_groups {
                let lanes = self.eight_by_eight::<V>(from, first, group, n_degrees);
                for (k, lanes) in (first..self.species.len()).zip(lanes) {
                    let slot = &mut out[factor.function(self.species.start + k) * n_groups + group][kind];
                    let lanes = if factor.is_summed() { slot.load::<V>() + lanes } else { lanes };
                    slot.store(lanes);
                }
            }
        }
    }

    /// Writes the radial functions `from` as `[l][n]`.
    #[inline(always)]
    fn write_degrees<V: Lanes>(&self, from: &[f64], factor: &Factor, n_degrees: usize, out: &mut [f64]) {
        let n = self.species.len();
        let rows = out.chunks_exact_mut(factor.stride()).take(n_degrees);
        for (l, out) in rows.enumerate() {
            let from = &from[if self.by_degree { l * n } else { 0 }..][..n];
            if factor.is_summed() {
                factor.add(self.species.start, from, out);
                continue;
            }
            let out = &mut out[self.species.clone()];
            // Not a copy, which is a call for a few numbers.
            if n < LANES {
                for k in 0..LANES {
                    if k < n {
                        out[k] = from[k];
                    }
                }
            }
            let mut offset = 0;
            while offset < n && n >= LANES {
                let start = offset.min(n - LANES);
                if let Some(out) = out[start..].first_chunk_mut::<LANES>() {
                    at::<V>(from, start).store(out);
                }
                offset += LANES;
            }
        }
    }

    /// Eight functions of the species, from `first`, each at the eight degrees of a group.
    #[inline(always)]
    fn eight_by_eight<V: Lanes>(&self, functions: &[f64], first: usize, group: usize, n_degrees: usize) -> [V; LANES] {
        if !self.by_degree {
            // The same at all degrees, and beyond the last, where nobody looks.
            let mut rows = [V::zero(); LANES];
            for (row, x) in rows.iter_mut().zip(&functions[first..]) {
                *row = V::splat(*x);
            }
            return rows;
        }
        let mut rows = [V::zero(); LANES];
        for (row, l) in rows.iter_mut().zip(group * LANES..n_degrees) {
            *row = at(functions, l * self.species.len() + first);
        }
        V::transpose(rows)
    }
}

/// Sums over `m` of the functions of [`PACKS`] packs at eight degrees, `[pack][kind][l][n]`.
pub type SumsBuffer = [[[[f64; LANES]; LANES]; SUMS]; PACKS];
/// Room for them.
pub const NO_SUMS: SumsBuffer = [[[[0.0; LANES]; LANES]; SUMS]; PACKS];

/// `U` and `V` of one factor.
pub struct AngularSums<'a> {
    pub n_degrees: usize,
    pub stride: usize,
    pub scaled: &'a [f64],
    pub site: &'a SiteTerms<'a>,
    pub sums: &'a mut SumsBuffer,
    pub terms: &'a mut FunctionTerms,
}

impl AngularSums<'_> {
    /// Writes them.
    #[inline(always)]
    pub fn write<V: Lanes>(mut self) {
        let n_packs = self.stride / LANES;
        let pairs = if V::CAPACITY == Capacity::Values32 { n_packs / PACKS } else { 0 };
        for pair in 0..pairs {
            self.packs::<V, PACKS>(pair * PACKS);
        }
        for pack in pairs * PACKS..n_packs {
            self.packs::<V, 1>(pack);
        }
    }

    /// `COUNT` packs of functions, from `first`.
    #[inline(always)]
    fn packs<V: Lanes, const COUNT: usize>(&mut self, first: usize) {
        for group in 0..Pack::holding(self.n_degrees) {
            let degrees = group * LANES..self.n_degrees.min((group + 1) * LANES);
            for l in degrees.clone() {
                let of_degree = self.degree::<V, COUNT>(l, first);
                for pack in 0..COUNT {
                    for kind in 0..SUMS {
                        match self.terms.order {
                            TermOrder::Functions => of_degree[pack][kind].store(&mut self.sums[pack][kind][l % LANES]),
                            TermOrder::Degrees => {
                                let place = l * (self.stride / LANES) + first + pack;
                                self.terms.degrees[N_TERMS - SUMS + kind][place].store(of_degree[pack][kind]);
                            }
                        }
                    }
                }
            }
            if self.terms.order == TermOrder::Degrees {
                continue;
            }
            let n_groups = Pack::holding(self.n_degrees);
            for pack in 0..COUNT {
                for kind in 0..SUMS {
                    let out = &mut self.terms.functions[(first + pack) * LANES * n_groups + group..];
                    transpose::<V>(&self.sums[pack][kind], degrees.len(), (N_TERMS - SUMS + kind, n_groups), out);
                }
            }
        }
    }

    /// Sums over `m` of degree `l`.
    #[inline(always)]
    fn degree<V: Lanes, const COUNT: usize>(&self, l: usize, first: usize) -> [[V; SUMS]; COUNT] {
        let (start, end) = (l * l, (l + 1) * (l + 1));
        let [y, dx, dy, dz] = self.site.angular;
        let angular = y[start..end].iter().zip(&dx[start..end]).zip(dy[start..end].iter().zip(&dz[start..end]));
        let rows = self.scaled[start * self.stride..end * self.stride].chunks_exact(self.stride);
        let mut sums = [[V::zero(); SUMS]; COUNT];
        for (row, ((y, dx), (dy, dz))) in rows.zip(angular) {
            let Some(row) = row.as_chunks::<LANES>().0[first..].first_chunk::<COUNT>() else { break };
            let (y, dx, dy, dz) = (V::splat(*y), V::splat(*dx), V::splat(*dy), V::splat(*dz));
            for pack in 0..COUNT {
                let c = V::load(&row[pack]);
                sums[pack][0] = c.mul_add(y, sums[pack][0]);
                sums[pack][1] = c.mul_add(dx, sums[pack][1]);
                sums[pack][2] = c.mul_add(dy, sums[pack][2]);
                sums[pack][3] = c.mul_add(dz, sums[pack][3]);
            }
        }
        sums
    }
}

/// Writes eight functions at some degrees, `[l][n]`, as terms `[n][l]` of one kind, every `stride` packs.
#[inline(always)]
fn transpose<V: Lanes>(
    degrees: &[[f64; LANES]; LANES],
    n_degrees: usize,
    (kind, stride): (usize, usize),
    out: &mut [[Pack; N_TERMS]],
) {
    if n_degrees <= FEW {
        for (l, functions) in degrees.iter().enumerate().take(n_degrees) {
            for (k, x) in functions.iter().enumerate() {
                out[k * stride][kind].0[l] = *x;
            }
        }
        return;
    }
    let mut rows = [V::zero(); LANES];
    for (row, functions) in rows.iter_mut().zip(degrees) {
        *row = V::load(functions);
    }
    for (k, lanes) in V::transpose(rows).into_iter().enumerate() {
        out[k * stride][kind].store(lanes);
    }
}
