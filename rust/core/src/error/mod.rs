//! Everything that can go wrong because of what a user handed in; one variant per thing they can fix.

mod refusal;

pub use refusal::Refusal;

use std::fmt;

/// The largest atomic number.
pub const LAST_ELEMENT: i64 = 118;

/// Errors: each says what was wrong, where, and what to do about it.
///
/// Species appear as atomic numbers; whoever talks to people turns them into symbols.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// A coordinate is NaN or infinite.
    #[error(
        "position of atom {atom} of frame {frame} is {position:?}; positions must be finite, so repair or remove this atom"
    )]
    PositionNotFinite {
        /// Index of the frame.
        frame: usize,
        /// Index of the atom in its frame.
        atom: usize,
        /// The offending position in Å.
        position: [f64; 3],
    },
    /// A center given as a point has a NaN or infinite coordinate.
    #[error("center {center} of frame {frame} is the point {position:?}; points must be finite")]
    PointNotFinite {
        /// Index of the frame.
        frame: usize,
        /// Place of the center in the list of centers of its frame.
        center: usize,
        /// The offending point in Å.
        position: [f64; 3],
    },
    /// A cell vector along a periodic axis has a NaN or infinite entry.
    #[error("cell of frame {frame} has the row {vector:?} along axis {axis}; cell vectors must be finite")]
    CellNotFinite {
        /// Index of the frame.
        frame: usize,
        /// The axis, 0 to 2.
        axis: usize,
        /// The cell vector along that axis.
        vector: [f64; 3],
    },
    /// The periodic cell vectors are zero or linearly dependent.
    #[error(
        "cell {cell:?} of frame {frame} has no volume along its periodic axes {periodic:?}; give independent cell vectors, or set pbc to False along the degenerate axis"
    )]
    SingularCell {
        /// Index of the frame.
        frame: usize,
        /// Rows are the cell vectors.
        cell: [[f64; 3]; 3],
        /// Axes that are periodic.
        periodic: [bool; 3],
    },
    /// An atom's element is not among the descriptor's species.
    #[error(
        "atom {atom} of frame {frame} has atomic number {number}, which this descriptor was not told about; add it to species, or fit on frames that contain it"
    )]
    UnknownSpecies {
        /// Index of the frame.
        frame: usize,
        /// Index of the atom in its frame.
        atom: usize,
        /// Atomic number of the atom.
        number: i64,
    },
    /// An atom's number is that of no element, nor of a placeholder, which is 0.
    #[error(
        "atom {atom} of frame {frame} has the atomic number {number}, which is no element: they are numbered from 1 to {LAST_ELEMENT}, and 0 is a placeholder; correct the numbers, or remove the atom"
    )]
    NotAnElement {
        /// Index of the frame.
        frame: usize,
        /// Index of the atom in its frame.
        atom: usize,
        /// The number that is no atomic number.
        number: i64,
    },
    /// A center's index is not an atom of its frame.
    #[error("center {index} of frame {frame} is out of range: the frame has {n_atoms} atoms, counted from 0")]
    CenterOutOfRange {
        /// Index of the frame.
        frame: usize,
        /// The offending index.
        index: i64,
        /// Atoms in that frame.
        n_atoms: usize,
    },
    /// More sites around one center than a calculation can sensibly hold.
    #[error(
        "center {center} of frame {frame} has more than {limit} sites within the cutoff of {length} Å; reduce the cutoff, or check the unit of the positions",
        length = brief(*r_cut)
    )]
    TooManySites {
        /// Index of the frame.
        frame: usize,
        /// Place of the center in the list of centers of its frame.
        center: usize,
        /// The largest number allowed.
        limit: usize,
        /// Cutoff in Å.
        r_cut: f64,
    },
    /// A descriptor cannot describe the surroundings of a center.
    #[error("center {center} of frame {frame} cannot be described: {refusal}")]
    Environment {
        /// Index of the frame.
        frame: usize,
        /// Place of the center in the list of centers of its frame.
        center: usize,
        /// The reason.
        refusal: Refusal,
    },
    /// A descriptor cannot describe a whole frame.
    #[error("frame {frame} cannot be described: {refusal}")]
    WholeFrame {
        /// Index of the frame.
        frame: usize,
        /// The reason.
        refusal: Refusal,
    },
    /// More atoms in one frame than the neighbor search has numbers for.
    #[error(
        "frame {frame} has {n_atoms} atoms, more than {limit}, for which the neighbor search has numbers of 32 bits; cut it into pieces that overlap by the cutoff, and name as centers the atoms that are no overlap"
    )]
    TooManyAtoms {
        /// Index of the frame.
        frame: usize,
        /// Atoms in that frame.
        n_atoms: usize,
        /// The largest number allowed.
        limit: usize,
    },
    /// The periodic images within reach of a frame would not fit in memory.
    #[error(
        "frame {frame} has about {images:.3e} periodic images within the cutoff of {length} Å, more than {limit}; reduce the cutoff, or check the unit of the cell",
        length = brief(*r_cut)
    )]
    TooManyImages {
        /// Index of the frame.
        frame: usize,
        /// Estimated number of images.
        images: f64,
        /// The largest number allowed.
        limit: usize,
        /// Cutoff in Å.
        r_cut: f64,
    },
    /// An atom or a center so far out that its place in the periodic directions has no digits left.
    #[error(
        "{what} {index} of frame {frame} is at {position:?}, so far out along an axis that is not periodic that its place along the periodic ones cannot be told; bring it back, or remove it"
    )]
    TooFar {
        /// Index of the frame.
        frame: usize,
        /// Atom or center.
        what: &'static str,
        /// Index of the atom in its frame, or place of the center in the list of centers of its frame.
        index: usize,
        /// Position in Å.
        position: [f64; 3],
    },
    /// Lengths whose squares no double can hold together with that of the cutoff.
    #[error(
        "frame {frame} has coordinates or cell vectors of up to {largest:e} Å, which cannot be searched with a cutoff of {r_cut:e} Å; check the units of both"
    )]
    TooWide {
        /// Index of the frame.
        frame: usize,
        /// The largest length in Å.
        largest: f64,
        /// Cutoff in Å.
        r_cut: f64,
    },
    /// A list of neighbors that does not serve.
    #[error("the neighbors that were given {problem}; {remedy}")]
    Neighbors {
        /// What is wrong with it.
        problem: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// A parameter is outside the range in which the descriptor is defined.
    #[error("{name}{} is {value}; {remedy}", part.map(|part| part.to_string()).unwrap_or_default())]
    Parameter {
        /// The name of the parameter as the user knows it.
        name: &'static str,
        /// Index among several values of this name.
        part: Option<Part>,
        /// The value that was given.
        value: String,
        /// Range of legal values, and the remedy.
        remedy: String,
    },
    /// An array does not have the shape that the other arguments imply.
    #[error("{name} has shape {found:?}, expected {expected:?}")]
    Shape {
        /// The name of the array.
        name: &'static str,
        /// The shape that was expected.
        expected: Vec<usize>,
        /// The shape that was found.
        found: Vec<usize>,
    },
    /// An adjoint or a displacement has a NaN or infinite entry.
    #[error("{name} has the entry {value} in row {row}, column {column}; all entries must be finite")]
    EntryNotFinite {
        /// The name of the array.
        name: &'static str,
        /// Row of the entry.
        row: usize,
        /// Column of the entry.
        column: usize,
        /// The entry.
        value: f64,
    },
    /// A result is larger than single precision has room for.
    #[error("there are numbers beyond the range of float32 in the result; take float64")]
    BeyondSingle,
    /// The result would not fit in memory.
    #[error("the {what} would need {bytes} bytes, more than can be allocated; {remedy}")]
    Memory {
        /// Purpose of the memory.
        what: &'static str,
        /// Size in bytes.
        bytes: u128,
        /// A way to need less.
        remedy: &'static str,
    },
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
}

/// One of the things that have a value of a parameter each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The species with this atomic number.
    Element(i64),
    /// The symmetry function with this place, counted from 0.
    Function(usize),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Element(number) => write!(f, " of element {number}"),
            Self::Function(place) => write!(f, " of function {place}"),
        }
    }
}

impl Error {
    /// A parameter out of range, of `part`.
    pub(crate) fn of(self, part: impl Into<Option<Part>>) -> Self {
        match self {
            Self::Parameter { name, value, remedy, .. } => Self::Parameter { name, part: part.into(), value, remedy },
            other => other,
        }
    }

    /// This error, where frames were counted from a later one, and the centers of that frame as well.
    pub fn counted_from(mut self, (first_frame, first_center): (usize, usize)) -> Self {
        let shift = |frame: &mut usize, center: &mut usize| *center += if *frame == 0 { first_center } else { 0 };
        match &mut self {
            Self::PointNotFinite { frame, center, .. }
            | Self::TooManySites { frame, center, .. }
            | Self::Environment { frame, center, .. }
            | Self::TooFar { what: "center", frame, index: center, .. } => {
                shift(frame, center);
                *frame += first_frame;
            }
            Self::PositionNotFinite { frame, .. }
            | Self::CellNotFinite { frame, .. }
            | Self::SingularCell { frame, .. }
            | Self::UnknownSpecies { frame, .. }
            | Self::NotAnElement { frame, .. }
            | Self::CenterOutOfRange { frame, .. }
            | Self::TooManyAtoms { frame, .. }
            | Self::TooManyImages { frame, .. }
            | Self::TooFar { frame, .. }
            | Self::WholeFrame { frame, .. }
            | Self::TooWide { frame, .. } => *frame += first_frame,
            Self::Neighbors { .. }
            | Self::Parameter { .. }
            | Self::Shape { .. }
            | Self::EntryNotFinite { .. }
            | Self::BeyondSingle
            | Self::Memory { .. }
            | Self::Interrupted => {}
        }
        self
    }

    /// This error for an entry of row `row`, where one row alone was looked at.
    pub(crate) fn in_row(self, row: usize) -> Self {
        match self {
            Self::EntryNotFinite { name, column, value, .. } => Self::EntryNotFinite { name, row, column, value },
            other => other,
        }
    }
}

/// A length as people write it, without hundreds of zeros.
fn brief(length: f64) -> String {
    if (1e-4..1e9).contains(&length) { length.to_string() } else { format!("{length:e}") }
}
