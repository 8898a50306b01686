//! A descriptor of whatever kind, asked about one environment.

use isoprint_core::Stop;
use isoprint_core::descriptors::{Descriptor, JacobianRow};
use isoprint_core::simd::{LANES, Pack};

use super::OwnedEnvironment;

/// Values and derivatives of one environment, each with buffers of its own.
pub trait Fingerprint {
    fn n_features(&self) -> usize;
    fn values(&self, sites: &OwnedEnvironment) -> Vec<f64>;
    fn tangent(&self, sites: &OwnedEnvironment, displacements: &[[f64; 3]]) -> Vec<f64>;
    fn pullback(&self, sites: &OwnedEnvironment, adjoint: &[f64]) -> Vec<[f64; 3]>;
    /// `[block][xyz][feature]`
    fn blocks(&self, sites: &OwnedEnvironment, row: &Row<'_>) -> Vec<Vec<f64>>;
    /// `[site][xyz][feature]`
    fn jacobian(&self, sites: &OwnedEnvironment) -> Vec<Vec<f64>> {
        let of_site: Vec<u32> = (0..sites.position.len() as u32).collect();
        self.blocks(sites, &Row { n_blocks: of_site.len(), of_site: &of_site, own: None, offset: 0, is_large: false })
    }
}

/// A row of a Jacobian.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    pub n_blocks: usize,
    pub of_site: &'a [u32],
    pub own: Option<u32>,
    /// Numbers between a multiple of 64 bytes and the first block.
    pub offset: usize,
    /// Whether it is part of a large result.
    pub is_large: bool,
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

    fn blocks(&self, sites: &OwnedEnvironment, row: &Row<'_>) -> Vec<Vec<f64>> {
        let mut scratch = self.0.scratch().expect("some memory");
        let mut c = vec![0.0; self.0.n_coefficients()];
        let size = 3 * self.0.n_features();
        let length = row.n_blocks * size;
        let mut room = vec![Pack([f64::NAN; LANES]); (length + row.offset).div_ceil(LANES)];
        let out = &mut Pack::numbers_mut(&mut room)[row.offset..row.offset + length];
        let mut written = Vec::new();
        let mut blocks = JacobianRow::new(out, size, row.of_site, row.own, &mut written);
        blocks = blocks.part_of_a_large_result(row.is_large);
        sites.with(|environment| {
            self.0.prepare(environment, true, &mut scratch, &Stop::never()).expect("no refusal");
            self.0.expand(environment, &mut scratch, &mut c, &Stop::never()).expect("nobody stops it");
            self.0.jacobian(environment, &c, &mut scratch, &mut blocks, &Stop::never()).expect("nobody stops it");
        });
        blocks.finish();
        out.chunks_exact(size).map(<[f64]>::to_vec).collect()
    }
}
