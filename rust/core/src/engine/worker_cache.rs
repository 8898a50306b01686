//! What a call leaves to the next about the same descriptor: buffers, and the frames that it has prepared.

use std::any::Any;
use std::sync::{Arc, Mutex, TryLockError};

/// Frames that are remembered at most.
const FRAMES: usize = 2;

/// Cache of the workers' buffers, and of the last frames, between calls about one descriptor.
///
/// A call about one center is over so soon that fresh memory from the system would cost more than its row, and what
/// several threads ask for at once takes longer still. Nobody ever waits: whoever finds this in use makes buffers of its
/// own, and so does a child of `fork` that inherits a locked one.
#[derive(Default)]
pub struct WorkerCache {
    workers: Mutex<Vec<Box<dyn Any + Send>>>,
    frames: Mutex<Vec<Arc<dyn Any + Send + Sync>>>,
}

impl WorkerCache {
    /// At most `n` of the buffers that wait here and are of this kind.
    pub(super) fn take<W: 'static>(&self, n: usize) -> Vec<W> {
        let taken = ask(&self.workers, |waiting| {
            let mut taken = Vec::new();
            for place in (0..waiting.len()).rev() {
                if taken.len() < n && (*waiting[place]).is::<W>() {
                    taken.push(waiting.swap_remove(place));
                }
            }
            taken
        });
        let of_kind = |buffers: Box<dyn Any + Send>| buffers.downcast().ok().map(|buffers| *buffers);
        taken.into_iter().flatten().filter_map(of_kind).collect()
    }

    /// Leaves buffers for the next call. There are never more than were in use at the same time.
    pub(super) fn put<W: Send + 'static>(&self, buffers: Vec<W>) {
        ask(&self.workers, |waiting| waiting.extend(buffers.into_iter().map(|buffers| Box::new(buffers) as _)));
    }

    /// The remembered frame that answers to a description.
    pub(super) fn recall<T: Any + Send + Sync>(&self, is_it: impl Fn(&T) -> bool) -> Option<Arc<T>> {
        let remembered = ask(&self.frames, |frames| frames.clone())?;
        remembered.into_iter().filter_map(|frame| frame.downcast().ok()).find(|frame| is_it(frame))
    }

    /// Remembers a frame, and forgets the oldest where there are too many or they are larger than `limit` together.
    pub(super) fn remember<T: Any + Send + Sync>(&self, frame: T, size: impl Fn(&T) -> usize, limit: usize) {
        let forgotten = ask(&self.frames, |frames| {
            frames.push(Arc::new(frame));
            let of = |frame: &Arc<dyn Any + Send + Sync>| frame.downcast_ref().map_or(0, &size);
            let mut surplus = frames.len().saturating_sub(FRAMES);
            while surplus < frames.len() && frames[surplus..].iter().map(of).sum::<usize>() > limit {
                surplus += 1;
            }
            frames.drain(..surplus).collect::<Vec<_>>()
        });
        drop(forgotten);
    }
}

/// Asks, unless somebody else does.
fn ask<T, R>(cache: &Mutex<T>, ask: impl FnOnce(&mut T) -> R) -> Option<R> {
    match cache.try_lock() {
        Ok(mut cached) => Some(ask(&mut cached)),
        Err(TryLockError::Poisoned(poisoned)) => Some(ask(&mut poisoned.into_inner())),
        Err(TryLockError::WouldBlock) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::WorkerCache;

    #[test]
    fn buffers_wait_until_they_are_asked_for_by_their_kind() {
        let worker_cache = WorkerCache::default();
        assert!(worker_cache.take::<Vec<f64>>(2).is_empty());
        worker_cache.put(vec![vec![1.0], vec![2.0], vec![3.0]]);
        assert_eq!(worker_cache.take::<Vec<f64>>(2), [[3.0], [2.0]]);
        assert_eq!(worker_cache.take::<Vec<f64>>(2), [[1.0]]);
        assert!(worker_cache.take::<Vec<f64>>(2).is_empty());
        worker_cache.put(vec![vec![2.0]]);
        assert!(worker_cache.take::<String>(2).is_empty());
        worker_cache.put(vec![String::from("other")]);
        assert_eq!(worker_cache.take::<Vec<f64>>(2), [[2.0]]);
        worker_cache.put(vec![vec![4.0]]);
        let _held = worker_cache.workers.lock();
        assert!(worker_cache.take::<Vec<f64>>(1).is_empty());
    }

    #[test]
    fn the_last_frames_are_remembered_while_they_are_not_too_large() {
        let worker_cache = WorkerCache::default();
        let recalled = |wanted: usize| worker_cache.recall(|&frame: &usize| frame == wanted).map(|frame| *frame);
        let remember = |frame| worker_cache.remember(frame, |&frame: &usize| frame, 100);
        remember(10);
        remember(20);
        assert_eq!([10, 20].map(recalled), [Some(10), Some(20)]);
        remember(30);
        assert_eq!([10, 20, 30].map(recalled), [None, Some(20), Some(30)]);
        remember(80);
        assert_eq!([20, 30, 80].map(recalled), [None, None, Some(80)]);
        assert_eq!(worker_cache.recall(|frame: &u8| *frame == 80), None);
    }
}
