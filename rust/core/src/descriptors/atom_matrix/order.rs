//! The order in which a row lists the atoms.

use std::f64::consts::TAU;

use super::PURPOSE;
use super::parameters::{AtomMatrixParameters, Permutation, Ties};
use crate::descriptors::pair_matrix::Degenerate;
use crate::error::Refusal;
use crate::math::eigen::Matrix;
use crate::{Stop, memory, simd};

/// Rows whose lengths differ by less, in parts of these, are equally long but for rounding, and keep their order.
const EQUAL: f64 = 1e-12;

/// Atoms in the order of a row, and buffers.
#[derive(Debug, Clone, Default)]
pub struct Order {
    atoms: Vec<usize>,
    lengths: Vec<f64>,
}

impl Order {
    /// The atoms, the first of the row first.
    pub fn atoms(&self) -> &[usize] {
        &self.atoms
    }

    /// Orders the atoms of a matrix; `derivatives` says whether these are wanted, which an equal length may rule out.
    ///
    /// # Errors
    /// [`Refusal::Tied`], [`Refusal::Unfinished`].
    pub fn find(
        &mut self,
        matrix: &Matrix,
        parameters: &AtomMatrixParameters,
        derivatives: bool,
        stop: &Stop<'_>,
    ) -> Result<(), Refusal> {
        let n_atoms = matrix.n_rows();
        let Self { atoms, lengths } = self;
        atoms.clear();
        memory::reserve(PURPOSE, atoms, n_atoms)?;
        atoms.extend(0..n_atoms);
        if matches!(parameters.permutation, Permutation::None | Permutation::Eigenspectrum) {
            return Ok(());
        }
        lengths.clear();
        memory::reserve(PURPOSE, lengths, n_atoms)?;
        for i in 0..n_atoms {
            stop.check_after(n_atoms)?;
            let row = &matrix.row(i)[..n_atoms];
            lengths.push(match parameters.ties {
                Ties::Joined => simd::dot(row, row),
                Ties::Rounded => summed_in_pairs(row, i, n_atoms),
            });
        }
        for length in lengths.iter_mut() {
            *length = length.sqrt();
        }
        if parameters.permutation == Permutation::Random {
            let sigma = parameters.sigma.unwrap_or(0.0);
            let mut noise = Noise(parameters.seed.unwrap_or(0) as u64);
            lengths.iter_mut().for_each(|length| *length += sigma * noise.next());
        }
        // Unlike a stable sort, this asks for no memory.
        atoms.sort_unstable_by(|&i, &j| lengths[j].total_cmp(&lengths[i]).then(i.cmp(&j)));
        if parameters.ties == Ties::Rounded {
            return Ok(());
        }
        let mut start = 0;
        for end in 1..=n_atoms {
            let equal = |i: usize, j: usize| (lengths[i] - lengths[j]).abs() <= EQUAL * lengths[i].abs();
            if end < n_atoms && equal(atoms[end - 1], atoms[end]) {
                continue;
            }
            let group = &mut atoms[start..end];
            if group.len() > 1 {
                group.sort_unstable();
                if derivatives && parameters.degenerate == Degenerate::Error {
                    return Err(Refusal::Tied { first: group[0], second: group[1] });
                }
            }
            start = end;
        }
        Ok(())
    }
}

/// The sum of the squares of a row, rounded as where rows are taken two at a time: of these, four terms are joined before
/// they are added; the last of an odd number of rows is summed term by term.
fn summed_in_pairs(row: &[f64], place: usize, n_rows: usize) -> f64 {
    let square = |x: &f64| x * x;
    let Some((first, rest)) = row.split_first() else { return 0.0 };
    let alone = place + 1 == n_rows && n_rows % 2 == 1;
    let (fours, rest) = rest.split_at(if alone { 0 } else { rest.len() / 4 * 4 });
    let mut sum = square(first);
    for four in fours.chunks_exact(4) {
        sum += (square(&four[0]) + square(&four[1])) + (square(&four[2]) + square(&four[3]));
    }
    rest.iter().fold(sum, |sum, x| sum + square(x))
}

/// Normal deviates, the same for every frame: a row is a function of its frame then.
struct Noise(u64);

impl Noise {
    /// A uniform deviate above 0 and up to 1 (G. L. Steele, D. Lea, C. H. Flood, OOPSLA 2014, `SplitMix64`).
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((mixed ^ (mixed >> 31)) >> 11) as f64 + 1.0) * f64::EPSILON * 0.5
    }

    /// A normal deviate (G. E. P. Box, M. E. Muller, Ann. Math. Stat. 29, 610, 1958).
    fn next(&mut self) -> f64 {
        let (radius, angle) = (self.uniform(), self.uniform());
        (-2.0 * radius.ln()).sqrt() * (TAU * angle).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_are_joined_four_at_a_time() {
        let (tiny, row) = (f64::EPSILON / 4.0, |rest: &[f64]| [&[1.0], rest].concat());
        // Four of these together reach the last digit of one, each alone does not.
        let row = row(&[tiny.sqrt(); 4]);
        assert_eq!(summed_in_pairs(&row, 0, 5), 1.0 + f64::EPSILON);
        assert_eq!(summed_in_pairs(&row, 4, 5), 1.0);
        assert_eq!(summed_in_pairs(&row, 4, 6), 1.0 + f64::EPSILON);
        assert_eq!(summed_in_pairs(&[], 0, 0), 0.0);
    }

    #[test]
    fn noise_is_normal() {
        let mut noise = Noise(7);
        let drawn: Vec<f64> = (0..20_000).map(|_| noise.next()).collect();
        let mean = |power: i32| drawn.iter().map(|x| x.powi(power)).sum::<f64>() / drawn.len() as f64;
        assert!(mean(1).abs() < 0.03 && (mean(2) - 1.0).abs() < 0.05 && (mean(4) - 3.0).abs() < 0.3);
        assert_eq!(Noise(7).next(), drawn[0]);
        assert_ne!(Noise(8).next(), drawn[0]);
    }
}
