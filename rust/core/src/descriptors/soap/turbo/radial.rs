//! The radial and angular functions of one species: how strongly a neighbor at distance `r` enters each coefficient.
//!
//! A neighbor's coefficient is `b_n(r) · P(r)^a · A_l(r) · Y_lm`. All but the cutoff function `P^a`, which a polynomial
//! cannot follow to its end, are smooth functions of one variable: they are integrated exactly once, and tabulated.

use std::sync::Arc;

use super::super::radial_basis::RadialBasis;
use super::super::site_block::{SiteBlock, columns};
use super::super::tables::TableCache;
use super::exact::ExactRadial;
use super::parameters::{Policy, SpeciesParameters, TurboBasis, TurboParameters};
use super::reference::ReferenceRadial;
use crate::math::cutoff::{CubicCutoff, Cutoff};
use crate::math::piecewise::{self, EvaluationPoints, Piecewise};
use crate::simd::{LANES, Lanes, SiteLanes};
use crate::{Error, Stop};

/// Nearer than this part of the cutoff, what depends on the direction of a neighbor is below all rounding.
const NEAREST: f64 = 1e-25;

/// Coefficients of a tabulated polynomial: neighbors are rarely in one interval, so few of them is what counts.
const ORDER: usize = 8;
/// Error of the steepest Gaussian of width one from the rounding of its argument: half an epsilon times its derivative.
const PLACE: f64 = 6.6e-17;

/// The radial and angular functions of one species.
#[derive(Debug, Clone)]
pub struct TurboRadial {
    n_max: usize,
    /// Largest degree.
    l_max: usize,
    r_cut: f64,
    /// `P^a`, which no polynomial can follow.
    cutoff: CubicCutoff,
    /// What a center of this species adds to `l = 0`: one number a radial function.
    center: Vec<f64>,
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    /// Exact, tabulated; shared by the species that have the same functions.
    Table(Arc<TurboTable>),
    /// Formula by formula as the reference evaluates them.
    Reference(ReferenceRadial),
}

impl TurboRadial {
    /// The bases of all species.
    ///
    /// # Errors
    /// [`Error::Parameter`] where the reference policy has no orthonormal basis.
    pub fn all(parameters: &TurboParameters, stop: &Stop<'_>) -> Result<Vec<Self>, Error> {
        let of_species = |species: &SpeciesParameters| match parameters.policy {
            Policy::Exact => {
                let key = TableKey::new(parameters, species);
                let make = || TurboTable::new(parameters, species, stop);
                Ok(Self::exact(parameters, species, MADE.get(key, TurboTable::bytes, make)?))
            }
            Policy::Reference => Self::reference(parameters, species),
        };
        parameters.species.iter().map(of_species).collect()
    }

    fn exact(parameters: &TurboParameters, species: &SpeciesParameters, made: Arc<TurboTable>) -> Self {
        let scale = species.central_weight * made.angular_at_center;
        Self {
            n_max: species.n_max,
            l_max: parameters.l_max,
            r_cut: parameters.r_cut,
            cutoff: CubicCutoff::new(parameters.r_cut, species.amplitude_scaling),
            center: made.radial_at_center.iter().map(|b| scale * b).collect(),
            source: Source::Table(made),
        }
    }

    fn reference(parameters: &TurboParameters, species: &SpeciesParameters) -> Result<Self, Error> {
        let reference = ReferenceRadial::new(parameters, species)?;
        Ok(Self {
            n_max: species.n_max,
            l_max: parameters.l_max,
            r_cut: parameters.r_cut,
            cutoff: CubicCutoff::new(parameters.r_cut, 0.0),
            center: reference.center(),
            source: Source::Reference(reference),
        })
    }
}

/// All that a table depends on.
#[derive(Debug, PartialEq)]
struct TableKey {
    basis: TurboBasis,
    l_max: usize,
    radial_enhancement: u8,
    /// Number of radial functions, and widths.
    functions: (usize, [f64; 4]),
    r_cut: f64,
    r_soft: f64,
    filter_decay: f64,
}

impl TableKey {
    fn new(parameters: &TurboParameters, species: &SpeciesParameters) -> Self {
        let TurboParameters { basis, l_max, radial_enhancement, r_cut, r_soft, filter_decay, .. } = *parameters;
        Self { basis, l_max, radial_enhancement, functions: species.functions(), r_cut, r_soft, filter_decay }
    }
}

/// Tables of all descriptors.
static MADE: TableCache<TableKey, TurboTable> = TableCache::new();

/// Functions that were integrated once.
#[derive(Debug)]
struct TurboTable {
    table: Piecewise<ORDER>,
    /// Radial and angular part of a center of weight one.
    radial_at_center: Vec<f64>,
    angular_at_center: f64,
}

impl TurboTable {
    fn new(parameters: &TurboParameters, species: &SpeciesParameters, stop: &Stop<'_>) -> Result<Self, Error> {
        let exact = ExactRadial::new(parameters, species, stop)?;
        let groups = [species.n_max, parameters.l_max + 1];
        // Of the angular functions, which are Gaussians of half their width at the center.
        let scale = 0.5 * exact.narrowest() * parameters.r_cut;
        let tolerance = piecewise::FULL_PRECISION.max(PLACE / exact.narrowest());
        let table = Piecewise::fit(parameters.r_cut, scale, &groups, tolerance, stop, |r, values| {
            let (b, a) = values.split_at_mut(species.n_max);
            exact.radial(r, b);
            exact.angular(r, a);
        })?;
        let (radial_at_center, angular_at_center) = exact.center();
        Ok(Self { table, radial_at_center, angular_at_center })
    }

    fn bytes(&self) -> usize {
        self.table.bytes() + size_of_val(self.radial_at_center.as_slice())
    }
}

impl RadialBasis for TurboRadial {
    const BY_DEGREE: bool = false;

    fn n_max(&self) -> usize {
        self.n_max
    }

    fn center(&self) -> &[f64] {
        &self.center
    }

    /// `b_n`, then `4π A_l`.
    fn n_packs(&self) -> usize {
        match &self.source {
            Source::Table(made) => made.table.n_packs(),
            Source::Reference(reference) => reference.n_functions().div_ceil(LANES),
        }
    }

    #[inline(always)]
    fn evaluate<V: Lanes>(&self, r: &[f64], points: &mut EvaluationPoints, rows: &mut [[f64; LANES]]) {
        match &self.source {
            Source::Table(made) => made.table.evaluate::<V>(r, points, rows),
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
        points: &mut EvaluationPoints,
        rows: &mut [[f64; LANES]],
        derivatives: &mut [[f64; LANES]],
    ) {
        match &self.source {
            Source::Table(made) => made.table.evaluate_with_derivative::<V>(r, points, rows, derivatives),
            Source::Reference(reference) => {
                let rows = rows.chunks_exact_mut(self.n_packs()).zip(derivatives.chunks_exact_mut(self.n_packs()));
                for (&r, (row, derivative)) in r.iter().zip(rows) {
                    reference.evaluate(r, row.as_flattened_mut(), Some(derivative.as_flattened_mut()));
                }
            }
        }
    }

    /// `P^a · 4π A_l`: brought from the sites' rows into lanes, and the cutoff function into them.
    #[inline(always)]
    fn angular<V: Lanes>(
        &self,
        r: &SiteLanes,
        rows: &[[f64; LANES]],
        derivatives: Option<&[[f64; LANES]]>,
        block: &mut SiteBlock,
    ) {
        let degrees = self.n_max..self.n_max + self.l_max + 1;
        for pack in block.packs() {
            let (p, dp) = self.cutoff.at(r.load::<V>(pack));
            columns::<V>(rows, self.n_packs(), degrees.clone(), pack, &mut block.angular);
            if let Some(derivatives) = derivatives {
                self.hold_center(r, block);
                columns::<V>(derivatives, self.n_packs(), degrees.clone(), pack, &mut block.angular_derivative);
                for (derivative, value) in block.angular_derivative.iter_mut().zip(&block.angular) {
                    let sum = dp.mul_add(value.load(pack), p * derivative.load(pack));
                    derivative.store(pack, sum);
                }
            }
            for value in &mut block.angular {
                value.store(pack, p * value.load::<V>(pack));
            }
        }
    }
}

impl TurboRadial {
    /// At the center nothing changes with the direction, and what rounding leaves there must not be divided by `r`.
    #[inline(always)]
    fn hold_center(&self, r: &SiteLanes, block: &mut SiteBlock) {
        if let Source::Table(_) = &self.source {
            let nearest = NEAREST * self.r_cut;
            for (inverse, &r) in block.inverse.0.iter_mut().zip(&r.0) {
                *inverse = if r < nearest { 0.0 } else { *inverse };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Compression;
    use super::super::super::radial_basis::RadialBasis as _;
    use super::*;
    use crate::simd::{Isa, Kernel, SITES_PER_BLOCK};

    /// The parameters of one reference case.
    fn parameters(case: &[f64]) -> TurboParameters {
        TurboParameters {
            basis: if case[0] == 0.0 { TurboBasis::Poly3 } else { TurboBasis::Poly3Gauss },
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

    /// `b_n` at one distance, from the table.
    struct AtPlace<'a>(&'a TurboRadial, f64);

    impl Kernel for AtPlace<'_> {
        type Output = Vec<f64>;
        #[inline(always)]
        fn run<V: Lanes>(self) -> Vec<f64> {
            let mut rows = vec![[0.0; LANES]; SITES_PER_BLOCK * self.0.n_packs()];
            self.0.evaluate::<V>(&[self.1], &mut EvaluationPoints::default(), &mut rows);
            rows.as_flattened()[..self.0.n_max].to_vec()
        }
    }

    #[test]
    fn radial_functions_are_those_of_multi_precision_arithmetic() {
        let tables = crate::golden::tables();
        for case in ["g2_diamond_poly3gauss", "typical_poly3_8_8", "narrow_sigma_scaled"] {
            let parameters = parameters(&tables[&format!("radial_parameters_{case}")].data);
            let species = &parameters.species[0];
            let radial = &TurboRadial::all(&parameters, &Stop::never()).expect("legal parameters")[0];
            let exact = &tables[&format!("radial_b_{case}")];
            let scale = exact.data.iter().fold(0.0_f64, |scale, b| scale.max(b.abs()));
            for (row, &r) in tables[&format!("radial_r_{case}")].data.iter().enumerate() {
                let x = r / parameters.r_cut;
                let decay = ((1.0 - x).powi(2) * (1.0 + 2.0 * x)).powf(species.amplitude_scaling);
                let values = Isa::detect().run(AtPlace(radial, r));
                for (n, (b, exact)) in values.iter().zip(exact.row(row)).enumerate() {
                    assert!((decay * b - exact).abs() < 1e-14 * scale, "{case}, r = {r}, n = {n}: {b} and {exact}");
                }
            }
            // The table holds the center's radial part; the angular factor is √4π (r_cut / σ_t)².
            let angular = (4.0 * std::f64::consts::PI).sqrt() * (parameters.r_cut / species.sigma_t).powi(2);
            for (center, exact) in radial.center.iter().zip(&tables[&format!("radial_b_center_{case}")].data) {
                assert!((center / angular - exact).abs() < 1e-14 * scale, "{case}: {center} and {exact}");
            }
        }
    }
}
