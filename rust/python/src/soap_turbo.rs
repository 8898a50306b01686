//! Recursive SOAP.

use isoprint_core::descriptors::Descriptor as _;
use isoprint_core::descriptors::soap::{self, TurboParameters};
use pyo3::prelude::*;

use crate::compression::Matrix;
use crate::descriptor::{Kept, methods};
use crate::{door, read};

/// Recursive SOAP with separable widths (`soap_turbo`).
#[pyclass(frozen, module = "isoprint._core")]
pub struct SoapTurbo(Kept<soap::SoapTurbo>);

methods!(SoapTurbo {
    #[new]
    #[pyo3(signature = (parameters, /, matrix=None))]
    fn new(py: Python<'_>, parameters: &Bound<'_, PyAny>, matrix: Option<Matrix>) -> PyResult<Self> {
        let mut parameters: TurboParameters = read::parameters(parameters)?;
        Matrix::replace(matrix, &mut parameters.compression);
        door::prepare(py, |stop| soap::SoapTurbo::interruptible(parameters, stop))
            .map(|descriptor| Self(descriptor.into()))
    }
});
