//! SOAP power spectra.
//!
//! Two fingerprints, one chain. A `density` is what they differ in: parameters and their ranges, and the `radial_basis`
//! that says how a neighbor at some distance enters each coefficient. The `descriptor` is made of all the rest, which
//! they share: `expansion`, `power_spectrum` with `compression` and `columns`, `jacobian`.

mod block;
mod columns;
mod compression;
mod density;
mod descriptor;
mod expansion;
mod gaussian;
mod jacobian;
mod power_spectrum;
mod radial_basis;
mod turbo;

pub use columns::Convention;
pub use compression::Compression;
pub use density::{Density, SpectrumOptions};
pub use descriptor::{SoapOf, SoapScratch};
pub use gaussian::{DensityParameters, GaussianBasis, Soap, SoapParameters, WeightFunction, Weighting};
pub use turbo::{Basis, Policy, SoapTurbo, SpeciesParameters, TurboParameters};

/// What is too large if memory is refused.
const WHAT: &str = "power spectrum of one center";

/// Most radial functions of one species.
pub const MAX_FUNCTIONS: usize = crate::simd::gemm::MAX_PACKS * crate::simd::LANES;
/// Largest degree of the harmonics.
pub const MAX_DEGREE: usize = 30;
