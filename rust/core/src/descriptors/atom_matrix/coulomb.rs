//! `Z_i Z_j / r_ij`, and `Z_i^2.4 / 2` on the diagonal.
//!
//! M. Rupp, A. Tkatchenko, K.-R. Müller, O. A. von Lilienfeld, Phys. Rev. Lett. 108, 058301 (2012), equation 1.

use super::law::{AtomPairs, Inverse, PairLaw};
use super::packs::Packs;
use super::{WholeFrame, charge};
use crate::error::Refusal;
use crate::math::eigen::Matrix;
use crate::simd::{Isa, Kernel, LANES, Lanes};
use crate::{Error, Stop};

/// Far from all atoms: where lanes lie that hold none.
pub const NOWHERE: f64 = 1e100;

/// The law of molecules.
#[derive(Debug, Clone)]
pub struct Coulomb {
    /// What stands for `1/r`.
    pub inverse: Inverse,
}

/// Positions and charges.
#[derive(Debug, Clone, Default)]
pub struct Molecule {
    position: [Packs; 3],
    charge: Packs,
    n_atoms: usize,
}

/// An atom with itself.
pub fn diagonal(charge: f64) -> f64 {
    0.5 * charge.powf(2.4)
}

impl PairLaw for Coulomb {
    type Known = Molecule;
    const NAME: &'static str = "cm";

    fn fill(
        &self,
        frame: &WholeFrame<'_>,
        derivatives: bool,
        known: &mut Molecule,
        pairs: &mut AtomPairs,
        stop: &Stop<'_>,
    ) -> Result<(), Refusal> {
        if frame.periodic != [false; 3] {
            return Err(Refusal::Periodic { periodic: frame.periodic });
        }
        for (axis, packs) in known.position.iter_mut().enumerate() {
            packs.fill(frame.positions.iter().map(|position| position[axis]), NOWHERE)?;
        }
        known.charge.fill(frame.numbers.iter().copied().map(charge), 0.0)?;
        known.n_atoms = frame.positions.len();
        pairs.reset(known.n_atoms, derivatives)?;
        Isa::detect().run(Fill { law: self, known, derivatives, pairs, stop })?;
        pairs.mirror(derivatives);
        Ok(())
    }

    fn strain(
        &self,
        known: &mut Molecule,
        pairs: &AtomPairs,
        weights: &Matrix,
        stop: &Stop<'_>,
    ) -> Result<[[f64; 3]; 3], Error> {
        let mut strain = [[0.0; 3]; 3];
        for i in 0..known.n_atoms {
            stop.check_after(20 * known.n_atoms)?;
            for j in 0..i {
                let weight = 2.0 * weights.row(i)[j];
                for (a, position) in known.position.iter().enumerate() {
                    let along = weight * (position.of(i) - position.of(j));
                    (0..3).for_each(|b| strain[a][b] += along * pairs.gradient[b].row(i)[j]);
                }
            }
        }
        Ok(strain)
    }
}

struct Fill<'a> {
    law: &'a Coulomb,
    known: &'a Molecule,
    derivatives: bool,
    pairs: &'a mut AtomPairs,
    stop: &'a Stop<'a>,
}

impl Kernel for Fill<'_> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn run<V: Lanes>(self) -> Result<(), Error> {
        let Self { law, known, derivatives, pairs, stop } = self;
        let Molecule { position: [x, y, z], charge, n_atoms } = known;
        for i in 0..*n_atoms {
            stop.check_after(2 * n_atoms)?;
            let own = [x, y, z].map(|packs| V::splat(packs.of(i)));
            let own_charge = V::splat(charge.of(i));
            let values = pairs.values.row_mut(i).as_chunks_mut::<LANES>().0;
            let [of_x, of_y, of_z] = &mut pairs.gradient;
            for (pack, others) in charge.all().iter().enumerate().skip(i / LANES) {
                let separation = [
                    own[0] - V::load(&x.all()[pack]),
                    own[1] - V::load(&y.all()[pack]),
                    own[2] - V::load(&z.all()[pack]),
                ];
                let [dx, dy, dz] = separation;
                // Each operation is rounded by itself, so that the bits are the same whatever the processor has.
                let near = law.inverse.at(dx * dx + dy * dy + dz * dz);
                let both = own_charge * V::load(others);
                (both / near.length * near.shape).store(&mut values[pack]);
                if derivatives {
                    let slope = both * near.slope;
                    for (of_axis, separation) in [&mut *of_x, &mut *of_y, &mut *of_z].into_iter().zip(separation) {
                        let row = of_axis.row_mut(i).as_chunks_mut::<LANES>().0;
                        (slope * separation).store(&mut row[pack]);
                    }
                }
            }
            pairs.values.row_mut(i)[i] = diagonal(charge.of(i));
            if derivatives {
                pairs.gradient.iter_mut().for_each(|of_axis| of_axis.row_mut(i)[i] = 0.0);
            }
        }
        Ok(())
    }
}
