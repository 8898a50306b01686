//! Fingerprints of whole frames: one row for all atoms together.

use crate::error::Refusal;
use crate::{Error, Stop};

/// A periodic lattice in three dimensions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lattice {
    /// Rows are the lattice vectors in Å.
    pub basis: [[f64; 3]; 3],
    /// Row `a` takes a point to its coordinate along row `a` of the basis.
    pub reciprocal: [[f64; 3]; 3],
}

/// Everything that a fingerprint may know about a frame: all numbers are finite, and atoms lie in the cell.
#[derive(Debug, Clone, Copy)]
pub struct WholeFrame<'a> {
    /// Positions in Å.
    pub positions: &'a [[f64; 3]],
    /// Atomic numbers, those of placeholders zero.
    pub numbers: &'a [i64],
    /// The lattice with the vectors that were given, where all three axes are periodic.
    pub given: Option<Lattice>,
    /// The same lattice, with the shortest vectors that span it.
    pub reduced: Option<Lattice>,
    /// Axes that are periodic.
    pub periodic: [bool; 3],
}

/// One fingerprint of one frame.
///
/// Every question is about the frame that was prepared last.
pub trait FrameDescriptor: Sync + 'static {
    /// Buffers reused from frame to frame, one set per worker.
    type Scratch: Default + Send + 'static;

    /// Number of features, the length of a row.
    fn n_features(&self) -> usize;
    /// One readable, unique name a feature, in the order of a row.
    ///
    /// # Errors
    /// [`Error::Memory`].
    fn feature_names(&self) -> Result<Vec<String>, Error>;

    /// Looks at a frame, before anything is asked about it; `derivatives` says whether that will be derivatives too.
    ///
    /// This, like all that follows, leaves early where `stop` says so or memory is refused; nothing but a fresh frame can
    /// be asked about after that.
    ///
    /// # Errors
    /// [`Refusal`] where this fingerprint cannot describe such a frame.
    fn prepare(
        &self,
        frame: &WholeFrame<'_>,
        derivatives: bool,
        scratch: &mut Self::Scratch,
        stop: &Stop<'_>,
    ) -> Result<(), Refusal>;

    /// Writes every feature.
    ///
    /// # Errors
    /// [`Error::Interrupted`], [`Error::Memory`].
    fn values(&self, scratch: &mut Self::Scratch, row: &mut [f64], stop: &Stop<'_>) -> Result<(), Error>;
    /// Writes the derivative of every feature along `displacements` of the atoms.
    ///
    /// # Errors
    /// [`Error::Interrupted`], [`Error::Memory`].
    fn tangent(
        &self,
        displacements: &[[f64; 3]],
        scratch: &mut Self::Scratch,
        row: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error>;
    /// Writes the derivatives of `Σ adjoint · features` with respect to each atom's position, into `gradient`, and to a
    /// strain of atoms and lattice, which is returned.
    ///
    /// # Errors
    /// [`Error::Interrupted`], [`Error::Memory`].
    fn pullback(
        &self,
        adjoint: &[f64],
        scratch: &mut Self::Scratch,
        gradient: &mut [[f64; 3]],
        stop: &Stop<'_>,
    ) -> Result<[[f64; 3]; 3], Error>;
    /// Writes the derivatives of every feature with respect to the position of one atom, `[xyz][feature]`.
    ///
    /// # Errors
    /// [`Error::Interrupted`], [`Error::Memory`].
    fn jacobian_of_atom(
        &self,
        atom: usize,
        scratch: &mut Self::Scratch,
        block: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error>;
}
