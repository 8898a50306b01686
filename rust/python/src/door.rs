//! The only way from Python to work.

use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use isoprint_core::engine::{Job, RowCounter, WorkerCache};
use isoprint_core::{Error, Stop, memory};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::{allocator, errors, threads};

/// Work on fewer rows than this is over before a second thread is awake.
const SMALL: usize = 16;

/// Time between two looks at signals, at least; less than work lets pass before it reports again.
const REPORT_INTERVAL: Duration = Duration::from_millis(25);

/// The stack of a thread, and what it needs besides to begin.
const STACK: usize = 2 << 20;
const BESIDES: usize = 1 << 19;

/// Options of a call: threads, progress, cached buffers.
#[derive(Default)]
pub struct CallOptions<'a> {
    /// Number of threads; 0 stands for the default.
    pub threads: usize,
    /// Called with (rows done, rows in all); may raise to stop.
    pub progress: Option<Py<PyAny>>,
    /// Buffers from the last call about the same descriptor.
    pub worker_cache: Option<&'a WorkerCache>,
}

impl CallOptions<'_> {
    /// These options without the callback, for a first step whose rows are not those of the result.
    pub fn silent(&self) -> Self {
        Self { threads: self.threads, progress: None, worker_cache: self.worker_cache }
    }
}

/// Does `work`, which is about `rows` rows long, detached from the interpreter, on as many threads as asked for.
///
/// Some twenty times a second the work reports progress on this thread, whoever does it: signals are looked at (Python
/// does so on its main thread only) and the caller's callback is called. What they raise stops the work within some
/// milliseconds and is raised here.
pub fn enter<R: Send>(
    py: Python<'_>,
    options: &CallOptions<'_>,
    rows: usize,
    work: impl FnOnce(&mut Job<'_>) -> Result<R, Error> + Send,
) -> PyResult<R> {
    allocator::fill_reserve().map_err(|error| errors::to_python(&error))?;
    // Before detaching, and given back after it: see `POOLS`.
    let lent = Lent::new(if rows < SMALL { 1 } else { threads::resolve(options.threads) })?;
    let mut listener = Listener { callback: options.progress.as_ref(), last: Instant::now(), raised: None };
    let worker_cache = options.worker_cache;
    let result = py.detach(|| {
        let mut progress = |done, total| listener.hear(done, total);
        work(&mut Job { pool: lent.pool.as_ref(), progress: &mut progress, worker_cache })
    });
    match listener.raised {
        Some(error) => Err(error),
        None => result.map_err(|error| errors::to_python(&error)),
    }
}

/// Prepares a descriptor, on the caller's thread; can be interrupted like all work.
pub fn prepare<R: Send>(py: Python<'_>, work: impl FnOnce(&Stop<'_>) -> Result<R, Error> + Send) -> PyResult<R> {
    enter(py, &CallOptions::default(), 0, |job| job.run_on_caller(&RowCounter::new(0), work))
}

/// Hears of progress, and passes it on to Python.
struct Listener<'a> {
    callback: Option<&'a Py<PyAny>>,
    last: Instant,
    raised: Option<PyErr>,
}

impl Listener<'_> {
    /// Looks at signals and calls the callback, but not too often: to attach to the interpreter is to wait until
    /// other Python threads let go of it. A callback always hears of the end.
    fn hear(&mut self, done: usize, total: usize) -> ControlFlow<()> {
        let ended = done == total && self.callback.is_some();
        if !ended && self.last.elapsed() < REPORT_INTERVAL {
            return ControlFlow::Continue(());
        }
        let answer = Python::try_attach(|py| {
            py.check_signals()?;
            self.callback.map_or(Ok(()), |callback| callback.call1(py, (done, total)).map(drop))
        });
        self.last = Instant::now();
        match answer {
            Some(Ok(())) => ControlFlow::Continue(()),
            Some(Err(error)) => {
                self.raised = Some(error);
                ControlFlow::Break(())
            }
            // The interpreter is gone.
            None => ControlFlow::Break(()),
        }
    }
}

/// Pools that were used and may be again, and those that are lent. Waking one costs a fifth of building one.
struct Pools {
    /// The process in which the threads live.
    process: u32,
    /// Calls that have a pool at the moment.
    lent: usize,
    idle: Vec<ThreadPool>,
}

/// Idle pools that are kept; more callers than this at once are rare.
const KEPT: usize = 8;

/// Only locked while attached to the interpreter, for as long as it takes to look or to build. A `fork` through
/// Python holds the GIL, so it never finds this locked; any other fork might, hence no waiting for the lock.
static POOLS: Mutex<Pools> = Mutex::new(Pools { process: 0, lent: 0, idle: Vec::new() });

/// A pool that helps one call and nobody else, so that no call waits for another.
struct Lent {
    /// There until it is given back.
    pool: Option<ThreadPool>,
    /// The process that lent it; `None` where nobody keeps count.
    process: Option<u32>,
}

impl Lent {
    /// Helpers for a call that may use so many threads, its caller's among them.
    ///
    /// Calls that run at the same time share: one that begins while `k` others have helpers takes its part, one in
    /// `k + 1` of the threads.
    fn new(threads: usize) -> PyResult<Self> {
        if threads < 2 {
            return Ok(Self { pool: None, process: None });
        }
        let mut pools = match POOLS.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Ok(Self { pool: Some(build(threads - 1)?), process: None }),
        };
        let process = std::process::id();
        if pools.process != process {
            // A child of `fork` inherits pools but none of their threads: to drop one would be to wait for them.
            std::mem::take(&mut pools.idle).into_iter().for_each(std::mem::forget);
            (pools.process, pools.lent) = (process, 0);
        }
        let helpers = (threads / (pools.lent + 1)).saturating_sub(1);
        if helpers == 0 {
            return Ok(Self { pool: None, process: None });
        }
        let known = pools.idle.iter().position(|pool| pool.current_num_threads() == helpers);
        let pool = match known {
            Some(place) => pools.idle.swap_remove(place),
            None => build(helpers)?,
        };
        pools.lent += 1;
        Ok(Self { pool: Some(pool), process: Some(process) })
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let (Some(pool), Some(process)) = (self.pool.take(), self.process) else { return };
        let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
        if std::process::id() != process {
            std::mem::forget(pool);
            return;
        }
        pools.lent -= 1;
        pools.idle.push(pool);
        let surplus = if pools.idle.len() > KEPT { Some(pools.idle.remove(0)) } else { None };
        drop(pools);
        drop(surplus);
    }
}

/// So many threads.
fn build(threads: usize) -> PyResult<ThreadPool> {
    // A thread that finds no memory for its own beginnings takes the process with it: first see that there is some.
    let needed = memory::with_capacity::<u8>("stacks of the threads", threads * (STACK + BESIDES));
    drop(needed.map_err(|error| errors::to_python(&error))?);
    let pool = ThreadPoolBuilder::new()
        .num_threads(threads)
        .stack_size(STACK)
        .thread_name(|index| format!("isoprint-{index}"))
        .build()
        .map_err(|error| {
            PyRuntimeError::new_err(format!("could not start {threads} threads ({error}); ask for fewer"))
        })?;
    // What a thread keeps for itself is made when it first needs it: now, before work takes the memory.
    pool.broadcast(|_| drop(std::hint::black_box(Vec::<u8>::with_capacity(1))));
    Ok(pool)
}

#[cfg(test)]
mod tests {
    use super::{Lent, ThreadPool};

    fn helpers(lent: &Lent) -> usize {
        lent.pool.as_ref().map_or(0, ThreadPool::current_num_threads)
    }

    #[test]
    fn calls_at_the_same_time_share_the_threads_and_pools_are_lent_again() {
        let lend = |threads| Lent::new(threads).expect("some threads");
        assert_eq!(helpers(&lend(1)), 0);
        let (first, second, third) = (lend(12), lend(12), lend(12));
        assert_eq!([&first, &second, &third].map(helpers), [11, 5, 3]);
        assert_eq!(helpers(&lend(3)), 0);
        let threads = |lent: &Lent| lent.pool.as_ref().map(|pool| pool.broadcast(|_| std::thread::current().id()));
        let known = threads(&third);
        drop((first, second, third));
        assert_eq!(threads(&lend(4)), known);
    }
}
