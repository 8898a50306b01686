//! SOAP power spectra.
mod basis;
mod block;
mod columns;
mod compression;
mod expansion;
mod integrals;
mod jacobian;
mod parameters;
mod power_spectrum;
mod profile;
mod radial;
mod reference;
mod turbo;

pub use parameters::{Basis, Compression, Convention, Policy, SpeciesParameters, TurboParameters};
pub use turbo::{MAX_DEGREE, MAX_FUNCTIONS, SoapTurbo, TurboScratch};
