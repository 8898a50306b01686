//! Blocks of derivatives times directions.

use isoprint_core::engine::{self, Blocks, Weights};
use numpy::ndarray::{Ix1, Ix2, Ix3};
use pyo3::prelude::*;

use crate::arrays::{self, Extent};
use crate::door::{self, CallOptions};
use crate::errors;

/// Directions in the space of features, as the products want them.
#[pyclass(frozen, module = "isoprint._core")]
pub struct Directions(engine::Directions);

#[pymethods]
impl Directions {
    /// The rows of an array `(n_directions, n_features)`.
    #[new]
    #[pyo3(signature = (directions, /))]
    fn new(directions: &Bound<'_, PyAny>) -> PyResult<Self> {
        let shape = [Extent::Any("n_directions"), Extent::Any("n_features")];
        let borrowed = arrays::read::<f64, Ix2>("directions", directions, &shape)?;
        let n_features = borrowed.as_array().ncols();
        let found = engine::Directions::new(arrays::slice("directions", &borrowed)?, n_features);
        found.map(Self).map_err(|error| errors::to_python(&error))
    }
}

/// Adds `weights[row, k] · (block · direction k)` of every block to `out[target]`.
///
/// `own` are a direction that each row has for itself, and the weights of its product, where there is one.
#[pyfunction]
#[pyo3(signature = (values, row, target, directions, weights, out, *, own, threads))]
pub fn project_blocks(
    py: Python<'_>,
    values: &Bound<'_, PyAny>,
    row: &Bound<'_, PyAny>,
    target: &Bound<'_, PyAny>,
    directions: &Directions,
    weights: &Bound<'_, PyAny>,
    out: &Bound<'_, PyAny>,
    own: Option<(Bound<'_, PyAny>, Bound<'_, PyAny>)>,
    threads: usize,
) -> PyResult<()> {
    let Directions(directions) = directions;
    let (n, n_features) = (Extent::Exactly(directions.len()), Extent::Exactly(directions.n_features()));
    let row = arrays::read::<i64, Ix1>("row", row, &[Extent::Any("n_blocks")])?;
    let n_blocks = row.as_array().len();
    let target = arrays::read::<i64, Ix1>("target", target, &[Extent::Exactly(n_blocks)])?;
    let shape = [Extent::Exactly(n_blocks), Extent::Any("n_components"), n_features];
    let values = arrays::read::<f64, Ix3>("values", values, &shape)?;
    let n_components = values.as_array().shape()[1];
    let weights = arrays::read::<f64, Ix2>("weights", weights, &[Extent::Any("n_rows"), n])?;
    let n_rows = Extent::Exactly(weights.as_array().nrows());
    let own = match &own {
        None => None,
        Some((rows, factors)) => Some((
            arrays::read::<f64, Ix2>("rows", rows, &[n_rows, n_features])?,
            arrays::read::<f64, Ix2>("weights of the rows", factors, &[n_rows, n])?,
        )),
    };
    let own = match &own {
        None => None,
        Some((rows, factors)) => Some((arrays::slice("rows", rows)?, arrays::slice("weights of the rows", factors)?)),
    };
    let shape = [Extent::Any("n_targets"), Extent::Exactly(n_components), n];
    let mut out = arrays::write::<f64, Ix3>("out", out, &shape)?;
    let blocks = Blocks {
        values: arrays::slice("values", &values)?,
        n_components,
        row: arrays::slice("row", &row)?,
        target: arrays::slice("target", &target)?,
    };
    let weights = Weights { shared: arrays::slice("weights", &weights)?, own };
    let out = arrays::slice_mut("out", &mut out)?;
    let options = CallOptions { threads, progress: None, worker_cache: None };
    door::enter(py, &options, n_blocks, |job| engine::project(blocks, directions, weights, out, job))
}
