//! What a user may choose about a recursive SOAP.

use super::super::Compression;

/// The radial functions in which the density is expanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Powers of the distance from the cutoff, symmetrically orthonormalised.
    Poly3,
    /// The same with a Gaussian at the origin as the last function.
    Poly3Gauss,
    /// The span of `Poly3` in orthogonal (Jacobi) polynomials; the kernel is the same, construction loses no digits.
    Jacobi,
}

/// How exactly the definition is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// The mathematical object to machine precision.
    Exact,
    /// With the shortcuts of the program that introduced it, to reproduce its digits.
    Reference,
}

/// Parameters of one species, all lengths in Å.
#[derive(Debug, Clone, PartialEq)]
pub struct SpeciesParameters {
    /// Atomic number.
    pub number: i64,
    /// Number of radial functions.
    pub n_max: usize,
    /// Radial width of the density at the center.
    pub sigma_r: f64,
    /// Angular width of the density at the center.
    pub sigma_t: f64,
    /// Growth of `sigma_r` with the distance.
    pub sigma_r_scaling: f64,
    /// Growth of `sigma_t` with the distance.
    pub sigma_t_scaling: f64,
    /// Exponent of the decay of the amplitude toward the cutoff.
    pub amplitude_scaling: f64,
    /// Weight of a center of this species in its own density.
    pub central_weight: f64,
    /// Orthonormalising matrix to use instead of our own, row by row (policy `Reference` only).
    pub basis_matrix: Option<Vec<f64>>,
}

impl SpeciesParameters {
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
#[derive(Debug, Clone, PartialEq)]
pub struct TurboParameters {
    /// Cutoff in Å.
    pub r_cut: f64,
    /// Where the buffer zone before the cutoff begins, in Å; at most `r_cut`.
    pub r_soft: f64,
    /// Largest degree of the spherical harmonics.
    pub l_max: usize,
    /// Decay of the density in the buffer zone.
    pub filter_decay: f64,
    /// 0, 1 or 2: power of the distance by which far atoms are enhanced.
    pub radial_enhancement: u8,
    /// The radial functions.
    pub basis: Basis,
    /// How exactly the definition is followed.
    pub policy: Policy,
    /// Which components are kept.
    pub compression: Compression,
    /// Whether rows are divided by their length.
    pub normalize: bool,
    /// Whether atoms of other species are passed over in silence.
    pub ignore_unknown_species: bool,
    /// The species, in the order of their blocks.
    pub species: Vec<SpeciesParameters>,
}
