//! One call of the engine: its threads, its progress report, its cached buffers.

use std::ops::ControlFlow;

use super::worker_cache::WorkerCache;

/// Threads, a listener and buffers for one calculation.
pub struct Job<'a> {
    /// Threads that help the caller's, and nobody else while this job lasts; `None` stays on the caller's.
    pub pool: Option<&'a rayon::ThreadPool>,
    /// Told on the caller's thread, some twenty times a second, how many rows of how many are done; may stop the
    /// work, which then ends within some milliseconds, and with [`Error::Interrupted`](crate::Error::Interrupted).
    pub progress: &'a mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    /// Buffers that earlier jobs about the same descriptor have left, and this one may leave.
    pub worker_cache: Option<&'a WorkerCache>,
}
