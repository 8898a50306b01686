//! The one loop over centers: chunks of a batch in groups.
//!
//! What chunks return is merged on the caller's thread in the order of the chunks, which depends on the input alone. A
//! *group* is as many chunks as take about a tenth of a second; between groups the caller is told, and may stop.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::batch::{FrameBatch, Prepared};
use super::interrupt::RowCounter;
use super::job::Job;
use super::worker_cache::WorkerCache;
use crate::{Error, Stop, memory};

/// Time that a group of chunks is sized to take.
const GROUP_TIME: Duration = Duration::from_millis(100);

/// Purpose of the memory, for the message where it is refused.
const GROUP: &str = "results of some centers";

/// Rows of one frame that one worker computes.
pub struct Chunk<'a> {
    /// Rows, counted over all frames.
    pub rows: &'a [usize],
}

/// Visits all centers of a batch.
///
/// For each chunk `payload` is asked on the caller's thread what the chunk needs of its own, such as the rows it
/// writes; `visit` computes it with the buffers of a worker, wherever that runs; `merge` takes what it returns, on the
/// caller's thread and in the order of the chunks.
///
/// # Errors
/// Of the first chunk that has one, and [`Error::Interrupted`].
pub fn walk<W: Send + 'static, P: Send, R: Send>(
    batch: &FrameBatch<'_>,
    job: &mut Job<'_>,
    counter: &RowCounter,
    worker: impl Fn() -> Result<W, Error> + Sync,
    mut payload: impl FnMut(&Chunk<'_>) -> P,
    visit: impl Fn(&mut W, &Prepared, &Chunk<'_>, P, &Stop<'_>) -> Result<R, Error> + Sync,
    mut merge: impl FnMut(&Prepared, &Chunk<'_>, R) -> Result<(), Error>,
) -> Result<(), Error> {
    let of = |(slot, rows): &(usize, Range<usize>)| (Chunk { rows: &batch.rows[rows.clone()] }, &batch.prepared[*slot]);
    let Some(pool) = job.pool else {
        let worker_cache = job.worker_cache;
        let mut worker = worker_cache.and_then(WorkerCache::take).map_or_else(worker, Ok)?;
        job.run_on_caller(counter, |stop| {
            for (chunk, frame) in batch.chunks.iter().map(of) {
                stop.check()?;
                let payload = payload(&chunk);
                merge(frame, &chunk, visit(&mut worker, frame, &chunk, payload, stop)?)?;
                counter.add(chunk.rows.len());
            }
            Ok(())
        })?;
        if let Some(worker_cache) = worker_cache {
            worker_cache.put(worker);
        }
        return job.report(counter);
    };
    let workers: Vec<Mutex<Option<W>>> = (0..pool.current_num_threads()).map(|_| Mutex::new(None)).collect();
    let one = |chunk: &Chunk<'_>, frame: &Prepared, payload: P, stop: &Stop<'_>| {
        stop.check()?;
        let slot = &workers[rayon::current_thread_index().unwrap_or(0) % workers.len()];
        // A worker that panicked takes the whole walk with it; its buffers are not looked at again.
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let buffers = match &mut *slot {
            Some(buffers) => buffers,
            empty => empty.insert(worker()?),
        };
        let result = visit(buffers, frame, chunk, payload, stop);
        counter.add(chunk.rows.len());
        result
    };
    let (mut rest, mut size) = (batch.chunks.as_slice(), 4 * workers.len());
    while !rest.is_empty() {
        let started = Instant::now();
        let (group, others) = rest.split_at(size.min(rest.len()));
        rest = others;
        let mut payloads = memory::with_capacity(GROUP, group.len())?;
        payloads.extend(group.iter().map(|chunk| payload(&of(chunk).0)));
        let mut results: Vec<Result<R, Error>> = memory::with_capacity(GROUP, group.len())?;
        let results = job.run_on_pool(pool, counter, |stop| {
            let requested = stop.requested();
            let visited = group.par_iter().zip(payloads).map(|(chunk, payload)| {
                let (chunk, frame) = of(chunk);
                one(&chunk, frame, payload, &Stop::on_request(requested))
            });
            visited.collect_into_vec(&mut results);
            Ok(results)
        })?;
        for (chunk, result) in group.iter().zip(results) {
            let (chunk, frame) = of(chunk);
            merge(frame, &chunk, result?)?;
        }
        // As many as fit the patience at this pace: few groups, since all workers wait for the last of each.
        let pace = GROUP_TIME.as_secs_f64() / started.elapsed().as_secs_f64().max(1e-6);
        size = (size as f64 * pace.clamp(0.25, 64.0)) as usize;
        size = size.max(workers.len());
        job.report(counter)?;
    }
    Ok(())
}
