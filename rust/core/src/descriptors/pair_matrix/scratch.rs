//! Buffers of a worker.

use super::contracted::Contracted;
use super::{PairBlocks, SitePacks};
use crate::Error;
use crate::math::eigen::{Eigen, Matrix};
use crate::simd::LANES;

/// Buffers of one worker.
#[derive(Debug)]
pub struct PairMatrixScratch {
    pub(super) sites: SitePacks,
    pub(super) blocks: PairBlocks,
    pub(super) overlap: Matrix,
    pub(super) modulated: Matrix,
    pub(super) eigen: Eigen,
    /// Eigenvectors as columns.
    pub(super) columns: Matrix,
    /// Matrices of the way back, or ahead.
    pub(super) buffer: [Matrix; 3],
    pub(super) weights: Vec<f64>,
    /// Place of each eigenvalue in the row, which may be beyond its end.
    pub(super) place: Vec<usize>,
    /// Eigenvalues by magnitude.
    pub(super) order: Vec<usize>,
    pub(super) displacements: [Vec<[f64; LANES]>; 3],
    pub(super) contracted: Contracted,
    /// For eigenvalues in a degenerate group.
    pub(super) few: (Eigen, Matrix),
    pub(super) gradient: Vec<[f64; 3]>,
    /// An adjoint, and rows of a Jacobian.
    pub(super) adjoint: Vec<f64>,
    pub(super) rows: Vec<f64>,
}

impl PairMatrixScratch {
    pub(super) fn new(n_orbitals: usize) -> Result<Self, Error> {
        Ok(Self {
            sites: SitePacks::default(),
            blocks: PairBlocks::new(n_orbitals)?,
            overlap: Matrix::default(),
            modulated: Matrix::default(),
            eigen: Eigen::default(),
            columns: Matrix::default(),
            buffer: Default::default(),
            weights: Vec::new(),
            place: Vec::new(),
            order: Vec::new(),
            displacements: Default::default(),
            contracted: Contracted::default(),
            few: Default::default(),
            gradient: Vec::new(),
            adjoint: Vec::new(),
            rows: Vec::new(),
        })
    }
}
