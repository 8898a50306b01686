//! Atomic fingerprints: the surroundings of an atom as a vector, with exact derivatives.
//!
//! This crate knows no Python and no files, and no globals but caches of tables. The modules, in reading order:
//!
//! * [`geometry`]: which sites does a center see?
//! * [`descriptors`]: what does a fingerprint make of the sites of one center?
//! * [`engine`]: loops over centers and frames, forward and back, on the threads that a caller lends it.
//! * [`math`]: special functions, quadrature, polynomials: numbers in, numbers out.
//! * [`simd`]: eight lanes at a time on whatever the processor offers; the only module with `unsafe`.
//!
//! * [`memory`], [`Stop`] and [`error`], below all of these: memory that grows with the input can be refused, work that
//!   may take long can be told to stop, and what a user can cause is an error that says so.
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
