//! How a caller names the part of a power spectrum that is kept.

use isoprint_core::descriptors::soap::Compression;
use numpy::ndarray::Ix1;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays::{self, Extent};

/// `None`, `"trivial"`, `"crossover"`, `"diagonal"`, `(nu_r, nu_s)`, or a sparse matrix `(n_rows, row, column, value)`.
pub struct CompressionName(pub Compression);

/// Row, column and value of each entry.
type Entries<'py> = (usize, Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>);

impl<'py> FromPyObject<'_, 'py> for CompressionName {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if object.is_none() {
            return Ok(Self(Compression::None));
        }
        match object.extract::<&str>() {
            Ok("trivial") => return Ok(Self(Compression::Trivial)),
            Ok("crossover") => return Ok(Self(Compression::Crossover)),
            Ok("diagonal") => return Ok(Self(Compression::Diagonal)),
            _ => {}
        }
        if let Ok((nu_r, nu_s)) = object.extract::<(u8, u8)>() {
            return Ok(Self(Compression::Factors(nu_r, nu_s)));
        }
        if let Ok(matrix) = object.extract::<Entries<'py>>() {
            return Ok(Self(from_matrix(&matrix)?));
        }
        let expected = "None, \"trivial\", \"crossover\", \"diagonal\", (nu_r, nu_s) or (n_rows, row, column, value)";
        Err(PyValueError::new_err(format!("compression is {}; expected {expected}", object.repr()?)))
    }
}

fn from_matrix((n_rows, row, column, value): &Entries<'_>) -> PyResult<Compression> {
    let row = arrays::read::<i64, Ix1>("compression row", row, &[Extent::Any("n_entries")])?;
    let row = arrays::slice("compression row", &row)?;
    let shape = [Extent::Exactly(row.len())];
    let column = arrays::read::<i64, Ix1>("compression column", column, &shape)?;
    let column = arrays::slice("compression column", &column)?;
    let value = arrays::read::<f64, Ix1>("compression value", value, &shape)?;
    let value = arrays::slice("compression value", &value)?;
    let entries = row.iter().zip(column).zip(value).map(|((&row, &column), &value)| {
        let place = (usize::try_from(row), usize::try_from(column));
        let (Ok(row), Ok(column)) = place else {
            return Err(PyValueError::new_err(format!("compression has an entry at ({row}, {column}); count from 0")));
        };
        Ok((row, column, value))
    });
    Ok(Compression::Matrix { n_rows: *n_rows, entries: entries.collect::<PyResult<_>>()? })
}
