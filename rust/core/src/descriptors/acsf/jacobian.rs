//! The derivative of every angular function with respect to every site.

use super::limits::PURPOSE;
use super::pair_lanes::PACKS_PER_BATCH;
use super::pairs::{Cursor, PairBatch, ThirdSide, third_side};
use super::plan::{Group, OuterProduct, SpherePlan};
use super::powers::cosine;
use super::sphere::CutoffSphere;
use crate::simd::{Kernel, LANES, Lanes, Pack, exp};
use crate::{Error, Stop, memory};

/// For each pair of a pack, the powers and their derivatives with respect to the cosine, those of each block from a new
/// pack: `[block's pack][pair]`.
#[derive(Debug)]
pub struct PairPowers {
    powers: Vec<Pack>,
    derivatives: Vec<Pack>,
}

impl PairPowers {
    pub fn new(groups: &[Group]) -> Result<Self, Error> {
        let n_packs = |group: &Group| group.products.iter().map(OuterProduct::n_packs).sum::<usize>();
        let length = LANES * groups.iter().map(n_packs).max().unwrap_or(0);
        let buffer = || memory::filled(PURPOSE, length, Pack::ZERO);
        Ok(Self { powers: buffer()?, derivatives: buffer()? })
    }

    /// Transposes rows of a batch, pairs side by side, into rows of a pair, powers side by side.
    #[inline(always)]
    fn transpose<V: Lanes>(&mut self, group: &Group, batch: &PairBatch, pack: usize) {
        let mut place = 0;
        for powers in group.products.iter().flat_map(|product| product.powers.chunks(LANES)) {
            for (rows, out) in [(&batch.powers, &mut self.powers), (&batch.derivatives, &mut self.derivatives)] {
                let mut lanes = [V::zero(); LANES];
                for (lanes, &power) in lanes.iter_mut().zip(powers) {
                    *lanes = rows[power * PACKS_PER_BATCH + pack].load();
                }
                let lanes = V::transpose(lanes);
                for pair in 0..LANES {
                    out[place + pair].store(lanes[pair]);
                }
            }
            place += LANES;
        }
    }
}

/// Adds to `blocks[slot][xyz]` the derivatives of the sums with respect to the vector of each slot; those of one block
/// and one η begin a pack.
pub struct AngularJacobian<'a> {
    pub group: &'a Group,
    pub plan: &'a SpherePlan,
    pub sphere: &'a CutoffSphere,
    pub batch: &'a mut PairBatch,
    pub common: &'a mut PairPowers,
    pub blocks: &'a mut [Pack],
    pub stop: &'a Stop<'a>,
}

impl Kernel for AngularJacobian<'_> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn run<V: Lanes>(self) -> Result<(), Error> {
        let Self { group, plan, sphere, batch, common, blocks, stop } = self;
        let mut cursor = Cursor::new(group, sphere, plan.r_cut);
        while cursor.fill::<V>(sphere, batch) {
            batch.gather(sphere, group.shift);
            for pack in 0..batch.n_packs() {
                let third = third_side::<V>(group, &plan.cutoff, batch.square.load(pack));
                let exponent = batch.exponent.load::<V>(pack) + third.exponent;
                for (row, &eta) in group.etas.iter().enumerate() {
                    batch.exponentials[row * PACKS_PER_BATCH + pack].store(exp(exponent * V::splat(-eta)));
                }
                let c = cosine::<V>(&batch.cosine, pack);
                group.powers.derivatives(pack, c, &mut batch.powers, &mut batch.derivatives);
                common.transpose::<V>(group, batch, pack);
                let gradients = FactorGradients::of(group.shift, sphere, batch, &third, c, pack);
                for lane in 0..LANES.min(batch.len - pack * LANES) {
                    gradients.add::<V>(group, batch, common, (pack, lane), blocks);
                }
            }
            batch.done(stop)?;
        }
        Ok(())
    }
}

/// Gradients of the factors of a term `w E P`, where `w` is the weight, `E = exp(-η x)` and `P` the power of the cosine
/// `c`: `∇(w E P) = E (P (∇w - η w ∇x) + P' w ∇c)`. For each pair of a pack, three components of the one site, a zero,
/// and three components of the other.
struct FactorGradients {
    /// `∇w`
    weight: [Pack; LANES],
    /// `w ∇x`
    exponent: [Pack; LANES],
    /// `w ∇c`
    cosine: [Pack; LANES],
}

impl FactorGradients {
    #[inline(always)]
    fn of<V: Lanes>(
        shift: f64,
        sphere: &CutoffSphere,
        batch: &PairBatch,
        third: &ThirdSide<V>,
        c: V,
        pack: usize,
    ) -> Self {
        let j = Site::<V>::of(sphere, &batch.j, pack);
        let k = Site::<V>::of(sphere, &batch.k, pack);
        let two = V::splat(2.0);
        let both = two * j.value * k.value;
        let all = both * third.cutoff;
        let weight_j = two * j.derivative * k.value * third.cutoff;
        let weight_k = two * k.derivative * j.value * third.cutoff;
        let weight_jk = both * third.cutoff_derivative;
        // 1 - R_s / r
        let (one, shift, twice) = (V::splat(1.0), V::splat(shift), two * all);
        let exponent_j = j.inverse.neg_mul_add(shift, one) * twice;
        let exponent_k = k.inverse.neg_mul_add(shift, one) * twice;
        let exponent_jk = twice * third.shifted;
        let across = all * j.inverse * k.inverse;
        let cosine_j = all * c * j.inverse * j.inverse;
        let cosine_k = all * c * k.inverse * k.inverse;
        let mut rows = [[V::zero(); LANES]; 3];
        for i in 0..3 {
            let (r_j, r_k) = (j.vector[i], k.vector[i]);
            let apart = r_k - r_j;
            rows[0][i] = apart.neg_mul_add(weight_jk, weight_j * r_j);
            rows[0][4 + i] = apart.mul_add(weight_jk, weight_k * r_k);
            rows[1][i] = apart.neg_mul_add(exponent_jk, exponent_j * r_j);
            rows[1][4 + i] = apart.mul_add(exponent_jk, exponent_k * r_k);
            rows[2][i] = r_j.neg_mul_add(cosine_j, across * r_k);
            rows[2][4 + i] = r_k.neg_mul_add(cosine_k, across * r_j);
        }
        let mut out = [[Pack::ZERO; LANES]; 3];
        for which in 0..3 {
            let transposed = V::transpose(rows[which]);
            for pair in 0..LANES {
                out[which][pair].store(transposed[pair]);
            }
        }
        let [weight, exponent, cosine] = out;
        Self { weight, exponent, cosine }
    }

    /// Adds the derivatives of the terms of one pair.
    #[inline(always)]
    fn add<V: Lanes>(
        &self,
        group: &Group,
        batch: &PairBatch,
        common: &PairPowers,
        (pack, lane): (usize, usize),
        blocks: &mut [Pack],
    ) {
        let pair = pack * LANES + lane;
        let starts = [batch.j[pair], batch.k[pair]].map(|slot| slot as usize * 3 * group.n_packs);
        let (weight_gradient, exponent_gradient) = (self.weight[lane].load::<V>(), self.exponent[lane].load::<V>());
        let cosine_gradient = self.cosine[lane].load::<V>();
        let (mut first, mut place) = (0, lane);
        for product in &group.products {
            for eta_row in product.etas.clone() {
                let e = V::splat(batch.exponentials[eta_row * PACKS_PER_BATCH + pack].0[lane]);
                let a = (exponent_gradient.neg_mul_add(V::splat(group.etas[eta_row]), weight_gradient) * e).to_array();
                let b = (cosine_gradient * e).to_array();
                for power_pack in 0..product.n_packs() {
                    let power = common.powers[place + power_pack * LANES].load::<V>();
                    let derivative = common.derivatives[place + power_pack * LANES].load::<V>();
                    for (side, start) in starts.into_iter().enumerate() {
                        for i in 0..3 {
                            let out = &mut blocks[start + i * group.n_packs + first + power_pack];
                            let sum = V::splat(a[4 * side + i]).mul_add(power, out.load());
                            out.store(V::splat(b[4 * side + i]).mul_add(derivative, sum));
                        }
                    }
                }
                first += product.n_packs();
            }
            place += product.n_packs() * LANES;
        }
    }
}

/// One of the two sites of eight pairs.
struct Site<V> {
    vector: [V; 3],
    inverse: V,
    /// Cutoff function times weight.
    value: V,
    /// Derivative of `value`, divided by the distance.
    derivative: V,
}

impl<V: Lanes> Site<V> {
    #[inline(always)]
    fn of(sphere: &CutoffSphere, slots: &[u32], pack: usize) -> Self {
        let mut columns = [[0.0; LANES]; 6];
        for lane in 0..LANES {
            let slot = slots[pack * LANES + lane] as usize;
            columns[0][lane] = sphere.x[slot];
            columns[1][lane] = sphere.y[slot];
            columns[2][lane] = sphere.z[slot];
            columns[3][lane] = sphere.inverse[slot];
            columns[4][lane] = sphere.value[slot];
            columns[5][lane] = sphere.derivative[slot];
        }
        let inverse = V::load(&columns[3]);
        Self {
            vector: [V::load(&columns[0]), V::load(&columns[1]), V::load(&columns[2])],
            inverse,
            value: V::load(&columns[4]),
            derivative: V::load(&columns[5]) * inverse,
        }
    }
}
