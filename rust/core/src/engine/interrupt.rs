//! Work that its caller can stop.
//!
//! Only the caller's own thread can hear the caller: Python's signals, say. Where a pool works, that thread waits and
//! listens meanwhile; where it works itself, it is asked in between ([`Stop::check`]).

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use rayon::ThreadPool;

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
            requested.store(stops, Ordering::Relaxed);
            *last = Instant::now();
            stops
        };
        work(&Stop::polling(&requested, &ask))
    }

    /// Does `work` on a thread of `pool`, where it may ask others for help.
    ///
    /// # Errors
    /// Errors of `work`.
    pub fn run_on_pool<R: Send>(
        &mut self,
        pool: &ThreadPool,
        counter: &RowCounter,
        work: impl FnOnce(&Stop<'_>) -> Result<R, Error> + Send,
    ) -> Result<R, Error> {
        let requested = AtomicBool::new(false);
        let (sender, receiver) = sync_channel(1);
        pool.in_place_scope(|scope| {
            let stop = &requested;
            scope.spawn(move |_| {
                let _ = sender.send(work(&Stop::on_request(stop)));
            });
            loop {
                match receiver.recv_timeout(REPORT_INTERVAL) {
                    Ok(result) => return result,
                    Err(RecvTimeoutError::Timeout) if requested.load(Ordering::Relaxed) => {}
                    Err(RecvTimeoutError::Timeout) => requested.store(self.report(counter).is_err(), Ordering::Relaxed),
                    // A panic, which the scope passes on.
                    Err(RecvTimeoutError::Disconnected) => return Err(Error::Interrupted),
                }
            }
        })
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
    fn work_stops_wherever_it_is_done() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("two threads");
        for pool in [None, Some(&pool)] {
            let here = std::thread::current().id();
            let mut calls = Vec::new();
            let mut progress = |done, total| {
                assert_eq!(std::thread::current().id(), here);
                calls.push((done, total));
                if calls.len() < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            };
            let mut job = Job { pool, progress: &mut progress, worker_cache: None };
            let counter = RowCounter::new(7);
            counter.add(2);
            let result = match pool {
                None => job.run_on_caller(&counter, endless),
                Some(pool) => job.run_on_pool(pool, &counter, endless),
            };
            assert_eq!(result, Err(Error::Interrupted));
            assert_eq!(calls, [(2, 7); 3]);
        }
    }

    #[test]
    fn results_come_back() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("two threads");
        let mut progress = |_, _| ControlFlow::Continue(());
        let mut job = Job { pool: None, progress: &mut progress, worker_cache: None };
        assert_eq!(job.run_on_caller(&RowCounter::new(0), |_| Ok(3)), Ok(3));
        assert_eq!(job.run_on_pool(&pool, &RowCounter::new(0), |_| Ok(4)), Ok(4));
        let threads = job.run_on_pool(&pool, &RowCounter::new(0), |_| Ok(rayon::current_num_threads()));
        assert_eq!(threads, Ok(2));
    }
}
