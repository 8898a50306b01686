//! The radial and angular profiles of one species: how strongly a neighbor at distance `r` enters each coefficient.
//!
//! A neighbor's coefficient is `b_n(r) · P(r)^a · A_l(r) · Y_lm`. All but the decay `P^a`, which a polynomial cannot
//! follow to the cutoff, are smooth functions of one variable: they are integrated exactly once, and tabulated.

use super::super::block::{Block, columns};
use super::super::profile;
use super::basis::RadialBasis;
use super::reference::ReferenceProfile;
use super::{Basis, Policy, SpeciesParameters, TurboParameters};
use crate::math::piecewise::{self, Piecewise, Places};
use crate::math::{bessel, quadrature};
use crate::simd::{BLOCK, LANES, Lanes, Row};
use crate::{Error, Stop};

/// Nearer than this part of the cutoff, what depends on the direction of a neighbor is below all rounding.
const NEAREST: f64 = 1e-25;

/// Coefficients of a tabulated polynomial: neighbors are rarely in one interval, so few of them is what counts.
const ORDER: usize = 8;

/// The profiles of one species.
#[derive(Debug, Clone)]
pub struct Profile {
    n_max: usize,
    /// Largest degree.
    l_max: usize,
    r_cut: f64,
    /// Exponent `a` of the decay that no polynomial can follow.
    decay: f64,
    /// What a center of this species adds to `l = 0`: one number a radial function.
    pub center: Vec<f64>,
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    /// Exact, tabulated.
    Table(Piecewise<ORDER>),
    /// Formula by formula as the reference evaluates them.
    Reference(ReferenceProfile),
}

impl Profile {
    /// Prepares the profiles of `species`.
    ///
    /// # Errors
    /// [`Error::Parameter`] where the reference policy has no orthonormal basis.
    pub fn new(parameters: &TurboParameters, species: &SpeciesParameters, stop: &Stop<'_>) -> Result<Self, Error> {
        match parameters.policy {
            Policy::Exact => Self::exact(parameters, species, stop),
            Policy::Reference => {
                let reference = ReferenceProfile::new(parameters, species)?;
                Ok(Self {
                    n_max: species.n_max,
                    l_max: parameters.l_max,
                    r_cut: parameters.r_cut,
                    decay: 0.0,
                    center: reference.center(),
                    source: Source::Reference(reference),
                })
            }
        }
    }

    fn exact(parameters: &TurboParameters, species: &SpeciesParameters, stop: &Stop<'_>) -> Result<Self, Error> {
        let r_cut = parameters.r_cut;
        let exact = ExactProfile::new(parameters, species, stop)?;
        let scale = narrowest(species.sigma_r, species.sigma_r_scaling, r_cut).min(narrowest(
            species.sigma_t,
            species.sigma_t_scaling,
            r_cut,
        ));
        let n_degrees = parameters.l_max + 1;
        let groups = [species.n_max, n_degrees];
        let table = Piecewise::fit(r_cut, 0.2 * scale, &groups, piecewise::FULL_PRECISION, stop, |r, values| {
            let (b, a) = values.split_at_mut(species.n_max);
            exact.radial(r, b);
            exact.angular(r, a);
        })?;
        Ok(Self {
            n_max: species.n_max,
            l_max: parameters.l_max,
            r_cut,
            decay: species.amplitude_scaling,
            center: exact.center(),
            source: Source::Table(table),
        })
    }
}

impl profile::Profile for Profile {
    const BY_DEGREE: bool = false;

    fn n_max(&self) -> usize {
        self.n_max
    }

    /// `b_n`, then `4π A_l`.
    fn n_packs(&self) -> usize {
        match &self.source {
            Source::Table(table) => table.n_packs(),
            Source::Reference(reference) => reference.n_functions().div_ceil(LANES),
        }
    }

    #[inline(always)]
    fn evaluate<V: Lanes>(&self, r: &[f64], places: &mut Places, rows: &mut [[f64; LANES]]) {
        match &self.source {
            Source::Table(table) => table.evaluate::<V>(r, places, rows),
            Source::Reference(reference) => {
                for (&r, row) in r.iter().zip(rows.chunks_exact_mut(self.n_packs())) {
                    reference.evaluate(r, row.as_flattened_mut(), None);
                }
            }
        }
    }

    #[inline(always)]
    fn evaluate_with_derivative<V: Lanes>(
        &self,
        r: &[f64],
        places: &mut Places,
        rows: &mut [[f64; LANES]],
        slopes: &mut [[f64; LANES]],
    ) {
        match &self.source {
            Source::Table(table) => table.evaluate_with_derivative::<V>(r, places, rows, slopes),
            Source::Reference(reference) => {
                let rows = rows.chunks_exact_mut(self.n_packs()).zip(slopes.chunks_exact_mut(self.n_packs()));
                for (&r, (row, slope)) in r.iter().zip(rows) {
                    reference.evaluate(r, row.as_flattened_mut(), Some(slope.as_flattened_mut()));
                }
            }
        }
    }

    /// `P^a · 4π A_l`: brought from the sites' rows into lanes, and the decay into them.
    #[inline(always)]
    fn angular<V: Lanes>(&self, r: &Row, rows: &[[f64; LANES]], slopes: Option<&[[f64; LANES]]>, block: &mut Block) {
        let degrees = self.n_max..self.n_max + self.l_max + 1;
        let [decay, decay_slope] = decay(self.decay, self.r_cut, r);
        for pack in block.packs() {
            let (p, dp) = (decay.load::<V>(pack), decay_slope.load::<V>(pack));
            columns::<V>(rows, self.n_packs(), degrees.clone(), pack, &mut block.angular);
            if let Some(slopes) = slopes {
                self.hold_center(r, block);
                columns::<V>(slopes, self.n_packs(), degrees.clone(), pack, &mut block.angular_slope);
                for (slope, value) in block.angular_slope.iter_mut().zip(&block.angular) {
                    let sum = dp.mul_add(value.load(pack), p.mul(slope.load(pack)));
                    slope.store(pack, sum);
                }
            }
            for value in &mut block.angular {
                value.store(pack, p.mul(value.load::<V>(pack)));
            }
        }
    }
}

impl Profile {
    /// At the center nothing changes with the direction, and what rounding leaves there must not be divided by `r`.
    #[inline(always)]
    fn hold_center(&self, r: &Row, block: &mut Block) {
        if let Source::Table(_) = &self.source {
            let nearest = NEAREST * self.r_cut;
            block
                .inverse
                .0
                .iter_mut()
                .zip(&r.0)
                .for_each(|(inverse, &r)| *inverse *= f64::from(u8::from(r >= nearest)));
        }
    }
}

/// `P(x)^a` with `P = (1-x)² (1+2x)`, and its derivative in 1/Å.
#[inline(always)]
fn decay(exponent: f64, r_cut: f64, r: &Row) -> [Row; 2] {
    let mut out = [Row([1.0; BLOCK]), Row::ZERO];
    if exponent == 0.0 {
        return out;
    }
    let [values, slopes] = &mut out;
    for ((value, slope), r) in values.0.iter_mut().zip(&mut slopes.0).zip(&r.0) {
        let x = r / r_cut;
        let away = 1.0 - x;
        *value = away * away * (1.0 + 2.0 * x);
        *slope = -6.0 * x * away / r_cut;
    }
    if exponent != 1.0 {
        for (value, slope) in values.0.iter_mut().zip(&mut slopes.0) {
            let lower = libm::pow(*value, exponent - 1.0);
            *value *= lower;
            *slope *= exponent * lower;
        }
    }
    out
}

/// Smallest width between center and cutoff.
fn narrowest(sigma: f64, scaling: f64, r_cut: f64) -> f64 {
    sigma.min(sigma + scaling * r_cut)
}

/// Largest width between center and cutoff.
fn widest(sigma: f64, scaling: f64, r_cut: f64) -> f64 {
    sigma.max(sigma + scaling * r_cut)
}

/// The profiles by quadrature: slow, and right to the last digits.
#[derive(Debug, Clone)]
struct ExactProfile {
    r_cut: f64,
    enhancement: u8,
    /// Widths and their growth in units of the cutoff.
    sigma_r: [f64; 2],
    sigma_t: [f64; 2],
    central_weight: f64,
    /// Bare overlaps of the functions with a Gaussian at the origin, where the center is one.
    bare_center: Option<Vec<f64>>,
    /// Nodes `x`, and there `weight · (f g_n + (1 - f) w_n φ_G)` for all `n`.
    nodes: Vec<(f64, Vec<f64>)>,
}

impl ExactProfile {
    fn new(parameters: &TurboParameters, species: &SpeciesParameters, stop: &Stop<'_>) -> Result<Self, Error> {
        let r_cut = parameters.r_cut;
        let basis = RadialBasis::new(parameters.basis, species.n_max, species.sigma_r / r_cut, stop)?;
        Ok(Self {
            r_cut,
            enhancement: parameters.radial_enhancement,
            sigma_r: [species.sigma_r / r_cut, species.sigma_r_scaling],
            sigma_t: [species.sigma_t / r_cut, species.sigma_t_scaling],
            central_weight: species.central_weight,
            bare_center: basis.center(),
            nodes: nodes(parameters, species, &basis, stop)?,
        })
    }

    /// `b_n(r)` without the decay: `√r_cut E(x)/s(x) ∫ f g_n exp(-(v-x)²/2s²) dv`, and the Gaussian's tail.
    fn radial(&self, r: f64, b: &mut [f64]) {
        let x = r / self.r_cut;
        let s = self.sigma_r[0] + self.sigma_r[1] * x;
        b.fill(0.0);
        for (v, weights) in &self.nodes {
            let d = (v - x) / s;
            let e = (-0.5 * d * d).exp();
            for (b, weight) in b.iter_mut().zip(weights) {
                *b += weight * e;
            }
        }
        let amplitude = self.r_cut.sqrt() * enhancement(self.enhancement, x, s) / s;
        for b in b {
            *b *= amplitude;
        }
    }

    /// `4π A_l(r)`.
    fn angular(&self, r: f64, a: &mut [f64]) {
        let x = r / self.r_cut;
        let sigma = self.sigma_t[0] + self.sigma_t[1] * x;
        bessel::scaled((x / sigma).powi(2), a);
        for a in a {
            *a *= 4.0 * std::f64::consts::PI / (sigma * sigma);
        }
    }

    /// The center's own share of `l = 0`, weight included.
    fn center(&self) -> Vec<f64> {
        let s = self.sigma_r[0];
        let mut b = vec![0.0; self.nodes.first().map_or(0, |(_, weights)| weights.len())];
        match &self.bare_center {
            Some(overlaps) => {
                let amplitude = self.r_cut.sqrt() * enhancement(self.enhancement, 0.0, s) / s;
                for (b, overlap) in b.iter_mut().zip(overlaps) {
                    *b = amplitude * overlap;
                }
            }
            None => self.radial(0.0, &mut b),
        }
        let angular = (4.0 * std::f64::consts::PI).sqrt() / (self.sigma_t[0] * self.sigma_t[0]);
        b.iter().map(|b| self.central_weight * angular * b).collect()
    }
}

/// `E_k`: the mean of `v^k` over the outer half of the radial Gaussian.
pub(super) fn enhancement(k: u8, x: f64, s: f64) -> f64 {
    match k {
        0 => 1.0,
        1 => x + (2.0 / std::f64::consts::PI).sqrt() * s,
        _ => x * x + s * s + (8.0 / std::f64::consts::PI).sqrt() * s * x,
    }
}

/// Panels on which `f g_n` times a Gaussian of the species is integrated to the last digit.
fn nodes(
    parameters: &TurboParameters,
    species: &SpeciesParameters,
    basis: &RadialBasis,
    stop: &Stop<'_>,
) -> Result<Vec<(f64, Vec<f64>)>, Error> {
    let r_cut = parameters.r_cut;
    let soft = parameters.r_soft / r_cut;
    let s_min = narrowest(species.sigma_r / r_cut, species.sigma_r_scaling, 1.0);
    let s_max = widest(species.sigma_r / r_cut, species.sigma_r_scaling, 1.0);
    let filter_width = (1.0 - soft) / parameters.filter_decay;
    let buffer_width = s_min * filter_width / s_min.hypot(filter_width);
    // The tail of the Gaussian that the filter does not touch.
    let end = if parameters.basis == Basis::Poly3Gauss {
        (13.0 * species.sigma_r / r_cut).min(1.0 + 10.0 * s_max)
    } else {
        0.0
    };
    let panels = [(0.0, soft, s_min), (soft, 1.0, buffer_width), (1.0, end, s_min)];
    panels
        .into_iter()
        .flat_map(|(from, to, width)| quadrature::extended_panels(&from.into(), &to.into(), 2.0 * width))
        .map(|(x, weight)| {
            stop.check()?;
            let (v, weight) = (x.to_f64(), weight.to_f64());
            let filter = match v {
                v if v > 1.0 => 0.0,
                v if v > soft => (-0.5 * ((v - soft) / filter_width).powi(2)).exp(),
                _ => 1.0,
            };
            let node = basis.at(&x, v <= 1.0);
            let share = |(g, tail): (&f64, &f64)| weight * (filter * g + (1.0 - filter) * tail);
            Ok((v, node.functions.iter().zip(&node.gaussian).map(share).collect()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::Compression;
    use super::super::super::profile::Profile as _;
    use super::*;
    use crate::simd::{Isa, Kernel};

    /// The parameters of one reference case.
    fn parameters(case: &[f64]) -> TurboParameters {
        TurboParameters {
            basis: if case[0] == 0.0 { Basis::Poly3 } else { Basis::Poly3Gauss },
            r_cut: case[2],
            r_soft: case[3],
            filter_decay: case[4],
            radial_enhancement: case[10] as u8,
            l_max: 3,
            policy: Policy::Exact,
            compression: Compression::None,
            normalize: true,
            ignore_unknown_species: false,
            species: vec![SpeciesParameters {
                number: 6,
                n_max: case[1] as usize,
                sigma_r: case[5],
                sigma_r_scaling: case[6],
                sigma_t: case[7],
                sigma_t_scaling: case[8],
                amplitude_scaling: case[9],
                central_weight: case[11],
                basis_matrix: None,
            }],
        }
    }

    /// `b_n` of one profile at one distance, from the table.
    struct Tabulated<'a>(&'a Profile, f64);

    impl Kernel for Tabulated<'_> {
        type Output = Vec<f64>;
        #[inline(always)]
        fn run<V: Lanes>(self) -> Vec<f64> {
            let mut rows = vec![[0.0; LANES]; BLOCK * self.0.n_packs()];
            self.0.evaluate::<V>(&[self.1], &mut Places::default(), &mut rows);
            rows.as_flattened()[..self.0.n_max].to_vec()
        }
    }

    #[test]
    fn radial_functions_are_those_of_multi_precision_arithmetic() {
        let tables = crate::golden::tables();
        for case in ["g2_diamond_poly3gauss", "typical_poly3_8_8", "narrow_sigma_scaled"] {
            let parameters = parameters(&tables[&format!("radial_parameters_{case}")].data);
            let species = &parameters.species[0];
            let profile = Profile::new(&parameters, species, &Stop::never()).expect("legal parameters");
            let exact = &tables[&format!("radial_b_{case}")];
            let scale = exact.data.iter().fold(0.0_f64, |scale, b| scale.max(b.abs()));
            for (row, &r) in tables[&format!("radial_r_{case}")].data.iter().enumerate() {
                let x = r / parameters.r_cut;
                let decay = ((1.0 - x).powi(2) * (1.0 + 2.0 * x)).powf(species.amplitude_scaling);
                let values = Isa::detect().run(Tabulated(&profile, r));
                for (n, (b, exact)) in values.iter().zip(exact.row(row)).enumerate() {
                    assert!((decay * b - exact).abs() < 1e-14 * scale, "{case}, r = {r}, n = {n}: {b} and {exact}");
                }
            }
            // The table holds the center's radial part; the angular factor is √4π (r_cut / σ_t)².
            let angular = (4.0 * std::f64::consts::PI).sqrt() * (parameters.r_cut / species.sigma_t).powi(2);
            for (center, exact) in profile.center.iter().zip(&tables[&format!("radial_b_center_{case}")].data) {
                assert!((center / angular - exact).abs() < 1e-14 * scale, "{case}: {center} and {exact}");
            }
        }
    }
}
