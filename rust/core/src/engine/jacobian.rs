//! The derivative of every feature with respect to every atom, as sparse blocks.

use super::average::Average;
use super::batch::{FrameBatch, Prepared};
use super::checks::check_length;
use super::gradients::UNSEEN;
use super::interrupt::RowCounter;
use super::job::Job;
use super::lists::{ChunkLists, Lists};
use super::means::{add, mean_coefficients};
use super::output::RowElement;
use super::walk::{Chunk, walk};
use super::worker::{Worker, environment};
use crate::descriptors::{Descriptor, JacobianRow};
use crate::geometry::{Center, Centers, Frames};
use crate::{Error, Stop, memory};

/// Purpose of the memory, for the message where it is refused.
const PATTERN: &str = "list of the blocks of the derivatives";
const BLOCKS: &str = "derivatives of one row";
const SUMS: &str = "derivatives of the mean";

/// Bytes of a result that a cache may hold until somebody reads it, or writes it again: there stores are three times as
/// fast as past the caches, where what is larger is written.
const CACHED: usize = 1 << 24;

/// Blocks of the Jacobian of one frame that are not zero: `(row, atom)`, unique, sorted by row, then by atom.
#[derive(Debug, Clone, Default)]
pub struct JacobianPattern {
    /// Row of the features of each block.
    pub row: Vec<i64>,
    /// Atom with respect to which they are differentiated.
    pub atom: Vec<i64>,
}

/// Finds the blocks of the Jacobian of the only frame of `frames`.
///
/// # Errors
/// Any [`Error`] that the input or the caller can cause.
pub fn jacobian_pattern<D: Descriptor>(
    descriptor: &D,
    average: Average,
    frames: &Frames<'_>,
    centers: &Centers<'_>,
    job: &mut Job<'_>,
) -> Result<JacobianPattern, Error> {
    let counter = RowCounter::new(centers.len());
    let batch = FrameBatch::new(descriptor, frames, centers, one_frame(frames)?, job, &counter)?;
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
    job.run_on_caller(&counter, |stop| match average {
        Average::Off => pattern_of_rows(&found, stop),
        Average::Inner | Average::Outer => pattern_of_mean(&found, frames.n_atoms(), stop),
    })
}

/// The pattern of rows that depend on these atoms.
fn pattern_of_rows(found: &Lists<u32>, stop: &Stop<'_>) -> Result<JacobianPattern, Error> {
    let n = found.n_entries();
    let mut pattern =
        JacobianPattern { row: memory::with_capacity(PATTERN, n)?, atom: memory::with_capacity(PATTERN, n)? };
    for (row, atoms) in (0_i64..).zip(found.iter()) {
        stop.check_after(n)?;
        pattern.row.extend(std::iter::repeat_n(row, atoms.len()));
        pattern.atom.extend(atoms.iter().map(|&atom| i64::from(atom)));
    }
    Ok(pattern)
}

/// The pattern of one row that depends on all of them.
fn pattern_of_mean(found: &Lists<u32>, n_atoms: usize, stop: &Stop<'_>) -> Result<JacobianPattern, Error> {
    let mut seen = memory::filled(PATTERN, n_atoms, false)?;
    for atoms in found.iter() {
        stop.check_after(found.n_entries())?;
        atoms.iter().for_each(|&atom| seen[atom as usize] = true);
    }
    let n = seen.iter().filter(|seen| **seen).count();
    let mut pattern = JacobianPattern { row: memory::zeros(PATTERN, n)?, atom: memory::with_capacity(PATTERN, n)? };
    pattern.atom.extend((0_i64..).zip(&seen).filter(|(_, seen)| **seen).map(|(atom, _)| atom));
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

fn one_frame(frames: &Frames<'_>) -> Result<std::ops::Range<usize>, Error> {
    check_length("frames", frames.len(), 1)?;
    Ok(0..1)
}

/// Writes the blocks of `pattern`, each `[xyz][feature]`, into `values`.
///
/// # Errors
/// Any [`Error`] that the input or the caller can cause.
pub fn jacobian<D: Descriptor, T: RowElement>(
    descriptor: &D,
    average: Average,
    frames: &Frames<'_>,
    centers: &Centers<'_>,
    pattern: &JacobianPattern,
    values: &mut [T],
    job: &mut Job<'_>,
) -> Result<(), Error> {
    let block = 3 * descriptor.n_features();
    check_length("values", values.len(), pattern.atom.len() * block)?;
    let passes = if average == Average::Inner { 2 } else { 1 };
    let counter = RowCounter::new(passes * centers.len());
    let batch = FrameBatch::new(descriptor, frames, centers, one_frame(frames)?, job, &counter)?;
    let is_large = T::IN_PLACE && average == Average::Off && size_of_val(values) > CACHED;
    let task = JacobianTask { descriptor, centers, block, n_atoms: frames.n_atoms(), is_large };
    if average == Average::Off {
        return task.write_rows(&batch, pattern, values, job, &counter);
    }
    let mean = match average {
        Average::Inner => Some(mean_coefficients(descriptor, &batch, job, &counter)?),
        Average::Off | Average::Outer => None,
    };
    let sums = task.sums(&batch, pattern, mean.as_deref(), job, &counter)?;
    let share = 1.0 / centers.len().max(1) as f64;
    let write = |out: &mut [f64]| {
        out.iter_mut().zip(&sums).for_each(|(out, sum)| *out = share * sum);
        Ok(())
    };
    T::fill(values, &mut Vec::new(), write)
}

struct JacobianTask<'a, D> {
    descriptor: &'a D,
    centers: &'a Centers<'a>,
    /// Numbers in a block.
    block: usize,
    n_atoms: usize,
    /// Whether blocks are written in place, in a result that is larger than a cache.
    is_large: bool,
}

impl<D: Descriptor> JacobianTask<'_, D> {
    fn write_rows<T: RowElement>(
        &self,
        batch: &FrameBatch<'_>,
        pattern: &JacobianPattern,
        values: &mut [T],
        job: &mut Job<'_>,
        counter: &RowCounter,
    ) -> Result<(), Error> {
        let mut slots = memory::with_capacity(PATTERN, self.centers.len())?;
        let (mut rest, mut atoms) = (values, pattern.atom.as_slice());
        for row in 0..self.centers.len() as i64 {
            let n_before = pattern.atom.len() - atoms.len();
            let length = pattern.row[n_before..].partition_point(|&r| r == row);
            let (blocks, tail) = rest.split_at_mut(length * self.block);
            let (own, other) = atoms.split_at(length);
            slots.push(Some((blocks, own)));
            (rest, atoms) = (tail, other);
        }
        let mut in_order = memory::collect(PATTERN, batch.rows.iter().map(|&row| slots[row].take()))?;
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
                T::fill(blocks, &mut buffer, |blocks| self.write(worker, (frame, center), atoms, None, blocks, stop))?;
                worker.buffer = buffer;
            }
            Ok(())
        };
        walk(batch, job, counter, || Worker::new(self.descriptor), take, visit, |_, _, ()| Ok(()))
    }

    /// Sums over all centers of the derivatives of their rows.
    fn sums(
        &self,
        batch: &FrameBatch<'_>,
        pattern: &JacobianPattern,
        mean: Option<&[f64]>,
        job: &mut Job<'_>,
        counter: &RowCounter,
    ) -> Result<Vec<f64>, Error> {
        let mut sums = memory::zeros(SUMS, pattern.atom.len() * self.block)?;
        let visit = |worker: &mut Worker<D>, frame: &Prepared, chunk: &Chunk<'_>, (): (), stop: &Stop<'_>| {
            let mut parts = memory::with_capacity(BLOCKS, chunk.rows.len())?;
            for &row in chunk.rows {
                let center = self.expand(worker, frame, row, stop)?;
                let atoms = memory::collect(BLOCKS, atoms_of(worker, center)?.iter().map(|&atom| i64::from(atom)))?;
                let mut blocks = memory::zeros(BLOCKS, atoms.len() * self.block)?;
                self.write(worker, (frame, center), &atoms, mean, &mut blocks, stop)?;
                parts.push((atoms, blocks));
            }
            Ok(parts)
        };
        let merge = |_: &Prepared, _: &Chunk<'_>, parts: Vec<(Vec<i64>, Vec<f64>)>| {
            for (atoms, blocks) in parts {
                for (atom, block) in atoms.iter().zip(blocks.chunks_exact(self.block)) {
                    let place = pattern.atom.partition_point(|a| a < atom);
                    add(&mut sums[place * self.block..][..self.block], block);
                }
            }
            Ok(())
        };
        walk(batch, job, counter, || Worker::new(self.descriptor), |_| (), visit, merge)?;
        Ok(sums)
    }

    fn expand(&self, worker: &mut Worker<D>, frame: &Prepared, row: usize, stop: &Stop<'_>) -> Result<Center, Error> {
        let center = worker.prepare(self.descriptor, frame, self.centers, row, true, stop)?;
        if !self.descriptor.is_linear() {
            worker.expand(self.descriptor, frame, center, stop)?;
        }
        Ok(center)
    }

    /// Writes the blocks of one row, which are those of `atoms`.
    fn write(
        &self,
        worker: &mut Worker<D>,
        (frame, center): (&Prepared, Center),
        atoms: &[i64],
        mean: Option<&[f64]>,
        blocks: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        worker.expect_atoms(self.n_atoms)?;
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
        memory::resize(BLOCKS, written, blocks.len() / self.block.max(1), false)?;
        let mut row = JacobianRow::new(blocks, self.block, of_site, own, written);
        row = row.part_of_a_large_result(self.is_large);
        let environment = environment(frame, center, sites);
        self.descriptor.jacobian(&environment, mean.unwrap_or(coefficients), scratch, &mut row, stop)?;
        row.finish();
        Ok(())
    }
}
