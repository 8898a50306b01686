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

/// The derivative of a term with respect to one vector is `E (P (fading - η decay) + P' turning)`.
struct Side {
    slot: usize,
    fading: [f64; 3],
    decay: [f64; 3],
    turning: [f64; 3],
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
                let sides = sides(group, shell, batch, common, pair);
                let mut first = 0;
                for block in &group.blocks {
                    let n_packs = block.n_packs();
                    let (powers, slopes) = (&mut common.powers[..n_packs], &mut common.slopes[..n_packs]);
                    for (place, &power) in block.powers.iter().enumerate() {
                        powers[place / LANES].0[place % LANES] = of_pair(&batch.powers, power, pair);
                        slopes[place / LANES].0[place % LANES] = of_pair(&batch.slopes, power, pair);
                    }
                    for eta_row in block.etas.clone() {
                        let (eta, e) = (group.etas[eta_row], of_pair(&batch.exponentials, eta_row, pair));
                        for side in &sides {
                            for i in 0..3 {
                                let a = V::splat(e * (side.fading[i] - eta * side.decay[i]));
                                let b = V::splat(e * side.turning[i]);
                                let at = (side.slot * 3 + i) * group.n_packs + first;
                                for (place, out) in blocks[at..at + n_packs].iter_mut().enumerate() {
                                    let sum = a.mul_add(powers[place].load(), out.load());
                                    out.store(b.mul_add(slopes[place].load(), sum));
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

/// Both sites of a pair.
#[inline(always)]
fn sides(group: &Group, shell: &Shell, batch: &Batch, common: &Common, pair: usize) -> [Side; 2] {
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
    let zero = [0.0; 3];
    let mut sides = [
        Side { slot: j, fading: zero, decay: zero, turning: zero },
        Side { slot: k, fading: zero, decay: zero, turning: zero },
    ];
    for i in 0..3 {
        let apart = r_k[i] - r_j[i];
        sides[0].fading[i] = fade_j * r_j[i] - fade_jk * apart;
        sides[1].fading[i] = fade_k * r_k[i] + fade_jk * apart;
        sides[0].decay[i] = decay_j * r_j[i] - decay_jk * apart;
        sides[1].decay[i] = decay_k * r_k[i] + decay_jk * apart;
        sides[0].turning[i] = across * r_k[i] - turn_j * r_j[i];
        sides[1].turning[i] = across * r_j[i] - turn_k * r_k[i];
    }
    sides
}
