//! Plan of the sums that the columns need, sorted so that what functions share is computed once.

use std::ops::Range;

use super::function::{Kind, Radial};
use super::parameters::AcsfParameters;
use super::powers::Powers;
use crate::math::cutoff::NamedCutoff;
use crate::simd::{LANES, Pack};

/// No column.
pub const NO_COLUMN: u32 = u32::MAX;

/// The sites within one cutoff, each channel in a segment of its own or all in one, with their weights.
#[derive(Debug, Clone)]
pub struct SpherePlan {
    pub r_cut: f64,
    pub cutoff: NamedCutoff,
    /// All channels in one segment.
    pub merged: bool,
    /// Whether angles to the sites of a segment matter.
    pub angular: Vec<bool>,
    pub radial: Vec<RadialPlan>,
}

/// A function of distance, and its column for each segment.
#[derive(Debug, Clone)]
pub struct RadialPlan {
    pub shape: Radial,
    pub columns: Vec<u32>,
}

/// Functions of angles that sum over the same pairs of sites; each is an exponential with some η times a power with
/// some ζ and λ.
#[derive(Debug, Clone)]
pub struct Group {
    /// Place of the sphere in the plan.
    pub sphere: usize,
    /// The segments that the two sites come from.
    pub segments: (usize, usize),
    /// Whether the third side of the triangle does not matter (G5).
    pub wide: bool,
    /// `R_s` in Å.
    pub shift: f64,
    /// η of each row of exponentials.
    pub etas: Vec<f64>,
    /// Rows of powers, one for each (ζ, λ).
    pub powers: Powers,
    /// The rectangles of rows that become columns.
    pub products: Vec<OuterProduct>,
    /// Columns of all products, one after the other, each `[η][power]`.
    pub columns: Vec<u32>,
    /// Packs of all products where the powers of each η begin a pack.
    pub n_packs: usize,
}

/// A rectangle of columns: every one of a few η with every one of a few powers.
#[derive(Debug, Clone)]
pub struct OuterProduct {
    /// Rows of exponentials.
    pub etas: Range<usize>,
    /// Rows of powers.
    pub powers: Vec<usize>,
    /// Place of the first column among those of the group.
    pub start: usize,
}

/// The sums of a fingerprint.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    pub spheres: Vec<SpherePlan>,
    pub groups: Vec<Group>,
}

impl Plan {
    /// Sorts the functions.
    pub fn new(parameters: &AcsfParameters) -> Self {
        let mut plan = Self::default();
        let mut listed: Vec<Listed> = Vec::new();
        for (column, function) in (0..).zip(&parameters.functions) {
            match function.kind {
                Kind::Radial(shape, of) => {
                    let sphere = plan.sphere(parameters, function.r_cut, of.is_none());
                    plan.spheres[sphere].add(shape, of.map_or(0, usize::from), column);
                }
                Kind::Angular(shape, of) => {
                    let sphere = plan.sphere(parameters, function.r_cut, of.is_none());
                    let (a, b) = of.unwrap_or((0, 0));
                    let segments = (usize::from(a.min(b)), usize::from(a.max(b)));
                    for segment in [segments.0, segments.1] {
                        plan.spheres[sphere].angular[segment] = true;
                    }
                    let key = (sphere, segments, shape.wide, shape.shift.to_bits());
                    let place = listed.iter().position(|list| list.key == key);
                    let place = place.unwrap_or_else(|| {
                        listed.push(Listed { key, functions: Vec::new() });
                        listed.len() - 1
                    });
                    listed[place].functions.push((shape.eta, shape.zeta, shape.lambda, column));
                }
            }
        }
        plan.groups = listed.into_iter().map(Listed::group).collect();
        plan
    }

    /// The sphere of a cutoff.
    fn sphere(&mut self, parameters: &AcsfParameters, r_cut: f64, merged: bool) -> usize {
        let same = |sphere: &SpherePlan| sphere.r_cut == r_cut && sphere.merged == merged;
        if let Some(place) = self.spheres.iter().position(same) {
            return place;
        }
        let n_segments = if merged { 1 } else { parameters.species.len() };
        self.spheres.push(SpherePlan {
            r_cut,
            cutoff: NamedCutoff::new(parameters.cutoff_function, parameters.alpha, r_cut),
            merged,
            angular: vec![false; n_segments],
            radial: Vec::new(),
        });
        self.spheres.len() - 1
    }
}

impl SpherePlan {
    /// Adds a column of a function of distance.
    fn add(&mut self, shape: Radial, segment: usize, column: u32) {
        let free = |known: &&mut RadialPlan| known.shape == shape && known.columns[segment] == NO_COLUMN;
        if let Some(known) = self.radial.iter_mut().find(free) {
            known.columns[segment] = column;
            return;
        }
        let mut columns = vec![NO_COLUMN; self.angular.len()];
        columns[segment] = column;
        self.radial.push(RadialPlan { shape, columns });
    }
}

/// Functions of the same pairs of sites, as they come.
struct Listed {
    key: (usize, (usize, usize), bool, u64),
    /// η, ζ, λ, column
    functions: Vec<(f64, f64, f64, u32)>,
}

impl Listed {
    /// Puts the η with the same powers together: no product is computed that is no column.
    fn group(self) -> Group {
        let (sphere, segments, wide, shift) = self.key;
        let mut powers = Powers::default();
        // Of each η, row and column of its powers.
        let mut sets: Vec<(f64, Vec<(usize, u32)>)> = Vec::new();
        for (eta, zeta, lambda, column) in self.functions {
            let row = powers.row(zeta, lambda);
            // A function that is listed twice begins a second set.
            let free = |(known, set): &&mut (f64, Vec<(usize, u32)>)| {
                *known == eta && set.iter().all(|&(listed, _)| listed != row)
            };
            match sets.iter_mut().find(free) {
                Some((_, set)) => set.push((row, column)),
                None => sets.push((eta, vec![(row, column)])),
            }
        }
        sets.iter_mut().for_each(|(_, set)| set.sort_unstable());
        let rows = |set: &[(usize, u32)]| set.iter().map(|&(row, _)| row).collect::<Vec<_>>();
        let (mut etas, mut products, mut columns): (Vec<f64>, Vec<OuterProduct>, Vec<u32>) = Default::default();
        while let Some((_, first)) = sets.first() {
            let product_powers = rows(first);
            let (same, others): (Vec<_>, Vec<_>) = sets.into_iter().partition(|(_, set)| rows(set) == product_powers);
            sets = others;
            let start = columns.len();
            let first = etas.len();
            for (eta, set) in same {
                etas.push(eta);
                columns.extend(set.iter().map(|&(_, column)| column));
            }
            products.push(OuterProduct { etas: first..etas.len(), powers: product_powers, start });
        }
        let n_packs = products.iter().map(|product| product.etas.len() * product.n_packs()).sum();
        Group { sphere, segments, wide, shift: f64::from_bits(shift), etas, powers, products, columns, n_packs }
    }
}

impl Group {
    /// Adds numbers that begin a pack for each product and η to their columns.
    pub fn add_to(&self, packs: &[Pack], row: &mut [f64]) {
        let mut packs = packs;
        for product in &self.products {
            let width = product.powers.len();
            for columns in self.columns[product.start..][..product.etas.len() * width].chunks_exact(width) {
                let (own, rest) = packs.split_at(product.n_packs());
                for (columns, pack) in columns.chunks(LANES).zip(own) {
                    for (&column, number) in columns.iter().zip(pack.0) {
                        row[column as usize] += number;
                    }
                }
                packs = rest;
            }
        }
    }
}

impl OuterProduct {
    /// Packs that hold the powers.
    pub fn n_packs(&self) -> usize {
        Pack::holding(self.powers.len())
    }
}
