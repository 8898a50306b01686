//! The derivative of every angular function with respect to every site.

use super::pairs::{Batch, Column, Cursor, PACKS, third};
use super::plan::{Group, ShellPlan};
use super::powers::cosine;
use super::shell::Shell;
use crate::simd::{Kernel, LANES, Lanes, Pack, exp};

/// What the derivatives of the terms of a pair have in common.
#[derive(Debug)]
pub struct Common {
    /// `f_jk`, its slope divided by the distance, and `(r_jk - R_s) / r_jk`.
    third: [Column; 3],
    /// The powers of one pair and their derivatives with respect to the cosine, those of each block from a new pack.
    powers: Vec<Pack>,
    slopes: Vec<Pack>,
}

impl Common {
    pub fn new(groups: &[Group]) -> Self {
        let n_packs = |group: &Group| group.blocks.iter().map(super::plan::Block::n_packs).max().unwrap_or(0);
        let room = vec![Pack::ZERO; groups.iter().map(n_packs).max().unwrap_or(0)];
        Self { third: [Column::ZERO, Column::ZERO, Column::ZERO], powers: room.clone(), slopes: room }
    }
}

/// Adds to `blocks[slot][xyz]` the derivatives of the sums with respect to the vector of each slot; those of one block
/// and one η begin a pack.
pub struct Jacobian<'a> {
    pub group: &'a Group,
    pub plan: &'a ShellPlan,
    pub shell: &'a Shell,
    pub batch: &'a mut Batch,
    pub common: &'a mut Common,
    pub blocks: &'a mut [Pack],
}

/// The derivative of a term with respect to the vector of a site is `E (P (fading - η decay) + P' turning)`, here for
/// both sites of a pair: components of the first, one number without meaning, those of the second.
struct Sides {
    slots: [usize; 2],
    fading: [f64; LANES],
    decay: [f64; LANES],
    turning: [f64; LANES],
}

impl Kernel for Jacobian<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { group, plan, shell, batch, common, blocks } = self;
        let mut cursor = Cursor::new(group, shell, plan.r_cut);
        while cursor.fill::<V>(shell, batch) {
            batch.gather(shell, group.shift);
            for pack in 0..batch.n_packs() {
                let third = third::<V>(group, &plan.cutoff, batch.square.load(pack));
                let exponent = batch.exponent.load::<V>(pack).add(third.exponent);
                for (row, &eta) in group.etas.iter().enumerate() {
                    batch.exponentials[row * PACKS + pack].store(exp(exponent.mul(V::splat(-eta))));
                }
                group.powers.slopes(pack, cosine::<V>(&batch.cosine, pack), &mut batch.powers, &mut batch.slopes);
                common.third[0].store(pack, third.value);
                common.third[1].store(pack, third.slope);
                common.third[2].store(pack, third.shifted);
            }
            for pair in 0..batch.len {
                let sides = Sides::of(group, shell, batch, common, pair);
                let [fading, decay, turning] = [V::load(&sides.fading), V::load(&sides.decay), V::load(&sides.turning)];
                let mut first = 0;
                for block in &group.blocks {
                    let n_packs = block.n_packs();
                    for (place, &power) in block.powers.iter().enumerate() {
                        common.powers[place / LANES].0[place % LANES] = of_pair(&batch.powers, power, pair);
                        common.slopes[place / LANES].0[place % LANES] = of_pair(&batch.slopes, power, pair);
                    }
                    for eta_row in block.etas.clone() {
                        let (eta, e) = (group.etas[eta_row], V::splat(of_pair(&batch.exponentials, eta_row, pair)));
                        let a = decay.neg_mul_add(V::splat(eta), fading).mul(e).to_array();
                        let b = turning.mul(e).to_array();
                        for (place, (power, slope)) in
                            common.powers.iter().zip(&common.slopes).take(n_packs).enumerate()
                        {
                            let (power, slope) = (power.load::<V>(), slope.load::<V>());
                            for (side, slot) in sides.slots.into_iter().enumerate() {
                                let at = slot * 3 * group.n_packs + first + place;
                                for i in 0..3 {
                                    let out = &mut blocks[at + i * group.n_packs];
                                    let sum = V::splat(a[4 * side + i]).mul_add(power, out.load());
                                    out.store(V::splat(b[4 * side + i]).mul_add(slope, sum));
                                }
                            }
                        }
                        first += n_packs;
                    }
                }
            }
        }
    }
}

/// The number of one pair in a row of a batch.
#[inline(always)]
fn of_pair(rows: &[Pack], row: usize, pair: usize) -> f64 {
    rows[row * PACKS + pair / LANES].0[pair % LANES]
}

impl Sides {
    #[inline(always)]
    fn of(group: &Group, shell: &Shell, batch: &Batch, common: &Common, pair: usize) -> Self {
        let (j, k) = (batch.j[pair] as usize, batch.k[pair] as usize);
        let (r_j, r_k) = (shell.vector(j), shell.vector(k));
        let (n_j, n_k) = (shell.inverse[j], shell.inverse[k]);
        let (f_j, f_k) = (shell.value[j], shell.value[k]);
        let [f_jk, slope_jk, shifted_jk] = [0, 1, 2].map(|which: usize| common.third[which].0[pair]);
        let c = batch.cosine.0[pair].clamp(-1.0, 1.0);
        let all = 2.0 * f_j * f_k * f_jk;
        let fade_j = 2.0 * shell.slope[j] * n_j * f_k * f_jk;
        let fade_k = 2.0 * shell.slope[k] * n_k * f_j * f_jk;
        let fade_jk = 2.0 * f_j * f_k * slope_jk;
        let decay_j = 2.0 * all * (1.0 - group.shift * n_j);
        let decay_k = 2.0 * all * (1.0 - group.shift * n_k);
        let decay_jk = 2.0 * all * shifted_jk;
        let across = all * n_j * n_k;
        let (turn_j, turn_k) = (all * c * n_j * n_j, all * c * n_k * n_k);
        let zero = [0.0; LANES];
        let mut sides = Self { slots: [j, k], fading: zero, decay: zero, turning: zero };
        for i in 0..3 {
            let apart = r_k[i] - r_j[i];
            sides.fading[i] = fade_j * r_j[i] - fade_jk * apart;
            sides.fading[4 + i] = fade_k * r_k[i] + fade_jk * apart;
            sides.decay[i] = decay_j * r_j[i] - decay_jk * apart;
            sides.decay[4 + i] = decay_k * r_k[i] + decay_jk * apart;
            sides.turning[i] = across * r_k[i] - turn_j * r_j[i];
            sides.turning[4 + i] = across * r_j[i] - turn_k * r_k[i];
        }
        sides
    }
}
