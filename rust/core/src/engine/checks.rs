//! Arrays of the wrong length, and entries that are not finite.

use crate::Error;

/// Refuses an array that does not have the length that is expected.
///
/// # Errors
/// [`Error::Shape`].
pub fn check_length(name: &'static str, found: usize, expected: usize) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    Err(Error::Shape { name, expected: vec![expected], found: vec![found] })
}

/// Refuses an array with `n_columns` columns that has an entry which is not finite.
///
/// # Errors
/// [`Error::EntryNotFinite`].
pub fn check_finite(name: &'static str, entries: &[f64], n_columns: usize) -> Result<(), Error> {
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
