//! Methods of all descriptors: arrays in, through the door, arrays out.
//!
//! The class of a descriptor, in `descriptors`, has its constructor; `methods!` gives it all other methods, which call
//! the functions of this file.

use std::cmp::Ordering;
use std::ops::Deref;

use isoprint_core::descriptors::Descriptor;
use isoprint_core::engine::{
    self, AdjointRows, Average, Deformation, Deformed, Jacobian, JacobianPattern, Motion, PreparedFrames, RowElement,
    SparseRows, WorkerCache,
};
use isoprint_core::geometry::{Centers, Frames};
use numpy::ndarray::{Ix2, Ix3};
use numpy::{Element, PyArray1, PyArray2, PyArray3};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PySlice;

use crate::arrays::{self, CenterArrays, Extent, FrameArrays, Precision};
use crate::buffers;
use crate::door::{self, CallOptions};

/// A descriptor, and the buffers that one call about it leaves to the next.
pub struct WithCache<D> {
    descriptor: D,
    worker_cache: WorkerCache,
}

impl<D> WithCache<D> {
    /// Options of a call that uses these buffers.
    pub fn options(&self, threads: usize, progress: Option<Py<PyAny>>) -> CallOptions<'_> {
        CallOptions { threads, progress, worker_cache: Some(&self.worker_cache) }
    }
}

impl<D> From<D> for WithCache<D> {
    fn from(descriptor: D) -> Self {
        Self { descriptor, worker_cache: WorkerCache::default() }
    }
}

impl<D> Deref for WithCache<D> {
    type Target = D;

    fn deref(&self) -> &D {
        &self.descriptor
    }
}

/// Averages by name: `None`, `"inner"`, `"outer"`, `"sum"` or, for fingerprints of whole frames, `"inner sum"`.
#[derive(Clone, Copy)]
pub struct AverageName(Average);

impl FromPyObject<'_, '_> for AverageName {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        match object.extract::<Option<String>>()?.as_deref() {
            None => Ok(Self(Average::Off)),
            Some("inner") => Ok(Self(Average::Inner)),
            Some("outer") => Ok(Self(Average::Outer)),
            Some("sum") => Ok(Self(Average::Sum)),
            Some("inner sum") => Ok(Self(Average::InnerSum)),
            Some(other) => Err(PyValueError::new_err(format!(
                "average is {other:?}; expected None, \"inner\", \"outer\", \"sum\" or \"inner sum\""
            ))),
        }
    }
}

/// A request: descriptor, average, frames and centers.
pub struct Request<'a, D> {
    pub descriptor: &'a D,
    pub average: Average,
    pub frames: Frames<'a>,
    pub centers: Centers<'a>,
}

impl<'a, D: Descriptor> Request<'a, D> {
    pub fn new(
        descriptor: &'a D,
        frames: &'a FrameArrays<'_>,
        centers: &'a CenterArrays<'_>,
        average: AverageName,
    ) -> PyResult<Self> {
        let frames = frames.view()?;
        let centers = centers.view(&frames)?;
        Ok(Self { descriptor, average: average.0, frames, centers })
    }

    /// The shape of the features.
    fn shape(&self) -> [Extent; 2] {
        let rows = engine::n_rows(self.average, &self.frames, &self.centers);
        [Extent::Exactly(rows), Extent::Exactly(self.descriptor.n_features())]
    }

    /// Length of the work, in rows.
    pub fn length(&self) -> usize {
        self.centers.len()
    }
}

/// A request for the rows of centers.
pub fn of_centers<'a, D: Descriptor>(
    descriptor: &'a D,
    frames: &'a FrameArrays<'_>,
    centers: &'a CenterArrays<'_>,
) -> PyResult<Request<'a, D>> {
    Request::new(descriptor, frames, centers, AverageName(Average::Off))
}

/// Writes the features into `out`, which may be known to hold zeros.
pub fn transform<D: Descriptor>(
    descriptor: &D,
    (frames, centers): (&FrameArrays<'_>, &CenterArrays<'_>),
    (out, holds_zeros): (&Bound<'_, PyAny>, bool),
    average: AverageName,
    (prepared, first): (Option<&Prepared>, First),
    options: &CallOptions<'_>,
) -> PyResult<()> {
    fn fill<D: Descriptor, T: RowElement + Element>(
        request: &Request<'_, D>,
        (out, holds_zeros): (&Bound<'_, PyAny>, bool),
        (prepared, first): (Option<&Prepared>, First),
        options: &CallOptions<'_>,
    ) -> PyResult<()> {
        let mut out_array = arrays::write::<T, Ix2>("out", out, &request.shape())?;
        let rows = arrays::slice_mut("out", &mut out_array)?;
        let Request { descriptor, average, frames, centers } = request;
        door::enter(out.py(), options, request.length(), |job| {
            let written = match prepared {
                Some(Prepared(prepared)) => {
                    engine::transform_prepared(*descriptor, *average, frames, centers, prepared, rows, job)
                }
                None if holds_zeros => engine::transform_into_zeros(*descriptor, *average, frames, centers, rows, job),
                None => engine::transform(*descriptor, *average, frames, centers, rows, job),
            };
            written.map_err(|error| error.counted_from(first))
        })
    }
    let request = Request::new(descriptor, frames, centers, average)?;
    match arrays::precision("out", out)? {
        Precision::Single => fill::<D, f32>(&request, (out, holds_zeros), (prepared, first), options),
        Precision::Double => fill::<D, f64>(&request, (out, holds_zeros), (prepared, first), options),
    }
}

/// Compressed sparse rows: where each row begins, columns and values.
pub type SparseArrays<'py> = (Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<i32>>, Bound<'py, PyAny>);

/// The features without those that are zero for want of a species.
pub fn sparse<'py, D: Descriptor>(
    py: Python<'py>,
    descriptor: &D,
    (frames, centers): (&FrameArrays<'_>, &CenterArrays<'_>),
    average: AverageName,
    dtype: Precision,
    options: &CallOptions<'_>,
) -> PyResult<SparseArrays<'py>> {
    fn found<'py, D: Descriptor, T: RowElement + Element>(
        py: Python<'py>,
        request: &Request<'_, D>,
        options: &CallOptions<'_>,
    ) -> PyResult<SparseArrays<'py>> {
        let Request { descriptor, average, frames, centers } = request;
        let rows: SparseRows<T> = door::enter(py, options, request.length(), |job| {
            engine::transform_sparse(*descriptor, *average, frames, centers, job)
        })?;
        let (offsets, columns) = (PyArray1::from_vec(py, rows.offsets), PyArray1::from_vec(py, rows.columns));
        Ok((offsets, columns, PyArray1::from_vec(py, rows.values).into_any()))
    }
    let request = Request::new(descriptor, frames, centers, average)?;
    match dtype {
        Precision::Double => found::<D, f64>(py, &request, options),
        Precision::Single => found::<D, f32>(py, &request, options),
    }
}

/// Writes the derivatives of the features along `displacements`, and the strain of each frame if there is one, into
/// `out`.
pub fn pushforward<D: Descriptor>(
    descriptor: &D,
    (frames, centers): (&FrameArrays<'_>, &CenterArrays<'_>),
    (displacements, strain): (&Bound<'_, PyAny>, Option<&Bound<'_, PyAny>>),
    out: &Bound<'_, PyAny>,
    average: AverageName,
    options: &CallOptions<'_>,
) -> PyResult<()> {
    fn fill<D: Descriptor, T: RowElement + Element>(
        request: &Request<'_, D>,
        motion: Motion<'_>,
        out: &Bound<'_, PyAny>,
        options: &CallOptions<'_>,
    ) -> PyResult<()> {
        let mut out_array = arrays::write::<T, Ix2>("out", out, &request.shape())?;
        let rows = arrays::slice_mut("out", &mut out_array)?;
        let Request { descriptor, average, frames, centers } = request;
        door::enter(out.py(), options, request.length(), |job| {
            engine::pushforward(*descriptor, *average, frames, centers, motion, rows, job)
        })
    }
    let request = Request::new(descriptor, frames, centers, average)?;
    let shape = [Extent::Exactly(request.frames.n_atoms()), Extent::Exactly(3)];
    let displacements = arrays::read::<f64, Ix2>("displacements", displacements, &shape)?;
    let shape = [Extent::Exactly(request.frames.len()), Extent::Exactly(3), Extent::Exactly(3)];
    let strain = strain.map(|strain| arrays::read::<f64, Ix3>("strain", strain, &shape)).transpose()?;
    let strain = strain.as_ref().map(|strain| arrays::slice("strain", strain)).transpose()?;
    let motion = Motion {
        displacements: arrays::triples(arrays::slice("displacements", &displacements)?),
        strain: strain.map(|strain| arrays::triples(arrays::triples(strain))),
    };
    match arrays::precision("out", out)? {
        Precision::Single => fill::<D, f32>(&request, motion, out, options),
        Precision::Double => fill::<D, f64>(&request, motion, out, options),
    }
}

/// Deformations by name: `"strain"` or `"cell"`.
#[derive(Clone, Copy)]
pub struct DeformationName(Deformation);

impl FromPyObject<'_, '_> for DeformationName {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        match object.extract::<&str>()? {
            "strain" => Ok(Self(Deformation::Strain)),
            "cell" => Ok(Self(Deformation::Cell)),
            other => Err(PyValueError::new_err(format!("deformation is {other:?}; expected \"strain\" or \"cell\""))),
        }
    }
}

/// The derivatives of every feature with respect to a deformation, `(n_rows, 9, n_features)`, in `out` or in an array of
/// their own.
pub fn deformed<'py, D: Descriptor>(
    py: Python<'py>,
    descriptor: &D,
    (frames, centers): (&FrameArrays<'_>, &CenterArrays<'_>),
    DeformationName(deformation): DeformationName,
    out: Option<Bound<'py, PyAny>>,
    average: AverageName,
    dtype: Precision,
    (prepared, first): (Option<&Prepared>, First),
    options: &CallOptions<'_>,
) -> PyResult<Bound<'py, PyAny>> {
    fn fill<D: Descriptor, T: RowElement + Element>(
        work: &Deformed<'_, D>,
        length: usize,
        (out, shape): (&Bound<'_, PyAny>, [usize; 3]),
        (prepared, first): (Option<&Prepared>, First),
        options: &CallOptions<'_>,
    ) -> PyResult<()> {
        let mut borrowed = arrays::write::<T, Ix3>("out", out, &shape.map(Extent::Exactly))?;
        let slice = arrays::slice_mut("out", &mut borrowed)?;
        let prepared = prepared.map(|prepared| &prepared.0);
        door::enter(out.py(), options, length, |job| {
            work.write(slice, prepared, job).map_err(|error| error.counted_from(first))
        })
    }
    let request = Request::new(descriptor, frames, centers, average)?;
    let length = request.length();
    let Request { descriptor, average, frames, centers } = &request;
    let shape = [engine::n_rows(*average, frames, centers), 9, descriptor.n_features()];
    let out = match out {
        Some(out) => out,
        None => buffers::buffer(py, shape, dtype)?,
    };
    let work = Deformed { descriptor: *descriptor, average: *average, deformation, frames, centers };
    match arrays::precision("out", &out)? {
        Precision::Single => fill::<D, f32>(&work, length, (&out, shape), (prepared, first), options),
        Precision::Double => fill::<D, f64>(&work, length, (&out, shape), (prepared, first), options),
    }?;
    Ok(out)
}

/// Gradients with respect to the positions and the strain of each frame.
pub type PullbackArrays<'py> = (Bound<'py, PyArray2<f64>>, Bound<'py, PyArray3<f64>>);

/// Gradients of `Σ adjoint · features`.
pub fn pullback<'py, D: Descriptor>(
    descriptor: &D,
    (frames, centers): (&FrameArrays<'_>, &CenterArrays<'_>),
    adjoint: &Bound<'py, PyAny>,
    average: AverageName,
    options: &CallOptions<'_>,
) -> PyResult<PullbackArrays<'py>> {
    let py = adjoint.py();
    let request = Request::new(descriptor, frames, centers, average)?;
    let gradients = match arrays::precision("adjoint", adjoint)? {
        Precision::Single => {
            let adjoint = arrays::read::<f32, Ix2>("adjoint", adjoint, &request.shape())?;
            pulled(py, &request, AdjointRows::Single(arrays::slice("adjoint", &adjoint)?), options)?
        }
        Precision::Double => {
            let adjoint = arrays::read::<f64, Ix2>("adjoint", adjoint, &request.shape())?;
            pulled(py, &request, AdjointRows::Double(arrays::slice("adjoint", &adjoint)?), options)?
        }
    };
    let frames = &request.frames;
    let positions = arrays::new_array(py, Ix2(frames.n_atoms(), 3), gradients.positions.into_flattened())?;
    let strain = gradients.strain.into_flattened().into_flattened();
    Ok((positions, arrays::new_array(py, Ix3(frames.len(), 3, 3), strain)?))
}

fn pulled<D: Descriptor>(
    py: Python<'_>,
    request: &Request<'_, D>,
    adjoint: AdjointRows<'_>,
    options: &CallOptions<'_>,
) -> PyResult<engine::Pullback> {
    let Request { descriptor, average, frames, centers } = request;
    door::enter(py, options, request.length(), |job| {
        engine::pullback(*descriptor, *average, frames, centers, adjoint, job)
    })
}

/// Frames that were prepared for several calls about a descriptor.
#[pyclass(frozen)]
pub struct Prepared(PreparedFrames);

/// Prepares frames.
pub fn prepare<D: Descriptor>(
    py: Python<'_>,
    descriptor: &D,
    frames: &FrameArrays<'_>,
    first: First,
    options: &CallOptions<'_>,
) -> PyResult<Prepared> {
    let frames = frames.view()?;
    let prepared = door::enter(py, options, frames.n_atoms(), |job| {
        engine::prepare_frames(descriptor, &frames, job).map_err(|error| error.counted_from(first))
    });
    prepared.map(Prepared)
}

/// What the first of the frames, and the first of its centers, are called in errors, where they are part of more.
pub type First = (usize, usize);

/// The blocks of a Jacobian: values, row and atom of each, and where those of each row start.
pub type JacobianArrays<'py> =
    (Bound<'py, PyAny>, Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<i64>>);

/// The blocks of the Jacobian that are not zero, in `out` or in an array of their own.
pub fn derivatives<'py, D: Descriptor>(
    py: Python<'py>,
    descriptor: &D,
    (frames, centers): (&FrameArrays<'_>, &CenterArrays<'_>),
    out: Option<Bound<'py, PyAny>>,
    average: AverageName,
    dtype: Precision,
    (prepared, first): (Option<&Prepared>, First),
    options: &CallOptions<'_>,
) -> PyResult<JacobianArrays<'py>> {
    fn fill<D: Descriptor, T: RowElement + Element>(
        jacobian: &Jacobian<'_, D>,
        length: usize,
        values: &Bound<'_, PyAny>,
        shape: [usize; 3],
        first: First,
        options: &CallOptions<'_>,
    ) -> PyResult<()> {
        let mut borrowed = arrays::write::<T, Ix3>("out", values, &shape.map(Extent::Exactly))?;
        let slice = arrays::slice_mut("out", &mut borrowed)?;
        door::enter(values.py(), options, length, |job| {
            jacobian.write(slice, job).map_err(|error| error.counted_from(first))
        })
    }
    let request = Request::new(descriptor, frames, centers, average)?;
    let jacobian = find(py, &request, (prepared, first), options)?;
    let shape = [jacobian.pattern().len(), 3, descriptor.n_features()];
    let values = match out {
        Some(out) => leading("out", &out, shape)?,
        None => buffers::buffer(py, shape, dtype)?,
    };
    match arrays::precision("out", &values)? {
        Precision::Single => fill::<D, f32>(&jacobian, request.length(), &values, shape, first, options),
        Precision::Double => fill::<D, f64>(&jacobian, request.length(), &values, shape, first, options),
    }?;
    let JacobianPattern { row, atom, starts } = jacobian.into_pattern();
    Ok((values, PyArray1::from_vec(py, row), PyArray1::from_vec(py, atom), PyArray1::from_vec(py, starts)))
}

/// Where the blocks of each row would start.
pub fn block_starts<'py, D: Descriptor>(
    py: Python<'py>,
    descriptor: &D,
    (frames, centers): (&FrameArrays<'_>, &CenterArrays<'_>),
    average: AverageName,
    (prepared, first): (Option<&Prepared>, First),
    options: &CallOptions<'_>,
) -> PyResult<Bound<'py, PyArray1<i64>>> {
    let request = Request::new(descriptor, frames, centers, average)?;
    Ok(PyArray1::from_vec(py, find(py, &request, (prepared, first), options)?.into_pattern().starts))
}

/// The row and the atom of each block, counted in their frame, and where those of each row would start.
pub type PatternArrays<'py> = (Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<i64>>);

/// Which blocks of the Jacobian are not zero.
pub fn pattern<'py, D: Descriptor>(
    py: Python<'py>,
    descriptor: &D,
    (frames, centers): (&FrameArrays<'_>, &CenterArrays<'_>),
    average: AverageName,
    (prepared, first): (Option<&Prepared>, First),
    options: &CallOptions<'_>,
) -> PyResult<PatternArrays<'py>> {
    let request = Request::new(descriptor, frames, centers, average)?;
    let JacobianPattern { row, atom, starts } = find(py, &request, (prepared, first), options)?.into_pattern();
    Ok((PyArray1::from_vec(py, row), PyArray1::from_vec(py, atom), PyArray1::from_vec(py, starts)))
}

fn find<'a, D: Descriptor>(
    py: Python<'_>,
    request: &'a Request<'a, D>,
    (prepared, first): (Option<&Prepared>, First),
    options: &CallOptions<'_>,
) -> PyResult<Jacobian<'a, D>> {
    let Request { descriptor, average, frames, centers } = request;
    let prepared = prepared.map(|prepared| &prepared.0);
    door::enter(py, &options.silent(), request.length(), |job| {
        let found = Jacobian::find(*descriptor, *average, frames, centers, prepared, job);
        found.map_err(|error| error.counted_from(first))
    })
}

/// The first blocks of an array, as many as there are.
fn leading<'py>(name: &str, out: &Bound<'py, PyAny>, shape: [usize; 3]) -> PyResult<Bound<'py, PyAny>> {
    let [n_blocks, _, n_features] = shape;
    let room = out.len()?;
    match room.cmp(&n_blocks) {
        Ordering::Equal => Ok(out.clone()),
        Ordering::Greater => out.get_item(PySlice::new(out.py(), 0, n_blocks as isize, 1)),
        Ordering::Less => Err(PyValueError::new_err(format!(
            "{name} has room for {room} blocks of derivatives, but there are {n_blocks}; pass an array of shape \
             ({n_blocks}, 3, {n_features}), or one of more blocks"
        ))),
    }
}

/// The Python methods of a class that wraps a descriptor, after those of its own.
macro_rules! methods {
    ($class:ident { $($own:tt)* }) => {
        #[pymethods]
        impl $class {
            $($own)*

            /// Number of columns.
            #[getter]
            fn n_features(&self) -> usize {
                self.0.n_features()
            }

            /// One name a column, where the species are called `symbols`.
            fn feature_names(&self, symbols: Vec<String>) -> PyResult<Vec<String>> {
                self.0.feature_names(&symbols).map_err(|error| crate::errors::to_python(&error))
            }

            /// Distance in Å beyond which nothing is seen.
            #[getter]
            fn reach(&self) -> f64 {
                self.0.reach()
            }

            /// Writes the features of all centers into `out`, which may be known to hold zeros.
            #[pyo3(signature = (frames, centers, out, *, average, threads, progress, holds_zeros=false, prepared=None, first=(0, 0)))]
            fn transform(
                &self,
                frames: crate::arrays::FrameArrays<'_>,
                centers: crate::arrays::CenterArrays<'_>,
                out: &Bound<'_, PyAny>,
                average: crate::descriptor::AverageName,
                threads: usize,
                progress: Option<Py<PyAny>>,
                holds_zeros: bool,
                prepared: Option<Bound<'_, crate::descriptor::Prepared>>,
                first: crate::descriptor::First,
            ) -> PyResult<()> {
                let (input, out) = ((&frames, &centers), (out, holds_zeros));
                let prepared = (prepared.as_ref().map(Bound::get), first);
                crate::descriptor::transform(&*self.0, input, out, average, prepared, &self.0.options(threads, progress))
            }

            /// The features of all centers as compressed sparse rows: where each row begins, columns and values.
            #[pyo3(signature = (frames, centers, *, average, dtype, threads, progress))]
            fn sparse<'py>(
                &self,
                py: Python<'py>,
                frames: crate::arrays::FrameArrays<'py>,
                centers: crate::arrays::CenterArrays<'py>,
                average: crate::descriptor::AverageName,
                dtype: crate::arrays::Precision,
                threads: usize,
                progress: Option<Py<PyAny>>,
            ) -> PyResult<crate::descriptor::SparseArrays<'py>> {
                let (input, options) = ((&frames, &centers), self.0.options(threads, progress));
                crate::descriptor::sparse(py, &*self.0, input, average, dtype, &options)
            }

            /// Gradients of `Σ adjoint · features` with respect to positions and strains.
            #[pyo3(signature = (frames, centers, adjoint, *, average, threads, progress))]
            fn pullback<'py>(
                &self,
                frames: crate::arrays::FrameArrays<'py>,
                centers: crate::arrays::CenterArrays<'py>,
                adjoint: &Bound<'py, PyAny>,
                average: crate::descriptor::AverageName,
                threads: usize,
                progress: Option<Py<PyAny>>,
            ) -> PyResult<crate::descriptor::PullbackArrays<'py>> {
                crate::descriptor::pullback(&*self.0, (&frames, &centers), adjoint, average, &self.0.options(threads, progress))
            }

            /// Gradients of `Σ adjoint · features`, where the adjoint of at most `block` rows is `function(rows, features)`.
            #[pyo3(signature = (frames, centers, function, *, block, average, threads, progress))]
            fn fused<'py>(
                &self,
                frames: crate::arrays::FrameArrays<'py>,
                centers: crate::arrays::CenterArrays<'py>,
                function: &Bound<'py, PyAny>,
                block: usize,
                average: crate::descriptor::AverageName,
                threads: usize,
                progress: Option<Py<PyAny>>,
            ) -> PyResult<crate::descriptor::PullbackArrays<'py>> {
                let options = self.0.options(threads, progress);
                crate::fused::fused(&*self.0, (&frames, &centers), function, block, average, &options)
            }

            /// Values of a function of every row, and gradients of their sum with respect to positions and strains.
            #[pyo3(signature = (frames, centers, function, kinds, *, threads, progress))]
            fn evaluate<'py>(
                &self,
                frames: crate::arrays::FrameArrays<'py>,
                centers: crate::arrays::CenterArrays<'py>,
                function: &crate::evaluate::KernelSum,
                kinds: &Bound<'py, PyAny>,
                threads: usize,
                progress: Option<Py<PyAny>>,
            ) -> PyResult<crate::evaluate::Evaluated<'py>> {
                let options = self.0.options(threads, progress);
                crate::evaluate::evaluate(&*self.0, (&frames, &centers), function, kinds, &options)
            }

            /// Writes the derivatives of all features along `displacements`, and the strain of each frame if there is
            /// one, into `out`.
            #[pyo3(signature = (frames, centers, displacements, out, *, average, threads, progress, strain=None))]
            fn pushforward(
                &self,
                frames: crate::arrays::FrameArrays<'_>,
                centers: crate::arrays::CenterArrays<'_>,
                displacements: &Bound<'_, PyAny>,
                out: &Bound<'_, PyAny>,
                average: crate::descriptor::AverageName,
                threads: usize,
                progress: Option<Py<PyAny>>,
                strain: Option<&Bound<'_, PyAny>>,
            ) -> PyResult<()> {
                let (options, motion) = (self.0.options(threads, progress), (displacements, strain));
                crate::descriptor::pushforward(&*self.0, (&frames, &centers), motion, out, average, &options)
            }

            /// The derivatives of all features with respect to a deformation, `(n_rows, 9, n_features)`.
            #[pyo3(signature = (frames, centers, deformation, *, out, average, dtype, prepared, first, threads, progress))]
            fn deformed<'py>(
                &self,
                py: Python<'py>,
                frames: crate::arrays::FrameArrays<'py>,
                centers: crate::arrays::CenterArrays<'py>,
                deformation: crate::descriptor::DeformationName,
                out: Option<Bound<'py, PyAny>>,
                average: crate::descriptor::AverageName,
                dtype: crate::arrays::Precision,
                prepared: Option<Bound<'py, crate::descriptor::Prepared>>,
                first: crate::descriptor::First,
                threads: usize,
                progress: Option<Py<PyAny>>,
            ) -> PyResult<Bound<'py, PyAny>> {
                let (input, prepared) = ((&frames, &centers), (prepared.as_ref().map(Bound::get), first));
                let options = self.0.options(threads, progress);
                crate::descriptor::deformed(
                    py, &*self.0, input, deformation, out, average, dtype, prepared, &options,
                )
            }

            /// Prepares frames for several calls about some of their centers each.
            #[pyo3(signature = (frames, *, first, threads))]
            fn prepare(
                &self,
                py: Python<'_>,
                frames: crate::arrays::FrameArrays<'_>,
                first: crate::descriptor::First,
                threads: usize,
            ) -> PyResult<crate::descriptor::Prepared> {
                crate::descriptor::prepare(py, &*self.0, &frames, first, &self.0.options(threads, None))
            }

            /// Where the blocks of each row of the Jacobian start, and where the last one ends.
            #[pyo3(signature = (frames, centers, *, average, prepared, first, threads))]
            fn block_starts<'py>(
                &self,
                py: Python<'py>,
                frames: crate::arrays::FrameArrays<'py>,
                centers: crate::arrays::CenterArrays<'py>,
                average: crate::descriptor::AverageName,
                prepared: Option<Bound<'py, crate::descriptor::Prepared>>,
                first: crate::descriptor::First,
                threads: usize,
            ) -> PyResult<Bound<'py, numpy::PyArray1<i64>>> {
                let prepared = (prepared.as_ref().map(Bound::get), first);
                let options = self.0.options(threads, None);
                crate::descriptor::block_starts(py, &*self.0, (&frames, &centers), average, prepared, &options)
            }

            /// Row and atom of the blocks of the Jacobian that are not zero, and where those of each row start.
            #[pyo3(signature = (frames, centers, *, average, prepared, first, threads))]
            fn pattern<'py>(
                &self,
                py: Python<'py>,
                frames: crate::arrays::FrameArrays<'py>,
                centers: crate::arrays::CenterArrays<'py>,
                average: crate::descriptor::AverageName,
                prepared: Option<Bound<'py, crate::descriptor::Prepared>>,
                first: crate::descriptor::First,
                threads: usize,
            ) -> PyResult<crate::descriptor::PatternArrays<'py>> {
                let prepared = (prepared.as_ref().map(Bound::get), first);
                let options = self.0.options(threads, None);
                crate::descriptor::pattern(py, &*self.0, (&frames, &centers), average, prepared, &options)
            }

            /// The blocks of the Jacobian: values, row and atom, and where those of each row start.
            #[pyo3(signature = (frames, centers, *, out, average, dtype, prepared, first, threads, progress))]
            fn derivatives<'py>(
                &self,
                py: Python<'py>,
                frames: crate::arrays::FrameArrays<'py>,
                centers: crate::arrays::CenterArrays<'py>,
                out: Option<Bound<'py, PyAny>>,
                average: crate::descriptor::AverageName,
                dtype: crate::arrays::Precision,
                prepared: Option<Bound<'py, crate::descriptor::Prepared>>,
                first: crate::descriptor::First,
                threads: usize,
                progress: Option<Py<PyAny>>,
            ) -> PyResult<crate::descriptor::JacobianArrays<'py>> {
                let prepared = (prepared.as_ref().map(Bound::get), first);
                let options = self.0.options(threads, progress);
                crate::descriptor::derivatives(
                    py, &*self.0, (&frames, &centers), out, average, dtype, prepared, &options,
                )
            }
        }
    };
}
pub(crate) use methods;
