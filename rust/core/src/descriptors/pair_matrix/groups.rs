//! Eigenvalues that cannot be told apart.
//!
//! Single eigenvalues of a degenerate group have no derivatives of their own, but their sum has.

use serde::Deserialize;

use crate::descriptors::Refusal;

/// Conventions for the derivative of a degenerate eigenvalue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Degenerate {
    /// Derivative of the mean of the group.
    Average,
    /// Derivative along the eigenvector that the solver happened to find.
    Raw,
    /// An error.
    Error,
    /// Derivative of the mean; along one displacement the exact one-sided derivative of the sorted eigenvalues.
    Directional,
}

/// Rounding errors of eigenvalues, in units of the largest magnitude: degenerate ones of symmetric crystals with
/// hundreds of orbitals come out at most 17 epsilon apart.
const ROUNDING: f64 = 128.0 * f64::EPSILON;

/// Eigenvalues that differ by more than this share of the larger one are distinct, however small they are.
const SHARE: f64 = 0.25;
/// A tolerance above this is there to join what is distinct.
const COARSE: f64 = 1e-3;

/// Test for degeneracy: eigenvalues that are distinct have derivatives of their own.
///
/// Eigenvalues are distinct that differ by more than `tolerance` or, unless that is coarse, by more than [`SHARE`] of
/// the larger one: small is not degenerate. Differences that rounding can make count for nothing, unless `tolerance` is
/// zero.
#[derive(Debug, Clone, Copy)]
struct Apart {
    tolerance: f64,
    floor: f64,
}

impl Apart {
    /// For eigenvalues that are sorted in either direction.
    fn new(values: &[f64], tolerance: f64) -> Self {
        let ends = values.first().into_iter().chain(values.last());
        let largest = ends.fold(0.0_f64, |largest, value| largest.max(value.abs()));
        Self { tolerance, floor: if tolerance > 0.0 { ROUNDING * largest } else { 0.0 } }
    }

    fn are(self, a: f64, b: f64) -> bool {
        let larger = a.abs().max(b.abs());
        let distinct = if self.tolerance > COARSE { f64::INFINITY } else { SHARE * larger };
        (a - b).abs() > self.tolerance.min(distinct).max(self.floor)
    }
}

/// Ranges of eigenvalues, sorted in either direction, whose neighbors are not apart.
pub fn groups(values: &[f64], tolerance: f64) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
    let apart = Apart::new(values, tolerance);
    let mut start = 0;
    std::iter::from_fn(move || {
        if start >= values.len() {
            return None;
        }
        let end = (start + 1..values.len()).find(|&k| apart.are(values[k - 1], values[k])).unwrap_or(values.len());
        let group = start..end;
        start = end;
        Some(group)
    })
}

/// The error for eigenvalues that form a group of several.
pub fn refuse(values: &[f64], tolerance: f64) -> Result<(), Refusal> {
    match groups(values, tolerance).find(|group| group.len() > 1) {
        None => Ok(()),
        Some(group) => {
            let (first, second) = (group.start, group.start + 1);
            Err(Refusal::Degenerate { first, second, gap: (values[first] - values[second]).abs() })
        }
    }
}

/// Replaces each entry by the mean of its group.
pub fn average(entries: &mut [f64], values: &[f64], tolerance: f64) {
    for group in groups(values, tolerance).filter(|group| group.len() > 1) {
        let entries = &mut entries[group];
        let mean = entries.iter().sum::<f64>() / entries.len() as f64;
        entries.fill(mean);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbors_that_are_close_join() {
        let values = [3.0, 2.0, 1.5, 1.0, 0.0, 0.0];
        let found: Vec<_> = groups(&values, 0.6).collect();
        assert_eq!(found, [0..1, 1..4, 4..6]);
        assert_eq!(groups(&[], 1.0).count(), 0);
        let mut entries = [1.0, 2.0, 3.0, 4.0, 5.0, 7.0];
        average(&mut entries, &values, 0.6);
        assert_eq!(entries, [1.0, 3.0, 3.0, 3.0, 6.0, 6.0]);
        assert!(refuse(&values[..2], 0.6).is_ok());
        assert!(matches!(refuse(&values, 0.1), Err(Refusal::Degenerate { first: 4, second: 5, .. })));
    }
    #[test]
    fn small_is_not_degenerate() {
        let alone = |values: &[f64]| groups(values, 1e-8).all(|group| group.len() == 1);
        assert!(alone(&[4.0, 1.0, 7.0e-9, 3.7e-9, 1e-11]));
        assert!(alone(&[4e-30, 1e-30, 3e-38]));
        assert!(alone(&[-1.0, -3e-9, 2e-9]));
        assert!(!alone(&[4.0, 1e-7, 9.5e-8]));
        assert!(!alone(&[4000.0, 4000.0 - 9e-9]));
        assert!(alone(&[4000.0, 4000.0 - 1e-6]));
        // Rounding may have done this.
        assert!(!alone(&[4.0, 1e-13, 2e-14]));
        assert!(groups(&[4.0, 1e-13, 2e-14, 2e-14], 0.0).eq([0..1, 1..2, 2..4]));
    }
}
