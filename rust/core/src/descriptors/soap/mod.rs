//! SOAP power spectra.
mod basis;
mod block;
mod compression;
mod expansion;
mod integrals;
mod jacobian;
mod parameters;
mod power_spectrum;
mod radial;
mod reference;
mod turbo;

pub use parameters::{Basis, Compression, Policy, SpeciesParameters, TurboParameters};
pub use turbo::{MAX_DEGREE, MAX_FUNCTIONS, SoapTurbo, TurboScratch};
