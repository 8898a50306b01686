//! What the matrix of one center needs of its sites, in packs: the center first, quantities side by side.

use super::PURPOSE;
use crate::descriptors::{CenterKind, Environment};
use crate::math::cutoff::SquareCutoff;
use crate::simd::LANES;
use crate::{Error, memory};

/// Quantities of all sites, each of which fills whole packs.
#[derive(Debug, Clone, Default)]
pub struct SitePacks {
    /// Number of sites, the center included if it is one.
    pub n: usize,
    /// Whether the first site is the center.
    pub centered: bool,
    /// Position relative to the center, in Å.
    pub position: [Vec<[f64; LANES]>; 3],
    /// Cutoff function; zero for what only fills up the last pack.
    pub amplitude: Vec<[f64; LANES]>,
    /// Derivative of the amplitude with respect to the site's distance, divided by the distance.
    pub derivative: Vec<[f64; LANES]>,
    /// One for a site, zero for what fills up.
    pub mask: Vec<[f64; LANES]>,
    /// What the matrix is made of: one array a quantity, one for what fills up.
    pub quantities: Vec<Vec<[f64; LANES]>>,
}

impl SitePacks {
    /// Takes the sites of `environment`, and for each of them `n_quantities` numbers: `quantity(place, channel)`.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn fill(
        &mut self,
        environment: &Environment<'_>,
        cutoff: SquareCutoff,
        n_quantities: usize,
        quantity: impl Fn(usize, u8) -> f64,
    ) -> Result<(), Error> {
        let own = match environment.center {
            CenterKind::Atom(channel) => channel,
            CenterKind::Point => None,
        };
        self.centered = own.is_some();
        let first = usize::from(self.centered);
        self.n = environment.len() + first;
        let n_packs = self.n.div_ceil(LANES);
        let resize =
            |vector: &mut Vec<[f64; LANES]>, value: f64| memory::refill(PURPOSE, vector, n_packs, [value; LANES]);
        for (axis, from) in self.position.iter_mut().zip([environment.dx, environment.dy, environment.dz]) {
            resize(axis, 0.0)?;
            axis.as_flattened_mut()[first..self.n].copy_from_slice(from);
        }
        for vector in [&mut self.amplitude, &mut self.derivative, &mut self.mask] {
            resize(vector, 0.0)?;
        }
        self.mask.as_flattened_mut()[..self.n].fill(1.0);
        let (amplitude, derivative) = (self.amplitude.as_flattened_mut(), self.derivative.as_flattened_mut());
        amplitude[..first].fill(1.0);
        for (k, &r) in environment.r.iter().enumerate() {
            (amplitude[first + k], derivative[first + k]) = cutoff.at_one(r);
        }
        self.quantities.resize_with(n_quantities, Vec::new);
        for (place, values) in self.quantities.iter_mut().enumerate() {
            resize(values, 1.0)?;
            for (value, &channel) in values.as_flattened_mut().iter_mut().zip(own.iter().chain(environment.channel)) {
                *value = quantity(place, channel);
            }
        }
        Ok(())
    }
}
