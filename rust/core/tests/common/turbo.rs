//! Recursive SOAP with every option.

use isoprint_core::descriptors::soap::{
    Compression, Policy, SoapTurbo, SpeciesParameters, TurboBasis, TurboParameters,
};

use super::{Case, Described};

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
        basis: TurboBasis::Poly3,
        policy: Policy::Exact,
        compression: Compression::None,
        normalize: true,
        ignore_unknown_species: false,
        species: vec![species(6, 5), species(1, 5)],
    }
}

/// One descriptor an option, with a name for messages.
pub fn every_option() -> Vec<Case> {
    let mut all: Vec<(String, TurboParameters)> = vec![("two species".into(), parameters())];
    let mut add = |name: &str, change: &dyn Fn(&mut TurboParameters)| {
        let mut p = parameters();
        change(&mut p);
        all.push((name.into(), p));
    };
    add("poly3gauss", &|p| p.basis = TurboBasis::Poly3Gauss);
    add("jacobi", &|p| p.basis = TurboBasis::Jacobi);
    add("reference without a filter's edge", &|p| {
        // Where the reference's gradients are those of its values: no boundary term is missing.
        p.policy = Policy::Reference;
        p.filter_decay = 12.0;
        p.species.iter_mut().for_each(|s| s.sigma_r_scaling = 0.0);
    });
    add("no normalization", &|p| p.normalize = false);
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
    let case = |(name, parameters): (String, TurboParameters)| Case {
        name,
        normalized: parameters.normalize,
        constant: false,
        center_shared: true,
        descriptor: Box::new(Described(SoapTurbo::new(parameters).expect("legal parameters"))),
    };
    all.into_iter().map(case).collect()
}
