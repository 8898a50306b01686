//! Numbers of all atoms, eight to a pack.

use super::PURPOSE;
use crate::simd::LANES;
use crate::{Error, memory};

/// One number an atom, in packs whose last lanes are filled up.
#[derive(Debug, Clone, Default)]
pub struct Packs(Vec<[f64; LANES]>);

impl Packs {
    /// Becomes these numbers.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn fill(&mut self, numbers: impl ExactSizeIterator<Item = f64>, beyond: f64) -> Result<(), Error> {
        memory::refill(PURPOSE, &mut self.0, numbers.len().div_ceil(LANES), [beyond; LANES])?;
        self.0.as_flattened_mut().iter_mut().zip(numbers).for_each(|(lane, number)| *lane = number);
        Ok(())
    }

    /// All packs.
    pub fn all(&self) -> &[[f64; LANES]] {
        &self.0
    }

    /// The number of one atom.
    #[inline(always)]
    pub fn of(&self, atom: usize) -> f64 {
        self.0.as_flattened()[atom]
    }
}
