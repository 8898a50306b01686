//! Gradients of one number with respect to everything: the way back from rows to atoms.

use std::ops::Range;

use super::average::{Average, n_rows};
use super::batch::{FrameBatch, Prepared, batches};
use super::checks::{check_finite, check_length};
use super::gradients::{ChunkGradients, GRADIENTS};
use super::interrupt::RowCounter;
use super::job::Job;
use super::means::{MEANS, add, mean_coefficients, needs_means};
use super::walk::{Chunk, each_frame, walk};
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

/// Adjoints of consecutive rows, in the precision that they come in: those of a large frame are never converted together.
#[derive(Debug, Clone, Copy)]
pub enum AdjointRows<'a> {
    /// In double precision.
    Double(&'a [f64]),
    /// In single precision.
    Single(&'a [f32]),
}

impl AdjointRows<'_> {
    /// Number of entries.
    fn len(&self) -> usize {
        match self {
            Self::Double(entries) => entries.len(),
            Self::Single(entries) => entries.len(),
        }
    }
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
    adjoint: AdjointRows<'_>,
    job: &mut Job<'_>,
) -> Result<Pullback, Error> {
    let n_features = descriptor.n_features();
    check_length("adjoint", adjoint.len(), n_rows(average, frames, centers) * n_features)?;
    let mut result = Pullback::zero(frames)?;
    let passes = if needs_means(descriptor, average) { 2 } else { 1 };
    let counter = RowCounter::new(passes * centers.len());
    let task = Backward { descriptor, average, centers, adjoint, first_row: 0 };
    for range in batches(frames, centers)? {
        let batch = FrameBatch::new(descriptor, frames, centers, range, job, &counter)?;
        let mut means = if needs_means(descriptor, average) {
            mean_coefficients(descriptor, average, &batch, job, &counter)?
        } else if average.is_inner() {
            memory::zeros(MEANS, batch.prepared.len() * descriptor.n_coefficients())?
        } else {
            Vec::new()
        };
        task.run(&batch, &mut means, frames, &mut result, job, &counter)?;
    }
    Ok(result)
}

impl Pullback {
    /// Zeros for every atom and frame.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub(super) fn zero(frames: &Frames<'_>) -> Result<Self, Error> {
        Ok(Self {
            positions: memory::zeros(GRADIENTS, frames.n_atoms())?,
            strain: memory::zeros(GRADIENTS, frames.len())?,
        })
    }

    /// Adds what a chunk of centers of one frame has found.
    pub(super) fn add(&mut self, frames: &Frames<'_>, frame: usize, gradients: ChunkGradients) {
        let positions = &mut self.positions[frames.atoms(frame)];
        for (atom, gradient) in gradients.atoms {
            (0..3).for_each(|i| positions[atom as usize][i] += gradient[i]);
        }
        add(self.strain[frame].as_flattened_mut(), gradients.strain.as_flattened());
    }
}

/// The way back from adjoints.
pub(super) struct Backward<'a, D> {
    pub descriptor: &'a D,
    pub average: Average,
    pub centers: &'a Centers<'a>,
    /// Adjoints of rows from `first_row` on.
    pub adjoint: AdjointRows<'a>,
    pub first_row: usize,
}

impl<D: Descriptor> Backward<'_, D> {
    /// Adds the gradients of the centers of a batch. `means` are the mean coefficients of its frames where these are
    /// averaged, or their sums, and their adjoints afterwards.
    pub fn run(
        &self,
        batch: &FrameBatch<'_>,
        means: &mut [f64],
        frames: &Frames<'_>,
        result: &mut Pullback,
        job: &mut Job<'_>,
        counter: &RowCounter,
    ) -> Result<(), Error> {
        if self.average.is_inner() {
            self.adjoints_of_means(batch, means, job, counter)?;
        }
        let first = batch.prepared.first().map_or(0, |frame| frame.frame);
        let n_coefficients = self.descriptor.n_coefficients();
        let visit = |worker: &mut Worker<D>, frame: &Prepared, chunk: &Chunk<'_>, (): (), stop: &Stop<'_>| {
            for &row in chunk.rows {
                let mean = means.chunks_exact(n_coefficients.max(1)).nth(frame.frame - first);
                self.visit(worker, frame, row, mean, stop)?;
            }
            Ok(worker.gradients.take(&mut worker.place))
        };
        let merge = |frame: &Prepared, _: &Chunk<'_>, gradients: ChunkGradients| {
            result.add(frames, frame.frame, gradients);
            Ok(())
        };
        walk(batch, job, counter, || Worker::new(self.descriptor), |_| (), visit, merge)
    }

    /// Adds the gradients of one center.
    fn visit(
        &self,
        worker: &mut Worker<D>,
        frame: &Prepared,
        row: usize,
        mean: Option<&[f64]>,
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        if let Some(mean) = mean {
            return pull_center(self.descriptor, worker, frame, self.centers, row, AdjointOf::Coefficients(mean), stop);
        }
        let mut buffer = std::mem::take(&mut worker.buffer);
        let adjoint = AdjointOf::Features(self.row_adjoint(frame, row, &mut buffer)?);
        pull_center(self.descriptor, worker, frame, self.centers, row, adjoint, stop)?;
        worker.buffer = buffer;
        Ok(())
    }

    /// The adjoint of the row of one center.
    fn row_adjoint<'a>(&'a self, frame: &Prepared, row: usize, buffer: &'a mut Vec<f64>) -> Result<&'a [f64], Error> {
        if self.average == Average::Off {
            return self.checked_row(row, buffer);
        }
        self.widen(frame.frame, buffer)?;
        self.check(frame.frame, buffer)?;
        let share = self.average.share(self.centers.rows(frame.frame).len());
        buffer.iter_mut().for_each(|x| *x *= share);
        Ok(buffer)
    }

    /// One row of the adjoint, all entries of which are finite; looked at here, where it will be in cache.
    fn checked_row<'a>(&'a self, row: usize, buffer: &'a mut Vec<f64>) -> Result<&'a [f64], Error> {
        let entries = match self.adjoint {
            AdjointRows::Double(entries) => &entries[self.entries(row)],
            AdjointRows::Single(_) => {
                self.widen(row, buffer)?;
                buffer
            }
        };
        self.check(row, entries)?;
        Ok(entries)
    }

    /// Leaves one row of the adjoint in `buffer`.
    fn widen(&self, row: usize, buffer: &mut Vec<f64>) -> Result<(), Error> {
        buffer.clear();
        memory::reserve(GRADIENTS, buffer, self.descriptor.n_features())?;
        match self.adjoint {
            AdjointRows::Double(entries) => buffer.extend_from_slice(&entries[self.entries(row)]),
            AdjointRows::Single(entries) => buffer.extend(entries[self.entries(row)].iter().copied().map(f64::from)),
        }
        Ok(())
    }

    /// Where the entries of a row are.
    fn entries(&self, row: usize) -> Range<usize> {
        let n_features = self.descriptor.n_features();
        let start = (row - self.first_row) * n_features;
        start..start + n_features
    }

    fn check(&self, row: usize, entries: &[f64]) -> Result<(), Error> {
        check_finite("adjoint", entries, self.descriptor.n_features()).map_err(|error| error.in_row(row))
    }

    /// For each frame, turns the mean of the coefficients into the adjoint of every center's, which share it.
    fn adjoints_of_means(
        &self,
        batch: &FrameBatch<'_>,
        means: &mut [f64],
        job: &mut Job<'_>,
        counter: &RowCounter,
    ) -> Result<(), Error> {
        let n = self.descriptor.n_coefficients();
        let mut means = means.chunks_exact_mut(n.max(1));
        let take = |_: &Prepared| means.next().unwrap_or_default();
        let visit = |worker: &mut Worker<D>, frame: &Prepared, mean: &mut [f64], stop: &Stop<'_>| {
            let Worker { scratch, adjoint_or_tangent: adjoint, buffer, .. } = worker;
            let row = self.checked_row(frame.frame, buffer)?;
            self.descriptor.contract_pullback(mean, row, scratch, adjoint, stop)?;
            let share = self.average.share(self.centers.rows(frame.frame).len());
            mean.iter_mut().zip(adjoint).for_each(|(out, x)| *out = share * *x);
            Ok(())
        };
        each_frame(batch, job, counter, || Worker::new(self.descriptor), take, visit)
    }
}

/// Where the way back of one center begins.
#[derive(Clone, Copy)]
enum AdjointOf<'a> {
    Features(&'a [f64]),
    Coefficients(&'a [f64]),
}

/// Adds the gradients of one center to those of its chunk.
fn pull_center<D: Descriptor>(
    descriptor: &D,
    worker: &mut Worker<D>,
    frame: &Prepared,
    centers: &Centers<'_>,
    row: usize,
    adjoint: AdjointOf<'_>,
    stop: &Stop<'_>,
) -> Result<(), Error> {
    worker.expect_atoms(frame.channels.len())?;
    let center = worker.prepare(descriptor, frame, centers, row, true, stop)?;
    let of_features = matches!(adjoint, AdjointOf::Features(_));
    if of_features && !descriptor.is_linear() || descriptor.sees_volume() {
        worker.expand(descriptor, frame, center, stop)?;
    }
    let Worker { sites, scratch, coefficients, adjoint_or_tangent, vectors, place, gradients, .. } = worker;
    let adjoint = match adjoint {
        AdjointOf::Coefficients(adjoint) => adjoint,
        AdjointOf::Features(adjoint) => {
            descriptor.contract_pullback(coefficients, adjoint, scratch, adjoint_or_tangent, stop)?;
            adjoint_or_tangent
        }
    };
    if descriptor.sees_volume() {
        gradients.add_volume(descriptor.volume_derivative(coefficients, adjoint));
    }
    memory::refill(GRADIENTS, vectors, sites.len(), [0.0; 3])?;
    let environment = environment(frame, center, sites);
    descriptor.expand_pullback(&environment, adjoint, scratch, vectors, stop)?;
    gradients.scatter(place, (&environment, &sites.index), vectors, center)
}
