//! The neighbor search by itself.

use super::batch::{FrameBatch, Prepared};
use super::checks::check_length;
use super::interrupt::RowCounter;
use super::job::Job;
use super::lists::{ChunkLists, Lists};
use super::walk::{Chunk, walk};
use crate::geometry::{Centers, Frames, Sites};
use crate::{Error, Stop, memory};

/// Neighbors of centers of one frame, in compressed rows.
#[derive(Debug, Clone, Default)]
pub struct NeighborList {
    /// The neighbors of center `i` are `offsets[i]..offsets[i + 1]`.
    pub offsets: Vec<i64>,
    /// Atom of which each neighbor is an image.
    pub index: Vec<i64>,
    /// Vector from the center to its neighbor in Å.
    pub vector: Vec<[f64; 3]>,
}

/// Purpose of the memory, for the message where it is refused.
const PURPOSE: &str = "neighbor list";
/// Rows that are put in place between two checks for an interrupt.
const CHECK_EVERY: usize = 1 << 8;

/// All sites within `r_cut` of each of the `centers` in the only frame of `frames`.
///
/// Every atom is binned, and only the sites of the centers are kept.
///
/// # Errors
/// Any [`Error`] that the input or the caller can cause.
pub fn neighbors(
    frames: &Frames<'_>,
    centers: &Centers<'_>,
    r_cut: f64,
    job: &mut Job<'_>,
) -> Result<NeighborList, Error> {
    check_length("frames", frames.len(), 1)?;
    let counter = RowCounter::new(centers.len());
    let batch = FrameBatch::of_one_kind(frames, centers, r_cut, job, &counter)?;
    let mut found = Lists::new(PURPOSE, centers.len(), batch.chunks.len())?;
    let visit = |sites: &mut Sites, frame: &Prepared, chunk: &Chunk<'_>, (): (), _: &Stop<'_>| {
        let mut part = ChunkLists::new();
        for &row in chunk.rows {
            frame.find(centers.get(row), row, sites)?;
            let vectors = (0..sites.r.len()).map(|k| (sites.index[k], [sites.dx[k], sites.dy[k], sites.dz[k]]));
            part.push(PURPOSE, vectors)?;
        }
        Ok(part)
    };
    let merge = |_: &Prepared, chunk: &Chunk<'_>, part: ChunkLists<_>| {
        found.put(chunk.rows, part);
        Ok(())
    };
    walk(&batch, job, &counter, || Ok(Sites::default()), |_| (), visit, merge)?;
    job.run_on_caller(&counter, |stop| in_rows(&found, centers.len(), stop))
}

/// The lists of all rows, one after the other.
fn in_rows(found: &Lists<(u32, [f64; 3])>, n_rows: usize, stop: &Stop<'_>) -> Result<NeighborList, Error> {
    let n = found.n_entries();
    let (offsets, index) = (memory::with_capacity(PURPOSE, n_rows + 1)?, memory::with_capacity(PURPOSE, n)?);
    let mut list = NeighborList { offsets, index, vector: memory::with_capacity(PURPOSE, n)? };
    list.offsets.push(0);
    for (row, sites) in found.iter().enumerate() {
        if row % CHECK_EVERY == 0 {
            stop.check()?;
        }
        list.index.extend(sites.iter().map(|(atom, _)| i64::from(*atom)));
        list.vector.extend(sites.iter().map(|(_, vector)| *vector));
        list.offsets.push(list.index.len() as i64);
    }
    Ok(list)
}
