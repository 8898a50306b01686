//! Values of a function of every row, and the gradient of their sum, on all threads: nobody is asked in between.

use std::sync::Mutex;

use super::batch::{FrameBatch, batches};
use super::checks::{check_finite, check_length};
use super::gradients::ChunkGradients;
use super::interrupt::RowCounter;
use super::job::Job;
use super::kept::{Block, KeptBlock};
use super::kernel_sum::{KernelSum, KernelSumBuffers, kinds_of};
use super::pullback::Pullback;
use super::queue::{Pieces, share};
use super::walk::with_workers;
use super::worker::Worker;
use crate::descriptors::Descriptor;
use crate::geometry::{Centers, Frames};
use crate::{Error, Stop, memory};

/// Purpose of the memory, for the message where it is refused.
const VALUES: &str = "values of rows";
/// Rows whose products are made together: fewer would fetch the points more often, more would leave the cache. These
/// depend on the input alone, never on the number of threads: sums over blocks must keep their order.
const FEWEST: usize = 32;
const MOST: usize = 64;
const BLOCKS_OF_A_BATCH: usize = 16;

/// Buffers of one thread.
struct Buffers<D: Descriptor> {
    worker: Worker<D>,
    kept: KeptBlock<D>,
    sum: KernelSumBuffers,
}

/// Writes `function(row)` of every center into `values`, and finds the gradients of their sum. `kinds` says of which kind
/// each row is.
///
/// # Errors
/// Any [`Error`] that the input or the caller can cause.
pub fn evaluate<D: Descriptor>(
    descriptor: &D,
    frames: &Frames<'_>,
    centers: &Centers<'_>,
    (function, kinds): (&KernelSum, &[i64]),
    values: &mut [f64],
    job: &mut Job<'_>,
) -> Result<Pullback, Error> {
    check_length("values", values.len(), centers.len())?;
    check_length("kinds", kinds.len(), centers.len())?;
    check_length("features of the points", function.n_features(), descriptor.n_features())?;
    let counter = RowCounter::new(centers.len());
    let mut result = Pullback::zero(frames)?;
    for range in batches(frames, centers)? {
        let batch = FrameBatch::new(descriptor, frames, centers, range, job, &counter)?;
        let size = (batch.rows.len() / BLOCKS_OF_A_BATCH).clamp(FEWEST, MOST);
        let blocks = Block::all(&batch, size)?;
        let make = || {
            let worker = Worker::new(descriptor)?;
            Ok(Buffers { worker, kept: KeptBlock::default(), sum: KernelSumBuffers::default() })
        };
        let visit = |buffers: &mut Buffers<D>, piece: usize, (): (), stop: &Stop<'_>| {
            let block = &blocks[piece];
            let Buffers { worker, kept, sum } = buffers;
            kept.forward(descriptor, worker, &batch, block, stop)?;
            let n_rows = block.rows.len();
            let mut found = memory::zeros(VALUES, n_rows)?;
            let length = n_rows * descriptor.n_features();
            let (features, adjoint) = (&kept.features[..length], &mut kept.adjoint[..length]);
            let kind = kinds_of(kinds, &batch.rows, block.rows.clone());
            function.evaluate(kind, features, (&mut found, adjoint), sum, stop)?;
            check_finite("adjoint", adjoint, descriptor.n_features())?;
            kept.backward(descriptor, worker, &batch, block, stop)?;
            counter.add(n_rows);
            Ok((found, kept.take_gradients()))
        };
        let merge = |piece: usize, (found, gradients): (Vec<f64>, Vec<ChunkGradients>)| {
            let block = &blocks[piece];
            for (&row, value) in batch.rows[block.rows.clone()].iter().zip(found) {
                values[row] = value;
            }
            block.add(&batch, frames, gradients, &mut result);
            Ok(())
        };
        let size = |piece: usize| blocks[piece].rows.len();
        let pieces = Pieces { size, worker: make, payload: |_| (), visit, merge };
        with_workers(job, |job, stock: &Mutex<Vec<Buffers<D>>>| share(job, &counter, blocks.len(), stock, pieces))?;
    }
    job.report(&counter)?;
    Ok(result)
}
