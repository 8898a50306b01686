//! From sites to density coefficients, `c[lm][n] = Σ_j b_n(r_j) A_l(r_j) Y_lm(r̂_j)`, and back.
//!
//! Sites are taken a [`SiteBlock`](super::site_block::SiteBlock) at a time. Of a block are computed, side by side in
//! lanes, directions, angular factors and harmonics; one product adds the block to the coefficients of its species. The
//! normalizing factors of the harmonics belong to `lm` and are applied to the sums.

mod center;
mod kernels;
mod prepare;

pub use center::CenterDensities;
pub use prepare::{ExpansionScratch, KeptSites};

use self::kernels::{Expand, ExpandPullback, HarmonicsWithGradients};
use self::prepare::Prepare;
use super::radial_basis::RadialBasis;
use super::site_terms::SiteTerms;
use crate::descriptors::Environment;
use crate::math::harmonics::Harmonics;
use crate::simd::{Isa, LANES};
use crate::{Error, Stop};

/// The density expansion of all species.
#[derive(Debug, Clone)]
pub struct DensityExpansion<P> {
    harmonics: Harmonics,
    bases: Vec<P>,
    /// First radial function of each species among all.
    first: Vec<usize>,
    n_functions: usize,
    centers: CenterDensities,
}

impl<P: RadialBasis> DensityExpansion<P> {
    /// An expansion up to degree `l_max` in `bases`, one a species, where each center adds what `centers` say.
    pub fn new(l_max: usize, bases: Vec<P>, centers: CenterDensities) -> Self {
        let first = bases
            .iter()
            .scan(0, |sum, basis| {
                *sum += basis.n_max();
                Some(*sum - basis.n_max())
            })
            .collect();
        let n_functions = bases.iter().map(P::n_max).sum();
        Self { harmonics: Harmonics::new(l_max), bases, first, n_functions, centers }
    }

    /// The harmonics of the expansion.
    pub fn harmonics(&self) -> &Harmonics {
        &self.harmonics
    }

    /// Length of one `lm` in the coefficients: the functions of all species, rounded up to whole packs.
    pub fn stride(&self) -> usize {
        self.n_functions.next_multiple_of(LANES)
    }

    /// The radial functions of `channel` among all.
    pub fn functions_of(&self, channel: usize) -> std::ops::Range<usize> {
        self.first[channel]..self.first[channel] + self.bases[channel].n_max()
    }

    /// Number of coefficients, `[lm][stride]`.
    pub fn n_coefficients(&self) -> usize {
        self.harmonics.len() * self.stride()
    }

    /// Degrees that have radial functions of their own: all, or one for all.
    fn n_separate(&self) -> usize {
        if P::BY_DEGREE { self.harmonics.l_max() + 1 } else { 1 }
    }

    /// The radial functions of every species.
    pub fn bases(&self) -> &[P] {
        &self.bases
    }

    /// Buffers for one worker.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn scratch(&self) -> Result<ExpansionScratch, Error> {
        ExpansionScratch::new(&self.harmonics, self.n_separate())
    }

    /// Computes directions, radial functions and angular factors of all sites, with derivatives where `derivatives` are
    /// asked for.
    ///
    /// # Errors
    /// [`Error::Interrupted`], [`Error::Memory`].
    pub fn prepare(
        &self,
        environment: &Environment<'_>,
        derivatives: bool,
        scratch: &mut ExpansionScratch,
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        Isa::detect().run(Prepare { expansion: self, environment, derivatives, scratch, stop })
    }

    /// Writes the coefficients of the prepared sites.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn expand(
        &self,
        environment: &Environment<'_>,
        scratch: &mut ExpansionScratch,
        coefficients: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let center = environment.center;
        let (displacements, tangent) = (None, &mut [][..]);
        Isa::detect().run(Expand { expansion: self, center, scratch, displacements, coefficients, tangent, stop })
    }

    /// Writes the coefficients and their derivative along the displacements of the sites, prepared with derivatives.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn expand_tangent(
        &self,
        environment: &Environment<'_>,
        displacements: &[[f64; 3]],
        scratch: &mut ExpansionScratch,
        coefficients: &mut [f64],
        tangent: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let center = environment.center;
        let displacements = Some(displacements);
        Isa::detect().run(Expand { expansion: self, center, scratch, displacements, coefficients, tangent, stop })
    }

    /// Writes the gradient of `Σ adjoint · coefficients` with respect to each site, prepared with derivatives.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn expand_pullback(
        &self,
        adjoint: &[f64],
        scratch: &mut ExpansionScratch,
        gradient: &mut [[f64; 3]],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        Isa::detect().run(ExpandPullback { expansion: self, adjoint, scratch, gradient, stop })
    }

    /// Hands `visit(site, terms)` what the Jacobian needs to know of each site, prepared with derivatives.
    ///
    /// # Errors
    /// Errors of `visit`, and [`Error::Interrupted`].
    pub fn visit_sites(
        &self,
        scratch: &mut ExpansionScratch,
        stop: &Stop<'_>,
        visit: &mut dyn FnMut(usize, SiteTerms<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let ExpansionScratch { blocks, n_blocks, rows, derivatives, work, .. } = scratch;
        for block in &blocks[..*n_blocks] {
            let functions = self.functions_of(block.channel);
            let width = self.bases[block.channel].n_packs() * LANES;
            let length = functions.len() * self.n_separate();
            for lane in 0..block.n_sites {
                if lane % LANES == 0 {
                    stop.check()?;
                    // One pack at a time: its rows are read once a site, and should still be near.
                    Isa::detect().run(HarmonicsWithGradients { expansion: self, pack: lane / LANES, block, work });
                }
                let place = block.first_row * LANES + lane * width;
                let angular = work.angular_of(lane % LANES, self.harmonics.len());
                let terms = SiteTerms {
                    species: functions.clone(),
                    by_degree: P::BY_DEGREE,
                    functions: &rows.as_flattened()[place..][..length + LANES],
                    derivatives: &derivatives.as_flattened()[place..][..length + LANES],
                    unit: [block.unit[0].0[lane], block.unit[1].0[lane], block.unit[2].0[lane]],
                    angular,
                };
                visit(block.start + lane, terms)?;
            }
        }
        Ok(())
    }
}
