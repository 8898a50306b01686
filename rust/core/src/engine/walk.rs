//! The one loop over centers: the chunks of a batch, on all threads.

use std::sync::Mutex;

use super::batch::{FrameBatch, Prepared};
use super::interrupt::RowCounter;
use super::job::Job;
use super::queue::{Pieces, share};
use crate::{Error, Stop};

/// Rows of one frame that one worker computes.
pub struct Chunk<'a> {
    /// Rows, counted over all frames.
    pub rows: &'a [usize],
}

/// Visits all centers of a batch.
///
/// For each chunk `payload` is asked, in the order of the chunks, what the chunk needs of its own, such as the rows it
/// writes; `visit` computes it with the buffers of a worker, wherever that runs; `merge` takes what it returns, in the
/// order of the chunks, which depends on the input alone.
///
/// # Errors
/// Of the first chunk that has one, and [`Error::Interrupted`].
pub fn walk<W: Send + 'static, P: Send, R: Send>(
    batch: &FrameBatch<'_>,
    job: &mut Job<'_>,
    counter: &RowCounter,
    worker: impl Fn() -> Result<W, Error> + Sync,
    mut payload: impl FnMut(&Chunk<'_>) -> P + Send,
    visit: impl Fn(&mut W, &Prepared, &Chunk<'_>, P, &Stop<'_>) -> Result<R, Error> + Sync,
    mut merge: impl FnMut(&Prepared, &Chunk<'_>, R) -> Result<(), Error> + Send,
) -> Result<(), Error> {
    let chunk = |piece: usize| Chunk { rows: &batch.rows[batch.chunks[piece].1.clone()] };
    let frame = |piece: usize| &batch.prepared[batch.chunks[piece].0];
    let pieces = Pieces {
        size: |piece: usize| batch.chunks[piece].1.len(),
        worker,
        payload: |piece: usize| payload(&chunk(piece)),
        visit: |worker: &mut W, piece: usize, payload: P, stop: &Stop<'_>| {
            let chunk = chunk(piece);
            let result = visit(worker, frame(piece), &chunk, payload, stop)?;
            counter.add(chunk.rows.len());
            Ok(result)
        },
        merge: |piece: usize, result: R| merge(frame(piece), &chunk(piece), result),
    };
    with_workers(job, |job, stock| share(job, counter, batch.chunks.len(), stock, pieces))?;
    job.report(counter)
}

/// Does something once for each frame of a batch, on all threads: `payload` says what it needs of its own, such as the
/// row that it writes, in the order of the frames.
///
/// # Errors
/// Of the first frame that has one, and [`Error::Interrupted`].
pub fn each_frame<W: Send + 'static, P: Send>(
    batch: &FrameBatch<'_>,
    job: &mut Job<'_>,
    counter: &RowCounter,
    worker: impl Fn() -> Result<W, Error> + Sync,
    mut payload: impl FnMut(&Prepared) -> P + Send,
    visit: impl Fn(&mut W, &Prepared, P, &Stop<'_>) -> Result<(), Error> + Sync,
) -> Result<(), Error> {
    let pieces = Pieces {
        size: |_| 1,
        worker,
        payload: |piece: usize| payload(&batch.prepared[piece]),
        visit: |worker: &mut W, piece: usize, payload: P, stop: &Stop<'_>| {
            visit(worker, &batch.prepared[piece], payload, stop)
        },
        merge: |_: usize, (): ()| Ok(()),
    };
    with_workers(job, |job, stock| share(job, counter, batch.prepared.len(), stock, pieces))
}

/// Does something with the buffers of the last call, and keeps those that are left for the next.
pub fn with_workers<W: Send + 'static, R>(
    job: &mut Job<'_>,
    share: impl FnOnce(&mut Job<'_>, &Mutex<Vec<W>>) -> R,
) -> R {
    let n_threads = 1 + job.pool.map_or(0, rayon::ThreadPool::current_num_threads);
    let worker_cache = job.worker_cache;
    let stock = Mutex::new(worker_cache.map_or_else(Vec::new, |cache| cache.take(n_threads)));
    let result = share(job, &stock);
    if let Some(worker_cache) = worker_cache {
        worker_cache.put(stock.into_inner().unwrap_or_default());
    }
    result
}
