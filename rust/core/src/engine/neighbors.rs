//! The neighbor search by itself.

use super::Job;
use super::walk::{Batch, Chunk, Prepared, Tally, walk};
use crate::Error;
use crate::geometry::{Centers, Frames, Sites};

/// Neighbors of the centers of one frame, in compressed rows.
#[derive(Debug, Clone, Default)]
pub struct NeighborList {
    /// The neighbors of center `i` are `offsets[i]..offsets[i + 1]`.
    pub offsets: Vec<i64>,
    /// Atom of which each neighbor is an image.
    pub index: Vec<i64>,
    /// Vector from the center to its neighbor in Å.
    pub vector: Vec<[f64; 3]>,
}

/// All sites within `r_cut` of every atom of the only frame of `frames`.
///
/// # Errors
/// See [`Error`].
pub fn neighbors(frames: &Frames<'_>, r_cut: f64, job: &mut Job<'_>) -> Result<NeighborList, Error> {
    super::check_length("frames", frames.len(), 1)?;
    let n_atoms = frames.n_atoms() as i64;
    let (offsets, index) = ([0, n_atoms], (0..n_atoms).collect::<Vec<_>>());
    let centers = Centers::new(frames, &offsets, &index, &[])?;
    let batch = Batch::of_one_kind(frames, &centers, r_cut)?;
    let mut found: Vec<Vec<(u32, [f64; 3])>> = vec![Vec::new(); frames.n_atoms()];
    let visit = |sites: &mut Sites, frame: &Prepared, chunk: &Chunk, ()| {
        let of_row = |&row: &usize| {
            frame.grid.find(centers.get(row), row, sites)?;
            let vectors = (0..sites.r.len()).map(|k| (sites.index[k], [sites.dx[k], sites.dy[k], sites.dz[k]]));
            Ok(vectors.collect())
        };
        chunk.rows.iter().map(of_row).collect::<Result<Vec<_>, Error>>()
    };
    let merge = |_: &Prepared, chunk: &Chunk, lists: Vec<Vec<_>>| {
        for (&row, list) in chunk.rows.iter().zip(lists) {
            found[row] = list;
        }
    };
    walk(&batch, job, &mut Tally::new(frames.n_atoms()), Sites::default, |_| (), visit, merge)?;
    let mut list = NeighborList { offsets: vec![0], ..NeighborList::default() };
    for sites in found {
        list.index.extend(sites.iter().map(|(atom, _)| i64::from(*atom)));
        list.vector.extend(sites.iter().map(|(_, vector)| *vector));
        list.offsets.push(list.index.len() as i64);
    }
    Ok(list)
}
