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

use super::{Job, Spare};
use crate::descriptors::Descriptor;
use crate::error::{Error, LAST_ELEMENT};
use crate::geometry::{Center, Centers, Frames, Grid};

/// Centers in a chunk at most.
const LARGEST_CHUNK: usize = 64;
/// Centers in a chunk at least, and chunks that a frame of a few hundred centers is cut into. These depend on the
/// input alone, never on the number of threads: sums over chunks must keep their order.
const SMALLEST_CHUNK: usize = 4;
const CHUNKS_OF_A_FRAME: usize = 16;
/// Centers whose frames are prepared together.
const BATCH: usize = 1 << 14;
/// Time between two calls of `progress`, roughly.
const PATIENCE: Duration = Duration::from_millis(100);

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
}

/// Rows of one frame that one worker computes.
pub struct Chunk {
    /// Place of the frame in its batch.
    pub slot: usize,
    /// Rows, counted over all frames.
    pub rows: Vec<usize>,
}

/// Counts rows for `progress` over several walks.
pub struct Tally {
    done: usize,
    total: usize,
}

impl Tally {
    /// Nothing of `total` rows done.
    pub fn new(total: usize) -> Self {
        Self { done: 0, total }
    }

    /// Tells the caller that `rows` more are done.
    fn add(&mut self, rows: usize, job: &mut Job<'_>) -> Result<(), Error> {
        self.done += rows;
        if (job.progress)(self.done, self.total).is_break() { Err(Error::Interrupted) } else { Ok(()) }
    }
}

/// Consecutive frames with about [`BATCH`] centers together.
pub fn batches(frames: &Frames<'_>, centers: &Centers<'_>) -> Vec<Range<usize>> {
    let mut batches = Vec::new();
    let (mut start, mut size) = (0, 0);
    for frame in 0..frames.len() {
        size += centers.rows(frame).len() + frames.atoms(frame).len() / 8;
        if size >= BATCH {
            batches.push(start..frame + 1);
            (start, size) = (frame + 1, 0);
        }
    }
    if start < frames.len() {
        batches.push(start..frames.len());
    }
    batches
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
        job: &Job<'_>,
    ) -> Result<Self, Error> {
        let one = |frame: usize| {
            let view = frames.get(frame);
            let channels = channels(descriptor, frame, view.numbers)?;
            let grid = Grid::new(&view, frame, &channels, descriptor.cutoff())?;
            Ok(Prepared { frame, channels, grid })
        };
        let prepared: Vec<Result<_, _>> = match job.pool {
            Some(pool) => pool.install(|| range.into_par_iter().map(one).collect()),
            None => range.map(one).collect(),
        };
        Ok(Self { prepared: prepared.into_iter().collect::<Result<_, _>>()?, centers })
    }

    /// The only frame of `frames`, every atom of which is seen as the same.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn of_one_kind(frames: &Frames<'_>, centers: &'a Centers<'a>, r_cut: f64) -> Result<Self, Error> {
        let channels = vec![0; frames.n_atoms()];
        let grid = Grid::new(&frames.get(0), 0, &channels, r_cut)?;
        Ok(Self { prepared: vec![Prepared { frame: 0, channels, grid }], centers })
    }

    /// The chunks of a batch, in the order in which their results are merged.
    fn chunks(&self) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        for (slot, frame) in self.prepared.iter().enumerate() {
            let mut rows: Vec<usize> = self.centers.rows(frame.frame).collect();
            let size = (rows.len() / CHUNKS_OF_A_FRAME).clamp(SMALLEST_CHUNK, LARGEST_CHUNK);
            if size == LARGEST_CHUNK {
                sort_by_place(&mut rows, self.centers, frame);
            }
            chunks.extend(rows.chunks(size).map(|rows| Chunk { slot, rows: rows.to_vec() }));
        }
        chunks
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
    let of = |(atom, &number): (usize, &i64)| {
        if last != Some(number) {
            if !(0..=LAST_ELEMENT).contains(&number) {
                return Err(Error::NotAnElement { frame, atom, number });
            }
            (last, channel) = (Some(number), descriptor.channel(number));
        }
        match channel {
            Some(channel) => Ok(channel),
            None if descriptor.ignores_unknown_species() => Ok(u8::MAX),
            None => Err(Error::UnknownSpecies { frame, atom, number }),
        }
    };
    numbers.iter().enumerate().map(of).collect()
}

/// Brings rows whose centers are near each other together: they share sites, and what is known of them is in cache.
fn sort_by_place(rows: &mut Vec<usize>, centers: &Centers<'_>, frame: &Prepared) {
    let mut row_of = vec![None; frame.channels.len()];
    // Points, and atoms that are asked for twice or not seen, keep their order and come last.
    let mut others = Vec::new();
    for &row in rows.iter() {
        match centers.get(row) {
            Center::Atom(atom) if frame.channels[atom] != u8::MAX && row_of[atom].is_none() => row_of[atom] = Some(row),
            _ => others.push(row),
        }
    }
    rows.clear();
    rows.extend(frame.grid.order().iter().filter_map(|&atom| row_of[atom as usize]));
    rows.extend(others);
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
    tally: &mut Tally,
    worker: impl Fn() -> W + Sync,
    mut payload: impl FnMut(&Chunk) -> P,
    visit: impl Fn(&mut W, &Prepared, &Chunk, P) -> Result<R, Error> + Sync,
    mut merge: impl FnMut(&Prepared, &Chunk, R),
) -> Result<(), Error> {
    let chunks = batch.chunks();
    let mut work = chunks.iter().map(|chunk| (chunk, &batch.prepared[chunk.slot])).peekable();
    let Some(pool) = job.pool else {
        let mut worker = job.spare.and_then(Spare::take).unwrap_or_else(worker);
        let (mut last, mut rows) = (Instant::now(), 0);
        for (chunk, frame) in work {
            let payload = payload(chunk);
            merge(frame, chunk, visit(&mut worker, frame, chunk, payload)?);
            rows += chunk.rows.len();
            if last.elapsed() > PATIENCE {
                tally.add(std::mem::take(&mut rows), job)?;
                last = Instant::now();
            }
        }
        if let Some(spare) = job.spare {
            spare.put(worker);
        }
        return tally.add(rows, job);
    };
    let workers: Vec<Mutex<Option<W>>> = (0..pool.current_num_threads()).map(|_| Mutex::new(None)).collect();
    let mut size = 4 * workers.len();
    while work.peek().is_some() {
        let started = Instant::now();
        let group: Vec<_> = work.by_ref().take(size).map(|(chunk, frame)| (chunk, frame, payload(chunk))).collect();
        let rows = group.iter().map(|(chunk, ..)| chunk.rows.len()).sum();
        let one = |(chunk, frame, payload): (&_, &_, P)| {
            let slot = &workers[rayon::current_thread_index().unwrap_or(0) % workers.len()];
            // A worker that panicked takes the whole walk with it; its buffers are not looked at again.
            let mut buffers = slot.lock().unwrap_or_else(PoisonError::into_inner);
            visit(buffers.get_or_insert_with(&worker), frame, chunk, payload)
        };
        let heads: Vec<_> = group.iter().map(|&(chunk, frame, _)| (chunk, frame)).collect();
        let results: Vec<Result<R, Error>> = pool.install(|| group.into_par_iter().map(one).collect());
        for ((chunk, frame), result) in heads.into_iter().zip(results) {
            merge(frame, chunk, result?);
        }
        // As many as fit the patience at this pace: few groups, since all workers wait for the last of each.
        let pace = PATIENCE.as_secs_f64() / started.elapsed().as_secs_f64().max(1e-6);
        size = (size as f64 * pace.clamp(0.25, 64.0)) as usize;
        size = size.max(workers.len());
        tally.add(rows, job)?;
    }
    Ok(())
}
