//! The derivative of every feature with respect to every site.
//!
//! A site's coefficient is a product of a radial and an angular part, so the sum over `m` is done once a site, not
//! once a feature: with `U_nl = κ_l Σ_m Ã_lm c_nlm` and `V_nl = κ_l Σ_m ∇Ã_lm c_nlm`, primes on `b` being derivatives,
//!
//! ```text
//! ∂p_knl = μ [ r̂ (b'_kl U_nl + b'_nl U_kl) + b_kl V_nl + b_nl V_kl ]
//! ```
//!
//! A site is done in one go: `terms` makes `b`, `b'`, `U` and `V`; `rows` or `planes`, whatever the order of the columns,
//! combine them to derivatives, which stay in the nearest cache; `deliver` takes out what normalization takes out and
//! writes the block, past the caches where nobody will read it soon. Products of functions that the site has no part in
//! are zero: `pieces` knows which. The block of the center, minus all others, is summed meanwhile (`own`).

mod deliver;
mod own;
mod pieces;
mod planes;
mod rows;
mod site;
mod terms;

use self::deliver::BlockWriter;
use self::own::{OwnSums, WriteOwn};
use self::pieces::PieceList;
use self::site::WriteSite;
use self::terms::{FunctionTerms, SumsBuffer, TermOrder};
use super::layout::ProductLayout;
use super::limits::PURPOSE;
use super::power_spectrum::{PowerSpectrum, PowerSpectrumScratch, Unnormalized};
use super::site_terms::SiteTerms;
use crate::descriptors::JacobianRow;
use crate::math::harmonics::Harmonics;
use crate::simd::{Isa, LANES, Pack};
use crate::{Error, Stop, memory};

/// Columns that are made and delivered together, so that they stay in the nearest cache meanwhile.
const COLUMNS_AT_A_TIME: usize = 64 * LANES;

/// Buffers for one worker.
#[derive(Debug)]
pub struct JacobianScratch {
    /// Coefficients of each factor, `[lm][stride]`, with the norms of the harmonics, the weights of the degrees and the
    /// inverse length of the row.
    scaled: [Vec<f64>; 2],
    /// What the site brings to each function of each factor.
    terms: [FunctionTerms; 2],
    /// Sums over `m` of a few functions.
    sums: SumsBuffer,
    /// What the columns of the site are made of.
    list: PieceList,
    /// Derivatives of some columns, or of the products that columns are selected from; one vector an axis, with room
    /// after each for lanes that mean nothing.
    made: [Vec<Pack>; 3],
    /// Derivatives of the columns, where columns are a selection of the products.
    selected: [Vec<Pack>; 3],
    /// Features before normalization, with the same room.
    row: Vec<Pack>,
    /// The block of the center.
    own: OwnSums,
}

/// The features of a center and what is needed to differentiate them.
pub struct JacobianWriter<'a> {
    spectrum: &'a PowerSpectrum,
    scratch: &'a mut JacobianScratch,
    /// Length of the vector before normalization, if it is normalized.
    norm: Option<f64>,
    stop: &'a Stop<'a>,
}

impl JacobianScratch {
    /// Buffers for one worker.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn new(spectrum: &PowerSpectrum) -> Result<Self, Error> {
        let n_degrees = spectrum.l_max() + 1;
        let layout = spectrum.layout();
        let ProductLayout { left, right, .. } = layout;
        let numbers = |n| memory::zeros(PURPOSE, n);
        let packs = |n| memory::filled(PURPOSE, Pack::holding(n) + 1, Pack::ZERO);
        let per_axis = |n: usize| Ok([packs(n)?, packs(n)?, packs(n)?]);
        let order = if layout.planes.is_some() { TermOrder::Degrees } else { TermOrder::Functions };
        let is_selected = layout.selection.is_some() && layout.planes.is_none();
        let n_columns = layout.n_features();
        let n_made = if is_selected { layout.n_products() } else { n_columns };
        let n_harmonics = n_degrees * n_degrees;
        Ok(Self {
            scaled: [numbers(n_harmonics * left.stride())?, numbers(n_harmonics * right.stride())?],
            terms: [FunctionTerms::new(left, n_degrees, order)?, FunctionTerms::new(right, n_degrees, order)?],
            sums: terms::NO_SUMS,
            list: PieceList::default(),
            made: per_axis(n_made)?,
            selected: per_axis(if is_selected { n_columns } else { 0 })?,
            row: packs(n_columns)?,
            own: OwnSums::new(n_columns)?,
        })
    }
}

impl<'a> JacobianWriter<'a> {
    /// Prepares the derivatives at `coefficients`.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn new(
        spectrum: &'a PowerSpectrum,
        harmonics: &'a Harmonics,
        coefficients: &[f64],
        spectrum_scratch: &mut PowerSpectrumScratch,
        scratch: &'a mut JacobianScratch,
        stop: &'a Stop<'a>,
    ) -> Result<Self, Error> {
        let layout = spectrum.layout();
        let row = &mut Pack::numbers_mut(&mut scratch.row)[..layout.n_features()];
        let Unnormalized { norm, unit, coefficients } =
            spectrum.before_normalization_if_needed(coefficients, spectrum_scratch, row, stop)?;
        let scale = unit * norm.map_or(1.0, |norm| 1.0 / norm);
        let factors = [&layout.left, &layout.right];
        for (factor, scaled) in factors.into_iter().zip(&mut scratch.scaled).take(sides(layout)) {
            if factor.is_summed() {
                spectrum.sum_into(factor, &coefficients, scaled);
            } else {
                scaled.copy_from_slice(&coefficients);
            }
            let factors = harmonics.norms().iter().zip(harmonics.degrees());
            for (row, (norm, l)) in scaled.chunks_exact_mut(factor.stride()).zip(factors) {
                let factor = scale * norm * spectrum.degree_weights()[l];
                row.iter_mut().for_each(|c| *c *= factor);
            }
        }
        scratch.own.clear();
        Ok(Self { spectrum, scratch, norm, stop })
    }

    /// Puts `∂ features / ∂ site` where it belongs.
    ///
    /// # Errors
    /// [`Error::Interrupted`], [`Error::Memory`].
    pub fn write(&mut self, site: &SiteTerms<'_>, index: usize, out: &mut JacobianRow<'_>) -> Result<(), Error> {
        let has_own = out.has_own();
        let Some(block) = out.block(index) else { return Ok(()) };
        let layout = self.spectrum.layout();
        self.stop.check_after(3 * layout.n_products())?;
        // The whole row must be known before normalization takes out its part.
        let most = if self.norm.is_some() { usize::MAX } else { COLUMNS_AT_A_TIME };
        self.scratch.list.prepare(layout, &site.species, most)?;
        let (share, n_features) = (self.share(), self.spectrum.n_features());
        let scratch = &mut *self.scratch;
        Isa::detect().run(WriteSite { layout, site, scratch, share, n_features, block, has_own });
        Ok(())
    }

    /// Writes the block of the center, when those of all sites are there.
    pub fn finish(self, out: &mut JacobianRow<'_>) {
        let Some(block) = out.own_block() else { return };
        let share = self.share();
        let JacobianScratch { row, own, .. } = self.scratch;
        let row = share.map(|_| Pack::numbers(row));
        let (n_features, n_columns) = (self.spectrum.n_features(), self.spectrum.layout().n_features());
        let writer = BlockWriter { row, along: [0.0; 3], n_features, n_columns, block };
        Isa::detect().run(WriteOwn { sums: own, writer });
    }

    /// What is taken out is the row times its dot product with the derivatives, over the square of its length.
    fn share(&self) -> Option<f64> {
        self.norm.map(|norm| 1.0 / (norm * norm))
    }
}

/// Factors that have terms of their own.
fn sides(layout: &ProductLayout) -> usize {
    if layout.symmetric { 1 } else { 2 }
}
