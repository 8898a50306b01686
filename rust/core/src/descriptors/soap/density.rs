//! A density and its power spectrum: what a SOAP supplies to the shared code.

use super::compression::Compression;
use super::convention::Convention;
use super::radial_basis::RadialBasis;
use crate::descriptors::{Environment, Refusal, Species};
use crate::{Error, Stop};

/// A neighbor density and the radial functions in which it is expanded, as its parameters describe them.
pub trait Density: Sync + 'static {
    /// The radial functions of one species.
    type Basis: RadialBasis;

    /// Checks every parameter for the range in which the definition makes sense.
    ///
    /// # Errors
    /// [`Error::Parameter`], which names it.
    fn validate(&self) -> Result<(), Error>;

    /// Distance in Å beyond which no atom is seen.
    fn reach(&self) -> f64;

    /// The elements that are seen.
    ///
    /// # Errors
    /// [`Error::Parameter`] where these are no sensible ones.
    fn species(&self) -> Result<Species, Error>;

    /// The power spectrum that is asked for.
    fn power_spectrum(&self) -> PowerSpectrumOptions<'_>;

    /// The radial functions of every species.
    ///
    /// # Errors
    /// [`Error::Parameter`] where there are none for these parameters; [`Error::Interrupted`], [`Error::Memory`].
    fn bases(&self, stop: &Stop<'_>) -> Result<Vec<Self::Basis>, Error>;

    /// Whether a center is part of the density of all species, not of its own alone.
    fn center_is_everywhere(&self) -> bool {
        false
    }

    /// Looks for sites that have no place in this density.
    ///
    /// # Errors
    /// [`Refusal`] where there is one.
    fn admit(&self, _environment: &Environment<'_>) -> Result<(), Refusal> {
        Ok(())
    }
}

/// Shape, order and scale of a power spectrum.
#[derive(Debug, Clone)]
pub struct PowerSpectrumOptions<'a> {
    /// Number of radial functions of each species.
    pub n_max: Vec<usize>,
    /// Largest degree of the spherical harmonics.
    pub l_max: usize,
    /// Components that are kept.
    pub compression: &'a Compression,
    /// Whose order, scale and sign the columns have.
    pub convention: Convention,
    /// What all products of a degree count for, `κ_l`.
    pub degree_weights: Vec<f64>,
    /// Whether rows are divided by their length, and the length below which one is left as it is; `None`: none is
    /// divided.
    pub norm: Option<f64>,
    /// Value of a last column that is the same in every row; `None` for no such column.
    pub constant: Option<f64>,
}
