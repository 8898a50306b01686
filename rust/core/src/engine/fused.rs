//! Features and gradients in one pass: the adjoint of a block of rows is a function of their features.

use std::ops::Range;

use super::average::Average;
use super::batch::{FrameBatch, Prepared, batches};
use super::checks::check_finite;
use super::interrupt::RowCounter;
use super::job::Job;
use super::kept::{Block, KeptBlock};
use super::means::{MEANS, add, mean_coefficients};
use super::pipeline;
use super::pullback::{AdjointRows, Backward, Pullback};
use super::walk::{Chunk, walk};
use super::worker::Worker;
use crate::descriptors::Descriptor;
use crate::geometry::{Centers, Frames};
use crate::{Error, Stop, memory};

/// A function of a block of rows: which rows these are, their features, and their adjoints, which it writes.
pub type AdjointFunction<'a> = dyn FnMut(&[usize], &[f64], &mut [f64]) -> Result<(), Error> + 'a;

/// What is asked for, and the function.
pub struct Fused<'a, D> {
    /// The fingerprint.
    pub descriptor: &'a D,
    /// Whether rows are those of centers, or of frames.
    pub average: Average,
    /// The frames.
    pub frames: &'a Frames<'a>,
    /// The centers.
    pub centers: &'a Centers<'a>,
    /// Rows of a block at most.
    pub block: usize,
}

impl<D: Descriptor> Fused<'_, D> {
    /// Gradients of the sum over blocks of `Σ adjoint · features`, where `function` knows the adjoint.
    ///
    /// It is called on the caller's thread with every row once, block by block: which rows a block has, and the order of
    /// the blocks, depend on the input alone. Neighbors, radial functions and coefficients of a block are kept until its
    /// adjoint is there, while other threads go on with other blocks.
    ///
    /// # Errors
    /// Any [`Error`] that the input or the caller can cause, and those of `function`, which end the work.
    pub fn run(&self, function: &mut AdjointFunction<'_>, job: &mut Job<'_>) -> Result<Pullback, Error> {
        let passes = if self.average == Average::Off { 1 } else { 2 };
        let counter = RowCounter::new(passes * self.centers.len());
        let mut result = Pullback::zero(self.frames)?;
        for range in batches(self.frames, self.centers)? {
            if self.average == Average::Off {
                let batch = FrameBatch::new(self.descriptor, self.frames, self.centers, range, job, &counter)?;
                self.by_center(&batch, function, &mut result, job, &counter)?;
                continue;
            }
            for start in range.clone().step_by(self.block.max(1)) {
                let range = start..range.end.min(start + self.block.max(1));
                self.by_frame(range, function, &mut result, job, &counter)?;
            }
        }
        Ok(result)
    }

    /// Blocks of centers.
    fn by_center(
        &self,
        batch: &FrameBatch<'_>,
        function: &mut AdjointFunction<'_>,
        result: &mut Pullback,
        job: &mut Job<'_>,
        counter: &RowCounter,
    ) -> Result<(), Error> {
        let blocks = Block::all(batch, self.block.max(1))?;
        let mut ask = |block: &Block, kept: &mut KeptBlock<D>| {
            self.ask(function, &batch.rows[block.rows.clone()], &kept.features, &mut kept.adjoint)
        };
        let mut merge = |block: &Block, kept: &mut KeptBlock<D>| {
            kept.merge(batch, block, self.frames, result);
            counter.add(block.rows.len());
        };
        if let Some(pool) = job.pool {
            let work = pipeline::Work { descriptor: self.descriptor, batch, blocks: &blocks };
            return work.run(pool, &mut ask, &mut merge, job, counter);
        }
        let worker_cache = job.worker_cache;
        let cached: Option<(Worker<D>, KeptBlock<D>)> = worker_cache.and_then(|cache| cache.take(1).pop());
        let fresh = || Ok((Worker::new(self.descriptor)?, KeptBlock::default()));
        let (mut worker, mut kept) = cached.map_or_else(fresh, Ok)?;
        for block in &blocks {
            job.run_on_caller(counter, |stop| kept.forward(self.descriptor, &mut worker, batch, block, stop))?;
            ask(block, &mut kept)?;
            job.run_on_caller(counter, |stop| kept.backward(self.descriptor, &mut worker, batch, block, stop))?;
            merge(block, &mut kept);
            job.report(counter)?;
        }
        if let Some(worker_cache) = worker_cache {
            worker_cache.put(vec![(worker, kept)]);
        }
        job.report(counter)
    }

    /// A block of frames, each of which is one row.
    fn by_frame(
        &self,
        range: Range<usize>,
        function: &mut AdjointFunction<'_>,
        result: &mut Pullback,
        job: &mut Job<'_>,
        counter: &RowCounter,
    ) -> Result<(), Error> {
        let Self { descriptor, average, frames, centers, .. } = *self;
        let rows = memory::collect(MEANS, range.clone())?;
        let first_row = range.start;
        let batch = FrameBatch::new(descriptor, frames, centers, range, job, counter)?;
        let mut features = memory::zeros(MEANS, rows.len() * descriptor.n_features())?;
        let mut means = Vec::new();
        if average.is_inner() {
            means = mean_coefficients(descriptor, average, &batch, job, counter)?;
            self.contract_means(&means, &mut features, job, counter)?;
        } else {
            self.mean_rows(&batch, &mut features, job, counter)?;
        }
        let mut adjoint = memory::zeros(MEANS, features.len())?;
        self.ask(function, &rows, &features, &mut adjoint)?;
        let task = Backward { descriptor, average, centers, adjoint: AdjointRows::Double(&adjoint), first_row };
        task.run(&batch, &mut means, frames, result, job, counter)
    }

    /// The features of mean coefficients; zeros for a frame without centers.
    fn contract_means(
        &self,
        means: &[f64],
        features: &mut [f64],
        job: &mut Job<'_>,
        counter: &RowCounter,
    ) -> Result<(), Error> {
        let (n, n_features) = (self.descriptor.n_coefficients().max(1), self.descriptor.n_features().max(1));
        let mut scratch = self.descriptor.scratch()?;
        job.run_on_caller(counter, |stop| {
            for (mean, row) in means.chunks_exact(n).zip(features.chunks_exact_mut(n_features)) {
                stop.check()?;
                self.descriptor.contract(mean, &mut scratch, row, stop)?;
            }
            Ok(())
        })
    }

    /// The mean or the sum of the rows of the centers of each frame.
    fn mean_rows(
        &self,
        batch: &FrameBatch<'_>,
        features: &mut [f64],
        job: &mut Job<'_>,
        counter: &RowCounter,
    ) -> Result<(), Error> {
        let (descriptor, n) = (self.descriptor, self.descriptor.n_features());
        let first = batch.prepared.first().map_or(0, |frame| frame.frame);
        let visit = |worker: &mut Worker<D>, frame: &Prepared, chunk: &Chunk<'_>, (): (), stop: &Stop<'_>| {
            let mut sum = memory::zeros(MEANS, n)?;
            let mut row = std::mem::take(&mut worker.buffer);
            memory::resize(MEANS, &mut row, n, 0.0)?;
            for &place in chunk.rows {
                let center = worker.prepare(descriptor, frame, batch.centers, place, false, stop)?;
                worker.expand(descriptor, frame, center, stop)?;
                descriptor.contract(&worker.coefficients, &mut worker.scratch, &mut row, stop)?;
                add(&mut sum, &row);
            }
            worker.buffer = row;
            Ok(sum)
        };
        let merge = |frame: &Prepared, _: &Chunk<'_>, part: Vec<f64>| {
            add(&mut features[(frame.frame - first) * n..][..n], &part);
            Ok(())
        };
        walk(batch, job, counter, || Worker::new(descriptor), |_| (), visit, merge)?;
        for (frame, row) in batch.prepared.iter().zip(features.chunks_exact_mut(n.max(1))) {
            let share = self.average.share(batch.centers.rows(frame.frame).len());
            row.iter_mut().for_each(|x| *x *= share);
        }
        Ok(())
    }

    /// The adjoint of some rows, all entries of which are finite.
    fn ask(
        &self,
        function: &mut AdjointFunction<'_>,
        rows: &[usize],
        features: &[f64],
        adjoint: &mut [f64],
    ) -> Result<(), Error> {
        let n = self.descriptor.n_features();
        function(rows, &features[..rows.len() * n], &mut adjoint[..rows.len() * n])?;
        for (&row, entries) in rows.iter().zip(adjoint.chunks_exact(n.max(1))) {
            check_finite("adjoint", entries, n).map_err(|error| error.in_row(row))?;
        }
        Ok(())
    }
}
