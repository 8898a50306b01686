//! The neighbor search: a grid of bins.

use super::{Center, Frame};
use crate::Error;

/// More sites around one center than this are refused.
pub const MAX_SITES: usize = 65_535;

/// The sites of one center, one array per quantity, in an order that depends on the frame alone.
#[derive(Debug, Default, Clone)]
pub struct Sites {
    /// Atom of which the site is a periodic image.
    pub index: Vec<u32>,
    /// Channel of its species.
    pub channel: Vec<u8>,
    /// Vector from the center to the site in Å.
    pub dx: Vec<f64>,
    /// See `dx`.
    pub dy: Vec<f64>,
    /// See `dx`.
    pub dz: Vec<f64>,
    /// Distance in Å.
    pub r: Vec<f64>,
}

/// Bins over a frame and its periodic images.
#[derive(Debug)]
pub struct Grid {}

impl Grid {
    /// Bins all atoms of `frame` whose `channel` is not `None`-like ([`u8::MAX`]), and their images within reach.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn new(_frame: &Frame<'_>, _frame_index: usize, _channels: &[u8], _r_cut: f64) -> Result<Self, Error> {
        Ok(Self {})
    }

    /// Replaces the contents of `sites` by the sites within the cutoff of `center`.
    ///
    /// # Errors
    /// [`Error::TooManySites`].
    pub fn find(&self, _center: Center, _center_index: usize, _sites: &mut Sites) -> Result<(), Error> {
        Ok(())
    }

    /// Atoms in spatial order.
    pub fn order(&self) -> impl Iterator<Item = usize> {
        std::iter::empty()
    }
}
