//! The way back: from an adjoint of the sums to the vectors of the sites.

use super::pair_lanes::{PACKS_PER_BATCH, PairLanes};
use super::pairs::{Cursor, PairBatch, third_side};
use super::plan::{Group, SpherePlan};
use super::powers::cosine;
use super::sphere::CutoffSphere;
use crate::simd::{Kernel, Lanes, exp};
use crate::{Error, Stop};

/// Coefficients of the gradient of the terms of each pair, where `d = r_k - r_j`:
///
/// ```text
/// ∂/∂r_j = of_own_j r_j + of_other r_k - of_difference d
/// ∂/∂r_k = of_own_k r_k + of_other r_j + of_difference d
/// ```
#[derive(Debug)]
pub struct PairGradients {
    of_own_j: PairLanes,
    of_own_k: PairLanes,
    of_other: PairLanes,
    of_difference: PairLanes,
    // What is known of the two sites of each pair, first `j`, then `k`.
    value: [PairLanes; 2],
    derivative: [PairLanes; 2],
    inverse: [PairLanes; 2],
    /// `(r - R_s) / r`
    shifted: [PairLanes; 2],
}

impl PairGradients {
    pub fn new() -> Self {
        let two = || [PairLanes::ZERO, PairLanes::ZERO];
        Self {
            of_own_j: PairLanes::ZERO,
            of_own_k: PairLanes::ZERO,
            of_other: PairLanes::ZERO,
            of_difference: PairLanes::ZERO,
            value: two(),
            derivative: two(),
            inverse: two(),
            shifted: two(),
        }
    }

    #[inline(always)]
    fn gather(&mut self, sphere: &CutoffSphere, batch: &PairBatch, shift: f64) {
        for (side, slots) in [&batch.j, &batch.k].into_iter().enumerate() {
            for pair in 0..batch.len {
                let slot = slots[pair] as usize;
                self.value[side].0[pair] = sphere.value[slot];
                self.derivative[side].0[pair] = sphere.derivative[slot] * sphere.inverse[slot];
                self.inverse[side].0[pair] = sphere.inverse[slot];
                self.shifted[side].0[pair] = 1.0 - shift * sphere.inverse[slot];
            }
        }
    }
}

/// Adds to `gradient` the gradient of `Σ adjoint · sums` with respect to the vector of each slot.
pub struct AngularPullback<'a> {
    pub group: &'a Group,
    pub plan: &'a SpherePlan,
    pub sphere: &'a CutoffSphere,
    pub batch: &'a mut PairBatch,
    pub gradients: &'a mut PairGradients,
    /// Adjoint of each column of the group.
    pub adjoint: &'a [f64],
    pub gradient: &'a mut [[f64; 4]],
    pub stop: &'a Stop<'a>,
}

impl Kernel for AngularPullback<'_> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn run<V: Lanes>(self) -> Result<(), Error> {
        let Self { group, plan, sphere, batch, gradients, adjoint, gradient, stop } = self;
        let mut cursor = Cursor::new(group, sphere, plan.r_cut);
        while cursor.fill::<V>(sphere, batch) {
            batch.gather(sphere, group.shift);
            gradients.gather(sphere, batch, group.shift);
            for pack in 0..batch.n_packs() {
                let c = cosine::<V>(&batch.cosine, pack);
                group.powers.derivatives(pack, c, &mut batch.powers, &mut batch.derivatives);
                let third = third_side::<V>(group, &plan.cutoff, batch.square.load(pack));
                let exponent = batch.exponent.load::<V>(pack) + third.exponent;
                // Sums over the functions, without cutoff functions: of the terms, of these times η, of their
                // derivatives with respect to the cosine.
                let (mut value, mut decay, mut cosine_term) = (V::zero(), V::zero(), V::zero());
                for product in &group.products {
                    let width = product.powers.len();
                    for (row, eta_row) in product.etas.clone().enumerate() {
                        let adjoint = &adjoint[product.start + row * width..][..width];
                        let (mut x, mut y) = (V::zero(), V::zero());
                        for (&power, &entry) in product.powers.iter().zip(adjoint) {
                            let entry = V::splat(entry);
                            x = batch.powers[power * PACKS_PER_BATCH + pack].load::<V>().mul_add(entry, x);
                            y = batch.derivatives[power * PACKS_PER_BATCH + pack].load::<V>().mul_add(entry, y);
                        }
                        let eta = V::splat(group.etas[eta_row]);
                        let e = exp(exponent * -eta);
                        let ex = e * x;
                        value += ex;
                        decay = ex.mul_add(eta, decay);
                        cosine_term = e.mul_add(y, cosine_term);
                    }
                }
                let load = |column: &PairLanes| column.load::<V>(pack);
                let weight = load(&batch.weight) * third.cutoff;
                let two_value = value * V::splat(2.0) * third.cutoff;
                let two_decay = decay * weight * V::splat(2.0);
                let cosine_term = cosine_term * weight;
                let (n_j, n_k) = (load(&gradients.inverse[0]), load(&gradients.inverse[1]));
                let cosine_term_c = cosine_term * c;
                let cutoff_j = load(&gradients.derivative[0]) * load(&gradients.value[1]) * two_value;
                let cutoff_k = load(&gradients.derivative[1]) * load(&gradients.value[0]) * two_value;
                let of_own_j = load(&gradients.shifted[0]).neg_mul_add(two_decay, cutoff_j);
                let of_own_k = load(&gradients.shifted[1]).neg_mul_add(two_decay, cutoff_k);
                gradients.of_own_j.store(pack, cosine_term_c.neg_mul_add(n_j * n_j, of_own_j));
                gradients.of_own_k.store(pack, cosine_term_c.neg_mul_add(n_k * n_k, of_own_k));
                gradients.of_other.store(pack, cosine_term * n_j * n_k);
                let cutoff_jk = third.cutoff_derivative * load(&batch.weight) * value;
                gradients.of_difference.store(pack, third.shifted.neg_mul_add(two_decay, cutoff_jk));
            }
            gradients.scatter(sphere, batch, gradient);
            batch.done(stop)?;
        }
        Ok(())
    }
}

impl PairGradients {
    #[inline(always)]
    fn scatter(&self, sphere: &CutoffSphere, batch: &PairBatch, gradient: &mut [[f64; 4]]) {
        for pair in 0..batch.len {
            let (j, k) = (batch.j[pair] as usize, batch.k[pair] as usize);
            let (r_j, r_k) = (sphere.vector(j), sphere.vector(k));
            let (of_own_j, of_own_k) = (self.of_own_j.0[pair], self.of_own_k.0[pair]);
            let (of_other, of_difference) = (self.of_other.0[pair], self.of_difference.0[pair]);
            for i in 0..3 {
                let along_difference = of_difference * (r_k[i] - r_j[i]);
                gradient[j][i] += of_own_j * r_j[i] + of_other * r_k[i] - along_difference;
                gradient[k][i] += of_own_k * r_k[i] + of_other * r_j[i] + along_difference;
            }
        }
    }
}
