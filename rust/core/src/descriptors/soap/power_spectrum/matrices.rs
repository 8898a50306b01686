//! Adjoints of the products of one factor with itself, as symmetric matrices.

use std::ops::Range;

use super::PowerSpectrum;
use crate::simd::{Kernel, LANES, Lanes};
use crate::{Error, Stop};

/// Degrees beyond whole packs of them that are gathered one by one; more are worth a pack of their own.
const FEW: usize = 2;

/// `matrix[l][n][n'] = κ_l μ p[n, n', l]` for both orders of `n` and `n'`; twice that where they are the same.
///
/// Products are stored with degrees side by side: eight functions and eight degrees are transposed at a time, into one
/// triangle of each matrix first.
pub(super) struct SymmetricMatrices<'a> {
    pub spectrum: &'a PowerSpectrum,
    pub products: &'a [f64],
    pub matrix: &'a mut [f64],
    pub stop: &'a Stop<'a>,
}

impl Kernel for SymmetricMatrices<'_> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn run<V: Lanes>(mut self) -> Result<(), Error> {
        let layout = &self.spectrum.layout;
        for n in 0..layout.left.len() {
            self.stop.check_after(LANES * layout.right.len() * layout.n_degrees())?;
            let others = layout.row(n).0;
            for pack in others.start / LANES..others.end.div_ceil(LANES) {
                self.write::<V>(n, pack, &others);
            }
        }
        let stride = layout.left.stride();
        // Of the lower triangle, the first row has one entry.
        let upper = layout.row(0).0.len() > 1;
        for matrix in self.matrix.chunks_exact_mut(stride * stride) {
            self.stop.check_after(stride * stride)?;
            complete::<V>(matrix, stride, upper);
        }
        Ok(())
    }
}

impl SymmetricMatrices<'_> {
    /// Row `n` of all matrices, at the functions of one pack; zeros at those whose products are stored elsewhere.
    #[inline(always)]
    fn write<V: Lanes>(&mut self, n: usize, pack: usize, others: &Range<usize>) {
        let (layout, n_degrees) = (&self.spectrum.layout, self.spectrum.degree_weights.len());
        let stored = others.start.max(pack * LANES)..others.end.min((pack + 1) * LANES);
        let (first, place) = (layout.row(n).0.start, layout.row(n).1);
        let products = &self.products[place + (stored.start - first) * n_degrees..];
        let mut weights = [0.0; LANES];
        stored.clone().for_each(|n_prime| weights[n_prime % LANES] = layout.weight(n, n_prime));
        let weights = V::load(&weights);
        let lane = stored.start % LANES;
        let beyond = n_degrees % LANES;
        let whole = n_degrees - beyond;
        // Where the last degrees have a pack of their own, it begins among those before, if there are any.
        let last = if beyond > FEW { Some(n_degrees.saturating_sub(LANES)) } else { None };
        for start in (0..whole).step_by(LANES).chain(last) {
            let mut rows = [V::zero(); LANES];
            for (k, row) in rows[lane..][..stored.len()].iter_mut().enumerate() {
                *row = V::load(&from(products, k * n_degrees + start));
            }
            for (l, lanes) in (start..n_degrees).zip(V::transpose(rows)) {
                self.store(l, n, pack, lanes, weights);
            }
        }
        if last.is_none() {
            for l in whole..n_degrees {
                let mut lanes = [0.0; LANES];
                for (slot, degrees) in lanes[lane..].iter_mut().zip(products.chunks(n_degrees)).take(stored.len()) {
                    *slot = degrees[l];
                }
                self.store(l, n, pack, V::load(&lanes), weights);
            }
        }
    }

    #[inline(always)]
    fn store<V: Lanes>(&mut self, l: usize, n: usize, pack: usize, products: V, weights: V) {
        let stride = self.spectrum.layout.left.stride();
        let place = (l * stride + n) * stride + pack * LANES;
        if let Some(out) = self.matrix[place..].first_chunk_mut() {
            (weights * (V::splat(self.spectrum.degree_weights[l]) * products)).store(out);
        }
    }
}

/// The eight numbers that begin at `start`, with zeros beyond the end.
#[inline(always)]
fn from(numbers: &[f64], start: usize) -> [f64; LANES] {
    let rest = &numbers[start..];
    rest.first_chunk().copied().unwrap_or_else(|| {
        let mut eight = [0.0; LANES];
        eight[..rest.len()].copy_from_slice(rest);
        eight
    })
}

/// Adds the transpose to a triangle with its diagonal, the `upper` one or the lower one.
#[inline(always)]
fn complete<V: Lanes>(matrix: &mut [f64], stride: usize, upper: bool) {
    let n_packs = stride / LANES;
    for i in 0..n_packs {
        for j in i..n_packs {
            let (from, to) = if upper { ((i, j), (j, i)) } else { ((j, i), (i, j)) };
            let mut rows = [V::zero(); LANES];
            for (k, row) in rows.iter_mut().enumerate() {
                *row = V::load(eight(matrix, stride, from, k));
            }
            for (k, lanes) in V::transpose(rows).into_iter().enumerate() {
                let lanes = if i == j { rows[k] + lanes } else { lanes };
                lanes.store(eight(matrix, stride, to, k));
            }
        }
    }
}

/// Row `k` of the block of eight rows and eight columns.
#[inline(always)]
fn eight(matrix: &mut [f64], stride: usize, (row, column): (usize, usize), k: usize) -> &mut [f64; LANES] {
    let packs = matrix.as_chunks_mut::<LANES>().0;
    &mut packs[(row * LANES + k) * (stride / LANES) + column]
}
