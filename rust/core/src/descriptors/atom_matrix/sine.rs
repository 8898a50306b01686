//! `Z_i Z_j / |Σ_k sin²(π Δ_k) b_k|`, with coordinates `Δ` of the separation along the lattice vectors `b_k`, and
//! `Z_i^2.4 / 2` on the diagonal.
//!
//! F. Faber, A. Lindmaa, O. A. von Lilienfeld, R. Armiento, Int. J. Quantum Chem. 115, 1094 (2015), equation 24.

use std::f64::consts::PI;

use super::coulomb::diagonal;
use super::law::{AtomPairs, Inverse, PairLaw};
use super::packs::Packs;
use super::{WholeFrame, charge, coordinates};
use crate::descriptors::Lattice;
use crate::error::Refusal;
use crate::math::eigen::Matrix;
use crate::simd::{Isa, Kernel, LANES, Lanes};
use crate::{Error, Stop};

/// The law of crystals that needs no sums over images.
#[derive(Debug, Clone)]
pub struct Sine {
    /// What stands for `1/r`.
    pub inverse: Inverse,
}

/// Half the phase of each atom along each lattice vector, and charges.
#[derive(Debug, Clone, Default)]
pub struct Phases {
    sine: [Packs; 3],
    cosine: [Packs; 3],
    charge: Packs,
    n_atoms: usize,
    lattice: Option<Lattice>,
}

impl PairLaw for Sine {
    type Known = Phases;
    const NAME: &'static str = "sine";

    fn fill(
        &self,
        frame: &WholeFrame<'_>,
        derivatives: bool,
        known: &mut Phases,
        pairs: &mut AtomPairs,
        stop: &Stop<'_>,
    ) -> Result<(), Refusal> {
        let lattice = frame.given.ok_or(Refusal::NotPeriodic { periodic: frame.periodic })?;
        for axis in 0..3 {
            let phase = |position: &[f64; 3]| PI * coordinates(&lattice, *position)[axis];
            known.sine[axis].fill(frame.positions.iter().map(|position| phase(position).sin()), 0.0)?;
            known.cosine[axis].fill(frame.positions.iter().map(|position| phase(position).cos()), 0.0)?;
        }
        known.charge.fill(frame.numbers.iter().copied().map(charge), 0.0)?;
        known.n_atoms = frame.positions.len();
        known.lattice = Some(lattice);
        pairs.reset(known.n_atoms, derivatives)?;
        Isa::detect().run(Fill { law: self, known, lattice: &lattice, derivatives, pairs, stop })?;
        // Lanes beyond the last atom lie where all phases are the same.
        pairs.values.trim();
        if derivatives {
            pairs.gradient.iter_mut().for_each(Matrix::trim);
        }
        pairs.mirror(derivatives);
        Ok(())
    }

    fn strain(
        &self,
        known: &mut Phases,
        _pairs: &AtomPairs,
        weights: &Matrix,
        stop: &Stop<'_>,
    ) -> Result<[[f64; 3]; 3], Error> {
        let mut strain = [[0.0; 3]; 3];
        let Some(lattice) = known.lattice else { return Ok(strain) };
        for i in 0..known.n_atoms {
            stop.check_after(40 * known.n_atoms)?;
            for j in 0..i {
                let mut vector = [0.0; 3];
                for (axis, basis) in lattice.basis.iter().enumerate() {
                    let (sine, cosine) = (&known.sine[axis], &known.cosine[axis]);
                    let sine = sine.of(i) * cosine.of(j) - cosine.of(i) * sine.of(j);
                    (0..3).for_each(|b| vector[b] += sine * sine * basis[b]);
                }
                let (_, slope) = self.inverse.of(vector.iter().map(|x| x * x).sum());
                let along = 2.0 * weights.row(i)[j] * known.charge.of(i) * known.charge.of(j) * slope;
                (0..9).for_each(|k| strain[k / 3][k % 3] += along * vector[k / 3] * vector[k % 3]);
            }
        }
        Ok(strain)
    }
}

struct Fill<'a> {
    law: &'a Sine,
    known: &'a Phases,
    lattice: &'a Lattice,
    derivatives: bool,
    pairs: &'a mut AtomPairs,
    stop: &'a Stop<'a>,
}

impl Kernel for Fill<'_> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn run<V: Lanes>(self) -> Result<(), Error> {
        let Self { law, known, lattice, derivatives, pairs, stop } = self;
        let basis = lattice.basis.map(|row| row.map(V::splat));
        let reciprocal = lattice.reciprocal.map(|row| row.map(V::splat));
        for i in 0..known.n_atoms {
            stop.check_after(6 * known.n_atoms)?;
            let own_charge = V::splat(known.charge.of(i));
            for (pack, others) in known.charge.all().iter().enumerate().skip(i / LANES) {
                let mut vector = [V::zero(); 3];
                let mut turning = [V::zero(); 3];
                for axis in 0..3 {
                    let (sines, cosines) = (&known.sine[axis], &known.cosine[axis]);
                    let (own_sine, own_cosine) = (V::splat(sines.of(i)), V::splat(cosines.of(i)));
                    let (sine, cosine) = (V::load(&sines.all()[pack]), V::load(&cosines.all()[pack]));
                    // Each product is rounded by itself, so that atoms of one phase have a difference of zero.
                    let difference = own_sine * cosine - own_cosine * sine;
                    let square = difference * difference;
                    for b in 0..3 {
                        vector[b] = square.mul_add(basis[axis][b], vector[b]);
                    }
                    turning[axis] = difference * own_cosine.mul_add(cosine, own_sine * sine);
                }
                let [x, y, z] = vector;
                let near = law.inverse.at(x.mul_add(x, y.mul_add(y, z * z)));
                let both = own_charge * V::load(others);
                let values = pairs.values.row_mut(i).as_chunks_mut::<LANES>().0;
                (both / near.length * near.shape).store(&mut values[pack]);
                if derivatives {
                    let slope = both * near.slope * V::splat(2.0 * PI);
                    let mut gradient = [V::zero(); 3];
                    for axis in 0..3 {
                        let [bx, by, bz] = basis[axis];
                        let along = slope * turning[axis] * x.mul_add(bx, y.mul_add(by, z * bz));
                        for b in 0..3 {
                            gradient[b] = along.mul_add(reciprocal[axis][b], gradient[b]);
                        }
                    }
                    for (of_axis, gradient) in pairs.gradient.iter_mut().zip(gradient) {
                        gradient.store(&mut of_axis.row_mut(i).as_chunks_mut::<LANES>().0[pack]);
                    }
                }
            }
            pairs.values.row_mut(i)[i] = diagonal(known.charge.of(i));
            if derivatives {
                pairs.gradient.iter_mut().for_each(|of_axis| of_axis.row_mut(i)[i] = 0.0);
            }
        }
        Ok(())
    }
}
