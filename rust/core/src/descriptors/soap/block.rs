//! What is known of a few sites of one species, side by side in lanes.

use super::radial::Profile;
use crate::descriptors::Environment;
use crate::math::harmonics::Directions;
use crate::simd::{BLOCK, LANES, Lanes, Row};

/// Directions and profiles of up to [`BLOCK`] sites of one species.
#[derive(Debug)]
pub struct Block {
    /// Channel of the species.
    pub channel: usize,
    /// First site.
    pub start: usize,
    /// Sites that mean something; what the other lanes hold is finite.
    pub n_sites: usize,
    /// Unit vectors.
    pub unit: Directions,
    /// `1 / r`, and zero for a site at the center.
    pub inverse: Row,
    /// Radial functions and angular profiles of each site.
    pub rows: Vec<[f64; LANES]>,
    /// Their derivatives, where they were asked for.
    pub slopes: Vec<[f64; LANES]>,
    /// `P^a · 4π A_l`.
    pub angular: Vec<Row>,
    /// Its derivative, where it was asked for.
    pub angular_slope: Vec<Row>,
}

impl Block {
    /// Room for sites with up to `n_packs` packs of functions and `n_degrees` degrees.
    pub fn new(n_packs: usize, n_degrees: usize) -> Self {
        // One pack more, so that eight numbers can be read from any place in the last row.
        let rows = vec![[0.0; LANES]; BLOCK * n_packs + 1];
        let lanes = vec![Row::ZERO; n_degrees];
        Self {
            channel: 0,
            start: 0,
            n_sites: 0,
            unit: [Row::ZERO; 3],
            inverse: Row::ZERO,
            slopes: rows.clone(),
            rows,
            angular_slope: lanes.clone(),
            angular: lanes,
        }
    }

    /// Groups of [`LANES`] sites.
    #[inline(always)]
    pub fn packs(&self) -> std::ops::Range<usize> {
        0..self.n_sites.div_ceil(LANES)
    }

    /// Computes everything for the sites `start..start + n_sites` of `channel`.
    #[inline(always)]
    pub fn fill<V: Lanes>(
        &mut self,
        environment: &Environment<'_>,
        (channel, start, n_sites): (usize, usize, usize),
        (profile, r_cut): (&Profile, f64),
        slopes: bool,
    ) {
        (self.channel, self.start, self.n_sites) = (channel, start, n_sites);
        let sites = start..start + n_sites;
        let mut r = Row::ZERO;
        r.0[..n_sites].copy_from_slice(&environment.r[sites.clone()]);
        if slopes {
            profile.evaluate_with_derivative::<V>(&r.0[..n_sites], &mut self.rows, &mut self.slopes);
        } else {
            profile.evaluate::<V>(&r.0[..n_sites], &mut self.rows);
        }
        for (unit, d) in self.unit.iter_mut().zip([environment.dx, environment.dy, environment.dz]) {
            unit.0[..n_sites].copy_from_slice(&d[sites.clone()]);
            unit.0[n_sites..].fill(0.0);
        }
        for (inverse, r) in self.inverse.0.iter_mut().zip(&r.0) {
            *inverse = if *r > 0.0 { 1.0 / r } else { 0.0 };
        }
        for pack in self.packs() {
            let inverse = self.inverse.load::<V>(pack);
            for unit in &mut self.unit {
                unit.store(pack, unit.load::<V>(pack).mul(inverse));
            }
        }
        self.fill_angular::<V>(profile, &decay(profile.decay, r_cut, &r), slopes);
    }

    /// Brings the angular profiles from the sites' rows into lanes, and the decay into them.
    #[inline(always)]
    fn fill_angular<V: Lanes>(&mut self, profile: &Profile, decay: &[Row; 2], slopes: bool) {
        let degrees = profile.n_max..profile.n_max + self.angular.len();
        for pack in self.packs() {
            let (p, dp) = (decay[0].load::<V>(pack), decay[1].load::<V>(pack));
            columns::<V>(&self.rows, profile.n_packs(), degrees.clone(), pack, &mut self.angular);
            if slopes {
                columns::<V>(&self.slopes, profile.n_packs(), degrees.clone(), pack, &mut self.angular_slope);
                for (slope, value) in self.angular_slope.iter_mut().zip(&self.angular) {
                    let sum = dp.mul_add(value.load(pack), p.mul(slope.load(pack)));
                    slope.store(pack, sum);
                }
            }
            for value in &mut self.angular {
                value.store(pack, p.mul(value.load::<V>(pack)));
            }
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

/// Turns the numbers `range` of each site's row, which has `stride` packs, into one [`Row`] each.
#[inline(always)]
pub fn columns<V: Lanes>(
    rows: &[[f64; LANES]],
    stride: usize,
    range: std::ops::Range<usize>,
    pack: usize,
    out: &mut [Row],
) {
    let rows = rows.as_flattened();
    let width = stride * LANES;
    let start = pack * LANES * width + range.start;
    for (group, out) in out[..range.len()].chunks_mut(LANES).enumerate() {
        let mut sites = [V::zero(); LANES];
        for (j, site) in sites.iter_mut().enumerate() {
            let place = start + group * LANES + j * width;
            *site = V::load(rows[place..].first_chunk().unwrap_or(&[0.0; LANES]));
        }
        for (row, lanes) in out.iter_mut().zip(V::transpose(sites)) {
            row.store(pack, lanes);
        }
    }
}
