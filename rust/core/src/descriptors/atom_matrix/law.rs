//! What an entry of a matrix of all atoms is.

use super::WholeFrame;
use crate::error::Refusal;
use crate::math::eigen::Matrix;
use crate::simd::{Isa, Kernel, LANES, Lanes};
use crate::{Error, Stop};

/// A matrix with an entry for each pair of atoms, and the derivatives of its entries.
#[derive(Debug, Clone, Default)]
pub struct AtomPairs {
    /// The matrix, which is symmetric.
    pub values: Matrix,
    /// The derivatives `[xyz]` of entry `(i, j)` with respect to the position of atom `i`; minus those by that of `j`.
    pub gradient: [Matrix; 3],
}

impl AtomPairs {
    /// Zeros for `n` atoms.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn reset(&mut self, n: usize, derivatives: bool) -> Result<(), Error> {
        self.values.reset(n, n)?;
        if derivatives {
            for of_axis in &mut self.gradient {
                of_axis.reset(n, n)?;
            }
        }
        Ok(())
    }

    /// Writes what is right of the diagonal blocks to the left of them too.
    pub fn mirror(&mut self, derivatives: bool) {
        Isa::detect().run(Mirror { matrix: &mut self.values, sign: 1.0 });
        if derivatives {
            self.gradient.iter_mut().for_each(|matrix| Isa::detect().run(Mirror { matrix, sign: -1.0 }));
        }
    }
}

struct Mirror<'a> {
    matrix: &'a mut Matrix,
    sign: f64,
}

impl Kernel for Mirror<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let (matrix, sign) = (self.matrix, V::splat(self.sign));
        for i in 0..matrix.n_packs() {
            for j in i + 1..matrix.n_packs() {
                let mut tile = [V::zero(); LANES];
                for (k, lanes) in tile.iter_mut().enumerate() {
                    *lanes = V::load(&matrix.packs(LANES * i + k)[j]);
                }
                for (k, lanes) in V::transpose(tile).into_iter().enumerate() {
                    (lanes * sign).store(&mut matrix.row_mut(LANES * j + k).as_chunks_mut::<LANES>().0[i]);
                }
            }
        }
    }
}

/// A law for entries `(i, j)`: a function of the separation of two atoms, of the lattice and of two charges.
pub trait PairLaw: Sync + 'static {
    /// What is known of one frame, and buffers.
    type Known: Default + Send + 'static;
    /// What columns are called.
    const NAME: &'static str;

    /// Looks at a frame, and writes the entries for its atoms, and their gradients if there will be `derivatives`.
    ///
    /// # Errors
    /// [`Refusal`] where the law does not hold for such a frame.
    fn fill(
        &self,
        frame: &WholeFrame<'_>,
        derivatives: bool,
        known: &mut Self::Known,
        pairs: &mut AtomPairs,
        stop: &Stop<'_>,
    ) -> Result<(), Refusal>;
    /// The derivative of `Σ weights · entries` by a strain of atoms and lattice, for symmetric `weights`.
    ///
    /// # Errors
    /// [`Error::Interrupted`], [`Error::Memory`].
    fn strain(
        &self,
        known: &mut Self::Known,
        pairs: &AtomPairs,
        weights: &Matrix,
        stop: &Stop<'_>,
    ) -> Result<[[f64; 3]; 3], Error>;
}

/// `1/r`, rounded off where atoms come close: a parabola of the squared distance, with two derivatives that agree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Inverse {
    /// `1/r` whatever the distance; infinite at zero.
    Exact,
    /// `1/r` from this distance in Å on.
    Core(f64),
}

/// `1/r` in lanes, in parts: `shape / length`, and its derivative divided by `r`.
#[derive(Debug, Clone, Copy)]
pub struct InverseLanes<V> {
    /// The distance, or that at which it is rounded off.
    pub length: V,
    /// One, but for where it is rounded off.
    pub shape: V,
    /// The derivative divided by the distance.
    pub slope: V,
}

impl Inverse {
    /// `1/r` for a squared distance.
    #[inline(always)]
    pub fn at<V: Lanes>(self, square: V) -> InverseLanes<V> {
        let (floor, x) = match self {
            Self::Exact => (square, V::splat(1.0)),
            Self::Core(core) => {
                let core = V::splat(core * core);
                (square.max(core), (square / core).min(V::splat(1.0)))
            }
        };
        let length = floor.sqrt();
        let inverse = V::splat(1.0) / length;
        // Both polynomials are one, but for a sign, where the core ends.
        let shape = x.mul_add(x.mul_add(V::splat(0.375), V::splat(-1.25)), V::splat(1.875));
        let slope = x.mul_add(V::splat(1.5), V::splat(-2.5));
        InverseLanes { length, shape, slope: inverse * inverse * inverse * slope }
    }

    /// [`Self::at`] of one number.
    pub fn of(self, square: f64) -> (f64, f64) {
        let (inverse, x) = match self {
            Self::Core(core) if square < core * core => (1.0 / core, square / (core * core)),
            _ => (1.0 / square.sqrt(), 1.0),
        };
        (inverse * (1.875 + x * (0.375 * x - 1.25)), inverse * inverse * inverse * (1.5 * x - 2.5))
    }

    /// Whether atoms at this squared distance are closer than the plain law is for.
    pub fn rounds(self, square: f64) -> bool {
        matches!(self, Self::Core(core) if square < core * core)
    }
}
