//! What a neighbor counts for by its distance: cutoff function, weighting, and their derivatives.

use super::weighting::Weighting;
use crate::math::switch;
use crate::simd::{BLOCK, LANES, Lanes, Row};

/// Weight of the atoms of one species.
#[derive(Debug, Clone)]
pub struct PairWeight {
    /// What all weights are multiplied by.
    pub factor: f64,
    /// Where the fading zone ends, and its width.
    pub reach: f64,
    /// See `reach`; zero for none.
    pub width: f64,
    /// How weights depend on the distance apart from that.
    pub weighting: Option<Weighting>,
}

impl PairWeight {
    /// Weights at the distances `r` and their derivatives, of the sites of the first `n_packs` packs.
    #[inline(always)]
    pub fn of<V: Lanes>(&self, r: &Row, n_packs: usize) -> [Row; 2] {
        let mut out = [Row([self.factor; BLOCK]), Row::ZERO];
        if let Some(weighting) = &self.weighting {
            let [values, slopes] = &mut out;
            for (j, &r) in r.0.iter().enumerate().take(n_packs * LANES) {
                let (value, slope) = weighting.at(r);
                (values.0[j], slopes.0[j]) = (self.factor * value, self.factor * slope);
            }
        }
        let start = self.reach - self.width;
        if self.width > 0.0 && r.0.iter().any(|&r| r > start) {
            self.fade::<V>(r, n_packs, &mut out);
        }
        out
    }

    /// Multiplies with the cutoff function.
    #[inline(always)]
    fn fade<V: Lanes>(&self, r: &Row, n_packs: usize, [values, slopes]: &mut [Row; 2]) {
        let start = self.reach - self.width;
        let mut x = Row::ZERO;
        for (x, r) in x.0.iter_mut().zip(&r.0) {
            *x = ((r - start) / self.width).clamp(0.0, 1.0);
        }
        let mut fading = [Row::ZERO; 2];
        for pack in 0..n_packs {
            switch::cosine::<V>(pack, &x, &mut fading);
            let (f, df) = (fading[0].load::<V>(pack), fading[1].load::<V>(pack).mul(V::splat(1.0 / self.width)));
            let (w, dw) = (values.load::<V>(pack), slopes.load::<V>(pack));
            values.store(pack, w.mul(f));
            slopes.store(pack, w.mul_add(df, dw.mul(f)));
        }
    }

    /// Weight of a center in its own density.
    pub fn of_center(&self) -> f64 {
        self.factor * self.weighting.as_ref().map_or(1.0, |weighting| weighting.at(0.0).0)
    }
}
