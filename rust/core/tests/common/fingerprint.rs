//! A descriptor of whatever kind, asked about one environment.

use isoprint_core::Stop;
use isoprint_core::descriptors::{Descriptor, JacobianRow};

use super::OwnedEnvironment;

/// Values and derivatives of one environment, each with buffers of its own.
pub trait Fingerprint {
    fn n_features(&self) -> usize;
    fn values(&self, sites: &OwnedEnvironment) -> Vec<f64>;
    fn tangent(&self, sites: &OwnedEnvironment, displacements: &[[f64; 3]]) -> Vec<f64>;
    fn pullback(&self, sites: &OwnedEnvironment, adjoint: &[f64]) -> Vec<[f64; 3]>;
    /// `[site][xyz][feature]`
    fn jacobian(&self, sites: &OwnedEnvironment) -> Vec<Vec<f64>>;
}

/// A descriptor as a [`Fingerprint`].
pub struct Described<D>(pub D);

impl<D: Descriptor> Fingerprint for Described<D> {
    fn n_features(&self) -> usize {
        self.0.n_features()
    }

    fn values(&self, sites: &OwnedEnvironment) -> Vec<f64> {
        let mut scratch = self.0.scratch().expect("some memory");
        let mut coefficients = vec![0.0; self.0.n_coefficients()];
        let mut row = vec![0.0; self.0.n_features()];
        sites.with(|environment| {
            self.0.prepare(environment, false, &mut scratch, &Stop::never()).expect("no refusal");
            self.0.expand(environment, &mut scratch, &mut coefficients, &Stop::never()).expect("nobody stops it");
        });
        self.0.contract(&coefficients, &mut scratch, &mut row, &Stop::never()).expect("nobody stops it");
        row
    }

    fn tangent(&self, sites: &OwnedEnvironment, displacements: &[[f64; 3]]) -> Vec<f64> {
        let mut scratch = self.0.scratch().expect("some memory");
        let (mut c, mut dc) = (vec![0.0; self.0.n_coefficients()], vec![0.0; self.0.n_coefficients()]);
        let mut row = vec![0.0; self.0.n_features()];
        sites.with(|environment| {
            self.0.prepare(environment, true, &mut scratch, &Stop::never()).expect("no refusal");
            self.0
                .expand_tangent(environment, displacements, &mut scratch, &mut c, &mut dc, &Stop::never())
                .expect("nobody stops it");
        });
        self.0.contract_tangent(&c, &dc, &mut scratch, &mut row, &Stop::never()).expect("nobody stops it");
        row
    }

    fn pullback(&self, sites: &OwnedEnvironment, adjoint: &[f64]) -> Vec<[f64; 3]> {
        let mut scratch = self.0.scratch().expect("some memory");
        let (mut c, mut dc) = (vec![0.0; self.0.n_coefficients()], vec![0.0; self.0.n_coefficients()]);
        let mut gradient = vec![[0.0; 3]; sites.position.len()];
        sites.with(|environment| {
            self.0.prepare(environment, true, &mut scratch, &Stop::never()).expect("no refusal");
            self.0.expand(environment, &mut scratch, &mut c, &Stop::never()).expect("nobody stops it");
            self.0.contract_pullback(&c, adjoint, &mut scratch, &mut dc, &Stop::never()).expect("nobody stops it");
            self.0
                .expand_pullback(environment, &dc, &mut scratch, &mut gradient, &Stop::never())
                .expect("nobody stops it");
        });
        gradient
    }

    fn jacobian(&self, sites: &OwnedEnvironment) -> Vec<Vec<f64>> {
        let mut scratch = self.0.scratch().expect("some memory");
        let mut c = vec![0.0; self.0.n_coefficients()];
        let (n_sites, size) = (sites.position.len(), 3 * self.0.n_features());
        let mut out = vec![f64::NAN; n_sites * size];
        let (of_site, mut written): (Vec<u32>, _) = ((0..n_sites as u32).collect(), Vec::new());
        let mut row = JacobianRow::new(&mut out, size, &of_site, None, &mut written);
        sites.with(|environment| {
            self.0.prepare(environment, true, &mut scratch, &Stop::never()).expect("no refusal");
            self.0.expand(environment, &mut scratch, &mut c, &Stop::never()).expect("nobody stops it");
            self.0.jacobian(environment, &c, &mut scratch, &mut row, &Stop::never()).expect("nobody stops it");
        });
        out.chunks_exact(size).map(<[f64]>::to_vec).collect()
    }
}
