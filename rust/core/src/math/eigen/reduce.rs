//! Symmetric to tridiagonal, by Householder reflections.
//!
//! A reflection changes the matrix by `-u qᵀ - q uᵀ`; the next one needs the product of the changed matrix with its
//! vector. Both happen in one pass over the lower triangle: each entry is read and written once a reflection.
//! (G. H. Golub, C. F. Van Loan, *Matrix Computations*, 4th ed., section 8.3; from the last row upwards.)

use super::matrix::Matrix;
use crate::simd::{Kernel, LANES, Lanes};

/// Rows whose squares sum to less than this, beside entries of order one, are taken for zero.
const NOTHING: f64 = 1e-280;

/// Vectors of the reduction, as long as a row.
#[derive(Debug, Clone, Default)]
pub struct Vectors {
    reflection: Vec<[f64; LANES]>,
    change: Vec<[f64; LANES]>,
    next: Vec<[f64; LANES]>,
    product: Vec<[f64; LANES]>,
}

impl Vectors {
    /// Zeros, one a row.
    pub fn zeros(&mut self) -> &mut [[f64; LANES]] {
        self.product.fill([0.0; LANES]);
        &mut self.product
    }

    /// Zeros, `n_packs` of them in each.
    pub fn reset(&mut self, n_packs: usize) {
        for vector in [&mut self.reflection, &mut self.change, &mut self.next, &mut self.product] {
            vector.clear();
            vector.resize(n_packs, [0.0; LANES]);
        }
    }
}

/// `a = Q T Qᵀ`: `diagonal` and `beside` (the entry left of each on the diagonal) of `T`; the vectors of the
/// reflections are left in the rows of `a`, and half of their squared lengths in `half_square` (0: no reflection).
pub struct Reduce<'a> {
    pub a: &'a mut Matrix,
    pub diagonal: &'a mut [f64],
    pub beside: &'a mut [f64],
    pub half_square: &'a mut [f64],
    pub vectors: &'a mut Vectors,
}

impl Kernel for Reduce<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { a, diagonal, beside, half_square, vectors } = self;
        let (n, stride) = (a.n_rows(), a.stride());
        let n_packs = n.div_ceil(LANES);
        let Vectors { reflection, change, next, product } = vectors;
        let a = a.all_mut();
        diagonal[n - 1] = a[(n - 1) * stride + n - 1];
        (beside[n - 1], half_square[n - 1]) = reflect::<V>(&mut a[(n - 1) * stride..][..stride], n - 1, next);
        update::<V>(a, stride, n - 1, [reflection, change, next], product);
        for i in (1..n).rev() {
            std::mem::swap(reflection, next);
            let packs = i.div_ceil(LANES);
            let half = half_square[i];
            if half > 0.0 {
                let mut sum = V::zero();
                for p in 0..packs {
                    sum = V::load(&reflection[p]).mul_add(V::load(&product[p]), sum);
                }
                let scale = V::splat(1.0 / half);
                let share = V::splat(0.5 * (sum.sum() / half) / half);
                for p in 0..packs {
                    let own = V::load(&reflection[p]).mul(share);
                    V::load(&product[p]).mul(scale).sub(own).store(&mut change[p]);
                }
            } else {
                change[..packs].fill([0.0; LANES]);
            }
            // The row that the next reflection is made of.
            let above = i - 1;
            let row = &mut a[above * stride..][..stride];
            let of = |vector: &[[f64; LANES]]| V::splat(vector.as_flattened()[above]);
            let (u, q) = (of(reflection), of(change));
            for (p, entries) in row.as_chunks_mut::<LANES>().0[..packs].iter_mut().enumerate() {
                let entry = u.neg_mul_add(V::load(&change[p]), V::load(entries));
                q.neg_mul_add(V::load(&reflection[p]), entry).store(entries);
            }
            diagonal[above] = row[above];
            (beside[above], half_square[above]) = reflect::<V>(row, above, next);
            // That row is the next reflection now, and no longer changed.
            reflection.as_flattened_mut()[above] = 0.0;
            change.as_flattened_mut()[above] = 0.0;
            product[..n_packs].fill([0.0; LANES]);
            update::<V>(a, stride, above, [reflection, change, next], product);
        }
    }
}

/// Makes the reflection that moves the first `n` entries of `row` to the last of them; its vector goes to `row` and
/// `vector`, zero from `n` on. Returns that entry and half of the squared length of the vector.
#[inline(always)]
fn reflect<V: Lanes>(row: &mut [f64], n: usize, vector: &mut [[f64; LANES]]) -> (f64, f64) {
    let n_packs = n.div_ceil(LANES);
    row[n..].fill(0.0);
    let pivot = if n == 0 { 0.0 } else { row[n - 1] };
    let mut rest = V::zero();
    if n > 0 {
        row[n - 1] = 0.0;
        for entries in &row.as_chunks::<LANES>().0[..n_packs] {
            let entries = V::load(entries);
            rest = entries.mul_add(entries, rest);
        }
    }
    let rest = rest.sum();
    let found = if rest < NOTHING {
        row.fill(0.0);
        (pivot, 0.0)
    } else {
        let square = rest + pivot * pivot;
        let length = square.sqrt();
        row[n - 1] = pivot + if pivot < 0.0 { -length } else { length };
        (if pivot < 0.0 { length } else { -length }, square + pivot.abs() * length)
    };
    let packs = row.as_chunks::<LANES>().0;
    let length = packs.len().min(vector.len());
    vector[..length].copy_from_slice(&packs[..length]);
    found
}

/// The sum over the lanes of each of eight.
#[inline(always)]
pub(super) fn sums<V: Lanes>(rows: [V; LANES]) -> V {
    let t = V::transpose(rows);
    t[0].add(t[1]).add(t[2].add(t[3])).add(t[4].add(t[5]).add(t[6].add(t[7])))
}

/// `a -= u qᵀ + q uᵀ`, then `product += a next`, for the first `n` rows and columns. Of the symmetric `a` the blocks
/// of eight by eight on and below the diagonal are there.
#[inline(always)]
fn update<V: Lanes>(
    a: &mut [f64],
    stride: usize,
    n: usize,
    [u, q, next]: [&[[f64; LANES]]; 3],
    product: &mut [[f64; LANES]],
) {
    for (block, rows) in a.chunks_exact_mut(LANES * stride).take(n.div_ceil(LANES)).enumerate() {
        let mut found = [V::zero(); LANES];
        let vectors = [&u[..=block], &q[..=block], &next[..=block]];
        let product = &mut product[..=block];
        for (half, four) in rows.chunks_exact_mut(4 * stride).enumerate() {
            let four = four_rows::<V>(four, stride, 4 * half, vectors, product);
            for k in 0..4 {
                found[4 * half + k] = four[k];
            }
        }
        // Rows from `n` on are no part of this matrix.
        let mut sum = sums(found).to_array();
        sum[(n - LANES * block).min(LANES)..].fill(0.0);
        V::load(&product[block]).add(V::load(&sum)).store(&mut product[block]);
    }
}

/// Four rows of [`update`], `first` being their place in the block; returns the sums of their products.
#[inline(always)]
fn four_rows<V: Lanes>(
    rows: &mut [f64],
    stride: usize,
    first: usize,
    [u, q, next]: [&[[f64; LANES]]; 3],
    product: &mut [[f64; LANES]],
) -> [V; 4] {
    let block = product.len() - 1;
    let mut of_rows = [[V::zero(); 3]; 4];
    for (k, of_row) in of_rows.iter_mut().enumerate() {
        *of_row = [V::splat(u[block][first + k]), V::splat(q[block][first + k]), V::splat(next[block][first + k])];
    }
    let (a, b) = rows.split_at_mut(2 * stride);
    let ((a, b), (c, d)) = (a.split_at_mut(stride), b.split_at_mut(stride));
    let a = &mut a.as_chunks_mut::<LANES>().0[..=block];
    let b = &mut b.as_chunks_mut::<LANES>().0[..=block];
    let c = &mut c.as_chunks_mut::<LANES>().0[..=block];
    let d = &mut d.as_chunks_mut::<LANES>().0[..=block];
    let mut sums = [V::zero(); 4];
    for p in 0..block {
        let [up, qp, next] = [V::load(&u[p]), V::load(&q[p]), V::load(&next[p])];
        let mut column = V::load(&product[p]);
        for (k, entry) in [&mut a[p], &mut b[p], &mut c[p], &mut d[p]].into_iter().enumerate() {
            let [u, q, own] = of_rows[k];
            let value = q.neg_mul_add(up, u.neg_mul_add(qp, V::load(entry)));
            value.store(entry);
            sums[k] = value.mul_add(next, sums[k]);
            column = value.mul_add(own, column);
        }
        column.store(&mut product[p]);
    }
    let [up, qp, next] = [V::load(&u[block]), V::load(&q[block]), V::load(&next[block])];
    for (k, entry) in [&mut a[block], &mut b[block], &mut c[block], &mut d[block]].into_iter().enumerate() {
        let [u, q, _] = of_rows[k];
        let value = q.neg_mul_add(up, u.neg_mul_add(qp, V::load(entry)));
        value.store(entry);
        sums[k] = value.mul_add(next, sums[k]);
    }
    sums
}

/// Writes `Qᵀ` of the reflections in the rows of `from` into `to`, which is the unit matrix.
pub struct Gather<'a> {
    pub from: &'a Matrix,
    pub half_square: &'a [f64],
    pub to: &'a mut Matrix,
    /// Zeros, one a row.
    pub shares: &'a mut [[f64; LANES]],
}

impl Kernel for Gather<'_> {
    type Output = ();

    /// `Qᵀ = H_1 H_2 ... H_{n-1}` from the left: the first `i` reflections change the first `i` rows and columns only.
    /// While the rows are changed by one reflection, their products with the vector of the next are taken.
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { from, half_square, to, shares } = self;
        let (n, stride) = (from.n_rows(), to.stride());
        for i in 0..n {
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
                sums(found).mul(scale).store(&mut shares[block]);
            }
        }
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
