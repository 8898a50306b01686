//! The Coulomb matrix of the sites around a center.
//!
//! M. Rupp, A. Tkatchenko, K.-R. Müller, O. A. von Lilienfeld, Phys. Rev. Lett. 108, 058301 (2012).

use serde::Deserialize;

use super::pair_matrix::{MatrixElements, PairBlocks, PairMatrix, PairMatrixParameters, SitePacks};
use super::validate::check;
use crate::Error;
use crate::simd::{LANES, Lanes};

/// Shortest distance in Å up to which the Coulomb law holds.
const SMALLEST_CORE: f64 = 1e-6;

/// Eigenvalues of the Coulomb matrix.
pub type CoulombMatrix = PairMatrix<Charges>;

/// Entries of the Coulomb matrix: `Z_i Z_j / r`, and `Z^2.4 / 2` on the diagonal.
#[derive(Debug, Clone)]
pub struct Charges {
    /// Atomic number of each channel.
    charge: Vec<f64>,
    /// Nearer than this, in Å, the Coulomb law is replaced by a parabola of the squared distance.
    core: f64,
}

/// Everything that makes a fingerprint of the Coulomb matrix.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoulombMatrixParameters {
    /// The matrix of pairs and its eigenvalues.
    #[serde(flatten)]
    pub matrix: PairMatrixParameters,
    /// Distance in Å below which `1/r` is rounded off.
    pub r_core: f64,
}

impl CoulombMatrix {
    /// Prepares the charges.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a parameter out of range, named.
    pub fn new(parameters: CoulombMatrixParameters) -> Result<Self, Error> {
        let CoulombMatrixParameters { matrix, r_core: core } = parameters;
        let large = core.is_finite() && core >= SMALLEST_CORE;
        check(large, "r_core", core, format!("it must be at least {SMALLEST_CORE:e} Å"))?;
        let charge = matrix.numbers.iter().map(|&number| number as f64).collect();
        Self::from_elements(matrix, Charges { charge, core }, None)
    }
}

impl MatrixElements for Charges {
    const NAME: &'static str = "cm";

    fn n_orbitals(&self) -> usize {
        1
    }

    fn n_quantities(&self) -> usize {
        1
    }

    fn quantity(&self, _place: usize, channel: u8) -> f64 {
        self.charge[usize::from(channel)]
    }

    #[inline(always)]
    fn blocks<V: Lanes>(&self, sites: &SitePacks, a: usize, pack: usize, derivatives: bool, blocks: &mut PairBlocks) {
        let mut separation = [V::zero(); 3];
        let mut square = V::zero();
        for axis in 0..3 {
            let position = &sites.position[axis];
            separation[axis] = V::splat(position.as_flattened()[a]) - V::load(&position[pack]);
            square = separation[axis].mul_add(separation[axis], square);
        }
        let square = square.to_array();
        // 1/r and its derivative divided by r.
        let (mut inverse, mut derivative) = ([0.0; LANES], [0.0; LANES]);
        let core = self.core;
        for lane in 0..LANES {
            let r = square[lane].sqrt();
            let far = r >= core;
            let x = square[lane] / (core * core);
            let outside = 1.0 / if far { r } else { core };
            inverse[lane] = if far { outside } else { (1.875 + x * (0.375 * x - 1.25)) / core };
            derivative[lane] = if far { -outside * outside * outside } else { (1.5 * x - 2.5) / (core * core * core) };
        }
        let charge = &sites.quantities[0];
        let own = charge.as_flattened()[a];
        let both = V::splat(own) * V::load(&charge[pack]) * V::load(&sites.mask[pack]);
        (both * V::load(&inverse)).store(&mut blocks.values[0]);
        let itself = a / LANES == pack;
        if itself {
            blocks.values[0][a % LANES] = 0.5 * own.powf(2.4);
        }
        if derivatives {
            let derivative = both * V::load(&derivative);
            for axis in 0..3 {
                // The distance of a site from itself is zero, and so is this.
                (derivative * separation[axis]).store(&mut blocks.derivatives[axis][0]);
            }
        }
    }
}
