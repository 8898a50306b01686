//! Rows without the features that are zero for want of a species: compressed sparse rows.

use super::average::Average;
use super::batch::{FrameBatch, Prepared, batches};
use super::interrupt::RowCounter;
use super::job::Job;
use super::output::RowElement;
use super::transform::Forward;
use super::walk::{Chunk, walk};
use super::worker::Worker;
use crate::descriptors::{Descriptor, RowStretches};
use crate::geometry::{Centers, Frames};
use crate::{Error, Stop, memory};

/// Purpose of the memory, for the message where it is refused.
const PURPOSE: &str = "sparse rows";

/// Rows of a sparse matrix, one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct SparseRows<T> {
    /// The entries of row `i` are `offsets[i]..offsets[i + 1]`.
    pub offsets: Vec<i64>,
    /// Column of each entry, ascending within a row.
    pub columns: Vec<i32>,
    /// Value of each entry.
    pub values: Vec<T>,
}

/// The features of all centers, those that are zero for want of a species left out: of descriptors that know no
/// stretches, every zero.
///
/// # Errors
/// [`Error::Parameter`] for more columns than 32 bits count; any other [`Error`] that the input or the caller can cause.
pub fn transform_sparse<D: Descriptor, T: RowElement>(
    descriptor: &D,
    average: Average,
    frames: &Frames<'_>,
    centers: &Centers<'_>,
    job: &mut Job<'_>,
) -> Result<SparseRows<T>, Error> {
    numbered(descriptor.n_features())?;
    let forward = Forward { descriptor, average, frames, centers, motion: None, into_zeros: false };
    let counter = RowCounter::new(centers.len());
    let mut offsets = memory::with_capacity(PURPOSE, super::n_rows(average, frames, centers) + 1)?;
    offsets.push(0);
    let mut rows = SparseRows { offsets, columns: Vec::new(), values: Vec::new() };
    for range in batches(frames, centers)? {
        let batch = FrameBatch::new(descriptor, frames, centers, range, job, &counter)?;
        if average == Average::Off {
            forward.add_rows(&batch, &mut rows, job, &counter)?;
        } else {
            forward.add_means(&batch, &mut rows, job, &counter)?;
        }
    }
    Ok(rows)
}

/// Refuses rows of so many columns that these would have no numbers.
fn numbered(n_features: usize) -> Result<(), Error> {
    if i32::try_from(n_features).is_ok() {
        return Ok(());
    }
    Err(Error::Parameter {
        name: "n_features",
        part: None,
        value: n_features.to_string(),
        remedy: format!("columns of sparse arrays have numbers of 32 bits, of at most {}; take dense rows", i32::MAX),
    })
}

impl<D: Descriptor> Forward<'_, D> {
    fn add_rows<T: RowElement>(
        &self,
        batch: &FrameBatch<'_>,
        rows: &mut SparseRows<T>,
        job: &mut Job<'_>,
        counter: &RowCounter,
    ) -> Result<(), Error> {
        let visit = |worker: &mut Worker<D>, frame: &Prepared, chunk: &Chunk<'_>, (): (), stop: &Stop<'_>| {
            let mut part = SparseRows { offsets: Vec::new(), columns: Vec::new(), values: Vec::new() };
            memory::reserve(PURPOSE, &mut part.offsets, chunk.rows.len())?;
            for &row in chunk.rows {
                self.expand(worker, frame, row, stop)?;
                part.add(&self.stretches(worker, stop)?)?;
            }
            Ok(part)
        };
        // Chunks come in the order in which they were computed, which is that of the rows in small frames alone.
        let mut places = memory::with_capacity(PURPOSE, batch.rows.len())?;
        let merge = |_: &Prepared, chunk: &Chunk<'_>, part: SparseRows<T>| {
            let start = rows.values.len();
            rows.append(&part)?;
            let ends = part.offsets.iter().map(|&end| start + end as usize);
            let starts = std::iter::once(start).chain(ends.clone());
            places.extend(
                chunk
                    .rows
                    .iter()
                    .zip(starts.zip(ends).map(|(start, end)| start..end))
                    .map(|(&row, range)| (row, range)),
            );
            Ok(())
        };
        walk(batch, job, counter, || Worker::new(self.descriptor), |_| (), visit, merge)?;
        if !places.is_sorted_by_key(|(row, _)| *row) {
            let first = places.iter().map(|(_, range)| range.start).min().unwrap_or(0);
            let columns = memory::collect(PURPOSE, rows.columns[first..].iter().copied())?;
            let values = memory::collect(PURPOSE, rows.values[first..].iter().copied())?;
            places.sort_unstable_by_key(|(row, _)| *row);
            rows.columns.truncate(first);
            rows.values.truncate(first);
            for (_, range) in &mut places {
                let (of_batch, start) = (range.start - first..range.end - first, rows.values.len());
                rows.columns.extend_from_slice(&columns[of_batch.clone()]);
                rows.values.extend_from_slice(&values[of_batch]);
                *range = start..rows.values.len();
            }
        }
        rows.offsets.extend(places.into_iter().map(|(_, range)| range.end as i64));
        Ok(())
    }

    fn add_means<T: RowElement>(
        &self,
        batch: &FrameBatch<'_>,
        rows: &mut SparseRows<T>,
        job: &mut Job<'_>,
        counter: &RowCounter,
    ) -> Result<(), Error> {
        let sums = self.sums(batch, job, counter)?;
        let mut worker = self.worker(job)?;
        job.run_on_caller(counter, |stop| {
            for (frame, sum) in batch.prepared.iter().zip(sums) {
                stop.check()?;
                if self.average.is_inner() {
                    self.mean_coefficients(frame.frame, sum, &mut worker);
                    rows.add(&self.stretches(&mut worker, stop)?)?;
                } else {
                    let mean = worker.row.stretches_of(self.descriptor.n_features(), |row| {
                        self.mean_row(frame.frame, sum.as_ref(), row);
                        Ok(())
                    });
                    rows.add(&mean?)?;
                }
            }
            Ok(())
        })
    }
}

impl<T: RowElement> SparseRows<T> {
    /// Adds a row.
    fn add(&mut self, row: &RowStretches<'_>) -> Result<(), Error> {
        let n_stored = row.n_stored();
        memory::reserve(PURPOSE, &mut self.columns, n_stored)?;
        memory::reserve(PURPOSE, &mut self.values, n_stored)?;
        memory::reserve(PURPOSE, &mut self.offsets, 1)?;
        for stretch in row.stretches {
            self.columns.extend(stretch.start as i32..stretch.end as i32);
            let values = &row.values[stretch.clone()];
            self.values.extend(values.iter().map(|value| T::rounded(row.factor * value)));
        }
        if let Some(last) = row.last {
            self.columns.push(row.values.len() as i32);
            self.values.push(T::rounded(last));
        }
        self.offsets.push(self.values.len() as i64);
        Ok(())
    }

    /// Adds the entries of `part`, whose rows are not in their order yet.
    fn append(&mut self, part: &Self) -> Result<(), Error> {
        memory::reserve(PURPOSE, &mut self.columns, part.columns.len())?;
        memory::reserve(PURPOSE, &mut self.values, part.values.len())?;
        self.columns.extend_from_slice(&part.columns);
        self.values.extend_from_slice(&part.values);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_are_let_in_have_numbers() {
        assert_eq!(numbered(i32::MAX as usize), Ok(()));
        let message = numbered(i32::MAX as usize + 1).unwrap_err().to_string();
        assert!(message.starts_with("n_features is 2147483648; ") && message.ends_with("take dense rows"), "{message}");
    }
}
