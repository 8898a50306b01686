//! The derivative of every feature with respect to a deformation of the whole frame: nine numbers a feature.

use super::average::{Average, n_rows};
use super::batch::{FrameBatch, Prepared, PreparedFrames, batches};
use super::checks::check_length;
use super::interrupt::RowCounter;
use super::job::Job;
use super::means::{add, mean_coefficients, needs_means};
use super::output::RowElement;
use super::walk::{Chunk, each_frame, walk};
use super::worker::{Worker, environment};
use crate::descriptors::{Descriptor, JacobianRow, LeverSums};
use crate::geometry::{Cell, Center, Centers, Frames, volume_gradient};
use crate::simd::add_scaled;
use crate::{Error, Stop, memory};

/// Purpose of the memory, for the message where it is refused.
const ROWS: &str = "list of the rows";
const SUMS: &str = "derivatives with respect to a deformation";

/// What is deformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deformation {
    /// All of space: the strain `ε` moves every point `x`, lattice vectors too, to `x (1 + ε)`.
    Strain,
    /// The lattice vectors alone, along the periodic axes: atoms stay where they are, their images move.
    Cell,
}

/// The derivative of some rows with respect to a deformation.
pub struct Deformed<'a, D> {
    /// The fingerprint.
    pub descriptor: &'a D,
    /// Whether rows are means.
    pub average: Average,
    /// What is deformed.
    pub deformation: Deformation,
    /// The structures.
    pub frames: &'a Frames<'a>,
    /// The centers.
    pub centers: &'a Centers<'a>,
}

impl<D: Descriptor> Deformed<'_, D> {
    /// Writes `d feature / d deformation` into `rows`: for each row `[a][b][feature]`, of the strain `ε_ab`, or of
    /// component `b` of lattice vector `a`. `prepared` are these frames, where they have been prepared before.
    ///
    /// # Errors
    /// Any [`Error`] that the input or the caller can cause.
    pub fn write<T: RowElement>(
        &self,
        rows: &mut [T],
        prepared: Option<&PreparedFrames>,
        job: &mut Job<'_>,
    ) -> Result<(), Error> {
        let width = self.width();
        check_length("rows", rows.len(), n_rows(self.average, self.frames, self.centers) * width)?;
        let mut slots = memory::collect(ROWS, rows.chunks_exact_mut(width.max(1)).map(Some))?;
        let passes = if needs_means(self.descriptor, self.average) { 2 } else { 1 };
        let counter = RowCounter::new(passes * self.centers.len());
        if let Some(prepared) = prepared {
            prepared.require(self.frames)?;
            return self.write_batch(
                &FrameBatch::in_chunks(prepared.clone(), self.centers)?,
                &mut slots,
                job,
                &counter,
            );
        }
        for range in batches(self.frames, self.centers)? {
            let batch = FrameBatch::new(self.descriptor, self.frames, self.centers, range, job, &counter)?;
            self.write_batch(&batch, &mut slots, job, &counter)?;
        }
        Ok(())
    }

    /// Numbers a row.
    fn width(&self) -> usize {
        9 * self.descriptor.n_features()
    }

    fn write_batch<T: RowElement>(
        &self,
        batch: &FrameBatch<'_>,
        slots: &mut [Option<&mut [T]>],
        job: &mut Job<'_>,
        counter: &RowCounter,
    ) -> Result<(), Error> {
        if self.average == Average::Off {
            return self.write_rows(batch, slots, job, counter);
        }
        let means = if needs_means(self.descriptor, self.average) {
            Some(mean_coefficients(self.descriptor, self.average, batch, job, counter)?)
        } else {
            None
        };
        self.write_means(batch, means.as_deref(), slots, job, counter)
    }

    fn write_rows<T: RowElement>(
        &self,
        batch: &FrameBatch<'_>,
        slots: &mut [Option<&mut [T]>],
        job: &mut Job<'_>,
        counter: &RowCounter,
    ) -> Result<(), Error> {
        let mut in_order = memory::collect(ROWS, batch.rows.iter().map(|&row| slots[row].take()))?;
        let mut rest = in_order.as_mut_slice();
        let take = |chunk: &Chunk<'_>| rest.split_off_mut(..chunk.rows.len()).unwrap_or_default();
        let visit = |worker: &mut Worker<D>,
                     frame: &Prepared,
                     chunk: &Chunk<'_>,
                     rows: &mut [Option<&mut [T]>],
                     stop: &Stop<'_>| {
            for (&row, out) in chunk.rows.iter().zip(rows) {
                let Some(out) = out.take() else { continue };
                let mut buffer = std::mem::take(&mut worker.buffer);
                T::fill(out, &mut buffer, |sums| self.write_row(worker, frame, row, None, sums, stop))?;
                worker.buffer = buffer;
            }
            Ok(())
        };
        walk(batch, job, counter, || Worker::new(self.descriptor), take, visit, |_, _, ()| Ok(()))
    }

    /// Writes the means or sums over the centers of each frame; `means` are those of their coefficients, where these are
    /// averaged.
    fn write_means<T: RowElement>(
        &self,
        batch: &FrameBatch<'_>,
        means: Option<&[f64]>,
        slots: &mut [Option<&mut [T]>],
        job: &mut Job<'_>,
        counter: &RowCounter,
    ) -> Result<(), Error> {
        let first = batch.prepared.first().map_or(0, |frame| frame.frame);
        let (width, n_coefficients) = (self.width(), self.descriptor.n_coefficients());
        let mut sums: Vec<Option<Vec<f64>>> = memory::filled(SUMS, batch.prepared.len(), None)?;
        let visit = |worker: &mut Worker<D>, frame: &Prepared, chunk: &Chunk<'_>, (): (), stop: &Stop<'_>| {
            let mean = means.map(|means| &means[(frame.frame - first) * n_coefficients..][..n_coefficients]);
            let mut sum = memory::zeros(SUMS, width)?;
            let mut buffer = std::mem::take(&mut worker.buffer);
            memory::resize(SUMS, &mut buffer, width, 0.0)?;
            for &row in chunk.rows {
                self.write_row(worker, frame, row, mean, &mut buffer, stop)?;
                add(&mut sum, &buffer);
            }
            worker.buffer = buffer;
            Ok(sum)
        };
        let merge = |frame: &Prepared, _: &Chunk<'_>, part: Vec<f64>| {
            match &mut sums[frame.frame - first] {
                Some(sum) => add(sum, &part),
                empty => *empty = Some(part),
            }
            Ok(())
        };
        walk(batch, job, counter, || Worker::new(self.descriptor), |_| (), visit, merge)?;
        let mut sums = sums.into_iter();
        let take = |frame: &Prepared| (slots[frame.frame].take(), sums.next().flatten());
        let finish =
            |_: &mut Worker<D>, frame: &Prepared, (row, sum): (Option<&mut [T]>, Option<Vec<f64>>), _: &Stop<'_>| {
                let Some(row) = row else { return Ok(()) };
                let share = self.average.share(self.centers.rows(frame.frame).len());
                match sum {
                    Some(sum) => row.iter_mut().zip(sum).for_each(|(out, sum)| *out = T::rounded(share * sum)),
                    None => row.fill(T::default()),
                }
                Ok(())
            };
        each_frame(batch, job, counter, || Worker::new(self.descriptor), take, finish)
    }

    /// Writes the derivatives of the row of one center, the second stage taken at the `mean` coefficients if there are
    /// some.
    fn write_row(
        &self,
        worker: &mut Worker<D>,
        frame: &Prepared,
        row: usize,
        mean: Option<&[f64]>,
        sums: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let center = worker.prepare(self.descriptor, frame, self.centers, row, true, stop)?;
        let sees_volume = self.descriptor.sees_volume();
        if sees_volume || (mean.is_none() && !self.descriptor.is_linear()) {
            worker.expand(self.descriptor, frame, center, stop)?;
        }
        self.find_levers(worker, frame, center)?;
        let size = 3 * self.descriptor.n_features();
        memory::resize(SUMS, &mut worker.blocks, LeverSums::n_numbers(size), 0.0)?;
        let Worker { sites, scratch, coefficients, vectors, blocks, .. } = worker;
        let mut row = JacobianRow::summed(LeverSums::new(vectors, sums, blocks));
        let environment = environment(frame, center, sites);
        self.descriptor.jacobian(&environment, mean.unwrap_or(coefficients), scratch, &mut row, stop)?;
        row.finish();
        if sees_volume { self.add_volume(worker, frame, mean, sums, stop) } else { Ok(()) }
    }

    /// Adds what the deformation does to the row of the present center by changing the volume of the cell.
    fn add_volume(
        &self,
        worker: &mut Worker<D>,
        frame: &Prepared,
        mean: Option<&[f64]>,
        sums: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let n = self.descriptor.n_features();
        let Worker { scratch, coefficients, adjoint_or_tangent: tangent, blocks, .. } = worker;
        memory::refill(SUMS, tangent, coefficients.len(), 0.0)?;
        self.descriptor.add_volume_tangent(coefficients, 1.0, tangent);
        let row = &mut blocks[..n];
        self.descriptor.contract_tangent(mean.unwrap_or(coefficients), tangent, scratch, row, stop)?;
        for (along, sums) in self.volume_gradient(frame).as_flattened().iter().zip(sums.chunks_exact_mut(n.max(1))) {
            add_scaled(*along, row, sums);
        }
        Ok(())
    }

    /// The derivative of the logarithm of the volume with respect to the deformation.
    fn volume_gradient(&self, frame: &Prepared) -> [[f64; 3]; 3] {
        match self.deformation {
            Deformation::Strain => [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            Deformation::Cell => {
                let structure = self.frames.get(frame.frame);
                let of_volume = volume_gradient(structure.cell);
                [0, 1, 2].map(|axis| if structure.pbc[axis] { of_volume[axis] } else { [0.0; 3] })
            }
        }
    }

    /// Leaves with the worker what the motion of each of its sites, relative to the center, is in proportion to.
    fn find_levers(&self, worker: &mut Worker<D>, frame: &Prepared, center: Center) -> Result<(), Error> {
        let Worker { sites, vectors: levers, .. } = worker;
        levers.clear();
        memory::reserve(SUMS, levers, sites.len())?;
        let vectors = sites.dx.iter().zip(&sites.dy).zip(&sites.dz).map(|((&x, &y), &z)| [x, y, z]);
        match self.deformation {
            Deformation::Strain => levers.extend(vectors),
            Deformation::Cell => {
                let structure = self.frames.get(frame.frame);
                let (cell, positions) = (Cell::new(&structure, frame.frame)?, structure.positions);
                let origin = match center {
                    Center::Atom(atom) => positions[atom],
                    Center::Point(point) => point,
                };
                let image = |(&atom, vector): (&u32, [f64; 3])| {
                    let at = positions[atom as usize];
                    let fractions = cell.fractions([0, 1, 2].map(|i| vector[i] - (at[i] - origin[i])));
                    [0, 1, 2].map(|axis| if cell.periodic[axis] { fractions[axis].round() } else { 0.0 })
                };
                levers.extend(sites.index.iter().zip(vectors).map(image));
            }
        }
        Ok(())
    }
}
