//! Loops over frames and centers, forward and back; the only room that knows threads.
//!
//! Every row belongs to one worker and every sum keeps its order, so results are the same bits for any number of
//! threads.

use std::ops::ControlFlow;

use crate::geometry::{Centers, Frames};
use crate::{Error, memory};

mod jacobian;
mod lists;
mod neighbors;
mod pullback;
mod spare;
mod transform;
mod walk;
mod watch;
mod worker;

pub use jacobian::{JacobianPattern, jacobian, jacobian_pattern};
pub use neighbors::{NeighborList, neighbors};
pub use pullback::{Pullback, pullback};
pub use spare::Spare;
pub use transform::{pushforward, transform};
pub use watch::Tally;

/// Where work runs, and who is told about it.
pub struct Job<'a> {
    /// Threads to use; `None` stays on the caller's.
    pub pool: Option<&'a rayon::ThreadPool>,
    /// Told on the caller's thread, some twenty times a second, how many rows of how many are done; may stop the
    /// work, which then ends within some milliseconds, and with [`Error::Interrupted`].
    pub progress: &'a mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    /// Buffers that earlier jobs about the same descriptor have left, and this one may leave.
    pub spare: Option<&'a Spare>,
}

/// How the centers of a frame become rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Average {
    /// One row a center.
    Off,
    /// One row a frame: the mean of the coefficients, then contracted.
    Inner,
    /// One row a frame: the mean of the rows of its centers.
    Outer,
}

/// A number that a row can be written in.
pub trait Output: Copy + Default + Send + Sync {
    /// Lets `write` fill `row`: in place where the types agree, through `room` where they do not.
    ///
    /// # Errors
    /// Those of `write`, and [`Error::Memory`] for the room.
    fn fill(
        row: &mut [Self],
        room: &mut Vec<f64>,
        write: impl FnOnce(&mut [f64]) -> Result<(), Error>,
    ) -> Result<(), Error>;
}

impl Output for f64 {
    fn fill(
        row: &mut [Self],
        _room: &mut Vec<f64>,
        write: impl FnOnce(&mut [f64]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        write(row)
    }
}

impl Output for f32 {
    fn fill(
        row: &mut [Self],
        room: &mut Vec<f64>,
        write: impl FnOnce(&mut [f64]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        memory::resize("rows before they are rounded", room, row.len(), 0.0)?;
        write(room)?;
        row.iter_mut().zip(room).for_each(|(out, value)| *out = *value as Self);
        Ok(())
    }
}

/// Number of rows of the result.
pub fn n_rows(average: Average, frames: &Frames<'_>, centers: &Centers<'_>) -> usize {
    match average {
        Average::Off => centers.len(),
        Average::Inner | Average::Outer => frames.len(),
    }
}

/// The error to raise where an array does not have the length that is expected.
fn check_length(name: &'static str, found: usize, expected: usize) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    Err(Error::Shape { name, expected: vec![expected], found: vec![found] })
}

/// The error to raise where an entry of an array with `n_columns` columns is not finite.
fn check_finite(name: &'static str, entries: &[f64], n_columns: usize) -> Result<(), Error> {
    if crate::simd::all_finite(entries) {
        return Ok(());
    }
    match entries.iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(place) => Err(Error::EntryNotFinite {
            name,
            row: place / n_columns,
            column: place % n_columns,
            value: entries[place],
        }),
    }
}
