//! Eigenvalues of the overlap matrix.

use isoprint_core::descriptors::Descriptor as _;
use isoprint_core::descriptors::overlap_matrix::{self, Shell};
use isoprint_core::descriptors::spectrum::Metric;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::descriptor::{Kept, methods};
use crate::door;
use crate::errors::unknown;
use crate::spectrum::SpectrumNames;

/// Overlap-matrix fingerprint.
#[pyclass(frozen, module = "isoprint._core")]
pub struct OverlapMatrix(Kept<overlap_matrix::OverlapMatrix>);

methods!(OverlapMatrix {
    #[new]
    #[pyo3(signature = (*, spectrum, shells, contracted))]
    fn new(
        py: Python<'_>,
        spectrum: SpectrumNames,
        shells: Vec<(usize, Vec<f64>)>,
        contracted: Option<String>,
    ) -> PyResult<Self> {
        for (_, width) in &shells {
            if width.len() != spectrum.n_species() {
                return Err(PyValueError::new_err(format!(
                    "shells has {} widths for {} species",
                    width.len(),
                    spectrum.n_species()
                )));
            }
        }
        let metric = match contracted.as_deref() {
            None => None,
            Some("overlap") => Some(Metric::Overlap),
            Some("modulated") => Some(Metric::Modulated),
            Some(other) => return Err(unknown("contracted", other, "None, \"overlap\" or \"modulated\"")),
        };
        let shells: Vec<Shell> = shells.into_iter().map(|(l, width)| Shell { l, width }).collect();
        let parameters = spectrum.parse()?;
        door::prepare(py, |_| overlap_matrix::OverlapMatrix::new(parameters, &shells, metric))
            .map(|descriptor| Self(descriptor.into()))
    }
});
