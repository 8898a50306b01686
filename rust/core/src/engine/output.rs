//! The numbers that rows are written in.

use crate::{Error, memory};

/// A number that a row can be written in.
pub trait RowElement: Copy + Default + Send + Sync {
    /// Whether rows are written in place.
    const IN_PLACE: bool;

    /// Lets `write` fill `row`: in place where the types agree, through `buffer` where they do not.
    ///
    /// # Errors
    /// Errors of `write`, and [`Error::Memory`] for the buffer.
    fn fill(
        row: &mut [Self],
        buffer: &mut Vec<f64>,
        write: impl FnOnce(&mut [f64]) -> Result<(), Error>,
    ) -> Result<(), Error>;
}

impl RowElement for f64 {
    const IN_PLACE: bool = true;

    fn fill(
        row: &mut [Self],
        _room: &mut Vec<f64>,
        write: impl FnOnce(&mut [f64]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        write(row)
    }
}

impl RowElement for f32 {
    const IN_PLACE: bool = false;

    fn fill(
        row: &mut [Self],
        buffer: &mut Vec<f64>,
        write: impl FnOnce(&mut [f64]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        memory::resize("rows before they are rounded", buffer, row.len(), 0.0)?;
        write(buffer)?;
        row.iter_mut().zip(buffer).for_each(|(out, value)| *out = *value as Self);
        Ok(())
    }
}
