//! Selection: the products of two factors that are kept, or their sums.

use std::ops::Range;

use super::limits::PURPOSE;
use crate::{Error, memory};

/// Selection from the products: weighted products, or sums of them.
#[derive(Debug, Clone, PartialEq)]
pub enum Selection {
    /// Products, each with a weight.
    Columns(Vec<(usize, f64)>),
    /// Sums of products: a sparse matrix, by rows.
    Sums {
        /// Entries of row `i` are `offsets[i]..offsets[i + 1]`.
        offsets: Vec<usize>,
        /// Product and weight.
        entries: Vec<(usize, f64)>,
    },
}

impl Selection {
    /// Sums of products, from `(row, product, weight)`.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn sums(n_rows: usize, mut entries: Vec<(usize, usize, f64)>) -> Result<Self, Error> {
        entries.sort_unstable_by_key(|&(row, column, _)| (row, column));
        let mut offsets = memory::with_capacity(PURPOSE, n_rows.saturating_add(1))?;
        offsets.extend((0..=n_rows).map(|row| entries.partition_point(|&(r, _, _)| r < row)));
        let entries = memory::collect(PURPOSE, entries.iter().map(|&(_, column, value)| (column, value)))?;
        Ok(Self::Sums { offsets, entries })
    }

    /// Number of features that are kept.
    pub fn n_rows(&self) -> usize {
        match self {
            Self::Columns(columns) => columns.len(),
            Self::Sums { offsets, .. } => offsets.len() - 1,
        }
    }

    /// `row = P p`
    pub fn apply(&self, p: &[f64], row: &mut [f64]) {
        self.apply_to(0..row.len(), p, row);
    }

    /// `row = P p`, for some entries of the row.
    pub fn apply_to(&self, some: Range<usize>, p: &[f64], row: &mut [f64]) {
        let out = row[some.clone()].iter_mut();
        match self {
            Self::Columns(columns) => {
                out.zip(&columns[some]).for_each(|(out, &(column, weight))| *out = weight * p[column]);
            }
            Self::Sums { offsets, entries } => {
                for (out, range) in out.zip(offsets[some.start..].windows(2)) {
                    *out = entries[range[0]..range[1]].iter().map(|&(column, value)| value * p[column]).sum();
                }
            }
        }
    }

    /// Whether an entry of the row is made of any product that `is_there`.
    pub fn needs_any(&self, entry: usize, is_there: &[bool]) -> bool {
        match self {
            Self::Columns(columns) => is_there[columns[entry].0],
            Self::Sums { offsets, entries } => {
                entries[offsets[entry]..offsets[entry + 1]].iter().any(|&(column, _)| is_there[column])
            }
        }
    }

    /// `p = Pᵀ row`
    pub fn apply_transposed(&self, row: &[f64], p: &mut [f64]) {
        p.fill(0.0);
        match self {
            Self::Columns(columns) => {
                row.iter().zip(columns).for_each(|(r, &(column, weight))| p[column] += weight * r);
            }
            Self::Sums { offsets, entries } => {
                for (r, range) in row.iter().zip(offsets.windows(2)) {
                    for &(column, value) in &entries[range[0]..range[1]] {
                        p[column] += value * r;
                    }
                }
            }
        }
    }
}
