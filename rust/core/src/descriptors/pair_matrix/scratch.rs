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
    /// `X`, where it is contracted.
    pub(super) overlap: Matrix,
    /// `M = F X F`.
    pub(super) modulated: Matrix,
    /// Eigenvalues and eigenvectors of `M`.
    pub(super) eigen: Eigen,
    /// Eigenvectors as columns.
    pub(super) columns: Matrix,
    /// Adjoints or tangents of the matrices, and what is in between.
    pub(super) buffer: [Matrix; 3],
    /// Adjoint or tangent of each eigenvalue.
    pub(super) of_eigenvalue: Vec<f64>,
    /// Place of each eigenvalue in the row; one beyond its end where it has none.
    pub(super) place: Vec<usize>,
    /// Numbers of the eigenvalues, from the largest magnitude to the smallest.
    pub(super) order: Vec<usize>,
    /// Displacements of the sites, in packs.
    pub(super) displacements: [Vec<[f64; LANES]>; 3],
    pub(super) contracted: Contracted,
    /// Matrix between the eigenvectors of one degenerate group, and its eigenvalues.
    pub(super) of_group: (Eigen, Matrix),
    /// Adjoint with one feature in it, and its gradient.
    pub(super) adjoint: Vec<f64>,
    pub(super) gradient: Vec<[f64; 3]>,
    /// Rows of a Jacobian.
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
            of_eigenvalue: Vec::new(),
            place: Vec::new(),
            order: Vec::new(),
            displacements: Default::default(),
            contracted: Contracted::default(),
            of_group: Default::default(),
            gradient: Vec::new(),
            adjoint: Vec::new(),
            rows: Vec::new(),
        })
    }
}
