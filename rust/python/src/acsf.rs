//! Atom-centered symmetry functions.

use isoprint_core::descriptors::Descriptor as _;
use isoprint_core::descriptors::acsf::{self, AcsfParameters, AcsfSpecies, Angular, Function, Kind, Radial};
use isoprint_core::math::cutoff::CutoffFunction;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::descriptor::{Kept, methods};
use crate::door;
use crate::errors::unknown;

/// Atom-centered symmetry functions.
#[pyclass(frozen, module = "isoprint._core")]
#[allow(clippy::upper_case_acronyms, reason = "Python's name for it")]
pub struct ACSF(Kept<acsf::Acsf>);

/// Kind, its numbers, cutoff, channels (none: all).
type FunctionName = (String, Vec<f64>, f64, Vec<u8>);

methods!(ACSF {
    #[new]
    #[pyo3(signature = (*, cutoff_function, alpha, ignore_unknown_species, numbers, weights, functions))]
    fn new(
        py: Python<'_>,
        cutoff_function: &str,
        alpha: f64,
        ignore_unknown_species: bool,
        numbers: Vec<i64>,
        weights: Vec<Option<f64>>,
        functions: Vec<FunctionName>,
    ) -> PyResult<Self> {
        if weights.len() != numbers.len() {
            let (given, expected) = (weights.len(), numbers.len());
            return Err(PyValueError::new_err(format!("weights has {given} entries for {expected} species")));
        }
        let species = numbers.iter().zip(weights).map(|(&number, weight)| AcsfSpecies {
            // A negative number stands for every element.
            number: Some(number).filter(|&number| number >= 0),
            weight,
        });
        let parameters = AcsfParameters {
            cutoff_function: parse_cutoff_function(cutoff_function)?,
            alpha,
            ignore_unknown_species,
            species: species.collect(),
            functions: functions.iter().map(parse_function).collect::<PyResult<_>>()?,
        };
        door::prepare(py, |_| acsf::Acsf::new(parameters)).map(|descriptor| Self(descriptor.into()))
    }
});

fn parse_cutoff_function(name: &str) -> PyResult<CutoffFunction> {
    match name {
        "hard" => Ok(CutoffFunction::Hard),
        "cos" => Ok(CutoffFunction::Cosine),
        "tanh3" => Ok(CutoffFunction::Tanh),
        "tanh3_norm" => Ok(CutoffFunction::NormalizedTanh),
        "exp" => Ok(CutoffFunction::Exponential),
        "poly1" => Ok(CutoffFunction::Polynomial(1)),
        "poly2" => Ok(CutoffFunction::Polynomial(2)),
        "poly3" => Ok(CutoffFunction::Polynomial(3)),
        "poly4" => Ok(CutoffFunction::Polynomial(4)),
        _ => Err(unknown(
            "cutoff_function",
            name,
            "\"hard\", \"cos\", \"tanh3\", \"tanh3_norm\", \"exp\", \"poly1\", \"poly2\", \"poly3\" or \"poly4\"",
        )),
    }
}

fn parse_function((kind, numbers, r_cut, channels): &FunctionName) -> PyResult<Function> {
    let radial = |shape| match channels[..] {
        [] => Ok(Kind::Radial(shape, None)),
        [channel] => Ok(Kind::Radial(shape, Some(channel))),
        _ => Err(PyValueError::new_err(format!("{kind} has {} channels, expected one or none", channels.len()))),
    };
    let angular = |shape| match channels[..] {
        [] => Ok(Kind::Angular(shape, None)),
        [a, b] => Ok(Kind::Angular(shape, Some((a, b)))),
        _ => Err(PyValueError::new_err(format!("{kind} has {} channels, expected two or none", channels.len()))),
    };
    let kind = match (kind.as_str(), &numbers[..]) {
        ("g1", []) => radial(Radial::Cutoff)?,
        ("g2", &[eta, shift]) => radial(Radial::Gaussian { eta, shift })?,
        ("g3", &[kappa]) => radial(Radial::Cosine { kappa })?,
        ("g4", &[eta, zeta, lambda, shift]) => angular(Angular { eta, zeta, lambda, shift, wide: false })?,
        ("g5", &[eta, zeta, lambda, shift]) => angular(Angular { eta, zeta, lambda, shift, wide: true })?,
        _ => {
            let expected = "\"g1\", \"g2\", \"g3\", \"g4\" or \"g5\", with 0, 2, 1, 4 or 4 numbers";
            return Err(unknown("kind of a function", kind, expected));
        }
    };
    Ok(Function { kind, r_cut: *r_cut })
}
