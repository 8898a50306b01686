//! Eigenvalues of a matrix of all atoms, from the largest magnitude to the smallest, and their derivatives.

use super::PURPOSE;
use super::law::AtomPairs;
use super::parameters::AtomMatrixParameters;
use crate::descriptors::pair_matrix::{Degenerate, groups};
use crate::error::Refusal;
use crate::math::eigen::{Eigen, Matrix};
use crate::{Error, Stop, memory, simd};

/// Eigenvalues of one frame, and buffers.
#[derive(Debug, Clone, Default)]
pub struct Spectrum {
    eigen: Eigen,
    matrix: Matrix,
    /// For each place of the row, the place of its eigenvalue among those that descend.
    places: Vec<usize>,
    /// Eigenvectors in columns.
    columns: Matrix,
    products: [Matrix; 3],
    /// Derivatives of the eigenvalues, or adjoints, in the order of the eigenvalues.
    entries: Vec<f64>,
    finite: bool,
}

impl Spectrum {
    /// Finds the eigenvalues, and vectors where there will be derivatives.
    ///
    /// # Errors
    /// [`Refusal::Degenerate`], [`Refusal::Unfinished`].
    pub fn find(
        &mut self,
        pairs: &AtomPairs,
        parameters: &AtomMatrixParameters,
        derivatives: bool,
        stop: &Stop<'_>,
    ) -> Result<(), Refusal> {
        self.finite = simd::all_finite(pairs.values.all());
        self.places.clear();
        if !self.finite {
            return Ok(());
        }
        self.matrix.copy_from(&pairs.values)?;
        if derivatives {
            self.eigen.find_all(&mut self.matrix, stop)?;
            self.columns.transpose_of(self.eigen.vectors())?;
            if parameters.degenerate == Degenerate::Error {
                groups::refuse(self.eigen.values(), parameters.degenerate_tol)?;
            }
        } else {
            self.eigen.find_values(&mut self.matrix, stop)?;
        }
        let values = self.eigen.values();
        memory::reserve(PURPOSE, &mut self.places, values.len())?;
        self.places.extend(0..values.len());
        self.places.sort_unstable_by(|&a, &b| values[b].abs().total_cmp(&values[a].abs()).then(a.cmp(&b)));
        Ok(())
    }

    /// The eigenvalues as a row has them; no numbers where the matrix is not finite.
    pub fn write(&self, n_atoms: usize, row: &mut [f64]) {
        row[..n_atoms].fill(f64::NAN);
        row[n_atoms..].fill(0.0);
        self.places.iter().zip(row).for_each(|(&k, out)| *out = self.eigen.values()[k]);
    }

    /// Writes the entries in the order of a row.
    fn write_entries(&self, n_atoms: usize, row: &mut [f64]) {
        row[..n_atoms].fill(f64::NAN);
        row[n_atoms..].fill(0.0);
        self.places.iter().zip(row).for_each(|(&k, out)| *out = self.entries[k]);
    }

    /// Gives degenerate eigenvalues their mean, if that is wanted.
    fn average(&mut self, parameters: &AtomMatrixParameters) {
        if parameters.degenerate == Degenerate::Average {
            groups::average(&mut self.entries, self.eigen.values(), parameters.degenerate_tol);
        }
    }

    /// The adjoint of the matrix for that of a row.
    ///
    /// # Errors
    /// [`Error::Memory`], [`Error::Interrupted`].
    pub fn adjoint(
        &mut self,
        parameters: &AtomMatrixParameters,
        adjoint: &[f64],
        weights: &mut Matrix,
        n_atoms: usize,
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        if !self.finite {
            weights.reset(n_atoms, n_atoms)?;
            (0..n_atoms).for_each(|i| weights.row_mut(i)[..n_atoms].fill(f64::NAN));
            return Ok(());
        }
        memory::refill(PURPOSE, &mut self.entries, n_atoms, 0.0)?;
        for (place, &k) in self.places.iter().enumerate() {
            self.entries[k] = adjoint[place];
        }
        self.average(parameters);
        // V diag(w) Vᵀ
        self.matrix.copy_from(&self.columns)?;
        for i in 0..n_atoms {
            self.matrix.row_mut(i).iter_mut().zip(&self.entries).for_each(|(entry, weight)| *entry *= weight);
        }
        weights.product_of(&self.matrix, self.eigen.vectors(), stop)
    }

    /// Writes the derivatives of all eigenvalues for a `change` of the matrix.
    ///
    /// # Errors
    /// [`Error::Memory`], [`Error::Interrupted`].
    pub fn tangent(
        &mut self,
        parameters: &AtomMatrixParameters,
        change: &Matrix,
        row: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let n_atoms = change.n_rows();
        self.entries.clear();
        if self.finite {
            let vectors = self.eigen.vectors();
            self.products[0].product_of(vectors, change, stop)?;
            memory::reserve(PURPOSE, &mut self.entries, n_atoms)?;
            let dot = |k: usize| simd::dot(self.products[0].row(k), vectors.row(k));
            self.entries.extend((0..n_atoms).map(dot));
            self.average(parameters);
        }
        self.write_entries(n_atoms, row);
        Ok(())
    }

    /// What [`Self::of_atom`] needs, once a frame.
    ///
    /// # Errors
    /// [`Error::Memory`], [`Error::Interrupted`].
    pub fn prepare_gradients(&mut self, pairs: &AtomPairs, stop: &Stop<'_>) -> Result<(), Error> {
        for (product, gradient) in self.products.iter_mut().zip(&pairs.gradient) {
            if self.finite {
                product.product_of(gradient, &self.columns, stop)?;
            }
        }
        Ok(())
    }

    /// Writes the derivatives of all eigenvalues by one coordinate of one atom.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn of_atom(
        &mut self,
        parameters: &AtomMatrixParameters,
        (atom, axis): (usize, usize),
        n_atoms: usize,
        row: &mut [f64],
    ) -> Result<(), Error> {
        self.entries.clear();
        if self.finite {
            memory::reserve(PURPOSE, &mut self.entries, n_atoms)?;
            let (vectors, products) = (self.columns.row(atom), self.products[axis].row(atom));
            self.entries.extend(vectors.iter().zip(products).take(n_atoms).map(|(v, p)| 2.0 * v * p));
            self.average(parameters);
        }
        self.write_entries(n_atoms, row);
        Ok(())
    }
}
