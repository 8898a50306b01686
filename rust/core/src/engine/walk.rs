//! The one loop over centers: frames in batches, centers in chunks, chunks in groups.
//!
//! A *chunk* is what a worker takes at a time: some centers of one frame that lie near each other, at most
//! [`LARGEST_CHUNK`]. What
//! chunks return is merged on the caller's thread in the order of the chunks, which depends on the input alone. A
//! *group* is as many chunks as take about a tenth of a second; between groups the caller is told, and may stop.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::watch::Tally;
use super::{Job, Spare};
use crate::descriptors::Descriptor;
use crate::error::LAST_ELEMENT;
use crate::geometry::{Center, Centers, Frames, Grid};
use crate::{Error, Stop, memory};

/// Centers in a chunk at most.
pub const LARGEST_CHUNK: usize = 64;
/// Centers in a chunk at least, and chunks that a frame of a few hundred centers is cut into. These depend on the
/// input alone, never on the number of threads: sums over chunks must keep their order.
const SMALLEST_CHUNK: usize = 4;
const CHUNKS_OF_A_FRAME: usize = 16;
/// Centers whose frames are prepared together.
const BATCH: usize = 1 << 14;
/// What a group takes, roughly.
const PATIENCE: Duration = Duration::from_millis(100);

/// What is too large if memory is refused.
const FRAMES: &str = "neighbor search";
const GROUP: &str = "results of some centers";

/// A frame ready to be asked for the sites of its centers.
pub struct Prepared {
    /// Its index.
    pub frame: usize,
    /// Channel of each atom; `u8::MAX` where the descriptor does not see it.
    pub channels: Vec<u8>,
    /// The neighbor search.
    pub grid: Grid,
}

/// Frames that were prepared together, and the centers of all frames.
pub struct Batch<'a> {
    /// The frames, in their order.
    pub prepared: Vec<Prepared>,
    /// Centers of all frames, those of other batches too.
    pub centers: &'a Centers<'a>,
    /// The rows of this batch, counted over all frames, in the order in which they are computed.
    pub rows: Vec<usize>,
    /// For each chunk, the place of its frame in the batch, and its stretch of the rows.
    pub chunks: Vec<(usize, Range<usize>)>,
}

/// Rows of one frame that one worker computes.
pub struct Chunk<'a> {
    /// Rows, counted over all frames.
    pub rows: &'a [usize],
}

/// Consecutive frames with about [`BATCH`] centers together.
///
/// # Errors
/// [`Error::Memory`].
pub fn batches(frames: &Frames<'_>, centers: &Centers<'_>) -> Result<Vec<Range<usize>>, Error> {
    let mut batches = Vec::new();
    let (mut start, mut size) = (0, 0);
    for frame in 0..frames.len() {
        size += centers.rows(frame).len() + frames.atoms(frame).len() / 8;
        if size >= BATCH {
            memory::reserve(FRAMES, &mut batches, 2)?;
            batches.push(start..frame + 1);
            (start, size) = (frame + 1, 0);
        }
    }
    if start < frames.len() {
        memory::reserve(FRAMES, &mut batches, 1)?;
        batches.push(start..frames.len());
    }
    Ok(batches)
}

impl<'a> Batch<'a> {
    /// Prepares the frames of `range`.
    ///
    /// # Errors
    /// Of the first frame that has one.
    pub fn new<D: Descriptor>(
        descriptor: &D,
        frames: &Frames<'_>,
        centers: &'a Centers<'a>,
        range: Range<usize>,
        job: &mut Job<'_>,
        tally: &Tally,
    ) -> Result<Self, Error> {
        let one = |frame: usize, stop: &Stop<'_>| {
            stop.check()?;
            let view = frames.get(frame);
            let channels = channels(descriptor, frame, view.numbers)?;
            let grid = Grid::interruptible(&view, frame, &channels, descriptor.cutoff(), stop)?;
            Ok(Prepared { frame, channels, grid })
        };
        let mut prepared = memory::room(FRAMES, range.len())?;
        let Some(pool) = job.pool else {
            return job.here(tally, |stop| {
                for frame in range {
                    prepared.push(one(frame, stop)?);
                }
                Self::in_chunks(prepared, centers)
            });
        };
        job.spread(pool, tally, |stop| {
            let wished = stop.wished();
            let mut results: Vec<Result<Prepared, Error>> = memory::room(FRAMES, range.len())?;
            range.into_par_iter().map(|frame| one(frame, &Stop::when(wished))).collect_into_vec(&mut results);
            for result in results {
                prepared.push(result?);
            }
            Self::in_chunks(prepared, centers)
        })
    }

    /// The only frame of `frames`, every atom of which is seen as the same.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn of_one_kind(
        frames: &Frames<'_>,
        centers: &'a Centers<'a>,
        r_cut: f64,
        job: &mut Job<'_>,
        tally: &Tally,
    ) -> Result<Self, Error> {
        let one = |stop: &Stop<'_>| {
            let channels = memory::zeros(FRAMES, frames.n_atoms())?;
            let grid = Grid::interruptible(&frames.get(0), 0, &channels, r_cut, stop)?;
            let mut prepared = memory::room(FRAMES, 1)?;
            prepared.push(Prepared { frame: 0, channels, grid });
            Self::in_chunks(prepared, centers)
        };
        match job.pool {
            Some(pool) => job.spread(pool, tally, one),
            None => job.here(tally, one),
        }
    }

    /// Cuts the rows of these frames into chunks, in the order in which their results are merged.
    fn in_chunks(prepared: Vec<Prepared>, centers: &'a Centers<'a>) -> Result<Self, Error> {
        let n_rows = prepared.iter().map(|frame| centers.rows(frame.frame).len()).sum();
        let mut batch = Self { prepared, centers, rows: memory::room(FRAMES, n_rows)?, chunks: Vec::new() };
        for (slot, frame) in batch.prepared.iter().enumerate() {
            let first = batch.rows.len();
            batch.rows.extend(centers.rows(frame.frame));
            let n_rows = batch.rows.len() - first;
            let size = (n_rows / CHUNKS_OF_A_FRAME).clamp(SMALLEST_CHUNK, LARGEST_CHUNK);
            if size == LARGEST_CHUNK {
                sort_by_place(&mut batch.rows[first..], centers, frame)?;
            }
            memory::reserve(FRAMES, &mut batch.chunks, n_rows.div_ceil(size))?;
            let starts = (0..n_rows).step_by(size);
            batch.chunks.extend(starts.map(|start| (slot, first + start..first + (start + size).min(n_rows))));
        }
        Ok(batch)
    }
}

/// Channel of each atom.
///
/// # Errors
/// Where a number is that of no element, whatever the descriptor does about species that it was not told about; and
/// where there is such a species.
fn channels<D: Descriptor>(descriptor: &D, frame: usize, numbers: &[i64]) -> Result<Vec<u8>, Error> {
    // Neighbors in the list of atoms tend to be of one element: ask once for each run.
    let (mut last, mut channel) = (None, None);
    let mut of = |(atom, &number): (usize, &i64)| {
        if last != Some(number) {
            if !(0..=LAST_ELEMENT).contains(&number) {
                return Err(Error::NotAnElement { frame, atom, number });
            }
            (last, channel) = (Some(number), descriptor.species().channel(number));
        }
        match channel {
            Some(channel) => Ok(channel),
            None if descriptor.species().ignores_unknown() => Ok(u8::MAX),
            None => Err(Error::UnknownSpecies { frame, atom, number }),
        }
    };
    let mut channels = memory::room(FRAMES, numbers.len())?;
    for atom in numbers.iter().enumerate() {
        channels.push(of(atom)?);
    }
    Ok(channels)
}

/// Brings rows whose centers are near each other together: they share sites, and what is known of them is in cache.
fn sort_by_place(rows: &mut [usize], centers: &Centers<'_>, frame: &Prepared) -> Result<(), Error> {
    let mut row_of = memory::filled(FRAMES, frame.channels.len(), None)?;
    // Points, and atoms that are asked for twice or not seen, keep their order and come last.
    let mut others = memory::room(FRAMES, rows.len())?;
    for &row in &*rows {
        match centers.get(row) {
            Center::Atom(atom) if frame.channels[atom] != u8::MAX && row_of[atom].is_none() => row_of[atom] = Some(row),
            _ => others.push(row),
        }
    }
    let sorted = frame.grid.order().iter().filter_map(|&atom| row_of[atom as usize]).chain(others);
    rows.iter_mut().zip(sorted).for_each(|(slot, row)| *slot = row);
    Ok(())
}

/// Visits all centers of a batch.
///
/// For each chunk `payload` is asked on the caller's thread what the chunk needs of its own, such as the rows it
/// writes; `visit` computes it with the buffers of a worker, wherever that runs; `merge` takes what it returns, on the
/// caller's thread and in the order of the chunks.
///
/// # Errors
/// Of the first chunk that has one, and [`Error::Interrupted`].
pub fn walk<W: Send + 'static, P: Send, R: Send>(
    batch: &Batch<'_>,
    job: &mut Job<'_>,
    tally: &Tally,
    worker: impl Fn() -> Result<W, Error> + Sync,
    mut payload: impl FnMut(&Chunk<'_>) -> P,
    visit: impl Fn(&mut W, &Prepared, &Chunk<'_>, P, &Stop<'_>) -> Result<R, Error> + Sync,
    mut merge: impl FnMut(&Prepared, &Chunk<'_>, R) -> Result<(), Error>,
) -> Result<(), Error> {
    let of = |(slot, rows): &(usize, Range<usize>)| (Chunk { rows: &batch.rows[rows.clone()] }, &batch.prepared[*slot]);
    let Some(pool) = job.pool else {
        let spare = job.spare;
        let mut worker = spare.and_then(Spare::take).map_or_else(worker, Ok)?;
        job.here(tally, |stop| {
            for (chunk, frame) in batch.chunks.iter().map(of) {
                stop.check()?;
                let payload = payload(&chunk);
                merge(frame, &chunk, visit(&mut worker, frame, &chunk, payload, stop)?)?;
                tally.add(chunk.rows.len());
            }
            Ok(())
        })?;
        if let Some(spare) = spare {
            spare.put(worker);
        }
        return job.tell(tally);
    };
    let workers: Vec<Mutex<Option<W>>> = (0..pool.current_num_threads()).map(|_| Mutex::new(None)).collect();
    let one = |chunk: &Chunk<'_>, frame: &Prepared, payload: P, stop: &Stop<'_>| {
        stop.check()?;
        let slot = &workers[rayon::current_thread_index().unwrap_or(0) % workers.len()];
        // A worker that panicked takes the whole walk with it; its buffers are not looked at again.
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let buffers = match &mut *slot {
            Some(buffers) => buffers,
            empty => empty.insert(worker()?),
        };
        let result = visit(buffers, frame, chunk, payload, stop);
        tally.add(chunk.rows.len());
        result
    };
    let (mut rest, mut size) = (batch.chunks.as_slice(), 4 * workers.len());
    while !rest.is_empty() {
        let started = Instant::now();
        let (group, others) = rest.split_at(size.min(rest.len()));
        rest = others;
        let mut payloads = memory::room(GROUP, group.len())?;
        payloads.extend(group.iter().map(|chunk| payload(&of(chunk).0)));
        let mut results: Vec<Result<R, Error>> = memory::room(GROUP, group.len())?;
        let results = job.spread(pool, tally, |stop| {
            let wished = stop.wished();
            let visited = group.par_iter().zip(payloads).map(|(chunk, payload)| {
                let (chunk, frame) = of(chunk);
                one(&chunk, frame, payload, &Stop::when(wished))
            });
            visited.collect_into_vec(&mut results);
            Ok(results)
        })?;
        for (chunk, result) in group.iter().zip(results) {
            let (chunk, frame) = of(chunk);
            merge(frame, &chunk, result?)?;
        }
        // As many as fit the patience at this pace: few groups, since all workers wait for the last of each.
        let pace = PATIENCE.as_secs_f64() / started.elapsed().as_secs_f64().max(1e-6);
        size = (size as f64 * pace.clamp(0.25, 64.0)) as usize;
        size = size.max(workers.len());
        job.tell(tally)?;
    }
    Ok(())
}
