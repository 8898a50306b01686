//! The numbers that rows are written in.

use crate::descriptors::RowStretches;
use crate::{Error, memory};

/// The bit of the sign of a number of single precision.
const SIGN: u32 = 1 << 31;

/// A number that a row can be written in.
pub trait RowElement: Copy + Default + Send + Sync {
    /// Whether rows are written in place.
    const IN_PLACE: bool;

    /// Whether all of these are numbers, which those that were rounded need not be.
    fn in_range(row: &[Self]) -> bool;

    /// The nearest to `value`.
    fn rounded(value: f64) -> Self;

    /// Lets `write` fill `row`: in place where the types agree, through `buffer` where they do not.
    ///
    /// # Errors
    /// Errors of `write`, and [`Error::Memory`] for the buffer.
    fn fill(
        row: &mut [Self],
        buffer: &mut Vec<f64>,
        write: impl FnOnce(&mut [f64]) -> Result<(), Error>,
    ) -> Result<(), Error>;

    /// Writes `from` into `row`, which may be known to hold zeros.
    fn write(row: &mut [Self], from: &RowStretches<'_>, is_zero: bool);
}

impl RowElement for f64 {
    const IN_PLACE: bool = true;

    fn in_range(_: &[Self]) -> bool {
        true
    }

    fn rounded(value: f64) -> Self {
        value
    }

    fn fill(
        row: &mut [Self],
        _room: &mut Vec<f64>,
        write: impl FnOnce(&mut [f64]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        write(row)
    }

    fn write(row: &mut [Self], from: &RowStretches<'_>, is_zero: bool) {
        if is_zero { from.write_to_zeros(row) } else { from.write(row) }
    }
}

impl RowElement for f32 {
    const IN_PLACE: bool = false;

    fn in_range(row: &[Self]) -> bool {
        // Without its sign, a number is an integer that is larger the larger the number is.
        let size = |x: &Self| (x.to_bits() & !SIGN) as i32;
        row.iter().map(size).fold(0, i32::max) < Self::INFINITY.to_bits() as i32
    }

    fn rounded(value: f64) -> Self {
        value as Self
    }

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

    fn write(row: &mut [Self], from: &RowStretches<'_>, is_zero: bool) {
        let mut end = 0;
        let RowStretches { values, stretches, factor, last } = *from;
        for stretch in stretches {
            if !is_zero {
                row[end..stretch.start].fill(0.0);
            }
            let out = row[stretch.clone()].iter_mut();
            out.zip(&values[stretch.clone()]).for_each(|(out, value)| *out = (factor * value) as Self);
            end = stretch.end;
        }
        if !is_zero {
            row[end..values.len()].fill(0.0);
        }
        row[values.len()..].fill(last.unwrap_or(0.0) as Self);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_too_large_are_seen_wherever_they_are() {
        let mut row = [f32::MAX, -f32::MAX, 0.0, -0.0, 1e-40, -3.0, 7.0];
        assert!(RowElement::in_range(&row));
        for place in 0..row.len() {
            for bad in [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, -f32::NAN] {
                let good = std::mem::replace(&mut row[place], bad);
                assert!(!RowElement::in_range(&row), "{bad} at {place}");
                row[place] = good;
            }
        }
        assert!(f32::in_range(&[]));
    }
}
