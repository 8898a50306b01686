//! SOAP power spectra.
//!
//! Two fingerprints, `gaussian` (classic SOAP) and `turbo` (recursive SOAP), and one chain. A `density` is what they
//! differ in: parameters and their ranges, and the `radial_basis` that says how a neighbor at some distance enters each
//! coefficient. The `descriptor` is made of all the rest, which they share:
//!
//! | files | purpose |
//! |---|---|
//! | `site_block`, `expansion` | from sites, some at a time, to density coefficients, and back |
//! | `compression`, `convention` | which columns a user asks for, in whose order |
//! | `factor`, `layout`, `selection`, `columns` | the two factors, where their products are stored, which of these are kept |
//! | `power_spectrum` | from coefficients to features, and back |
//! | `site_terms`, `jacobian` | the derivative of every feature with respect to every site |
//! | `coefficients` | the coefficients themselves as features |

mod coefficients;
mod columns;
mod compression;
mod convention;
mod density;
mod descriptor;
mod expansion;
mod factor;
mod gaussian;
mod jacobian;
mod layout;
mod limits;
mod power_spectrum;
mod radial_basis;
mod selection;
mod site_block;
mod site_terms;
mod tables;
mod turbo;

pub use coefficients::CoefficientsOf;
pub use compression::Compression;
pub use convention::Convention;
pub use density::{Density, PowerSpectrumOptions};
pub use descriptor::{KeptSoap, SoapOf, SoapScratch};
pub use gaussian::{
    DensityCoefficients, DensityParameters, GaussianBasis, Soap, SoapParameters, WeightFunction, Weighting,
};
pub use limits::{MAX_DEGREE, MAX_FUNCTIONS};
pub use turbo::{Policy, SoapTurbo, SpeciesParameters, TurboBasis, TurboParameters};
