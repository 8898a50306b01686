//! Eigenvalues of the Coulomb matrix.

use isoprint_core::descriptors::Descriptor as _;
use isoprint_core::descriptors::coulomb_matrix::{self, CoulombMatrixParameters};
use pyo3::prelude::*;

use crate::descriptor::{Kept, methods};
use crate::{door, read};

/// Spectrum of the Coulomb matrix of an environment.
#[pyclass(frozen, module = "isoprint._core")]
pub struct CoulombMatrix(Kept<coulomb_matrix::CoulombMatrix>);

methods!(CoulombMatrix {
    #[new]
    #[pyo3(signature = (parameters, /))]
    fn new(py: Python<'_>, parameters: &Bound<'_, PyAny>) -> PyResult<Self> {
        let parameters: CoulombMatrixParameters = read::parameters(parameters)?;
        door::prepare(py, |_| coulomb_matrix::CoulombMatrix::new(parameters)).map(|descriptor| Self(descriptor.into()))
    }
});
