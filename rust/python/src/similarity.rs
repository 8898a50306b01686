//! Rows among each other: similarities of structures, and samples of points.

use isoprint_core::engine::{self, FarthestPoints, Matching, Similarities};
use isoprint_core::math::transport::{EntropicOptions, Until};
use numpy::PyArray1;
use numpy::ndarray::{Ix1, Ix2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays::{self, Extent, Precision};
use crate::door::{self, CallOptions};

/// Writes the similarity of each pair of structures into `out`, from those of their environments.
///
/// `matching` is `None` for the mean, or `(alpha, limit, whether that is of marginals, most iterations)`, in which an `alpha`
/// of zero asks for a best match. Where there is an adjoint, the similarities are replaced by derivatives. Returns for how
/// many pairs iterations did not end.
#[pyfunction]
#[pyo3(signature = (similarities, rows, columns, out, *, matching, adjoint, upper_half, threads))]
pub fn match_structures(
    py: Python<'_>,
    similarities: &Bound<'_, PyAny>,
    rows: &Bound<'_, PyAny>,
    columns: &Bound<'_, PyAny>,
    out: &Bound<'_, PyAny>,
    matching: Option<(f64, f64, bool, usize)>,
    adjoint: Option<Bound<'_, PyAny>>,
    upper_half: bool,
    threads: usize,
) -> PyResult<usize> {
    let (rows, columns) = (offsets("rows", rows)?, offsets("columns", columns)?);
    let shape = [Extent::Exactly(last(&rows)), Extent::Exactly(last(&columns))];
    let mut values = arrays::write::<f64, Ix2>("similarities", similarities, &shape)?;
    let shape = [Extent::Exactly(rows.len() - 1), Extent::Exactly(columns.len() - 1)];
    let mut out = arrays::write::<f64, Ix2>("out", out, &shape)?;
    let adjoint = adjoint.map(|adjoint| arrays::read::<f64, Ix2>("adjoint", &adjoint, &shape)).transpose()?;
    let adjoint = adjoint.as_ref().map(|adjoint| arrays::slice("adjoint", adjoint)).transpose()?;
    let (values, out) = (arrays::slice_mut("similarities", &mut values)?, arrays::slice_mut("out", &mut out)?);
    let matching = match matching {
        None => Matching::Average,
        Some((alpha, ..)) if alpha <= 0.0 => Matching::Best,
        Some((alpha, limit, of_marginals, max_iterations)) => {
            let until = if of_marginals { Until::Marginals(limit) } else { Until::Change(limit) };
            Matching::Entropic(EntropicOptions { alpha, until, max_iterations })
        }
    };
    let options = CallOptions { threads, progress: None, worker_cache: None };
    let work = values.len() / PER_ROW;
    door::enter(py, &options, work, |job| {
        let similarities = Similarities { values, rows: &rows, columns: &columns, upper_half };
        engine::match_structures(similarities, matching, adjoint, out, job)
    })
}

/// Similarities that are matched while one fingerprint is computed.
const PER_ROW: usize = 64;
/// Differences that are taken while one fingerprint is computed.
const DIFFERENCES_PER_ROW: usize = 1 << 14;

/// Where each structure begins: numbers that ascend, from zero.
fn offsets(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<usize>> {
    let borrowed = arrays::read::<i64, Ix1>(name, value, &[Extent::Any("n_structures + 1")])?;
    let found = arrays::slice(name, &borrowed)?;
    if found.first() != Some(&0) || found.windows(2).any(|pair| pair[0] >= pair[1]) {
        return Err(PyValueError::new_err(format!("{name} must ascend from 0: every structure has a row")));
    }
    Ok(found.iter().map(|&offset| offset as usize).collect())
}

fn last(offsets: &[usize]) -> usize {
    offsets.last().copied().unwrap_or(0)
}

/// Writes the sums of absolute differences of rows into `out`, or with an adjoint their derivatives by the first.
#[pyfunction]
#[pyo3(signature = (a, b, out, *, adjoint, threads))]
pub fn manhattan(
    py: Python<'_>,
    a: &Bound<'_, PyAny>,
    b: &Bound<'_, PyAny>,
    out: &Bound<'_, PyAny>,
    adjoint: Option<Bound<'_, PyAny>>,
    threads: usize,
) -> PyResult<()> {
    let a = arrays::read::<f64, Ix2>("a", a, &[Extent::Any("n_rows"), Extent::Any("n_features")])?;
    let [n_a, n_features] = *a.as_array().shape() else { return Ok(()) };
    let b = arrays::read::<f64, Ix2>("b", b, &[Extent::Any("n_rows"), Extent::Exactly(n_features)])?;
    let n_b = b.as_array().nrows();
    if n_features == 0 {
        return Err(PyValueError::new_err("a and b have no columns"));
    }
    let width = if adjoint.is_some() { n_features } else { n_b };
    let mut out = arrays::write::<f64, Ix2>("out", out, &[Extent::Exactly(n_a), Extent::Exactly(width)])?;
    let shape = [Extent::Exactly(n_a), Extent::Exactly(n_b)];
    let adjoint = adjoint.map(|adjoint| arrays::read::<f64, Ix2>("adjoint", &adjoint, &shape)).transpose()?;
    let adjoint = adjoint.as_ref().map(|adjoint| arrays::slice("adjoint", adjoint)).transpose()?;
    let (a, b, out) = (arrays::slice("a", &a)?, arrays::slice("b", &b)?, arrays::slice_mut("out", &mut out)?);
    let options = CallOptions { threads, progress: None, worker_cache: None };
    let work = (a.len() / DIFFERENCES_PER_ROW).saturating_mul(n_b);
    door::enter(py, &options, work, |job| match adjoint {
        None => engine::manhattan(a, b, n_features, out, job),
        Some(adjoint) => engine::manhattan_pullback(a, b, n_features, adjoint, out, job),
    })
}

/// Places and distances of points, each the farthest from those before it, and the distance of all from the nearest.
type SampleArrays<'py> = (Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<f64>>);

/// Farthest point sampling of the rows of an array.
#[pyfunction]
#[pyo3(signature = (points, n_taken, first, *, threads, progress))]
pub fn farthest_points<'py>(
    py: Python<'py>,
    points: &Bound<'py, PyAny>,
    n_taken: usize,
    first: usize,
    threads: usize,
    progress: Option<Py<PyAny>>,
) -> PyResult<SampleArrays<'py>> {
    let shape = [Extent::Any("n_points"), Extent::Any("n_features")];
    let options = CallOptions { threads, progress, worker_cache: None };
    let found = match arrays::precision("points", points)? {
        Precision::Double => {
            let points = arrays::read::<f64, Ix2>("points", points, &shape)?;
            let n_features = points.as_array().ncols();
            let points = arrays::slice("points", &points)?;
            sample(py, &options, points, n_features, n_taken, first)?
        }
        Precision::Single => {
            let points = arrays::read::<f32, Ix2>("points", points, &shape)?;
            let n_features = points.as_array().ncols();
            let points = arrays::slice("points", &points)?;
            sample(py, &options, points, n_features, n_taken, first)?
        }
    };
    Ok((
        PyArray1::from_vec(py, found.index),
        PyArray1::from_vec(py, found.distance),
        PyArray1::from_vec(py, found.of_all),
    ))
}

fn sample<T: Copy + Into<f64> + Sync>(
    py: Python<'_>,
    options: &CallOptions<'_>,
    points: &[T],
    n_features: usize,
    n_taken: usize,
    first: usize,
) -> PyResult<FarthestPoints> {
    let work = (points.len() / DIFFERENCES_PER_ROW).saturating_mul(n_taken);
    door::enter(py, options, work, |job| engine::farthest_points(points, n_features, n_taken, first, job))
}
