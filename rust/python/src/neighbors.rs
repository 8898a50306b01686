//! The neighbor search by itself.

use isoprint_core::engine;
use numpy::ndarray::Ix2;
use numpy::{PyArray1, PyArray2};
use pyo3::prelude::*;

use crate::arrays::{self, CenterArrays, FrameArrays};
use crate::door::{self, CallOptions};

/// Centers whose neighbors are found while one fingerprint is computed.
const CENTERS_PER_ROW: usize = 16;

/// Neighbors in compressed rows: offsets, index and vector.
type NeighborArrays<'py> = (Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<i64>>, Bound<'py, PyArray2<f64>>);

/// All sites within `r_cut` of centers of one frame, in compressed rows.
#[pyfunction]
#[pyo3(signature = (frames, centers, r_cut, *, threads))]
pub fn neighbors<'py>(
    py: Python<'py>,
    frames: FrameArrays<'py>,
    centers: CenterArrays<'py>,
    r_cut: f64,
    threads: usize,
) -> PyResult<NeighborArrays<'py>> {
    let frames = frames.view()?;
    let centers = centers.view(&frames)?;
    let options = CallOptions { threads, progress: None, worker_cache: None };
    let list = door::enter(py, &options, centers.len() / CENTERS_PER_ROW, |job| {
        engine::neighbors(&frames, &centers, r_cut, job)
    })?;
    Ok((
        PyArray1::from_vec(py, list.offsets),
        PyArray1::from_vec(py, list.index),
        arrays::new_array(py, Ix2(list.vector.len(), 3), list.vector.into_flattened())?,
    ))
}
