//! Eigenvalues of the Coulomb matrix.

use isoprint_core::descriptors::Descriptor as _;
use isoprint_core::descriptors::coulomb_matrix;
use pyo3::prelude::*;

use crate::descriptor::{Kept, methods};
use crate::door;
use crate::spectrum::SpectrumNames;

/// Spectrum of the Coulomb matrix of an environment.
#[pyclass(frozen, module = "isoprint._core")]
pub struct CoulombMatrix(Kept<coulomb_matrix::CoulombMatrix>);

methods!(CoulombMatrix {
    #[new]
    #[pyo3(signature = (*, spectrum, r_core))]
    fn new(py: Python<'_>, spectrum: SpectrumNames, r_core: f64) -> PyResult<Self> {
        let parameters = spectrum.parse()?;
        door::prepare(py, |_| coulomb_matrix::CoulombMatrix::new(parameters, r_core)).map(|descriptor| Self(descriptor.into()))
    }
});
