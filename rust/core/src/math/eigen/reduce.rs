//! Symmetric to tridiagonal, by Householder reflections.
//!
//! A reflection changes the matrix by `-u qᵀ - q uᵀ`; the next one needs the product of the changed matrix with its
//! vector. Both happen in one pass over the lower triangle: each entry is read and written once a reflection.
//! (G. H. Golub, C. F. Van Loan, *Matrix Computations*, 4th ed., section 8.3; from the last row upwards.)

use super::PURPOSE;
use super::matrix::Matrix;
use crate::simd::{Kernel, LANES, Lanes};
use crate::{Error, Stop, memory};

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
    pub fn reset(&mut self, n_packs: usize) -> Result<(), Error> {
        for vector in [&mut self.reflection, &mut self.change, &mut self.next, &mut self.product] {
            memory::refill(PURPOSE, vector, n_packs, [0.0; LANES])?;
        }
        Ok(())
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
    pub stop: &'a Stop<'a>,
}

impl Kernel for Reduce<'_> {
    /// The unit that all of it is in: the largest entry of `a` is about one in it.
    type Output = Result<f64, Error>;

    #[inline(always)]
    fn run<V: Lanes>(self) -> Result<f64, Error> {
        let Self { a, diagonal, beside, half_square, vectors, stop } = self;
        let (n, stride) = (a.n_rows(), a.stride());
        let Vectors { reflection, change, next, product } = vectors;
        let a = a.all_mut();
        let scale = unit::<V>(a, stride);
        diagonal[n - 1] = a[(n - 1) * stride + n - 1];
        (beside[n - 1], half_square[n - 1]) = reflect::<V>(&mut a[(n - 1) * stride..][..stride], n - 1, next);
        update::<V>(a, stride, n - 1, [reflection, change, next], product);
        for i in (1..n).rev() {
            stop.check_after(i * i)?;
            std::mem::swap(reflection, next);
            let packs = i.div_ceil(LANES);
            let half = half_square[i];
            if half > 0.0 {
                let mut sum = V::zero();
                for p in 0..packs {
                    sum = V::load(&reflection[p]).mul_add(V::load(&product[p]), sum);
                }
                let inverse = 1.0 / half;
                let scale = V::splat(inverse);
                let share = V::splat(0.5 * (sum.sum() * inverse) * inverse);
                for p in 0..packs {
                    let own = V::load(&reflection[p]) * share;
                    (V::load(&product[p]) * scale - own).store(&mut change[p]);
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
            update::<V>(a, stride, above, [reflection, change, next], product);
        }
        Ok(scale)
    }
}

/// Divides the lower triangle by a power of two, so that no digit is lost and its largest entry is about one; returns
/// that.
#[inline(always)]
fn unit<V: Lanes>(a: &mut [f64], stride: usize) -> f64 {
    let (mut least, mut largest) = (V::zero(), V::zero());
    for (i, row) in a.chunks_exact(stride).enumerate() {
        for entries in &row.as_chunks::<LANES>().0[..=i / LANES] {
            let entries = V::load(entries);
            (least, largest) = (least.min(entries), largest.max(entries));
        }
    }
    let mut size = f64::MIN_POSITIVE;
    for lane in largest.max(-least).to_array() {
        size = size.max(lane);
    }
    let exponent = libm::ilogb(size).clamp(-1000, 1000);
    if exponent != 0 {
        let inverse = V::splat(libm::exp2(f64::from(-exponent)));
        for (i, row) in a.chunks_exact_mut(stride).enumerate() {
            for entries in &mut row.as_chunks_mut::<LANES>().0[..=i / LANES] {
                (V::load(entries) * inverse).store(entries);
            }
        }
    }
    libm::exp2(f64::from(exponent))
}

/// Makes the reflection that moves the first `n` entries of `row` to the last of them; its vector goes to `row` and
/// `vector`, zero from `n` on in its last pack. Returns that entry and half of the squared length of the vector.
#[inline(always)]
fn reflect<V: Lanes>(row: &mut [f64], n: usize, vector: &mut [[f64; LANES]]) -> (f64, f64) {
    // The pack of the diagonal entry may be the one after the last of the vector.
    row[n..LANES * (n / LANES + 1)].fill(0.0);
    if n == 0 {
        return (0.0, 0.0);
    }
    let n_packs = n.div_ceil(LANES);
    let pivot = row[n - 1];
    row[n - 1] = 0.0;
    let mut rest = V::zero();
    for entries in &row.as_chunks::<LANES>().0[..n_packs] {
        let entries = V::load(entries);
        rest = entries.mul_add(entries, rest);
    }
    let rest = rest.sum();
    let found = if rest < NOTHING {
        row[..n].fill(0.0);
        (pivot, 0.0)
    } else {
        let square = rest + pivot * pivot;
        let length = square.sqrt();
        row[n - 1] = pivot + if pivot < 0.0 { -length } else { length };
        (if pivot < 0.0 { length } else { -length }, square + pivot.abs() * length)
    };
    vector[..n_packs].copy_from_slice(&row.as_chunks::<LANES>().0[..n_packs]);
    found
}

/// `a -= u qᵀ + q uᵀ`, then `product = a next`, for the first `n` rows and columns. Of the symmetric `a` the blocks of
/// eight by eight on and below the diagonal are there.
#[inline(always)]
fn update<V: Lanes>(
    a: &mut [f64],
    stride: usize,
    n: usize,
    [u, q, next]: [&[[f64; LANES]]; 3],
    product: &mut [[f64; LANES]],
) {
    let n_packs = n.div_ceil(LANES);
    let product = &mut product[..n_packs];
    product.fill([0.0; LANES]);
    for (block, rows) in a.chunks_exact_mut(LANES * stride).take(n_packs).enumerate() {
        let mut found = [V::zero(); LANES];
        let vectors = [&u[..=block], &q[..=block], &next[..=block]];
        let product = &mut product[..=block];
        for (half, four) in rows.chunks_exact_mut(4 * stride).enumerate() {
            let four = four_rows::<V>(four, stride, 4 * half, vectors, product);
            for k in 0..4 {
                found[4 * half + k] = four[k];
            }
        }
        (V::load(&product[block]) + V::sums(found)).store(&mut product[block]);
    }
    // Rows from `n` on are no part of this matrix.
    product.as_flattened_mut()[n..].fill(0.0);
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
