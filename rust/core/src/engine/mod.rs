//! Loops over frames and centers, forward and back; the only room that knows threads.
//!
//! Every row belongs to one worker and every sum keeps its order, so results are the same bits for any number of
//! threads.

use std::ops::ControlFlow;

use crate::Error;
use crate::descriptors::Descriptor;
use crate::geometry::{Centers, Frames};

/// Where work runs, and who is told about it.
pub struct Job<'a> {
    /// Threads to use; `None` stays on the caller's.
    pub pool: Option<&'a rayon::ThreadPool>,
    /// Told on the caller's thread, a few times a second, how many rows of how many are done; may stop the work,
    /// which then ends with [`Error::Interrupted`].
    pub progress: &'a mut dyn FnMut(usize, usize) -> ControlFlow<()>,
}

/// How the centers of a frame become rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Average {
    /// One row a center.
    Off,
    /// One row a frame: the mean of the coefficients, then contracted.
    Inner,
    /// One row a frame: the mean of the rows of its centers.
    Outer,
}

/// A number that a row can be written in.
pub trait Output: Copy + Send + Sync {
    /// Rounds to this type.
    fn from_f64(value: f64) -> Self;
}

impl Output for f64 {
    fn from_f64(value: f64) -> Self {
        value
    }
}

impl Output for f32 {
    fn from_f64(value: f64) -> Self {
        value as Self
    }
}

/// Number of rows of the result.
pub fn n_rows(average: Average, frames: &Frames<'_>, centers: &Centers<'_>) -> usize {
    match average {
        Average::Off => centers.len(),
        Average::Inner | Average::Outer => frames.len(),
    }
}

/// Writes the features of all centers into `rows`, `n_features` numbers a row.
///
/// # Errors
/// See [`Error`].
pub fn transform<D: Descriptor, T: Output>(
    _descriptor: &D,
    _average: Average,
    _frames: &Frames<'_>,
    _centers: &Centers<'_>,
    _rows: &mut [T],
    _job: &mut Job<'_>,
) -> Result<(), Error> {
    Ok(())
}

/// Gradients of `Σ adjoint · features`.
#[derive(Debug, Clone)]
pub struct Pullback {
    /// With respect to the positions, one row an atom of all frames.
    pub positions: Vec<[f64; 3]>,
    /// With respect to the strain of each frame.
    pub strain: Vec<[[f64; 3]; 3]>,
}

/// Gradients of `Σ adjoint · features` with respect to all positions and strains.
///
/// # Errors
/// See [`Error`].
pub fn pullback<D: Descriptor>(
    _descriptor: &D,
    _average: Average,
    frames: &Frames<'_>,
    _centers: &Centers<'_>,
    _adjoint: &[f64],
    _job: &mut Job<'_>,
) -> Result<Pullback, Error> {
    Ok(Pullback { positions: vec![[0.0; 3]; frames.n_atoms()], strain: vec![[[0.0; 3]; 3]; frames.len()] })
}

/// Writes the derivatives of all features along `displacements` (one row an atom of all frames) into `rows`.
///
/// # Errors
/// See [`Error`].
pub fn pushforward<D: Descriptor, T: Output>(
    _descriptor: &D,
    _average: Average,
    _frames: &Frames<'_>,
    _centers: &Centers<'_>,
    _displacements: &[[f64; 3]],
    _rows: &mut [T],
    _job: &mut Job<'_>,
) -> Result<(), Error> {
    Ok(())
}

/// Which blocks of the Jacobian of one frame are not zero: `(row, atom)`, unique, sorted by row, then by atom.
#[derive(Debug, Clone, Default)]
pub struct JacobianPattern {
    /// Row of the features of each block.
    pub row: Vec<i64>,
    /// Atom with respect to which they are differentiated.
    pub atom: Vec<i64>,
}

/// Finds the blocks of the Jacobian of the only frame of `frames`.
///
/// # Errors
/// See [`Error`].
pub fn jacobian_pattern<D: Descriptor>(
    _descriptor: &D,
    _average: Average,
    _frames: &Frames<'_>,
    _centers: &Centers<'_>,
    _job: &mut Job<'_>,
) -> Result<JacobianPattern, Error> {
    Ok(JacobianPattern::default())
}

/// Writes the blocks of `pattern`, each `[xyz][feature]`, into `values`.
///
/// # Errors
/// See [`Error`].
pub fn jacobian<D: Descriptor, T: Output>(
    _descriptor: &D,
    _average: Average,
    _frames: &Frames<'_>,
    _centers: &Centers<'_>,
    _pattern: &JacobianPattern,
    _values: &mut [T],
    _job: &mut Job<'_>,
) -> Result<(), Error> {
    Ok(())
}

/// Neighbors of every atom of one frame, in compressed rows.
#[derive(Debug, Clone, Default)]
pub struct NeighborList {
    /// The neighbors of atom `i` are `offsets[i]..offsets[i + 1]`.
    pub offsets: Vec<i64>,
    /// Atom of which each neighbor is an image.
    pub index: Vec<i64>,
    /// Vector from the atom to its neighbor in Å.
    pub vector: Vec<[f64; 3]>,
}

/// All sites within `r_cut` of every atom of the only frame of `frames`.
///
/// # Errors
/// See [`Error`].
pub fn neighbors(_frames: &Frames<'_>, _r_cut: f64, _job: &mut Job<'_>) -> Result<NeighborList, Error> {
    Ok(NeighborList::default())
}
