//! Terms of one site for each function of a factor.

use crate::descriptors::soap::factor::Factor;
use crate::descriptors::soap::limits::PURPOSE;
use crate::descriptors::soap::site_terms::SiteTerms;
use crate::simd::{Capacity, Kernel, LANES, Lanes, Pack, at};
use crate::{Error, memory};

/// Kinds of numbers that a site brings: `b`, `b'`, `U`, `V_x`, `V_y`, `V_z`.
pub const N_TERMS: usize = 6;
/// Sums over `m`: `U` and the components of `V`.
const SUMS: usize = 4;
/// Packs of functions whose sums are held together.
const PACKS: usize = 2;

/// Terms of one site for each function, `[n][l]` without gaps, with padding for lanes that mean nothing.
#[derive(Debug)]
pub struct FunctionTerms {
    kinds: [Vec<Pack>; N_TERMS],
}

impl FunctionTerms {
    /// Room for the functions of a factor.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn new(factor: &Factor, n_degrees: usize) -> Result<Self, Error> {
        let mut kinds: [Vec<Pack>; N_TERMS] = Default::default();
        for kind in &mut kinds {
            *kind = memory::filled(PURPOSE, Pack::holding(factor.stride() * n_degrees) + 1, Pack::ZERO)?;
        }
        Ok(Self { kinds })
    }

    /// All kinds, from one function on.
    #[inline(always)]
    pub fn from(&self, start: usize) -> [&[f64]; N_TERMS] {
        let mut kinds = [&[][..]; N_TERMS];
        for (slice, kind) in kinds.iter_mut().zip(&self.kinds) {
            *slice = &Pack::numbers(kind)[start..];
        }
        kinds
    }
}

/// Room for [`AngularSums`].
pub fn sums_buffer(n_degrees: usize) -> Vec<[f64; LANES]> {
    vec![[0.0; LANES]; PACKS * SUMS * n_degrees.next_multiple_of(LANES)]
}

/// `b` and `b'`: the radial functions of a site and their derivatives, among all functions of a factor.
pub struct RadialTerms<'a> {
    pub site: &'a SiteTerms<'a>,
    pub factor: &'a Factor,
    pub n_degrees: usize,
    pub terms: &'a mut FunctionTerms,
}

impl Kernel for RadialTerms<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { site, factor, n_degrees, terms } = self;
        let [values, derivatives, ..] = &mut terms.kinds;
        for (from, out) in [(site.functions, values), (site.derivatives, derivatives)] {
            let out = Pack::numbers_mut(out);
            if factor.is_summed() || site.species.len() < factor.len() {
                out.fill(0.0);
            }
            for first in (0..site.species.len()).step_by(LANES) {
                // As in `transpose`: the last group first. Lanes beyond the last degree are zero.
                for group in (0..n_degrees.div_ceil(LANES)).rev() {
                    let lanes = site.eight_by_eight::<V>(from, first, group, n_degrees);
                    for (k, lanes) in (first..site.species.len()).zip(lanes) {
                        let place = factor.function(site.species.start + k) * n_degrees + group * LANES;
                        let Some(slot) = out[place..].first_chunk_mut::<LANES>() else { continue };
                        let lanes = if factor.is_summed() { V::load(slot) + lanes } else { lanes };
                        lanes.store(slot);
                    }
                }
            }
        }
    }
}

impl SiteTerms<'_> {
    /// Eight functions of the species, from `first`, each at the eight degrees of a group; zero beyond the last degree.
    #[inline(always)]
    fn eight_by_eight<V: Lanes>(&self, functions: &[f64], first: usize, group: usize, n_degrees: usize) -> [V; LANES] {
        let stride = if self.by_degree { self.species.len() } else { 0 };
        let mut rows = [V::zero(); LANES];
        for (row, l) in rows.iter_mut().zip(group * LANES..n_degrees) {
            *row = at(functions, l * stride + first);
        }
        V::transpose(rows)
    }
}

/// `U` and `V` of one factor.
pub struct AngularSums<'a> {
    pub n_degrees: usize,
    pub stride: usize,
    pub scaled: &'a [f64],
    pub site: &'a SiteTerms<'a>,
    pub sums: &'a mut [[f64; LANES]],
    pub terms: &'a mut FunctionTerms,
}

impl Kernel for AngularSums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(mut self) {
        let n_packs = self.stride / LANES;
        let pairs = if V::CAPACITY == Capacity::Values32 { n_packs / PACKS } else { 0 };
        for pair in 0..pairs {
            self.packs::<V, PACKS>(pair * PACKS);
        }
        for pack in pairs * PACKS..n_packs {
            self.packs::<V, 1>(pack);
        }
    }
}

impl AngularSums<'_> {
    /// `COUNT` packs of functions, from `first`.
    #[inline(always)]
    fn packs<V: Lanes, const COUNT: usize>(&mut self, first: usize) {
        let padded = self.n_degrees.next_multiple_of(LANES);
        for l in 0..self.n_degrees {
            let sums = self.degree::<V, COUNT>(l, first);
            for pack in 0..COUNT {
                for kind in 0..SUMS {
                    sums[pack][kind].store(&mut self.sums[(pack * SUMS + kind) * padded + l]);
                }
            }
        }
        for pack in 0..COUNT {
            for kind in 0..SUMS {
                let sums = &self.sums[(pack * SUMS + kind) * padded..][..padded];
                let out = Pack::numbers_mut(&mut self.terms.kinds[N_TERMS - SUMS + kind]);
                let out = &mut out[(first + pack) * LANES * self.n_degrees..];
                transpose::<V>(sums.as_chunks::<LANES>().0, self.n_degrees, out);
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

/// Writes eight functions `[l][n]`, in groups of eight degrees, as `[n][l]`.
#[inline(always)]
fn transpose<V: Lanes>(groups: &[[[f64; LANES]; LANES]], n_degrees: usize, out: &mut [f64]) {
    // The last group first: its lanes beyond the last degree fall on the next function, whose other groups follow.
    for (g, group) in groups.iter().enumerate().rev() {
        let mut rows = [V::zero(); LANES];
        for (row, lanes) in rows.iter_mut().zip(group) {
            *row = V::load(lanes);
        }
        for (k, lanes) in V::transpose(rows).into_iter().enumerate() {
            if let Some(slot) = out[k * n_degrees + g * LANES..].first_chunk_mut::<LANES>() {
                lanes.store(slot);
            }
        }
    }
}
