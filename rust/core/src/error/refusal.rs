//! Why a descriptor cannot describe the surroundings of some center.

use crate::Error;

/// Reasons why a descriptor cannot describe an environment; the engine adds the frame and the center.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// More sites than there is room for in a row.
    #[error("it has {found} sites, the center included, and max_sites is {limit}; raise max_sites or reduce r_cut")]
    TooManySites {
        /// Sites within the cutoff, the center included.
        found: usize,
        /// The largest number allowed.
        limit: usize,
    },
    /// Eigenvalues so close that their derivatives are not defined one by one.
    #[error(
        "its eigenvalues {first} and {second}, {gap:.1e} apart, are degenerate and have no derivatives of their own; \
         ask for degenerate=\"average\", or move the atoms out of their symmetry"
    )]
    Degenerate {
        /// Place of the first in the row.
        first: usize,
        /// Place of the second in the row.
        second: usize,
        /// Difference of the two eigenvalues.
        gap: f64,
    },
    /// A neighbor on the center, to which no angle leads.
    #[error(
        "atom {atom} lies {distance:.1e} Å from it, where functions of angles have values but no derivatives; move the \
         two apart, or use functions of distance only"
    )]
    NoDirection {
        /// Number of the site, or of the atom of which that is an image.
        atom: usize,
        /// Distance from the center in Å.
        distance: f64,
    },
    /// A neighbor all but on the center, where weights have no bounds.
    #[error(
        "atom {atom} lies {distance:.1e} Å from it, where a weight that grows without bounds has no digits; move the two \
         apart, or give the weighting a positive d"
    )]
    NoWeight {
        /// Number of the site, or of the atom of which that is an image.
        atom: usize,
        /// Distance from the center in Å.
        distance: f64,
    },
    /// A cell without a volume to be normalized with.
    #[error(
        "its cell has a volume of {volume:e} Å³, with which rows are normalized (\"valle_oganov\"); set the cell, or take \
         another normalization"
    )]
    NoVolume {
        /// The volume in Å³.
        volume: f64,
    },
    /// More sites than a matrix can be decomposed for.
    #[error(
        "it has {found} sites, the center included, and a matrix of more than {limit} is not decomposed; reduce r_cut"
    )]
    TooLarge {
        /// Sites within the cutoff, the center included.
        found: usize,
        /// The largest number possible.
        limit: usize,
    },
    /// A largest eigenvalue to which no single eigenvector belongs.
    #[error(
        "its largest eigenvalue is degenerate (the next is {gap:.1e} below), so that there is no leading vector to be \
         contracted; take contracted=False, or move the atoms out of their symmetry"
    )]
    NoLeadingVector {
        /// Distance to the next eigenvalue.
        gap: f64,
    },
    /// More atoms than a row has room for.
    #[error("it has {found} atoms, and n_atoms_max is {limit}; raise n_atoms_max, or fit on frames of this size")]
    TooManyAtoms {
        /// Atoms of the frame.
        found: usize,
        /// The largest number allowed.
        limit: usize,
    },
    /// A crystal where a molecule is needed.
    #[error(
        "it is periodic (pbc {periodic:?}), and a Coulomb matrix knows no images; take SineMatrix or EwaldSumMatrix, or \
         pass periodic=False to describe the atoms alone"
    )]
    Periodic {
        /// Axes that are periodic.
        periodic: [bool; 3],
    },
    /// Anything else where a crystal is needed.
    #[error(
        "it is not periodic along all three axes (pbc {periodic:?}), and this matrix is that of a crystal; set pbc to True \
         and give it a cell, or take GlobalCoulombMatrix"
    )]
    NotPeriodic {
        /// Axes that are periodic.
        periodic: [bool; 3],
    },
    /// A sum over a lattice that takes more terms than anybody waits for.
    #[error(
        "its sums would take {terms:.1e} terms of the lattice, more than {limit:.0e}; give a larger accuracy or shorter \
         cutoffs, or check the unit of the cell"
    )]
    TooManyTerms {
        /// Terms of the lattice.
        terms: f64,
        /// The largest number possible.
        limit: f64,
    },
    /// Coordinates or cell vectors beyond what products of them can hold.
    #[error("it has coordinates or cell vectors of up to {largest:e} Å; check their unit")]
    TooWide {
        /// The largest length in Å.
        largest: f64,
    },
    /// Two atoms whose order is not determined, where derivatives are asked for that depend on it.
    #[error(
        "the rows of atoms {first} and {second} are equally long, so that features have a kink there; ask for another \
         choice than degenerate=\"error\", or move the atoms out of their symmetry"
    )]
    Tied {
        /// Index of the first atom.
        first: usize,
        /// Index of the second atom.
        second: usize,
    },
    /// The surroundings are not at fault: the work on them has ended early.
    #[error("{0}")]
    Unfinished(Box<Error>),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Unfinished(Box::new(error))
    }
}

impl Refusal {
    /// The error for the center number `center` of frame number `frame`.
    pub fn of_center(self, frame: usize, center: usize) -> Error {
        match self {
            Self::Unfinished(error) => *error,
            refusal => Error::Environment { frame, center, refusal },
        }
    }

    /// The error for the frame number `frame`, which is described as a whole.
    pub fn of_frame(self, frame: usize) -> Error {
        match self {
            Self::Unfinished(error) => *error,
            refusal => Error::WholeFrame { frame, refusal },
        }
    }
}

impl Refusal {
    /// This error with atoms in place of the sites that are their images.
    pub(crate) fn of_atoms(mut self, atoms: &[u32]) -> Self {
        if let Self::NoDirection { atom, .. } | Self::NoWeight { atom, .. } = &mut self {
            *atom = atoms[*atom] as usize;
        }
        self
    }
}
