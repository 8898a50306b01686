//! Frames, cells, and the search for the sites of a center.
//!
//! [`Grid`] is the fast search; [`naive`] is its plain, obviously right twin that tests compare with.

mod cell;
mod frame;
mod known;
pub mod naive;
mod neighbors;
mod rounding;
mod wrap;

pub use cell::{Cell, volume, volume_gradient};
pub use frame::{Center, Centers, Frame, Frames};
pub use known::KnownNeighbors;
pub use neighbors::{FoundNeighbors, Grid, Listed, MAX_ATOMS, MAX_IMAGES, MAX_SITES, Motion, Sites};
