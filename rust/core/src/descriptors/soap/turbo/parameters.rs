//! Parameters of recursive SOAP.

use serde::Deserialize;

use super::super::Compression;
use crate::Error;
use crate::descriptors::read;
use crate::descriptors::validate::{
    Spelled, about, check, count, l_max, length, n_max, not_negative, of_each, positive, r_cut, weight, within,
};

/// Narrowest density, in units of the cutoff.
const NARROWEST: f64 = 2e-3;
/// Widest density, in the same units.
const WIDEST: f64 = 100.0;
/// Species of widths of their own have tables of their own: so many narrowest widths fit side by side in all of them.
/// Four species may have the narrowest width there is.
const MOST_WIDTHS: f64 = 2000.0;

/// The radial functions in which the density is expanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TurboBasis {
    /// Powers of the distance from the cutoff, symmetrically orthonormalized.
    Poly3,
    /// `Poly3` with a Gaussian at the origin as the last function.
    Poly3Gauss,
    /// The span of `Poly3` in orthogonal (Jacobi) polynomials; the kernel is the same, construction loses no digits.
    Jacobi,
}

/// Exactness with which the definition is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// The mathematical object to machine precision.
    Exact,
    /// With the shortcuts of the program that introduced it, to reproduce its digits.
    Reference,
}

/// Parameters of one species, all lengths in Å.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpeciesParameters {
    /// Atomic number.
    pub number: i64,
    /// Number of radial functions.
    #[serde(deserialize_with = "read::count")]
    pub n_max: usize,
    /// Radial width of the density at the center.
    #[serde(rename = "sigma")]
    pub sigma_r: f64,
    /// Angular width of the density at the center.
    pub sigma_t: f64,
    /// Growth of `sigma_r` with the distance.
    #[serde(rename = "sigma_scaling")]
    pub sigma_r_scaling: f64,
    /// Growth of `sigma_t` with the distance.
    pub sigma_t_scaling: f64,
    /// Exponent of the decay of the amplitude toward the cutoff.
    pub amplitude_scaling: f64,
    /// Weight of a center of this species in its own density.
    pub central_weight: f64,
    /// Orthonormalizing matrix to use instead of our own, row by row (policy `Reference` only).
    #[serde(default)]
    pub basis_matrix: Option<Vec<f64>>,
}

impl SpeciesParameters {
    /// Checks the parameters of one species, among those that it shares with the others.
    fn validate(&self, common: &TurboParameters) -> Result<(), Error> {
        n_max(self.n_max, if common.basis == TurboBasis::Poly3Gauss { 2 } else { 1 })?;
        self.validate_widths(common.r_cut)?;
        within("amplitude_scaling", self.amplitude_scaling, 0.0..=100.0)?;
        weight("central_weight", self.central_weight)?;
        let remedy = "it belongs to policy 'reference'; the exact policy has no use for it";
        check(self.basis_matrix.is_none() || common.policy == Policy::Reference, "basis_matrix", "given", remedy)
    }

    fn validate_widths(&self, r_cut: f64) -> Result<(), Error> {
        let remedy = format!(
            "with r_cut = {} the width must stay between {} Å and {} Å from center to cutoff; check the unit, which is Å",
            r_cut.spelled(),
            about(NARROWEST * r_cut),
            about(WIDEST * r_cut)
        );
        for (name, scaling_name, sigma, scaling) in [
            ("sigma", "sigma_scaling", self.sigma_r, self.sigma_r_scaling),
            ("sigma_t", "sigma_t_scaling", self.sigma_t, self.sigma_t_scaling),
        ] {
            length(name, sigma)?;
            not_negative(scaling_name, scaling)?;
            let at_cutoff = (sigma + scaling * r_cut) / r_cut;
            check((NARROWEST..=WIDEST).contains(&(sigma / r_cut)), name, sigma, remedy.as_str())?;
            check((NARROWEST..=WIDEST).contains(&at_cutoff), scaling_name, scaling, remedy.as_str())?;
        }
        Ok(())
    }

    /// What decides the radial and angular functions under one set of common parameters.
    pub(super) fn functions(&self) -> (usize, [f64; 4]) {
        (self.n_max, [self.sigma_r, self.sigma_r_scaling, self.sigma_t, self.sigma_t_scaling])
    }

    /// Smallest width between the center and the cutoff, in Å.
    pub(super) fn narrowest(&self, r_cut: f64) -> f64 {
        let least = |sigma: f64, scaling: f64| sigma.min(sigma + scaling * r_cut);
        least(self.sigma_r, self.sigma_r_scaling).min(least(self.sigma_t, self.sigma_t_scaling))
    }
}

/// Parameters of a recursive SOAP.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TurboParameters {
    /// Cutoff in Å.
    pub r_cut: f64,
    /// Where the buffer zone before the cutoff begins, in Å; at most `r_cut`.
    pub r_soft: f64,
    /// Largest degree of the spherical harmonics.
    #[serde(deserialize_with = "read::count")]
    pub l_max: usize,
    /// Decay of the density in the buffer zone.
    pub filter_decay: f64,
    /// 0, 1 or 2: power of the distance by which far atoms are enhanced.
    #[serde(deserialize_with = "read::count")]
    pub radial_enhancement: u8,
    /// The radial functions.
    pub basis: TurboBasis,
    /// Exactness with which the definition is followed.
    pub policy: Policy,
    /// Components that are kept.
    #[serde(default)]
    pub compression: Compression,
    /// Whether rows are divided by their length.
    pub normalize: bool,
    /// Whether atoms of other species are passed over in silence.
    pub ignore_unknown_species: bool,
    /// The species, in the order of their blocks.
    pub species: Vec<SpeciesParameters>,
}

impl TurboParameters {
    /// Checks every parameter for the range in which the definition makes sense.
    pub(super) fn validate(&self) -> Result<(), Error> {
        r_cut(self.r_cut)?;
        let undefined = self.basis == TurboBasis::Jacobi && self.policy == Policy::Reference;
        check(!undefined, "basis", "\"jacobi\"", "policy 'reference' knows 'poly3' and 'poly3gauss' only")?;
        let soft_fits = self.r_soft > 0.0 && self.r_soft <= self.r_cut;
        let remedy = format!("it must be positive and at most r_cut = {:?}", self.r_cut);
        check(soft_fits, "r_soft", self.r_soft, remedy)?;
        positive("filter_decay", self.filter_decay)?;
        l_max(self.l_max)?;
        count("radial_enhancement", self.radial_enhancement.into(), 0..=2)?;
        of_each(&self.species, |species| Some(species.number), |species| species.validate(self))?;
        self.validate_tables()
    }

    /// Refuses more tables than can be made in seconds, before the first of them is begun.
    fn validate_tables(&self) -> Result<(), Error> {
        let (r_cut, species) = (self.r_cut, &self.species);
        let is_new = |&k: &usize| species[..k].iter().all(|other| other.functions() != species[k].functions());
        let narrowest: Vec<f64> =
            (0..species.len()).filter(is_new).map(|k| species[k].narrowest(r_cut) / r_cut).collect();
        let n_widths: f64 = narrowest.iter().map(|width| width.recip()).sum();
        let least = narrowest.iter().fold(f64::INFINITY, |least: f64, &width| least.min(width)) * r_cut;
        let fits = self.policy == Policy::Reference || narrowest.len() == 1 || n_widths <= MOST_WIDTHS;
        check(
            fits,
            "sigma",
            format!("{} different widths from {} Å on", narrowest.len(), about(least)),
            format!(
                "with r_cut = {}, widths of {} Å and more may all be different; give several species the same sigma, or \
                 check the unit",
                r_cut.spelled(),
                about(r_cut * narrowest.len() as f64 / MOST_WIDTHS)
            ),
        )
    }
}
