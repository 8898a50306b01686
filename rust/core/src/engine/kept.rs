//! What is kept of a block of centers between their features and their gradients.

use std::ops::Range;

use super::batch::{FrameBatch, Prepared};
use super::gradients::{ChunkGradients, GRADIENTS};
use super::pullback::Pullback;
use super::worker::{Worker, environment};
use crate::descriptors::{Descriptor, Environment, Refusal};
use crate::geometry::{Center, Frames, Sites};
use crate::{Error, Stop, memory};

/// Purpose of the memory, for the message where it is refused.
const BLOCK: &str = "what is kept of a block of centers";

/// Some rows of the result, and the pieces of chunks in which they are computed: the place of the frame in its batch,
/// and a stretch of the rows.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Block {
    /// Stretch of the rows of the batch.
    pub rows: Range<usize>,
    pieces: Vec<(usize, Range<usize>)>,
}

impl Block {
    /// The rows of a batch in blocks of at most `size`, in their order: they depend on the input alone.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn all(batch: &FrameBatch<'_>, size: usize) -> Result<Vec<Self>, Error> {
        let mut blocks: Vec<Self> = Vec::new();
        for (slot, rows) in &batch.chunks {
            let (mut start, end) = (rows.start, rows.end);
            while start < end {
                let stop = end.min(start + size);
                let piece = (*slot, start..stop);
                match blocks.last_mut() {
                    Some(last) if stop - last.rows.start <= size => {
                        memory::reserve(BLOCK, &mut last.pieces, 1)?;
                        last.pieces.push(piece);
                        last.rows.end = stop;
                    }
                    _ => {
                        memory::reserve(BLOCK, &mut blocks, 1)?;
                        let mut pieces = memory::with_capacity(BLOCK, 1)?;
                        pieces.push(piece);
                        blocks.push(Self { rows: start..stop, pieces });
                    }
                }
                start = stop;
            }
        }
        Ok(blocks)
    }

    /// Adds the gradients of the pieces of this block to those of all frames.
    pub fn add(
        &self,
        batch: &FrameBatch<'_>,
        frames: &Frames<'_>,
        gradients: impl IntoIterator<Item = ChunkGradients>,
        result: &mut Pullback,
    ) {
        for ((slot, _), gradients) in self.pieces.iter().zip(gradients) {
            result.add(frames, batch.prepared[*slot].frame, gradients);
        }
    }
}

/// What is kept of one center, so that its sites and coefficients need not be found again.
struct KeptRow<D: Descriptor> {
    center: Center,
    known: D::Kept,
    coefficients: Vec<f64>,
    index: Vec<u32>,
    channel: Vec<u8>,
    /// `dx`, `dy`, `dz`, `r`
    sites: [Vec<f64>; 4],
}

impl<D: Descriptor> Default for KeptRow<D> {
    fn default() -> Self {
        Self {
            center: Center::Atom(0),
            known: D::Kept::default(),
            coefficients: Vec::new(),
            index: Vec::new(),
            channel: Vec::new(),
            sites: Default::default(),
        }
    }
}

impl<D: Descriptor> KeptRow<D> {
    /// Takes what a worker knows of the center whose features it has written.
    fn take(&mut self, descriptor: &D, worker: &mut Worker<D>, center: Center) -> Result<(), Error> {
        fn copy<T: Copy>(from: &[T], to: &mut Vec<T>) -> Result<(), Error> {
            to.clear();
            memory::reserve(BLOCK, to, from.len())?;
            to.extend_from_slice(from);
            Ok(())
        }
        memory::resize(BLOCK, &mut self.coefficients, worker.coefficients.len(), 0.0)?;
        std::mem::swap(&mut self.coefficients, &mut worker.coefficients);
        descriptor.exchange(&mut worker.scratch, &mut self.known);
        let Sites { index, channel, dx, dy, dz, r, .. } = &worker.sites;
        self.center = center;
        copy(index, &mut self.index)?;
        copy(channel, &mut self.channel)?;
        for (from, to) in [dx, dy, dz, r].into_iter().zip(&mut self.sites) {
            copy(from, to)?;
        }
        Ok(())
    }

    /// Adds the gradients of this center to those of its chunk.
    fn pull(
        &mut self,
        descriptor: &D,
        worker: &mut Worker<D>,
        (frame, place_in_frame): (&Prepared, usize),
        (features, adjoint): (&[f64], &[f64]),
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        stop.check()?;
        let Worker { scratch, adjoint_or_tangent, vectors, place, gradients, .. } = worker;
        let [dx, dy, dz, r] = &self.sites;
        let none = Sites::default();
        let environment =
            Environment { channel: &self.channel, dx, dy, dz, r, ..environment(frame, self.center, &none) };
        descriptor.exchange(scratch, &mut self.known);
        if !D::KEEPS {
            let of_center = |refusal: Refusal| refusal.of_atoms(&self.index).of_center(frame.frame, place_in_frame);
            descriptor.prepare(&environment, true, scratch, stop).map_err(of_center)?;
        }
        memory::refill(GRADIENTS, vectors, self.index.len(), [0.0; 3])?;
        let of_coefficients = adjoint_or_tangent;
        descriptor.contract_pullback_of_row(&self.coefficients, features, adjoint, scratch, of_coefficients, stop)?;
        if descriptor.sees_volume() {
            gradients.add_volume(descriptor.volume_derivative(&self.coefficients, of_coefficients));
        }
        descriptor.expand_pullback(&environment, of_coefficients, scratch, vectors, stop)?;
        gradients.scatter(place, (&environment, &self.index), vectors, self.center)
    }
}

/// Features of a block of centers, their adjoints, and what is kept of each center in between.
pub struct KeptBlock<D: Descriptor> {
    rows: Vec<KeptRow<D>>,
    /// Features, a row a center.
    pub features: Vec<f64>,
    /// Adjoints, a row a center.
    pub adjoint: Vec<f64>,
    gradients: Vec<ChunkGradients>,
}

impl<D: Descriptor> Default for KeptBlock<D> {
    fn default() -> Self {
        Self { rows: Vec::new(), features: Vec::new(), adjoint: Vec::new(), gradients: Vec::new() }
    }
}

impl<D: Descriptor> KeptBlock<D> {
    /// Writes the features of a block, and keeps what the way back will need.
    ///
    /// # Errors
    /// Of the first center that has one.
    pub fn forward(
        &mut self,
        descriptor: &D,
        worker: &mut Worker<D>,
        batch: &FrameBatch<'_>,
        block: &Block,
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let (n_rows, n_features) = (block.rows.len(), descriptor.n_features());
        memory::resize(BLOCK, &mut self.features, n_rows * n_features, 0.0)?;
        memory::resize(BLOCK, &mut self.adjoint, n_rows * n_features, 0.0)?;
        if self.rows.len() < n_rows {
            memory::reserve(BLOCK, &mut self.rows, n_rows)?;
            self.rows.resize_with(n_rows, KeptRow::default);
        }
        for (slot, rows) in &block.pieces {
            let frame = &batch.prepared[*slot];
            for place in rows.clone() {
                let center = worker.prepare(descriptor, frame, batch.centers, batch.rows[place], D::KEEPS, stop)?;
                worker.expand(descriptor, frame, center, stop)?;
                let place = place - block.rows.start;
                let features = &mut self.features[place * n_features..][..n_features];
                descriptor.contract(&worker.coefficients, &mut worker.scratch, features, stop)?;
                self.rows[place].take(descriptor, worker, center)?;
            }
        }
        Ok(())
    }

    /// Finds the gradients that the adjoints of a block make.
    ///
    /// # Errors
    /// Of the first center that has one.
    pub fn backward(
        &mut self,
        descriptor: &D,
        worker: &mut Worker<D>,
        batch: &FrameBatch<'_>,
        block: &Block,
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let n_features = descriptor.n_features();
        self.gradients.clear();
        memory::reserve(BLOCK, &mut self.gradients, block.pieces.len())?;
        for (slot, rows) in &block.pieces {
            let frame = &batch.prepared[*slot];
            worker.expect_atoms(frame.channels.len())?;
            let first = batch.centers.rows(frame.frame).start;
            for place in rows.clone() {
                let (center, place) = (batch.rows[place] - first, place - block.rows.start);
                let row = place * n_features..(place + 1) * n_features;
                let of_row = (&self.features[row.clone()], &self.adjoint[row]);
                self.rows[place].pull(descriptor, worker, (frame, center), of_row, stop)?;
            }
            self.gradients.push(worker.gradients.take(&mut worker.place));
        }
        Ok(())
    }

    /// Adds the gradients of a block to those of all frames.
    pub fn merge(&mut self, batch: &FrameBatch<'_>, block: &Block, frames: &Frames<'_>, result: &mut Pullback) {
        block.add(batch, frames, self.gradients.drain(..), result);
    }

    /// The gradients of a block, one entry a piece of it.
    pub fn take_gradients(&mut self) -> Vec<ChunkGradients> {
        std::mem::take(&mut self.gradients)
    }
}
