//! What rows are divided by: the second stage, and its derivatives.

use std::f64::consts::PI;

use super::columns::Columns;
use super::parameters::{MbtrParameters, Normalization};
use crate::simd::{dot, scaled};

/// From sums over atoms to rows. Behind the sums stand, where they are needed, numbers of atoms of each species.
#[derive(Debug, Clone)]
pub struct Normalizer {
    normalization: Normalization,
    n_points: usize,
    n_species: usize,
    /// The species of each block.
    blocks: Vec<Vec<usize>>,
}

impl Normalizer {
    /// The normalization of these parameters.
    pub fn new(parameters: &MbtrParameters, columns: &Columns) -> Self {
        let species = columns.species().into_iter();
        Self {
            normalization: parameters.normalization,
            n_points: parameters.grid.n,
            n_species: parameters.species.len(),
            blocks: species.map(|species| species.into_iter().flatten().collect()).collect(),
        }
    }

    /// Whether rows are the sums.
    pub fn is_identity(&self) -> bool {
        self.normalization == Normalization::None
    }

    /// Whether sums are multiplied with the volume of the cell.
    pub fn sees_volume(&self) -> bool {
        self.normalization == Normalization::ValleOganov
    }

    /// Numbers of atoms that stand behind the sums.
    pub fn n_counts(&self) -> usize {
        match self.normalization {
            Normalization::None | Normalization::L2 => 0,
            Normalization::NAtoms | Normalization::ValleOganov => self.n_species,
        }
    }

    /// The sums, without the numbers of atoms behind them.
    pub fn sums<'a>(&self, coefficients: &'a [f64]) -> &'a [f64] {
        &coefficients[..self.blocks.len() * self.n_points]
    }

    /// What the sums of a block are multiplied with, where there are so many atoms of each species; zero for none.
    fn factor(&self, block: usize, counts: &[f64]) -> f64 {
        let inverse = |product: f64| if product > 0.0 { 1.0 / product } else { 0.0 };
        match self.normalization {
            Normalization::None | Normalization::L2 => 1.0,
            Normalization::NAtoms => inverse(counts.iter().sum()),
            Normalization::ValleOganov => {
                let product: f64 = self.blocks[block].iter().map(|&species| counts[species]).product();
                match self.blocks[block][..] {
                    // A pair of one species is there once, and not once from each of its ends.
                    [a, b] => inverse(if a == b { 0.5 } else { 1.0 } * product * 4.0 * PI),
                    _ => inverse(product),
                }
            }
        }
    }

    /// `to = factors · from`, block by block.
    fn multiply(&self, coefficients: &[f64], from: &[f64], to: &mut [f64]) {
        let (sums, counts) = coefficients.split_at(self.blocks.len() * self.n_points);
        match self.normalization {
            Normalization::None | Normalization::L2 => to.copy_from_slice(&from[..sums.len()]),
            Normalization::NAtoms | Normalization::ValleOganov => {
                let blocks = from.chunks_exact(self.n_points).zip(to.chunks_exact_mut(self.n_points)).enumerate();
                blocks.for_each(|(block, (from, to))| scaled(self.factor(block, counts), from, to));
            }
        }
    }

    /// Writes the row of these coefficients.
    pub fn row(&self, coefficients: &[f64], row: &mut [f64]) {
        if self.normalization == Normalization::L2 {
            let sums = self.sums(coefficients);
            return scaled(inverse_length(sums), sums, row);
        }
        self.multiply(coefficients, coefficients, row);
    }

    /// Writes the derivative of the row along `tangent`, or what an adjoint of the row makes of the sums: the derivative is
    /// symmetric, and nothing changes the numbers of atoms.
    pub fn derivative(&self, coefficients: &[f64], tangent: &[f64], row: &mut [f64]) {
        self.multiply(coefficients, tangent, row);
        if self.normalization == Normalization::L2 {
            let sums = self.sums(coefficients);
            let inverse = inverse_length(sums);
            let along = dot(sums, row) * inverse * inverse;
            row.iter_mut().zip(sums).for_each(|(x, sum)| *x = inverse * (*x - along * sum));
        }
    }
}

/// One over the length of a row; zero for one without a length.
fn inverse_length(row: &[f64]) -> f64 {
    let square = dot(row, row);
    if square > 0.0 { 1.0 / square.sqrt() } else { 0.0 }
}
