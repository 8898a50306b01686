//! Work that its caller can stop.
//!
//! Only the caller's own thread can hear the caller: Python's signals, say. It works like all others, and asks in between
//! ([`Stop::check`]).

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::job::Job;
use crate::{Error, Stop};

/// Time between two moments at which the caller is heard.
pub const REPORT_INTERVAL: Duration = Duration::from_millis(50);

/// Counts rows for `progress`, over several walks.
pub struct RowCounter {
    done: AtomicUsize,
    total: usize,
}

impl RowCounter {
    /// Nothing of `total` rows done.
    pub fn new(total: usize) -> Self {
        Self { done: AtomicUsize::new(0), total }
    }

    /// So many rows more are done.
    pub fn add(&self, rows: usize) {
        self.done.fetch_add(rows, Ordering::Relaxed);
    }
}

impl Job<'_> {
    /// Tells the caller how far the work is.
    ///
    /// # Errors
    /// [`Error::Interrupted`] if the caller wants it to stop.
    pub fn report(&mut self, counter: &RowCounter) -> Result<(), Error> {
        let done = counter.done.load(Ordering::Relaxed);
        if (self.progress)(done, counter.total).is_break() { Err(Error::Interrupted) } else { Ok(()) }
    }

    /// Does `work` on the caller's own thread.
    ///
    /// # Errors
    /// Errors of `work`.
    pub fn run_on_caller<R>(
        &mut self,
        counter: &RowCounter,
        work: impl FnOnce(&Stop<'_>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let requested = AtomicBool::new(false);
        let caller = RefCell::new((self, Instant::now()));
        let ask = || {
            let (job, last) = &mut *caller.borrow_mut();
            if last.elapsed() < REPORT_INTERVAL {
                return false;
            }
            let stops = job.report(counter).is_err();
            // Others may have requested it meanwhile.
            requested.fetch_or(stops, Ordering::Relaxed);
            *last = Instant::now();
            stops
        };
        work(&Stop::polling(&requested, &ask))
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;

    /// Works until it is stopped.
    fn endless(stop: &Stop<'_>) -> Result<(), Error> {
        loop {
            stop.check()?;
            std::hint::spin_loop();
        }
    }

    #[test]
    fn work_on_the_callers_thread_stops_when_the_caller_wants_it() {
        let mut calls = Vec::new();
        let mut progress = |done, total| {
            calls.push((done, total));
            if calls.len() < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let mut job = Job { pool: None, progress: &mut progress, worker_cache: None };
        let counter = RowCounter::new(7);
        counter.add(2);
        assert_eq!(job.run_on_caller(&counter, endless), Err(Error::Interrupted));
        assert_eq!(calls, [(2, 7); 3]);
    }

    #[test]
    fn results_come_back() {
        let mut progress = |_, _| ControlFlow::Continue(());
        let mut job = Job { pool: None, progress: &mut progress, worker_cache: None };
        assert_eq!(job.run_on_caller(&RowCounter::new(0), |_| Ok(3)), Ok(3));
    }
}
