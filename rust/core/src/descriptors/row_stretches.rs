//! Rows most of whose features are zero.

use std::ops::Range;

use crate::simd::{Isa, Kernel, LANES, Lanes};
use crate::{Error, memory};

/// Purpose of the memory, for the message where it is refused.
const PURPOSE: &str = "row of one center";

/// Features a stretch below which to clear the whole row is quicker than to clear what is between the stretches.
const SHORT: usize = 64;

/// A row whose features are zero outside of some stretches, before it is written anywhere.
#[derive(Debug, Clone, Copy)]
pub struct RowStretches<'a> {
    /// Features but the last one, if that is a constant, each still to be multiplied with the factor.
    pub values: &'a [f64],
    /// Places of the features that may differ from zero, ascending; no two touch.
    pub stretches: &'a [Range<usize>],
    /// What they are multiplied with.
    pub factor: f64,
    /// A feature behind the others that is the same in every row.
    pub last: Option<f64>,
}

/// Room for a row that its descriptor does not make in stretches.
#[derive(Debug, Default)]
pub struct RowBuffer {
    /// Every feature.
    pub row: Vec<f64>,
    stretches: Vec<Range<usize>>,
}

impl RowBuffer {
    /// Room for a row, for `write` to fill, whose features that are not zero make the stretches.
    ///
    /// # Errors
    /// Errors of `write`, and [`Error::Memory`].
    pub fn stretches_of(
        &mut self,
        n_features: usize,
        write: impl FnOnce(&mut [f64]) -> Result<(), Error>,
    ) -> Result<RowStretches<'_>, Error> {
        let Self { row, stretches } = self;
        memory::resize(PURPOSE, row, n_features, 0.0)?;
        write(row)?;
        stretches.clear();
        let mut start = 0;
        for same in row.chunk_by(|a, b| (*a == 0.0) == (*b == 0.0)) {
            if same[0] != 0.0 {
                memory::reserve(PURPOSE, stretches, 1)?;
                stretches.push(start..start + same.len());
            }
            start += same.len();
        }
        Ok(RowStretches { values: row, stretches, factor: 1.0, last: None })
    }
}

impl RowStretches<'_> {
    /// Number of features that are stored: those of the stretches, and the constant.
    pub fn n_stored(&self) -> usize {
        self.stretches.iter().map(ExactSizeIterator::len).sum::<usize>() + usize::from(self.last.is_some())
    }

    /// Place and value of what is stored, in order.
    pub fn stored(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        let of = |stretch: &Range<usize>| stretch.clone().zip(&self.values[stretch.clone()]);
        let features = self.stretches.iter().flat_map(of).map(|(place, value)| (place, self.factor * value));
        features.chain(self.last.map(|last| (self.values.len(), last)))
    }

    /// Writes every feature.
    pub fn write(&self, row: &mut [f64]) {
        if self.values.len() < SHORT * self.stretches.len() {
            row.fill(0.0);
            return self.write_to_zeros(row);
        }
        let mut end = 0;
        for stretch in self.stretches {
            row[end..stretch.start].fill(0.0);
            end = stretch.end;
        }
        row[end..self.values.len()].fill(0.0);
        self.write_to_zeros(row);
    }

    /// Writes the features that may differ from zero into a row of zeros.
    pub fn write_to_zeros(&self, row: &mut [f64]) {
        let (row, rest) = row.split_at_mut(self.values.len());
        rest.fill(self.last.unwrap_or(0.0));
        Isa::detect().run(CopyStretches { from: self, row });
    }

    /// Adds the row to a sum of rows.
    pub fn add_to(&self, sum: &mut [f64]) {
        let (sum, rest) = sum.split_at_mut(self.values.len());
        rest.iter_mut().zip(self.last).for_each(|(sum, last)| *sum += last);
        Isa::detect().run(AddStretches { from: self, sum });
    }
}

/// `row = factor · values`, in the stretches.
struct CopyStretches<'a> {
    from: &'a RowStretches<'a>,
    row: &'a mut [f64],
}

impl Kernel for CopyStretches<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let RowStretches { values, stretches, factor, .. } = *self.from;
        for stretch in stretches {
            let (values, row) = (&values[stretch.clone()], &mut self.row[stretch.clone()]);
            let put = |from: &[f64; LANES], to: &mut [f64; LANES]| (V::load(from) * V::splat(factor)).store(to);
            let (packs, rest) = values.as_chunks();
            packs.iter().zip(row.as_chunks_mut().0).for_each(|(from, to)| put(from, to));
            if rest.is_empty() {
                continue;
            }
            // The last eight, some of them once more.
            match (values.last_chunk(), row.last_chunk_mut()) {
                (Some(from), Some(to)) => put(from, to),
                _ => row.iter_mut().zip(values).for_each(|(out, value)| *out = factor * value),
            }
        }
    }
}

/// `sum += factor · values`, in the stretches, each rounded twice.
struct AddStretches<'a> {
    from: &'a RowStretches<'a>,
    sum: &'a mut [f64],
}

impl Kernel for AddStretches<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let RowStretches { values, stretches, factor, .. } = *self.from;
        for stretch in stretches {
            let (values, rest) = values[stretch.clone()].as_chunks();
            let (sum, sum_rest) = self.sum[stretch.clone()].as_chunks_mut();
            for (sum, values) in sum.iter_mut().zip(values) {
                (V::load(sum) + V::load(values) * V::splat(factor)).store(sum);
            }
            sum_rest.iter_mut().zip(rest).for_each(|(sum, value)| *sum += factor * value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_written_added_and_listed() {
        let n = 60;
        let dense: Vec<f64> = (0..n).map(|k| if k % 21 < 11 { 0.0 } else { f64::from(k) - 30.5 }).collect();
        let mut buffer = RowBuffer::default();
        let found = buffer.stretches_of(dense.len(), |row| {
            row.copy_from_slice(&dense);
            Ok(())
        });
        let found = RowStretches { factor: 0.5, last: Some(7.0), ..found.expect("some memory") };
        assert_eq!(found.stretches, [11..21, 32..42, 53..60]);
        let expected: Vec<f64> = dense.iter().map(|x| 0.5 * x).chain([7.0]).collect();
        let mut row = vec![9.0; 61];
        found.write(&mut row);
        assert_eq!(row, expected);
        found.add_to(&mut row);
        assert!(row.iter().zip(&expected).all(|(sum, x)| *sum == 2.0 * x));
        row.fill(0.0);
        found.write_to_zeros(&mut row);
        assert_eq!(row, expected);
        row.fill(0.0);
        assert_eq!(found.stored().count(), found.n_stored());
        found.stored().for_each(|(place, value)| row[place] = value);
        assert_eq!(row, expected);
    }
}
