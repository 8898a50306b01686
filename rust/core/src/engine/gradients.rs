//! Gradients of the atoms that a chunk of centers has seen.

use crate::descriptors::Environment;
use crate::geometry::Center;
use crate::{Error, memory};

/// Purpose of the memory, for the message where it is refused.
pub const GRADIENTS: &str = "gradients";

/// The place of an atom that has none.
pub const UNSEEN: u32 = u32::MAX;

/// Gradients of the atoms that a chunk of centers has seen, and its part of the strain.
#[derive(Default)]
pub struct ChunkGradients {
    /// Gradients of the atoms that were seen, in the order in which they were.
    pub atoms: Vec<(u32, [f64; 3])>,
    /// Gradient with respect to the strain of the frame.
    pub strain: [[f64; 3]; 3],
}

impl ChunkGradients {
    /// Puts the gradients of the sites of `center` where their atoms, `index`, are, and the reaction where the center is.
    ///
    /// `place` holds the place of each atom that the chunk has seen, and [`UNSEEN`] for the others.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn scatter(
        &mut self,
        place: &mut [u32],
        (environment, index): (&Environment<'_>, &[u32]),
        gradients: &[[f64; 3]],
        center: Center,
    ) -> Result<(), Error> {
        memory::reserve(GRADIENTS, &mut self.atoms, index.len() + 1)?;
        let mut reaction = [0.0; 3];
        let Environment { dx, dy, dz, .. } = environment;
        for ((((gradient, &atom), &x), &y), &z) in gradients.iter().zip(index).zip(*dx).zip(*dy).zip(*dz) {
            self.add(place, atom, *gradient);
            let vector = [x, y, z];
            for i in 0..3 {
                reaction[i] -= gradient[i];
                (0..3).for_each(|j| self.strain[i][j] += vector[i] * gradient[j]);
            }
        }
        if let Center::Atom(atom) = center {
            self.add(place, atom as u32, reaction);
        }
        Ok(())
    }

    /// Adds what a strain does by changing the volume of the cell: `along` is the derivative by its logarithm.
    pub fn add_volume(&mut self, along: f64) {
        (0..3).for_each(|i| self.strain[i][i] += along);
    }

    /// Adds the gradient of an atom.
    fn add(&mut self, place: &mut [u32], atom: u32, gradient: [f64; 3]) {
        let place = &mut place[atom as usize];
        if *place == UNSEEN {
            *place = self.atoms.len() as u32;
            self.atoms.push((atom, gradient));
        } else {
            let sum = &mut self.atoms[*place as usize].1;
            (0..3).for_each(|i| sum[i] += gradient[i]);
        }
    }

    /// The gradients of the chunk, which is at its end: no atom has a place any more.
    pub fn take(&mut self, place: &mut [u32]) -> Self {
        for &(atom, _) in &self.atoms {
            place[atom as usize] = UNSEEN;
        }
        std::mem::take(self)
    }
}
