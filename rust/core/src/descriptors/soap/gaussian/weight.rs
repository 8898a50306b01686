//! Weight of a neighbor as a function of its distance: cutoff function, weighting, and their derivatives.

use super::weighting::Weighting;
use crate::math::cutoff::{CosineCutoff, Cutoff};
use crate::simd::{LANES, LaneArray, Lanes, SITES_PER_BLOCK, SiteLanes};

/// Weight of the atoms of one species.
#[derive(Debug, Clone)]
pub struct PairWeight {
    /// Factor of all weights.
    pub factor: f64,
    /// Zone in which neighbors fade to nothing; `None`: they vanish at once.
    pub cutoff: Option<CosineCutoff>,
    /// Dependence of weights on the distance, apart from that.
    pub weighting: Option<Weighting>,
}

impl PairWeight {
    /// Weights at the distances `r` and their derivatives, of the sites of the first `n_packs` packs.
    #[inline(always)]
    pub fn of<V: Lanes>(&self, r: &SiteLanes, n_packs: usize) -> [SiteLanes; 2] {
        let mut out = [LaneArray([self.factor; SITES_PER_BLOCK]), SiteLanes::ZERO];
        if let Some(weighting) = &self.weighting {
            let [values, derivatives] = &mut out;
            for (j, &r) in r.0.iter().enumerate().take(n_packs * LANES) {
                let (value, derivative) = weighting.at(r);
                (values.0[j], derivatives.0[j]) = (self.factor * value, self.factor * derivative);
            }
        }
        if let Some(cutoff) = self.cutoff.filter(|cutoff| r.0.iter().any(|&r| r > cutoff.start())) {
            multiply::<V>(&cutoff, r, n_packs, &mut out);
        }
        out
    }

    /// Weight of a center in its own density.
    pub fn of_center(&self) -> f64 {
        self.factor * self.weighting.as_ref().map_or(1.0, |weighting| weighting.at(0.0).0)
    }
}

/// Multiplies weights and their derivatives with a cutoff function.
#[inline(always)]
fn multiply<V: Lanes>(
    cutoff: &CosineCutoff,
    r: &SiteLanes,
    n_packs: usize,
    [values, derivatives]: &mut [SiteLanes; 2],
) {
    for pack in 0..n_packs {
        let (f, df) = cutoff.at(r.load::<V>(pack));
        let (w, dw) = (values.load::<V>(pack), derivatives.load::<V>(pack));
        values.store(pack, w * f);
        derivatives.store(pack, w.mul_add(df, dw * f));
    }
}
