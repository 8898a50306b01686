//! The only way from Python to work.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, TryLockError};
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
    // Before detaching: see `CACHED`.
    let pool = if rows < SMALL { None } else { pool(threads::resolve(options.threads))? };
    let mut listener = Listener { callback: options.progress.as_ref(), last: Instant::now(), raised: None };
    let worker_cache = options.worker_cache;
    let result = py.detach(|| {
        let mut progress = |done, total| listener.hear(done, total);
        work(&mut Job { pool: pool.as_deref(), progress: &mut progress, worker_cache })
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

/// A pool, and the process in which its threads live.
struct Cached {
    process: u32,
    threads: usize,
    pool: Arc<ThreadPool>,
}

/// The last pool used. Waking it costs a fifth of building one.
///
/// Only locked while attached to the interpreter, for as long as it takes to look or to build. A `fork` through
/// Python holds the GIL, so it never finds this locked; any other fork might, hence no waiting for the lock.
static CACHED: Mutex<Option<Cached>> = Mutex::new(None);

/// A pool of so many threads; one is the caller's own and needs none.
fn pool(threads: usize) -> PyResult<Option<Arc<ThreadPool>>> {
    if threads < 2 {
        return Ok(None);
    }
    let mut cached = match CACHED.try_lock() {
        Ok(guard) => guard,
        Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        Err(TryLockError::WouldBlock) => return Ok(Some(Arc::new(build(threads)?))),
    };
    let process = std::process::id();
    if let Some(known) = cached.as_ref()
        && (known.process, known.threads) == (process, threads)
    {
        return Ok(Some(Arc::clone(&known.pool)));
    }
    let pool = Arc::new(build(threads)?);
    let previous = cached.replace(Cached { process, threads, pool: Arc::clone(&pool) });
    if let Some(previous) = previous
        && previous.process != process
    {
        // A child of `fork` inherits the pool but none of its threads: to drop it would be to wait for them.
        std::mem::forget(previous);
    }
    Ok(Some(pool))
}

fn build(threads: usize) -> PyResult<ThreadPool> {
    // A thread that finds no memory for its own beginnings takes the process with it: first see that there is some.
    let needed = memory::with_capacity::<u8>("stacks of the threads", threads * (STACK + BESIDES));
    drop(needed.map_err(|error| errors::to_python(&error))?);
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .stack_size(STACK)
        .thread_name(|index| format!("isoprint-{index}"))
        .build()
        .map_err(|error| PyRuntimeError::new_err(format!("could not start {threads} threads ({error}); ask for fewer")))
}
