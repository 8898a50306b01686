//! Methods of all fingerprints of whole frames: arrays in, through the door, arrays out.

use isoprint_core::descriptors::FrameDescriptor;
use isoprint_core::engine::{self, RowElement};
use isoprint_core::geometry::Frames;
use numpy::Element;
use numpy::ndarray::{Ix2, Ix3};
use pyo3::prelude::*;

use crate::arrays::{self, Extent, FrameArrays, Precision};
use crate::descriptor::PullbackArrays;
use crate::door::{self, CallOptions};

/// Atoms that take as long as one row of a fingerprint of atoms.
const ATOMS_PER_ROW: usize = 4;

/// Length of the work, in rows; one frame is never shared.
fn length(frames: &Frames<'_>) -> usize {
    if frames.len() < 2 { 0 } else { frames.n_atoms() / ATOMS_PER_ROW }
}

/// Writes the features into `out` or, where there are displacements, their derivatives along these. The first frame is
/// called number `first` in errors.
pub fn rows<D: FrameDescriptor>(
    descriptor: &D,
    frames: &FrameArrays<'_>,
    displacements: Option<&Bound<'_, PyAny>>,
    (out, first): (&Bound<'_, PyAny>, usize),
    options: &CallOptions<'_>,
) -> PyResult<()> {
    fn fill<D: FrameDescriptor, T: RowElement + Element>(
        descriptor: &D,
        frames: &Frames<'_>,
        displacements: Option<&[[f64; 3]]>,
        (out, first): (&Bound<'_, PyAny>, usize),
        options: &CallOptions<'_>,
    ) -> PyResult<()> {
        let shape = [frames.len(), descriptor.n_features()].map(Extent::Exactly);
        let mut out_array = arrays::write::<T, Ix2>("out", out, &shape)?;
        let rows = arrays::slice_mut("out", &mut out_array)?;
        door::enter(out.py(), options, length(frames), |job| {
            let written = match displacements {
                Some(along) => engine::pushforward_frames(descriptor, frames, along, rows, job),
                None => engine::transform_frames(descriptor, frames, rows, job),
            };
            written.map_err(|error| error.counted_from((first, 0)))
        })
    }
    let frames = frames.view()?;
    let shape = [Extent::Exactly(frames.n_atoms()), Extent::Exactly(3)];
    let read = |value| arrays::read::<f64, Ix2>("displacements", value, &shape);
    let displacements = displacements.map(read).transpose()?;
    let slice = displacements.as_ref().map(|array| arrays::slice("displacements", array)).transpose()?;
    let along = slice.map(arrays::triples);
    match arrays::precision("out", out)? {
        Precision::Single => fill::<D, f32>(descriptor, &frames, along, (out, first), options),
        Precision::Double => fill::<D, f64>(descriptor, &frames, along, (out, first), options),
    }
}

/// Gradients of `Σ adjoint · features`.
pub fn pullback<'py, D: FrameDescriptor>(
    descriptor: &D,
    frames: &FrameArrays<'_>,
    (adjoint, first): (&Bound<'py, PyAny>, usize),
    options: &CallOptions<'_>,
) -> PyResult<PullbackArrays<'py>> {
    let py = adjoint.py();
    let frames = frames.view()?;
    let shape = [frames.len(), descriptor.n_features()].map(Extent::Exactly);
    let adjoint = arrays::read::<f64, Ix2>("adjoint", adjoint, &shape)?;
    let adjoint = arrays::slice("adjoint", &adjoint)?;
    let gradients = door::enter(py, options, length(&frames), |job| {
        let found = engine::pullback_frames(descriptor, &frames, adjoint, job);
        found.map_err(|error| error.counted_from((first, 0)))
    })?;
    let positions = arrays::new_array(py, Ix2(frames.n_atoms(), 3), gradients.positions.into_flattened())?;
    let strain = gradients.strain.into_flattened().into_flattened();
    Ok((positions, arrays::new_array(py, Ix3(frames.len(), 3, 3), strain)?))
}

/// Writes the derivatives of the features of each frame by the positions of its atoms into `out`, a block an atom.
pub fn derivatives<D: FrameDescriptor>(
    descriptor: &D,
    frames: &FrameArrays<'_>,
    out: &Bound<'_, PyAny>,
    first: usize,
    options: &CallOptions<'_>,
) -> PyResult<()> {
    fn fill<D: FrameDescriptor, T: RowElement + Element>(
        descriptor: &D,
        frames: &Frames<'_>,
        out: &Bound<'_, PyAny>,
        first: usize,
        options: &CallOptions<'_>,
    ) -> PyResult<()> {
        let shape = [frames.n_atoms(), 3, descriptor.n_features()].map(Extent::Exactly);
        let mut out_array = arrays::write::<T, Ix3>("out", out, &shape)?;
        let blocks = arrays::slice_mut("out", &mut out_array)?;
        door::enter(out.py(), options, length(frames), |job| {
            let written = engine::jacobian_frames(descriptor, frames, blocks, job);
            written.map_err(|error| error.counted_from((first, 0)))
        })
    }
    let frames = frames.view()?;
    match arrays::precision("out", out)? {
        Precision::Single => fill::<D, f32>(descriptor, &frames, out, first, options),
        Precision::Double => fill::<D, f64>(descriptor, &frames, out, first, options),
    }
}

/// The Python methods of a class that wraps a fingerprint of whole frames, after those of its own.
macro_rules! frame_methods {
    ($class:ident { $($own:tt)* }) => {
        #[pymethods]
        impl $class {
            $($own)*

            /// Number of columns.
            #[getter]
            fn n_features(&self) -> usize {
                self.0.n_features()
            }

            /// One name a column.
            fn feature_names(&self) -> PyResult<Vec<String>> {
                self.0.feature_names().map_err(|error| crate::errors::to_python(&error))
            }

            /// Writes the features of all frames into `out`; the first is called number `first` in errors.
            #[pyo3(signature = (frames, out, *, first, threads, progress))]
            fn transform(
                &self,
                frames: crate::arrays::FrameArrays<'_>,
                out: &Bound<'_, PyAny>,
                first: usize,
                threads: usize,
                progress: Option<Py<PyAny>>,
            ) -> PyResult<()> {
                let options = self.0.options(threads, progress);
                crate::frame_descriptor::rows(&*self.0, &frames, None, (out, first), &options)
            }

            /// Writes the derivatives of all features along `displacements` into `out`.
            #[pyo3(signature = (frames, displacements, out, *, threads, progress))]
            fn pushforward(
                &self,
                frames: crate::arrays::FrameArrays<'_>,
                displacements: &Bound<'_, PyAny>,
                out: &Bound<'_, PyAny>,
                threads: usize,
                progress: Option<Py<PyAny>>,
            ) -> PyResult<()> {
                let options = self.0.options(threads, progress);
                crate::frame_descriptor::rows(&*self.0, &frames, Some(displacements), (out, 0), &options)
            }

            /// Gradients of `Σ adjoint · features` with respect to positions and strains.
            #[pyo3(signature = (frames, adjoint, *, first, threads, progress))]
            fn pullback<'py>(
                &self,
                frames: crate::arrays::FrameArrays<'py>,
                adjoint: &Bound<'py, PyAny>,
                first: usize,
                threads: usize,
                progress: Option<Py<PyAny>>,
            ) -> PyResult<crate::descriptor::PullbackArrays<'py>> {
                let options = self.0.options(threads, progress);
                crate::frame_descriptor::pullback(&*self.0, &frames, (adjoint, first), &options)
            }

            /// Writes the derivatives of the features of each frame by the positions of its atoms into `out`.
            #[pyo3(signature = (frames, out, *, first, threads, progress))]
            fn derivatives(
                &self,
                frames: crate::arrays::FrameArrays<'_>,
                out: &Bound<'_, PyAny>,
                first: usize,
                threads: usize,
                progress: Option<Py<PyAny>>,
            ) -> PyResult<()> {
                let options = self.0.options(threads, progress);
                crate::frame_descriptor::derivatives(&*self.0, &frames, out, first, &options)
            }
        }
    };
}
pub(crate) use frame_methods;
