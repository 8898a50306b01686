//! Numbers in, numbers out.

pub mod bessel;
pub mod cutoff;
pub mod double_double;
pub mod eigen;
pub mod extended;
pub mod harmonics;
pub mod orthogonal;
pub mod piecewise;
pub mod quadrature;
pub mod smeared_grid;
pub mod transport;
