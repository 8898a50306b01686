//! The derivative of every feature with respect to every site.
//!
//! A site's coefficient is a product of a radial and an angular part, so the sum over `m` is done once a site, not
//! once a feature: with `U = Σ_m Ã c` and `V = Σ_m ∇Ã c`,
//!
//! ```text
//! ∂p_nn'l = μ [ r̂ (b_n' U_ln' + b_n'' U_ln) + b_n V_ln' + b_n' V_ln ]
//! ```
//!
//! and what is left costs as much as writing it.

use super::expansion::Expansion;
use super::power_spectrum::{PowerSpectrum, Spectrum, project_out};
use crate::math::harmonics::Harmonics;
use crate::simd::{Isa, Kernel, LANES, Lanes, Row};

/// Buffers for one worker.
#[derive(Debug)]
pub struct JacobianScratch {
    /// Coefficients of each factor, `[lm][stride]`, with the norms of the harmonics.
    scaled: [Vec<f64>; 2],
    /// `U` and `V` of each factor, `[U, V_x, V_y, V_z][n][degrees, in packs]`.
    contracted: [Vec<[f64; LANES]>; 2],
    /// Radial functions of the site and their slopes, for each factor.
    functions: [Vec<f64>; 2],
    slopes: [Vec<f64>; 2],
    /// Derivatives of the products before the selection, `[xyz]`, with room for one pack beyond.
    products: Vec<f64>,
    /// Those of the features.
    rows: Vec<f64>,
    /// Features before normalisation.
    row: Vec<f64>,
    /// Row of each `lm` among the harmonics of a block.
    row_of: Vec<usize>,
}

/// One site as the Jacobian sees it.
pub struct SiteTerms<'a> {
    /// Its place in its block.
    pub lane: usize,
    /// Radial functions of its species among all, and their values and slopes.
    pub first: usize,
    /// Values.
    pub functions: &'a [f64],
    /// Derivatives in 1/Å.
    pub slopes: &'a [f64],
    /// Direction from the center.
    pub unit: [f64; 3],
    /// `Ã` of the block.
    pub harmonics: &'a [Row],
    /// `∇Ã` of the block.
    pub gradients: [&'a [Row]; 3],
}

/// The features of a center and what is needed to differentiate them.
pub struct JacobianOf<'a> {
    spectrum: &'a PowerSpectrum,
    scratch: &'a mut JacobianScratch,
    /// Length of the vector before normalisation, if it is normalised.
    norm: Option<f64>,
}

impl JacobianScratch {
    /// Buffers for one worker.
    pub fn new(expansion: &Expansion, spectrum: &PowerSpectrum) -> Self {
        let k = expansion.harmonics().len();
        let layout = spectrum.layout();
        let factors = [&layout.left, &layout.right];
        let packs = (expansion.harmonics().l_max() + 1).div_ceil(LANES);
        Self {
            scaled: factors.map(|factor| vec![0.0; k * factor.stride()]),
            contracted: factors.map(|factor| vec![[0.0; LANES]; 4 * factor.stride() * packs]),
            functions: factors.map(|factor| vec![0.0; factor.stride()]),
            slopes: factors.map(|factor| vec![0.0; factor.stride()]),
            products: vec![0.0; 3 * layout.n_products() + packs * LANES],
            rows: vec![0.0; 3 * layout.n_features()],
            row: vec![0.0; layout.n_features()],
            row_of: vec![0; k],
        }
    }
}

impl<'a> JacobianOf<'a> {
    /// Prepares the derivatives at `coefficients`.
    pub fn new(
        spectrum: &'a PowerSpectrum,
        harmonics: &'a Harmonics,
        coefficients: &[f64],
        spectrum_scratch: &mut Spectrum,
        scratch: &'a mut JacobianScratch,
    ) -> Self {
        let norm = spectrum.unnormalised(coefficients, spectrum_scratch, &mut scratch.row);
        let layout = spectrum.layout();
        for (factor, scaled) in [&layout.left, &layout.right].into_iter().zip(&mut scratch.scaled) {
            let stride = factor.stride();
            let room = scaled.as_mut_slice();
            spectrum.sum_into(factor, coefficients, room);
            for (&lm, norm) in harmonics.order().iter().zip(harmonics.norms()) {
                room[lm * stride..][..stride].iter_mut().for_each(|c| *c *= norm);
            }
        }
        for (row, &lm) in harmonics.order().iter().enumerate() {
            scratch.row_of[lm] = row;
        }
        Self { spectrum, scratch, norm }
    }

    /// `∂ features / ∂ site`, `[xyz][feature]`.
    pub fn rows(&mut self, site: &SiteTerms<'_>) -> &[f64] {
        let layout = self.spectrum.layout();
        let factors = [&layout.left, &layout.right];
        let scratch = &mut *self.scratch;
        let sides = if layout.symmetric { 1 } else { 2 };
        for side in 0..sides {
            let (functions, slopes) = (&mut scratch.functions[side], &mut scratch.slopes[side]);
            functions.fill(0.0);
            slopes.fill(0.0);
            factors[side].add(site.first, site.functions, functions);
            factors[side].add(site.first, site.slopes, slopes);
        }
        for (side, factor) in factors.into_iter().enumerate().take(sides) {
            Isa::detect().run(Contract {
                l_max: self.spectrum.l_max(),
                stride: factor.stride(),
                scaled: &scratch.scaled[side],
                row_of: &scratch.row_of,
                site,
                out: &mut scratch.contracted[side],
            });
        }
        Isa::detect().run(Combine { spectrum: self.spectrum, unit: site.unit, scratch });
        let n_products = layout.n_products();
        for i in 0..3 {
            let products = &scratch.products[i * n_products..][..n_products];
            let row = &mut scratch.rows[i * layout.n_features()..][..layout.n_features()];
            match &layout.selection {
                Some(selection) => selection.apply(products, row),
                None => row.copy_from_slice(products),
            }
            if let Some(norm) = self.norm {
                project_out(&scratch.row, norm, row);
            }
        }
        &scratch.rows
    }
}

/// `U` and `V` of one factor.
struct Contract<'a> {
    l_max: usize,
    stride: usize,
    scaled: &'a [f64],
    row_of: &'a [usize],
    site: &'a SiteTerms<'a>,
    out: &'a mut [[f64; LANES]],
}

impl Kernel for Contract<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { l_max, stride, scaled, row_of, site, out } = self;
        let degrees = (l_max + 1).div_ceil(LANES);
        let lane = site.lane;
        let [gx, gy, gz] = site.gradients;
        for pack in 0..stride / LANES {
            for group in 0..degrees {
                let mut sums = [[V::zero(); LANES]; 4];
                for (k, l) in (group * LANES..=l_max).enumerate().take(LANES) {
                    let mut sum = [V::zero(); 4];
                    for lm in l * l..(l + 1) * (l + 1) {
                        let c = V::load(&scaled[lm * stride..].as_chunks::<LANES>().0[pack]);
                        let row = row_of[lm];
                        let terms = [site.harmonics[row].0[lane], gx[row].0[lane], gy[row].0[lane], gz[row].0[lane]];
                        for (sum, term) in sum.iter_mut().zip(terms) {
                            *sum = c.mul_add(V::splat(term), *sum);
                        }
                    }
                    for (sums, sum) in sums.iter_mut().zip(sum) {
                        sums[k] = sum;
                    }
                }
                for (kind, sums) in sums.into_iter().enumerate() {
                    for (k, lanes) in V::transpose(sums).into_iter().enumerate() {
                        let n = pack * LANES + k;
                        lanes.store(&mut out[(kind * stride + n) * degrees + group]);
                    }
                }
            }
        }
    }
}

/// The derivatives of all products, from `U`, `V` and the radial functions of the site.
struct Combine<'a> {
    spectrum: &'a PowerSpectrum,
    unit: [f64; 3],
    scratch: &'a mut JacobianScratch,
}

impl Kernel for Combine<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { spectrum, unit, scratch } = self;
        let layout = spectrum.layout();
        let other = usize::from(!layout.symmetric);
        let n_degrees = spectrum.l_max() + 1;
        let degrees = n_degrees.div_ceil(LANES);
        let JacobianScratch { contracted, functions, slopes, products, .. } = scratch;
        let [left, right] = [&contracted[0], &contracted[other]];
        let [left_stride, right_stride] = [layout.left.stride(), layout.right.stride()];
        let n_products = layout.n_products();
        for (i, direction) in unit.into_iter().enumerate() {
            let out = &mut products[i * n_products..];
            for n in 0..layout.left.len() {
                let (b, db) = (functions[0][n], slopes[0][n] * direction);
                let u = &left[n * degrees..][..degrees];
                let v = &left[((1 + i) * left_stride + n) * degrees..][..degrees];
                for n_prime in layout.first(n)..layout.right.len() {
                    let (b2, db2) = (functions[other][n_prime], slopes[other][n_prime] * direction);
                    let weight = layout.weight(n, n_prime);
                    let u2 = &right[n_prime * degrees..][..degrees];
                    let v2 = &right[((1 + i) * right_stride + n_prime) * degrees..][..degrees];
                    let [db, b, db2, b2] = [db, b, db2, b2].map(|x| V::splat(weight * x));
                    // The lanes beyond the last degree fall on the next product, which is written later, or on the
                    // room after the last.
                    let place = layout.place(n, n_prime);
                    for (group, slot) in out[place..].as_chunks_mut::<LANES>().0.iter_mut().take(degrees).enumerate() {
                        let first = db.mul(V::load(&u2[group]));
                        let second = b.mul_add(V::load(&v2[group]), first);
                        let third = db2.mul_add(V::load(&u[group]), second);
                        b2.mul_add(V::load(&v[group]), third).store(slot);
                    }
                }
            }
        }
    }
}
