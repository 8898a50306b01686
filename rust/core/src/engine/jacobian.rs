//! The derivative of every feature with respect to every atom, as sparse blocks.

use super::pullback::mean_coefficients;
use super::walk::{Batch, Chunk, Prepared, Tally, walk};
use super::worker::{UNSEEN, Worker};
use super::{Average, Job, Output};
use crate::Error;
use crate::descriptors::{Descriptor, JacobianRow};
use crate::geometry::{Center, Centers, Frames};

/// Which blocks of the Jacobian of one frame are not zero: `(row, atom)`, unique, sorted by row, then by atom.
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
/// See [`Error`].
pub fn jacobian_pattern<D: Descriptor>(
    descriptor: &D,
    average: Average,
    frames: &Frames<'_>,
    centers: &Centers<'_>,
    job: &mut Job<'_>,
) -> Result<JacobianPattern, Error> {
    let batch = Batch::new(descriptor, frames, centers, one_frame(frames)?, job)?;
    let mut atoms: Vec<Vec<u32>> = vec![Vec::new(); super::n_rows(average, frames, centers)];
    let visit = |worker: &mut Worker<D>, frame: &Prepared, chunk: &Chunk, ()| {
        let of_row = |&row: &usize| {
            let center = worker.find(frame, centers, row)?;
            let own = match center {
                Center::Atom(atom) => Some(atom as u32),
                Center::Point(_) => None,
            };
            Ok(sorted(worker.sites.index.iter().copied().chain(own).collect()))
        };
        chunk.rows.iter().map(of_row).collect::<Result<Vec<_>, Error>>()
    };
    let merge = |_: &Prepared, chunk: &Chunk, found: Vec<Vec<u32>>| {
        for (&row, found) in chunk.rows.iter().zip(found) {
            if average == Average::Off {
                atoms[row] = found;
            } else {
                let seen = std::mem::take(&mut atoms[0]);
                atoms[0] = sorted(seen.into_iter().chain(found).collect());
            }
        }
    };
    let mut quiet = Tally::new(centers.len());
    walk(&batch, job, &mut quiet, || Worker::new(descriptor), |_| (), visit, merge)?;
    let row = (0_i64..).zip(&atoms).flat_map(|(row, atoms)| std::iter::repeat_n(row, atoms.len())).collect();
    Ok(JacobianPattern { row, atom: atoms.into_iter().flatten().map(i64::from).collect() })
}

fn sorted(mut atoms: Vec<u32>) -> Vec<u32> {
    atoms.sort_unstable();
    atoms.dedup();
    atoms
}

fn one_frame(frames: &Frames<'_>) -> Result<std::ops::Range<usize>, Error> {
    super::check_length("frames", frames.len(), 1)?;
    Ok(0..1)
}

/// Writes the blocks of `pattern`, each `[xyz][feature]`, into `values`.
///
/// # Errors
/// See [`Error`].
pub fn jacobian<D: Descriptor, T: Output>(
    descriptor: &D,
    average: Average,
    frames: &Frames<'_>,
    centers: &Centers<'_>,
    pattern: &JacobianPattern,
    values: &mut [T],
    job: &mut Job<'_>,
) -> Result<(), Error> {
    let block = 3 * descriptor.n_features();
    super::check_length("values", values.len(), pattern.atom.len() * block)?;
    let batch = Batch::new(descriptor, frames, centers, one_frame(frames)?, job)?;
    let task = Differentiate { descriptor, centers, block, n_atoms: frames.n_atoms() };
    if average == Average::Off {
        return task.write_rows(&batch, pattern, values, job);
    }
    let passes = if average == Average::Inner { 2 } else { 1 };
    let mut tally = Tally::new(passes * centers.len());
    let mean = match average {
        Average::Inner => mean_coefficients(descriptor, &batch, job, &mut tally)?.pop(),
        Average::Off | Average::Outer => None,
    };
    let sums = task.sums(&batch, pattern, mean.as_deref(), job, &mut tally)?;
    let share = 1.0 / centers.len().max(1) as f64;
    let write = |out: &mut [f64]| out.iter_mut().zip(&sums).for_each(|(out, sum)| *out = share * sum);
    T::fill(values, &mut Vec::new(), write);
    Ok(())
}

struct Differentiate<'a, D> {
    descriptor: &'a D,
    centers: &'a Centers<'a>,
    /// Numbers in a block.
    block: usize,
    n_atoms: usize,
}

impl<D: Descriptor> Differentiate<'_, D> {
    fn write_rows<T: Output>(
        &self,
        batch: &Batch<'_>,
        pattern: &JacobianPattern,
        values: &mut [T],
        job: &mut Job<'_>,
    ) -> Result<(), Error> {
        let mut slots = Vec::with_capacity(self.centers.len());
        let (mut rest, mut atoms) = (values, pattern.atom.as_slice());
        for row in 0..self.centers.len() as i64 {
            let n_before = pattern.atom.len() - atoms.len();
            let length = pattern.row[n_before..].partition_point(|&r| r == row);
            let (blocks, tail) = rest.split_at_mut(length * self.block);
            let (own, other) = atoms.split_at(length);
            slots.push(Some((blocks, own)));
            (rest, atoms) = (tail, other);
        }
        let take = |chunk: &Chunk| chunk.rows.iter().filter_map(|&row| slots[row].take()).collect::<Vec<_>>();
        let visit = |worker: &mut Worker<D>, frame: &Prepared, chunk: &Chunk, rows: Vec<(&mut [T], &[i64])>| {
            for (&row, (blocks, atoms)) in chunk.rows.iter().zip(rows) {
                let center = self.expand(worker, frame, row)?;
                let mut room = std::mem::take(&mut worker.room);
                T::fill(blocks, &mut room, |blocks| self.write(worker, center, atoms, None, blocks));
                worker.room = room;
            }
            Ok(())
        };
        let mut tally = Tally::new(self.centers.len());
        walk(batch, job, &mut tally, || Worker::new(self.descriptor), take, visit, |_, _, ()| {})
    }

    /// Sums over all centers of the derivatives of their rows.
    fn sums(
        &self,
        batch: &Batch<'_>,
        pattern: &JacobianPattern,
        mean: Option<&[f64]>,
        job: &mut Job<'_>,
        tally: &mut Tally,
    ) -> Result<Vec<f64>, Error> {
        let mut sums = vec![0.0; pattern.atom.len() * self.block];
        let visit = |worker: &mut Worker<D>, frame: &Prepared, chunk: &Chunk, ()| {
            let mut parts = Vec::with_capacity(chunk.rows.len());
            for &row in &chunk.rows {
                let center = self.expand(worker, frame, row)?;
                let own = match center {
                    Center::Atom(atom) => Some(atom as u32),
                    Center::Point(_) => None,
                };
                let atoms = sorted(worker.sites.index.iter().copied().chain(own).collect());
                let atoms: Vec<i64> = atoms.into_iter().map(i64::from).collect();
                let mut blocks = vec![0.0; atoms.len() * self.block];
                self.write(worker, center, &atoms, mean, &mut blocks);
                parts.push((atoms, blocks));
            }
            Ok(parts)
        };
        let merge = |_: &Prepared, _: &Chunk, parts: Vec<(Vec<i64>, Vec<f64>)>| {
            for (atoms, blocks) in parts {
                for (atom, block) in atoms.iter().zip(blocks.chunks_exact(self.block)) {
                    let place = pattern.atom.partition_point(|a| a < atom);
                    super::transform::add(&mut sums[place * self.block..][..self.block], block);
                }
            }
        };
        walk(batch, job, tally, || Worker::new(self.descriptor), |_| (), visit, merge)?;
        Ok(sums)
    }

    fn expand(&self, worker: &mut Worker<D>, frame: &Prepared, row: usize) -> Result<Center, Error> {
        let center = worker.prepare(self.descriptor, frame, self.centers, row, true)?;
        if !self.descriptor.is_linear() {
            self.descriptor.expand(&mut worker.scratch, &mut worker.coefficients);
        }
        Ok(center)
    }

    /// Writes the blocks of one row, which are those of `atoms`.
    fn write(&self, worker: &mut Worker<D>, center: Center, atoms: &[i64], mean: Option<&[f64]>, blocks: &mut [f64]) {
        worker.expect_atoms(self.n_atoms);
        let Worker { sites, scratch, coefficients, place, of_site, written, .. } = worker;
        for (block, &atom) in (0..).zip(atoms) {
            place[atom as usize] = block;
        }
        of_site.clear();
        of_site.extend(sites.index.iter().map(|&atom| place[atom as usize]));
        let own = match center {
            Center::Atom(atom) => Some(place[atom]),
            Center::Point(_) => None,
        };
        atoms.iter().for_each(|&atom| place[atom as usize] = UNSEEN);
        let mut row = JacobianRow::new(blocks, self.block, of_site, own, written);
        self.descriptor.jacobian(mean.unwrap_or(coefficients), scratch, &mut row);
        row.finish();
    }
}
