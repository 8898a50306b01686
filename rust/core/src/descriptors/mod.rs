//! Descriptors: maps from the sites of one center to features.
//!
//! A descriptor has never heard of frames, threads or files: it sees one [`Environment`] and one row. It answers in
//! two stages, so that an average over the centers of a frame can be taken between them ("inner") or after them:
//!
//! 1. [`Descriptor::prepare`] and [`Descriptor::expand`]: sites to *coefficients*, a sum over sites;
//! 2. [`Descriptor::contract`]: coefficients to features, the same for every site.
//!
//! | stage | SOAP | ACSF | matrix of pairs |
//! |---|---|---|---|
//! | `prepare` | directions, radial functions, angular factors | distances, cutoff functions | matrix, eigenvectors |
//! | `expand` | density coefficients | the features | the eigenvalues |
//! | `contract` | power spectrum | nothing left to do | nothing left to do |
//!
//! Each stage knows its own derivative, forward and back; [`crate::engine`] chains them, once for every descriptor.
//! Where the coefficients are the features already, there is no second stage to write.

pub mod acsf;
pub mod atom_matrix;
pub mod coulomb_matrix;
mod environment;
mod frame_descriptor;
mod jacobian_row;
mod lever_sums;
pub mod mbtr;
pub mod overlap_matrix;
pub mod pair_matrix;
mod point_names;
pub mod radial_distribution;
mod read;
mod row_stretches;
pub mod soap;
mod species;
mod validate;

pub use environment::{CenterKind, Environment};
pub use frame_descriptor::{FrameDescriptor, Lattice, WholeFrame};
pub use jacobian_row::{JacobianBlock, JacobianRow};
pub use lever_sums::LeverSums;
pub use row_stretches::{RowBuffer, RowStretches};
pub use species::{Element, Species};

pub use crate::error::Refusal;

use crate::simd::add_scaled;
use crate::{Error, Stop};

/// One fingerprint of one environment.
///
/// To be written are [`Self::expand`], its three derivatives [`Self::expand_tangent`], [`Self::expand_pullback`] and
/// [`Self::jacobian`], and what the fingerprint says about itself. [`Self::contract`] is the identity unless it is
/// written; then [`Self::contract_tangent`], [`Self::contract_pullback`] and [`Self::n_coefficients`] have to be written
/// with it. Every question is about the center that was prepared last.
pub trait Descriptor: Sync + 'static {
    /// Buffers reused from center to center, one set per worker; nothing is allocated in between.
    type Scratch: Send + 'static;
    /// What is known of one prepared center, for [`Self::exchange`].
    type Kept: Default + Send + 'static;
    /// Whether what [`Self::prepare`] finds out is worth keeping while other centers are prepared; where it is not, a
    /// center is prepared anew.
    const KEEPS: bool = false;

    /// Distance in Å beyond which nothing is seen.
    fn reach(&self) -> f64;
    /// Number of features, the length of a row.
    fn n_features(&self) -> usize;
    /// One readable, unique name a feature, in the order of a row; `symbols` are those of the channels.
    ///
    /// # Errors
    /// [`Error::Shape`] where there is not one symbol a channel; [`Error::Memory`].
    fn feature_names(&self, symbols: &[String]) -> Result<Vec<String>, Error>;
    /// Number of coefficients between the two stages: by default that of the features.
    fn n_coefficients(&self) -> usize {
        self.n_features()
    }
    /// The elements that are seen.
    fn species(&self) -> &Species;
    /// Whether the features are the coefficients, or linear in them, so that derivatives of the second stage need no
    /// coefficients.
    fn is_linear(&self) -> bool {
        false
    }
    /// Whether coefficients depend on the [volume](Environment::volume) of the cell besides.
    fn sees_volume(&self) -> bool {
        false
    }
    /// The derivative of `Σ adjoint · coefficients` with respect to the logarithm of that volume, where it is seen: what
    /// a strain adds by changing it.
    fn volume_derivative(&self, _coefficients: &[f64], _adjoint: &[f64]) -> f64 {
        0.0
    }
    /// Adds to the `tangent` of the coefficients what a change of that logarithm, `along`, adds by itself.
    fn add_volume_tangent(&self, _coefficients: &[f64], _along: f64, _tangent: &mut [f64]) {}
    /// Fresh buffers.
    ///
    /// # Errors
    /// [`Error::Memory`].
    fn scratch(&self) -> Result<Self::Scratch, Error>;

    /// Looks at the sites of one center, before anything is asked about them; `derivatives` says whether that will be
    /// derivatives too.
    ///
    /// This, like all that follows, leaves early where `stop` says so or memory is refused; nothing but a fresh
    /// center can be asked about after that.
    ///
    /// # Errors
    /// [`Refusal`] where this descriptor cannot describe such surroundings.
    fn prepare(
        &self,
        _environment: &Environment<'_>,
        _derivatives: bool,
        _scratch: &mut Self::Scratch,
        _stop: &Stop<'_>,
    ) -> Result<(), Refusal> {
        Ok(())
    }

    /// Exchanges what is known of the present center, and of its features where these have been written, with what
    /// `kept` holds of another one. Where [`Self::KEEPS`] says so, that is the prepared one then.
    fn exchange(&self, _scratch: &mut Self::Scratch, _kept: &mut Self::Kept) {}

    /// Writes the coefficients of the prepared center; `environment`, here and in all that follows, is the one that
    /// [`Self::prepare`] was shown.
    ///
    /// # Errors
    /// [`Error::Interrupted`], [`Error::Memory`].
    fn expand(
        &self,
        environment: &Environment<'_>,
        scratch: &mut Self::Scratch,
        coefficients: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error>;
    /// Adds the coefficients of the prepared center to `sum`: by default [`Self::expand`], by way of `coefficients`.
    ///
    /// # Errors
    /// [`Error::Interrupted`], [`Error::Memory`].
    fn expand_into_sum(
        &self,
        environment: &Environment<'_>,
        scratch: &mut Self::Scratch,
        coefficients: &mut [f64],
        sum: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.expand(environment, scratch, coefficients, stop)?;
        // A product with one is exact: this rounds as a sum does.
        add_scaled(1.0, coefficients, sum);
        Ok(())
    }
    /// Writes the coefficients of the prepared center and their derivative along `displacements` of the sites
    /// relative to the center. The center must be prepared anew before anything else is asked.
    ///
    /// # Errors
    /// [`Error::Interrupted`], [`Error::Memory`].
    fn expand_tangent(
        &self,
        environment: &Environment<'_>,
        displacements: &[[f64; 3]],
        scratch: &mut Self::Scratch,
        coefficients: &mut [f64],
        tangent: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error>;
    /// Writes to `gradient[site]` the derivative of `Σ adjoint · coefficients` with respect to that site's position.
    ///
    /// # Errors
    /// [`Error::Interrupted`], [`Error::Memory`].
    fn expand_pullback(
        &self,
        environment: &Environment<'_>,
        adjoint: &[f64],
        scratch: &mut Self::Scratch,
        gradient: &mut [[f64; 3]],
        stop: &Stop<'_>,
    ) -> Result<(), Error>;

    /// Writes every feature.
    ///
    /// # Errors
    /// [`Error::Interrupted`], [`Error::Memory`].
    fn contract(
        &self,
        coefficients: &[f64],
        _scratch: &mut Self::Scratch,
        row: &mut [f64],
        _stop: &Stop<'_>,
    ) -> Result<(), Error> {
        row.copy_from_slice(coefficients);
        Ok(())
    }
    /// Makes every feature that is not zero for want of a species, or none that is zero, in stretches of a row.
    ///
    /// # Errors
    /// [`Error::Interrupted`], [`Error::Memory`].
    fn contract_in_stretches<'a>(
        &self,
        coefficients: &[f64],
        scratch: &'a mut Self::Scratch,
        buffer: &'a mut RowBuffer,
        stop: &Stop<'_>,
    ) -> Result<RowStretches<'a>, Error> {
        buffer.stretches_of(self.n_features(), |row| self.contract(coefficients, scratch, row, stop))
    }
    /// Whether a row is made in stretches first, so that to write these alone into a row of zeros is quicker than to
    /// write every feature.
    fn prefers_stretches(&self) -> bool {
        false
    }
    /// Writes the derivative of every feature along `tangent`.
    ///
    /// # Errors
    /// [`Error::Interrupted`], [`Error::Memory`].
    fn contract_tangent(
        &self,
        _coefficients: &[f64],
        tangent: &[f64],
        _scratch: &mut Self::Scratch,
        row: &mut [f64],
        _stop: &Stop<'_>,
    ) -> Result<(), Error> {
        row.copy_from_slice(tangent);
        Ok(())
    }
    /// Writes the gradient of `Σ adjoint · features` with respect to the coefficients.
    ///
    /// # Errors
    /// [`Error::Interrupted`], [`Error::Memory`].
    fn contract_pullback(
        &self,
        _coefficients: &[f64],
        adjoint: &[f64],
        _scratch: &mut Self::Scratch,
        coefficients_adjoint: &mut [f64],
        _stop: &Stop<'_>,
    ) -> Result<(), Error> {
        coefficients_adjoint.copy_from_slice(adjoint);
        Ok(())
    }

    /// [`Self::contract_pullback`] of the prepared center, whose `features` [`Self::contract`] has written last.
    ///
    /// # Errors
    /// [`Error::Interrupted`], [`Error::Memory`].
    fn contract_pullback_of_row(
        &self,
        coefficients: &[f64],
        _features: &[f64],
        adjoint: &[f64],
        scratch: &mut Self::Scratch,
        coefficients_adjoint: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.contract_pullback(coefficients, adjoint, scratch, coefficients_adjoint, stop)
    }

    /// Puts the derivative of the features with respect to each site's position into `row`.
    ///
    /// The features are those of `coefficients`, which are the prepared center's own, or a mean over centers of which it
    /// is one: derivatives of the first stage are the center's, those of the second are taken at `coefficients`.
    ///
    /// # Errors
    /// [`Error::Interrupted`], [`Error::Memory`].
    fn jacobian(
        &self,
        environment: &Environment<'_>,
        coefficients: &[f64],
        scratch: &mut Self::Scratch,
        row: &mut JacobianRow<'_>,
        stop: &Stop<'_>,
    ) -> Result<(), Error>;
}
