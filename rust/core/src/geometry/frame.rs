//! Borrowed views of structures and of the centers asked for.

use std::sync::Arc;

use super::known::KnownNeighbors;
use crate::Error;

/// One structure.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// Positions in Å, one row an atom; atoms may lie anywhere, also outside the cell.
    pub positions: &'a [[f64; 3]],
    /// Atomic numbers.
    pub numbers: &'a [i64],
    /// Rows are the cell vectors in Å; rows along axes that are not periodic are ignored.
    pub cell: [[f64; 3]; 3],
    /// Axes that are periodic.
    pub pbc: [bool; 3],
}

/// Several structures, their atoms stored one after the other.
#[derive(Debug, Clone, Copy)]
pub struct Frames<'a> {
    positions: &'a [[f64; 3]],
    numbers: &'a [i64],
    cells: &'a [[[f64; 3]; 3]],
    pbc: &'a [[bool; 3]],
    offsets: &'a [i64],
    known: &'a [Arc<KnownNeighbors>],
}

impl<'a> Frames<'a> {
    /// Views of `cells.len()` structures; the atoms of structure `f` are `offsets[f]..offsets[f + 1]`.
    ///
    /// # Errors
    /// [`Error::Shape`] where the lengths disagree or the offsets do not partition the atoms.
    pub fn new(
        positions: &'a [[f64; 3]],
        numbers: &'a [i64],
        cells: &'a [[[f64; 3]; 3]],
        pbc: &'a [[bool; 3]],
        offsets: &'a [i64],
    ) -> Result<Self, Error> {
        let n_frames = cells.len();
        expect("numbers", &[numbers.len()], &[positions.len()])?;
        expect("pbc", &[pbc.len(), 3], &[n_frames, 3])?;
        partition("offsets", offsets, n_frames, positions.len())?;
        Ok(Self { positions, numbers, cells, pbc, offsets, known: &[] })
    }

    /// These structures, whose neighbors need not be searched for: there is one list a structure, or none at all.
    ///
    /// # Errors
    /// [`Error::Shape`] where there is another number of lists.
    pub fn with_neighbors(self, known: &'a [Arc<KnownNeighbors>]) -> Result<Self, Error> {
        if !known.is_empty() {
            expect("neighbors", &[known.len()], &[self.len()])?;
        }
        Ok(Self { known, ..self })
    }

    /// The neighbors of structure `frame`, if they are known.
    pub fn neighbors(&self, frame: usize) -> Option<&'a Arc<KnownNeighbors>> {
        self.known.get(frame)
    }

    /// Number of structures.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether there is no structure at all.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Number of atoms in all structures.
    pub fn n_atoms(&self) -> usize {
        self.positions.len()
    }

    /// The atoms of structure `frame` as a range into the arrays of all atoms.
    pub fn atoms(&self, frame: usize) -> std::ops::Range<usize> {
        self.offsets[frame] as usize..self.offsets[frame + 1] as usize
    }

    /// Structure `frame`.
    pub fn get(&self, frame: usize) -> Frame<'a> {
        let atoms = self.atoms(frame);
        Frame {
            positions: &self.positions[atoms.clone()],
            numbers: &self.numbers[atoms],
            cell: self.cells[frame],
            pbc: self.pbc[frame],
        }
    }
}

/// A place whose surroundings are described.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Center {
    /// An atom of the frame; the center moves with it, and it is not its own neighbor.
    Atom(usize),
    /// A point fixed in space, in Å.
    Point([f64; 3]),
}

/// The centers of several frames, stored one after the other; each is one row of the result.
#[derive(Debug, Clone, Copy)]
pub struct Centers<'a> {
    offsets: &'a [i64],
    index: &'a [i64],
    points: &'a [[f64; 3]],
}

impl<'a> Centers<'a> {
    /// Centers `offsets[f]..offsets[f + 1]` belong to frame `f`. `index` holds an atom's index in its frame, or -1
    /// for a point, whose coordinates are then in the same row of `points`; `points` may be empty if there are none.
    ///
    /// # Errors
    /// [`Error::Shape`] where the lengths disagree, [`Error::CenterOutOfRange`] for an index that is no atom of its
    /// frame, [`Error::PointNotFinite`] for a NaN or infinite point.
    pub fn new(
        frames: &Frames<'_>,
        offsets: &'a [i64],
        index: &'a [i64],
        points: &'a [[f64; 3]],
    ) -> Result<Self, Error> {
        partition("center offsets", offsets, frames.len(), index.len())?;
        if !points.is_empty() || index.contains(&-1) {
            expect("points", &[points.len(), 3], &[index.len(), 3])?;
        }
        let centers = Self { offsets, index, points };
        for frame in 0..frames.len() {
            let n_atoms = frames.atoms(frame).len();
            for (center, row) in centers.rows(frame).enumerate() {
                let index = index[row];
                if index == -1 {
                    let position = points[row];
                    if !position.iter().all(|x| x.is_finite()) {
                        return Err(Error::PointNotFinite { frame, center, position });
                    }
                } else if index < 0 || index as usize >= n_atoms {
                    return Err(Error::CenterOutOfRange { frame, index, n_atoms });
                }
            }
        }
        Ok(centers)
    }

    /// Number of centers in all frames.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there is no center at all.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// The rows of the result that belong to `frame`.
    pub fn rows(&self, frame: usize) -> std::ops::Range<usize> {
        self.offsets[frame] as usize..self.offsets[frame + 1] as usize
    }

    /// The center of row `row`.
    pub fn get(&self, row: usize) -> Center {
        match self.index[row] {
            -1 => Center::Point(self.points[row]),
            index => Center::Atom(index as usize),
        }
    }
}

/// The error to raise where an array does not have the shape that is expected.
fn expect(name: &'static str, found: &[usize], expected: &[usize]) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    Err(Error::Shape { name, expected: expected.to_vec(), found: found.to_vec() })
}

/// Checks that `offsets` cuts `total` things into `parts` consecutive parts.
fn partition(name: &'static str, offsets: &[i64], parts: usize, total: usize) -> Result<(), Error> {
    expect(name, &[offsets.len()], &[parts + 1])?;
    let ascending = offsets.windows(2).all(|pair| pair[0] <= pair[1]);
    let ends = (offsets[0], offsets[parts]);
    if ascending && ends == (0, total as i64) {
        return Ok(());
    }
    Err(Error::Parameter {
        name,
        part: None,
        value: format!("{offsets:?}"),
        remedy: format!("offsets must ascend from 0 to {total}"),
    })
}
