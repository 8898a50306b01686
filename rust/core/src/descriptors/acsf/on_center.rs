//! Angles at a center on which an atom lies.
//!
//! As an atom comes to lie on the center, a function of its angles tends to another limit from each direction. The mean
//! of these limits over all directions is the one value that no rotation changes, and it is taken. There is no
//! derivative.

use super::pairs::third_side;
use super::plan::{Group, SpherePlan};
use super::sphere::CutoffSphere;
use crate::simd::{Kernel, Lanes};

/// A site in no direction, and what it counts for.
#[derive(Debug, Clone, Copy)]
pub struct OnCenter {
    pub sphere: usize,
    pub slot: usize,
    pub value: f64,
}

/// Adds the terms of all pairs with a site on the center to their columns.
pub struct OnCenterValues<'a> {
    pub group: &'a Group,
    pub plan: &'a SpherePlan,
    pub sphere: &'a CutoffSphere,
    pub on_center: &'a [OnCenter],
    pub row: &'a mut [f64],
}

impl Kernel for OnCenterValues<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { group, plan, sphere, on_center, row } = self;
        let (a, b) = group.segments;
        let here = |slot: usize| on_center.iter().any(|site| site.sphere == group.sphere && site.slot == slot);
        for j in sphere.segments[a].clone() {
            let others = if a == b { j + 1..sphere.segments[b].end } else { sphere.segments[b].clone() };
            for k in others.filter(|&k| here(j) || here(k)) {
                let (r_j, r_k) = (sphere.vector(j), sphere.vector(k));
                let square = (0..3).map(|i| (r_k[i] - r_j[i]) * (r_k[i] - r_j[i])).sum::<f64>();
                if group.wide || square < plan.r_cut * plan.r_cut {
                    let third = third_side::<V>(group, &plan.cutoff, V::splat(square));
                    let [value, exponent] = [third.cutoff, third.exponent].map(|lanes| lanes.to_array()[0]);
                    let weight = 2.0 * sphere.value[j] * sphere.value[k] * value;
                    let (offset_j, offset_k) = (sphere.r[j] - group.shift, sphere.r[k] - group.shift);
                    add(group, weight, offset_j * offset_j + offset_k * offset_k + exponent, row);
                }
            }
        }
    }
}

/// Adds the terms of one pair, whose exponentials are of `exponent` and whose powers are means.
fn add(group: &Group, weight: f64, exponent: f64, row: &mut [f64]) {
    for product in &group.products {
        let width = product.powers.len();
        let columns = group.columns[product.start..].chunks_exact(width);
        for (eta, columns) in group.etas[product.etas.clone()].iter().zip(columns) {
            let decay = weight * libm::exp(-eta * exponent);
            for (&power, &column) in product.powers.iter().zip(columns) {
                row[column as usize] += decay * group.powers.mean(power);
            }
        }
    }
}
