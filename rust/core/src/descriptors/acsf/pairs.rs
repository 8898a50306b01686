//! Pairs of sites, a batch at a time.

use std::ops::Range;

use super::limits::PURPOSE;
use super::pair_lanes::{PACKS_PER_BATCH, PAIRS_PER_BATCH, PairLanes};
use super::plan::Group;
use super::sphere::CutoffSphere;
use crate::math::cutoff::NamedCutoff;
use crate::simd::{LANES, Lanes, Pack, at};
use crate::{Error, Stop, memory};

/// Pairs `{j, k}` of sites and what the functions of their group share.
#[derive(Debug)]
pub struct PairBatch {
    pub len: usize,
    /// Slots of the two sites.
    pub j: [u32; PAIRS_PER_BATCH],
    pub k: [u32; PAIRS_PER_BATCH],
    /// `r_jk²`
    pub square: PairLanes,
    /// `r_ij · r_ik`, then the cosine of the angle.
    pub cosine: PairLanes,
    /// `2 w_j w_k f_j f_k`
    pub weight: PairLanes,
    /// `(r_ij - R_s)² + (r_ik - R_s)²`
    pub exponent: PairLanes,
    /// For each η: the exponentials, times the cutoff functions where values are wanted.
    pub exponentials: Vec<Pack>,
    /// For each ζ and λ: the power.
    pub powers: Vec<Pack>,
    /// For each ζ and λ: the derivative of the power with respect to the cosine, or its tangent.
    pub derivatives: Vec<Pack>,
}

impl PairBatch {
    /// Room for any of `groups`.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn new(groups: &[Group]) -> Result<Self, Error> {
        let buffer = |rows: &dyn Fn(&Group) -> usize| {
            memory::filled(PURPOSE, PACKS_PER_BATCH * groups.iter().map(rows).max().unwrap_or(0), Pack::ZERO)
        };
        Ok(Self {
            len: 0,
            j: [0; PAIRS_PER_BATCH],
            k: [0; PAIRS_PER_BATCH],
            square: PairLanes::ZERO,
            cosine: PairLanes::ZERO,
            weight: PairLanes::ZERO,
            exponent: PairLanes::ZERO,
            exponentials: buffer(&|group| group.etas.len())?,
            powers: buffer(&|group| group.powers.len())?,
            derivatives: buffer(&|group| group.powers.len())?,
        })
    }

    /// Looks whether to stop after a batch, unless it was a small one, which few follow.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    #[inline(always)]
    pub fn done(&self, stop: &Stop<'_>) -> Result<(), Error> {
        if self.len + LANES > PAIRS_PER_BATCH { stop.check() } else { Ok(()) }
    }

    /// Packs that hold the pairs.
    #[inline(always)]
    pub fn n_packs(&self) -> usize {
        Pack::holding(self.len)
    }

    /// Computes what every function needs of the pairs; pairs that fill up the last pack count for nothing.
    #[inline(always)]
    pub fn gather(&mut self, sphere: &CutoffSphere, shift: f64) {
        for pair in 0..self.len {
            let (j, k) = (self.j[pair] as usize, self.k[pair] as usize);
            self.cosine.0[pair] *= sphere.inverse[j] * sphere.inverse[k];
            self.weight.0[pair] = 2.0 * sphere.value[j] * sphere.value[k];
            let (a, b) = (sphere.r[j] - shift, sphere.r[k] - shift);
            self.exponent.0[pair] = a * a + b * b;
        }
        for pair in self.len..self.n_packs() * LANES {
            (self.j[pair], self.k[pair]) = (0, 0);
            for column in [&mut self.square, &mut self.cosine, &mut self.weight, &mut self.exponent] {
                column.0[pair] = 0.0;
            }
        }
    }
}

/// Factors that depend on the distance `r_jk` of the two sites: the third side of the triangle.
pub struct ThirdSide<V> {
    /// Cutoff function of `r_jk`.
    pub cutoff: V,
    /// Derivative of the cutoff function, divided by the distance.
    pub cutoff_derivative: V,
    /// `(r_jk - R_s)²`
    pub exponent: V,
    /// `(r_jk - R_s) / r_jk`
    pub shifted: V,
}

/// [`ThirdSide`] of eight pairs, from the squares of the distances of their two sites.
#[inline(always)]
pub fn third_side<V: Lanes>(group: &Group, cutoff: &NamedCutoff, square: V) -> ThirdSide<V> {
    let one = V::splat(1.0);
    if group.wide {
        return ThirdSide { cutoff: one, cutoff_derivative: V::zero(), exponent: V::zero(), shifted: V::zero() };
    }
    let (cutoff, cutoff_derivative) = cutoff.of_square(square);
    if group.shift == 0.0 {
        return ThirdSide { cutoff, cutoff_derivative, exponent: square, shifted: one };
    }
    let r = square.sqrt();
    let offset = r - V::splat(group.shift);
    let shifted = offset / r.max(V::splat(1e-100));
    ThirdSide { cutoff, cutoff_derivative, exponent: offset * offset, shifted }
}

/// Walks over all pairs of a group.
pub struct Cursor {
    first: Range<usize>,
    second: Range<usize>,
    triangle: bool,
    /// Squares of distances that count are below this.
    limit: f64,
    j: usize,
    k: usize,
}

impl Cursor {
    pub fn new(group: &Group, sphere: &CutoffSphere, r_cut: f64) -> Self {
        let (a, b) = group.segments;
        let (first, second) = (sphere.segments[a].clone(), sphere.segments[b].clone());
        let triangle = a == b;
        let limit = if group.wide { f64::INFINITY } else { r_cut * r_cut };
        let j = first.start;
        let k = if triangle { j + 1 } else { second.start };
        Self { first, second, triangle, limit, j, k }
    }

    /// Fills the batch with the next pairs; false if there are none.
    #[inline(always)]
    pub fn fill<V: Lanes>(&mut self, sphere: &CutoffSphere, batch: &mut PairBatch) -> bool {
        let mut len = 0;
        'sites: while self.j < self.first.end {
            let here = sphere.vector(self.j);
            let [x, y, z] = [V::splat(here[0]), V::splat(here[1]), V::splat(here[2])];
            while self.k < self.second.end {
                if len + LANES > PAIRS_PER_BATCH {
                    break 'sites;
                }
                let k = self.k;
                let there = [at::<V>(&sphere.x, k), at::<V>(&sphere.y, k), at::<V>(&sphere.z, k)];
                // From the difference, not from the law of cosines: near sites keep their digits.
                let apart = [there[0] - x, there[1] - y, there[2] - z];
                let square = apart[2].mul_add(apart[2], apart[1].mul_add(apart[1], apart[0] * apart[0])).to_array();
                let dot = there[2].mul_add(z, there[1].mul_add(y, there[0] * x)).to_array();
                for lane in 0..LANES.min(self.second.end - k) {
                    batch.j[len] = self.j as u32;
                    batch.k[len] = (k + lane) as u32;
                    batch.square.0[len] = square[lane];
                    batch.cosine.0[len] = dot[lane];
                    len += usize::from(square[lane] < self.limit);
                }
                self.k += LANES;
            }
            self.j += 1;
            self.k = if self.triangle { self.j + 1 } else { self.second.start };
        }
        batch.len = len;
        len > 0
    }
}
