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
    /// `Ã` and `∇Ã` of the present site at each `lm`.
    terms: Vec<[f64; 4]>,
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
            terms: vec![[0.0; 4]; k],
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
            for (row, norm) in room.chunks_exact_mut(stride).zip(harmonics.norms()) {
                row.iter_mut().for_each(|c| *c *= norm);
            }
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
                site,
                terms: &mut scratch.terms,
                out: &mut scratch.contracted[side],
            });
        }
        Isa::detect().run(Combine { spectrum: self.spectrum, unit: site.unit, scratch });
        let (n_products, n_features) = (layout.n_products(), layout.n_features());
        let rows = match &layout.selection {
            Some(selection) => {
                let products = scratch.products.chunks_exact(n_products);
                for (products, row) in products.zip(scratch.rows.chunks_exact_mut(n_features)) {
                    selection.apply(products, row);
                }
                &mut scratch.rows[..]
            }
            None => &mut scratch.products[..3 * n_features],
        };
        if let Some(norm) = self.norm {
            rows.chunks_exact_mut(n_features).for_each(|row| project_out(&scratch.row, norm, row));
        }
        rows
    }
}

/// `U` and `V` of one factor.
struct Contract<'a> {
    l_max: usize,
    stride: usize,
    scaled: &'a [f64],
    site: &'a SiteTerms<'a>,
    /// Room for `Ã` and `∇Ã` of the site at each `lm`.
    terms: &'a mut [[f64; 4]],
    out: &'a mut [[f64; LANES]],
}

impl Kernel for Contract<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { l_max, stride, scaled, site, terms, out } = self;
        let degrees = (l_max + 1).div_ceil(LANES);
        for (lm, terms) in terms.iter_mut().enumerate() {
            let [x, y, z] = site.gradients.map(|rows| rows[lm].0[site.lane]);
            *terms = [site.harmonics[lm].0[site.lane], x, y, z];
        }
        for pack in 0..stride / LANES {
            for group in 0..degrees {
                let mut sums = [[V::zero(); LANES]; 4];
                for (k, l) in (group * LANES..=l_max).enumerate().take(LANES) {
                    let mut sum = [V::zero(); 4];
                    let rows = scaled[l * l * stride..(l + 1) * (l + 1) * stride].chunks_exact(stride);
                    for (row, terms) in rows.zip(&terms[l * l..]) {
                        let c = V::load(&row.as_chunks::<LANES>().0[pack]);
                        for (sum, term) in sum.iter_mut().zip(terms) {
                            *sum = c.mul_add(V::splat(*term), *sum);
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
            let (v_left, v_right) =
                (&left[(1 + i) * left_stride * degrees..], &right[(1 + i) * right_stride * degrees..]);
            for n in 0..layout.left.len() {
                let [b, db] = [V::splat(functions[0][n]), V::splat(slopes[0][n] * direction)];
                let (u, v) = (&left[n * degrees..][..degrees], &v_left[n * degrees..][..degrees]);
                let first = layout.first(n);
                let others = functions[other][first..layout.right.len()].iter().zip(&slopes[other][first..]);
                let right = right[first * degrees..].chunks_exact(degrees);
                let v_right = v_right[first * degrees..].chunks_exact(degrees);
                let mut place = layout.place(n, first);
                for (n_prime, (((b2, db2), u2), v2)) in (first..).zip(others.zip(right).zip(v_right)) {
                    let weight = V::splat(layout.weight(n, n_prime));
                    let [b2, db2] = [V::splat(*b2), V::splat(db2 * direction)];
                    // The lanes beyond the last degree fall on the next product, which is written later, or on the
                    // room after the last.
                    let slots = out[place..].as_chunks_mut::<LANES>().0.iter_mut();
                    for ((((slot, u), v), u2), v2) in slots.zip(u).zip(v).zip(u2).zip(v2) {
                        let first = b.mul_add(V::load(v2), db.mul(V::load(u2)));
                        let second = b2.mul_add(V::load(v), db2.mul(V::load(u)));
                        weight.mul(first.add(second)).store(slot);
                    }
                    place += n_degrees;
                }
            }
        }
    }
}
