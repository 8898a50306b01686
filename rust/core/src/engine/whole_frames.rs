//! Fingerprints of whole frames: values and derivatives, frame after frame, on all threads.
//!
//! A frame is one piece of work, with a row, atoms and a strain of its own: nothing is merged.

use super::checks::{check_finite, check_length};
use super::interrupt::RowCounter;
use super::job::Job;
use super::output::RowElement;
use super::pullback::Pullback;
use super::queue::{Pieces, share};
use super::walk::with_workers;
use crate::descriptors::{FrameDescriptor, Lattice, WholeFrame};
use crate::error::{LAST_ELEMENT, Refusal};
use crate::geometry::{Cell, Frame, Frames};
use crate::{Error, Stop, memory};

/// Purpose of the memory, for the message where it is refused.
const FRAMES: &str = "positions of one frame";
/// Coordinates beyond this, in Å, have products that no double holds.
const WIDEST: f64 = 1e100;

/// Buffers of a thread.
struct Worker<D: FrameDescriptor> {
    scratch: D::Scratch,
    positions: Vec<[f64; 3]>,
    row: Vec<f64>,
}

impl<D: FrameDescriptor> Worker<D> {
    fn new() -> Self {
        Self { scratch: D::Scratch::default(), positions: Vec::new(), row: Vec::new() }
    }

    /// Checks a frame and shows it to the descriptor.
    fn prepare(
        &mut self,
        descriptor: &D,
        frames: &Frames<'_>,
        frame: usize,
        derivatives: bool,
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let view = frames.get(frame);
        check_atoms(&view, frame)?;
        let cell = Cell::new(&view, frame)?;
        self.positions.clear();
        memory::reserve(FRAMES, &mut self.positions, view.positions.len())?;
        self.positions.extend(view.positions.iter().map(|&position| cell.wrap(position)));
        let is_lattice = view.pbc == [true; 3];
        let lattice = |cell: &Cell| is_lattice.then_some(Lattice { basis: cell.basis, reciprocal: cell.reciprocal });
        let whole = WholeFrame {
            positions: &self.positions,
            numbers: view.numbers,
            given: lattice(&cell),
            reduced: if is_lattice { lattice(&cell.reduced()) } else { None },
            periodic: view.pbc,
        };
        let prepared = descriptor.prepare(&whole, derivatives, &mut self.scratch, stop);
        prepared.map_err(|refusal| refusal.of_frame(frame))
    }
}

/// Refuses positions and numbers that nothing can be made of.
fn check_atoms(view: &Frame<'_>, frame: usize) -> Result<(), Error> {
    for (atom, (&position, &number)) in view.positions.iter().zip(view.numbers).enumerate() {
        if !position.iter().all(|x| x.is_finite()) {
            return Err(Error::PositionNotFinite { frame, atom, position });
        }
        if !(0..=LAST_ELEMENT).contains(&number) {
            return Err(Error::NotAnElement { frame, atom, number });
        }
    }
    let periodic_rows = view.cell.iter().zip(view.pbc).filter(|(_, periodic)| *periodic).map(|(row, _)| row);
    let largest = view.positions.iter().chain(periodic_rows).flatten().fold(0.0_f64, |most, x| most.max(x.abs()));
    if largest > WIDEST { Err(Refusal::TooWide { largest }.of_frame(frame)) } else { Ok(()) }
}

/// Visits every frame, with what `payload` says it needs of its own, in the order of the frames.
fn each<D: FrameDescriptor, P: Send>(
    frames: &Frames<'_>,
    job: &mut Job<'_>,
    mut payload: impl FnMut(usize) -> P + Send,
    visit: impl Fn(&mut Worker<D>, usize, P, &Stop<'_>) -> Result<(), Error> + Sync,
) -> Result<(), Error> {
    let counter = RowCounter::new(frames.len());
    let pieces = Pieces {
        size: |_| 1,
        worker: || Ok(Worker::<D>::new()),
        payload: |frame: usize| payload(frame),
        visit: |worker: &mut Worker<D>, frame: usize, payload: P, stop: &Stop<'_>| {
            visit(worker, frame, payload, stop)?;
            counter.add(1);
            Ok(())
        },
        merge: |_: usize, (): ()| Ok(()),
    };
    with_workers(job, |job, stock| share(job, &counter, frames.len(), stock, pieces))?;
    job.report(&counter)
}

/// Writes the features of all frames into `rows`, `n_features` numbers a row.
///
/// # Errors
/// Any [`Error`] that the input or the caller can cause.
pub fn transform_frames<D: FrameDescriptor, T: RowElement>(
    descriptor: &D,
    frames: &Frames<'_>,
    rows: &mut [T],
    job: &mut Job<'_>,
) -> Result<(), Error> {
    let n_features = descriptor.n_features();
    check_length("rows", rows.len(), frames.len() * n_features)?;
    let mut rows = rows.chunks_exact_mut(n_features);
    let payload = |_| rows.next().unwrap_or_default();
    each(frames, job, payload, |worker: &mut Worker<D>, frame, row: &mut [T], stop| {
        worker.prepare(descriptor, frames, frame, false, stop)?;
        T::fill(row, &mut worker.row, |row| descriptor.values(&mut worker.scratch, row, stop))
    })
}

/// Writes the derivatives of all features along `displacements` (one row an atom of all frames) into `rows`.
///
/// # Errors
/// Any [`Error`] that the input or the caller can cause.
pub fn pushforward_frames<D: FrameDescriptor, T: RowElement>(
    descriptor: &D,
    frames: &Frames<'_>,
    displacements: &[[f64; 3]],
    rows: &mut [T],
    job: &mut Job<'_>,
) -> Result<(), Error> {
    let n_features = descriptor.n_features();
    check_length("rows", rows.len(), frames.len() * n_features)?;
    check_length("displacements", displacements.len(), frames.n_atoms())?;
    check_finite("displacements", displacements.as_flattened(), 3)?;
    let mut rows = rows.chunks_exact_mut(n_features);
    let payload = |_| rows.next().unwrap_or_default();
    each(frames, job, payload, |worker: &mut Worker<D>, frame, row: &mut [T], stop| {
        worker.prepare(descriptor, frames, frame, true, stop)?;
        let own = &displacements[frames.atoms(frame)];
        T::fill(row, &mut worker.row, |row| descriptor.tangent(own, &mut worker.scratch, row, stop))
    })
}

/// Gradients of `Σ adjoint · features` with respect to all positions and strains.
///
/// # Errors
/// Any [`Error`] that the input or the caller can cause.
pub fn pullback_frames<D: FrameDescriptor>(
    descriptor: &D,
    frames: &Frames<'_>,
    adjoint: &[f64],
    job: &mut Job<'_>,
) -> Result<Pullback, Error> {
    let n_features = descriptor.n_features();
    check_length("adjoint", adjoint.len(), frames.len() * n_features)?;
    let mut result = Pullback::zero(frames)?;
    let (mut positions, mut strains) = (result.positions.as_mut_slice(), result.strain.iter_mut());
    let payload = |frame: usize| {
        let own = positions.split_off_mut(..frames.atoms(frame).len()).unwrap_or_default();
        (own, strains.next())
    };
    each(frames, job, payload, |worker: &mut Worker<D>, frame, (gradient, strain), stop| {
        let adjoint = &adjoint[frame * n_features..][..n_features];
        check_finite("adjoint", adjoint, n_features).map_err(|error| error.in_row(frame))?;
        worker.prepare(descriptor, frames, frame, true, stop)?;
        let of_strain = descriptor.pullback(adjoint, &mut worker.scratch, gradient, stop)?;
        if let Some(strain) = strain {
            *strain = of_strain;
        }
        Ok(())
    })?;
    Ok(result)
}

/// Writes the derivatives of the features of each frame with respect to its atoms, `[atom of all frames][xyz][feature]`.
///
/// # Errors
/// Any [`Error`] that the input or the caller can cause.
pub fn jacobian_frames<D: FrameDescriptor, T: RowElement>(
    descriptor: &D,
    frames: &Frames<'_>,
    blocks: &mut [T],
    job: &mut Job<'_>,
) -> Result<(), Error> {
    let size = 3 * descriptor.n_features();
    check_length("blocks", blocks.len(), frames.n_atoms() * size)?;
    let mut blocks = blocks;
    let payload = |frame: usize| blocks.split_off_mut(..frames.atoms(frame).len() * size).unwrap_or_default();
    each(frames, job, payload, |worker: &mut Worker<D>, frame, blocks: &mut [T], stop| {
        worker.prepare(descriptor, frames, frame, true, stop)?;
        for (atom, block) in blocks.chunks_exact_mut(size).enumerate() {
            T::fill(block, &mut worker.row, |block| {
                descriptor.jacobian_of_atom(atom, &mut worker.scratch, block, stop)
            })?;
        }
        Ok(())
    })
}
