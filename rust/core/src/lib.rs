//! Atomic fingerprints: the surroundings of an atom as a vector, with exact derivatives.
//!
//! This crate knows no Python, no files and no globals. The modules, in reading order:
//!
//! * [`geometry`]: which sites does a center see?
//! * [`descriptors`]: what does a fingerprint make of the sites of one center?
//! * [`engine`]: loops over centers and frames, forward and back; the module that owns the threads.
//! * [`math`]: special functions, quadrature, polynomials: numbers in, numbers out.
//! * [`simd`]: eight lanes at a time on whatever the processor offers; the only module with `unsafe`.
//!
//! Everywhere, work that may take long can be told to [`Stop`], and memory that grows with the input can be refused.
//!
//! # Conventions
//!
//! Lengths are in Å. Cell vectors are the rows of a `[[f64; 3]; 3]`. A derivative is d feature / d Å.
//! `lm` stands for `l * l + l + m`. Strain `ε` moves every point `x` (a row) to `x (1 + ε)`.

#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod descriptors;
pub mod engine;
pub mod error;
pub mod geometry;
pub mod math;
pub mod memory;
pub mod simd;
mod stop;

pub use error::Error;
pub use stop::Stop;

/// Reference numbers for unit tests of what is not public.
#[cfg(test)]
#[path = "../tests/golden/mod.rs"]
mod golden;
