//! Blocks of centers on several threads: the way forth, a question on the caller's thread, the way back.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};

use rayon::ThreadPool;

use super::batch::FrameBatch;
use super::interrupt::{REPORT_INTERVAL, RowCounter};
use super::job::Job;
use super::kept::{Block, KeptBlock};
use super::worker::Worker;
use crate::descriptors::Descriptor;
use crate::{Error, Stop};

/// Blocks that are on their way besides those that threads work on: one that is asked about, and one that waits.
const WAITING: usize = 2;

/// Blocks of a batch.
pub struct Work<'a, D> {
    /// The fingerprint.
    pub descriptor: &'a D,
    /// The frames.
    pub batch: &'a FrameBatch<'a>,
    /// The blocks, in the order in which they are asked about and merged.
    pub blocks: &'a [Block],
}

/// The half of the way that a thread has gone with a block.
#[derive(Clone, Copy)]
enum Half {
    Forward,
    Backward,
}

/// What a thread has done.
enum News<D: Descriptor> {
    /// Half of the way of a block, or what went wrong there.
    Went(usize, Half, Result<KeptBlock<D>, Error>),
    /// Nothing: another one had done it already.
    Idle,
    /// It panicked.
    Panicked,
}

/// Says what a thread has done, also where that is to panic.
struct Reply<D: Descriptor> {
    to: Sender<News<D>>,
    news: News<D>,
}

impl<D: Descriptor> Drop for Reply<D> {
    fn drop(&mut self) {
        // Nobody listens any more where the work has been given up.
        let _ = self.to.send(std::mem::replace(&mut self.news, News::Panicked));
    }
}

/// Leaves a block to whoever is free.
type Start<'a, D> = &'a mut dyn FnMut(usize, Half, KeptBlock<D>);
/// Does on the caller's thread what nobody has begun.
type Own<'a, D> = &'a mut dyn FnMut(&mut Job<'_>) -> News<D>;

/// What is to be done with a block on the caller's thread.
type Ask<'a, D> = &'a mut dyn FnMut(&Block, &mut KeptBlock<D>) -> Result<(), Error>;
type Merge<'a, D> = &'a mut dyn FnMut(&Block, &mut KeptBlock<D>);

impl<D: Descriptor> Work<'_, D> {
    /// Takes all blocks forth on the threads of `pool`, asks about each, takes it back and merges it. Questions are asked
    /// and results merged here, in the order of the blocks.
    ///
    /// # Errors
    /// Of the first block that has one, those of `ask`, and [`Error::Interrupted`].
    pub fn run(
        &self,
        pool: &ThreadPool,
        ask: Ask<'_, D>,
        merge: Merge<'_, D>,
        job: &mut Job<'_>,
        counter: &RowCounter,
    ) -> Result<(), Error> {
        let requested = AtomicBool::new(false);
        let workers: Mutex<Vec<Worker<D>>> = Mutex::new(Vec::new());
        let (sender, receiver) = channel();
        let waiting: Mutex<VecDeque<(usize, Half, KeptBlock<D>)>> = Mutex::new(VecDeque::new());
        let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        // The caller's thread works too.
        let depth = pool.current_num_threads() + 1 + WAITING;
        pool.in_place_scope(|scope| {
            let mut start = |place: usize, half: Half, kept: KeptBlock<D>| {
                waiting.lock().unwrap_or_else(PoisonError::into_inner).push_back((place, half, kept));
                let reply = Reply { to: sender.clone(), news: News::Panicked };
                let (requested, workers, next) = (&requested, &workers, &next);
                scope.spawn(move |_| {
                    // All of it moves here, to be dropped here.
                    let mut reply = reply;
                    let stop = Stop::on_request(requested);
                    reply.news = next().map_or(News::Idle, |(place, half, mut kept)| {
                        let result = self.go(place, half, &mut kept, workers, &stop);
                        News::Went(place, half, result.map(|()| kept))
                    });
                });
            };
            let mut own = |job: &mut Job<'_>| {
                let Some((place, half, mut kept)) = next() else { return News::Idle };
                let result = job.run_on_caller(counter, |stop| self.go(place, half, &mut kept, &workers, stop));
                News::Went(place, half, result.map(|()| kept))
            };
            let result = self.conduct(depth, (&mut start, &mut own), &receiver, (ask, merge), job, counter);
            if result.is_err() {
                requested.store(true, Ordering::Relaxed);
            }
            result
        })
    }

    /// Half of the way of one block, with the buffers of whoever is free.
    fn go(
        &self,
        place: usize,
        half: Half,
        kept: &mut KeptBlock<D>,
        workers: &Mutex<Vec<Worker<D>>>,
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        stop.check()?;
        let free = workers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut worker = free.map_or_else(|| Worker::new(self.descriptor), Ok)?;
        let block = &self.blocks[place];
        match half {
            Half::Forward => kept.forward(self.descriptor, &mut worker, self.batch, block, stop)?,
            Half::Backward => kept.backward(self.descriptor, &mut worker, self.batch, block, stop)?,
        }
        workers.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
        Ok(())
    }

    /// Starts blocks, `depth` of them at a time at most, and does on this thread what has to be done here.
    fn conduct(
        &self,
        depth: usize,
        (start, own): (Start<'_, D>, Own<'_, D>),
        receiver: &Receiver<News<D>>,
        (ask, merge): (Ask<'_, D>, Merge<'_, D>),
        job: &mut Job<'_>,
        counter: &RowCounter,
    ) -> Result<(), Error> {
        let (mut started, mut asked, mut merged) = (0, 0, 0);
        let (mut forth, mut back) = (BTreeMap::new(), BTreeMap::new());
        let mut spare = Vec::new();
        while merged < self.blocks.len() {
            while started < self.blocks.len().min(merged + depth) {
                start(started, Half::Forward, spare.pop().unwrap_or_default());
                started += 1;
            }
            if let Some(kept) = forth.remove(&asked) {
                let mut kept: KeptBlock<D> = kept?;
                ask(&self.blocks[asked], &mut kept)?;
                start(asked, Half::Backward, kept);
                asked += 1;
            } else if let Some(kept) = back.remove(&merged) {
                let mut kept: KeptBlock<D> = kept?;
                merge(&self.blocks[merged], &mut kept);
                spare.push(kept);
                merged += 1;
            } else {
                // What others have done; else something is done here; else it takes until others have done something.
                let news = match receiver.try_recv() {
                    Ok(news) => Ok(news),
                    Err(_) => match own(job) {
                        News::Idle => receiver.recv_timeout(REPORT_INTERVAL),
                        news => Ok(news),
                    },
                };
                match news {
                    // The caller has been heard, and will not say it again; a panic is passed on by the scope.
                    Ok(News::Went(_, _, Err(Error::Interrupted)) | News::Panicked)
                    | Err(RecvTimeoutError::Disconnected) => return Err(Error::Interrupted),
                    Ok(News::Went(place, Half::Forward, kept)) => drop(forth.insert(place, kept)),
                    Ok(News::Went(place, Half::Backward, kept)) => drop(back.insert(place, kept)),
                    Ok(News::Idle) | Err(RecvTimeoutError::Timeout) => {}
                }
            }
            job.report(counter)?;
        }
        Ok(())
    }
}
