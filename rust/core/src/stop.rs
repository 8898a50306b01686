//! Interrupts: a flag that long work looks at.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::Error;

/// Steps of a loop that are worth one look at the clock; so many take some microseconds.
const WORTH_A_LOOK: usize = 1 << 14;

/// A request to stop, as seen by the code that works.
///
/// Whatever may take long looks here every few milliseconds at least, and leaves with [`Error::Interrupted`] once a
/// stop has been requested. What it leaves behind means nothing then, and is not looked at.
#[derive(Clone, Copy)]
pub struct Stop<'a> {
    requested: &'a AtomicBool,
    ask: Option<&'a dyn Fn() -> bool>,
}

impl<'a> Stop<'a> {
    /// A stop that nobody will request.
    pub fn never() -> Stop<'static> {
        static NEVER: AtomicBool = AtomicBool::new(false);
        Stop::on_request(&NEVER)
    }

    /// A stop that somebody on another thread may request.
    pub fn on_request(requested: &'a AtomicBool) -> Self {
        Self { requested, ask: None }
    }

    /// A stop that the worker's own thread decides about: `ask` is called in between.
    pub fn polling(requested: &'a AtomicBool, ask: &'a dyn Fn() -> bool) -> Self {
        Self { requested, ask: Some(ask) }
    }

    /// The flag, for other threads to look at.
    pub fn requested(&self) -> &'a AtomicBool {
        self.requested
    }

    /// Looks, and asks.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    #[inline]
    pub fn check(&self) -> Result<(), Error> {
        if self.requested.load(Ordering::Relaxed) || self.ask.is_some_and(|ask| ask()) {
            return Err(Error::Interrupted);
        }
        Ok(())
    }

    /// Checks for an interrupt, if the `steps` of some loop since the last check, of about a nanosecond each, are worth a
    /// look at the flag: short work is not slowed down.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    #[inline]
    pub fn check_after(&self, steps: usize) -> Result<(), Error> {
        if steps < WORTH_A_LOOK { Ok(()) } else { self.check() }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_request_is_seen_once_it_is_made_and_short_work_does_not_ask() {
        assert_eq!(Stop::never().check(), Ok(()));
        let requested = AtomicBool::new(false);
        let asked = Cell::new(0);
        let ask = || {
            asked.set(asked.get() + 1);
            asked.get() == 2
        };
        let stop = Stop::polling(&requested, &ask);
        assert_eq!(stop.check_after(WORTH_A_LOOK - 1), Ok(()));
        assert_eq!(asked.get(), 0);
        assert_eq!(stop.check_after(WORTH_A_LOOK), Ok(()));
        assert_eq!(stop.check(), Err(Error::Interrupted));
        requested.store(true, Ordering::Relaxed);
        assert_eq!(Stop::on_request(&requested).check(), Err(Error::Interrupted));
        assert_eq!(stop.check(), Err(Error::Interrupted));
        assert_eq!(asked.get(), 2);
    }
}
