//! SOAP power spectra.
mod parameters;

pub use parameters::{Basis, Compression, Policy, SpeciesParameters, TurboParameters};
