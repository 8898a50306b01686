//! Functions of angles: G4 and G5, as products of exponentials and powers.

use super::pair_lanes::PACKS_PER_BATCH;
use super::pairs::{Cursor, PairBatch, third_side};
use super::plan::{Group, OuterProduct, SpherePlan};
use super::powers::cosine;
use super::sphere::CutoffSphere;
use crate::simd::{Capacity, Kernel, LANES, Lanes, Pack, exp};
use crate::{Error, Stop};

/// Writes the sums.
pub struct AngularValues<'a> {
    pub group: &'a Group,
    pub plan: &'a SpherePlan,
    pub sphere: &'a CutoffSphere,
    pub batch: &'a mut PairBatch,
    /// One for each column of the group.
    pub sums: &'a mut [Pack],
    pub row: &'a mut [f64],
    pub stop: &'a Stop<'a>,
}

impl Kernel for AngularValues<'_> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn run<V: Lanes>(self) -> Result<(), Error> {
        let Self { group, plan, sphere, batch, sums, row, stop } = self;
        let mut cursor = Cursor::new(group, sphere, plan.r_cut);
        sums.fill(Pack::ZERO);
        while cursor.fill::<V>(sphere, batch) {
            batch.gather(sphere, group.shift);
            let n_packs = batch.n_packs();
            for pack in 0..n_packs {
                let third = third_side::<V>(group, &plan.cutoff, batch.square.load(pack));
                let weight = batch.weight.load::<V>(pack) * third.cutoff;
                let exponent = batch.exponent.load::<V>(pack) + third.exponent;
                for (row, &eta) in group.etas.iter().enumerate() {
                    let decay = exp(exponent * V::splat(-eta));
                    batch.exponentials[row * PACKS_PER_BATCH + pack].store(weight * decay);
                }
                group.powers.values(pack, cosine::<V>(&batch.cosine, pack), &mut batch.powers);
            }
            for product in &group.products {
                products::<V>(product, n_packs, &batch.exponentials, &batch.powers, sums);
            }
            batch.done(stop)?;
        }
        put::<V>(sums, &group.columns, row);
        Ok(())
    }
}

/// Writes the sums and their derivatives along displacements.
pub struct AngularTangent<'a> {
    pub group: &'a Group,
    pub plan: &'a SpherePlan,
    pub sphere: &'a CutoffSphere,
    pub batch: &'a mut PairBatch,
    /// One for each column of the group.
    pub sums: &'a mut [Pack],
    pub sum_tangents: &'a mut [Pack],
    /// Displacements of the slots.
    pub displacements: &'a [[f64; 3]],
    pub row: &'a mut [f64],
    pub row_tangent: &'a mut [f64],
    /// Buffer for the tangents of the exponentials.
    pub exponential_tangents: &'a mut [Pack],
    pub stop: &'a Stop<'a>,
}

impl Kernel for AngularTangent<'_> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn run<V: Lanes>(self) -> Result<(), Error> {
        let Self {
            group,
            plan,
            sphere,
            batch,
            sums,
            sum_tangents,
            displacements,
            row,
            row_tangent,
            exponential_tangents,
            stop,
        } = self;
        let mut cursor = Cursor::new(group, sphere, plan.r_cut);
        sums.fill(Pack::ZERO);
        sum_tangents.fill(Pack::ZERO);
        while cursor.fill::<V>(sphere, batch) {
            batch.gather(sphere, group.shift);
            let n_packs = batch.n_packs();
            for pack in 0..n_packs {
                let pair = PairTangents::of(group, sphere, batch, displacements, pack);
                let third = third_side::<V>(group, &plan.cutoff, batch.square.load(pack));
                let weight = batch.weight.load::<V>(pack);
                let exponent = batch.exponent.load::<V>(pack) + third.exponent;
                let apart = V::load(&pair.apart);
                // Tangents of the cutoff functions and of the exponent.
                let weight_tangent =
                    (apart * third.cutoff_derivative).mul_add(weight, V::load(&pair.weight) * third.cutoff);
                let weight = weight * third.cutoff;
                let exponent_tangent = (apart * third.shifted + V::load(&pair.exponent)) * V::splat(2.0);
                for (row, &eta) in group.etas.iter().enumerate() {
                    let decay = exp(exponent * V::splat(-eta));
                    let tangent = (exponent_tangent * V::splat(eta)).neg_mul_add(weight, weight_tangent);
                    batch.exponentials[row * PACKS_PER_BATCH + pack].store(weight * decay);
                    exponential_tangents[row * PACKS_PER_BATCH + pack].store(tangent * decay);
                }
                group.powers.derivatives(
                    pack,
                    cosine::<V>(&batch.cosine, pack),
                    &mut batch.powers,
                    &mut batch.derivatives,
                );
                let cosine_term = V::load(&pair.cosine);
                for power in 0..group.powers.len() {
                    let derivative = &mut batch.derivatives[power * PACKS_PER_BATCH + pack];
                    derivative.store(derivative.load::<V>() * cosine_term);
                }
            }
            for product in &group.products {
                products::<V>(product, n_packs, &batch.exponentials, &batch.powers, sums);
                products::<V>(product, n_packs, &batch.exponentials, &batch.derivatives, sum_tangents);
                products::<V>(product, n_packs, exponential_tangents, &batch.powers, sum_tangents);
            }
            batch.done(stop)?;
        }
        put::<V>(sums, &group.columns, row);
        put::<V>(sum_tangents, &group.columns, row_tangent);
        Ok(())
    }
}

/// Derivatives along displacements of what belongs to eight pairs.
struct PairTangents {
    /// Tangent of the cosine of the angle.
    cosine: [f64; LANES],
    /// Tangent of `2 w_j w_k f_j f_k`, the weight of the batch.
    weight: [f64; LANES],
    /// Half the tangent of the exponent.
    exponent: [f64; LANES],
    /// Half the tangent of `r_jk²`.
    apart: [f64; LANES],
}

impl PairTangents {
    #[inline(always)]
    fn of(group: &Group, sphere: &CutoffSphere, batch: &PairBatch, displacements: &[[f64; 3]], pack: usize) -> Self {
        let zero = [0.0; LANES];
        let mut tangents = Self { cosine: zero, weight: zero, exponent: zero, apart: zero };
        for lane in 0..LANES.min(batch.len - pack * LANES) {
            let pair = pack * LANES + lane;
            let (j, k) = (batch.j[pair] as usize, batch.k[pair] as usize);
            let (r_j, r_k, v_j, v_k) = (sphere.vector(j), sphere.vector(k), displacements[j], displacements[k]);
            let (n_j, n_k) = (sphere.inverse[j], sphere.inverse[k]);
            // Tangents of the two distances.
            let (a, b) = (dot(r_j, v_j) * n_j, dot(r_k, v_k) * n_k);
            let c = batch.cosine.0[pair].clamp(-1.0, 1.0);
            tangents.cosine[lane] = (dot(r_j, v_k) + dot(r_k, v_j)) * n_j * n_k - c * (a * n_j + b * n_k);
            tangents.weight[lane] =
                2.0 * (sphere.derivative[j] * a * sphere.value[k] + sphere.value[j] * b * sphere.derivative[k]);
            tangents.exponent[lane] = (sphere.r[j] - group.shift) * a + (sphere.r[k] - group.shift) * b;
            let apart = [r_k[0] - r_j[0], r_k[1] - r_j[1], r_k[2] - r_j[2]];
            tangents.apart[lane] = dot(apart, [v_k[0] - v_j[0], v_k[1] - v_j[1], v_k[2] - v_j[2]]);
        }
        tangents
    }
}

#[inline(always)]
fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// Adds to each lane of `sums[eta][power]` the product of exponential and power.
#[inline(always)]
fn products<V: Lanes>(
    product: &OuterProduct,
    n_packs: usize,
    exponentials: &[Pack],
    powers: &[Pack],
    sums: &mut [Pack],
) {
    let width = product.powers.len();
    let n_etas = product.etas.len();
    let mut eta = 0;
    while eta < n_etas {
        let rows = if n_etas - eta >= 3 && V::CAPACITY == Capacity::Values32 { 3 } else { (n_etas - eta).min(2) };
        let mut power = 0;
        while power < width {
            let columns = match width - power {
                4.. if V::CAPACITY == Capacity::Values32 => 4,
                2.. => 2,
                _ => 1,
            };
            let tile = Tile {
                exponentials: &exponentials[(product.etas.start + eta) * PACKS_PER_BATCH..],
                powers,
                which: &product.powers[power..],
                n_packs,
                sums: &mut sums[product.start + eta * width + power..],
                stride: width,
            };
            match (rows, columns) {
                (3, 4) => tile.add::<V, 3, 4>(),
                (3, 2) => tile.add::<V, 3, 2>(),
                (3, _) => tile.add::<V, 3, 1>(),
                (2, 4) => tile.add::<V, 2, 4>(),
                (2, 2) => tile.add::<V, 2, 2>(),
                (2, _) => tile.add::<V, 2, 1>(),
                (_, 4) => tile.add::<V, 1, 4>(),
                (_, 2) => tile.add::<V, 1, 2>(),
                _ => tile.add::<V, 1, 1>(),
            }
            power += columns;
        }
        eta += rows;
    }
}

/// A few exponentials times a few powers, whose sums stay in registers.
struct Tile<'a> {
    exponentials: &'a [Pack],
    powers: &'a [Pack],
    which: &'a [usize],
    n_packs: usize,
    sums: &'a mut [Pack],
    stride: usize,
}

impl Tile<'_> {
    #[inline(always)]
    fn add<V: Lanes, const ROWS: usize, const COLUMNS: usize>(self) {
        let mut sums = [[V::zero(); COLUMNS]; ROWS];
        let mut left: [&[Pack]; ROWS] = [&[]; ROWS];
        let mut right: [&[Pack]; COLUMNS] = [&[]; COLUMNS];
        for row in 0..ROWS {
            left[row] = &self.exponentials[row * PACKS_PER_BATCH..][..self.n_packs];
        }
        for column in 0..COLUMNS {
            right[column] = &self.powers[self.which[column] * PACKS_PER_BATCH..][..self.n_packs];
        }
        for pack in 0..self.n_packs {
            let mut power = [V::zero(); COLUMNS];
            for column in 0..COLUMNS {
                power[column] = right[column][pack].load();
            }
            for row in 0..ROWS {
                let decay = left[row][pack].load::<V>();
                for column in 0..COLUMNS {
                    sums[row][column] = decay.mul_add(power[column], sums[row][column]);
                }
            }
        }
        for row in 0..ROWS {
            for column in 0..COLUMNS {
                let place = &mut self.sums[row * self.stride + column];
                place.store(place.load::<V>() + sums[row][column]);
            }
        }
    }
}

/// Sums over lanes, written to their columns.
#[inline(always)]
fn put<V: Lanes>(sums: &[Pack], columns: &[u32], row: &mut [f64]) {
    for (sums, columns) in sums.chunks(LANES).zip(columns.chunks(LANES)) {
        let mut lanes = [V::zero(); LANES];
        for (lanes, sum) in lanes.iter_mut().zip(sums) {
            *lanes = sum.load();
        }
        let [a, b, c, d, e, f, g, h] = V::transpose(lanes);
        let totals = (a + e + (c + g) + (b + f + (d + h))).to_array();
        for (&column, total) in columns.iter().zip(totals) {
            row[column as usize] = total;
        }
    }
}
