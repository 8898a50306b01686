//! Coulomb energies of pairs of atoms in a crystal, with a background that makes it neutral: a sum over images of what
//! is left of `1/r` outside of Gaussian charges, and a sum over waves of the rest.
//!
//! F. Faber, A. Lindmaa, O. A. von Lilienfeld, R. Armiento, Int. J. Quantum Chem. 115, 1094 (2015), equations 18 to 21;
//! L. Himanen et al., Comput. Phys. Commun. 247, 106949 (2020), section 2.3: entries on the diagonal count once, so that
//! the energy is the sum of the upper triangle. How fine the sums are: R. A. Jackson, C. R. A. Catlow, Mol. Simul. 1,
//! 207 (1988).

mod points;
mod screened;
mod waves;

use std::f64::consts::PI;

use self::points::Point;
use self::screened::Screened;
use self::waves::Waves;
use super::law::{AtomPairs, Inverse, PairLaw};
use super::{PURPOSE, WholeFrame, charge, coordinates};
use crate::descriptors::Lattice;
use crate::error::Refusal;
use crate::math::eigen::Matrix;
use crate::{Error, Stop, memory};

/// The law of crystals.
#[derive(Debug, Clone)]
pub struct Ewald {
    /// What stands for `1/r`.
    pub inverse: Inverse,
    /// Terms that are smaller, in parts of the first, are left out, unless there are cutoffs.
    pub accuracy: f64,
    /// What a term of the sum over images costs, in terms of the sum over waves.
    pub w: f64,
    /// Cutoffs in Å and in 1/Å.
    pub cutoffs: Option<[f64; 2]>,
    /// Inverse width of the Gaussian charges in 1/Å.
    pub a: Option<f64>,
}

/// The width of the Gaussian charges in one frame.
#[derive(Debug, Clone, Copy, Default)]
pub struct Width {
    /// Inverse width in 1/Å.
    a: f64,
    /// Whether it follows from the volume.
    follows: bool,
    /// Volume of the cell in Å³.
    volume: f64,
}

impl Width {
    /// Minus the derivative of `ln a` by the logarithm of the volume.
    fn shrinks(&self) -> f64 {
        if self.follows { 1.0 / 3.0 } else { 0.0 }
    }
}

/// What is known of one frame.
#[derive(Debug, Default)]
pub struct Crystal {
    charge: Vec<f64>,
    fractions: Vec<[f64; 3]>,
    lattice: Option<Lattice>,
    width: Width,
    r_cut: f64,
    images: Vec<Point>,
    waves: Waves,
    weights: Matrix,
}

/// Sums over images for one pair: value and gradient.
#[derive(Default)]
struct ImageSum {
    value: f64,
    gradient: [f64; 3],
}

impl PairLaw for Ewald {
    type Known = Crystal;
    const NAME: &'static str = "ewald";

    fn fill(
        &self,
        frame: &WholeFrame<'_>,
        derivatives: bool,
        known: &mut Crystal,
        pairs: &mut AtomPairs,
        stop: &Stop<'_>,
    ) -> Result<(), Refusal> {
        let lattice = frame.reduced.ok_or(Refusal::NotPeriodic { periodic: frame.periodic })?;
        let n_atoms = frame.positions.len();
        pairs.reset(n_atoms, derivatives)?;
        if n_atoms == 0 {
            return Ok(());
        }
        known.charge = memory::collect(PURPOSE, frame.numbers.iter().copied().map(charge))?;
        let fractions = frame.positions.iter().map(|position| coordinates(&lattice, *position));
        known.fractions = memory::collect(PURPOSE, fractions)?;
        known.lattice = Some(lattice);
        known.width = self.width(&lattice, n_atoms);
        let [r_cut, g_cut] = self.cutoffs(&known.width);
        known.r_cut = r_cut;
        // As far as an image of an atom may lie from that of another whose coordinates differ by half at most.
        let apart: f64 = lattice.basis.into_iter().map(|row| 0.5 * points::length(row)).sum();
        known.images = points::within(&lattice, r_cut + apart, stop)?;
        let atoms = (&known.fractions[..], &known.charge[..]);
        known.waves.prepare(&lattice, &known.width, g_cut, atoms, stop)?;
        known.waves.values(&mut pairs.values, stop)?;
        if derivatives {
            for (axis, gradient) in pairs.gradient.iter_mut().enumerate() {
                known.waves.gradient(axis, gradient, stop)?;
            }
        }
        self.add_images(known, derivatives, pairs, stop)?;
        Ok(())
    }

    fn strain(
        &self,
        known: &mut Crystal,
        _pairs: &AtomPairs,
        weights: &Matrix,
        stop: &Stop<'_>,
    ) -> Result<[[f64; 3]; 3], Error> {
        let n_atoms = weights.n_rows();
        if n_atoms == 0 {
            return Ok([[0.0; 3]; 3]);
        }
        let mut halved = std::mem::take(&mut known.weights);
        halved.copy_from(weights)?;
        (0..n_atoms).for_each(|i| halved.row_mut(i)[i] *= 0.5);
        let mut strain = known.waves.strain(&known.width, &halved, stop)?;
        let Width { a, volume, .. } = known.width;
        let shrinks = known.width.shrinks();
        let background = PI / (volume * a * a) * (1.0 - 2.0 * shrinks);
        let mut of_volume = 0.0;
        for i in 0..n_atoms {
            stop.check_after(10 * known.images.len() * (i + 1))?;
            of_volume += weights.row(i)[i] * known.charge[i] * known.charge[i] * shrinks * a / PI.sqrt();
            for j in 0..=i {
                stop.check_after(10 * known.images.len())?;
                let twice = if i == j { 1.0 } else { 2.0 };
                let weight = twice * halved.row(i)[j] * known.charge[i] * known.charge[j];
                of_volume += weight * background;
                self.for_each_image(known, (i, j), |vector, r, screened| {
                    let along = weight * screened.at(r).1;
                    (0..9).for_each(|k| strain[k / 3][k % 3] += along * vector[k / 3] * vector[k % 3]);
                    of_volume += weight * shrinks * screened.by_width(r);
                });
            }
        }
        (0..3).for_each(|k| strain[k][k] += of_volume);
        known.weights = halved;
        Ok(strain)
    }
}

impl Ewald {
    /// The width in a crystal of so many atoms a cell.
    fn width(&self, lattice: &Lattice, n_atoms: usize) -> Width {
        let [a, [b0, b1, b2], [c0, c1, c2]] = lattice.basis;
        let cross = [b1 * c2 - b2 * c1, b2 * c0 - b0 * c2, b0 * c1 - b1 * c0];
        let volume = (a[0] * cross[0] + a[1] * cross[1] + a[2] * cross[2]).abs();
        let balanced = || (n_atoms as f64 * self.w).powf(1.0 / 6.0) / volume.cbrt() * PI.sqrt();
        Width { a: self.a.unwrap_or_else(balanced), follows: self.a.is_none(), volume }
    }

    /// Cutoffs of the sums over images and over waves.
    fn cutoffs(&self, width: &Width) -> [f64; 2] {
        let steps = (-self.accuracy.ln()).sqrt();
        self.cutoffs.unwrap_or([steps / width.a, 2.0 * width.a * steps])
    }

    /// Adds the sums over images and the constants, to both triangles.
    fn add_images(
        &self,
        known: &Crystal,
        derivatives: bool,
        pairs: &mut AtomPairs,
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let Width { a, volume, .. } = known.width;
        let background = -PI / (volume * a * a);
        for i in 0..known.charge.len() {
            stop.check_after(10 * known.images.len() * (i + 1))?;
            for j in 0..=i {
                stop.check_after(10 * known.images.len())?;
                let charges = known.charge[i] * known.charge[j];
                let mut sum = ImageSum::default();
                self.for_each_image(known, (i, j), |vector, r, screened| {
                    let (value, slope) = screened.at(r);
                    sum.value += value;
                    (0..3).for_each(|axis| sum.gradient[axis] += slope * vector[axis]);
                });
                let mut value = pairs.values.row(i)[j] + charges * (sum.value + background);
                if i == j {
                    value = 0.5 * value - charges * a / PI.sqrt();
                }
                pairs.values.row_mut(i)[j] = value;
                pairs.values.row_mut(j)[i] = value;
                if derivatives {
                    for (of_axis, along) in pairs.gradient.iter_mut().zip(sum.gradient) {
                        let along = if i == j { 0.0 } else { of_axis.row(i)[j] + charges * along };
                        of_axis.row_mut(i)[j] = along;
                        of_axis.row_mut(j)[i] = -along;
                    }
                }
            }
        }
        Ok(())
    }

    /// Calls `visit` with the separation of atom `i` from each image of atom `j` within the cutoff, itself excepted.
    fn for_each_image(&self, known: &Crystal, (i, j): (usize, usize), mut visit: impl FnMut([f64; 3], f64, Screened)) {
        let Some(lattice) = &known.lattice else { return };
        let mut separation = [0.0; 3];
        for axis in 0..3 {
            let difference = known.fractions[i][axis] - known.fractions[j][axis];
            let difference = difference - difference.round();
            (0..3).for_each(|x| separation[x] += difference * lattice.basis[axis][x]);
        }
        let screened = Screened { a: known.width.a, inverse: self.inverse };
        let farthest = known.r_cut + points::length(separation);
        for image in known.images.iter().take_while(|image| image.length <= farthest) {
            if i == j && image.multiples == [0; 3] {
                continue;
            }
            let vector = [0, 1, 2].map(|x| separation[x] + image.vector[x]);
            let r = points::length(vector);
            if r <= known.r_cut {
                visit(vector, r, screened);
            }
        }
    }
}
