//! Values, and their derivatives along displacements.

use super::average::{Average, n_rows};
use super::batch::{FrameBatch, Prepared, batches};
use super::checks::{check_finite, check_length};
use super::interrupt::RowCounter;
use super::job::Job;
use super::means::add;
use super::output::RowElement;
use super::walk::{Chunk, walk};
use super::worker::{Worker, environment};
use crate::descriptors::Descriptor;
use crate::geometry::{Center, Centers, Frames};
use crate::{Error, Stop, memory};

/// Purpose of the memory, for the message where it is refused.
const ROWS: &str = "list of the rows";
const SUMS: &str = "sums over the centers of the frames";

/// Writes the features of all centers into `rows`, `n_features` numbers a row.
///
/// # Errors
/// Any [`Error`] that the input or the caller can cause.
pub fn transform<D: Descriptor, T: RowElement>(
    descriptor: &D,
    average: Average,
    frames: &Frames<'_>,
    centers: &Centers<'_>,
    rows: &mut [T],
    job: &mut Job<'_>,
) -> Result<(), Error> {
    Forward { descriptor, average, frames, centers, displacements: None }.run(rows, job)
}

/// Writes the derivatives of all features along `displacements` (one row an atom of all frames) into `rows`.
///
/// # Errors
/// Any [`Error`] that the input or the caller can cause.
pub fn pushforward<D: Descriptor, T: RowElement>(
    descriptor: &D,
    average: Average,
    frames: &Frames<'_>,
    centers: &Centers<'_>,
    displacements: &[[f64; 3]],
    rows: &mut [T],
    job: &mut Job<'_>,
) -> Result<(), Error> {
    check_length("displacements", displacements.len(), frames.n_atoms())?;
    check_finite("displacements", displacements.as_flattened(), 3)?;
    Forward { descriptor, average, frames, centers, displacements: Some(displacements) }.run(rows, job)
}

/// Features, or their derivatives where there are displacements.
struct Forward<'a, D> {
    descriptor: &'a D,
    average: Average,
    frames: &'a Frames<'a>,
    centers: &'a Centers<'a>,
    displacements: Option<&'a [[f64; 3]]>,
}

/// Sums over the centers of one frame: of rows, or of coefficients and their tangents.
#[derive(Debug, Clone, Default)]
struct FrameSums {
    values: Vec<f64>,
    tangents: Vec<f64>,
}

impl<D: Descriptor> Forward<'_, D> {
    fn run<T: RowElement>(&self, rows: &mut [T], job: &mut Job<'_>) -> Result<(), Error> {
        let n_features = self.descriptor.n_features();
        let n_rows = n_rows(self.average, self.frames, self.centers);
        check_length("rows", rows.len(), n_rows * n_features)?;
        let mut slots = memory::collect(ROWS, rows.chunks_exact_mut(n_features).map(Some))?;
        let counter = RowCounter::new(self.centers.len());
        for range in batches(self.frames, self.centers)? {
            let batch = FrameBatch::new(self.descriptor, self.frames, self.centers, range, job, &counter)?;
            if self.average == Average::Off {
                self.write_rows(&batch, &mut slots, job, &counter)?;
            } else {
                self.write_means(&batch, &mut slots, job, &counter)?;
            }
        }
        Ok(())
    }

    fn write_rows<T: RowElement>(
        &self,
        batch: &FrameBatch<'_>,
        slots: &mut [Option<&mut [T]>],
        job: &mut Job<'_>,
        counter: &RowCounter,
    ) -> Result<(), Error> {
        let mut in_order = memory::collect(ROWS, batch.rows.iter().map(|&row| slots[row].take()))?;
        let mut rest = in_order.as_mut_slice();
        let take = |chunk: &Chunk<'_>| rest.split_off_mut(..chunk.rows.len()).unwrap_or_default();
        let visit = |worker: &mut Worker<D>,
                     frame: &Prepared,
                     chunk: &Chunk<'_>,
                     rows: &mut [Option<&mut [T]>],
                     stop: &Stop<'_>| {
            for (&row, out) in chunk.rows.iter().zip(rows) {
                let Some(out) = out.take() else { continue };
                self.expand(worker, frame, row, stop)?;
                let mut buffer = std::mem::take(&mut worker.buffer);
                T::fill(out, &mut buffer, |out| self.contract(worker, out, stop))?;
                worker.buffer = buffer;
            }
            Ok(())
        };
        walk(batch, job, counter, || Worker::new(self.descriptor), take, visit, |_, _, ()| Ok(()))
    }

    fn write_means<T: RowElement>(
        &self,
        batch: &FrameBatch<'_>,
        slots: &mut [Option<&mut [T]>],
        job: &mut Job<'_>,
        counter: &RowCounter,
    ) -> Result<(), Error> {
        let first = batch.prepared.first().map_or(0, |frame| frame.frame);
        let mut sums = memory::with_capacity(SUMS, batch.prepared.len())?;
        for _ in &batch.prepared {
            sums.push(self.no_sums()?);
        }
        let visit = |worker: &mut Worker<D>, frame: &Prepared, chunk: &Chunk<'_>, (): (), stop: &Stop<'_>| {
            let mut sums = self.no_sums()?;
            for &row in chunk.rows {
                self.expand(worker, frame, row, stop)?;
                self.add_to(&mut sums, worker, stop)?;
            }
            Ok(sums)
        };
        let merge = |frame: &Prepared, _: &Chunk<'_>, part: FrameSums| {
            let sum = &mut sums[frame.frame - first];
            add(&mut sum.values, &part.values);
            add(&mut sum.tangents, &part.tangents);
            Ok(())
        };
        walk(batch, job, counter, || Worker::new(self.descriptor), |_| (), visit, merge)?;
        let mut worker = Worker::new(self.descriptor)?;
        job.run_on_caller(counter, |stop| {
            for (frame, sum) in batch.prepared.iter().zip(&sums) {
                let Some(row) = slots[frame.frame].take() else { continue };
                let n_centers = self.centers.rows(frame.frame).len();
                T::fill(row, &mut Vec::new(), |row| self.finish(sum, n_centers, &mut worker, row, stop))?;
            }
            Ok(())
        })
    }

    /// Coefficients of one center, and their tangents where there are displacements, into the worker.
    fn expand(&self, worker: &mut Worker<D>, frame: &Prepared, row: usize, stop: &Stop<'_>) -> Result<(), Error> {
        let center = worker.prepare(self.descriptor, frame, self.centers, row, self.displacements.is_some(), stop)?;
        let Some(displacements) = self.displacements else {
            return worker.expand(self.descriptor, frame, center, stop);
        };
        let of_frame = &displacements[self.frames.atoms(frame.frame)];
        let own = match center {
            Center::Atom(atom) => of_frame[atom],
            Center::Point(_) => [0.0; 3],
        };
        let relative = |&site: &u32| std::array::from_fn(|i| of_frame[site as usize][i] - own[i]);
        let Worker { sites, vectors, scratch, coefficients, adjoint_or_tangent: tangent, .. } = worker;
        vectors.clear();
        memory::reserve("velocities of the sites", vectors, sites.len())?;
        vectors.extend(sites.index.iter().map(relative));
        let environment = environment(frame, center, sites);
        self.descriptor.expand_tangent(&environment, vectors, scratch, coefficients, tangent, stop)
    }

    /// The row of the worker's coefficients.
    fn contract(&self, worker: &mut Worker<D>, row: &mut [f64], stop: &Stop<'_>) -> Result<(), Error> {
        let Worker { scratch, coefficients, adjoint_or_tangent: tangent, .. } = worker;
        match self.displacements {
            Some(_) => self.descriptor.contract_tangent(coefficients, tangent, scratch, row, stop),
            None => self.descriptor.contract(coefficients, scratch, row, stop),
        }
    }

    fn no_sums(&self) -> Result<FrameSums, Error> {
        let (n_values, n_tangents) = match (self.average, self.displacements) {
            (Average::Inner, None) => (self.descriptor.n_coefficients(), 0),
            (Average::Inner, Some(_)) => (self.descriptor.n_coefficients(), self.descriptor.n_coefficients()),
            _ => (self.descriptor.n_features(), 0),
        };
        Ok(FrameSums { values: memory::zeros(SUMS, n_values)?, tangents: memory::zeros(SUMS, n_tangents)? })
    }

    fn add_to(&self, sums: &mut FrameSums, worker: &mut Worker<D>, stop: &Stop<'_>) -> Result<(), Error> {
        if self.average == Average::Inner {
            add(&mut sums.values, &worker.coefficients);
            add(&mut sums.tangents, &worker.adjoint_or_tangent);
            return Ok(());
        }
        let mut row = std::mem::take(&mut worker.buffer);
        memory::resize(SUMS, &mut row, self.descriptor.n_features(), 0.0)?;
        self.contract(worker, &mut row, stop)?;
        add(&mut sums.values, &row);
        worker.buffer = row;
        Ok(())
    }

    /// The row of a frame; zeros for one without centers.
    fn finish(
        &self,
        sums: &FrameSums,
        n_centers: usize,
        worker: &mut Worker<D>,
        row: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let share = if n_centers == 0 { 0.0 } else { 1.0 / n_centers as f64 };
        let scaled = |out: &mut [f64], sums: &[f64]| out.iter_mut().zip(sums).for_each(|(out, sum)| *out = share * sum);
        if self.average == Average::Inner {
            scaled(&mut worker.coefficients, &sums.values);
            scaled(&mut worker.adjoint_or_tangent, &sums.tangents);
            return self.contract(worker, row, stop);
        }
        scaled(row, &sums.values);
        Ok(())
    }
}
