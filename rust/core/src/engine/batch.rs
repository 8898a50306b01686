//! Frames prepared together, and their centers cut into chunks.
//!
//! A *chunk* is what a worker takes at a time: some centers of one frame that lie near each other, at most
//! [`LARGEST_CHUNK`].

use std::ops::Range;

use super::interrupt::RowCounter;
use super::job::Job;
use super::prepared::FRAMES;
pub use super::prepared::{Prepared, PreparedFrames};
use crate::descriptors::Descriptor;
use crate::geometry::{Center, Centers, Frames};
use crate::{Error, memory};

/// Centers in a chunk at most.
pub const LARGEST_CHUNK: usize = 16;
/// Centers in a chunk at least, and chunks that a frame of a few hundred centers is cut into. These depend on the
/// input alone, never on the number of threads: sums over chunks must keep their order.
const SMALLEST_CHUNK: usize = 4;
const CHUNKS_OF_A_FRAME: usize = 32;
/// Centers of a frame that are sorted by place.
const WORTH_SORTING: usize = 1024;
/// So many times fewer than the atoms of their frame are few centers.
const FEW: usize = 8;
/// The row, or the place, of an atom that has none.
const NO_ROW: u32 = u32::MAX;
/// Centers whose frames are prepared together.
const BATCH: usize = 1 << 14;

/// Frames that were prepared together, and the centers of all frames.
pub struct FrameBatch<'a> {
    /// The frames, in their order.
    pub prepared: PreparedFrames,
    /// Centers of all frames, those of other batches too.
    pub centers: &'a Centers<'a>,
    /// The rows of this batch, counted over all frames, in the order in which they are computed.
    pub rows: Vec<usize>,
    /// For each chunk, the place of its frame in the batch, and its stretch of the rows.
    pub chunks: Vec<(usize, Range<usize>)>,
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

/// The rows of consecutive frames.
pub fn rows_of(centers: &Centers<'_>, frames: &Range<usize>) -> Range<usize> {
    if frames.is_empty() { 0..0 } else { centers.rows(frames.start).start..centers.rows(frames.end - 1).end }
}

impl<'a> FrameBatch<'a> {
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
        counter: &RowCounter,
    ) -> Result<Self, Error> {
        Self::in_chunks(PreparedFrames::new(descriptor, frames, range, job, counter)?, centers)
    }

    /// The only frame of `frames`, every atom of which is seen as the same.
    ///
    /// # Errors
    /// Any [`Error`] that the input or the caller can cause.
    pub fn of_one_kind(
        frames: &Frames<'_>,
        centers: &'a Centers<'a>,
        r_cut: f64,
        job: &mut Job<'_>,
        counter: &RowCounter,
    ) -> Result<Self, Error> {
        Self::in_chunks(PreparedFrames::of_one_kind(frames, r_cut, job, counter)?, centers)
    }

    /// Cuts the rows of these frames into chunks, in the order in which their results are merged.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn in_chunks(prepared: PreparedFrames, centers: &'a Centers<'a>) -> Result<Self, Error> {
        Self::of_rows(prepared, centers, 0..centers.len())
    }

    /// Cuts those of `rows` that belong to these frames into chunks.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn of_rows(prepared: PreparedFrames, centers: &'a Centers<'a>, rows: Range<usize>) -> Result<Self, Error> {
        let own = |frame: &Prepared| {
            let all = centers.rows(frame.frame);
            all.start.max(rows.start)..all.end.min(rows.end)
        };
        let n_rows = prepared.iter().map(|frame| own(frame).len()).sum();
        let mut batch = Self { prepared, centers, rows: memory::with_capacity(FRAMES, n_rows)?, chunks: Vec::new() };
        for (slot, frame) in batch.prepared.iter().enumerate() {
            let first = batch.rows.len();
            batch.rows.extend(own(frame));
            let n_rows = batch.rows.len() - first;
            let size = (n_rows / CHUNKS_OF_A_FRAME).clamp(SMALLEST_CHUNK, LARGEST_CHUNK);
            if n_rows >= WORTH_SORTING {
                sort_by_place(&mut batch.rows[first..], centers, frame)?;
            }
            memory::reserve(FRAMES, &mut batch.chunks, n_rows.div_ceil(size))?;
            let starts = (0..n_rows).step_by(size);
            batch.chunks.extend(starts.map(|start| (slot, first + start..first + (start + size).min(n_rows))));
        }
        Ok(batch)
    }
}

/// Brings consecutive rows whose centers are near each other together: they share sites, and what is known of them is in
/// cache. Points, and atoms that are asked for twice or not seen, keep their order and come last.
fn sort_by_place(rows: &mut [usize], centers: &Centers<'_>, frame: &Prepared) -> Result<(), Error> {
    let order = frame.order();
    if order.is_empty() || u32::try_from(rows.len()).is_err() {
        return Ok(());
    }
    if order.len() / FEW > rows.len() {
        return sort_a_few(rows, centers, frame);
    }
    let first = rows[0];
    let mut row_of = memory::filled(FRAMES, frame.channels.len(), NO_ROW)?;
    let mut others = Vec::new();
    for (place, &row) in (0..).zip(&*rows) {
        match centers.get(row) {
            Center::Atom(atom) if frame.channels[atom] != u8::MAX && row_of[atom] == NO_ROW => row_of[atom] = place,
            _ => {
                memory::reserve(FRAMES, &mut others, 1)?;
                others.push(row);
            }
        }
    }
    let seen = order.iter().map(|&atom| row_of[atom as usize]).filter(|&place| place != NO_ROW);
    let sorted = seen.map(|place| first + place as usize).chain(others);
    rows.iter_mut().zip(sorted).for_each(|(slot, row)| *slot = row);
    Ok(())
}

/// [`sort_by_place`], for so few of the atoms of a frame that to look at all of them would take longer.
fn sort_a_few(rows: &mut [usize], centers: &Centers<'_>, frame: &Prepared) -> Result<(), Error> {
    let place = |row: usize| match centers.get(row) {
        Center::Atom(atom) => frame.place(atom).unwrap_or(NO_ROW),
        Center::Point(_) => NO_ROW,
    };
    let mut sorted = memory::collect(FRAMES, rows.iter().map(|&row| (place(row), row)))?;
    sorted.sort_unstable();
    let mut others = Vec::new();
    let (mut last, mut n) = (NO_ROW, 0);
    for (place, row) in sorted {
        if place == NO_ROW || place == last {
            memory::reserve(FRAMES, &mut others, 1)?;
            others.push(row);
            continue;
        }
        (last, rows[n]) = (place, row);
        n += 1;
    }
    others.sort_unstable();
    rows[n..].copy_from_slice(&others);
    Ok(())
}
