//! Sums of kernels of every row and the gradient of their sum, in one pass.

use isoprint_core::descriptors::Descriptor;
use isoprint_core::engine;
use numpy::PyArray1;
use numpy::ndarray::{Ix1, Ix2, Ix3};
use pyo3::prelude::*;

use crate::arrays::{self, CenterArrays, Extent, FrameArrays};
use crate::descriptor::{PullbackArrays, of_centers};
use crate::door::{self, CallOptions};
use crate::errors;

/// A weighted sum of kernels `(q · p)^n` with some points, those of each kind of rows.
#[pyclass(frozen, module = "isoprint._core")]
pub struct KernelSum(engine::KernelSum);

#[pymethods]
impl KernelSum {
    /// The points and weights of each kind; points are components along `basis`, if there is one.
    #[new]
    #[pyo3(signature = (n_features, exponent, kinds, /, basis=None))]
    fn new(
        n_features: usize,
        exponent: u32,
        kinds: Vec<(Bound<'_, PyAny>, Bound<'_, PyAny>)>,
        basis: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let shape = [Extent::Any("n_directions"), Extent::Exactly(n_features)];
        let basis = basis.map(|basis| arrays::read::<f64, Ix2>("basis", &basis, &shape)).transpose()?;
        let basis = basis.as_ref().map(|basis| arrays::slice("basis", basis)).transpose()?;
        let mut sum = engine::KernelSum::new(n_features, exponent, basis).map_err(|error| errors::to_python(&error))?;
        for (points, weights) in kinds {
            let weights = arrays::read::<f64, Ix1>("weights", &weights, &[Extent::Any("n_points")])?;
            let weights = arrays::slice("weights", &weights)?;
            let shape = [Extent::Exactly(weights.len()), Extent::Exactly(sum.n_terms())];
            let points = arrays::read::<f64, Ix2>("points", &points, &shape)?;
            sum.push(arrays::slice("points", &points)?, weights).map_err(|error| errors::to_python(&error))?;
        }
        Ok(Self(sum))
    }
}

/// Values of every row, gradients of their sum with respect to positions and strains.
pub type Evaluated<'py> = (Bound<'py, PyArray1<f64>>, PullbackArrays<'py>);

/// The values of a function of every row, and the gradients of their sum; `kinds` says of which kind each row is.
pub fn evaluate<'py, D: Descriptor>(
    descriptor: &D,
    (frames, centers): (&FrameArrays<'_>, &CenterArrays<'_>),
    KernelSum(function): &KernelSum,
    kinds: &Bound<'py, PyAny>,
    options: &CallOptions<'_>,
) -> PyResult<Evaluated<'py>> {
    let py = kinds.py();
    let request = of_centers(descriptor, frames, centers)?;
    let kinds = arrays::read::<i64, Ix1>("kinds", kinds, &[Extent::Exactly(request.length())])?;
    let kinds = arrays::slice("kinds", &kinds)?;
    let (frames, centers) = (&request.frames, &request.centers);
    let values = PyArray1::zeros(py, request.length(), false);
    let gradients = {
        let mut borrowed = arrays::write::<f64, Ix1>("values", &values, &[Extent::Exactly(request.length())])?;
        let values = arrays::slice_mut("values", &mut borrowed)?;
        door::enter(py, options, request.length(), |job| {
            engine::evaluate(descriptor, frames, centers, (function, kinds), values, job)
        })?
    };
    let positions = arrays::new_array(py, Ix2(frames.n_atoms(), 3), gradients.positions.into_flattened())?;
    let strain = gradients.strain.into_flattened().into_flattened();
    Ok((values, (positions, arrays::new_array(py, Ix3(frames.len(), 3, 3), strain)?)))
}
