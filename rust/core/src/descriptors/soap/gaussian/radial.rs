//! The radial functions of one species, tabulated: how strongly a neighbor at distance `r` enters each coefficient.
//!
//! A neighbor's coefficient is `w(r) I_nl(r) Y_lm`. Tabulated is `T_nl = I_nl / r` (but `T_n0 = I_n0`), so that the
//! gradient of the harmonic, which goes as `1 / r`, meets no division: limits at the center are exact. The weight has
//! kinks that no polynomial can follow; it joins the harmonics as `A_l = r w(r)`, `A_0 = w(r)`.

use std::sync::Arc;

use super::super::convention::Convention;
use super::super::radial_basis::RadialBasis;
use super::super::site_block::SiteBlock;
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
    /// Shared by all species of one width.
    table: Arc<Table>,
    n_max: usize,
    /// Weight of a neighbor.
    weight: PairWeight,
    /// What a center of this species adds to `l = 0`: one number a radial function.
    center: Vec<f64>,
    accuracy: f64,
}

impl GaussianRadial {
    /// The bases of all species.
    ///
    /// # Errors
    /// [`Error::Parameter`] where the functions are so nearly dependent that rounding is all there is;
    /// [`Error::Interrupted`], [`Error::Memory`].
    pub fn all(parameters: &SoapParameters, stop: &Stop<'_>) -> Result<Vec<Self>, Error> {
        let mut known: Vec<GaussianTable> = Vec::new();
        let mut bases = Vec::new();
        for species in &parameters.species {
            let place = known.iter().position(|tabulated| tabulated.sigma == species.sigma);
            let place = if let Some(place) = place {
                place
            } else {
                known.push(GaussianTable::new(parameters, species.sigma, stop)?);
                known.len() - 1
            };
            bases.push(known[place].radial(parameters, species));
        }
        Ok(bases)
    }

    /// Error of values and derivatives, relative to the largest value.
    pub fn accuracy(&self) -> f64 {
        self.accuracy
    }
}

/// Functions that were integrated once, for all species of one width.
struct GaussianTable {
    sigma: f64,
    table: Arc<Table>,
    /// `I_n0(0)`
    at_center: Vec<f64>,
    accuracy: f64,
}

impl GaussianTable {
    fn new(parameters: &SoapParameters, sigma: f64, stop: &Stop<'_>) -> Result<Self, Error> {
        let SoapParameters { basis, n_max, l_max, r_cut, basis_error_exponent, accuracy, .. } = *parameters;
        let reach = parameters.reach();
        let integral_parameters = IntegralParameters { basis, n_max, l_max, r_cut, sigma, basis_error_exponent, reach };
        let integrals = RadialIntegrals::new(&integral_parameters, stop)?;
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
        let table = Piecewise::fit(reach, integrals.length_scale(), &groups, accuracy / DERIVATIVE_LOSS, stop, fit)?;
        let mut at_center = vec![0.0; n_max * (l_max + 1)];
        integrals.evaluate(0.0, &mut at_center);
        at_center.truncate(n_max);
        let accuracy = (DERIVATIVE_LOSS * table.error()).max(rounding);
        Ok(Self { sigma, table: Arc::new(table), at_center, accuracy })
    }

    fn radial(&self, parameters: &SoapParameters, species: &DensityParameters) -> GaussianRadial {
        let y_00 = (0.25 / std::f64::consts::PI).sqrt();
        let weight = pair_weight(parameters, species);
        let own = species.central_weight * weight.of_center() * y_00;
        GaussianRadial {
            table: self.table.clone(),
            n_max: parameters.n_max,
            weight,
            center: self.at_center.iter().map(|value| own * value).collect(),
            accuracy: self.accuracy,
        }
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
        self.table.n_packs()
    }

    #[inline(always)]
    fn evaluate<V: Lanes>(&self, r: &[f64], points: &mut EvaluationPoints, rows: &mut [[f64; LANES]]) {
        self.table.evaluate::<V>(r, points, rows);
    }

    #[inline(always)]
    fn evaluate_with_derivative<V: Lanes>(
        &self,
        r: &[f64],
        points: &mut EvaluationPoints,
        rows: &mut [[f64; LANES]],
        derivatives: &mut [[f64; LANES]],
    ) {
        self.table.evaluate_with_derivative::<V>(r, points, rows, derivatives);
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
