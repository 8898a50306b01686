//! Fingerprints made of eigenvalues.

use isoprint_core::Error;
use isoprint_core::descriptors::coulomb_matrix::{CoulombMatrix, CoulombMatrixParameters};
use isoprint_core::descriptors::overlap_matrix::{OverlapMatrix, OverlapMatrixParameters, Shell};
use isoprint_core::descriptors::pair_matrix::{ContractedMatrix, Degenerate, Order, Overflow, PairMatrixParameters};

/// Eigenvalues of an overlap matrix.
pub fn overlap(
    matrix: PairMatrixParameters,
    shells: &[Shell],
    contracted: Option<ContractedMatrix>,
) -> Result<OverlapMatrix, Error> {
    OverlapMatrix::new(OverlapMatrixParameters { matrix, shells: shells.to_vec(), contracted })
}

/// Eigenvalues of a Coulomb matrix.
pub fn coulomb(matrix: PairMatrixParameters, r_core: f64) -> Result<CoulombMatrix, Error> {
    CoulombMatrix::new(CoulombMatrixParameters { matrix, r_core })
}

/// Two species.
pub fn parameters() -> PairMatrixParameters {
    PairMatrixParameters {
        r_cut: 4.0,
        exponent: 2,
        max_sites: 30,
        overflow: Overflow::Error,
        order: Order::Value,
        degenerate: Degenerate::Average,
        degenerate_tol: 1e-8,
        ignore_unknown_species: false,
        numbers: vec![6, 1],
    }
}
