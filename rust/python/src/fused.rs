//! Features and gradients in one pass, where the adjoint is a function in Python.

use isoprint_core::Error;
use isoprint_core::descriptors::Descriptor;
use isoprint_core::engine;
use numpy::ndarray::{Ix2, Ix3};
use numpy::{PyArray1, dtype};
use pyo3::prelude::*;

use crate::arrays::{self, CenterArrays, Extent, FrameArrays};
use crate::descriptor::{AverageName, PullbackArrays, Request};
use crate::door::{self, CallOptions};

/// Gradients of `Σ adjoint · features`, where the adjoint of at most `block` rows is `function(rows, features)`.
pub fn fused<'py, D: Descriptor>(
    descriptor: &D,
    (frames, centers): (&FrameArrays<'_>, &CenterArrays<'_>),
    function: &Bound<'py, PyAny>,
    block: usize,
    average: AverageName,
    options: &CallOptions<'_>,
) -> PyResult<PullbackArrays<'py>> {
    let py = function.py();
    let request = Request::new(descriptor, frames, centers, average)?;
    let n_features = descriptor.n_features();
    let mut questions = Questions { function: function.clone().unbind(), n_features, raised: None };
    let Request { descriptor, average, frames, centers } = &request;
    let work = engine::Fused { descriptor: *descriptor, average: *average, frames, centers, block };
    let asked = &mut questions;
    let gradients = door::enter(py, options, request.length(), |job| {
        work.run(&mut |rows, features, adjoint| asked.ask(rows, features, adjoint), job)
    });
    if let Some(error) = questions.raised {
        return Err(error);
    }
    let gradients = gradients?;
    let positions = arrays::new_array(py, Ix2(frames.n_atoms(), 3), gradients.positions.into_flattened())?;
    let strain = gradients.strain.into_flattened().into_flattened();
    Ok((positions, arrays::new_array(py, Ix3(frames.len(), 3, 3), strain)?))
}

/// Calls a function of Python, and remembers what it raised.
struct Questions {
    function: Py<PyAny>,
    n_features: usize,
    raised: Option<PyErr>,
}

impl Questions {
    /// Writes the adjoint of some rows.
    fn ask(&mut self, rows: &[usize], features: &[f64], adjoint: &mut [f64]) -> Result<(), Error> {
        match Python::try_attach(|py| self.call(py, rows, features, adjoint)) {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => {
                self.raised = Some(error);
                Err(Error::Interrupted)
            }
            // The interpreter is gone.
            None => Err(Error::Interrupted),
        }
    }

    fn call(&mut self, py: Python<'_>, rows: &[usize], features: &[f64], adjoint: &mut [f64]) -> PyResult<()> {
        let index = PyArray1::from_iter(py, rows.iter().map(|&row| row as i64));
        let shape = [rows.len(), self.n_features];
        // An array of its own for each block: whoever keeps one should find later what is there now.
        let shown = py.import("numpy")?.call_method1("empty", (shape, dtype::<f64>(py)))?;
        let shape = shape.map(Extent::Exactly);
        let mut borrowed = arrays::write::<f64, Ix2>("features", &shown, &shape)?;
        arrays::slice_mut("features", &mut borrowed)?.copy_from_slice(features);
        drop(borrowed);
        let answer = self.function.call1(py, (index, shown))?;
        let answer = arrays::read::<f64, Ix2>("adjoint", answer.bind(py), &shape)?;
        adjoint.copy_from_slice(arrays::slice("adjoint", &answer)?);
        Ok(())
    }
}
