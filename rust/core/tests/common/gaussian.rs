//! Classic SOAP with every option.

use isoprint_core::descriptors::soap::{
    Compression, Convention, DensityParameters, GaussianBasis, Soap, SoapParameters, WeightFunction, Weighting,
};

use super::{Case, Described};

fn density(number: i64) -> DensityParameters {
    let shift = 0.03 * (number % 5) as f64;
    DensityParameters { number: Some(number), sigma: 0.5 - shift, weight: 1.0 + shift, central_weight: 0.7 + shift }
}

/// Two species that leave nothing at its default.
pub fn parameters() -> SoapParameters {
    SoapParameters {
        r_cut: 4.0,
        padding: 0.0,
        n_max: 5,
        l_max: 4,
        basis: GaussianBasis::Gto,
        basis_error_exponent: 10.0,
        cutoff_width: 0.6,
        weighting: None,
        convention: Convention::Isoprint,
        compression: Compression::None,
        normalize: true,
        center_everywhere: false,
        constant: None,
        accuracy: 1e-12,
        ignore_unknown_species: false,
        species: vec![density(6), density(1)],
    }
}

/// One descriptor an option.
pub fn every_option() -> Vec<Case> {
    let mut all: Vec<(String, SoapParameters)> = vec![("Gaussian".into(), parameters())];
    let mut add = |name: &str, change: &dyn Fn(&mut SoapParameters)| {
        let mut p = parameters();
        change(&mut p);
        all.push((format!("Gaussian, {name}"), p));
    };
    for basis in [
        GaussianBasis::Polynomial,
        GaussianBasis::Equispaced,
        GaussianBasis::GtoFeatomic,
        GaussianBasis::GtoQuip,
        GaussianBasis::PolynomialQuip,
    ] {
        add(&format!("{basis:?}"), &|p| p.basis = basis);
    }
    for convention in [Convention::Quip, Convention::Dscribe, Convention::Featomic] {
        add(&format!("{convention:?}"), &|p| p.convention = convention);
        add(&format!("{convention:?}, unsymmetric"), &|p| {
            (p.convention, p.compression, p.normalize) = (convention, Compression::Factors(2, 1), false);
        });
        add(&format!("{convention:?}, crossover"), &|p| {
            (p.convention, p.compression) = (convention, Compression::Crossover);
        });
        add(&format!("{convention:?}, matrix"), &|p| {
            let entries = vec![(0, 3, 1.0), (0, 17, -0.5), (2, 40, 2.0), (1, 100, 0.25)];
            (p.convention, p.compression) = (convention, Compression::Matrix { n_rows: 3, entries });
        });
    }
    // Rows of planes shorter and longer than a pack, normalized and not.
    for convention in [Convention::Dscribe, Convention::Featomic] {
        for (n_max, l_max, normalize) in [(1, 9, true), (4, 4, false), (8, 3, true), (9, 8, false), (13, 2, true)] {
            add(&format!("{convention:?}, {n_max}, {l_max}"), &|p| {
                (p.convention, p.n_max, p.l_max, p.normalize) = (convention, n_max, l_max, normalize);
                p.constant = normalize.then_some(0.3);
            });
        }
    }
    add("crossover", &|p| p.compression = Compression::Crossover);
    add("diagonal", &|p| p.compression = Compression::Diagonal);
    add("mu2", &|p| p.compression = Compression::Factors(2, 0));
    add("no normalization", &|p| p.normalize = false);
    add("constant", &|p| p.constant = Some(0.3));
    add("constant, not normalized", &|p| (p.constant, p.normalize) = (Some(0.3), false));
    add("step", &|p| (p.cutoff_width, p.padding) = (0.0, 0.5));
    add("all of it fades", &|p| p.cutoff_width = 4.0);
    add("everywhere", &|p| p.center_everywhere = true);
    add("narrow", &|p| p.species.iter_mut().for_each(|s| s.sigma = 0.25));
    let weighting = Weighting { function: WeightFunction::Power, r0: 2.0, c: 1.3, d: 0.8, m: 3.0, at_center: None };
    add("power", &|p| p.weighting = Some(weighting));
    add("power, weight at center", &|p| p.weighting = Some(Weighting { at_center: Some(0.2), ..weighting }));
    add("polynomial", &|p| {
        p.weighting = Some(Weighting { function: WeightFunction::Polynomial, r0: 3.5, m: 2.0, ..weighting });
    });
    add("exponential", &|p| {
        p.weighting = Some(Weighting { function: WeightFunction::Exponential, ..weighting });
    });
    add("one function, degree zero", &|p| (p.n_max, p.l_max) = (1, 0));
    for (n_max, l_max) in [(11, 9), (8, 8), (17, 3), (3, 16)] {
        add(&format!("{n_max}, {l_max}"), &|p| (p.n_max, p.l_max) = (n_max, l_max));
    }
    // Rows of pairs that are longer than what the Jacobian writes at a time, in each order.
    for convention in [Convention::Isoprint, Convention::Quip] {
        add(&format!("{convention:?}, long rows"), &|p| (p.convention, p.n_max, p.l_max) = (convention, 12, 20));
    }
    add("unsymmetric, long rows", &|p| (p.compression, p.n_max, p.l_max) = (Compression::Factors(2, 1), 20, 20));
    let case = |(name, parameters): (String, SoapParameters)| Case {
        name,
        normalized: parameters.normalize,
        constant: parameters.constant.is_some(),
        center_shared: true,
        descriptor: Box::new(Described(Soap::new(parameters).expect("legal parameters"))),
    };
    all.into_iter().map(case).collect()
}
