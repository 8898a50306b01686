//! Memory that may be refused: whatever grows with what a user hands in is asked for here.
//!
//! A vector that cannot grow ends the process. These can be told no, and say how much it was.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::Error;

/// Whether all requests for memory are to be refused.
static SCARCE: AtomicBool = AtomicBool::new(false);

/// Says whether memory is so scarce that all that can be told no should be: whoever provides it knows.
pub fn set_scarce(scarce: bool) {
    SCARCE.store(scarce, Ordering::Relaxed);
}

/// Remedy in the message of a refusal.
const REMEDY: &str = "work on fewer atoms, frames or centers at a time, with fewer threads, or with more memory";

/// The error for `n` numbers of this type.
pub fn refusal<T>(what: &'static str, n: usize) -> Error {
    Error::Memory { what, bytes: n as u128 * size_of::<T>() as u128, remedy: REMEDY }
}

/// Room for `more` entries behind the last.
///
/// # Errors
/// [`Error::Memory`].
#[inline]
pub fn reserve<T>(what: &'static str, vector: &mut Vec<T>, more: usize) -> Result<(), Error> {
    if vector.capacity() - vector.len() >= more {
        return Ok(());
    }
    grow(what, vector, more)
}

/// More room than asked for where that can be had, so that many small steps cost little.
#[cold]
#[inline(never)]
fn grow<T>(what: &'static str, vector: &mut Vec<T>, more: usize) -> Result<(), Error> {
    let grown = vector.try_reserve(more).or_else(|_| vector.try_reserve_exact(more));
    match grown {
        Ok(()) if !SCARCE.load(Ordering::Relaxed) => Ok(()),
        _ => Err(refusal::<T>(what, vector.len().saturating_add(more))),
    }
}

/// Room for `more` entries behind the last of a queue.
///
/// # Errors
/// [`Error::Memory`].
pub fn reserve_queue<T>(what: &'static str, queue: &mut VecDeque<T>, more: usize) -> Result<(), Error> {
    if queue.capacity() - queue.len() >= more {
        return Ok(());
    }
    match queue.try_reserve(more) {
        Ok(()) if !SCARCE.load(Ordering::Relaxed) => Ok(()),
        _ => Err(refusal::<T>(what, queue.len().saturating_add(more))),
    }
}

/// No entries yet, and room for `n`.
///
/// # Errors
/// [`Error::Memory`].
pub fn with_capacity<T>(what: &'static str, n: usize) -> Result<Vec<T>, Error> {
    let mut vector = Vec::new();
    if n > 0 {
        match vector.try_reserve_exact(n) {
            Ok(()) if !SCARCE.load(Ordering::Relaxed) => {}
            _ => return Err(refusal::<T>(what, n)),
        }
    }
    Ok(vector)
}

/// `n` times the same.
///
/// # Errors
/// [`Error::Memory`].
pub fn filled<T: Clone>(what: &'static str, n: usize, value: T) -> Result<Vec<T>, Error> {
    let mut vector = with_capacity(what, n)?;
    vector.resize(n, value);
    Ok(vector)
}

/// `n` zeros, or whatever the default is.
///
/// # Errors
/// [`Error::Memory`].
pub fn zeros<T: Clone + Default>(what: &'static str, n: usize) -> Result<Vec<T>, Error> {
    filled(what, n, T::default())
}

/// Makes it that long; what was there stays.
///
/// # Errors
/// [`Error::Memory`].
#[inline]
pub fn resize<T: Clone>(what: &'static str, vector: &mut Vec<T>, n: usize, value: T) -> Result<(), Error> {
    reserve(what, vector, n.saturating_sub(vector.len()))?;
    vector.resize(n, value);
    Ok(())
}

/// Makes it `n` times the same.
///
/// # Errors
/// [`Error::Memory`].
#[inline]
pub fn refill<T: Clone>(what: &'static str, vector: &mut Vec<T>, n: usize, value: T) -> Result<(), Error> {
    vector.clear();
    resize(what, vector, n, value)
}

/// All that `entries` has, whose number is known.
///
/// # Errors
/// [`Error::Memory`].
pub fn collect<T>(what: &'static str, entries: impl ExactSizeIterator<Item = T>) -> Result<Vec<T>, Error> {
    let mut vector = with_capacity(what, entries.len())?;
    vector.extend(entries);
    Ok(vector)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOO_MANY: usize = isize::MAX as usize / 16;

    #[test]
    fn what_cannot_be_had_is_an_error_with_its_size() {
        let expected = refusal::<f64>("test", TOO_MANY);
        assert!(matches!(expected, Error::Memory { bytes, .. } if bytes == 8 * TOO_MANY as u128));
        assert_eq!(with_capacity::<f64>("test", TOO_MANY), Err(expected.clone()));
        assert_eq!(zeros::<f64>("test", TOO_MANY), Err(expected.clone()));
        let mut some = vec![1.0; 3];
        assert_eq!(resize("test", &mut some, TOO_MANY, 0.0), Err(expected.clone()));
        assert_eq!(some, [1.0; 3]);
        assert_eq!(reserve("test", &mut some, TOO_MANY - 3), Err(expected));
        assert!(reserve("test", &mut some, usize::MAX).is_err());
        let mut queue = VecDeque::from(vec![1.0; 3]);
        assert_eq!(reserve_queue("test", &mut queue, TOO_MANY - 3), Err(refusal::<f64>("test", TOO_MANY)));
        assert_eq!(queue, [1.0; 3]);
    }

    #[test]
    fn what_can_be_had_is_there() {
        let mut some = zeros::<u8>("test", 3).expect("three bytes");
        resize("test", &mut some, 5, 7).expect("five bytes");
        assert_eq!(some, [0, 0, 0, 7, 7]);
        refill("test", &mut some, 2, 1).expect("two bytes");
        assert_eq!(some, [1, 1]);
        assert_eq!(collect("test", [3, 4].into_iter()), Ok(vec![3, 4]));
    }
}
