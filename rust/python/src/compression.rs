//! The sparse matrix that combines the components of a power spectrum, in arrays: it may have many entries.

use isoprint_core::descriptors::soap::Compression;
use numpy::ndarray::Ix1;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays::{self, Extent};

/// A matrix `(n_rows, row, column, value)`.
pub struct CompressionMatrix(Compression);

/// Row, column and value of each entry.
type Entries<'py> = (usize, Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>);

impl CompressionMatrix {
    /// Puts a matrix, if there is one, in the place of a compression by name.
    pub fn replace(matrix: Option<Self>, compression: &mut Compression) {
        if let Some(Self(matrix)) = matrix {
            *compression = matrix;
        }
    }
}

impl<'py> FromPyObject<'_, 'py> for CompressionMatrix {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        from_entries(&object.extract::<Entries<'py>>()?).map(Self)
    }
}

fn from_entries((n_rows, row, column, value): &Entries<'_>) -> PyResult<Compression> {
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
