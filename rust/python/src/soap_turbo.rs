//! Recursive SOAP.

use isoprint_core::descriptors::Descriptor as _;
use isoprint_core::descriptors::soap::{self, Basis, Policy, SpeciesParameters, TurboParameters};
use numpy::PyReadonlyArray2;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::compression::CompressionName;
use crate::descriptor::{Kept, methods};
use crate::door;
use crate::errors::unknown;

/// Recursive SOAP with separable widths (`soap_turbo`).
#[pyclass(frozen, module = "isoprint._core")]
pub struct SoapTurbo(Kept<soap::SoapTurbo>);

methods!(SoapTurbo {
    #[new]
    #[pyo3(signature = (
        *, r_cut, r_soft, l_max, filter_decay, radial_enhancement, basis, policy, compression, normalize,
        ignore_unknown_species, numbers, n_max, sigma_r, sigma_t, sigma_r_scaling, sigma_t_scaling, amplitude_scaling,
        central_weight, basis_matrix
    ))]
    fn new(
        py: Python<'_>,
        r_cut: f64,
        r_soft: f64,
        l_max: usize,
        filter_decay: f64,
        radial_enhancement: u8,
        basis: &str,
        policy: &str,
        compression: CompressionName,
        normalize: bool,
        ignore_unknown_species: bool,
        numbers: Vec<i64>,
        n_max: Vec<usize>,
        sigma_r: Vec<f64>,
        sigma_t: Vec<f64>,
        sigma_r_scaling: Vec<f64>,
        sigma_t_scaling: Vec<f64>,
        amplitude_scaling: Vec<f64>,
        central_weight: Vec<f64>,
        basis_matrix: Vec<Option<PyReadonlyArray2<'_, f64>>>,
    ) -> PyResult<Self> {
        let n_species = numbers.len();
        let lengths = [
            ("n_max", n_max.len()),
            ("sigma_r", sigma_r.len()),
            ("sigma_t", sigma_t.len()),
            ("sigma_r_scaling", sigma_r_scaling.len()),
            ("sigma_t_scaling", sigma_t_scaling.len()),
            ("amplitude_scaling", amplitude_scaling.len()),
            ("central_weight", central_weight.len()),
            ("basis_matrix", basis_matrix.len()),
        ];
        for (name, length) in lengths {
            if length != n_species {
                return Err(PyValueError::new_err(format!("{name} has {length} entries for {n_species} species")));
            }
        }
        let species = (0..n_species).map(|s| SpeciesParameters {
            number: numbers[s],
            n_max: n_max[s],
            sigma_r: sigma_r[s],
            sigma_t: sigma_t[s],
            sigma_r_scaling: sigma_r_scaling[s],
            sigma_t_scaling: sigma_t_scaling[s],
            amplitude_scaling: amplitude_scaling[s],
            central_weight: central_weight[s],
            // In logical order whatever the layout.
            basis_matrix: basis_matrix[s].as_ref().map(|matrix| matrix.as_array().iter().copied().collect()),
        });
        let parameters = TurboParameters {
            r_cut,
            r_soft,
            l_max,
            filter_decay,
            radial_enhancement,
            basis: parse_basis(basis)?,
            policy: parse_policy(policy)?,
            compression: compression.0,
            normalize,
            ignore_unknown_species,
            species: species.collect(),
        };
        door::prepare(py, |stop| soap::SoapTurbo::interruptible(parameters, stop)).map(|descriptor| Self(descriptor.into()))
    }
});

fn parse_basis(name: &str) -> PyResult<Basis> {
    match name {
        "poly3" => Ok(Basis::Poly3),
        "poly3gauss" => Ok(Basis::Poly3Gauss),
        "jacobi" => Ok(Basis::Jacobi),
        _ => Err(unknown("basis", name, "\"poly3\", \"poly3gauss\" or \"jacobi\"")),
    }
}

fn parse_policy(name: &str) -> PyResult<Policy> {
    match name {
        "exact" => Ok(Policy::Exact),
        "reference" => Ok(Policy::Reference),
        _ => Err(unknown("policy", name, "\"exact\" or \"reference\"")),
    }
}
