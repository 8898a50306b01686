//! The radial functions of one species, tabulated: how strongly a neighbor at distance `r` enters each coefficient.
//!
//! A neighbor's coefficient is `w(r) I_nl(r) Y_lm`. Tabulated is `T_nl = I_nl / r` (but `T_n0 = I_n0`), so that the
//! gradient of the harmonic, which goes as `1 / r`, meets no division: limits at the center are exact. The weight has
//! kinks that no polynomial can follow; it joins the harmonics as `A_l = r w(r)`, `A_0 = w(r)`.

use std::sync::Arc;

use super::super::block::Block;
use super::super::profile;
use super::integrals::RadialIntegrals;
use super::weight::PairWeight;
use crate::math::piecewise::{Piecewise, Places};
use crate::simd::{LANES, Lanes, Row};
use crate::{Error, Stop};

/// Coefficients of a tabulated polynomial: intervals are then so long that several neighbors share one.
const ORDER: usize = 11;
/// What the derivative of a table loses against its values.
const SLOPE_LOSS: f64 = 100.0;
/// The distance that stands for zero: harmless in every product, and `r · 1/r` is one.
const NO_DISTANCE: f64 = 1e-150;

/// `T_ln` of one width, as `[l][n]`.
pub type Table = Piecewise<ORDER>;

/// Tabulates radial functions up to `reach`, so that their slopes have this accuracy or the best there is.
///
/// # Errors
/// [`Error::Interrupted`], [`Error::Memory`].
pub fn tabulate(
    integrals: &RadialIntegrals,
    (n_max, l_max): (usize, usize),
    reach: f64,
    accuracy: f64,
    stop: &Stop<'_>,
) -> Result<Arc<Table>, Error> {
    let groups = vec![n_max; l_max + 1];
    let fit = |r: f64, values: &mut [f64]| integrals.evaluate(r, values);
    let table = Piecewise::fit(reach, integrals.length_scale(), &groups, accuracy / SLOPE_LOSS, stop, fit)?;
    Ok(Arc::new(table))
}

/// The accuracy that a table has reached.
pub fn accuracy(table: &Table) -> f64 {
    SLOPE_LOSS * table.error()
}

/// The profile of one species.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Shared by all species of one width.
    pub table: Arc<Table>,
    /// Number of radial functions.
    pub n_max: usize,
    /// What a neighbor counts for.
    pub weight: PairWeight,
}

impl profile::Profile for Profile {
    const BY_DEGREE: bool = true;

    fn n_max(&self) -> usize {
        self.n_max
    }

    fn n_packs(&self) -> usize {
        self.table.n_packs()
    }

    #[inline(always)]
    fn evaluate<V: Lanes>(&self, r: &[f64], places: &mut Places, rows: &mut [[f64; LANES]]) {
        self.table.evaluate::<V>(r, places, rows);
    }

    #[inline(always)]
    fn evaluate_with_derivative<V: Lanes>(
        &self,
        r: &[f64],
        places: &mut Places,
        rows: &mut [[f64; LANES]],
        slopes: &mut [[f64; LANES]],
    ) {
        self.table.evaluate_with_derivative::<V>(r, places, rows, slopes);
    }

    #[inline(always)]
    fn angular<V: Lanes>(&self, r: &Row, _: &[[f64; LANES]], slopes: Option<&[[f64; LANES]]>, block: &mut Block) {
        let [weight, weight_slope] = self.weight.of::<V>(r, block.packs().end);
        let mut r = *r;
        // At the center any direction will do: degree one alone has a gradient there, and that is a constant.
        for (j, r) in r.0.iter_mut().enumerate().filter(|(_, r)| **r == 0.0) {
            block.unit[2].0[j] = 1.0;
            block.inverse.0[j] = 1.0 / NO_DISTANCE;
            *r = NO_DISTANCE;
        }
        for pack in block.packs() {
            let (r, w, dw) = (r.load::<V>(pack), weight.load::<V>(pack), weight_slope.load::<V>(pack));
            let profile = (r.mul(w), r.mul_add(dw, w));
            for (l, angular) in block.angular.iter_mut().enumerate() {
                angular.store(pack, if l == 0 { w } else { profile.0 });
            }
            if slopes.is_some() {
                for (l, slope) in block.angular_slope.iter_mut().enumerate() {
                    slope.store(pack, if l == 0 { dw } else { profile.1 });
                }
            }
        }
    }
}
