//! Radial bases: the functions of one species in which the density is expanded.

use super::site_block::SiteBlock;
use crate::math::piecewise::EvaluationPoints;
use crate::simd::{LANES, Lanes, SiteLanes};

/// Radial and angular factors of a neighbor of one species at distance `r` in each coefficient: `b_ln(r) · A_l(r) ·
/// Y_lm`.
pub trait RadialBasis: Sync + 'static {
    /// Whether each degree has radial functions of its own, or `b_ln = b_n` for all `l`.
    const BY_DEGREE: bool;

    /// Number of radial functions.
    fn n_max(&self) -> usize;

    /// What a center of this species adds to `l = 0`, one number a radial function.
    fn center(&self) -> &[f64];

    /// Length of a row that [`Self::evaluate`] writes, in packs.
    fn n_packs(&self) -> usize;

    /// For each distance a row that begins with `b_n`, or with `b_ln` as `[l][n]`.
    fn evaluate<V: Lanes>(&self, r: &[f64], points: &mut EvaluationPoints, rows: &mut [[f64; LANES]]);

    /// Values as of [`Self::evaluate`], and their derivatives in rows of their own.
    fn evaluate_with_derivative<V: Lanes>(
        &self,
        r: &[f64],
        points: &mut EvaluationPoints,
        rows: &mut [[f64; LANES]],
        derivatives: &mut [[f64; LANES]],
    );

    /// Writes `A_l` of the sites of a block at the distances `r`, from their rows, and its derivative where
    /// `derivatives` are given. Directions and inverse distances are there already, those of a site at the center being
    /// zero.
    fn angular<V: Lanes>(
        &self,
        r: &SiteLanes,
        rows: &[[f64; LANES]],
        derivatives: Option<&[[f64; LANES]]>,
        block: &mut SiteBlock,
    );
}
