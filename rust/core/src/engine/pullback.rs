//! Gradients of one number with respect to everything: the way back from rows to atoms.

use super::transform::add;
use super::walk::{Batch, Chunk, Prepared, Tally, batches, walk};
use super::worker::{UNSEEN, Worker};
use super::{Average, Job};
use crate::Error;
use crate::descriptors::Descriptor;
use crate::geometry::{Center, Centers, Frames};

/// Gradients of `Σ adjoint · features`.
#[derive(Debug, Clone)]
pub struct Pullback {
    /// With respect to the positions, one row an atom of all frames.
    pub positions: Vec<[f64; 3]>,
    /// With respect to the strain of each frame.
    pub strain: Vec<[[f64; 3]; 3]>,
}

/// Gradients of `Σ adjoint · features` with respect to all positions and strains.
///
/// No Jacobian is stored: a chunk of centers returns one vector for each atom it has seen.
///
/// # Errors
/// See [`Error`].
pub fn pullback<D: Descriptor>(
    descriptor: &D,
    average: Average,
    frames: &Frames<'_>,
    centers: &Centers<'_>,
    adjoint: &[f64],
    job: &mut Job<'_>,
) -> Result<Pullback, Error> {
    let n_features = descriptor.n_features();
    super::check_length("adjoint", adjoint.len(), super::n_rows(average, frames, centers) * n_features)?;
    let mut result =
        Pullback { positions: vec![[0.0; 3]; frames.n_atoms()], strain: vec![[[0.0; 3]; 3]; frames.len()] };
    let passes = if average == Average::Inner { 2 } else { 1 };
    let mut tally = Tally::new(passes * centers.len());
    let task = Backward { descriptor, average, centers, adjoint };
    for range in batches(frames, centers) {
        let batch = Batch::new(descriptor, frames, centers, range, job)?;
        let first = batch.prepared.first().map_or(0, |frame| frame.frame);
        let means = match average {
            Average::Inner => task.adjoints_of_means(&batch, job, &mut tally)?,
            Average::Off | Average::Outer => Vec::new(),
        };
        let visit = |worker: &mut Worker<D>, frame: &Prepared, chunk: &Chunk, ()| {
            for &row in &chunk.rows {
                task.visit(worker, frame, row, means.get(frame.frame - first))?;
            }
            Ok(take(worker))
        };
        let merge = |frame: &Prepared, _: &Chunk, part: Part| {
            let positions = &mut result.positions[frames.atoms(frame.frame)];
            for (atom, pull) in part.pull {
                (0..3).for_each(|i| positions[atom as usize][i] += pull[i]);
            }
            let strain = result.strain[frame.frame].as_flattened_mut();
            add(strain, part.strain.as_flattened());
        };
        walk(&batch, job, &mut tally, || Worker::new(descriptor), |_| (), visit, merge)?;
    }
    Ok(result)
}

struct Backward<'a, D> {
    descriptor: &'a D,
    average: Average,
    centers: &'a Centers<'a>,
    adjoint: &'a [f64],
}

/// What a chunk leaves behind.
#[derive(Default)]
pub(super) struct Part {
    /// Gradients of the atoms that were seen, in the order in which they were.
    pull: Vec<(u32, [f64; 3])>,
    strain: [[f64; 3]; 3],
}

impl Part {
    /// Adds the gradient of an atom whose place, if it has one, is in `place`.
    fn add(&mut self, place: &mut [u32], atom: u32, pull: [f64; 3]) {
        let place = &mut place[atom as usize];
        if *place == UNSEEN {
            *place = self.pull.len() as u32;
            self.pull.push((atom, pull));
        } else {
            let sum = &mut self.pull[*place as usize].1;
            (0..3).for_each(|i| sum[i] += pull[i]);
        }
    }
}

/// What the chunk of this worker leaves behind.
fn take<D: Descriptor>(worker: &mut Worker<D>) -> Part {
    for &(atom, _) in &worker.part.pull {
        worker.place[atom as usize] = UNSEEN;
    }
    std::mem::take(&mut worker.part)
}

impl<D: Descriptor> Backward<'_, D> {
    /// Adds the gradients of one center.
    fn visit(
        &self,
        worker: &mut Worker<D>,
        frame: &Prepared,
        row: usize,
        mean: Option<&Vec<f64>>,
    ) -> Result<(), Error> {
        worker.expect_atoms(frame.channels.len());
        let center = worker.prepare(self.descriptor, frame, self.centers, row, true)?;
        worker.vectors.clear();
        worker.vectors.resize(worker.sites.r.len(), [0.0; 3]);
        let adjoint = if let Some(mean) = mean {
            mean
        } else {
            if !self.descriptor.is_linear() {
                self.descriptor.expand(&mut worker.scratch, &mut worker.coefficients);
            }
            let Worker { coefficients, other, scratch, room, .. } = worker;
            let adjoint = self.row_adjoint(frame, row, room)?;
            self.descriptor.contract_pullback(coefficients, adjoint, scratch, other);
            &worker.other
        };
        self.descriptor.expand_pullback(adjoint, &mut worker.scratch, &mut worker.vectors);
        scatter(worker, center);
        Ok(())
    }

    /// The adjoint of the row of one center.
    fn row_adjoint<'a>(&'a self, frame: &Prepared, row: usize, room: &'a mut Vec<f64>) -> Result<&'a [f64], Error> {
        if self.average == Average::Off {
            return self.checked_row(row);
        }
        let share = 1.0 / self.centers.rows(frame.frame).len() as f64;
        room.clear();
        room.extend(self.checked_row(frame.frame)?.iter().map(|x| share * x));
        Ok(room)
    }

    /// One row of the adjoint, all entries of which are finite; looked at here, where it will be in cache.
    fn checked_row(&self, row: usize) -> Result<&[f64], Error> {
        let n_features = self.descriptor.n_features();
        let entries = &self.adjoint[row * n_features..][..n_features];
        super::check_finite("adjoint", entries, n_features).map_err(|error| error.in_row(row))?;
        Ok(entries)
    }

    /// For each frame, the adjoint of every center's coefficients: they share the mean.
    fn adjoints_of_means(
        &self,
        batch: &Batch<'_>,
        job: &mut Job<'_>,
        tally: &mut Tally,
    ) -> Result<Vec<Vec<f64>>, Error> {
        let means = mean_coefficients(self.descriptor, batch, job, tally)?;
        let mut scratch = self.descriptor.scratch();
        let mut adjoint = vec![0.0; self.descriptor.n_coefficients()];
        let of_frame = |(frame, mean): (&Prepared, Vec<f64>)| {
            let row = self.checked_row(frame.frame)?;
            self.descriptor.contract_pullback(&mean, row, &mut scratch, &mut adjoint);
            let share = 1.0 / self.centers.rows(frame.frame).len().max(1) as f64;
            Ok(adjoint.iter().map(|x| share * x).collect())
        };
        batch.prepared.iter().zip(means).map(of_frame).collect()
    }
}

/// Puts the gradients of the sites where their atoms are, and the reaction where the center is.
fn scatter<D: Descriptor>(worker: &mut Worker<D>, center: Center) {
    let Worker { sites, vectors, place, part, .. } = worker;
    let mut reaction = [0.0; 3];
    for (site, pull) in vectors.iter().enumerate() {
        part.add(place, sites.index[site], *pull);
        let away = [sites.dx[site], sites.dy[site], sites.dz[site]];
        for i in 0..3 {
            reaction[i] -= pull[i];
            (0..3).for_each(|j| part.strain[i][j] += away[i] * pull[j]);
        }
    }
    if let Center::Atom(atom) = center {
        part.add(place, atom as u32, reaction);
    }
}

/// The mean of the coefficients over the centers of each frame.
pub(super) fn mean_coefficients<D: Descriptor>(
    descriptor: &D,
    batch: &Batch<'_>,
    job: &mut Job<'_>,
    tally: &mut Tally,
) -> Result<Vec<Vec<f64>>, Error> {
    let first = batch.prepared.first().map_or(0, |frame| frame.frame);
    let mut sums = vec![vec![0.0; descriptor.n_coefficients()]; batch.prepared.len()];
    let visit = |worker: &mut Worker<D>, frame: &Prepared, chunk: &Chunk, ()| {
        let mut sum = vec![0.0; descriptor.n_coefficients()];
        for &row in &chunk.rows {
            worker.prepare(descriptor, frame, batch.centers, row, false)?;
            descriptor.expand(&mut worker.scratch, &mut worker.coefficients);
            add(&mut sum, &worker.coefficients);
        }
        Ok(sum)
    };
    let merge = |frame: &Prepared, _: &Chunk, part: Vec<f64>| add(&mut sums[frame.frame - first], &part);
    walk(batch, job, tally, || Worker::new(descriptor), |_| (), visit, merge)?;
    for (frame, sum) in batch.prepared.iter().zip(&mut sums) {
        let share = 1.0 / batch.centers.rows(frame.frame).len().max(1) as f64;
        sum.iter_mut().for_each(|x| *x *= share);
    }
    Ok(sums)
}
