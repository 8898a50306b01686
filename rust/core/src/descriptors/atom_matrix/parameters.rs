//! Parameters of matrices of all atoms.

use serde::Deserialize;

use super::ewald::Ewald;
use super::law::Inverse;
use crate::Error;
use crate::descriptors::pair_matrix::{Degenerate, MAX_ROWS};
use crate::descriptors::read;
use crate::descriptors::validate::{check, count, length, not_negative, positive};

/// Atoms of the largest frame whose matrix is written out.
const MAX_ATOMS: usize = 10_000;
/// Shortest distance in Å up to which the Coulomb law holds, unless it holds everywhere.
const SMALLEST_CORE: f64 = 1e-6;

/// What is made of a matrix, so that it does not matter which atom is called the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Permutation {
    /// Nothing: atoms stay in the order of the frame.
    #[serde(rename = "none")]
    None,
    /// Atoms are ordered by the lengths of their rows, the longest first.
    #[serde(rename = "sorted_l2")]
    Sorted,
    /// Eigenvalues, the largest magnitude first.
    #[serde(rename = "eigenspectrum")]
    Eigenspectrum,
    /// Atoms are ordered by the lengths of their rows and noise.
    #[serde(rename = "random")]
    Random,
}

/// Which of two atoms comes first where their rows are equally long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ties {
    /// The first in the frame, where lengths agree but for rounding.
    Joined,
    /// The one whose length is larger by a last digit, for squares summed as Eigen 3.4 does with two lanes: the choice of
    /// `DScribe` in its compiled part.
    Rounded,
}

/// Parameters that all matrices of atoms share.
#[derive(Debug, Clone, Deserialize)]
pub struct AtomMatrixParameters {
    /// Atoms that a row has room for.
    #[serde(deserialize_with = "read::count")]
    pub n_atoms_max: usize,
    /// What is made of the matrix.
    pub permutation: Permutation,
    /// Standard deviation of the noise; of [`Permutation::Random`] alone.
    pub sigma: Option<f64>,
    /// What the noise is made of.
    pub seed: Option<i64>,
    /// Distance in Å below which `1/r` is rounded off.
    pub r_core: f64,
    /// Whether nothing is rounded off, whatever `r_core` is, and atoms in one place have infinite entries.
    pub exact: bool,
    /// Choice among atoms whose rows are equally long.
    pub ties: Ties,
    /// Choice of derivatives where eigenvalues are degenerate.
    pub degenerate: Degenerate,
    /// Eigenvalues that are no farther apart are degenerate, unless they differ by a good part of themselves.
    pub degenerate_tol: f64,
}

impl AtomMatrixParameters {
    /// Refuses what is out of range.
    ///
    /// # Errors
    /// [`Error::Parameter`], naming it.
    pub fn check(&self) -> Result<(), Error> {
        let eigenvalues = self.permutation == Permutation::Eigenspectrum;
        count("n_atoms_max", self.n_atoms_max, 1..=if eigenvalues { MAX_ROWS } else { MAX_ATOMS })?;
        let random = self.permutation == Permutation::Random;
        match self.sigma {
            Some(sigma) => {
                check(random, "sigma", sigma, "it is the noise of permutation=\"random\", so leave it out otherwise")?;
                positive("sigma", sigma)?;
            }
            None => {
                check(
                    !random,
                    "sigma",
                    "None",
                    "permutation=\"random\" needs one: the standard deviation of the noise",
                )?;
            }
        }
        if let Some(seed) = self.seed {
            check(random, "seed", seed, "it is for the noise of permutation=\"random\", so leave it out otherwise")?;
            check(seed >= 0, "seed", seed, "it must be an integer from 0 on")?;
        }
        let core = self.r_core;
        let large = core.is_finite() && core >= SMALLEST_CORE;
        check(large || self.exact, "r_core", core, format!("it must be at least {SMALLEST_CORE:e} Å"))?;
        let eigenvalues_differ = self.degenerate != Degenerate::Directional;
        check(eigenvalues_differ, "degenerate", "directional", "choose \"average\", \"raw\" or \"error\"")?;
        not_negative("degenerate_tol", self.degenerate_tol)
    }

    /// What stands for `1/r`.
    pub fn inverse(&self) -> Inverse {
        if self.exact { Inverse::Exact } else { Inverse::Core(self.r_core) }
    }
}

/// Everything that makes a matrix of a molecule or, by the sine law, of a crystal.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlainMatrixParameters {
    /// The matrix, and what is made of it.
    #[serde(flatten)]
    pub matrix: AtomMatrixParameters,
}

/// Everything that makes an Ewald sum matrix.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EwaldMatrixParameters {
    /// The matrix, and what is made of it.
    #[serde(flatten)]
    pub matrix: AtomMatrixParameters,
    /// Terms that are smaller, in parts of the first, are left out, unless there are cutoffs.
    pub accuracy: f64,
    /// What a term of the sum over images costs, in terms of the sum over waves.
    pub w: f64,
    /// Cutoff of the sum over images in Å.
    pub r_cut: Option<f64>,
    /// Cutoff of the sum over waves in 1/Å.
    pub g_cut: Option<f64>,
    /// Inverse width of the Gaussian charges in 1/Å.
    pub a: Option<f64>,
}

impl EwaldMatrixParameters {
    /// The law that they describe.
    ///
    /// # Errors
    /// [`Error::Parameter`], naming it.
    pub fn law(&self) -> Result<Ewald, Error> {
        let Self { accuracy, w, r_cut, g_cut, a, .. } = *self;
        let good = accuracy > 0.0 && accuracy < 1.0;
        check(good, "accuracy", accuracy, "it must be between 0 and 1, without these")?;
        positive("w", w)?;
        let cutoffs = match (r_cut, g_cut) {
            (None, None) => None,
            (Some(r_cut), Some(g_cut)) => {
                length("r_cut", r_cut)?;
                check(g_cut.is_finite() && g_cut > 0.0, "g_cut", g_cut, "it must be a positive number of 1/Å")?;
                Some([r_cut, g_cut])
            }
            (Some(r_cut), None) => {
                check(false, "r_cut", r_cut, "it is given without g_cut; give both, or none and an accuracy")?;
                None
            }
            (None, Some(g_cut)) => {
                check(false, "g_cut", g_cut, "it is given without r_cut; give both, or none and an accuracy")?;
                None
            }
        };
        if let Some(a) = a {
            check(a.is_finite() && a > 0.0, "a", a, "it must be a positive number of 1/Å")?;
        }
        Ok(Ewald { inverse: self.matrix.inverse(), accuracy, w, cutoffs, a })
    }
}
