//! Parameters of descriptors that are eigenvalues of a matrix of pairs.

use serde::Deserialize;

use super::groups::Degenerate;
use crate::Error;
use crate::descriptors::read;
use crate::descriptors::validate::{count, not_negative, r_cut};

/// Rows of the largest matrix that is decomposed.
pub const MAX_ROWS: usize = 3000;
/// The largest exponent of the cutoff.
pub const MAX_EXPONENT: u32 = 20;

/// In which order eigenvalues stand in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// From the largest to the smallest, zeros that fill up among them.
    Value,
    /// From the largest magnitude to the smallest.
    Magnitude,
}

/// Policies for more sites than a row has entries for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Overflow {
    /// An error.
    Error,
    /// The first eigenvalues are kept.
    Truncate,
}

/// The matrix that a contraction sums over: with or without amplitudes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContractedMatrix {
    /// `X`, the matrix without amplitudes.
    Overlap,
    /// `M = F X F`, the matrix with amplitudes.
    Modulated,
}

/// Parameters that all descriptors of this kind share.
#[derive(Debug, Clone, Deserialize)]
pub struct PairMatrixParameters {
    /// Radius of the environment in Å.
    pub r_cut: f64,
    /// Exponent of the cutoff; 0 for none.
    #[serde(deserialize_with = "read::count")]
    pub exponent: u32,
    /// Sites that a row has room for, the center included.
    #[serde(deserialize_with = "read::count")]
    pub max_sites: usize,
    /// Policy for more sites than `max_sites`.
    pub overflow: Overflow,
    /// The order of the eigenvalues.
    pub order: Order,
    /// Choice of derivatives where eigenvalues are degenerate.
    pub degenerate: Degenerate,
    /// Eigenvalues that are no farther apart are degenerate, unless they differ by a good part of themselves.
    pub degenerate_tol: f64,
    /// Whether atoms of other elements are passed over.
    pub ignore_unknown_species: bool,
    /// Atomic numbers, in the order of the channels.
    #[serde(rename = "species")]
    pub numbers: Vec<i64>,
}

impl PairMatrixParameters {
    /// Refuses what is out of range, for sites of `n_orbitals` rows.
    ///
    /// # Errors
    /// [`Error::Parameter`], naming it.
    pub(super) fn check(&self, n_orbitals: usize) -> Result<(), Error> {
        r_cut(self.r_cut)?;
        count("exponent", self.exponent as usize, 0..=MAX_EXPONENT as usize)?;
        count("max_sites", self.max_sites, 1..=MAX_ROWS / n_orbitals)?;
        not_negative("degenerate_tol", self.degenerate_tol)
    }
}
