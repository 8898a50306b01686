//! Atom-centered symmetry functions.

use isoprint_core::descriptors::Descriptor as _;
use isoprint_core::descriptors::acsf::{self, AcsfParameters};
use pyo3::prelude::*;

use crate::descriptor::{Kept, methods};
use crate::{door, read};

/// Atom-centered symmetry functions.
#[pyclass(frozen, module = "isoprint._core")]
#[allow(clippy::upper_case_acronyms, reason = "Python's name for it")]
pub struct ACSF(Kept<acsf::Acsf>);

methods!(ACSF {
    #[new]
    #[pyo3(signature = (parameters, /))]
    fn new(py: Python<'_>, parameters: &Bound<'_, PyAny>) -> PyResult<Self> {
        let parameters: AcsfParameters = read::parameters(parameters)?;
        door::prepare(py, |_| acsf::Acsf::new(parameters)).map(|descriptor| Self(descriptor.into()))
    }
});
