//! Gradients of one number with respect to everything: the way back from rows to atoms.

use super::transform::add;
use super::walk::{Batch, Chunk, Prepared, batches, walk};
use super::watch::Tally;
use super::worker::{UNSEEN, Worker, environment};
use super::{Average, Job};
use crate::descriptors::Descriptor;
use crate::geometry::{Center, Centers, Frames};
use crate::{Error, Stop, memory};

/// What is too large if memory is refused.
const GRADIENTS: &str = "gradients";
const MEANS: &str = "mean coefficients of the frames";

/// Gradients of `Σ adjoint · features`.
#[derive(Debug, Clone)]
pub struct Pullback {
    /// With respect to the positions, one row an atom of all frames.
    pub positions: Vec<[f64; 3]>,
    /// With respect to the strain of each frame.
    pub strain: Vec<[[f64; 3]; 3]>,
}

/// Gradients of `Σ adjoint · features` with respect to all positions and strains.
///
/// No Jacobian is stored: a chunk of centers returns one vector for each atom it has seen.
///
/// # Errors
/// See [`Error`].
pub fn pullback<D: Descriptor>(
    descriptor: &D,
    average: Average,
    frames: &Frames<'_>,
    centers: &Centers<'_>,
    adjoint: &[f64],
    job: &mut Job<'_>,
) -> Result<Pullback, Error> {
    let n_features = descriptor.n_features();
    super::check_length("adjoint", adjoint.len(), super::n_rows(average, frames, centers) * n_features)?;
    let mut result = Pullback {
        positions: memory::zeros(GRADIENTS, frames.n_atoms())?,
        strain: memory::zeros(GRADIENTS, frames.len())?,
    };
    let passes = if average == Average::Inner { 2 } else { 1 };
    let tally = Tally::new(passes * centers.len());
    let task = Backward { descriptor, average, centers, adjoint };
    for range in batches(frames, centers)? {
        let batch = Batch::new(descriptor, frames, centers, range, job, &tally)?;
        let first = batch.prepared.first().map_or(0, |frame| frame.frame);
        let means = match average {
            Average::Inner => task.adjoints_of_means(&batch, job, &tally)?,
            Average::Off | Average::Outer => Vec::new(),
        };
        let n_coefficients = descriptor.n_coefficients();
        let visit = |worker: &mut Worker<D>, frame: &Prepared, chunk: &Chunk<'_>, (): (), stop: &Stop<'_>| {
            for &row in chunk.rows {
                let mean = means.chunks_exact(n_coefficients.max(1)).nth(frame.frame - first);
                task.visit(worker, frame, row, mean, stop)?;
            }
            Ok(take(worker))
        };
        let merge = |frame: &Prepared, _: &Chunk<'_>, part: Part| {
            let positions = &mut result.positions[frames.atoms(frame.frame)];
            for (atom, pull) in part.pull {
                (0..3).for_each(|i| positions[atom as usize][i] += pull[i]);
            }
            let strain = result.strain[frame.frame].as_flattened_mut();
            add(strain, part.strain.as_flattened());
            Ok(())
        };
        walk(&batch, job, &tally, || Worker::new(descriptor), |_| (), visit, merge)?;
    }
    Ok(result)
}

struct Backward<'a, D> {
    descriptor: &'a D,
    average: Average,
    centers: &'a Centers<'a>,
    adjoint: &'a [f64],
}

/// What a chunk leaves behind.
#[derive(Default)]
pub(super) struct Part {
    /// Gradients of the atoms that were seen, in the order in which they were.
    pull: Vec<(u32, [f64; 3])>,
    strain: [[f64; 3]; 3],
}

impl Part {
    /// Adds the gradient of an atom whose place, if it has one, is in `place`.
    fn add(&mut self, place: &mut [u32], atom: u32, pull: [f64; 3]) {
        let place = &mut place[atom as usize];
        if *place == UNSEEN {
            *place = self.pull.len() as u32;
            self.pull.push((atom, pull));
        } else {
            let sum = &mut self.pull[*place as usize].1;
            (0..3).for_each(|i| sum[i] += pull[i]);
        }
    }
}

/// What the chunk of this worker leaves behind.
fn take<D: Descriptor>(worker: &mut Worker<D>) -> Part {
    for &(atom, _) in &worker.part.pull {
        worker.place[atom as usize] = UNSEEN;
    }
    std::mem::take(&mut worker.part)
}

impl<D: Descriptor> Backward<'_, D> {
    /// Adds the gradients of one center.
    fn visit(
        &self,
        worker: &mut Worker<D>,
        frame: &Prepared,
        row: usize,
        mean: Option<&[f64]>,
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        worker.expect_atoms(frame.channels.len())?;
        let center = worker.prepare(self.descriptor, frame, self.centers, row, true, stop)?;
        memory::refill(GRADIENTS, &mut worker.vectors, worker.sites.len(), [0.0; 3])?;
        let adjoint = if let Some(mean) = mean {
            mean
        } else {
            if !self.descriptor.is_linear() {
                worker.expand(self.descriptor, frame, center, stop)?;
            }
            let Worker { coefficients, other, scratch, room, .. } = worker;
            let adjoint = self.row_adjoint(frame, row, room)?;
            self.descriptor.contract_pullback(coefficients, adjoint, scratch, other, stop)?;
            &worker.other
        };
        let environment = environment(frame, center, &worker.sites);
        self.descriptor.expand_pullback(&environment, adjoint, &mut worker.scratch, &mut worker.vectors, stop)?;
        scatter(worker, center)
    }

    /// The adjoint of the row of one center.
    fn row_adjoint<'a>(&'a self, frame: &Prepared, row: usize, room: &'a mut Vec<f64>) -> Result<&'a [f64], Error> {
        if self.average == Average::Off {
            return self.checked_row(row);
        }
        let share = 1.0 / self.centers.rows(frame.frame).len() as f64;
        let row = self.checked_row(frame.frame)?;
        room.clear();
        memory::reserve(GRADIENTS, room, row.len())?;
        room.extend(row.iter().map(|x| share * x));
        Ok(room)
    }

    /// One row of the adjoint, all entries of which are finite; looked at here, where it will be in cache.
    fn checked_row(&self, row: usize) -> Result<&[f64], Error> {
        let n_features = self.descriptor.n_features();
        let entries = &self.adjoint[row * n_features..][..n_features];
        super::check_finite("adjoint", entries, n_features).map_err(|error| error.in_row(row))?;
        Ok(entries)
    }

    /// For each frame, the adjoint of every center's coefficients: they share the mean.
    fn adjoints_of_means(&self, batch: &Batch<'_>, job: &mut Job<'_>, tally: &Tally) -> Result<Vec<f64>, Error> {
        let n = self.descriptor.n_coefficients();
        let mut means = mean_coefficients(self.descriptor, batch, job, tally)?;
        let mut scratch = self.descriptor.scratch()?;
        let mut adjoint = memory::zeros(MEANS, n)?;
        job.here(tally, |stop| {
            for (frame, mean) in batch.prepared.iter().zip(means.chunks_exact_mut(n.max(1))) {
                stop.check()?;
                let row = self.checked_row(frame.frame)?;
                self.descriptor.contract_pullback(mean, row, &mut scratch, &mut adjoint, stop)?;
                let share = 1.0 / self.centers.rows(frame.frame).len().max(1) as f64;
                mean.iter_mut().zip(&adjoint).for_each(|(out, x)| *out = share * x);
            }
            Ok(means)
        })
    }
}

/// Puts the gradients of the sites where their atoms are, and the reaction where the center is.
fn scatter<D: Descriptor>(worker: &mut Worker<D>, center: Center) -> Result<(), Error> {
    let Worker { sites, vectors, place, part, .. } = worker;
    memory::reserve(GRADIENTS, &mut part.pull, sites.len() + 1)?;
    let mut reaction = [0.0; 3];
    for (site, pull) in vectors.iter().enumerate() {
        part.add(place, sites.index[site], *pull);
        let away = [sites.dx[site], sites.dy[site], sites.dz[site]];
        for i in 0..3 {
            reaction[i] -= pull[i];
            (0..3).for_each(|j| part.strain[i][j] += away[i] * pull[j]);
        }
    }
    if let Center::Atom(atom) = center {
        part.add(place, atom as u32, reaction);
    }
    Ok(())
}

/// The mean of the coefficients over the centers of each frame, one frame after the other.
pub(super) fn mean_coefficients<D: Descriptor>(
    descriptor: &D,
    batch: &Batch<'_>,
    job: &mut Job<'_>,
    tally: &Tally,
) -> Result<Vec<f64>, Error> {
    let first = batch.prepared.first().map_or(0, |frame| frame.frame);
    let n = descriptor.n_coefficients();
    let mut sums = memory::zeros(MEANS, n * batch.prepared.len())?;
    let visit = |worker: &mut Worker<D>, frame: &Prepared, chunk: &Chunk<'_>, (): (), stop: &Stop<'_>| {
        let mut sum = memory::zeros(MEANS, n)?;
        for &row in chunk.rows {
            let center = worker.prepare(descriptor, frame, batch.centers, row, false, stop)?;
            worker.expand(descriptor, frame, center, stop)?;
            add(&mut sum, &worker.coefficients);
        }
        Ok(sum)
    };
    let merge = |frame: &Prepared, _: &Chunk<'_>, part: Vec<f64>| {
        add(&mut sums[(frame.frame - first) * n..][..n], &part);
        Ok(())
    };
    walk(batch, job, tally, || Worker::new(descriptor), |_| (), visit, merge)?;
    for (frame, sum) in batch.prepared.iter().zip(sums.chunks_exact_mut(n.max(1))) {
        let share = 1.0 / batch.centers.rows(frame.frame).len().max(1) as f64;
        sum.iter_mut().for_each(|x| *x *= share);
    }
    Ok(sums)
}
