//! Symmetry functions with every option.

use isoprint_core::descriptors::acsf::{Acsf, AcsfParameters, AcsfSpecies, Angular, Function, Kind, Radial};
use isoprint_core::math::cutoff::CutoffFunction;

use super::{Case, Described};

fn radial(shape: Radial, r_cut: f64, of: Option<u8>) -> Function {
    Function { kind: Kind::Radial(shape, of), r_cut }
}

fn angular([eta, zeta, lambda, shift]: [f64; 4], wide: bool, r_cut: f64, of: Option<(u8, u8)>) -> Function {
    Function { kind: Kind::Angular(Angular { eta, zeta, lambda, shift, wide }, of), r_cut }
}

/// Two species, functions of every kind.
pub fn parameters() -> AcsfParameters {
    let species =
        [(6, 1.5), (1, -0.7)].map(|(number, weight)| AcsfSpecies { number: Some(number), weight: Some(weight) });
    let mut functions = Vec::new();
    for of in [Some(0), Some(1), None] {
        functions.push(radial(Radial::Cutoff, 4.0, of));
        functions.push(radial(Radial::Gaussian { eta: 0.4, shift: 1.0 }, 4.0, of));
        functions.push(radial(Radial::Cosine { kappa: 1.7 }, 3.1, of));
    }
    for of in [Some((0, 0)), Some((1, 0)), Some((1, 1)), None] {
        for wide in [false, true] {
            for eta in [0.0, 0.05, 0.3] {
                for zeta in [1.0, 2.0, 4.0, 7.0] {
                    functions.push(angular([eta, zeta, 1.0, 0.0], wide, 4.0, of));
                    functions.push(angular([eta, zeta, -1.0, 0.0], wide, 4.0, of));
                }
            }
            functions.push(angular([0.05, 2.5, 0.4, 0.0], wide, 4.0, of));
            functions.push(angular([0.2, 3.0, -1.0, 0.9], wide, 3.5, of));
            functions.push(angular([0.1, 3.0, -2.5, 0.0], wide, 4.0, of));
        }
    }
    AcsfParameters {
        cutoff_function: CutoffFunction::Cosine,
        alpha: 0.0,
        ignore_unknown_species: false,
        species: species.to_vec(),
        functions,
    }
}

/// One descriptor an option.
pub fn every_option() -> Vec<Case> {
    let mut all: Vec<(String, AcsfParameters)> = vec![("Symmetry functions".into(), parameters())];
    let mut add = |name: &str, change: &dyn Fn(&mut AcsfParameters)| {
        let mut p = parameters();
        change(&mut p);
        all.push((format!("Symmetry functions, {name}"), p));
    };
    let cutoff_functions = [
        CutoffFunction::Tanh,
        CutoffFunction::NormalizedTanh,
        CutoffFunction::Exponential,
        CutoffFunction::Polynomial(1),
        CutoffFunction::Polynomial(2),
        CutoffFunction::Polynomial(3),
        CutoffFunction::Polynomial(4),
    ];
    for function in cutoff_functions {
        add(&format!("{function:?}"), &|p| p.cutoff_function = function);
    }
    for function in [CutoffFunction::Cosine, CutoffFunction::Polynomial(3)] {
        add(&format!("{function:?} from 1.21"), &|p| (p.cutoff_function, p.alpha) = (function, 0.3025));
    }
    add("no cutoff within reach", &|p| {
        p.cutoff_function = CutoffFunction::Hard;
        p.functions.iter_mut().for_each(|function| function.r_cut = 9.0);
    });
    add("distances", &|p| p.functions.retain(|function| matches!(function.kind, Kind::Radial(..))));
    add("one function", &|p| p.functions = vec![angular([0.1, 16.0, -1.0, 0.0], false, 4.0, Some((0, 1)))]);
    let case = |(name, parameters): (String, AcsfParameters)| Case {
        name,
        normalized: false,
        constant: false,
        center_shared: false,
        descriptor: Box::new(Described(Acsf::new(parameters).expect("legal parameters"))),
    };
    all.into_iter().map(case).collect()
}
