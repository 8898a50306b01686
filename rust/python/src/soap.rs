//! Classic SOAP.

use isoprint_core::descriptors::Descriptor as _;
use isoprint_core::descriptors::soap::{
    self, Convention, DensityParameters, GaussianBasis, SoapParameters, WeightFunction, Weighting,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::compression::CompressionName;
use crate::descriptor::{Kept, methods};
use crate::door;
use crate::errors::unknown;

/// SOAP with three-dimensional Gaussians.
#[pyclass(frozen, module = "isoprint._core")]
#[allow(clippy::upper_case_acronyms, reason = "Python's name for it")]
pub struct SOAP(Kept<soap::Soap>);

/// Function, `r0`, `c`, `d`, `m` and the weight at the center.
type WeightingName = (String, f64, f64, f64, f64, Option<f64>);

methods!(SOAP {
    #[new]
    #[pyo3(signature = (
        *, r_cut, padding, n_max, l_max, basis, basis_error_exponent, cutoff_width, weighting, convention, compression,
        normalize, center_everywhere, constant, accuracy, ignore_unknown_species, numbers, sigma, species_weight,
        central_weight
    ))]
    fn new(
        py: Python<'_>,
        r_cut: f64,
        padding: f64,
        n_max: usize,
        l_max: usize,
        basis: &str,
        basis_error_exponent: f64,
        cutoff_width: f64,
        weighting: Option<WeightingName>,
        convention: &str,
        compression: CompressionName,
        normalize: bool,
        center_everywhere: bool,
        constant: Option<f64>,
        accuracy: f64,
        ignore_unknown_species: bool,
        numbers: Vec<i64>,
        sigma: Vec<f64>,
        species_weight: Vec<f64>,
        central_weight: Vec<f64>,
    ) -> PyResult<Self> {
        let n_species = numbers.len();
        let lengths = [
            ("sigma", sigma.len()),
            ("species_weight", species_weight.len()),
            ("central_weight", central_weight.len()),
        ];
        for (name, length) in lengths {
            if length != n_species {
                return Err(PyValueError::new_err(format!("{name} has {length} entries for {n_species} species")));
            }
        }
        let species = (0..n_species).map(|s| DensityParameters {
            // A negative number stands for every element.
            number: Some(numbers[s]).filter(|&number| number >= 0),
            sigma: sigma[s],
            weight: species_weight[s],
            central_weight: central_weight[s],
        });
        let parameters = SoapParameters {
            r_cut,
            padding,
            n_max,
            l_max,
            basis: parse_basis(basis)?,
            basis_error_exponent,
            cutoff_width,
            weighting: weighting.map(parse_weighting).transpose()?,
            convention: parse_convention(convention)?,
            compression: compression.0,
            normalize,
            center_everywhere,
            constant,
            accuracy,
            ignore_unknown_species,
            species: species.collect(),
        };
        door::prepare(py, |stop| soap::Soap::interruptible(parameters, stop)).map(|descriptor| Self(descriptor.into()))
    }

    /// Error of values and slopes of the radial functions, relative to their largest value.
    #[getter]
    fn accuracy(&self) -> f64 {
        self.0.accuracy()
    }
});

fn parse_basis(name: &str) -> PyResult<GaussianBasis> {
    match name {
        "gto" => Ok(GaussianBasis::Gto),
        "polynomial" => Ok(GaussianBasis::Polynomial),
        "equispaced" => Ok(GaussianBasis::Equispaced),
        "gto_featomic" => Ok(GaussianBasis::GtoFeatomic),
        "gto_quip" => Ok(GaussianBasis::GtoQuip),
        "polynomial_quip" => Ok(GaussianBasis::PolynomialQuip),
        _ => Err(unknown(
            "basis",
            name,
            "\"gto\", \"polynomial\", \"equispaced\", \"gto_featomic\", \"gto_quip\" or \"polynomial_quip\"",
        )),
    }
}

fn parse_convention(name: &str) -> PyResult<Convention> {
    match name {
        "isoprint" => Ok(Convention::Isoprint),
        "quip" => Ok(Convention::Quip),
        "dscribe" => Ok(Convention::Dscribe),
        "featomic" => Ok(Convention::Featomic),
        _ => Err(unknown("convention", name, "\"isoprint\", \"quip\", \"dscribe\" or \"featomic\"")),
    }
}

fn parse_weighting((name, r0, c, d, m, at_center): WeightingName) -> PyResult<Weighting> {
    let function = match name.as_str() {
        "poly" => WeightFunction::Polynomial,
        "pow" => WeightFunction::Power,
        "exp" => WeightFunction::Exponential,
        _ => return Err(unknown("function of weighting", &name, "\"poly\", \"pow\" or \"exp\"")),
    };
    Ok(Weighting { function, r0, c, d, m, at_center })
}
