//! The derivative of every feature with respect to every atom, as sparse blocks.
//!
//! Blocks are found first, so that whoever keeps their values knows how much room these need; then they are written.
//! Both look at the same grid.

use std::sync::{Mutex, PoisonError};

use super::average::{Average, n_rows};
use super::batch::{FrameBatch, Prepared, PreparedFrames};
use super::checks::check_length;
use super::gradients::UNSEEN;
use super::interrupt::RowCounter;
use super::job::Job;
use super::lists::{ChunkLists, Lists};
use super::means::{add, mean_coefficients, needs_means};
use super::output::RowElement;
use super::walk::{Chunk, walk};
use super::worker::{Worker, environment};
use crate::descriptors::{Descriptor, JacobianRow};
use crate::geometry::{Center, Centers, Frames};
use crate::{Error, Stop, memory};

/// Purpose of the memory, for the message where it is refused.
const PATTERN: &str = "list of the blocks of the derivatives";
const BLOCKS: &str = "derivatives of one row";

/// Bytes of a result that a cache may hold until somebody reads it, or writes it again: there stores are three times as
/// fast as past the caches, where what is larger is written.
const CACHED: usize = 1 << 24;

/// Blocks of a Jacobian that are not zero: `(row, atom)`, unique, sorted by frame, then by row, then by atom.
#[derive(Debug, Clone, Default)]
pub struct JacobianPattern {
    /// Row of the features of each block, counted from the first row of its frame.
    pub row: Vec<i64>,
    /// Atom with respect to which they are differentiated, counted from the first atom of its frame.
    pub atom: Vec<i64>,
    /// The blocks of row `r`, counted over all frames, are `starts[r]..starts[r + 1]`.
    pub starts: Vec<i64>,
}

impl JacobianPattern {
    /// No blocks yet, and room for so many, of so many rows.
    fn with_capacity(n_blocks: usize, n_rows: usize) -> Result<Self, Error> {
        let mut starts = memory::with_capacity(PATTERN, n_rows + 1)?;
        starts.push(0);
        let (row, atom) = (memory::with_capacity(PATTERN, n_blocks)?, memory::with_capacity(PATTERN, n_blocks)?);
        Ok(Self { row, atom, starts })
    }

    /// Adds the blocks of the next row, which is the one at `row` of its frame.
    fn push(&mut self, row: usize, atoms: impl Iterator<Item = i64>) {
        self.atom.extend(atoms);
        self.row.resize(self.atom.len(), row as i64);
        self.starts.push(self.atom.len() as i64);
    }

    /// Number of blocks.
    pub fn len(&self) -> usize {
        self.atom.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.atom.is_empty()
    }

    /// The blocks of one row.
    fn blocks(&self, row: usize) -> std::ops::Range<usize> {
        self.starts[row] as usize..self.starts[row + 1] as usize
    }
}

/// Blocks of one row, to be written.
struct RowBlocks<'a> {
    atoms: &'a [i64],
    values: &'a mut [f64],
    /// Whether they are part of a result that no cache holds.
    is_large: bool,
}

/// Blocks of the rows of a chunk, row by row, and the atom of each; there may be room for more.
#[derive(Default)]
struct ChunkBlocks {
    atoms: Vec<i64>,
    blocks: Vec<f64>,
}

/// Prepares frames for several calls about some of their centers each.
///
/// # Errors
/// Of the first frame that has one.
pub fn prepare_frames<D: Descriptor>(
    descriptor: &D,
    frames: &Frames<'_>,
    job: &mut Job<'_>,
) -> Result<PreparedFrames, Error> {
    PreparedFrames::new(descriptor, frames, 0..frames.len(), job, &RowCounter::new(frames.n_atoms()))
}

/// The Jacobian of some frames, whose blocks are known and whose values are not computed yet.
pub struct Jacobian<'a, D> {
    descriptor: &'a D,
    average: Average,
    frames: Frames<'a>,
    centers: &'a Centers<'a>,
    batch: FrameBatch<'a>,
    pattern: JacobianPattern,
}

impl<'a, D: Descriptor> Jacobian<'a, D> {
    /// Finds the blocks of the rows of `centers`; `prepared` are these frames, where they have been prepared before.
    ///
    /// # Errors
    /// Any [`Error`] that the input or the caller can cause.
    pub fn find(
        descriptor: &'a D,
        average: Average,
        frames: &Frames<'a>,
        centers: &'a Centers<'a>,
        prepared: Option<&PreparedFrames>,
        job: &mut Job<'_>,
    ) -> Result<Self, Error> {
        let counter = RowCounter::new(centers.len());
        let prepared = match prepared {
            Some(prepared) => {
                prepared.require(frames)?;
                prepared.clone()
            }
            None => PreparedFrames::new(descriptor, frames, 0..frames.len(), job, &counter)?,
        };
        let batch = FrameBatch::in_chunks(prepared, centers)?;
        let visit = |worker: &mut Worker<D>, frame: &Prepared, chunk: &Chunk<'_>, (): (), _: &Stop<'_>| {
            let mut part = ChunkLists::new();
            for &row in chunk.rows {
                let center = worker.find(frame, centers, row)?;
                part.push(PATTERN, atoms_of(worker, center)?.iter().copied())?;
            }
            Ok(part)
        };
        let mut found = Lists::new(PATTERN, centers.len(), batch.chunks.len())?;
        let merge = |_: &Prepared, chunk: &Chunk<'_>, part: ChunkLists<u32>| {
            found.put(chunk.rows, part);
            Ok(())
        };
        walk(&batch, job, &counter, || Worker::new(descriptor), |_| (), visit, merge)?;
        let pattern = job.run_on_caller(&counter, |stop| match average {
            Average::Off => pattern_of_rows(&found, frames, centers, stop),
            _ => pattern_of_means(&found, frames, centers, stop),
        })?;
        Ok(Self { descriptor, average, frames: *frames, centers, batch, pattern })
    }

    /// The blocks.
    pub fn pattern(&self) -> &JacobianPattern {
        &self.pattern
    }

    /// The blocks, when their values are no longer asked for.
    pub fn into_pattern(self) -> JacobianPattern {
        self.pattern
    }

    /// Writes the values of all blocks, each `[xyz][feature]`, into `values`.
    ///
    /// # Errors
    /// Any [`Error`] that the input or the caller can cause; `values` may then be written in part.
    pub fn write<T: RowElement>(&self, values: &mut [T], job: &mut Job<'_>) -> Result<(), Error> {
        check_length("values", values.len(), self.pattern.len() * self.block())?;
        let needs_means = needs_means(self.descriptor, self.average);
        let passes = if needs_means { 2 } else { 1 };
        let counter = RowCounter::new(passes * self.centers.len());
        if self.average == Average::Off {
            return self.write_rows(values, job, &counter);
        }
        let mean = if needs_means {
            Some(mean_coefficients(self.descriptor, self.average, &self.batch, job, &counter)?)
        } else {
            None
        };
        T::fill(values, &mut Vec::new(), |values| self.write_means(mean.as_deref(), values, job, &counter))
    }

    /// Numbers in a block.
    fn block(&self) -> usize {
        3 * self.descriptor.n_features()
    }

    fn write_rows<T: RowElement>(
        &self,
        values: &mut [T],
        job: &mut Job<'_>,
        counter: &RowCounter,
    ) -> Result<(), Error> {
        let is_large = T::IN_PLACE && size_of_val(values) > CACHED;
        let mut slots = memory::with_capacity(PATTERN, self.centers.len())?;
        let (mut rest, mut atoms) = (values, self.pattern.atom.as_slice());
        for row in 0..self.centers.len() {
            let length = self.pattern.blocks(row).len();
            let (blocks, tail) = rest.split_at_mut(length * self.block());
            let (own, other) = atoms.split_at(length);
            slots.push(Some((blocks, own)));
            (rest, atoms) = (tail, other);
        }
        let mut in_order = memory::collect(PATTERN, self.batch.rows.iter().map(|&row| slots[row].take()))?;
        let mut rest = in_order.as_mut_slice();
        let take = |chunk: &Chunk<'_>| rest.split_off_mut(..chunk.rows.len()).unwrap_or_default();
        let visit = |worker: &mut Worker<D>,
                     frame: &Prepared,
                     chunk: &Chunk<'_>,
                     rows: &mut [Option<(&mut [T], &[i64])>],
                     stop: &Stop<'_>| {
            for (&row, own) in chunk.rows.iter().zip(rows) {
                let Some((blocks, atoms)) = own.take() else { continue };
                let center = self.expand(worker, frame, row, stop)?;
                let mut buffer = std::mem::take(&mut worker.buffer);
                T::fill(blocks, &mut buffer, |values| {
                    let blocks = RowBlocks { atoms, values, is_large };
                    self.write_row(worker, (frame, center), None, blocks, stop)
                })?;
                worker.buffer = buffer;
            }
            Ok(())
        };
        walk(&self.batch, job, counter, || Worker::new(self.descriptor), take, visit, |_, _, ()| Ok(()))
    }

    /// Writes the means or sums over the centers of each frame of the derivatives of their rows.
    fn write_means(
        &self,
        mean: Option<&[f64]>,
        values: &mut [f64],
        job: &mut Job<'_>,
        counter: &RowCounter,
    ) -> Result<(), Error> {
        let (block, pattern) = (self.block(), &self.pattern);
        values.fill(0.0);
        let n_coefficients = self.descriptor.n_coefficients();
        // Memory of chunks whose blocks were added serves others: fresh memory would cost as much as the blocks.
        let merged = Mutex::new(Vec::<ChunkBlocks>::new());
        let visit = |worker: &mut Worker<D>, frame: &Prepared, chunk: &Chunk<'_>, (): (), stop: &Stop<'_>| {
            let mean = mean.map(|means| &means[frame.frame * n_coefficients..][..n_coefficients]);
            let mut part = merged.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
            part.atoms.clear();
            for &row in chunk.rows {
                let center = self.expand(worker, frame, row, stop)?;
                let first = part.atoms.len();
                let atoms = atoms_of(worker, center)?;
                memory::reserve(BLOCKS, &mut part.atoms, atoms.len())?;
                part.atoms.extend(atoms.iter().map(|&atom| i64::from(atom)));
                let places = first * block..part.atoms.len() * block;
                let length = part.blocks.len().max(places.end);
                memory::resize(BLOCKS, &mut part.blocks, length, 0.0)?;
                let (atoms, values) = (&part.atoms[first..], &mut part.blocks[places]);
                let blocks = RowBlocks { atoms, values, is_large: false };
                self.write_row(worker, (frame, center), mean, blocks, stop)?;
            }
            Ok(part)
        };
        let merge = |frame: &Prepared, _: &Chunk<'_>, part: ChunkBlocks| {
            let of_frame = pattern.blocks(frame.frame);
            for (atom, own) in part.atoms.iter().zip(part.blocks.chunks_exact(block)) {
                let place = of_frame.start + pattern.atom[of_frame.clone()].partition_point(|a| a < atom);
                add(&mut values[place * block..][..block], own);
            }
            let mut merged = merged.lock().unwrap_or_else(PoisonError::into_inner);
            memory::reserve(BLOCKS, &mut merged, 1)?;
            merged.push(part);
            Ok(())
        };
        walk(&self.batch, job, counter, || Worker::new(self.descriptor), |_| (), visit, merge)?;
        let n = values.len();
        job.run_on_caller(counter, |stop| {
            for frame in 0..self.frames.len() {
                let share = self.average.share(self.centers.rows(frame).len());
                for place in pattern.blocks(frame) {
                    stop.check_after(n)?;
                    values[place * block..][..block].iter_mut().for_each(|value| *value *= share);
                }
            }
            Ok(())
        })
    }

    fn expand(&self, worker: &mut Worker<D>, frame: &Prepared, row: usize, stop: &Stop<'_>) -> Result<Center, Error> {
        let center = worker.prepare(self.descriptor, frame, self.centers, row, true, stop)?;
        if !self.descriptor.is_linear() {
            worker.expand(self.descriptor, frame, center, stop)?;
        }
        Ok(center)
    }

    /// Writes the blocks of one row.
    fn write_row(
        &self,
        worker: &mut Worker<D>,
        (frame, center): (&Prepared, Center),
        mean: Option<&[f64]>,
        RowBlocks { atoms, values, is_large }: RowBlocks<'_>,
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        worker.expect_atoms(frame.channels.len())?;
        let Worker { sites, scratch, coefficients, place, of_site, written, .. } = worker;
        for (block, &atom) in (0..).zip(atoms) {
            place[atom as usize] = block;
        }
        of_site.clear();
        memory::reserve(BLOCKS, of_site, sites.len())?;
        of_site.extend(sites.index.iter().map(|&atom| place[atom as usize]));
        let own = match center {
            Center::Atom(atom) => Some(place[atom]),
            Center::Point(_) => None,
        };
        atoms.iter().for_each(|&atom| place[atom as usize] = UNSEEN);
        let block = self.block();
        memory::resize(BLOCKS, written, values.len() / block.max(1), false)?;
        let mut row = JacobianRow::new(values, block, of_site, own, written).part_of_a_large_result(is_large);
        let environment = environment(frame, center, sites);
        self.descriptor.jacobian(&environment, mean.unwrap_or(coefficients), scratch, &mut row, stop)?;
        row.finish();
        Ok(())
    }
}

/// The pattern of rows that depend on these atoms.
fn pattern_of_rows(
    found: &Lists<u32>,
    frames: &Frames<'_>,
    centers: &Centers<'_>,
    stop: &Stop<'_>,
) -> Result<JacobianPattern, Error> {
    let n = found.n_entries();
    let mut pattern = JacobianPattern::with_capacity(n, centers.len())?;
    let mut lists = found.iter();
    for frame in 0..frames.len() {
        for (row, atoms) in lists.by_ref().take(centers.rows(frame).len()).enumerate() {
            stop.check_after(n)?;
            pattern.push(row, atoms.iter().map(|&atom| i64::from(atom)));
        }
    }
    Ok(pattern)
}

/// The pattern of one row a frame that depends on all of the atoms that its centers depend on.
fn pattern_of_means(
    found: &Lists<u32>,
    frames: &Frames<'_>,
    centers: &Centers<'_>,
    stop: &Stop<'_>,
) -> Result<JacobianPattern, Error> {
    let most = frames.n_atoms().min(found.n_entries());
    let mut pattern = JacobianPattern::with_capacity(most, n_rows(Average::Outer, frames, centers))?;
    let mut seen = Vec::new();
    let mut lists = found.iter();
    for frame in 0..frames.len() {
        memory::refill(PATTERN, &mut seen, frames.atoms(frame).len(), false)?;
        for atoms in lists.by_ref().take(centers.rows(frame).len()) {
            stop.check_after(found.n_entries())?;
            atoms.iter().for_each(|&atom| seen[atom as usize] = true);
        }
        pattern.push(0, (0_i64..).zip(&seen).filter(|(_, seen)| **seen).map(|(atom, _)| atom));
    }
    Ok(pattern)
}

/// The atoms that the present row of this worker depends on, sorted: those of its sites and its center.
fn atoms_of<D: Descriptor>(worker: &mut Worker<D>, center: Center) -> Result<&[u32], Error> {
    let Worker { sites, of_site: atoms, .. } = worker;
    atoms.clear();
    memory::reserve(PATTERN, atoms, sites.len() + 1)?;
    atoms.extend(&sites.index);
    if let Center::Atom(atom) = center {
        atoms.push(atom as u32);
    }
    atoms.sort_unstable();
    atoms.dedup();
    Ok(atoms)
}
