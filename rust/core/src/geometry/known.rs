//! A list of neighbors that a caller has: what is in it. What can be done with it is in `neighbors/known.rs`.

use std::collections::HashMap;

/// A list of neighbors, and where the atoms were when it was made.
#[derive(Debug)]
pub struct KnownNeighbors {
    pub(super) r_cut: f64,
    pub(super) positions: Vec<[f64; 3]>,
    /// Rows are the cell vectors.
    pub(super) cell: [[f64; 3]; 3],
    pub(super) periodic: [bool; 3],
    /// The neighbors of row `i` are `offsets[i]..offsets[i + 1]`.
    pub(super) offsets: Vec<usize>,
    pub(super) index: Vec<u32>,
    /// The image of each neighbor, in lattice vectors.
    pub(super) shift: Vec<[i32; 3]>,
    pub(super) row_of_atom: Vec<u32>,
    /// By the bits of the coordinates.
    pub(super) row_of_point: HashMap<[u64; 3], u32>,
}

impl KnownNeighbors {
    /// The image of each neighbor, in lattice vectors.
    pub fn shift(&self) -> &[[i32; 3]] {
        &self.shift
    }
}
