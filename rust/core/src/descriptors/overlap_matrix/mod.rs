//! The overlap matrix of Gaussian orbitals on the sites around a center.

mod harmonics;
mod integrals;

pub use integrals::{MAX_L, Orbitals};

use super::spectrum::{Kinds, MAX_ROWS, Metric, Spectrum, SpectrumParameters};
use super::validate::{check, positive};
use crate::Error;

/// Eigenvalues of the overlap matrix, or of what it is contracted to.
pub type OverlapMatrix = Spectrum<Orbitals>;

/// One shell of orbitals that every site has.
#[derive(Debug, Clone)]
pub struct Shell {
    /// Angular momentum.
    pub l: usize,
    /// Standard deviation of the Gaussian in Å, one a channel.
    pub width: Vec<f64>,
}

impl OverlapMatrix {
    /// Prepares the orbitals. `contracted` makes a short row of it.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a parameter out of range, named.
    pub fn new(parameters: SpectrumParameters, shells: &[Shell], contracted: Option<Metric>) -> Result<Self, Error> {
        check(!shells.is_empty(), "orbitals", "empty", "give at least one shell")?;
        for shell in shells {
            check(shell.l <= MAX_L, "angular momentum of orbitals", shell.l, format!("it must be at most {MAX_L}"))?;
            let count = shell.width.len();
            check(count == parameters.numbers.len(), "width of orbitals", count, "give one for each species")?;
            for &width in &shell.width {
                positive("width of orbitals", width)?;
                let sane = (1e-6..=1e6).contains(&width);
                check(sane, "width of orbitals", width, "it must be between 1e-6 and 1e6 Å")?;
            }
        }
        let n_orbitals: usize = shells.iter().map(|shell| 2 * shell.l + 1).sum();
        check(n_orbitals <= MAX_ROWS, "orbitals", n_orbitals, "these are too many for one site")?;
        let contraction = contracted.map(|metric| (kinds(shells, parameters.numbers.len()), metric));
        Self::from_pairs(parameters, Orbitals::new(shells), contraction)
    }
}

/// Orbitals of one degree are of one kind, whatever their shell.
fn kinds(shells: &[Shell], n_species: usize) -> Kinds {
    let mut degrees: Vec<usize> = shells.iter().map(|shell| shell.l).collect();
    degrees.sort_unstable();
    degrees.dedup();
    let place = |l: usize| degrees.iter().position(|&degree| degree == l).unwrap_or(0);
    let of_orbital = shells.iter().flat_map(|shell| std::iter::repeat_n(place(shell.l), 2 * shell.l + 1)).collect();
    Kinds { of_orbital, n_degrees: degrees.len(), n_species }
}
