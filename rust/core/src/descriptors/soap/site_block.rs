//! Blocks of sites of one species, side by side in lanes.

use super::limits::PURPOSE;
use crate::descriptors::Environment;
use crate::math::harmonics::Directions;
use crate::simd::{LANES, Lanes, SITES_PER_BLOCK, SiteLanes};
use crate::{Error, memory};

/// Directions and angular factors of up to [`SITES_PER_BLOCK`] sites of one species.
#[derive(Debug)]
pub struct SiteBlock {
    /// Channel of the species.
    pub channel: usize,
    /// First site.
    pub start: usize,
    /// Sites that mean something; what the other lanes hold is finite.
    pub n_sites: usize,
    /// Where the rows of the sites begin, in packs.
    pub first_row: usize,
    /// Unit vectors.
    pub unit: Directions,
    /// `1 / r`.
    pub inverse: SiteLanes,
    /// `A_l`.
    pub angular: Vec<SiteLanes>,
    /// Derivative of `A_l`, where it was asked for.
    pub angular_derivative: Vec<SiteLanes>,
}

impl SiteBlock {
    /// Room for sites with `n_degrees` degrees.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn new(n_degrees: usize) -> Result<Self, Error> {
        let lanes = || memory::filled(PURPOSE, n_degrees, SiteLanes::ZERO);
        Ok(Self {
            channel: 0,
            start: 0,
            n_sites: 0,
            first_row: 0,
            unit: [SiteLanes::ZERO; 3],
            inverse: SiteLanes::ZERO,
            angular_derivative: lanes()?,
            angular: lanes()?,
        })
    }

    /// Groups of [`LANES`] sites.
    #[inline(always)]
    pub fn packs(&self) -> std::ops::Range<usize> {
        0..self.n_sites.div_ceil(LANES)
    }

    /// Computes directions and inverse distances of the sites that it was set to, and returns their distances.
    #[inline(always)]
    pub fn aim<V: Lanes>(&mut self, environment: &Environment<'_>) -> SiteLanes {
        let sites = self.start..self.start + self.n_sites;
        let mut r = SiteLanes::ZERO;
        r.0[..self.n_sites].copy_from_slice(&environment.r[sites.clone()]);
        for (unit, d) in self.unit.iter_mut().zip([environment.dx, environment.dy, environment.dz]) {
            unit.0[..self.n_sites].copy_from_slice(&d[sites.clone()]);
            unit.0[self.n_sites..].fill(0.0);
        }
        for (inverse, r) in self.inverse.0.iter_mut().zip(&r.0) {
            *inverse = if *r > 0.0 { 1.0 / r } else { 0.0 };
        }
        for pack in self.packs() {
            let inverse = self.inverse.load::<V>(pack);
            for unit in &mut self.unit {
                unit.store(pack, unit.load::<V>(pack) * inverse);
            }
        }
        r
    }
}

/// Turns the numbers `range` of each site's row, which has `stride` packs, into one [`SiteLanes`] each.
#[inline(always)]
pub fn columns<V: Lanes>(
    rows: &[[f64; LANES]],
    stride: usize,
    range: std::ops::Range<usize>,
    pack: usize,
    out: &mut [SiteLanes],
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

/// Padding after the last row of a center, in packs: so far may be read.
pub fn beyond(n_packs: usize) -> usize {
    SITES_PER_BLOCK * n_packs + crate::simd::gemm::MAX_PACKS
}
