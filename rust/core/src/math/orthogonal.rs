//! Orthogonal factors of matrices whose columns are nearly dependent, with 32 digits and eight matrices at a time.

use super::double_double::DoubleDouble;
use crate::simd::Lanes;
use crate::{Error, Stop};

/// Change of an iterate below which the next one is right to all digits of a double: what is left is its square.
const SETTLED: f64 = 1e-12;
/// A dozen steps are taken, and more for the worst conditioned; without end only where there are no numbers any more.
const MOST_STEPS: usize = 60;

/// Whether lanes hold the entries of eight matrices, or eight rows of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Each lane is a matrix of its own.
    Matrices,
    /// Each row of lanes is eight rows, and triangles are the same in all lanes.
    Rows,
}

/// A dense matrix, row by row.
#[derive(Debug, Clone)]
pub struct Matrix<V> {
    n_columns: usize,
    entries: Vec<DoubleDouble<V>>,
}

impl<V: Lanes> Matrix<V> {
    /// With these entries.
    #[inline(always)]
    pub fn new(n_columns: usize, entries: Vec<DoubleDouble<V>>) -> Self {
        Self { n_columns, entries }
    }

    #[inline(always)]
    fn zeros(n: usize) -> Self {
        Self { n_columns: n, entries: vec![DoubleDouble::splat(0.0); n * n] }
    }

    /// The rows.
    #[inline(always)]
    pub fn rows(&self) -> std::slice::ChunksExact<'_, DoubleDouble<V>> {
        self.entries.chunks_exact(self.n_columns)
    }

    #[inline(always)]
    fn at(&self, i: usize, j: usize) -> DoubleDouble<V> {
        self.entries[i * self.n_columns + j]
    }

    /// Replaces `A` by `Q` with orthonormal columns and returns the upper triangle `R` of `A = Q R`, by the modified
    /// procedure of Gram and Schmidt. What `Q` lacks in orthogonality is rounding times the condition of `A`.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    #[inline(always)]
    pub fn orthonormalize(&mut self, side: Side, stop: &Stop<'_>) -> Result<Self, Error> {
        let n = self.n_columns;
        let mut triangle = Self::zeros(n);
        for k in 0..n {
            stop.check()?;
            let row = &mut triangle.entries[k * n..][k..n];
            for entries in self.entries.chunks_exact(n) {
                let entries = &entries[k..n];
                for j in 0..n - k {
                    row[j] = row[j] + entries[0] * entries[j];
                }
            }
            if side == Side::Rows {
                for sum in row.iter_mut() {
                    *sum = sum.sum_of_lanes();
                }
            }
            let length = row[0].sqrt();
            let inverse = length.recip();
            row[0] = length;
            for entry in &mut row[1..] {
                *entry = *entry * inverse;
            }
            for entries in self.entries.chunks_exact_mut(n) {
                let entries = &mut entries[k..n];
                entries[0] = entries[0] * inverse;
                for j in 1..n - k {
                    entries[j] = entries[j] - row[j] * entries[0];
                }
            }
        }
        Ok(triangle)
    }

    /// The inverse of an upper triangle.
    #[inline(always)]
    pub fn triangle_inverse(&self) -> Self {
        let n = self.n_columns;
        let mut inverse = Self::zeros(n);
        for j in 0..n {
            for i in (0..=j).rev() {
                let mut sum = DoubleDouble::splat(if i == j { 1.0 } else { 0.0 });
                for k in i + 1..=j {
                    sum = sum - self.at(i, k) * inverse.at(k, j);
                }
                inverse.entries[i * n + j] = sum * self.at(i, i).recip();
            }
        }
        inverse
    }

    /// `A Bᵀ`, where `b` is an upper triangle.
    #[inline(always)]
    pub fn times_transposed(&self, b: &Self) -> Self {
        let mut entries = Vec::with_capacity(self.entries.len());
        for row in self.rows() {
            for (j, other) in b.rows().enumerate() {
                entries.push(dot(&row[j..], &other[j..]));
            }
        }
        Self { n_columns: self.n_columns, entries }
    }

    /// `A B`, where `b` is an upper triangle.
    #[inline(always)]
    pub fn triangle_product(&self, b: &Self) -> Self {
        let n = self.n_columns;
        let mut entries = Vec::with_capacity(self.entries.len());
        for row in self.rows() {
            for j in 0..n {
                let mut sum = DoubleDouble::splat(0.0);
                for (k, entry) in row[..=j].iter().enumerate() {
                    sum = sum + *entry * b.at(k, j);
                }
                entries.push(sum);
            }
        }
        Self { n_columns: n, entries }
    }

    /// Divides every column of an upper triangle by its norm.
    #[inline(always)]
    pub fn normalize_columns(&mut self) {
        let n = self.n_columns;
        for j in 0..n {
            let mut square = DoubleDouble::splat(0.0);
            for i in 0..=j {
                square = square + self.at(i, j) * self.at(i, j);
            }
            let inverse = square.sqrt().recip();
            for i in 0..=j {
                self.entries[i * n + j] = self.at(i, j) * inverse;
            }
        }
    }

    /// `Aᵀ B` for matrices of as many rows; on the side of rows, summed over these.
    #[inline(always)]
    pub fn transposed_times(&self, b: &Self, side: Side) -> Self {
        let n = self.n_columns;
        let mut product = Self::zeros(n);
        for (one, other) in self.rows().zip(b.rows()) {
            for (i, one) in one.iter().enumerate() {
                for (sum, other) in product.entries[i * n..].iter_mut().zip(other) {
                    *sum = *sum + *one * *other;
                }
            }
        }
        if side == Side::Rows {
            for sum in &mut product.entries {
                *sum = sum.sum_of_lanes();
            }
        }
        product
    }

    /// Root of the sum of squares.
    #[inline(always)]
    pub fn norm(&self) -> DoubleDouble<V> {
        dot(&self.entries, &self.entries).sqrt()
    }

    /// The orthogonal factor `O` of a square `A = O H`, in which `H` is symmetric and positive definite, and the
    /// condition of `A`: by so much does `O` magnify a relative error of `A`. No number where there is no `O`.
    ///
    /// Newton's iteration `X ← (γX + (γX)⁻ᵀ)/2` with the scaling of Higham (SIAM J. Sci. Stat. Comput. 7, 1160, 1986).
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    #[inline(always)]
    pub fn orthogonal_factor(&self, stop: &Stop<'_>) -> Result<(Self, f64), Error> {
        let mut x = self.clone();
        let mut condition = f64::NAN;
        for step in 0..MOST_STEPS {
            let mut q = x.clone();
            let y = q.orthonormalize(Side::Matrices, stop)?.triangle_inverse();
            let y = q.times_transposed(&y);
            let (x_norm, y_norm) = (x.norm(), y.norm());
            if step == 0 {
                condition = largest((x_norm * y_norm).to_doubles());
            }
            let scale = (y_norm * x_norm.recip()).sqrt();
            let half = DoubleDouble::splat(0.5);
            let (own, other) = (half * scale, half * scale.recip());
            let mut change = DoubleDouble::splat(0.0);
            for (x, y) in x.entries.iter_mut().zip(&y.entries) {
                let next = own * *x + other * *y;
                let difference = next - *x;
                change = change + difference * difference;
                *x = next;
            }
            let change = largest(change.to_doubles());
            // Where there are no numbers any more, this is none either.
            if change.is_nan() || change < SETTLED * SETTLED {
                condition += 0.0 * change;
                break;
            }
        }
        Ok((x, condition))
    }
}

/// `Σ a b`
#[inline(always)]
fn dot<V: Lanes>(a: &[DoubleDouble<V>], b: &[DoubleDouble<V>]) -> DoubleDouble<V> {
    let mut sum = DoubleDouble::splat(0.0);
    for (a, b) in a.iter().zip(b) {
        sum = sum + *a * *b;
    }
    sum
}

/// The largest lane; no number where any is none.
#[inline(always)]
pub fn largest<V: Lanes>(lanes: V) -> f64 {
    lanes.to_array().into_iter().fold(0.0, |largest: f64, x| if x.is_nan() || x > largest { x } else { largest })
}
