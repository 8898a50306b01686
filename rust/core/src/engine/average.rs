//! Averages over the centers of a frame.

use crate::geometry::{Centers, Frames};

/// Averages over the centers of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Average {
    /// One row a center.
    Off,
    /// One row a frame: the mean of the coefficients, then contracted.
    Inner,
    /// One row a frame: the mean of the rows of its centers.
    Outer,
}

/// Number of rows of the result.
pub fn n_rows(average: Average, frames: &Frames<'_>, centers: &Centers<'_>) -> usize {
    match average {
        Average::Off => centers.len(),
        Average::Inner | Average::Outer => frames.len(),
    }
}
