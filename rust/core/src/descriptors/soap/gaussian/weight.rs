//! What a neighbor counts for by its distance: cutoff function, weighting, and their derivatives.

use super::parameters::{WeightFunction, Weighting};
use crate::math::cutoff::{CosineCutoff, Cutoff};
use crate::simd::{BLOCK, LANES, Lanes, Row};

/// Weight of the atoms of one species.
#[derive(Debug, Clone)]
pub struct PairWeight {
    /// What all weights are multiplied by.
    pub factor: f64,
    /// How neighbors vanish; `None`: at once.
    pub cutoff: Option<CosineCutoff>,
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
fn multiply<V: Lanes>(cutoff: &CosineCutoff, r: &Row, n_packs: usize, [values, slopes]: &mut [Row; 2]) {
    for pack in 0..n_packs {
        let (f, df) = cutoff.at(r.load::<V>(pack));
        let (w, dw) = (values.load::<V>(pack), slopes.load::<V>(pack));
        values.store(pack, w.mul(f));
        slopes.store(pack, w.mul_add(df, dw.mul(f)));
    }
}

impl Weighting {
    /// Value and derivative at the distance `r`. At the center, where a derivative has no direction, it is zero.
    pub fn at(&self, r: f64) -> (f64, f64) {
        if r <= 0.0 {
            return (self.at_center.unwrap_or_else(|| self.limit()), 0.0);
        }
        let Self { r0, c, d, m, .. } = *self;
        let t = r / r0;
        match self.function {
            WeightFunction::Polynomial if t >= 1.0 => (0.0, 0.0),
            WeightFunction::Polynomial => {
                let base = (1.0 - t) * (1.0 - t) * (1.0 + 2.0 * t);
                let value = c * libm::pow(base, m);
                // The logarithm of the base falls as -6t / (1 - t)(1 + 2t).
                (value, -6.0 * value * m * t / ((1.0 - t) * (1.0 + 2.0 * t) * r0))
            }
            WeightFunction::Power => {
                // So close to the center that the weight would be astronomic, it stays what it is.
                let (power, least) = (libm::pow(t, m), 1e-60);
                let value = c / (d + power.max(least));
                (value, if power < least { 0.0 } else { -value * m / ((1.0 + d / power) * r) })
            }
            WeightFunction::Exponential => {
                let e = libm::exp(-t);
                let value = c / (d + e);
                (value, value * e / ((d + e) * r0))
            }
        }
    }

    /// The value that those at small distances tend to.
    pub fn limit(&self) -> f64 {
        let Self { c, d, m, .. } = *self;
        match self.function {
            WeightFunction::Polynomial => c,
            WeightFunction::Power if m > 0.0 => c / d,
            WeightFunction::Power if m < 0.0 => 0.0,
            WeightFunction::Power | WeightFunction::Exponential => c / (d + 1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_differences() {
        let functions = [WeightFunction::Polynomial, WeightFunction::Power, WeightFunction::Exponential];
        for function in functions {
            for (d, m) in [(1.0, 2.0), (0.5, 4.0), (2.0, 0.7), (0.0, 1.5)] {
                let weighting = Weighting { function, r0: 2.5, c: 1.3, d, m, at_center: None };
                for r in [0.3, 1.1, 2.4, 2.6, 4.0] {
                    let h = 1e-4;
                    let [a, b, c, e] = [-2.0, -1.0, 1.0, 2.0].map(|k| weighting.at(r + k * h).0);
                    let difference = (a - 8.0 * b + 8.0 * c - e) / (12.0 * h);
                    let slope = weighting.at(r).1;
                    assert!((slope - difference).abs() < 1e-9 * slope.abs().max(1.0), "{weighting:?} at {r}: {slope}");
                }
                if d > 0.0 {
                    assert!((weighting.at(1e-9).0 - weighting.at(0.0).0).abs() < 1e-6, "{weighting:?}");
                }
            }
        }
    }

    #[test]
    fn no_distance_gives_a_nan() {
        for function in [WeightFunction::Polynomial, WeightFunction::Power, WeightFunction::Exponential] {
            for (d, m) in [(0.0, 2.0), (1.0, 0.0), (0.0, 300.0), (1.0, 300.0), (1.0, -3.0)] {
                let weighting = Weighting { function, r0: 2.0, c: 1.0, d, m, at_center: Some(1.0) };
                for r in [0.0, 1e-300, 1e-10, 1.0, 2.0, 1e3] {
                    let (value, slope) = weighting.at(r);
                    assert!(value.is_finite() && !slope.is_nan(), "{weighting:?} at {r}: {value}, {slope}");
                }
            }
        }
    }
}
