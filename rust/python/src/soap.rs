//! Classic SOAP.

use isoprint_core::descriptors::Descriptor as _;
use isoprint_core::descriptors::soap::{self, SoapParameters};
use pyo3::prelude::*;

use crate::compression::Matrix;
use crate::descriptor::{Kept, methods};
use crate::{door, read};

/// SOAP with three-dimensional Gaussians.
#[pyclass(frozen, module = "isoprint._core")]
#[allow(clippy::upper_case_acronyms, reason = "Python's name for it")]
pub struct SOAP(Kept<soap::Soap>);

methods!(SOAP {
    #[new]
    #[pyo3(signature = (parameters, /, matrix=None))]
    fn new(py: Python<'_>, parameters: &Bound<'_, PyAny>, matrix: Option<Matrix>) -> PyResult<Self> {
        let mut parameters: SoapParameters = read::parameters(parameters)?;
        Matrix::replace(matrix, &mut parameters.compression);
        door::prepare(py, |stop| soap::Soap::interruptible(parameters, stop)).map(|descriptor| Self(descriptor.into()))
    }

    /// Error of values and slopes of the radial functions, relative to their largest value.
    #[getter]
    fn accuracy(&self) -> f64 {
        self.0.accuracy()
    }
});
