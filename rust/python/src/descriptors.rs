//! One class a fingerprint: parameters in a mapping, and what all fingerprints have in common.

use isoprint_core::descriptors::{Descriptor as _, FrameDescriptor as _};
use isoprint_core::descriptors::{acsf, atom_matrix, coulomb_matrix, mbtr, overlap_matrix, radial_distribution, soap};
use pyo3::prelude::*;

use crate::compression::CompressionMatrix;
use crate::descriptor::{WithCache, methods};
use crate::frame_descriptor::frame_methods;
use crate::{door, read};

/// Declares the classes that are made of nothing but a mapping, and puts them and the others into a module.
macro_rules! classes {
    (others: $($other:ident),*; $($(#[$attribute:meta])* $class:ident($descriptor:ty), $make:expr;)*) => {
        $(
            $(#[$attribute])*
            #[pyclass(frozen, module = "isoprint._core")]
            pub struct $class(WithCache<$descriptor>);

            methods!($class {
                #[new]
                #[pyo3(signature = (parameters, /))]
                fn new(py: Python<'_>, parameters: &Bound<'_, PyAny>) -> PyResult<Self> {
                    let parameters = read::parameters(parameters)?;
                    door::prepare(py, |_| $make(parameters)).map(|descriptor| Self(descriptor.into()))
                }
            });
        )*

        /// Adds all classes to the module.
        pub fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
            $(module.add_class::<$class>()?;)*
            $(module.add_class::<$other>()?;)*
            Ok(())
        }
    };
}

classes! {
    others: DensityCoefficients, SOAP, SoapTurbo, GlobalCoulombMatrix, SineMatrix, EwaldSumMatrix;

    /// Atom-centered symmetry functions.
    #[allow(clippy::upper_case_acronyms, reason = "Python's name for it")]
    ACSF(acsf::Acsf), acsf::Acsf::new;

    /// Eigenvalues of the Coulomb matrix.
    CoulombMatrix(coulomb_matrix::CoulombMatrix), coulomb_matrix::CoulombMatrix::new;

    /// Distributions of distances and angles, of a frame or around a center.
    #[allow(clippy::upper_case_acronyms, reason = "Python's name for it")]
    MBTR(mbtr::Mbtr), mbtr::Mbtr::new;

    /// Eigenvalues of the overlap matrix of Gaussian orbitals.
    OverlapMatrix(overlap_matrix::OverlapMatrix), overlap_matrix::OverlapMatrix::new;

    /// Distances of the neighbors of each element, smeared.
    RadialDistribution(radial_distribution::RadialDistribution), radial_distribution::RadialDistribution::new;
}

/// Classic SOAP of Gaussian densities.
#[pyclass(frozen, module = "isoprint._core")]
#[allow(clippy::upper_case_acronyms, reason = "Python's name for it")]
pub struct SOAP(WithCache<soap::Soap>);

methods!(SOAP {
    #[new]
    #[pyo3(signature = (parameters, /, matrix=None))]
    fn new(py: Python<'_>, parameters: &Bound<'_, PyAny>, matrix: Option<CompressionMatrix>) -> PyResult<Self> {
        let mut parameters: soap::SoapParameters = read::parameters(parameters)?;
        CompressionMatrix::replace(matrix, &mut parameters.compression);
        door::prepare(py, |stop| soap::Soap::interruptible(parameters, stop)).map(|descriptor| Self(descriptor.into()))
    }

    /// Error of values and derivatives of the radial functions, relative to their largest value.
    #[getter]
    fn accuracy(&self) -> f64 {
        self.0.accuracy()
    }
});

/// Coefficients of a density of Gaussians.
#[pyclass(frozen, module = "isoprint._core")]
pub struct DensityCoefficients(WithCache<soap::DensityCoefficients>);

methods!(DensityCoefficients {
    #[new]
    #[pyo3(signature = (parameters, /))]
    fn new(py: Python<'_>, parameters: &Bound<'_, PyAny>) -> PyResult<Self> {
        let parameters = read::parameters(parameters)?;
        door::prepare(py, |stop| soap::DensityCoefficients::interruptible(parameters, stop))
            .map(|descriptor| Self(descriptor.into()))
    }

    /// Error of values and derivatives of the radial functions, relative to their largest value.
    #[getter]
    fn accuracy(&self) -> f64 {
        self.0.accuracy()
    }
});

/// Recursive SOAP with separable widths (`soap_turbo`).
#[pyclass(frozen, module = "isoprint._core")]
pub struct SoapTurbo(WithCache<soap::SoapTurbo>);

methods!(SoapTurbo {
    #[new]
    #[pyo3(signature = (parameters, /, matrix=None))]
    fn new(py: Python<'_>, parameters: &Bound<'_, PyAny>, matrix: Option<CompressionMatrix>) -> PyResult<Self> {
        let mut parameters: soap::TurboParameters = read::parameters(parameters)?;
        CompressionMatrix::replace(matrix, &mut parameters.compression);
        door::prepare(py, |stop| soap::SoapTurbo::interruptible(parameters, stop))
            .map(|descriptor| Self(descriptor.into()))
    }
});

/// Declares the classes of fingerprints of whole frames.
macro_rules! frame_classes {
    ($($(#[$attribute:meta])* $class:ident($descriptor:ty);)*) => {
        $(
            $(#[$attribute])*
            #[pyclass(frozen, module = "isoprint._core")]
            pub struct $class(WithCache<$descriptor>);

            frame_methods!($class {
                #[new]
                #[pyo3(signature = (parameters, /))]
                fn new(py: Python<'_>, parameters: &Bound<'_, PyAny>) -> PyResult<Self> {
                    let parameters = read::parameters(parameters)?;
                    door::prepare(py, |_| <$descriptor>::new(parameters)).map(|descriptor| Self(descriptor.into()))
                }
            });
        )*
    };
}

frame_classes! {
    /// The Coulomb matrix of a molecule.
    GlobalCoulombMatrix(atom_matrix::GlobalCoulombMatrix);

    /// The sine matrix of a crystal.
    SineMatrix(atom_matrix::SineMatrix);

    /// The Ewald sum matrix of a crystal.
    EwaldSumMatrix(atom_matrix::EwaldSumMatrix);
}
