//! Parameters of SOAP with three-dimensional Gaussians.

use serde::Deserialize;

use super::super::{Compression, Convention};
use super::integrals::GaussianBasis;
use super::weighting::Weighting;
use crate::Error;
use crate::descriptors::read;
use crate::descriptors::validate::{
    Spelled, about, check, finite, l_max, length, n_max, of_each, positive, r_cut, weight,
};

/// Narrowest density, in units of the distance up to which atoms are seen.
const NARROWEST: f64 = 5e-4;
/// Widest density, in the same units.
const WIDEST: f64 = 10.0;
/// Cutoffs in Å of the basis [`GaussianBasis::Gto`], whose functions begin at the first and whose quadratures, as fine
/// as the first asks for, grow with the last.
const GTO_CUTOFFS: (f64, f64) = (1.0, 1000.0);

/// Parameters of a classic SOAP; lengths in Å.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SoapParameters {
    /// Radius that the radial functions are made for.
    pub r_cut: f64,
    /// Atoms up to this far beyond it count too: their densities reach in.
    pub padding: f64,
    /// Number of radial functions of each species.
    #[serde(deserialize_with = "read::count")]
    pub n_max: usize,
    /// Largest degree of the spherical harmonics.
    #[serde(deserialize_with = "read::count")]
    pub l_max: usize,
    /// The radial functions.
    pub basis: GaussianBasis,
    /// The bases of QUIP end where a Gaussian at the cutoff has decayed to ten to minus this power.
    pub basis_error_exponent: f64,
    /// Width of the zone before the last visible radius in which the cutoff function falls; zero: neighbors vanish at
    /// once.
    pub cutoff_width: f64,
    /// Dependence of weights on the distance, apart from that.
    pub weighting: Option<Weighting>,
    /// Whose order, scale and sign the columns have.
    pub convention: Convention,
    /// Components that are kept.
    #[serde(default)]
    pub compression: Compression,
    /// Whether rows are divided by their length.
    pub normalize: bool,
    /// Whether a center is part of the density of all species, not of its own alone.
    pub center_everywhere: bool,
    /// A last column that always is this.
    pub constant: Option<f64>,
    /// Error that is allowed in values and derivatives of the radial functions, relative to their largest value.
    pub accuracy: f64,
    /// Whether atoms of other species are passed over in silence.
    pub ignore_unknown_species: bool,
    /// The species, in the order of their blocks.
    pub species: Vec<DensityParameters>,
}

/// Parameters of the density of one species.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DensityParameters {
    /// Atomic number; `None` stands for every element.
    pub number: Option<i64>,
    /// Width of the Gaussian of an atom in Å.
    pub sigma: f64,
    /// Weight of an atom of this species.
    #[serde(rename = "species_weight")]
    pub weight: f64,
    /// Weight of a center in the density of this species, where it is part of it.
    pub central_weight: f64,
}

impl SoapParameters {
    /// Checks every parameter for the range in which the definition makes sense.
    pub(super) fn validate(&self) -> Result<(), Error> {
        r_cut(self.r_cut)?;
        self.validate_basis()?;
        n_max(self.n_max, 1)?;
        l_max(self.l_max)?;
        check_length("padding", self.padding)?;
        let reach = self.reach();
        let range = format!("it must be from 0 to {reach:?} Å, which is r_cut and padding");
        check((0.0..=reach).contains(&self.cutoff_width), "cutoff_width", self.cutoff_width, range)?;
        positive("basis_error_exponent", self.basis_error_exponent)?;
        let asks = self.accuracy > 0.0 && self.accuracy <= 1e-2;
        check(asks, "accuracy", self.accuracy, "it must be a positive number up to 0.01, such as 1e-12")?;
        finite("constant", self.constant.unwrap_or(0.0))?;
        self.weighting.as_ref().map_or(Ok(()), |weighting| weighting.validate(reach))?;
        of_each(&self.species, |species| species.number, |species| species.validate(reach))
    }

    fn validate_basis(&self) -> Result<(), Error> {
        let (first, last) = GTO_CUTOFFS;
        let fits = self.basis != GaussianBasis::Gto || (self.r_cut > first && self.r_cut <= last);
        let remedy = format!(
            "functions of basis 'gto' are spread from {first} Å to r_cut, which must be farther, up to {last} Å; take \
             another r_cut or another basis"
        );
        check(fits, "r_cut", self.r_cut, remedy)
    }
}

impl DensityParameters {
    /// Checks the parameters of one species, of atoms that are seen up to `reach`.
    fn validate(&self, reach: f64) -> Result<(), Error> {
        length("sigma", self.sigma)?;
        let widths = NARROWEST * reach..=WIDEST * reach;
        let remedy = format!(
            "for neighbors up to {} Å it must be between {} and {} Å; check the unit",
            reach.spelled(),
            about(*widths.start()),
            about(*widths.end())
        );
        check(widths.contains(&self.sigma), "sigma", self.sigma, remedy)?;
        weight("species_weight", self.weight)?;
        weight("central_weight", self.central_weight)
    }
}

/// The error for a length in Å that is negative or no number.
fn check_length(name: &'static str, value: f64) -> Result<(), Error> {
    check(value.is_finite() && value >= 0.0, name, value, "it must be a number of Å that is not negative")
}
