//! Rectangular arrays whose rows are whole packs, and their products.

use crate::simd::{Capacity, Isa, Kernel, LANES, Lanes};
use crate::{Error, Stop, memory};

/// Purpose of the memory, for the message where it is refused.
const PURPOSE: &str = "matrix of one center";

/// Rows of whole packs, each beginning at a cache line; what is beyond the last row and column is zero.
///
/// A matrix is reused from size to size: once it is large enough, nothing is allocated.
#[derive(Debug, Clone, Default)]
pub struct Matrix {
    data: Vec<f64>,
    start: usize,
    n_rows: usize,
    n_columns: usize,
    stride: usize,
}

impl Matrix {
    /// A matrix of zeros of this size.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn reset(&mut self, n_rows: usize, n_columns: usize) -> Result<(), Error> {
        // Room for a pack that begins at the last column; an odd number of packs, so that rows do not compete for the
        // same places in the cache.
        let packs = (n_columns + LANES - 1).div_ceil(LANES) | 1;
        let stride = packs * LANES;
        memory::refill(PURPOSE, &mut self.data, n_rows.next_multiple_of(LANES) * stride + LANES, 0.0)?;
        self.stride = stride;
        (self.n_rows, self.n_columns) = (n_rows, n_columns);
        self.start = self.data.as_ptr().align_offset(64).min(LANES);
        Ok(())
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Number of columns.
    pub fn n_columns(&self) -> usize {
        self.n_columns
    }

    /// From the beginning of a row to that of the next.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// All rows, one after the other, and zeros that fill up the last group of eight.
    pub fn all(&self) -> &[f64] {
        &self.data[self.start..][..self.n_rows.next_multiple_of(LANES) * self.stride]
    }

    /// [`Self::all`], to write to.
    pub fn all_mut(&mut self) -> &mut [f64] {
        &mut self.data[self.start..][..self.n_rows.next_multiple_of(LANES) * self.stride]
    }

    /// One row, with the zeros after its last column.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.all()[i * self.stride..][..self.stride]
    }

    /// [`Self::row`], to write to.
    pub fn row_mut(&mut self, i: usize) -> &mut [f64] {
        let stride = self.stride;
        &mut self.all_mut()[i * stride..][..stride]
    }

    /// The packs of one row.
    pub fn packs(&self, i: usize) -> &[[f64; LANES]] {
        self.row(i).as_chunks().0
    }

    /// Packs that hold all columns.
    pub fn n_packs(&self) -> usize {
        self.n_columns.div_ceil(LANES)
    }

    /// Zeros beyond the last column, where packs that do not end with it were written.
    pub fn trim(&mut self) {
        for i in 0..self.n_rows {
            let n = self.n_columns;
            self.row_mut(i)[n..].fill(0.0);
        }
    }

    /// Becomes the same entries.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn copy_from(&mut self, other: &Self) -> Result<(), Error> {
        self.reset(other.n_rows, other.n_columns)?;
        self.all_mut().copy_from_slice(other.all());
        Ok(())
    }

    /// Becomes the transpose of `other`.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn transpose_of(&mut self, other: &Self) -> Result<(), Error> {
        self.reset(other.n_columns, other.n_rows)?;
        Isa::detect().run(Transpose { from: other, to: self });
        Ok(())
    }

    /// Becomes the product of the two.
    ///
    /// # Errors
    /// [`Error::Memory`], [`Error::Interrupted`].
    pub fn product_of(&mut self, a: &Self, b: &Self, stop: &Stop<'_>) -> Result<(), Error> {
        self.reset(a.n_rows, b.n_columns)?;
        multiply(a, b, self, stop)
    }
}

/// `c = a b`; `c` has the size of the product, and what was in it is lost.
///
/// # Errors
/// [`Error::Interrupted`].
pub fn multiply(a: &Matrix, b: &Matrix, c: &mut Matrix, stop: &Stop<'_>) -> Result<(), Error> {
    Isa::detect().run(Multiply { a, b, c, stop })
}

struct Transpose<'a> {
    from: &'a Matrix,
    to: &'a mut Matrix,
}

impl Kernel for Transpose<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { from, to } = self;
        for i in 0..from.n_rows.div_ceil(LANES) {
            for j in 0..from.n_columns.div_ceil(LANES) {
                let mut tile = [V::zero(); LANES];
                for (k, lanes) in tile.iter_mut().enumerate() {
                    *lanes = V::load(&from.packs(LANES * i + k)[j]);
                }
                let transposed = V::transpose(tile);
                for (k, lanes) in transposed.iter().enumerate() {
                    let row = to.row_mut(LANES * j + k).as_chunks_mut::<LANES>().0;
                    lanes.store(&mut row[i]);
                }
            }
        }
    }
}

struct Multiply<'a> {
    a: &'a Matrix,
    b: &'a Matrix,
    c: &'a mut Matrix,
    stop: &'a Stop<'a>,
}

impl Kernel for Multiply<'_> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn run<V: Lanes>(self) -> Result<(), Error> {
        let Self { a, b, c, stop } = self;
        // Accumulators that fit the registers, with what they are made of.
        match V::CAPACITY {
            Capacity::Values32 => tiles::<V, 8, 3>(a, b, c, stop),
            Capacity::Values8 => tiles::<V, 4, 1>(a, b, c, stop),
            Capacity::Values4 => tiles::<V, 2, 1>(a, b, c, stop),
        }
    }
}

#[inline(always)]
fn tiles<V: Lanes, const ROWS: usize, const PACKS: usize>(
    a: &Matrix,
    b: &Matrix,
    c: &mut Matrix,
    stop: &Stop<'_>,
) -> Result<(), Error> {
    let (n_packs, stride) = (c.n_packs(), c.stride);
    let mut pack = 0;
    while pack < n_packs {
        stop.check_after(a.n_rows * b.n_rows)?;
        let wide = n_packs - pack >= PACKS;
        for (group, rows) in c.all_mut().chunks_exact_mut(ROWS * stride).enumerate() {
            let of_a = &a.all()[group * ROWS * a.stride..][..ROWS * a.stride];
            if wide {
                tile::<V, ROWS, PACKS>((of_a, a.stride), b, pack, (rows, stride));
            } else {
                tile::<V, ROWS, 1>((of_a, a.stride), b, pack, (rows, stride));
            }
        }
        pack += if wide { PACKS } else { 1 };
    }
    Ok(())
}

#[inline(always)]
fn tile<V: Lanes, const ROWS: usize, const PACKS: usize>(
    (a, a_stride): (&[f64], usize),
    b: &Matrix,
    pack: usize,
    (c, c_stride): (&mut [f64], usize),
) {
    let mut of_a = [&a[..0]; ROWS];
    for (row, out) in of_a.iter_mut().enumerate() {
        *out = &a[row * a_stride..][..b.n_rows];
    }
    let mut sums = [[V::zero(); PACKS]; ROWS];
    for (k, row) in b.all().chunks_exact(b.stride).take(b.n_rows).enumerate() {
        let row = &row.as_chunks::<LANES>().0[pack..pack + PACKS];
        let mut packs = [V::zero(); PACKS];
        for p in 0..PACKS {
            packs[p] = V::load(&row[p]);
        }
        for i in 0..ROWS {
            let factor = V::splat(of_a[i][k]);
            for p in 0..PACKS {
                sums[i][p] = packs[p].mul_add(factor, sums[i][p]);
            }
        }
    }
    for i in 0..ROWS {
        let row = &mut c[i * c_stride..][..c_stride].as_chunks_mut::<LANES>().0[pack..pack + PACKS];
        for p in 0..PACKS {
            sums[i][p].store(&mut row[p]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wavy(n_rows: usize, n_columns: usize, seed: f64) -> Matrix {
        let mut matrix = Matrix::default();
        matrix.reset(n_rows, n_columns).expect("some numbers");
        for i in 0..n_rows {
            for j in 0..n_columns {
                matrix.row_mut(i)[j] = (seed * ((i * n_columns + j) as f64 + 1.0)).sin();
            }
        }
        matrix
    }

    #[test]
    fn products_and_transposes_of_every_shape() {
        for (m, k, n) in [(1, 1, 1), (3, 9, 17), (16, 8, 24), (13, 40, 7), (33, 29, 50)] {
            let (a, b) = (wavy(m, k, 0.7), wavy(k, n, 1.3));
            for isa in [Isa::Baseline, Isa::Avx2, Isa::Avx512] {
                let (mut c, mut t) = (Matrix::default(), Matrix::default());
                c.reset(m, n).expect("some numbers");
                isa.run(Multiply { a: &a, b: &b, c: &mut c, stop: &Stop::never() }).expect("nobody stops it");
                t.reset(k, m).expect("some numbers");
                isa.run(Transpose { from: &a, to: &mut t });
                for i in 0..m {
                    for j in 0..n {
                        let exact: f64 = (0..k).map(|l| a.row(i)[l] * b.row(l)[j]).sum();
                        assert!((c.row(i)[j] - exact).abs() < 1e-13);
                    }
                    assert!((0..k).all(|j| t.row(j)[i] == a.row(i)[j]));
                    assert!(c.row(i)[n..].iter().all(|&x| x == 0.0));
                }
            }
        }
    }
}
