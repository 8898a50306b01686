//! Orthonormal functions from primitives and their overlaps.

use crate::math::extended::{self, Extended, ExtendedMatrix};

/// A matrix that makes orthonormal functions of primitives.
#[derive(Debug, Clone)]
pub struct Orthonormal {
    transform: ExtendedMatrix,
}

impl Orthonormal {
    /// Symmetrically, after Löwdin: `S^(-1/2)`. The result depends on how the primitives are normalized.
    pub fn symmetric(overlaps: &ExtendedMatrix) -> Self {
        let lower = extended::cholesky(overlaps);
        let rotation = extended::orthogonal_factor(&lower);
        Self { transform: extended::product(&rotation, &extended::lower_inverse(&lower)) }
    }

    /// One after the other, after Gram and Schmidt: `𝓛⁻¹` of `S = 𝓛 𝓛ᵀ`.
    pub fn successive(overlaps: &ExtendedMatrix) -> Self {
        Self { transform: extended::lower_inverse(&extended::cholesky(overlaps)) }
    }

    /// The functions where the primitives have these values.
    pub fn values(&self, primitives: &[Extended]) -> Vec<Extended> {
        self.transform.iter().map(|row| extended::dot(row, primitives)).collect()
    }
}

/// The symmetric matrix with these entries.
pub fn symmetric(n: usize, entry: impl Fn(usize, usize) -> Extended) -> ExtendedMatrix {
    let mut matrix: ExtendedMatrix = vec![vec![Extended::ZERO; n]; n];
    for j in 0..n {
        for k in 0..=j {
            matrix[j][k] = entry(j, k);
            matrix[k][j] = matrix[j][k];
        }
    }
    matrix
}
