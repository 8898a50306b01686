//! Eigenvalues of the overlap matrix.

use isoprint_core::descriptors::Descriptor as _;
use isoprint_core::descriptors::overlap_matrix::{self, OverlapMatrixParameters};
use pyo3::prelude::*;

use crate::descriptor::{Kept, methods};
use crate::{door, read};

/// Overlap-matrix fingerprint.
#[pyclass(frozen, module = "isoprint._core")]
pub struct OverlapMatrix(Kept<overlap_matrix::OverlapMatrix>);

methods!(OverlapMatrix {
    #[new]
    #[pyo3(signature = (parameters, /))]
    fn new(py: Python<'_>, parameters: &Bound<'_, PyAny>) -> PyResult<Self> {
        let parameters: OverlapMatrixParameters = read::parameters(parameters)?;
        door::prepare(py, |_| overlap_matrix::OverlapMatrix::new(parameters)).map(|descriptor| Self(descriptor.into()))
    }
});
