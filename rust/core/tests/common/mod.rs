//! What the integration tests share: descriptors of every option, environments made by hand.

#![allow(dead_code)]

use isoprint_core::descriptors::soap::{Basis, Compression, Policy, SoapTurbo, SpeciesParameters, TurboParameters};
use isoprint_core::descriptors::{CenterKind, Environment};

/// Parameters of one species that leave nothing at its default.
pub fn species(number: i64, n_max: usize) -> SpeciesParameters {
    let shift = 0.03 * (number % 5) as f64;
    SpeciesParameters {
        number,
        n_max,
        sigma_r: 0.45 + shift,
        sigma_t: 0.5 - shift,
        sigma_r_scaling: 0.05,
        sigma_t_scaling: 0.08,
        amplitude_scaling: 1.0,
        central_weight: 0.7 + shift,
        basis_matrix: None,
    }
}

/// Two species, exact policy.
pub fn parameters() -> TurboParameters {
    TurboParameters {
        r_cut: 4.0,
        r_soft: 3.4,
        l_max: 4,
        filter_decay: 4.0,
        radial_enhancement: 1,
        basis: Basis::Poly3,
        policy: Policy::Exact,
        compression: Compression::None,
        normalize: true,
        ignore_unknown_species: false,
        species: vec![species(6, 5), species(1, 5)],
    }
}

/// One descriptor an option, with a name for messages.
pub fn every_option() -> Vec<(String, SoapTurbo)> {
    let mut all: Vec<(String, TurboParameters)> = vec![("two species".into(), parameters())];
    let mut add = |name: &str, change: &dyn Fn(&mut TurboParameters)| {
        let mut p = parameters();
        change(&mut p);
        all.push((name.into(), p));
    };
    add("poly3gauss", &|p| p.basis = Basis::Poly3Gauss);
    add("jacobi", &|p| p.basis = Basis::Jacobi);
    add("reference without a filter's edge", &|p| {
        // Where the reference's gradients are those of its values: no boundary term is missing.
        p.policy = Policy::Reference;
        p.filter_decay = 12.0;
        p.species.iter_mut().for_each(|s| s.sigma_r_scaling = 0.0);
    });
    add("no normalisation", &|p| p.normalize = false);
    add("soft = hard", &|p| p.r_soft = p.r_cut);
    add("one function, degree zero", &|p| {
        p.l_max = 0;
        p.species.iter_mut().for_each(|s| s.n_max = 1);
    });
    add("different n_max, many", &|p| {
        p.species[0].n_max = 11;
        p.species[1].n_max = 3;
        p.l_max = 9;
    });
    add("seventeen functions", &|p| p.species[0].n_max = 17);
    for enhancement in [0, 2] {
        add(&format!("enhancement {enhancement}"), &|p| p.radial_enhancement = enhancement);
    }
    for decay in [0.0, 0.7, 2.0, 3.5] {
        add(&format!("amplitude {decay}"), &|p| p.species.iter_mut().for_each(|s| s.amplitude_scaling = decay));
    }
    add("trivial", &|p| p.compression = Compression::Trivial);
    for nu_r in 0..=2 {
        for nu_s in 0..=2 {
            add(&format!("{nu_r}_{nu_s}"), &|p| p.compression = Compression::Factors(nu_r, nu_s));
        }
    }
    add("matrix", &|p| {
        let entries = vec![(0, 3, 1.0), (0, 17, -0.5), (2, 40, 2.0), (1, 100, 0.25)];
        p.compression = Compression::Matrix { n_rows: 3, entries };
    });
    all.into_iter().map(|(name, p)| (name, SoapTurbo::new(p).expect("legal parameters"))).collect()
}

/// Sites of one center, in memory.
#[derive(Clone)]
pub struct Sites {
    pub center: CenterKind,
    pub channel: Vec<u8>,
    pub position: Vec<[f64; 3]>,
}

impl Sites {
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

    pub fn moved(&self, velocity: &[[f64; 3]], step: f64) -> Self {
        let mut sites = self.clone();
        for (p, v) in sites.position.iter_mut().zip(velocity) {
            (0..3).for_each(|i| p[i] += step * v[i]);
        }
        sites
    }

    /// Calls `f` with these sites as an environment.
    pub fn with<R>(&self, f: impl FnOnce(&Environment<'_>) -> R) -> R {
        let column = |i: usize| self.position.iter().map(|p| p[i]).collect::<Vec<_>>();
        let (dx, dy, dz) = (column(0), column(1), column(2));
        let r: Vec<f64> = self.position.iter().map(|p| p.iter().map(|x| x * x).sum::<f64>().sqrt()).collect();
        f(&Environment { center: self.center, channel: &self.channel, dx: &dx, dy: &dy, dz: &dz, r: &r })
    }
}

/// Numbers between -1 and 1 that look random.
pub fn noise(n: usize, seed: f64) -> Vec<f64> {
    (0..n).map(|k| (seed * (k as f64 + 1.0) + 0.1 * seed).sin()).collect()
}
