//! numpy arrays as slices, without copies, and what to say where that is impossible.
//!
//! Arrays stay borrowed while the work runs detached from the interpreter. numpy's own users do not know of these
//! borrows: whoever writes to an input from another Python thread in the meantime gets a result computed from old
//! and new numbers. Calls of this module among each other do know: two may read one array, none may write what
//! another reads or writes.

use std::sync::Arc;

use isoprint_core::geometry::{Centers, Frames, KnownNeighbors};
use numpy::ndarray::{Array, Dimension, Ix1, Ix2, Ix3};
use numpy::{
    BorrowError, Element, PyArray, PyArrayDescrMethods, PyArrayMethods, PyReadonlyArray, PyReadwriteArray,
    PyUntypedArray, PyUntypedArrayMethods, dtype,
};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::{errors, neighbors};

/// The length of an array along one axis.
#[derive(Debug, Clone, Copy)]
pub enum Extent {
    /// Whatever it is, this is its name.
    Any(&'static str),
    /// This and no other.
    Exactly(usize),
}

use Extent::{Any, Exactly};

/// Precision of a result.
#[derive(Debug, Clone, Copy)]
pub enum Precision {
    /// As `float32`.
    Single,
    /// As `float64`.
    Double,
}

impl FromPyObject<'_, '_> for Precision {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        match object.extract::<&str>()? {
            "float32" => Ok(Self::Single),
            "float64" => Ok(Self::Double),
            other => Err(PyValueError::new_err(format!("dtype is {other:?}; expected \"float64\" or \"float32\""))),
        }
    }
}

/// The precision of an array of floating-point numbers.
pub fn precision(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Precision> {
    let py = value.py();
    let Ok(array) = value.cast::<PyUntypedArray>() else {
        return Err(explain::<f64>(name, value, &[]));
    };
    let found = array.dtype();
    if found.is_equiv_to(&dtype::<f64>(py)) {
        Ok(Precision::Double)
    } else if found.is_equiv_to(&dtype::<f32>(py)) {
        Ok(Precision::Single)
    } else {
        Err(PyTypeError::new_err(format!("{name} has dtype {found}, expected float64 or float32")))
    }
}

/// Borrows a C-contiguous array of this type and shape.
pub fn read<'py, T: Element, D: Dimension>(
    name: &str,
    value: &Bound<'py, PyAny>,
    shape: &[Extent],
) -> PyResult<PyReadonlyArray<'py, T, D>> {
    let array = typed::<T, D>(name, value, shape)?;
    array.try_readonly().map_err(|error| explain_borrow(name, &error))
}

/// Borrows a C-contiguous array of this type and shape to write to.
pub fn write<'py, T: Element, D: Dimension>(
    name: &str,
    value: &Bound<'py, PyAny>,
    shape: &[Extent],
) -> PyResult<PyReadwriteArray<'py, T, D>> {
    let array = typed::<T, D>(name, value, shape)?;
    array.try_readwrite().map_err(|error| explain_borrow(name, &error))
}

/// `data` as an array of this shape, without a copy.
pub fn new_array<T: Element, D: Dimension>(
    py: Python<'_>,
    shape: D,
    data: Vec<T>,
) -> PyResult<Bound<'_, PyArray<T, D>>> {
    let array = Array::from_shape_vec(shape, data).map_err(|error| PyValueError::new_err(error.to_string()))?;
    Ok(PyArray::from_owned_array(py, array))
}

/// Rows of three as arrays of three.
pub fn triples<T>(flat: &[T]) -> &[[T; 3]] {
    flat.as_chunks().0
}

fn typed<'a, 'py, T: Element, D: Dimension>(
    name: &str,
    value: &'a Bound<'py, PyAny>,
    shape: &[Extent],
) -> PyResult<&'a Bound<'py, PyArray<T, D>>> {
    match value.cast::<PyArray<T, D>>() {
        // A Fortran-ordered array would pass for a slice too, with its rows and columns mixed up.
        Ok(array) if fits(array.shape(), shape) && array.is_c_contiguous() => Ok(array),
        _ => Err(explain::<T>(name, value, shape)),
    }
}

fn fits(found: &[usize], expected: &[Extent]) -> bool {
    let same = |(found, expected): (&usize, &Extent)| match expected {
        Any(_) => true,
        Exactly(length) => found == length,
    };
    found.len() == expected.len() && found.iter().zip(expected).all(same)
}

/// The error about an array that [`typed`] turned down.
fn explain<T: Element>(name: &str, value: &Bound<'_, PyAny>, shape: &[Extent]) -> PyErr {
    let py = value.py();
    let Ok(array) = value.cast::<PyUntypedArray>() else {
        let found = value.get_type().name().map_or_else(|_| String::from("something else"), |name| name.to_string());
        return PyTypeError::new_err(format!(
            "{name} is a {found}, expected a numpy array of dtype {}",
            dtype::<T>(py)
        ));
    };
    if !array.dtype().is_equiv_to(&dtype::<T>(py)) {
        return PyTypeError::new_err(format!("{name} has dtype {}, expected {}", array.dtype(), dtype::<T>(py)));
    }
    if !fits(array.shape(), shape) {
        let found = array.shape().iter().map(ToString::to_string);
        let expected = shape.iter().map(|extent| match extent {
            Any(name) => (*name).to_owned(),
            Exactly(length) => length.to_string(),
        });
        return PyValueError::new_err(format!("{name} has shape {}, expected {}", tuple(found), tuple(expected)));
    }
    explain_layout(name)
}

fn explain_layout(name: &str) -> PyErr {
    PyValueError::new_err(format!("{name} is not C-contiguous and aligned; pass one that is (numpy.ascontiguousarray)"))
}

fn explain_borrow(name: &str, error: &BorrowError) -> PyErr {
    PyValueError::new_err(match error {
        BorrowError::NotWriteable => format!("{name} is read-only; pass an array that may be written to"),
        _ => format!("{name} shares memory with another argument, or with one of a call that still runs; pass a copy"),
    })
}

/// As Python writes a shape.
fn tuple(extents: impl Iterator<Item = String>) -> String {
    let extents: Vec<_> = extents.collect();
    match &extents[..] {
        [single] => format!("({single},)"),
        several => format!("({})", several.join(", ")),
    }
}

/// The numbers of a borrowed array in one slice.
pub fn slice<'a, T: Element, D: Dimension>(name: &str, array: &'a PyReadonlyArray<'_, T, D>) -> PyResult<&'a [T]> {
    array.as_slice().map_err(|_| explain_layout(name))
}

/// The numbers of a borrowed array in one slice, to write to.
pub fn slice_mut<'a, T: Element, D: Dimension>(
    name: &str,
    array: &'a mut PyReadwriteArray<'_, T, D>,
) -> PyResult<&'a mut [T]> {
    array.as_slice_mut().map_err(|_| explain_layout(name))
}

/// Rows of three truth values, which numpy keeps in bytes of any value: to Rust all but 0 and 1 are none.
fn booleans(name: &str, value: &Bound<'_, PyAny>, shape: &[Extent]) -> PyResult<Vec<[bool; 3]>> {
    typed::<bool, Ix2>(name, value, shape)?;
    let bytes = value.call_method1(intern!(value.py(), "view"), (dtype::<u8>(value.py()),))?;
    let bytes = read::<u8, Ix2>(name, &bytes, shape)?;
    Ok(triples(slice(name, &bytes)?).iter().map(|row| row.map(|byte| byte != 0)).collect())
}

type Object<'py> = Bound<'py, PyAny>;

/// The borrowed arrays of [`Frames`]: the tuple (positions, numbers, cells, pbc, offsets), and behind them, where there
/// is one or not `None`, a list of the neighbors that are known of each frame.
pub struct FrameArrays<'py> {
    positions: PyReadonlyArray<'py, f64, Ix2>,
    numbers: PyReadonlyArray<'py, i64, Ix1>,
    cells: PyReadonlyArray<'py, f64, Ix3>,
    pbc: Vec<[bool; 3]>,
    offsets: PyReadonlyArray<'py, i64, Ix1>,
    known: Vec<Arc<KnownNeighbors>>,
}

impl<'py> FromPyObject<'_, 'py> for FrameArrays<'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let parts = object.cast::<PyTuple>()?;
        let known = match parts.len() {
            6 => parts.get_item(5)?.extract::<Option<Vec<PyRef<'_, neighbors::KnownNeighbors>>>>()?,
            _ => None,
        };
        let part = |place: usize| parts.get_item(place);
        Ok(Self {
            positions: read("positions", &part(0)?, &[Any("n_atoms"), Exactly(3)])?,
            numbers: read("numbers", &part(1)?, &[Any("n_atoms")])?,
            cells: read("cells", &part(2)?, &[Any("n_frames"), Exactly(3), Exactly(3)])?,
            pbc: booleans("pbc", &part(3)?, &[Any("n_frames"), Exactly(3)])?,
            offsets: read("offsets", &part(4)?, &[Any("n_frames + 1")])?,
            known: known.into_iter().flatten().map(|known| known.list()).collect(),
        })
    }
}

impl FrameArrays<'_> {
    /// The arrays as [`Frames`].
    pub fn view(&self) -> PyResult<Frames<'_>> {
        Frames::new(
            triples(slice("positions", &self.positions)?),
            slice("numbers", &self.numbers)?,
            triples(triples(slice("cells", &self.cells)?)),
            &self.pbc,
            slice("offsets", &self.offsets)?,
        )
        .and_then(|frames| frames.with_neighbors(&self.known))
        .map_err(|error| errors::to_python(&error))
    }
}

/// The borrowed arrays of [`Centers`]: the tuple (offsets, index, points), where points may be `None`.
pub struct CenterArrays<'py> {
    offsets: PyReadonlyArray<'py, i64, Ix1>,
    index: PyReadonlyArray<'py, i64, Ix1>,
    points: Option<PyReadonlyArray<'py, f64, Ix2>>,
}

impl<'py> FromPyObject<'_, 'py> for CenterArrays<'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let (offsets, index, points) = object.extract::<(Object<'py>, Object<'py>, Object<'py>)>()?;
        let shape = [Any("n_centers"), Exactly(3)];
        Ok(Self {
            offsets: read("center offsets", &offsets, &[Any("n_frames + 1")])?,
            index: read("center index", &index, &[Any("n_centers")])?,
            points: if points.is_none() { None } else { Some(read("center points", &points, &shape)?) },
        })
    }
}

impl CenterArrays<'_> {
    /// The arrays as [`Centers`].
    pub fn view(&self, frames: &Frames<'_>) -> PyResult<Centers<'_>> {
        let points = self.points.as_ref().map_or(Ok(&[][..]), |points| slice("center points", points))?;
        let (offsets, index) = (slice("center offsets", &self.offsets)?, slice("center index", &self.index)?);
        Centers::new(frames, offsets, index, triples(points)).map_err(|error| errors::to_python(&error))
    }
}
