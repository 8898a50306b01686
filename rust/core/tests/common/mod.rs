//! What the integration tests share: descriptors of every option, environments made by hand.

#![allow(dead_code, unused_imports)]

pub mod acsf;
mod fingerprint;
pub mod gaussian;
pub mod pair_matrix;
pub mod turbo;

use isoprint_core::descriptors::{CenterKind, Environment};

pub use fingerprint::{Described, Fingerprint, Row};
pub use turbo::{parameters, species};

/// One option of one descriptor.
pub struct Case {
    /// For messages.
    pub name: String,
    pub descriptor: Box<dyn Fingerprint>,
    pub normalized: bool,
    /// Whether the last column is the same for all environments.
    pub constant: bool,
    /// Whether a site may lie on the center.
    pub center_shared: bool,
}

/// Every option of every descriptor.
pub fn every_option() -> Vec<Case> {
    turbo::every_option().into_iter().chain(gaussian::every_option()).chain(acsf::every_option()).collect()
}

/// Sites of one center, in memory.
#[derive(Clone)]
pub struct OwnedEnvironment {
    pub center: CenterKind,
    pub channel: Vec<u8>,
    pub position: Vec<[f64; 3]>,
}

impl OwnedEnvironment {
    /// Two dozen sites of two channels, at all distances below four Å.
    pub fn crowded() -> Self {
        let wave = |k: usize, seed: f64| (seed * (k as f64 + 1.0)).sin();
        let site = |k: usize| {
            let direction = [wave(k, 1.7), wave(k, 2.9), wave(k, 4.3)];
            let length = direction.iter().map(|x| x * x).sum::<f64>().sqrt();
            let r = 0.6 + 3.3 * (k as f64 + 0.5) / 24.0;
            direction.map(|x| r * x / length)
        };
        let channel = (0..24).map(|k| u8::from(k >= 17)).collect();
        // Near and far sites in both channels.
        let position = (0..24).map(|k| site((7 * k) % 24)).collect();
        Self { center: CenterKind::Atom(Some(1)), channel, position }
    }

    pub fn moved(&self, displacements: &[[f64; 3]], step: f64) -> Self {
        let mut sites = self.clone();
        for (p, v) in sites.position.iter_mut().zip(displacements) {
            (0..3).for_each(|i| p[i] += step * v[i]);
        }
        sites
    }

    /// Calls `f` with these sites as an environment.
    pub fn with<R>(&self, f: impl FnOnce(&Environment<'_>) -> R) -> R {
        let column = |i: usize| self.position.iter().map(|p| p[i]).collect::<Vec<_>>();
        let (dx, dy, dz) = (column(0), column(1), column(2));
        let r: Vec<f64> = self.position.iter().map(|p| p.iter().map(|x| x * x).sum::<f64>().sqrt()).collect();
        f(&Environment { center: self.center, channel: &self.channel, dx: &dx, dy: &dy, dz: &dz, r: &r, volume: 0.0 })
    }
}

/// Numbers between -1 and 1 that look random.
pub fn noise(n: usize, seed: f64) -> Vec<f64> {
    (0..n).map(|k| (seed * (k as f64 + 1.0) + 0.1 * seed).sin()).collect()
}

/// Displacements of so many sites, in Å, that look random.
pub fn random_displacements(n: usize) -> Vec<[f64; 3]> {
    noise(3 * n, 1.9).as_chunks::<3>().0.to_vec()
}

/// Checks that a Jacobian times displacements is the derivative along them.
pub fn assert_jacobian_is_the_tangent(name: &str, descriptor: &dyn Fingerprint, sites: &OwnedEnvironment) {
    let displacements = random_displacements(sites.position.len());
    let tangent = descriptor.tangent(sites, &displacements);
    let jacobian = descriptor.jacobian(sites);
    let scale = tangent.iter().fold(1.0_f64, |scale, x| scale.max(x.abs()));
    let n_features = descriptor.n_features();
    for feature in 0..n_features {
        let along =
            |(rows, v): (&Vec<f64>, &[f64; 3])| (0..3).map(|i| rows[i * n_features + feature] * v[i]).sum::<f64>();
        let sum: f64 = jacobian.iter().zip(&displacements).map(along).sum();
        assert!((sum - tangent[feature]).abs() < 1e-12 * scale, "{name}, feature {feature}");
    }
}
