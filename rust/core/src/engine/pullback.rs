//! Gradients of one number with respect to everything: the way back from rows to atoms.

use super::average::{Average, n_rows};
use super::batch::{FrameBatch, Prepared, batches};
use super::checks::{check_finite, check_length};
use super::gradients::{ChunkGradients, GRADIENTS};
use super::interrupt::RowCounter;
use super::job::Job;
use super::means::{MEANS, add, mean_coefficients};
use super::walk::{Chunk, walk};
use super::worker::{Worker, environment};
use crate::descriptors::Descriptor;
use crate::geometry::{Centers, Frames};
use crate::{Error, Stop, memory};

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
/// Any [`Error`] that the input or the caller can cause.
pub fn pullback<D: Descriptor>(
    descriptor: &D,
    average: Average,
    frames: &Frames<'_>,
    centers: &Centers<'_>,
    adjoint: &[f64],
    job: &mut Job<'_>,
) -> Result<Pullback, Error> {
    let n_features = descriptor.n_features();
    check_length("adjoint", adjoint.len(), n_rows(average, frames, centers) * n_features)?;
    let mut result = Pullback {
        positions: memory::zeros(GRADIENTS, frames.n_atoms())?,
        strain: memory::zeros(GRADIENTS, frames.len())?,
    };
    let passes = if average == Average::Inner { 2 } else { 1 };
    let counter = RowCounter::new(passes * centers.len());
    let task = Backward { descriptor, average, centers, adjoint };
    for range in batches(frames, centers)? {
        let batch = FrameBatch::new(descriptor, frames, centers, range, job, &counter)?;
        let first = batch.prepared.first().map_or(0, |frame| frame.frame);
        let means = match average {
            Average::Inner => task.adjoints_of_means(&batch, job, &counter)?,
            Average::Off | Average::Outer => Vec::new(),
        };
        let n_coefficients = descriptor.n_coefficients();
        let visit = |worker: &mut Worker<D>, frame: &Prepared, chunk: &Chunk<'_>, (): (), stop: &Stop<'_>| {
            for &row in chunk.rows {
                let mean = means.chunks_exact(n_coefficients.max(1)).nth(frame.frame - first);
                task.visit(worker, frame, row, mean, stop)?;
            }
            Ok(worker.gradients.take(&mut worker.place))
        };
        let merge = |frame: &Prepared, _: &Chunk<'_>, gradients: ChunkGradients| {
            let positions = &mut result.positions[frames.atoms(frame.frame)];
            for (atom, gradient) in gradients.atoms {
                (0..3).for_each(|i| positions[atom as usize][i] += gradient[i]);
            }
            let strain = result.strain[frame.frame].as_flattened_mut();
            add(strain, gradients.strain.as_flattened());
            Ok(())
        };
        walk(&batch, job, &counter, || Worker::new(descriptor), |_| (), visit, merge)?;
    }
    Ok(result)
}

struct Backward<'a, D> {
    descriptor: &'a D,
    average: Average,
    centers: &'a Centers<'a>,
    adjoint: &'a [f64],
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
            let Worker { coefficients, adjoint_or_tangent, scratch, buffer, .. } = worker;
            let adjoint = self.row_adjoint(frame, row, buffer)?;
            self.descriptor.contract_pullback(coefficients, adjoint, scratch, adjoint_or_tangent, stop)?;
            &worker.adjoint_or_tangent
        };
        let environment = environment(frame, center, &worker.sites);
        self.descriptor.expand_pullback(&environment, adjoint, &mut worker.scratch, &mut worker.vectors, stop)?;
        let Worker { sites, vectors, place, gradients, .. } = worker;
        gradients.scatter(place, sites, vectors, center)
    }

    /// The adjoint of the row of one center.
    fn row_adjoint<'a>(&'a self, frame: &Prepared, row: usize, buffer: &'a mut Vec<f64>) -> Result<&'a [f64], Error> {
        if self.average == Average::Off {
            return self.checked_row(row);
        }
        let share = 1.0 / self.centers.rows(frame.frame).len() as f64;
        let row = self.checked_row(frame.frame)?;
        buffer.clear();
        memory::reserve(GRADIENTS, buffer, row.len())?;
        buffer.extend(row.iter().map(|x| share * x));
        Ok(buffer)
    }

    /// One row of the adjoint, all entries of which are finite; looked at here, where it will be in cache.
    fn checked_row(&self, row: usize) -> Result<&[f64], Error> {
        let n_features = self.descriptor.n_features();
        let entries = &self.adjoint[row * n_features..][..n_features];
        check_finite("adjoint", entries, n_features).map_err(|error| error.in_row(row))?;
        Ok(entries)
    }

    /// For each frame, the adjoint of every center's coefficients: they share the mean.
    fn adjoints_of_means(
        &self,
        batch: &FrameBatch<'_>,
        job: &mut Job<'_>,
        counter: &RowCounter,
    ) -> Result<Vec<f64>, Error> {
        let n = self.descriptor.n_coefficients();
        let mut means = mean_coefficients(self.descriptor, batch, job, counter)?;
        let mut scratch = self.descriptor.scratch()?;
        let mut adjoint = memory::zeros(MEANS, n)?;
        job.run_on_caller(counter, |stop| {
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
