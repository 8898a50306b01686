//! Eigenvalues that cannot be told apart.
//!
//! Single eigenvalues of a degenerate group have no derivatives of their own, but their sum has.

use crate::descriptors::Refusal;

/// What the derivative of a degenerate eigenvalue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Degenerate {
    /// That of the mean of its group.
    Average,
    /// Whatever the eigenvector says that was found.
    Raw,
    /// An error.
    Error,
    /// That of the mean, but along one displacement the exact one-sided derivative of the sorted eigenvalues.
    Directional,
}

/// Ranges of eigenvalues, sorted in either direction, whose neighbors are at most `tolerance` apart.
pub fn groups(values: &[f64], tolerance: f64) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
    let mut start = 0;
    std::iter::from_fn(move || {
        if start >= values.len() {
            return None;
        }
        let apart = |k: &usize| (values[k - 1] - values[*k]).abs() > tolerance;
        let end = (start + 1..values.len()).find(apart).unwrap_or(values.len());
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
}
