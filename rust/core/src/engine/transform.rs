//! Values, and their derivatives along motions.

use std::ops::Range;

use super::average::{Average, n_rows};
use super::batch::{FrameBatch, Prepared, PreparedFrames, batches, rows_of};
use super::checks::{check_finite, check_length};
use super::interrupt::RowCounter;
use super::job::Job;
use super::means::add;
use super::output::RowElement;
use super::walk::{Chunk, each_frame, walk};
use super::worker::{Worker, environment};
use crate::descriptors::{Descriptor, RowStretches};
use crate::geometry::{Center, Centers, Frames};
use crate::{Error, Stop, memory};

/// Purpose of the memory, for the message where it is refused.
const ROWS: &str = "list of the rows";
const SUMS: &str = "sums over the centers of the frames";

/// Rows that are written together: those of a larger frame come in stretches, within each of which centers that are near
/// each other follow one another. So the memory for their order is bounded, and what is written to a file stays within a
/// part of it at a time, however the atoms lie.
const ROWS_OF_A_STRETCH: usize = 1 << 19;

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
    Forward { descriptor, average, frames, centers, motion: None, into_zeros: false }.run(None, rows, job)
}

/// [`transform`], for frames that have been prepared before, of which some centers are asked for at a time.
///
/// # Errors
/// Errors of [`transform`], and [`Error::Shape`] where other frames were prepared.
pub fn transform_prepared<D: Descriptor, T: RowElement>(
    descriptor: &D,
    average: Average,
    frames: &Frames<'_>,
    centers: &Centers<'_>,
    prepared: &PreparedFrames,
    rows: &mut [T],
    job: &mut Job<'_>,
) -> Result<(), Error> {
    prepared.require(frames)?;
    Forward { descriptor, average, frames, centers, motion: None, into_zeros: false }.run(Some(prepared), rows, job)
}

/// [`transform`], for `rows` that hold zeros: what is zero anyway is left as it is.
///
/// # Errors
/// Errors of [`transform`].
pub fn transform_into_zeros<D: Descriptor, T: RowElement>(
    descriptor: &D,
    average: Average,
    frames: &Frames<'_>,
    centers: &Centers<'_>,
    rows: &mut [T],
    job: &mut Job<'_>,
) -> Result<(), Error> {
    Forward { descriptor, average, frames, centers, motion: None, into_zeros: true }.run(None, rows, job)
}

/// Refuses a row that single precision has no room for; looked at here, where it is in cache.
fn require_range<T: RowElement>(row: &[T]) -> Result<(), Error> {
    if T::in_range(row) { Ok(()) } else { Err(Error::BeyondSingle) }
}

/// A direction in which everything moves.
#[derive(Debug, Clone, Copy)]
pub struct Motion<'a> {
    /// Of the atoms, one row an atom of all frames.
    pub displacements: &'a [[f64; 3]],
    /// Strain of each frame, by which atoms, points and lattice vectors move as well.
    pub strain: Option<&'a [[[f64; 3]; 3]]>,
}

/// Writes the derivatives of all features along `motion` into `rows`.
///
/// # Errors
/// Any [`Error`] that the input or the caller can cause.
pub fn pushforward<D: Descriptor, T: RowElement>(
    descriptor: &D,
    average: Average,
    frames: &Frames<'_>,
    centers: &Centers<'_>,
    motion: Motion<'_>,
    rows: &mut [T],
    job: &mut Job<'_>,
) -> Result<(), Error> {
    check_length("displacements", motion.displacements.len(), frames.n_atoms())?;
    check_finite("displacements", motion.displacements.as_flattened(), 3)?;
    if let Some(strain) = motion.strain {
        check_length("strain", strain.len(), frames.len())?;
        check_finite("strain", strain.as_flattened().as_flattened(), 9)?;
    }
    Forward { descriptor, average, frames, centers, motion: Some(motion), into_zeros: false }.run(None, rows, job)
}

/// Features, or their derivatives where there is a motion.
pub(super) struct Forward<'a, D> {
    pub descriptor: &'a D,
    pub average: Average,
    pub frames: &'a Frames<'a>,
    pub centers: &'a Centers<'a>,
    pub motion: Option<Motion<'a>>,
    /// Whether the rows hold zeros.
    pub into_zeros: bool,
}

/// Sums over the centers of one frame: of rows, or of coefficients and their tangents.
#[derive(Debug, Clone, Default)]
pub(super) struct FrameSums {
    values: Vec<f64>,
    tangents: Vec<f64>,
}

impl<D: Descriptor> Forward<'_, D> {
    fn run<T: RowElement>(
        &self,
        prepared: Option<&PreparedFrames>,
        rows: &mut [T],
        job: &mut Job<'_>,
    ) -> Result<(), Error> {
        let n_rows = n_rows(self.average, self.frames, self.centers);
        check_length("rows", rows.len(), n_rows * self.descriptor.n_features())?;
        let counter = RowCounter::new(self.centers.len());
        if let Some(prepared) = prepared {
            return self.write(prepared.clone(), 0..self.frames.len(), rows, job, &counter);
        }
        let mut rest = rows;
        for range in batches(self.frames, self.centers)? {
            let n_rows = match self.average {
                Average::Off => rows_of(self.centers, &range).len(),
                _ => range.len(),
            };
            let own = rest.split_off_mut(..n_rows * self.descriptor.n_features()).unwrap_or_default();
            let prepared = PreparedFrames::new(self.descriptor, self.frames, range.clone(), job, &counter)?;
            self.write(prepared, range, own, job, &counter)?;
        }
        Ok(())
    }

    /// Writes the rows of the frames of `range`, which are all of `rows`.
    fn write<T: RowElement>(
        &self,
        prepared: PreparedFrames,
        range: Range<usize>,
        mut rows: &mut [T],
        job: &mut Job<'_>,
        counter: &RowCounter,
    ) -> Result<(), Error> {
        let n_features = self.descriptor.n_features();
        if self.average != Average::Off {
            return self.write_means(&FrameBatch::in_chunks(prepared, self.centers)?, rows, job, counter);
        }
        let all = rows_of(self.centers, &range);
        for start in all.clone().step_by(ROWS_OF_A_STRETCH) {
            let stretch = start..all.end.min(start + ROWS_OF_A_STRETCH);
            let own = rows.split_off_mut(..stretch.len() * n_features).unwrap_or_default();
            let batch = FrameBatch::of_rows(prepared.clone(), self.centers, stretch)?;
            self.write_rows(&batch, start, own, job, counter)?;
        }
        Ok(())
    }

    /// Writes the rows of a batch, the first of which is `first`.
    fn write_rows<T: RowElement>(
        &self,
        batch: &FrameBatch<'_>,
        first: usize,
        rows: &mut [T],
        job: &mut Job<'_>,
        counter: &RowCounter,
    ) -> Result<(), Error> {
        let mut slots = memory::collect(ROWS, rows.chunks_exact_mut(self.descriptor.n_features()).map(Some))?;
        let mut in_order = memory::collect(ROWS, batch.rows.iter().map(|&row| slots[row - first].take()))?;
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
                self.write_row(worker, out, stop)?;
            }
            Ok(())
        };
        walk(batch, job, counter, || Worker::new(self.descriptor), take, visit, |_, _, ()| Ok(()))
    }

    fn write_means<T: RowElement>(
        &self,
        batch: &FrameBatch<'_>,
        rows: &mut [T],
        job: &mut Job<'_>,
        counter: &RowCounter,
    ) -> Result<(), Error> {
        let mut sums = self.sums(batch, job, counter)?.into_iter();
        let mut rows = rows.chunks_exact_mut(self.descriptor.n_features());
        let take = |_: &Prepared| (rows.next(), sums.next().flatten());
        let visit = |worker: &mut Worker<D>,
                     frame: &Prepared,
                     (row, sum): (Option<&mut [T]>, Option<FrameSums>),
                     stop: &Stop<'_>| {
            let Some(row) = row else { return Ok(()) };
            if !self.average.is_inner() {
                T::fill(row, &mut worker.buffer, |row| {
                    self.mean_row(frame.frame, sum.as_ref(), row);
                    Ok(())
                })?;
                return if self.motion.is_none() { require_range(row) } else { Ok(()) };
            }
            self.mean_coefficients(frame.frame, sum, worker);
            self.write_row(worker, row, stop)
        };
        each_frame(batch, job, counter, || Worker::new(self.descriptor), take, visit)
    }

    /// Buffers for the caller's thread: those that wait, or new ones.
    pub(super) fn worker(&self, job: &Job<'_>) -> Result<Worker<D>, Error> {
        job.worker_cache.and_then(|cache| cache.take(1).pop()).map_or_else(|| Worker::new(self.descriptor), Ok)
    }

    /// Sums over the centers of each frame of a batch; `None` for a frame without centers.
    pub(super) fn sums(
        &self,
        batch: &FrameBatch<'_>,
        job: &mut Job<'_>,
        counter: &RowCounter,
    ) -> Result<Vec<Option<FrameSums>>, Error> {
        let first = batch.prepared.first().map_or(0, |frame| frame.frame);
        let mut sums = memory::filled(SUMS, batch.prepared.len(), None)?;
        let visit = |worker: &mut Worker<D>, frame: &Prepared, chunk: &Chunk<'_>, (): (), stop: &Stop<'_>| {
            let mut sums = self.no_sums()?;
            let only_coefficients = self.average.is_inner() && self.motion.is_none();
            for &row in chunk.rows {
                if only_coefficients {
                    let center = worker.prepare(self.descriptor, frame, self.centers, row, false, stop)?;
                    worker.expand_into_sum(self.descriptor, frame, center, &mut sums.values, stop)?;
                } else {
                    self.expand(worker, frame, row, stop)?;
                    self.add_to(&mut sums, worker, stop)?;
                }
            }
            Ok(sums)
        };
        let merge = |frame: &Prepared, _: &Chunk<'_>, part: FrameSums| {
            match &mut sums[frame.frame - first] {
                Some(FrameSums { values, tangents }) => {
                    add(values, &part.values);
                    add(tangents, &part.tangents);
                }
                empty => *empty = Some(part),
            }
            Ok(())
        };
        walk(batch, job, counter, || Worker::new(self.descriptor), |_| (), visit, merge)?;
        Ok(sums)
    }

    /// Coefficients of one center, and their tangents where there is a motion, into the worker.
    pub(super) fn expand(
        &self,
        worker: &mut Worker<D>,
        frame: &Prepared,
        row: usize,
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let center = worker.prepare(self.descriptor, frame, self.centers, row, self.motion.is_some(), stop)?;
        let Some(Motion { displacements, strain }) = self.motion else {
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
        if let Some(strain) = strain.map(|strain| &strain[frame.frame]) {
            let sites = sites.dx.iter().zip(&sites.dy).zip(&sites.dz);
            for (vector, ((x, y), z)) in vectors.iter_mut().zip(sites) {
                (0..3).for_each(|i| vector[i] += x * strain[0][i] + y * strain[1][i] + z * strain[2][i]);
            }
        }
        self.descriptor.expand_tangent(&environment, vectors, scratch, coefficients, tangent, stop)?;
        if let Some(strain) = strain.map(|strain| &strain[frame.frame]).filter(|_| self.descriptor.sees_volume()) {
            let along = (0..3).map(|i| strain[i][i]).sum();
            self.descriptor.add_volume_tangent(coefficients, along, tangent);
        }
        Ok(())
    }

    /// Writes the row of the worker's coefficients.
    fn write_row<T: RowElement>(&self, worker: &mut Worker<D>, row: &mut [T], stop: &Stop<'_>) -> Result<(), Error> {
        if self.motion.is_none() && self.descriptor.prefers_stretches() {
            T::write(row, &self.stretches(worker, stop)?, self.into_zeros);
            return require_range(row);
        }
        let mut buffer = std::mem::take(&mut worker.buffer);
        T::fill(row, &mut buffer, |row| self.contract(worker, row, stop))?;
        worker.buffer = buffer;
        // Whoever gave a motion that is too large is told of that.
        if self.motion.is_none() { require_range(row) } else { Ok(()) }
    }

    /// The row of the worker's coefficients.
    fn contract(&self, worker: &mut Worker<D>, row: &mut [f64], stop: &Stop<'_>) -> Result<(), Error> {
        let Worker { scratch, coefficients, adjoint_or_tangent: tangent, .. } = worker;
        match self.motion {
            Some(_) => self.descriptor.contract_tangent(coefficients, tangent, scratch, row, stop),
            None => self.descriptor.contract(coefficients, scratch, row, stop),
        }
    }

    /// The row of the worker's coefficients, in stretches.
    pub(super) fn stretches<'w>(&self, worker: &'w mut Worker<D>, stop: &Stop<'_>) -> Result<RowStretches<'w>, Error> {
        let Worker { scratch, coefficients, row, .. } = worker;
        self.descriptor.contract_in_stretches(coefficients, scratch, row, stop)
    }

    fn no_sums(&self) -> Result<FrameSums, Error> {
        let (n_values, n_tangents) = match (self.average.is_inner(), self.motion) {
            (true, None) => (self.descriptor.n_coefficients(), 0),
            (true, Some(_)) => (self.descriptor.n_coefficients(), self.descriptor.n_coefficients()),
            (false, _) => (self.descriptor.n_features(), 0),
        };
        Ok(FrameSums { values: memory::zeros(SUMS, n_values)?, tangents: memory::zeros(SUMS, n_tangents)? })
    }

    fn add_to(&self, sums: &mut FrameSums, worker: &mut Worker<D>, stop: &Stop<'_>) -> Result<(), Error> {
        if self.average.is_inner() {
            add(&mut sums.values, &worker.coefficients);
            add(&mut sums.tangents, &worker.adjoint_or_tangent);
            return Ok(());
        }
        if self.motion.is_none() && self.descriptor.prefers_stretches() {
            self.stretches(worker, stop)?.add_to(&mut sums.values);
            return Ok(());
        }
        let mut row = std::mem::take(&mut worker.buffer);
        memory::resize(SUMS, &mut row, self.descriptor.n_features(), 0.0)?;
        self.contract(worker, &mut row, stop)?;
        add(&mut sums.values, &row);
        worker.buffer = row;
        Ok(())
    }

    /// What each center of a frame counts for in its row.
    fn share(&self, frame: usize) -> f64 {
        self.average.share(self.centers.rows(frame).len())
    }

    /// Writes the mean row of a frame, or their sum: zeros for one without centers.
    pub(super) fn mean_row(&self, frame: usize, sum: Option<&FrameSums>, row: &mut [f64]) {
        let all = 0..row.len();
        match sum {
            Some(FrameSums { values, .. }) => {
                RowStretches { values, stretches: &[all], factor: self.share(frame), last: None }.write_to_zeros(row);
            }
            None => row.fill(0.0),
        }
    }

    /// Leaves the mean coefficients of a frame, or their sum, with the worker: zeros for one without centers.
    pub(super) fn mean_coefficients(&self, frame: usize, sum: Option<FrameSums>, worker: &mut Worker<D>) {
        let share = self.share(frame);
        let Worker { coefficients, adjoint_or_tangent: tangents, .. } = worker;
        let Some(sum) = sum else {
            coefficients.fill(0.0);
            return tangents.fill(0.0);
        };
        for (mean, values) in [(coefficients, sum.values), (tangents, sum.tangents)] {
            if share == 1.0 && mean.len() == values.len() {
                *mean = values;
                continue;
            }
            let (all, factor) = (0..values.len(), share);
            RowStretches { values: &values, stretches: &[all], factor, last: None }
                .write_to_zeros(&mut mean[..values.len()]);
        }
    }
}
