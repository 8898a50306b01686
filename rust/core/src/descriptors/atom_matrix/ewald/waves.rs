//! The part of the sum that is taken over waves.

use std::f64::consts::{PI, TAU};

use super::points::{self, Point};
use super::{PURPOSE, Width};
use crate::descriptors::Lattice;
use crate::error::Refusal;
use crate::math::eigen::{Matrix, multiply};
use crate::{Error, Stop, memory, simd};

/// Waves of one frame: each has two rows, cosines and sines of all atoms, times charges and the root of its strength.
///
/// The sum over all waves of `strength · cos(G · (x_i - x_j))` is a product of two matrices then.
#[derive(Debug, Clone, Default)]
pub struct Waves {
    points: Vec<Point>,
    rows: Matrix,
    transposed: Matrix,
    turned: Matrix,
    /// Cosine and sine of whole multiples of a phase, `[multiple][atom]`, for each axis.
    multiples: [Vec<[f64; 2]>; 3],
}

impl Waves {
    /// Prepares all waves shorter than `cutoff` for atoms with these coordinates and charges.
    ///
    /// # Errors
    /// [`Refusal::TooManyTerms`], [`Refusal::Unfinished`].
    pub fn prepare(
        &mut self,
        lattice: &Lattice,
        width: &Width,
        cutoff: f64,
        (fractions, charges): (&[[f64; 3]], &[f64]),
        stop: &Stop<'_>,
    ) -> Result<(), Refusal> {
        let reciprocal = Lattice {
            basis: lattice.reciprocal.map(|row| row.map(|x| TAU * x)),
            reciprocal: lattice.basis.map(|row| row.map(|x| x / TAU)),
        };
        self.points = points::within(&reciprocal, cutoff, stop)?;
        // Of each wave and its opposite one will do.
        self.points.retain(|wave| wave.multiples > [0; 3]);
        self.tabulate(fractions, stop)?;
        let n_atoms = charges.len();
        self.rows.reset(2 * self.points.len(), n_atoms)?;
        for (k, wave) in self.points.iter().enumerate() {
            check_now_and_then(k, n_atoms, stop)?;
            let square = wave.length * wave.length;
            let strength = 8.0 * PI / width.volume * (-square / (4.0 * width.a * width.a)).exp() / square;
            let amplitude = strength.sqrt();
            let tables = [0, 1, 2].map(|axis| {
                let start = wave.multiples[axis].unsigned_abs() as usize * n_atoms;
                (&self.multiples[axis][start..start + n_atoms], f64::from(wave.multiples[axis].signum()))
            });
            for (atom, charge) in charges.iter().enumerate() {
                let mut wave = [amplitude * charge, 0.0];
                for (table, sign) in tables {
                    let ([c, s], [x, y]) = (table[atom], wave);
                    let s = sign * s;
                    wave = [x * c - y * s, x * s + y * c];
                }
                self.rows.row_mut(2 * k)[atom] = wave[0];
                self.rows.row_mut(2 * k + 1)[atom] = wave[1];
            }
        }
        Ok(())
    }

    /// Phases of all atoms along each axis, as often as any wave has them.
    fn tabulate(&mut self, fractions: &[[f64; 3]], stop: &Stop<'_>) -> Result<(), Error> {
        for (axis, table) in self.multiples.iter_mut().enumerate() {
            let most = self.points.iter().map(|wave| wave.multiples[axis].unsigned_abs()).max().unwrap_or(0);
            table.clear();
            memory::reserve(PURPOSE, table, (most as usize + 1) * fractions.len())?;
            for multiple in 0..=most {
                stop.check_after(30 * fractions.len())?;
                table.extend(fractions.iter().map(|fraction| {
                    // Whole turns are taken off first, which is exact.
                    let turns = f64::from(multiple) * fraction[axis];
                    let (sine, cosine) = (TAU * (turns - turns.round())).sin_cos();
                    [cosine, sine]
                }));
            }
        }
        Ok(())
    }

    /// The sum over waves for all pairs of atoms.
    ///
    /// # Errors
    /// [`Error::Memory`], [`Error::Interrupted`].
    pub fn values(&mut self, values: &mut Matrix, stop: &Stop<'_>) -> Result<(), Error> {
        self.transposed.transpose_of(&self.rows)?;
        multiply(&self.transposed, &self.rows, values, stop)
    }

    /// Its gradient along one axis.
    ///
    /// # Errors
    /// [`Error::Memory`], [`Error::Interrupted`].
    pub fn gradient(&mut self, axis: usize, gradient: &mut Matrix, stop: &Stop<'_>) -> Result<(), Error> {
        self.turned.copy_from(&self.rows)?;
        for (k, wave) in self.points.iter().enumerate() {
            check_now_and_then(k, self.rows.n_columns(), stop)?;
            for (to, from, factor) in [(2 * k, 2 * k + 1, -wave.vector[axis]), (2 * k + 1, 2 * k, wave.vector[axis])] {
                let (row, from) = (self.turned.row_mut(to), self.rows.row(from));
                row.iter_mut().zip(from).for_each(|(out, x)| *out = factor * x);
            }
        }
        self.transposed.transpose_of(&self.turned)?;
        multiply(&self.transposed, &self.rows, gradient, stop)
    }

    /// The derivative by a strain of the sum over waves, times `weights`.
    ///
    /// # Errors
    /// [`Error::Memory`], [`Error::Interrupted`].
    pub fn strain(&mut self, width: &Width, weights: &Matrix, stop: &Stop<'_>) -> Result<[[f64; 3]; 3], Error> {
        let mut strain = [[0.0; 3]; 3];
        self.turned.product_of(&self.rows, weights, stop)?;
        let a_square = width.a * width.a;
        for (k, wave) in self.points.iter().enumerate() {
            let share = |row: usize| simd::dot(self.rows.row(row), self.turned.row(row));
            let share = share(2 * k) + share(2 * k + 1);
            let square = wave.length * wave.length;
            let of_vector = share * (0.5 / a_square + 2.0 / square);
            let of_volume = -share - share * width.shrinks() * square / (2.0 * a_square);
            for a in 0..3 {
                (0..3).for_each(|b| strain[a][b] += of_vector * wave.vector[a] * wave.vector[b]);
                strain[a][a] += of_volume;
            }
        }
        Ok(strain)
    }
}

/// Looks for an interrupt after some waves, each of which takes some steps an atom.
fn check_now_and_then(wave: usize, n_atoms: usize, stop: &Stop<'_>) -> Result<(), Error> {
    const WAVES: usize = 64;
    if wave.is_multiple_of(WAVES) { stop.check_after(10 * WAVES * n_atoms) } else { Ok(()) }
}
