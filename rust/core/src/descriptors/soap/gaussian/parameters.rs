//! What a user may choose about a SOAP with three-dimensional Gaussians.

use super::super::{Compression, Convention};
use super::integrals::GaussianBasis;

/// Parameters of a classic SOAP; lengths in Å.
#[derive(Debug, Clone, PartialEq)]
pub struct SoapParameters {
    /// Radius that the radial functions are made for.
    pub r_cut: f64,
    /// Atoms up to this far beyond it count too: their densities reach in.
    pub padding: f64,
    /// Number of radial functions of each species.
    pub n_max: usize,
    /// Largest degree of the spherical harmonics.
    pub l_max: usize,
    /// The radial functions.
    pub basis: GaussianBasis,
    /// The bases of QUIP end where a Gaussian at the cutoff has decayed to ten to minus this power.
    pub basis_error_exponent: f64,
    /// Width of the zone before the last visible radius in which the cutoff function falls; zero: neighbors vanish at once.
    pub cutoff_width: f64,
    /// How neighbors count by their distance, apart from that.
    pub weighting: Option<Weighting>,
    /// Whose order, scale and sign the columns have.
    pub convention: Convention,
    /// Which components are kept.
    pub compression: Compression,
    /// Whether rows are divided by their length.
    pub normalize: bool,
    /// Whether a center is part of the density of all species, not of its own alone.
    pub center_everywhere: bool,
    /// A last column that always is this.
    pub constant: Option<f64>,
    /// Error that is allowed in values and slopes of the radial functions, relative to their largest value.
    pub accuracy: f64,
    /// Whether atoms of other species are passed over in silence.
    pub ignore_unknown_species: bool,
    /// The species, in the order of their blocks.
    pub species: Vec<DensityParameters>,
}

/// Parameters of the density of one species.
#[derive(Debug, Clone, PartialEq)]
pub struct DensityParameters {
    /// Atomic number; `None` stands for every element.
    pub number: Option<i64>,
    /// Width of the Gaussian of an atom in Å.
    pub sigma: f64,
    /// What an atom of this species counts for.
    pub weight: f64,
    /// Weight of a center in the density of this species, where it is part of it.
    pub central_weight: f64,
}

/// A weight that depends on the distance, `t = r / r0`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weighting {
    /// Which function.
    pub function: WeightFunction,
    /// Unit of length in Å.
    pub r0: f64,
    /// Overall factor.
    pub c: f64,
    /// Offset of the denominator.
    pub d: f64,
    /// Exponent.
    pub m: f64,
    /// The weight of an atom exactly at the center, where that is not the limit.
    pub at_center: Option<f64>,
}

/// The functions of a [`Weighting`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightFunction {
    /// `c (1 + 2t³ - 3t²)^m` up to `r0`, zero beyond.
    Polynomial,
    /// `c / (d + t^m)`
    Power,
    /// `c / (d + exp(-t))`
    Exponential,
}
