//! The neighbor search by itself, and what it found for calls to come.

use std::sync::Arc;

use isoprint_core::engine;
use isoprint_core::geometry::{self, FoundNeighbors};
use numpy::ndarray::{Ix1, Ix2};
use numpy::{PyArray1, PyArray2};
use pyo3::prelude::*;

use crate::arrays::{self, CenterArrays, Extent, FrameArrays};
use crate::door::{self, CallOptions};
use crate::errors;

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

/// Neighbors that were found in one frame, for calls about the same atoms a little later.
#[pyclass(frozen, module = "isoprint._core")]
pub struct KnownNeighbors(Arc<geometry::KnownNeighbors>);

impl KnownNeighbors {
    /// The list for the core.
    pub fn list(&self) -> Arc<geometry::KnownNeighbors> {
        Arc::clone(&self.0)
    }
}

#[pymethods]
impl KnownNeighbors {
    #[new]
    #[pyo3(signature = (frames, centers, r_cut, offsets, index, vector, /))]
    fn new<'py>(
        frames: FrameArrays<'py>,
        centers: CenterArrays<'py>,
        r_cut: f64,
        offsets: &Bound<'py, PyAny>,
        index: &Bound<'py, PyAny>,
        vector: &Bound<'py, PyAny>,
    ) -> PyResult<Self> {
        let frames = frames.view()?;
        let centers = centers.view(&frames)?;
        let offsets = arrays::read::<i64, Ix1>("offsets", offsets, &[Extent::Exactly(centers.len() + 1)])?;
        let index = arrays::read::<i64, Ix1>("index", index, &[Extent::Any("n_pairs")])?;
        let vector = arrays::read::<f64, Ix2>("vector", vector, &[Extent::Any("n_pairs"), Extent::Exactly(3)])?;
        let found = FoundNeighbors {
            offsets: arrays::slice("offsets", &offsets)?,
            index: arrays::slice("index", &index)?,
            vector: arrays::triples(arrays::slice("vector", &vector)?),
        };
        let known = geometry::KnownNeighbors::new(&frames.get(0), &centers, r_cut, found);
        known.map(|known| Self(Arc::new(known))).map_err(|error| errors::to_python(&error))
    }

    /// The image of each neighbor, in lattice vectors.
    #[getter]
    fn shift<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<i32>>> {
        let shift = self.0.shift().to_vec();
        arrays::new_array(py, Ix2(shift.len(), 3), shift.into_flattened())
    }

    /// How far atoms may move for a fingerprint of this reach, which moved farthest (`None` for a point), and how far.
    fn motion(&self, frames: FrameArrays<'_>, reach: f64) -> PyResult<(f64, Option<usize>, f64)> {
        let frames = frames.view()?;
        let motion = self.0.motion(&frames.get(0), 0, reach).map_err(|error| errors::to_python(&error))?;
        Ok((motion.allowed, motion.atom, motion.moved))
    }
}
