//! SOAP power spectra.
//!
//! Two fingerprints, one chain: a `profile` says how a neighbor at some distance enters each coefficient; from there
//! on (`expansion`, `power_spectrum`, `compression`, `columns`, `jacobian`) they are the same.

mod basis;
mod block;
mod columns;
mod compression;
mod expansion;
mod gaussian;
mod integrals;
mod jacobian;
mod parameters;
mod power_spectrum;
mod profile;
mod radial;
mod reference;
mod turbo;
pub(super) mod validate;

pub use gaussian::{DensityParameters, Soap, SoapParameters, SoapScratch, WeightFunction, Weighting};
pub use integrals::GaussianBasis;
pub use parameters::{Basis, Compression, Convention, Policy, SpeciesParameters, TurboParameters};
pub use turbo::{SoapTurbo, TurboScratch};

/// Most radial functions of one species.
pub const MAX_FUNCTIONS: usize = crate::simd::gemm::MAX_PACKS * crate::simd::LANES;
/// Largest degree of the harmonics.
pub const MAX_DEGREE: usize = 30;
