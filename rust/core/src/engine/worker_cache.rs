//! Buffers that wait for the next call.

use std::any::Any;
use std::sync::{Mutex, TryLockError};

/// Cache of one worker's buffers between calls about one descriptor.
///
/// A call about one center is over so soon that fresh memory from the system would cost more than its row. Only work
/// on the caller's own thread, which is short work, looks here. Nobody ever waits: whoever finds this in use makes
/// buffers of its own, and so does a child of `fork` that inherits a locked one.
#[derive(Default)]
pub struct WorkerCache(Mutex<Option<Box<dyn Any + Send>>>);

impl WorkerCache {
    /// The buffers that wait here, if they are of this kind.
    pub(super) fn take<W: 'static>(&self) -> Option<W> {
        let waiting = self.slot(Option::take)??;
        waiting.downcast().ok().map(|buffers| *buffers)
    }

    /// Leaves buffers for the next call.
    pub(super) fn put<W: Send + 'static>(&self, buffers: W) {
        let buffers: Box<dyn Any + Send> = Box::new(buffers);
        let replaced = self.slot(|slot| slot.replace(buffers));
        drop(replaced);
    }

    /// Asks the slot, unless somebody else does.
    fn slot<R>(&self, ask: impl FnOnce(&mut Option<Box<dyn Any + Send>>) -> R) -> Option<R> {
        match self.0.try_lock() {
            Ok(mut slot) => Some(ask(&mut slot)),
            Err(TryLockError::Poisoned(poisoned)) => Some(ask(&mut poisoned.into_inner())),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::WorkerCache;

    #[test]
    fn buffers_wait_until_they_are_asked_for_by_their_kind() {
        let worker_cache = WorkerCache::default();
        assert_eq!(worker_cache.take::<Vec<f64>>(), None);
        worker_cache.put(vec![1.0]);
        assert_eq!(worker_cache.take::<Vec<f64>>(), Some(vec![1.0]));
        assert_eq!(worker_cache.take::<Vec<f64>>(), None);
        worker_cache.put(vec![2.0]);
        assert_eq!(worker_cache.take::<String>(), None);
        let _held = worker_cache.0.lock();
        assert_eq!(worker_cache.take::<Vec<f64>>(), None);
    }
}
