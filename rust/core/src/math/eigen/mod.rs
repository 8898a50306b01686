//! Eigenvalues and eigenvectors of dense symmetric matrices, of one to some hundred rows.
//!
//! Householder reflections make the matrix tridiagonal, implicit QL sweeps make it diagonal. Eigenvectors are rows, so
//! that a rotation runs along memory. Eigenvalues have absolute accuracy: a few rounding errors of the largest.

mod gather;
mod iterate;
mod matrix;
mod reduce;
#[cfg(test)]
mod tests;
mod values;

pub use matrix::{Matrix, multiply};

use self::gather::Gather;
use self::iterate::{Diagonalize, Rotations};
use self::reduce::{Reduce, Vectors};
use crate::simd::{Isa, LANES};
use crate::{Error, Stop, memory};

/// Purpose of the memory, for the message where it is refused.
const PURPOSE: &str = "eigenvalues of one center";

/// Buffers of the solver; its answers stay in them until the next question.
#[derive(Debug, Clone, Default)]
pub struct Eigen {
    values: Vec<f64>,
    beside: Vec<f64>,
    half_square: Vec<f64>,
    order: Vec<usize>,
    unsorted: Vec<f64>,
    buffer: Vectors,
    rotations: Rotations,
    rotated: Matrix,
    vectors: Matrix,
}

impl Eigen {
    /// The eigenvalues found last, from the largest to the smallest.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Eigenvectors of [`Self::values`], one a row.
    pub fn vectors(&self) -> &Matrix {
        &self.vectors
    }

    /// Finds the eigenvalues of the symmetric `matrix`, all entries of which are finite; it is lost.
    ///
    /// # Errors
    /// [`Error::Memory`], [`Error::Interrupted`].
    pub fn find_values(&mut self, matrix: &mut Matrix, stop: &Stop<'_>) -> Result<(), Error> {
        let scale = self.reduce(matrix, stop)?;
        for entry in &mut self.beside {
            *entry *= *entry;
        }
        self.beside.push(0.0);
        values::values(&mut self.values, &mut self.beside);
        self.values.sort_unstable_by(|a, b| b.total_cmp(a));
        self.values.iter_mut().for_each(|value| *value *= scale);
        Ok(())
    }

    /// Finds eigenvalues and eigenvectors of the symmetric `matrix`, all entries of which are finite; it is lost.
    ///
    /// # Errors
    /// [`Error::Memory`], [`Error::Interrupted`].
    pub fn find_all(&mut self, matrix: &mut Matrix, stop: &Stop<'_>) -> Result<(), Error> {
        let scale = self.reduce(matrix, stop)?;
        let n = matrix.n_rows();
        self.rotated.reset(n, n)?;
        for i in 0..n {
            self.rotated.row_mut(i)[i] = 1.0;
        }
        let isa = Isa::detect();
        let (half_square, shares) = (&self.half_square, self.buffer.zeros());
        isa.run(Gather { from: matrix, half_square, to: &mut self.rotated, shares, stop })?;
        isa.run(Diagonalize {
            diagonal: &mut self.values,
            beside: &mut self.beside,
            vectors: &mut self.rotated,
            rotations: &mut self.rotations,
            stop,
        })?;
        let Self { values, unsorted, order, vectors, rotated, .. } = self;
        order.clear();
        memory::reserve(PURPOSE, order, n)?;
        order.extend(0..n);
        // Ties keep their order, which depends on the matrix alone.
        order.sort_unstable_by(|&a, &b| values[b].total_cmp(&values[a]).then(a.cmp(&b)));
        unsorted.clone_from(values);
        vectors.reset(n, n)?;
        for (place, &from) in order.iter().enumerate() {
            values[place] = scale * unsorted[from];
            vectors.row_mut(place).copy_from_slice(rotated.row(from));
        }
        Ok(())
    }

    /// Makes `matrix` tridiagonal, in the units that are returned: its largest entry is about one in them.
    fn reduce(&mut self, matrix: &mut Matrix, stop: &Stop<'_>) -> Result<f64, Error> {
        let n = matrix.n_rows();
        for vector in [&mut self.values, &mut self.beside, &mut self.half_square] {
            // One more entry is pushed where values alone are wanted.
            memory::refill(PURPOSE, vector, n + 1, 0.0)?;
            vector.truncate(n);
        }
        memory::resize(PURPOSE, &mut self.unsorted, n, 0.0)?;
        self.buffer.reset((n + LANES).div_ceil(LANES))?;
        if n == 0 {
            return Ok(1.0);
        }
        Isa::detect().run(Reduce {
            a: matrix,
            diagonal: &mut self.values,
            beside: &mut self.beside,
            half_square: &mut self.half_square,
            vectors: &mut self.buffer,
            stop,
        })
    }
}
