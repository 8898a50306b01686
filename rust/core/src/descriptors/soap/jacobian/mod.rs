//! The derivative of every feature with respect to every site.
//!
//! A site's coefficient is a product of a radial and an angular part, so the sum over `m` is done once a site, not
//! once a feature: with `U_nl = κ_l Σ_m Ã_lm c_nlm` and `V_nl = κ_l Σ_m ∇Ã_lm c_nlm`, primes on `b` being derivatives,
//!
//! ```text
//! ∂p_knl = μ [ r̂ (b'_kl U_nl + b'_nl U_kl) + b_kl V_nl + b_nl V_kl ]
//! ```
//!
//! Four steps a site: `terms` makes `b`, `b'`, `U` and `V`; `projection` finds from these what normalization will take
//! out; `products` combines them, with pairs and degrees in lanes; `finish` finishes some of them at a time and writes
//! the block. Nothing as long as a row is stored in between, so that all costs little more than the writing.

mod finish;
mod products;
mod projection;
mod terms;

use self::finish::{BlockWriter, COLUMNS_AT_A_TIME, FinishColumns, FinishProducts};
use self::products::{ProductDerivatives, WriteProducts};
use self::projection::RowProjection;
use self::terms::{AngularSums, FunctionTerms, RadialTerms};
use super::layout::ProductLayout;
use super::limits::PURPOSE;
use super::power_spectrum::{PowerSpectrum, PowerSpectrumScratch, Unnormalized};
use super::site_terms::SiteTerms;
use crate::descriptors::JacobianRow;
use crate::math::harmonics::Harmonics;
use crate::simd::{Isa, LANES, dot};
use crate::{Error, Stop, memory};

/// Buffers for one worker.
#[derive(Debug)]
pub struct JacobianScratch {
    /// Coefficients of each factor, `[lm][stride]`, with the norms of the harmonics and the weights of the degrees.
    scaled: [Vec<f64>; 2],
    /// What the site brings to each function of each factor.
    terms: [FunctionTerms; 2],
    /// Sums over `m` of a few functions.
    sums: Vec<[f64; LANES]>,
    /// Derivatives of the products, one vector an axis, with room after each for lanes that mean nothing.
    products: [Vec<f64>; 3],
    /// Derivatives of the columns, where columns are a selection of the products.
    selected: [Vec<f64>; 3],
    /// Features before normalization, with the same room.
    row: Vec<f64>,
}

/// The features of a center and what is needed to differentiate them.
pub struct JacobianWriter<'a> {
    spectrum: &'a PowerSpectrum,
    scratch: &'a mut JacobianScratch,
    /// Length of the vector before normalization, if it is normalized.
    norm: Option<f64>,
    /// What the coefficients were multiplied with.
    unit: f64,
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
        let per_axis = |n: usize| Ok([numbers(n)?, numbers(n)?, numbers(n)?]);
        let n_selected = if layout.selection.is_some() { layout.n_features() } else { 0 };
        let n_harmonics = n_degrees * n_degrees;
        Ok(Self {
            scaled: [numbers(n_harmonics * left.stride())?, numbers(n_harmonics * right.stride())?],
            terms: [FunctionTerms::new(left, n_degrees)?, FunctionTerms::new(right, n_degrees)?],
            sums: terms::sums_buffer(n_degrees),
            products: per_axis(layout.n_products() + LANES)?,
            selected: per_axis(n_selected)?,
            row: numbers(layout.n_features() + LANES)?,
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
        let row = &mut scratch.row[..layout.n_features()];
        let Unnormalized { norm, unit, coefficients } =
            spectrum.before_normalization(coefficients, spectrum_scratch, row, stop)?;
        let factors = [&layout.left, &layout.right];
        for (factor, scaled) in factors.into_iter().zip(&mut scratch.scaled).take(sides(layout)) {
            let stride = factor.stride();
            spectrum.sum_into(factor, &coefficients, scaled);
            let factors = harmonics.norms().iter().zip(harmonics.degrees());
            for (row, (norm, l)) in scaled.chunks_exact_mut(stride).zip(factors) {
                let factor = norm * spectrum.degree_weights()[l];
                row.iter_mut().for_each(|c| *c *= factor);
            }
        }
        Ok(Self { spectrum, scratch, norm, unit, stop })
    }

    /// Puts `∂ features / ∂ site` where it belongs.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn write(&mut self, site: &SiteTerms<'_>, index: usize, out: &mut JacobianRow<'_>) -> Result<(), Error> {
        let Some(place) = out.block(index) else { return Ok(()) };
        let (layout, isa) = (self.spectrum.layout(), Isa::detect());
        self.stop.check_after(3 * layout.n_products())?;
        let JacobianScratch { scaled, terms, sums, products: products_of_site, selected, row } = &mut *self.scratch;
        let n_degrees = layout.n_degrees();
        for (side, factor) in [&layout.left, &layout.right].into_iter().enumerate().take(sides(layout)) {
            let (scaled, terms) = (&scaled[side], &mut terms[side]);
            isa.run(RadialTerms { site, factor, n_degrees, terms });
            isa.run(AngularSums { n_degrees, stride: factor.stride(), scaled, site, sums, terms });
        }
        let products = ProductDerivatives {
            layout,
            touched: layout.left.touched_by(&site.species),
            unit: site.unit,
            left: &terms[0],
            right: &terms[sides(layout) - 1],
        };
        let [x, y, z] = products_of_site.each_mut().map(Vec::as_mut_slice);
        // What is taken out is the row times its dot product with the derivatives, over the square of its length.
        let inverse = self.norm.map_or(1.0, |norm| 1.0 / norm);
        let (scale, share) = (self.unit * inverse, if self.norm.is_some() { inverse * inverse } else { 0.0 });
        let (n_features, n_columns) = (self.spectrum.n_features(), layout.n_features());
        let writer = |along: [f64; 3]| {
            let along = along.map(|along| along * share);
            BlockWriter { row, along, n_features, n_columns, place }
        };
        // Narrow registers cannot hold the sums that `RowProjection` needs: there it is quicker to store the products.
        if layout.selection.is_none() && n_columns > COLUMNS_AT_A_TIME && isa > Isa::Baseline {
            let along =
                if self.norm.is_some() { isa.run(RowProjection { products: &products, scale, row }) } else { [0.0; 3] };
            isa.run(FinishProducts { writer: writer(along), products, scale, buffer: [x, y, z] });
            return Ok(());
        }
        isa.run(WriteProducts { products, scale, axes: [&mut *x, &mut *y, &mut *z] });
        let rates = if let Some(selection) = &layout.selection {
            for (selected, products) in selected.iter_mut().zip([x, y, z]) {
                selection.apply(products, selected);
            }
            selected.each_ref().map(Vec::as_slice)
        } else {
            [&x[..n_columns], &y[..n_columns], &z[..n_columns]]
        };
        let along = if self.norm.is_some() { rates.map(|rate| dot(&row[..n_columns], rate)) } else { [0.0; 3] };
        isa.run(FinishColumns { writer: writer(along), rates });
        Ok(())
    }
}

/// Factors that have terms of their own.
fn sides(layout: &ProductLayout) -> usize {
    if layout.symmetric { 1 } else { 2 }
}
