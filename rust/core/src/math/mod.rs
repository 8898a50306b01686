//! Numbers in, numbers out.

pub mod bessel;
pub mod cutoff;
pub mod eigen;
pub mod extended;
pub mod harmonics;
pub mod piecewise;
pub mod quadrature;
