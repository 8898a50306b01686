//! Averages and sums over the centers of a frame.

use crate::geometry::{Centers, Frames};

/// Averages and sums over the centers of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Average {
    /// One row a center.
    Off,
    /// One row a frame: the mean of the coefficients, then contracted.
    Inner,
    /// One row a frame: the mean of the rows of its centers.
    Outer,
    /// One row a frame: the sum of the rows of its centers.
    Sum,
    /// One row a frame: the sum of the coefficients, then contracted.
    InnerSum,
}

impl Average {
    /// Whether it is taken of coefficients, before these are contracted.
    pub(super) fn is_inner(self) -> bool {
        match self {
            Self::Inner | Self::InnerSum => true,
            Self::Off | Self::Outer | Self::Sum => false,
        }
    }

    /// What each of `n_centers` centers counts for in the row of their frame.
    pub(super) fn share(self, n_centers: usize) -> f64 {
        match self {
            Self::Inner | Self::Outer => 1.0 / n_centers.max(1) as f64,
            Self::Off | Self::Sum | Self::InnerSum => 1.0,
        }
    }
}

/// Number of rows of the result.
pub fn n_rows(average: Average, frames: &Frames<'_>, centers: &Centers<'_>) -> usize {
    if average == Average::Off { centers.len() } else { frames.len() }
}
