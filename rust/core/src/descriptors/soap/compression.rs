//! Compression: the part of a power spectrum that is kept.

use serde::Deserialize;

/// Compressions of a power spectrum.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Compression {
    /// All of it.
    #[default]
    None,
    /// Components with the first radial function of some species.
    Trivial,
    /// Components of two functions of one species.
    Crossover,
    /// Components of two functions of the same radial index.
    Diagonal,
    /// `ν_R`, `ν_S`: how many of the two factors keep the radial and the species label.
    Factors(u8, u8),
    /// An explicit sparse matrix, as (row, column, entry).
    Matrix {
        /// Number of features after compression.
        n_rows: usize,
        /// Zero-based row, column and value.
        entries: Vec<(usize, usize, f64)>,
    },
}
