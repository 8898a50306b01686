//! Matrices with a row for each atom of a frame, written out in some order, or their eigenvalues.
//!
//! M. Rupp, A. Tkatchenko, K.-R. Müller, O. A. von Lilienfeld, Phys. Rev. Lett. 108, 058301 (2012);
//! F. Faber, A. Lindmaa, O. A. von Lilienfeld, R. Armiento, Int. J. Quantum Chem. 115, 1094 (2015).
//!
//! A [`PairLaw`] says what an entry is, and how it changes with the separation of its two atoms and with the lattice. All
//! else is here, once: the order of the atoms, eigenvalues, and the derivatives of what is made of the entries.

mod coulomb;
mod ewald;
mod law;
mod order;
mod packs;
mod parameters;
mod sine;
mod spectrum;

pub use coulomb::Coulomb;
pub use ewald::Ewald;
pub use law::{AtomPairs, Inverse, PairLaw};
pub use parameters::{AtomMatrixParameters, EwaldMatrixParameters, Permutation, PlainMatrixParameters};
pub use sine::Sine;

use self::order::Order;
use self::spectrum::Spectrum;
use super::{FrameDescriptor, Lattice, WholeFrame};
use crate::error::Refusal;
use crate::math::eigen::Matrix;
use crate::{Error, Stop, memory};

/// Purpose of the memory, for the message where it is refused.
const PURPOSE: &str = "matrix of one frame";

/// What is made of the matrix whose entries `L` describes.
#[derive(Debug, Clone)]
pub struct AtomMatrix<L> {
    parameters: AtomMatrixParameters,
    law: L,
}

/// The Coulomb matrix of a molecule.
pub type GlobalCoulombMatrix = AtomMatrix<Coulomb>;
/// The sine matrix of a crystal.
pub type SineMatrix = AtomMatrix<Sine>;
/// The Ewald sum matrix of a crystal.
pub type EwaldSumMatrix = AtomMatrix<Ewald>;

impl AtomMatrix<Coulomb> {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a parameter out of range, named.
    pub fn new(parameters: PlainMatrixParameters) -> Result<Self, Error> {
        let PlainMatrixParameters { matrix } = parameters;
        matrix.check()?;
        Ok(Self { law: Coulomb { inverse: matrix.inverse() }, parameters: matrix })
    }
}

impl AtomMatrix<Sine> {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a parameter out of range, named.
    pub fn new(parameters: PlainMatrixParameters) -> Result<Self, Error> {
        let PlainMatrixParameters { matrix } = parameters;
        matrix.check()?;
        Ok(Self { law: Sine { inverse: matrix.inverse() }, parameters: matrix })
    }
}

impl AtomMatrix<Ewald> {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a parameter out of range, named.
    pub fn new(parameters: EwaldMatrixParameters) -> Result<Self, Error> {
        parameters.matrix.check()?;
        Ok(Self { law: parameters.law()?, parameters: parameters.matrix })
    }
}

/// Buffers of one thread: the matrix of the present frame, and what is made of it.
pub struct AtomMatrixScratch<K> {
    known: K,
    pairs: AtomPairs,
    order: Order,
    spectrum: Spectrum,
    weights: Matrix,
    n_atoms: usize,
    /// Whether products for single atoms have been made of this frame.
    ready_for_atoms: bool,
}

impl<K: Default> Default for AtomMatrixScratch<K> {
    fn default() -> Self {
        Self {
            known: K::default(),
            pairs: AtomPairs::default(),
            order: Order::default(),
            spectrum: Spectrum::default(),
            weights: Matrix::default(),
            n_atoms: 0,
            ready_for_atoms: false,
        }
    }
}

/// The charge of an atom with this atomic number.
fn charge(number: i64) -> f64 {
    number as f64
}

/// Coordinates of a point along the vectors of a lattice.
fn coordinates(lattice: &Lattice, point: [f64; 3]) -> [f64; 3] {
    lattice.reciprocal.map(|row| row[0] * point[0] + row[1] * point[1] + row[2] * point[2])
}

impl<L: PairLaw> AtomMatrix<L> {
    fn has_eigenvalues(&self) -> bool {
        self.parameters.permutation == Permutation::Eigenspectrum
    }

    /// The place in a row of the entry in this row and column of the ordered matrix.
    fn place(&self, row: usize, column: usize) -> usize {
        row * self.parameters.n_atoms_max + column
    }
}

impl<L: PairLaw> FrameDescriptor for AtomMatrix<L> {
    type Scratch = AtomMatrixScratch<L::Known>;

    fn n_features(&self) -> usize {
        let n = self.parameters.n_atoms_max;
        if self.has_eigenvalues() { n } else { n * n }
    }

    fn feature_names(&self) -> Result<Vec<String>, Error> {
        let n = self.parameters.n_atoms_max;
        let mut names = memory::with_capacity("names of the features", self.n_features())?;
        if self.has_eigenvalues() {
            names.extend((1..=n).map(|k| format!("{} {k}", L::NAME)));
        } else {
            names.extend((0..n * n).map(|k| format!("{} {} {}", L::NAME, k / n + 1, k % n + 1)));
        }
        Ok(names)
    }

    fn prepare(
        &self,
        frame: &WholeFrame<'_>,
        derivatives: bool,
        scratch: &mut Self::Scratch,
        stop: &Stop<'_>,
    ) -> Result<(), Refusal> {
        let (found, limit) = (frame.positions.len(), self.parameters.n_atoms_max);
        if found > limit {
            return Err(Refusal::TooManyAtoms { found, limit });
        }
        let AtomMatrixScratch { known, pairs, order, spectrum, .. } = scratch;
        self.law.fill(frame, derivatives, known, pairs, stop)?;
        if self.has_eigenvalues() {
            spectrum.find(pairs, &self.parameters, derivatives, stop)?;
        } else {
            order.find(&pairs.values, &self.parameters, derivatives, stop)?;
        }
        (scratch.n_atoms, scratch.ready_for_atoms) = (found, false);
        Ok(())
    }

    fn values(&self, scratch: &mut Self::Scratch, row: &mut [f64], stop: &Stop<'_>) -> Result<(), Error> {
        if self.has_eigenvalues() {
            scratch.spectrum.write(scratch.n_atoms, row);
            return Ok(());
        }
        let (n, n_max) = (scratch.n_atoms, self.parameters.n_atoms_max);
        let atoms = scratch.order.atoms();
        let ordered = self.parameters.permutation == Permutation::None;
        for (row, &i) in row.chunks_exact_mut(n_max).zip(atoms) {
            stop.check_after(8 * n)?;
            let entries = scratch.pairs.values.row(i);
            if ordered {
                row[..n].copy_from_slice(&entries[..n]);
            } else {
                row.iter_mut().zip(atoms).for_each(|(out, &j)| *out = entries[j]);
            }
            row[n..].fill(0.0);
        }
        row[n * n_max..].fill(0.0);
        Ok(())
    }

    fn tangent(
        &self,
        displacements: &[[f64; 3]],
        scratch: &mut Self::Scratch,
        row: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let n = scratch.n_atoms;
        let AtomMatrixScratch { pairs, weights: change, order, spectrum, .. } = scratch;
        change.reset(n, n)?;
        for i in 0..n {
            stop.check_after(6 * n)?;
            for (axis, gradient) in pairs.gradient.iter().enumerate() {
                let own = displacements[i][axis];
                let entries = change.row_mut(i).iter_mut().zip(gradient.row(i)).zip(displacements);
                entries.for_each(|((entry, gradient), other)| *entry += gradient * (own - other[axis]));
            }
        }
        if self.has_eigenvalues() {
            return spectrum.tangent(&self.parameters, change, row, stop);
        }
        row.fill(0.0);
        for (k, &i) in order.atoms().iter().enumerate() {
            stop.check_after(8 * n)?;
            for (l, &j) in order.atoms().iter().enumerate() {
                row[self.place(k, l)] = change.row(i)[j];
            }
        }
        Ok(())
    }

    fn pullback(
        &self,
        adjoint: &[f64],
        scratch: &mut Self::Scratch,
        gradient: &mut [[f64; 3]],
        stop: &Stop<'_>,
    ) -> Result<[[f64; 3]; 3], Error> {
        let n = scratch.n_atoms;
        let AtomMatrixScratch { known, pairs, weights, order, spectrum, .. } = scratch;
        if self.has_eigenvalues() {
            spectrum.adjoint(&self.parameters, adjoint, weights, n, stop)?;
        } else {
            weights.reset(n, n)?;
            for (k, &i) in order.atoms().iter().enumerate() {
                stop.check_after(16 * n)?;
                for (l, &j) in order.atoms().iter().enumerate() {
                    weights.row_mut(i)[j] = 0.5 * (adjoint[self.place(k, l)] + adjoint[self.place(l, k)]);
                }
            }
        }
        for (i, gradient) in gradient.iter_mut().enumerate() {
            stop.check_after(4 * n)?;
            *gradient = [0, 1, 2].map(|axis| {
                let terms = weights.row(i).iter().zip(pairs.gradient[axis].row(i)).take(n);
                2.0 * terms.map(|(weight, along)| weight * along).sum::<f64>()
            });
        }
        self.law.strain(known, pairs, weights, stop)
    }

    fn jacobian_of_atom(
        &self,
        atom: usize,
        scratch: &mut Self::Scratch,
        block: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let n = scratch.n_atoms;
        let AtomMatrixScratch { pairs, order, spectrum, ready_for_atoms, .. } = scratch;
        let rows = block.chunks_exact_mut(self.n_features());
        if self.has_eigenvalues() {
            if !*ready_for_atoms {
                spectrum.prepare_gradients(pairs, stop)?;
                *ready_for_atoms = true;
            }
            for (axis, row) in rows.enumerate() {
                spectrum.of_atom(&self.parameters, (atom, axis), n, row)?;
            }
            return Ok(());
        }
        let Some(own) = order.atoms().iter().position(|&i| i == atom) else { return Ok(()) };
        for (row, gradient) in rows.zip(&pairs.gradient) {
            stop.check_after(row.len())?;
            row.fill(0.0);
            let gradient = gradient.row(atom);
            for (k, &j) in order.atoms().iter().enumerate() {
                row[self.place(own, k)] = gradient[j];
                row[self.place(k, own)] = gradient[j];
            }
        }
        Ok(())
    }
}
