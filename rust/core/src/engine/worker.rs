//! Workers: the buffers of one thread, and the preparation of one center.

use super::batch::Prepared;
use super::gradients::{ChunkGradients, UNSEEN};
use crate::descriptors::{CenterKind, Descriptor, Environment, Refusal, RowBuffer};
use crate::geometry::{Center, Centers, Sites};
use crate::{Error, Stop, memory};

/// Buffers of one worker, kept from center to center and from call to call.
pub struct Worker<D: Descriptor> {
    /// Sites of the present center.
    pub sites: Sites,
    /// Buffers of the descriptor.
    pub scratch: D::Scratch,
    /// Coefficients of the present center.
    pub coefficients: Vec<f64>,
    /// Adjoint or tangent of the coefficients of the present center.
    pub adjoint_or_tangent: Vec<f64>,
    /// Gradients, displacements or levers of the sites.
    pub vectors: Vec<[f64; 3]>,
    /// Room for rows that are not written in place.
    pub buffer: Vec<f64>,
    /// Room for derivatives that are summed up.
    pub blocks: Vec<f64>,
    /// Room for rows whose stretches have to be found.
    pub row: RowBuffer,
    /// Place of each atom among those that the present row or chunk has seen; [`UNSEEN`] for the others.
    pub place: Vec<u32>,
    /// Place of the atom of each site.
    pub of_site: Vec<u32>,
    /// Whether the block at each place holds something.
    pub written: Vec<bool>,
    /// Gradients of the atoms that the present chunk has seen.
    pub gradients: ChunkGradients,
}

impl<D: Descriptor> Worker<D> {
    /// Buffers for `descriptor`.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn new(descriptor: &D) -> Result<Self, Error> {
        let coefficients = || memory::zeros("coefficients of one center", descriptor.n_coefficients());
        Ok(Self {
            sites: Sites::default(),
            scratch: descriptor.scratch()?,
            adjoint_or_tangent: coefficients()?,
            coefficients: coefficients()?,
            vectors: Vec::new(),
            buffer: Vec::new(),
            blocks: Vec::new(),
            row: RowBuffer::default(),
            place: Vec::new(),
            of_site: Vec::new(),
            written: Vec::new(),
            gradients: ChunkGradients::default(),
        })
    }

    /// Makes room for the places of so many atoms, none of which has one.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn expect_atoms(&mut self, n_atoms: usize) -> Result<(), Error> {
        let n_places = n_atoms.max(self.place.len());
        memory::resize("places of the atoms of a frame", &mut self.place, n_places, UNSEEN)
    }

    /// Finds the sites of the center of `row` and shows them to `descriptor`; returns that center.
    ///
    /// # Errors
    /// [`Error::TooManySites`], [`Error::Environment`], [`Error::Interrupted`], [`Error::Memory`].
    pub fn prepare(
        &mut self,
        descriptor: &D,
        frame: &Prepared,
        centers: &Centers<'_>,
        row: usize,
        derivatives: bool,
        stop: &Stop<'_>,
    ) -> Result<Center, Error> {
        stop.check()?;
        let center = self.find(frame, centers, row)?;
        let environment = environment(frame, center, &self.sites);
        let first = centers.rows(frame.frame).start;
        let of_center = |refusal: Refusal| refusal.of_atoms(&self.sites.index).of_center(frame.frame, row - first);
        descriptor.prepare(&environment, derivatives, &mut self.scratch, stop).map_err(of_center)?;
        Ok(center)
    }

    /// Writes the coefficients of the prepared `center`.
    ///
    /// # Errors
    /// [`Error::Interrupted`], [`Error::Memory`].
    pub fn expand(&mut self, descriptor: &D, frame: &Prepared, center: Center, stop: &Stop<'_>) -> Result<(), Error> {
        let environment = environment(frame, center, &self.sites);
        descriptor.expand(&environment, &mut self.scratch, &mut self.coefficients, stop)
    }

    /// Adds the coefficients of the prepared `center` to a sum.
    ///
    /// # Errors
    /// [`Error::Interrupted`], [`Error::Memory`].
    pub fn expand_into_sum(
        &mut self,
        descriptor: &D,
        frame: &Prepared,
        center: Center,
        sum: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let environment = environment(frame, center, &self.sites);
        descriptor.expand_into_sum(&environment, &mut self.scratch, &mut self.coefficients, sum, stop)
    }

    /// Finds the sites of the center of `row`, and returns that center.
    ///
    /// # Errors
    /// [`Error::TooManySites`], [`Error::Memory`].
    pub fn find(&mut self, frame: &Prepared, centers: &Centers<'_>, row: usize) -> Result<Center, Error> {
        let center = centers.get(row);
        frame.find(center, row - centers.rows(frame.frame).start, &mut self.sites)?;
        Ok(center)
    }
}

/// The sites of `center` as a descriptor sees them.
pub fn environment<'a>(frame: &Prepared, center: Center, sites: &'a Sites) -> Environment<'a> {
    let center = match center {
        Center::Atom(atom) => CenterKind::Atom(Some(frame.channels[atom]).filter(|&channel| channel != u8::MAX)),
        Center::Point(_) => CenterKind::Point,
    };
    let Sites { channel, dx, dy, dz, r, .. } = sites;
    Environment { center, channel, dx, dy, dz, r, volume: frame.volume }
}
