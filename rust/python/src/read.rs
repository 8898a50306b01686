//! Parameters in a mapping of Python's, as the core knows them.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use serde::Deserialize;

/// The parameters that a mapping spells out.
///
/// Whether they are in range is the core's business. What is no mapping, has other keys or values of another kind, is a
/// `TypeError` or a `ValueError`.
pub fn parameters<'a, T: Deserialize<'a>>(mapping: &'a Bound<'_, PyAny>) -> PyResult<T> {
    pythonize::depythonize(mapping).map_err(|error| {
        let (py, error) = (mapping.py(), PyErr::from(error));
        if error.is_instance_of::<PyTypeError>(py) || error.is_instance_of::<PyValueError>(py) {
            error
        } else {
            PyValueError::new_err(error.value(py).to_string())
        }
    })
}
