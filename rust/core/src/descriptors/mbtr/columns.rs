//! Blocks of columns: which species share one, and what it is called.

use super::parameters::{Geometry, MbtrParameters};
use crate::descriptors::point_names::{decimals, spelled};

/// Which block a pair or a triple of species belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Columns {
    n_species: usize,
    degree: usize,
    local: bool,
}

impl Columns {
    /// The columns of these parameters.
    pub fn new(parameters: &MbtrParameters) -> Self {
        let MbtrParameters { geometry, local, species, .. } = parameters;
        Self { n_species: species.len(), degree: geometry.degree(), local: *local }
    }

    /// Number of unordered pairs of species.
    fn n_pairs(&self) -> usize {
        self.n_species * (self.n_species + 1) / 2
    }

    /// Number of blocks.
    pub fn n_blocks(&self) -> usize {
        let n = self.n_species;
        match (self.degree, self.local) {
            (1, _) | (2, true) => n,
            (2, false) => self.n_pairs(),
            (_, false) => n * self.n_pairs(),
            (_, true) => self.n_pairs() + n * n,
        }
    }

    /// The place of an unordered pair of species.
    pub fn of_pair(&self, a: u8, b: u8) -> usize {
        let (a, b) = (usize::from(a.min(b)), usize::from(a.max(b)));
        a * self.n_species - a * (a + 1) / 2 + b
    }

    /// The block of an angle at an atom of the species `vertex`, between two others.
    pub fn of_angle(&self, vertex: u8, a: u8, b: u8) -> usize {
        usize::from(vertex) * self.n_pairs() + self.of_pair(a, b)
    }

    /// The block of an angle at a neighbor of the center, of the species `vertex`, between the center and another.
    pub fn of_angle_beside(&self, vertex: u8, end: u8) -> usize {
        self.n_pairs() + usize::from(vertex) * self.n_species + usize::from(end)
    }

    /// The species of each block, in their order; `None` stands for the center of a local representation.
    pub fn species(&self) -> Vec<Vec<Option<usize>>> {
        let n = self.n_species;
        let pairs = || (0..n).flat_map(move |a| (a..n).map(move |b| (a, b)));
        match (self.degree, self.local) {
            (1, _) => (0..n).map(|a| vec![Some(a)]).collect(),
            (2, true) => (0..n).map(|a| vec![None, Some(a)]).collect(),
            (2, false) => pairs().map(|(a, b)| vec![Some(a), Some(b)]).collect(),
            (_, false) => (0..n).flat_map(|v| pairs().map(move |(a, b)| vec![Some(a), Some(v), Some(b)])).collect(),
            (_, true) => {
                let beside = (0..n).flat_map(|v| (0..n).map(move |b| vec![None, Some(v), Some(b)]));
                pairs().map(|(a, b)| vec![Some(a), None, Some(b)]).chain(beside).collect()
            }
        }
    }

    /// One name a column, block by block.
    pub fn names<'a>(
        &'a self,
        parameters: &'a MbtrParameters,
        symbols: &'a [String],
    ) -> impl Iterator<Item = String> + 'a {
        let grid = parameters.grid;
        let decimals = decimals(grid.step());
        let quantity = match parameters.geometry {
            Geometry::AtomicNumber => "Z",
            Geometry::Distance => "r",
            Geometry::InverseDistance => "1/r",
            Geometry::Angle => "angle",
            Geometry::Cosine => "cos",
        };
        self.species().into_iter().flat_map(move |species| {
            let of = |species: &Option<usize>| species.map_or("X", |species| symbols[species].as_str());
            let atoms = species.iter().map(of).collect::<Vec<_>>().join("-");
            (0..grid.n)
                .map(move |k| format!("{atoms} {quantity}={}", spelled(grid.min + k as f64 * grid.step(), decimals)))
        })
    }
}
