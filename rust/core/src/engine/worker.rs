//! What one worker needs to answer for one center.

use super::pullback::Part;
use super::walk::Prepared;
use crate::Error;
use crate::descriptors::{CenterKind, Descriptor, Environment};
use crate::geometry::{Center, Centers, Sites};

/// The place of an atom that has none.
pub const UNSEEN: u32 = u32::MAX;

/// Buffers of one worker, kept from center to center and from call to call.
pub struct Worker<D: Descriptor> {
    /// Sites of the present center.
    pub sites: Sites,
    /// Buffers of the descriptor.
    pub scratch: D::Scratch,
    /// Coefficients of the present center.
    pub coefficients: Vec<f64>,
    /// Their adjoint or tangent.
    pub other: Vec<f64>,
    /// Gradients or velocities of the sites.
    pub vectors: Vec<[f64; 3]>,
    /// Room for rows that are not written in place.
    pub room: Vec<f64>,
    /// Place of each atom among those that the present row or chunk has seen; [`UNSEEN`] for the others.
    pub place: Vec<u32>,
    /// Place of each site, and which of them hold something.
    pub of_site: Vec<u32>,
    pub written: Vec<bool>,
    /// Gradients of the atoms that the present chunk has seen.
    pub part: Part,
}

impl<D: Descriptor> Worker<D> {
    /// Buffers for `descriptor`.
    pub fn new(descriptor: &D) -> Self {
        let coefficients = vec![0.0; descriptor.n_coefficients()];
        Self {
            sites: Sites::default(),
            scratch: descriptor.scratch(),
            other: coefficients.clone(),
            coefficients,
            vectors: Vec::new(),
            room: Vec::new(),
            place: Vec::new(),
            of_site: Vec::new(),
            written: Vec::new(),
            part: Part::default(),
        }
    }

    /// Makes room for the places of so many atoms, none of which has one.
    pub fn expect_atoms(&mut self, n_atoms: usize) {
        if self.place.len() < n_atoms {
            self.place.resize(n_atoms, UNSEEN);
        }
    }

    /// Finds the sites of the center of `row` and shows them to `descriptor`; returns that center.
    ///
    /// # Errors
    /// [`Error::TooManySites`], [`Error::Environment`].
    pub fn prepare(
        &mut self,
        descriptor: &D,
        frame: &Prepared,
        centers: &Centers<'_>,
        row: usize,
        slopes: bool,
    ) -> Result<Center, Error> {
        let center = self.find(frame, centers, row)?;
        let environment = environment(frame, center, &self.sites);
        descriptor.prepare(&environment, slopes, &mut self.scratch).map_err(|refusal| Error::Environment {
            frame: frame.frame,
            center: row - centers.rows(frame.frame).start,
            refusal: refusal.of_atoms(&self.sites.index),
        })?;
        Ok(center)
    }

    /// Finds the sites of the center of `row`, and returns that center.
    ///
    /// # Errors
    /// [`Error::TooManySites`].
    pub fn find(&mut self, frame: &Prepared, centers: &Centers<'_>, row: usize) -> Result<Center, Error> {
        let center = centers.get(row);
        frame.grid.find(center, row - centers.rows(frame.frame).start, &mut self.sites)?;
        Ok(center)
    }
}

/// The sites of `center` as a descriptor sees them.
fn environment<'a>(frame: &Prepared, center: Center, sites: &'a Sites) -> Environment<'a> {
    let center = match center {
        Center::Atom(atom) => CenterKind::Atom(Some(frame.channels[atom]).filter(|&channel| channel != u8::MAX)),
        Center::Point(_) => CenterKind::Point,
    };
    Environment { center, channel: &sites.channel, dx: &sites.dx, dy: &sites.dy, dz: &sites.dz, r: &sites.r }
}
