//! The radial functions of one species, tabulated: how strongly a neighbor at distance `r` enters each coefficient.
//!
//! A neighbor's coefficient is `w(r) I_nl(r) Y_lm`. Tabulated is `T_nl = I_nl / r` (but `T_n0 = I_n0`), so that the
//! gradient of the harmonic, which goes as `1 / r`, meets no division: limits at the center are exact. The weight has
//! kinks that no polynomial can follow; it joins the harmonics as `A_l = r w(r)`, `A_0 = w(r)`.

use std::sync::Arc;

use super::super::convention::Convention;
use super::super::radial_basis::RadialBasis;
use super::super::site_block::SiteBlock;
use super::super::tables::TableCache;
use super::integrals::{IntegralParameters, RadialIntegrals};
use super::parameters::{DensityParameters, SoapParameters};
use super::weight::PairWeight;
use crate::descriptors::validate::check;
use crate::math::cutoff::CosineCutoff;
use crate::math::piecewise::{EvaluationPoints, Piecewise};
use crate::simd::{LANES, Lanes, SiteLanes};
use crate::{Error, Stop};

/// Coefficients of a tabulated polynomial: intervals are then so long that several neighbors share one.
const ORDER: usize = 11;
/// Factor by which the derivative of a table is less exact than its values.
const DERIVATIVE_LOSS: f64 = 100.0;
/// Noise of the radial functions that is more than a loss of accuracy.
const MOST_ROUNDING: f64 = 1e-8;
/// The distance that stands for zero: harmless in every product, and `r · 1/r` is one.
const NO_DISTANCE: f64 = 1e-150;

/// `T_ln` of one width, as `[l][n]`.
type Table = Piecewise<ORDER>;

/// The radial functions of one species, and what its atoms count for.
#[derive(Debug, Clone)]
pub struct GaussianRadial {
    /// Shared by all that have the same functions.
    made: Arc<GaussianTable>,
    n_max: usize,
    /// Weight of a neighbor.
    weight: PairWeight,
    /// What a center of this species adds to `l = 0`: one number a radial function.
    center: Vec<f64>,
}

impl GaussianRadial {
    /// The bases of all species.
    ///
    /// # Errors
    /// [`Error::Parameter`] where the functions are so nearly dependent that rounding is all there is;
    /// [`Error::Interrupted`], [`Error::Memory`].
    pub fn all(parameters: &SoapParameters, stop: &Stop<'_>) -> Result<Vec<Self>, Error> {
        let SoapParameters { basis, n_max, l_max, r_cut, basis_error_exponent, accuracy, .. } = *parameters;
        let reach = parameters.reach();
        let of_species = |species: &DensityParameters| {
            let sigma = species.sigma;
            let integrals = IntegralParameters { basis, n_max, l_max, r_cut, sigma, basis_error_exponent, reach };
            let key = TableKey { integrals, accuracy };
            let made = MADE.get(key, GaussianTable::bytes, || GaussianTable::new(&key, stop))?;
            Ok(GaussianRadial::new(parameters, species, made))
        };
        parameters.species.iter().map(of_species).collect()
    }

    fn new(parameters: &SoapParameters, species: &DensityParameters, made: Arc<GaussianTable>) -> Self {
        let y_00 = (0.25 / std::f64::consts::PI).sqrt();
        let weight = pair_weight(parameters, species);
        let own = species.central_weight * weight.of_center() * y_00;
        let center = made.at_center.iter().map(|value| own * value).collect();
        Self { made, n_max: parameters.n_max, weight, center }
    }

    /// Error of values and derivatives, relative to the largest value.
    pub fn accuracy(&self) -> f64 {
        self.made.accuracy
    }
}

/// All that a table depends on.
#[derive(Debug, Clone, Copy, PartialEq)]
struct TableKey {
    integrals: IntegralParameters,
    accuracy: f64,
}

/// Tables of all descriptors.
static MADE: TableCache<TableKey, GaussianTable> = TableCache::new();

/// Functions that were integrated once.
#[derive(Debug)]
struct GaussianTable {
    table: Table,
    /// `I_n0(0)`
    at_center: Vec<f64>,
    accuracy: f64,
}

impl GaussianTable {
    fn new(key: &TableKey, stop: &Stop<'_>) -> Result<Self, Error> {
        let IntegralParameters { n_max, l_max, r_cut, sigma, reach, .. } = key.integrals;
        let integrals = RadialIntegrals::new(&key.integrals, stop)?;
        let rounding = integrals.rounding();
        check(
            rounding <= MOST_ROUNDING,
            "n_max",
            n_max,
            format!(
                "with this basis, l_max = {l_max}, r_cut = {r_cut} and sigma = {sigma} the radial functions are so nearly \
                 dependent that their relative error would be {rounding:.0e}; take fewer functions, a lower l_max or \
                 another sigma"
            ),
        )?;
        let groups = vec![n_max; l_max + 1];
        let fit = |r: f64, values: &mut [f64]| integrals.evaluate(r, values);
        // Derivatives shall have this accuracy, or the best there is.
        let tolerance = key.accuracy / DERIVATIVE_LOSS;
        let table = Piecewise::fit(reach, integrals.length_scale(), &groups, tolerance, stop, fit)?;
        let mut at_center = vec![0.0; n_max * (l_max + 1)];
        integrals.evaluate(0.0, &mut at_center);
        at_center.truncate(n_max);
        let accuracy = (DERIVATIVE_LOSS * table.error()).max(rounding);
        Ok(Self { table, at_center, accuracy })
    }

    fn bytes(&self) -> usize {
        self.table.bytes() + size_of_val(self.at_center.as_slice())
    }
}

/// Weight of a neighbor of a species.
fn pair_weight(parameters: &SoapParameters, species: &DensityParameters) -> PairWeight {
    // The square of that program's Gaussian integrates to one.
    let height = match parameters.convention {
        Convention::Featomic => (std::f64::consts::PI * species.sigma * species.sigma).powf(-0.75),
        Convention::Isoprint | Convention::Quip | Convention::Dscribe => 1.0,
    };
    let width = parameters.cutoff_width;
    PairWeight {
        factor: height * species.weight,
        cutoff: (width > 0.0).then(|| CosineCutoff::new(parameters.reach(), width)),
        weighting: parameters.weighting,
    }
}

impl RadialBasis for GaussianRadial {
    const BY_DEGREE: bool = true;

    fn n_max(&self) -> usize {
        self.n_max
    }

    fn center(&self) -> &[f64] {
        &self.center
    }

    fn n_packs(&self) -> usize {
        self.made.table.n_packs()
    }

    #[inline(always)]
    fn evaluate<V: Lanes>(&self, r: &[f64], points: &mut EvaluationPoints, rows: &mut [[f64; LANES]]) {
        self.made.table.evaluate::<V>(r, points, rows);
    }

    #[inline(always)]
    fn evaluate_with_derivative<V: Lanes>(
        &self,
        r: &[f64],
        points: &mut EvaluationPoints,
        rows: &mut [[f64; LANES]],
        derivatives: &mut [[f64; LANES]],
    ) {
        self.made.table.evaluate_with_derivative::<V>(r, points, rows, derivatives);
    }

    #[inline(always)]
    fn angular<V: Lanes>(
        &self,
        r: &SiteLanes,
        _: &[[f64; LANES]],
        derivatives: Option<&[[f64; LANES]]>,
        block: &mut SiteBlock,
    ) {
        let [weight, weight_derivative] = self.weight.of::<V>(r, block.packs().end);
        let mut r = *r;
        // At the center any direction will do: degree one alone has a gradient there, and that is a constant.
        for (j, r) in r.0.iter_mut().enumerate().filter(|(_, r)| **r == 0.0) {
            block.unit[2].0[j] = 1.0;
            block.inverse.0[j] = 1.0 / NO_DISTANCE;
            *r = NO_DISTANCE;
        }
        for pack in block.packs() {
            let (r, w, dw) = (r.load::<V>(pack), weight.load::<V>(pack), weight_derivative.load::<V>(pack));
            let higher = (r * w, r.mul_add(dw, w));
            for (l, angular) in block.angular.iter_mut().enumerate() {
                angular.store(pack, if l == 0 { w } else { higher.0 });
            }
            if derivatives.is_some() {
                for (l, derivative) in block.angular_derivative.iter_mut().enumerate() {
                    derivative.store(pack, if l == 0 { dw } else { higher.1 });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Compression;
    use super::super::integrals::GaussianBasis;
    use super::*;

    fn parameters(numbers: &[i64], sigma: f64) -> SoapParameters {
        let species =
            |&number: &i64| DensityParameters { number: Some(number), sigma, weight: 1.0, central_weight: 1.0 };
        SoapParameters {
            r_cut: 4.0,
            padding: 0.5,
            n_max: 3,
            l_max: 2,
            basis: GaussianBasis::Equispaced,
            basis_error_exponent: 10.0,
            cutoff_width: 0.5,
            weighting: None,
            convention: Convention::Isoprint,
            compression: Compression::None,
            normalize: true,
            center_everywhere: false,
            constant: None,
            accuracy: 1e-9,
            ignore_unknown_species: false,
            species: numbers.iter().map(species).collect(),
        }
    }

    fn all(parameters: &SoapParameters) -> Vec<GaussianRadial> {
        GaussianRadial::all(parameters, &Stop::never()).expect("legal parameters")
    }

    #[test]
    fn tables_are_shared_by_all_species_and_descriptors_that_have_the_same_functions() {
        let first = parameters(&[1, 6], 0.437);
        let bases = all(&first);
        let same = |other: &SoapParameters| Arc::ptr_eq(&bases[0].made, &all(other)[0].made);
        assert!(Arc::ptr_eq(&bases[0].made, &bases[1].made));
        assert!(same(&parameters(&[8, 1], 0.437)));
        // Weights are not in the table.
        let mut other = parameters(&[1], 0.437);
        other.species[0].weight = 2.0;
        other.species[0].central_weight = 0.0;
        assert!(same(&SoapParameters { cutoff_width: 0.0, normalize: false, ..other }));
    }

    #[test]
    fn whatever_differs_in_what_a_table_depends_on_has_its_own() {
        let first = parameters(&[1], 0.438);
        let others = [
            parameters(&[1], 0.439),
            SoapParameters { r_cut: 4.5, padding: 0.0, ..first.clone() },
            SoapParameters { padding: 0.6, ..first.clone() },
            SoapParameters { n_max: 4, ..first.clone() },
            SoapParameters { l_max: 3, ..first.clone() },
            SoapParameters { basis: GaussianBasis::PolynomialQuip, ..first.clone() },
            SoapParameters { basis_error_exponent: 9.0, ..first.clone() },
            SoapParameters { accuracy: 1e-8, ..first.clone() },
        ];
        let made: Vec<Arc<GaussianTable>> =
            std::iter::once(&first).chain(&others).map(|parameters| all(parameters)[0].made.clone()).collect();
        for (k, one) in made.iter().enumerate() {
            assert!(made[..k].iter().all(|other| !Arc::ptr_eq(one, other)), "{k}");
        }
    }
}
