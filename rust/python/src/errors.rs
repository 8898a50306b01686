//! The Python name of every error.

use isoprint_core::Error;
use isoprint_core::error::Part;
use pyo3::create_exception;
use pyo3::exceptions::{PyKeyboardInterrupt, PyMemoryError, PyValueError};
use pyo3::prelude::*;

create_exception!(isoprint._core, ParameterError, PyValueError, "A parameter out of range: see its attributes.");

/// The exception that tells `error` to Python.
pub fn to_python(error: &Error) -> PyErr {
    let message = error.to_string();
    match error {
        Error::Memory { .. } => PyMemoryError::new_err(message),
        Error::Interrupted => PyKeyboardInterrupt::new_err(message),
        Error::Parameter { name, part, value, remedy } => out_of_range(message, name, *part, value, remedy),
        _ => PyValueError::new_err(message),
    }
}

/// The message in its parts, for whoever knows what a user wrote: `name`, `element` or `function`, `value`, `remedy`.
fn out_of_range(message: String, name: &str, part: Option<Part>, value: &str, remedy: &str) -> PyErr {
    let (element, function) = match part {
        Some(Part::Element(number)) => (Some(number), None),
        Some(Part::Function(place)) => (None, Some(place)),
        None => (None, None),
    };
    let error = ParameterError::new_err(message);
    let named = Python::try_attach(|py| {
        let parts = error.value(py);
        parts.setattr("name", name)?;
        parts.setattr("element", element)?;
        parts.setattr("function", function)?;
        parts.setattr("value", value)?;
        parts.setattr("remedy", remedy)
    });
    match named {
        Some(Err(failure)) => failure,
        _ => error,
    }
}
