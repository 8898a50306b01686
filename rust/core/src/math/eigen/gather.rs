//! The orthogonal matrix that a product of Householder reflections is.

use super::matrix::Matrix;
use crate::simd::{Kernel, LANES, Lanes};
use crate::{Error, Stop};

/// Writes `Qᵀ` of the reflections in the rows of `from` into `to`, which is the unit matrix.
pub struct Gather<'a> {
    pub from: &'a Matrix,
    pub half_square: &'a [f64],
    pub to: &'a mut Matrix,
    /// Zeros, one a row.
    pub shares: &'a mut [[f64; LANES]],
    pub stop: &'a Stop<'a>,
}

impl Kernel for Gather<'_> {
    type Output = Result<(), Error>;

    /// `Qᵀ = H_1 H_2 ... H_{n-1}` from the left: the first `i` reflections change the first `i` rows and columns only.
    /// While the rows are changed by one reflection, their products with the vector of the next are taken.
    #[inline(always)]
    fn run<V: Lanes>(self) -> Result<(), Error> {
        let Self { from, half_square, to, shares, stop } = self;
        let (n, stride) = (from.n_rows(), to.stride());
        for i in 0..n {
            stop.check_after(i * i)?;
            let packs = (i + 1).div_ceil(LANES);
            let this = &from.packs(i)[..packs];
            let last = i + 1 == n;
            let next = &from.packs(if last { i } else { i + 1 })[..packs];
            let half = if last { 0.0 } else { half_square[i + 1] };
            let scale = V::splat(if half > 0.0 { 1.0 / half } else { 0.0 });
            for (block, rows) in to.all_mut().chunks_exact_mut(LANES * stride).take(packs).enumerate() {
                let mut found = [V::zero(); LANES];
                for (part, four) in rows.chunks_exact_mut(4 * stride).enumerate() {
                    let mut share = [V::zero(); 4];
                    for k in 0..4 {
                        share[k] = V::splat(shares[block][4 * part + k]);
                    }
                    let four = four_changed::<V>(four, stride, share, this, next);
                    for k in 0..4 {
                        found[4 * part + k] = four[k];
                    }
                }
                (V::sums(found) * scale).store(&mut shares[block]);
            }
        }
        Ok(())
    }
}

/// Four rows of [`Gather`]: `row -= share · this`; returns the sums of their products with `next`.
#[inline(always)]
fn four_changed<V: Lanes>(
    rows: &mut [f64],
    stride: usize,
    share: [V; 4],
    this: &[[f64; LANES]],
    next: &[[f64; LANES]],
) -> [V; 4] {
    let n = this.len();
    let (a, b) = rows.split_at_mut(2 * stride);
    let ((a, b), (c, d)) = (a.split_at_mut(stride), b.split_at_mut(stride));
    let a = &mut a.as_chunks_mut::<LANES>().0[..n];
    let b = &mut b.as_chunks_mut::<LANES>().0[..n];
    let c = &mut c.as_chunks_mut::<LANES>().0[..n];
    let d = &mut d.as_chunks_mut::<LANES>().0[..n];
    let next = &next[..n];
    let mut sums = [V::zero(); 4];
    for p in 0..n {
        let (this, next) = (V::load(&this[p]), V::load(&next[p]));
        for (k, entry) in [&mut a[p], &mut b[p], &mut c[p], &mut d[p]].into_iter().enumerate() {
            let value = share[k].neg_mul_add(this, V::load(entry));
            value.store(entry);
            sums[k] = value.mul_add(next, sums[k]);
        }
    }
    sums
}
