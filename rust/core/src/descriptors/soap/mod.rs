//! SOAP power spectra.
//!
//! Two fingerprints, one chain: a `profile` says how a neighbor at some distance enters each coefficient; from there
//! on (`expansion`, `power_spectrum`, `compression`, `columns`, `jacobian`) they are the same.

mod block;
mod columns;
mod compression;
mod expansion;
mod gaussian;
mod jacobian;
mod power_spectrum;
mod profile;
mod turbo;

pub use columns::Convention;
pub use compression::Compression;
pub use gaussian::{DensityParameters, GaussianBasis, Soap, SoapParameters, SoapScratch, WeightFunction, Weighting};
pub use turbo::{Basis, Policy, SoapTurbo, SpeciesParameters, TurboParameters, TurboScratch};

/// What is too large if memory is refused.
const WHAT: &str = "power spectrum of one center";

/// Most radial functions of one species.
pub const MAX_FUNCTIONS: usize = crate::simd::gemm::MAX_PACKS * crate::simd::LANES;
/// Largest degree of the harmonics.
pub const MAX_DEGREE: usize = 30;
