//! Pieces of work that the caller's thread and its helpers take from one queue.
//!
//! Pieces are taken in their order, computed side by side, and merged in their order by whoever completes the one that is
//! due: nobody waits for others before the end, and sums are the same for any number of threads. What lies ready and is
//! not yet due is bounded, and so is its memory.
//!
//! The caller's thread works like all others, and is the only one that can hear the caller: it asks in between
//! ([`Stop::check`]), and while it waits for others to finish.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rayon::Scope;

use super::interrupt::{REPORT_INTERVAL, RowCounter};
use super::job::Job;
use crate::{Error, Stop, memory};

/// Purpose of the memory, for the message where it is refused.
const READY: &str = "results that wait for those before them";

/// Pieces that are taken at a time at most: small ones, so that threads do not stand in line for them.
const AT_ONCE: usize = 8;
/// Rows that are taken at a time, if a piece has not more.
const ROWS_AT_ONCE: usize = 64;
/// Shares into which a thread's part of what is left is cut, so that all threads end together.
const SHARES: usize = 4;
/// Rows for each thread that are computed and not yet due, or being computed, at most.
const ROWS_AHEAD: usize = 4 * ROWS_AT_ONCE;
/// Looks at the others, of about ten nanoseconds each, before the caller goes to sleep.
const SPINS: usize = 2000;

/// Pieces of work, which are numbered from 0, and what is done with each.
pub struct Pieces<Size, Begin, Payload, Visit, Merge> {
    /// Rows of a piece, its size.
    pub size: Size,
    /// Makes the buffers of one thread.
    pub worker: Begin,
    /// What a piece needs of its own, such as the rows that it writes; asked in the order of the pieces.
    pub payload: Payload,
    /// Computes a piece with the buffers of a thread, on any of them.
    pub visit: Visit,
    /// Takes what `visit` returned, in the order of the pieces, on any thread.
    pub merge: Merge,
}

/// Does `n_pieces` pieces of work on all threads of `job`. Buffers come from `stock` and go there.
///
/// # Errors
/// Of the first piece that has one, and [`Error::Interrupted`].
pub fn share<W: Send, P: Send, R: Send>(
    job: &mut Job<'_>,
    counter: &RowCounter,
    n_pieces: usize,
    stock: &Mutex<Vec<W>>,
    pieces: Pieces<
        impl Fn(usize) -> usize + Sync,
        impl Fn() -> Result<W, Error> + Sync,
        impl FnMut(usize) -> P + Send,
        impl Fn(&mut W, usize, P, &Stop<'_>) -> Result<R, Error> + Sync,
        impl FnMut(usize, R) -> Result<(), Error> + Send,
    >,
) -> Result<(), Error> {
    let Pieces { size, worker, payload, visit, merge } = pieces;
    let pool = job.pool;
    let n_helpers = pool.map_or(0, rayon::ThreadPool::current_num_threads).min(n_pieces.saturating_sub(1));
    let queue = Queue {
        n_threads: n_helpers + 1,
        n_pieces,
        size,
        helping: AtomicUsize::new(n_helpers),
        state: Mutex::new(State {
            payload,
            next: 0,
            end: n_pieces,
            rows_left: 0,
            rows_ahead: 0,
            due: 0,
            ready: VecDeque::new(),
            merge: Some(merge),
            error: None,
            waiting: 0,
        }),
        changed: Condvar::new(),
    };
    queue.lock().rows_left = (0..n_pieces).map(&queue.size).sum();
    let through = |stop: &Stop<'_>| queue.work_through(stock, &worker, &visit, stop);
    job.run_on_caller(counter, |stop| {
        let Some(pool) = pool.filter(|_| n_helpers > 0) else {
            through(stop);
            return Ok(());
        };
        let requested = stop.requested();
        let help = || {
            let _leaving = Leaving { queue: &queue, requested, helps: true };
            through(&Stop::on_request(requested));
        };
        pool.in_place_scope(|scope| {
            let _leaving = Leaving { queue: &queue, requested, helps: false };
            enlist(scope, 0, n_helpers, &help);
            through(stop);
            queue.wait_for_helpers(stop);
        });
        Ok(())
    })?;
    queue.result()
}

/// Wakes `n` helpers from number `k` on, like the branches of a tree: to wake all would take one thread too long.
fn enlist<'scope>(scope: &Scope<'scope>, k: usize, n: usize, help: &'scope (dyn Fn() + Sync)) {
    if k < n {
        scope.spawn(move |scope| {
            enlist(scope, 2 * k + 1, n, help);
            enlist(scope, 2 * k + 2, n, help);
            help();
        });
    }
}

struct Queue<Size, P, R, Payload, Merge>
where
    Payload: FnMut(usize) -> P,
{
    n_threads: usize,
    n_pieces: usize,
    size: Size,
    /// Helpers that have not left yet, or not even come.
    helping: AtomicUsize,
    state: Mutex<State<R, Payload, Merge>>,
    /// Told when some pieces were merged or a helper has left, if somebody waits for that.
    changed: Condvar,
}

struct State<R, Payload, Merge> {
    payload: Payload,
    /// The next piece to be taken, and the one before which to stop.
    next: usize,
    end: usize,
    /// Rows of the pieces that were not taken yet.
    rows_left: usize,
    /// Rows of the pieces that were taken and not merged.
    rows_ahead: usize,
    /// The next piece to be merged, and what lies ready from that one on.
    due: usize,
    ready: VecDeque<Option<Result<R, Error>>>,
    /// Not there while somebody merges, and after an error.
    merge: Option<Merge>,
    error: Option<Error>,
    /// Threads that wait for a change.
    waiting: usize,
}

/// Some consecutive pieces.
struct Taken<P> {
    first: usize,
    payloads: [Option<P>; AT_ONCE],
}

impl<Size, P, R, Payload, Merge> Queue<Size, P, R, Payload, Merge>
where
    Size: Fn(usize) -> usize,
    Payload: FnMut(usize) -> P,
    Merge: FnMut(usize, R) -> Result<(), Error>,
{
    /// A thread that panicked takes the whole call with it.
    fn lock(&self) -> MutexGuard<'_, State<R, Payload, Merge>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes pieces and computes them until there are none.
    fn work_through<W>(
        &self,
        stock: &Mutex<Vec<W>>,
        make: &impl Fn() -> Result<W, Error>,
        visit: &impl Fn(&mut W, usize, P, &Stop<'_>) -> Result<R, Error>,
        stop: &Stop<'_>,
    ) {
        let stocked = || stock.lock().unwrap_or_else(PoisonError::into_inner);
        let mut worker = None;
        while let Some(Taken { first, payloads }) = self.take(stop) {
            let mut results = [const { None }; AT_ONCE];
            for ((piece, payload), result) in (first..).zip(payloads.into_iter().flatten()).zip(&mut results) {
                let buffers = worker.take().or_else(|| stocked().pop()).map_or_else(make, Ok);
                let visited = buffers.and_then(|mut buffers| {
                    let visited = visit(&mut buffers, piece, payload, stop)?;
                    // What was left in the middle is not used again.
                    worker = Some(buffers);
                    Ok(visited)
                });
                let failed = visited.is_err();
                *result = Some(visited);
                if failed {
                    break;
                }
            }
            self.deliver(first, results);
        }
        stocked().extend(worker);
    }

    /// The next pieces; none if there are no more, or a stop was requested.
    fn take(&self, stop: &Stop<'_>) -> Option<Taken<P>> {
        stop.check().ok()?;
        let mut state = self.lock();
        while state.next < state.end && state.rows_ahead >= self.n_threads * ROWS_AHEAD {
            state = self.wait(state);
            drop(state);
            stop.check().ok()?;
            state = self.lock();
        }
        let share = (state.rows_left / (SHARES * self.n_threads)).min(ROWS_AT_ONCE);
        let mut taken = Taken { first: state.next, payloads: [const { None }; AT_ONCE] };
        let mut rows = 0;
        for payload in &mut taken.payloads {
            if state.next >= state.end {
                break;
            }
            let size = (self.size)(state.next);
            if rows > 0 && rows + size > share {
                break;
            }
            let piece = state.next;
            *payload = Some((state.payload)(piece));
            state.next += 1;
            rows += size;
        }
        state.rows_left -= rows;
        state.rows_ahead += rows;
        taken.payloads[0].is_some().then_some(taken)
    }

    /// Leaves results, and merges all that are due unless somebody else does.
    fn deliver(&self, first: usize, results: [Option<Result<R, Error>>; AT_ONCE]) {
        let mut state = self.lock();
        for (piece, result) in (first..).zip(results.into_iter().flatten()) {
            let place = piece - state.due;
            let more = (place + 1).saturating_sub(state.ready.len());
            if let Err(error) = memory::reserve_queue(READY, &mut state.ready, more) {
                self.fail(&mut state, error);
                return;
            }
            while state.ready.len() <= place {
                state.ready.push_back(None);
            }
            state.ready[place] = Some(result);
        }
        let Some(mut merge) = state.merge.take() else { return };
        while let Some(result) = state.ready.front_mut().and_then(Option::take) {
            let piece = state.due;
            state.ready.pop_front();
            state.due += 1;
            state.rows_ahead -= (self.size)(piece);
            drop(state);
            let merged = result.and_then(|result| merge(piece, result));
            state = self.lock();
            if let Err(error) = merged {
                self.fail(&mut state, error);
                return;
            }
        }
        state.merge = Some(merge);
        self.tell(&state);
    }

    /// Ends the work with an error: nothing is begun any more.
    fn fail(&self, state: &mut State<R, Payload, Merge>, error: Error) {
        state.error = Some(error);
        state.end = state.next;
        self.tell(state);
    }

    fn tell(&self, state: &State<R, Payload, Merge>) {
        if state.waiting > 0 {
            self.changed.notify_all();
        }
    }

    /// Waits for a change, but not long.
    fn wait<'a>(
        &self,
        mut state: MutexGuard<'a, State<R, Payload, Merge>>,
    ) -> MutexGuard<'a, State<R, Payload, Merge>> {
        state.waiting += 1;
        let waited = self.changed.wait_timeout(state, REPORT_INTERVAL);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        state.waiting -= 1;
        state
    }

    /// Waits until all helpers have left; the caller is heard meanwhile.
    fn wait_for_helpers(&self, stop: &Stop<'_>) {
        let left = || self.helping.load(Ordering::Acquire) == 0;
        if !(0..SPINS).any(|_| {
            std::hint::spin_loop();
            left()
        }) {
            loop {
                let state = self.lock();
                if left() {
                    break;
                }
                drop(self.wait(state));
                // The request is all that matters: helpers see it too.
                let _ = stop.check();
            }
        }
        // They still have to tell the pool.
        std::thread::yield_now();
    }

    fn result(self) -> Result<(), Error> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        match state.error {
            Some(error) => Err(error),
            None if state.due < self.n_pieces => Err(Error::Interrupted),
            None => Ok(()),
        }
    }
}

/// What a thread does when it leaves, in a panic too: then all others leave as well.
struct Leaving<'a, Size, P, R, Payload: FnMut(usize) -> P, Merge> {
    queue: &'a Queue<Size, P, R, Payload, Merge>,
    requested: &'a AtomicBool,
    helps: bool,
}

impl<Size, P, R, Payload: FnMut(usize) -> P, Merge> Drop for Leaving<'_, Size, P, R, Payload, Merge> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.requested.store(true, Ordering::Relaxed);
        }
        if self.helps && self.queue.helping.fetch_sub(1, Ordering::AcqRel) == 1 {
            let state = self.queue.state.lock().unwrap_or_else(PoisonError::into_inner);
            if state.waiting > 0 {
                self.queue.changed.notify_all();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::ops::ControlFlow;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::thread::ThreadId;
    use std::time::Duration;

    use rayon::{ThreadPool, ThreadPoolBuilder};

    use super::*;

    const PIECES: usize = 1000;

    fn helpers(n: usize) -> ThreadPool {
        ThreadPoolBuilder::new().num_threads(n).build().expect("some threads")
    }

    /// What `visit` makes of the pieces, in the order in which it was merged, and who worked.
    fn shared(
        pool: Option<&ThreadPool>,
        progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
        visit: impl Fn(usize, &Stop<'_>) -> Result<usize, Error> + Sync,
    ) -> (Result<(), Error>, Vec<usize>, HashSet<ThreadId>) {
        let mut job = Job { pool, progress, worker_cache: None };
        let (mut merged, mut payloads) = (Vec::new(), 0..);
        let stock = Mutex::new(Vec::new());
        let pieces = Pieces {
            size: |piece: usize| piece % 7,
            worker: || Ok(std::thread::current().id()),
            payload: |piece: usize| (piece, payloads.next()),
            visit: |worker: &mut ThreadId, piece: usize, payload: (usize, Option<usize>), stop: &Stop<'_>| {
                assert_eq!(*worker, std::thread::current().id());
                assert_eq!(payload, (piece, Some(piece)));
                visit(piece, stop)
            },
            merge: |piece: usize, result: usize| {
                assert_eq!(piece, merged.len());
                merged.push(result);
                Ok(())
            },
        };
        let result = share(&mut job, &RowCounter::new(PIECES), PIECES, &stock, pieces);
        (result, merged, stock.into_inner().expect("nobody panicked").into_iter().collect())
    }

    fn never(_: usize, _: usize) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    #[test]
    fn results_are_merged_in_order_whoever_is_quick() {
        let slow = |piece: usize, _: &Stop<'_>| {
            std::thread::sleep(Duration::from_micros((piece * 7919 % 300) as u64));
            Ok(3 * piece)
        };
        for n in [0, 1, 3, 16] {
            let pool = (n > 0).then(|| helpers(n));
            let (result, merged, workers) = shared(pool.as_ref(), &mut never, slow);
            assert_eq!(result, Ok(()));
            assert!(merged.into_iter().eq((0..PIECES).map(|piece| 3 * piece)));
            assert!(workers.len() <= n + 1);
            assert!(workers.contains(&std::thread::current().id()), "the caller works too");
        }
    }

    #[test]
    fn the_first_error_in_order_is_told() {
        let pool = helpers(3);
        let wrong = |piece: usize, _: &Stop<'_>| {
            if piece == 400 {
                std::thread::sleep(Duration::from_millis(5));
            }
            if piece < 400 { Ok(piece) } else { Err(Error::NotAnElement { frame: piece, atom: 0, number: -1 }) }
        };
        for pool in [None, Some(&pool)] {
            let (result, merged, _) = shared(pool, &mut never, wrong);
            assert_eq!(result, Err(Error::NotAnElement { frame: 400, atom: 0, number: -1 }));
            assert_eq!(merged.len(), 400);
        }
    }

    #[test]
    fn all_stop_when_the_caller_wants_it_while_the_caller_works_or_waits() {
        let (pool, here) = (helpers(2), std::thread::current().id());
        for caller_works in [true, false] {
            let mut calls = 0;
            let mut progress = |_, _| {
                assert_eq!(std::thread::current().id(), here);
                calls += 1;
                if calls < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            };
            let helped = AtomicBool::new(false);
            let endless = |piece: usize, stop: &Stop<'_>| loop {
                let calls = std::thread::current().id() == here;
                helped.fetch_or(!calls, Ordering::Relaxed);
                if calls && !caller_works && helped.load(Ordering::Relaxed) {
                    return Ok(piece);
                }
                stop.check()?;
            };
            let (result, merged, _) = shared(Some(&pool), &mut progress, endless);
            assert_eq!(result, Err(Error::Interrupted));
            assert!(merged.len() < PIECES);
            assert_eq!(calls, 3);
        }
    }

    #[test]
    fn what_is_not_due_is_bounded() {
        let pool = helpers(3);
        let (started, ended) = (AtomicUsize::new(0), AtomicBool::new(false));
        let first_is_slow = |piece: usize, _: &Stop<'_>| {
            if piece == 0 {
                std::thread::sleep(Duration::from_millis(100));
                ended.store(true, Ordering::Relaxed);
            } else if !ended.load(Ordering::Relaxed) {
                started.fetch_add(1, Ordering::Relaxed);
            }
            Ok(piece)
        };
        let (result, merged, _) = shared(Some(&pool), &mut never, first_is_slow);
        assert_eq!((result, merged.len()), (Ok(()), PIECES));
        // Three rows a piece.
        assert!(started.into_inner() < 4 * ROWS_AHEAD / 3 + 4 * AT_ONCE, "others waited");
    }

    #[test]
    fn a_panic_is_passed_on_whoever_panics() {
        let (pool, here) = (helpers(2), std::thread::current().id());
        for caller_panics in [true, false] {
            let panics = |piece: usize, stop: &Stop<'_>| loop {
                assert!((std::thread::current().id() == here) != caller_panics, "as is wanted");
                if piece > 500 {
                    return Ok(piece);
                }
                stop.check()?;
            };
            let outcome = catch_unwind(AssertUnwindSafe(|| shared(Some(&pool), &mut never, panics)));
            assert!(outcome.is_err());
            let (result, merged, _) = shared(Some(&pool), &mut never, |piece, _| Ok(piece));
            assert_eq!((result, merged.len()), (Ok(()), PIECES), "the threads are there for the next call");
        }
    }
}
