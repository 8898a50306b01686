//! Fingerprints made of eigenvalues.

use isoprint_core::descriptors::spectrum::{Degenerate, Order, Overflow, SpectrumParameters};

/// Two species.
pub fn parameters() -> SpectrumParameters {
    SpectrumParameters {
        r_cut: 4.0,
        exponent: 2,
        max_sites: 30,
        overflow: Overflow::Error,
        order: Order::Value,
        degenerate: Degenerate::Average,
        degenerate_tol: 1e-8,
        ignore_unknown_species: false,
        numbers: vec![6, 1],
    }
}
