//! The derivative of every feature with respect to every site.
//!
//! A site's coefficient is a product of a radial and an angular part, so the sum over `m` is done once a site, not
//! once a feature: with `U_nl = κ_l Σ_m Ã_lm c_nlm` and `V_nl = κ_l Σ_m ∇Ã_lm c_nlm`, primes on `b` being derivatives,
//!
//! ```text
//! ∂p_knl = μ [ r̂ (b'_kl U_nl + b'_nl U_kl) + b_kl V_nl + b_nl V_kl ]
//! ```
//!
//! with degrees in lanes: all that is left costs little more than writing it.

use super::compression::{Factor, Layout};
use super::power_spectrum::{PowerSpectrum, Spectrum, project_out};
use crate::math::harmonics::Harmonics;
use crate::simd::{BLOCK, Isa, Kernel, LANES, Lanes, Row};

/// Numbers that a site brings to each function at each degree.
const KINDS: usize = 6;

/// Buffers for one worker.
#[derive(Debug)]
pub struct JacobianScratch {
    /// Coefficients of each factor, `[lm][stride]`, with the norms of the harmonics and the weights of the degrees.
    scaled: [Vec<f64>; 2],
    /// What the site brings to each function of each factor: `[n][b, b', U, V_x, V_y, V_z][degrees, in packs]`.
    terms: [Vec<[f64; LANES]>; 2],
    /// Derivatives of the products before the selection, `[xyz]`, with room after each for lanes that mean nothing.
    products: Vec<f64>,
    /// Those of the columns along one axis.
    selected: Vec<f64>,
    /// Those of the features, `[xyz]`.
    rows: Vec<f64>,
    /// Features before normalisation.
    row: Vec<f64>,
}

/// One site as the Jacobian sees it.
pub struct SiteTerms<'a> {
    /// Its place in its block.
    pub lane: usize,
    /// Radial functions of its species among all.
    pub species: std::ops::Range<usize>,
    /// Whether there are such functions for each degree, `[l][n]`, or one set for all.
    pub by_degree: bool,
    /// Their values.
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
    pub fn new(spectrum: &PowerSpectrum) -> Self {
        let k = (spectrum.l_max() + 1) * (spectrum.l_max() + 1);
        let layout = spectrum.layout();
        let factors = [&layout.left, &layout.right];
        let packs = (spectrum.l_max() + 1).div_ceil(LANES);
        Self {
            scaled: factors.map(|factor| vec![0.0; k * factor.stride()]),
            terms: factors.map(|factor| vec![[0.0; LANES]; KINDS * factor.stride() * packs]),
            products: vec![0.0; 3 * (layout.n_products() + packs * LANES)],
            selected: vec![0.0; layout.n_features()],
            rows: vec![0.0; 3 * spectrum.n_features()],
            row: vec![0.0; spectrum.n_features()],
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
            let factors = harmonics.norms().iter().zip(harmonics.degrees());
            for (row, (norm, l)) in room.chunks_exact_mut(stride).zip(factors) {
                let factor = norm * spectrum.degree_weights()[l];
                row.iter_mut().for_each(|c| *c *= factor);
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
        for (side, factor) in factors.into_iter().enumerate().take(sides) {
            let l_max = self.spectrum.l_max();
            Isa::detect().run(Spread { site, factor, l_max, out: &mut scratch.terms[side] });
            Isa::detect().run(Contract {
                l_max,
                stride: factor.stride(),
                scaled: &scratch.scaled[side],
                site,
                out: &mut scratch.terms[side],
            });
        }
        Isa::detect().run(Combine { layout, unit: site.unit, scratch });
        let n_columns = layout.n_features();
        let products = scratch.products.chunks_exact(scratch.products.len() / 3);
        // What is beyond the columns of the spectrum is constant: its derivatives stay zero.
        for (products, row) in products.zip(scratch.rows.chunks_exact_mut(self.spectrum.n_features())) {
            let row = &mut row[..n_columns];
            let rate = if let Some(selection) = &layout.selection {
                selection.apply(products, &mut scratch.selected);
                &scratch.selected
            } else {
                &products[..n_columns]
            };
            match self.norm {
                Some(norm) => project_out(&scratch.row[..n_columns], norm, rate, row),
                None => row.copy_from_slice(rate),
            }
        }
        &scratch.rows
    }
}

/// The radial functions of a site and their slopes, among all functions of a factor.
struct Spread<'a> {
    site: &'a SiteTerms<'a>,
    factor: &'a Factor,
    l_max: usize,
    out: &'a mut [[f64; LANES]],
}

impl Kernel for Spread<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { site, factor, l_max, out } = self;
        let degrees = (l_max + 1).div_ceil(LANES);
        let is_summed = factor.is_summed();
        if is_summed || site.species.len() < factor.len() {
            for terms in out.chunks_exact_mut(KINDS * degrees) {
                terms[..2 * degrees].fill([0.0; LANES]);
            }
        }
        for (k, n) in site.species.clone().enumerate() {
            let place = factor.function(n) * KINDS * degrees;
            for group in 0..degrees {
                let parts = [site.functions, site.slopes];
                for (i, part) in parts.into_iter().enumerate() {
                    let part = site.degrees::<V>(part, k, group, l_max);
                    let slot = &mut out[place + i * degrees + group];
                    let part = if is_summed { V::load(slot).add(part) } else { part };
                    part.store(slot);
                }
            }
        }
    }
}

impl SiteTerms<'_> {
    /// Function `k` of the species at eight degrees.
    #[inline(always)]
    fn degrees<V: Lanes>(&self, functions: &[f64], k: usize, group: usize, l_max: usize) -> V {
        if !self.by_degree {
            return V::splat(functions[k]);
        }
        let mut lanes = [0.0; LANES];
        let n = self.species.len();
        for (lane, l) in lanes.iter_mut().zip(group * LANES..=l_max) {
            *lane = functions[l * n + k];
        }
        V::load(&lanes)
    }
}

/// `U` and `V` of one factor.
struct Contract<'a> {
    l_max: usize,
    stride: usize,
    scaled: &'a [f64],
    site: &'a SiteTerms<'a>,
    out: &'a mut [[f64; LANES]],
}

impl Kernel for Contract<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { l_max, stride, scaled, site, out } = self;
        let degrees = (l_max + 1).div_ceil(LANES);
        for pack in 0..stride / LANES {
            for group in 0..degrees {
                let mut sums = [[V::zero(); LANES]; 4];
                for (k, l) in (group * LANES..=l_max).enumerate().take(LANES) {
                    let rows = &scaled[l * l * stride..(l + 1) * (l + 1) * stride];
                    let sum = site.contract::<V>(l, pack, stride, rows);
                    for kind in 0..4 {
                        sums[kind][k] = sum[kind];
                    }
                }
                for (kind, sums) in sums.into_iter().enumerate() {
                    for (k, lanes) in V::transpose(sums).into_iter().enumerate() {
                        let n = pack * LANES + k;
                        lanes.store(&mut out[(n * KINDS + 2 + kind) * degrees + group]);
                    }
                }
            }
        }
    }
}

impl SiteTerms<'_> {
    /// Sums over `m` of degree `l`, of eight functions with `Ã` and with the components of `∇Ã`.
    #[inline(always)]
    fn contract<V: Lanes>(&self, l: usize, pack: usize, stride: usize, rows: &[f64]) -> [V; 4] {
        let lm = l * l..(l + 1) * (l + 1);
        let lane = self.lane % BLOCK;
        let angular = self.harmonics[lm.clone()].iter().zip(&self.gradients[0][lm.clone()]);
        let angular = angular.zip(self.gradients[1][lm.clone()].iter().zip(&self.gradients[2][lm]));
        let mut sums = [V::zero(); 4];
        for (row, ((y, dx), (dy, dz))) in rows.chunks_exact(stride).zip(angular) {
            let c = V::load(&row.as_chunks::<LANES>().0[pack]);
            sums[0] = c.mul_add(V::splat(y.0[lane]), sums[0]);
            sums[1] = c.mul_add(V::splat(dx.0[lane]), sums[1]);
            sums[2] = c.mul_add(V::splat(dy.0[lane]), sums[2]);
            sums[3] = c.mul_add(V::splat(dz.0[lane]), sums[3]);
        }
        sums
    }
}

/// The derivatives of all products, from `U`, `V` and the radial functions of the site.
struct Combine<'a> {
    layout: &'a Layout,
    unit: [f64; 3],
    scratch: &'a mut JacobianScratch,
}

impl Kernel for Combine<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        match self.layout.n_degrees().div_ceil(LANES) {
            1 => self.pairs::<V, 1>(),
            2 => self.pairs::<V, 2>(),
            3 => self.pairs::<V, 3>(),
            _ => self.pairs::<V, 4>(),
        }
    }
}

impl Combine<'_> {
    /// All pairs, with degrees in this many packs.
    #[inline(always)]
    fn pairs<V: Lanes, const DEGREES: usize>(self) {
        let Self { layout, unit, scratch } = self;
        let JacobianScratch { terms, products, .. } = scratch;
        let left = terms[0].as_chunks::<DEGREES>().0.as_chunks::<KINDS>().0;
        let right = terms[usize::from(!layout.symmetric)].as_chunks::<DEGREES>().0.as_chunks::<KINDS>().0;
        let unit = [V::splat(unit[0]), V::splat(unit[1]), V::splat(unit[2])];
        let length = products.len() / 3;
        let (x, rest) = products.split_at_mut(length);
        let (y, z) = rest.split_at_mut(length);
        for (n, left) in left.iter().enumerate().take(layout.left.len()) {
            let first = layout.first(n);
            let mut place = layout.place(n, first);
            for (n_prime, right) in (first..layout.right.len()).zip(&right[first..]) {
                let weight = V::splat(layout.weight(n, n_prime));
                let out = [&mut x[place..], &mut y[place..], &mut z[place..]];
                product(left, right, unit, weight, out);
                place += layout.n_degrees();
            }
        }
    }
}

/// What a site brings to one function: `b`, `b'`, `U`, `V_x`, `V_y`, `V_z`.
type Terms<const DEGREES: usize> = [[[f64; LANES]; DEGREES]; KINDS];

/// The derivatives of one product along each axis.
#[inline(always)]
fn product<V: Lanes, const DEGREES: usize>(
    left: &Terms<DEGREES>,
    right: &Terms<DEGREES>,
    unit: [V; 3],
    weight: V,
    [x, y, z]: [&mut [f64]; 3],
) {
    // The lanes beyond the last degree fall on the next product, which is written later, or on the room after all.
    let rows = (
        x.as_chunks_mut::<LANES>().0.first_chunk_mut::<DEGREES>(),
        y.as_chunks_mut::<LANES>().0.first_chunk_mut::<DEGREES>(),
        z.as_chunks_mut::<LANES>().0.first_chunk_mut::<DEGREES>(),
    );
    let (Some(x), Some(y), Some(z)) = rows else { return };
    for p in 0..DEGREES {
        let (b, b2) = (weight.mul(V::load(&left[0][p])), weight.mul(V::load(&right[0][p])));
        let radial =
            V::load(&left[1][p]).mul_add(V::load(&right[2][p]), V::load(&right[1][p]).mul(V::load(&left[2][p])));
        let radial = weight.mul(radial);
        let along_x = b.mul_add(V::load(&right[3][p]), b2.mul(V::load(&left[3][p])));
        let along_y = b.mul_add(V::load(&right[4][p]), b2.mul(V::load(&left[4][p])));
        let along_z = b.mul_add(V::load(&right[5][p]), b2.mul(V::load(&left[5][p])));
        radial.mul_add(unit[0], along_x).store(&mut x[p]);
        radial.mul_add(unit[1], along_y).store(&mut y[p]);
        radial.mul_add(unit[2], along_z).store(&mut z[p]);
    }
}
