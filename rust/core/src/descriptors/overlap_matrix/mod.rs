//! The overlap matrix of Gaussian orbitals on the sites around a center.

mod harmonics;
mod integrals;

pub use integrals::{MAX_L, Orbitals};

use serde::Deserialize;

use super::pair_matrix::{ContractedMatrix, MAX_ROWS, OrbitalKinds, PairMatrix, PairMatrixParameters};
use super::read;
use super::validate::{check, count, of_each};
use crate::Error;

/// Eigenvalues of the overlap matrix, or of what it is contracted to.
pub type OverlapMatrix = PairMatrix<Orbitals>;

/// Widths of orbitals in Å.
const WIDTHS: std::ops::RangeInclusive<f64> = 1e-6..=1e6;

/// One shell of orbitals that every site has.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shell {
    /// Angular momentum.
    #[serde(deserialize_with = "read::count")]
    pub l: usize,
    /// Standard deviation of the Gaussian in Å, one a channel.
    pub width: Vec<f64>,
}

/// Everything that makes a fingerprint of the overlap matrix.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OverlapMatrixParameters {
    /// The matrix of pairs and its eigenvalues.
    #[serde(flatten)]
    pub matrix: PairMatrixParameters,
    /// The orbitals of every site.
    pub shells: Vec<Shell>,
    /// What a short row is made of; `None` for the eigenvalues themselves.
    pub contracted: Option<ContractedMatrix>,
}

impl OverlapMatrix {
    /// Prepares the orbitals.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a parameter out of range, named.
    pub fn new(parameters: OverlapMatrixParameters) -> Result<Self, Error> {
        let OverlapMatrixParameters { matrix, shells, contracted } = parameters;
        let numbers = &matrix.numbers;
        check(!shells.is_empty(), "orbitals", "empty", "give at least one shell")?;
        for Shell { l, width } in &shells {
            count("angular momentum of orbitals", *l, 0..=MAX_L)?;
            check(width.len() == numbers.len(), "width of orbitals", width.len(), "give one for each species")?;
            let widths: Vec<_> = numbers.iter().zip(width).collect();
            of_each(&widths, |(number, _)| Some(**number), |(_, width)| validate_width(**width))?;
        }
        let n_orbitals: usize = shells.iter().map(|shell| 2 * shell.l + 1).sum();
        let limit = format!("on each site there is room for {MAX_ROWS}");
        check(n_orbitals <= MAX_ROWS, "number of orbitals", n_orbitals, limit)?;
        let contraction = contracted.map(|which| (kinds(&shells, numbers.len()), which));
        Self::from_elements(matrix, Orbitals::new(&shells), contraction)
    }
}

fn validate_width(width: f64) -> Result<(), Error> {
    let (narrowest, widest) = (WIDTHS.start(), WIDTHS.end());
    let remedy = format!(
        "radii times width_scale and the width factor of orbitals must be between {narrowest:e} and {widest:e} Å; check \
         their unit"
    );
    check(WIDTHS.contains(&width), "width of orbitals", width, remedy)
}

/// Orbitals of one degree are of one kind, whatever their shell.
fn kinds(shells: &[Shell], n_species: usize) -> OrbitalKinds {
    let mut degrees: Vec<usize> = shells.iter().map(|shell| shell.l).collect();
    degrees.sort_unstable();
    degrees.dedup();
    let place = |l: usize| degrees.iter().position(|&degree| degree == l).unwrap_or(0);
    let of_orbital = shells.iter().flat_map(|shell| std::iter::repeat_n(place(shell.l), 2 * shell.l + 1)).collect();
    OrbitalKinds { of_orbital, n_degrees: degrees.len(), n_species }
}
