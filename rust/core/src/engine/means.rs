//! Sums and means over the centers of a frame.

use super::average::Average;
use super::batch::{FrameBatch, Prepared};
use super::interrupt::RowCounter;
use super::job::Job;
use super::walk::{Chunk, walk};
use super::worker::Worker;
use crate::descriptors::Descriptor;
use crate::simd::add_scaled;
use crate::{Error, Stop, memory};

/// Purpose of the memory, for the message where it is refused.
pub const MEANS: &str = "mean coefficients of the frames";

/// `sum += part`, over as many numbers as `sum` has.
pub fn add(sum: &mut [f64], part: &[f64]) {
    // A product with one is exact: this rounds as a sum does.
    add_scaled(1.0, part, sum);
}

/// Whether derivatives need the mean of the coefficients, or their sum, of each frame.
pub fn needs_means<D: Descriptor>(descriptor: &D, average: Average) -> bool {
    average.is_inner() && !descriptor.is_linear()
}

/// The mean or the sum of the coefficients over the centers of each frame, one frame after the other.
///
/// # Errors
/// Of the first chunk that has one, and [`Error::Interrupted`].
pub fn mean_coefficients<D: Descriptor>(
    descriptor: &D,
    average: Average,
    batch: &FrameBatch<'_>,
    job: &mut Job<'_>,
    counter: &RowCounter,
) -> Result<Vec<f64>, Error> {
    let first = batch.prepared.first().map_or(0, |frame| frame.frame);
    let n = descriptor.n_coefficients();
    let mut sums = memory::zeros(MEANS, n * batch.prepared.len())?;
    let visit = |worker: &mut Worker<D>, frame: &Prepared, chunk: &Chunk<'_>, (): (), stop: &Stop<'_>| {
        let mut sum = memory::zeros(MEANS, n)?;
        for &row in chunk.rows {
            let center = worker.prepare(descriptor, frame, batch.centers, row, false, stop)?;
            worker.expand_into_sum(descriptor, frame, center, &mut sum, stop)?;
        }
        Ok(sum)
    };
    let merge = |frame: &Prepared, _: &Chunk<'_>, part: Vec<f64>| {
        add(&mut sums[(frame.frame - first) * n..][..n], &part);
        Ok(())
    };
    walk(batch, job, counter, || Worker::new(descriptor), |_| (), visit, merge)?;
    for (frame, sum) in batch.prepared.iter().zip(sums.chunks_exact_mut(n.max(1))) {
        let share = average.share(batch.centers.rows(frame.frame).len());
        sum.iter_mut().for_each(|x| *x *= share);
    }
    Ok(sums)
}
