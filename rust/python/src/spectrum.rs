//! What fingerprints made of eigenvalues have in common.

use isoprint_core::descriptors::spectrum::{Degenerate, Order, Overflow, SpectrumParameters};
use pyo3::prelude::*;

use crate::errors::unknown;

/// Parameters of every such fingerprint, as Python names them.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct SpectrumNames {
    r_cut: f64,
    exponent: u32,
    max_sites: usize,
    overflow: String,
    order: String,
    degenerate: String,
    degenerate_tol: f64,
    ignore_unknown_species: bool,
    numbers: Vec<i64>,
}

impl SpectrumNames {
    /// The number of species.
    pub fn n_species(&self) -> usize {
        self.numbers.len()
    }

    /// The same, as the core names them.
    pub fn parse(self) -> PyResult<SpectrumParameters> {
        let overflow = match self.overflow.as_str() {
            "error" => Overflow::Error,
            "truncate" => Overflow::Truncate,
            other => return Err(unknown("overflow", other, "\"error\" or \"truncate\"")),
        };
        let order = match self.order.as_str() {
            "value" => Order::Value,
            "magnitude" => Order::Magnitude,
            other => return Err(unknown("order", other, "\"value\" or \"magnitude\"")),
        };
        let degenerate = match self.degenerate.as_str() {
            "average" => Degenerate::Average,
            "raw" => Degenerate::Raw,
            "error" => Degenerate::Error,
            "directional" => Degenerate::Directional,
            other => {
                return Err(unknown("degenerate", other, "\"average\", \"raw\", \"error\" or \"directional\""));
            }
        };
        Ok(SpectrumParameters {
            r_cut: self.r_cut,
            exponent: self.exponent,
            max_sites: self.max_sites,
            overflow,
            order,
            degenerate,
            degenerate_tol: self.degenerate_tol,
            ignore_unknown_species: self.ignore_unknown_species,
            numbers: self.numbers,
        })
    }
}
