//! What a descriptor cannot be made from, or asked for, is an error that says why.

use std::ops::ControlFlow;

use isoprint_core::Error;
use isoprint_core::descriptors::Descriptor;
use isoprint_core::descriptors::soap::{Compression, Policy, SoapTurbo, TurboBasis, TurboParameters};
use isoprint_core::engine::{AdjointRows, Average, Job, Motion, pullback, pushforward, transform};
use isoprint_core::geometry::{Centers, Frames};

/// The message of the error that a change of the parameters leads to.
fn refused(change: impl FnOnce(&mut TurboParameters)) -> String {
    let mut parameters = crate::common::parameters();
    change(&mut parameters);
    SoapTurbo::new(parameters).expect_err("these parameters make no sense").to_string()
}

#[test]
fn a_parameter_out_of_range_is_named_with_its_value() {
    let cases: [(&str, &str, String); 14] = [
        ("r_cut", "-1", refused(|p| p.r_cut = -1.0)),
        ("r_cut", "NaN", refused(|p| p.r_cut = f64::NAN)),
        ("r_soft", "4.5", refused(|p| p.r_soft = 4.5)),
        ("filter_decay", "0", refused(|p| p.filter_decay = 0.0)),
        ("l_max", "31", refused(|p| p.l_max = 31)),
        ("radial_enhancement", "3", refused(|p| p.radial_enhancement = 3)),
        ("species", "0 elements", refused(|p| p.species.clear())),
        ("species", "6", refused(|p| p.species[1].number = 6)),
        ("n_max", "25", refused(|p| p.species[0].n_max = 25)),
        (
            "n_max",
            "1",
            refused(|p| {
                p.basis = TurboBasis::Poly3Gauss;
                p.species[1].n_max = 1;
            }),
        ),
        ("sigma", "0.001", refused(|p| p.species[0].sigma_r = 0.001)),
        ("amplitude_scaling", "-1", refused(|p| p.species[0].amplitude_scaling = -1.0)),
        ("basis_matrix", "given", refused(|p| p.species[0].basis_matrix = Some(vec![1.0; 25]))),
        (
            "basis",
            "jacobi",
            refused(|p| {
                p.basis = TurboBasis::Jacobi;
                p.policy = Policy::Reference;
            }),
        ),
    ];
    for (name, value, message) in cases {
        assert!(message.starts_with(name), "{message}");
        assert!(message.contains(value), "{message}");
    }
}

#[test]
fn a_width_that_vanishes_before_the_cutoff_is_refused() {
    let message = refused(|p| p.species[0].sigma_t_scaling = -0.2);
    assert!(message.starts_with("sigma_t_scaling"), "{message}");
}

#[test]
fn a_compression_that_does_not_fit_is_refused() {
    let unequal = refused(|p| {
        p.species[0].n_max = 4;
        p.compression = Compression::Factors(1, 1);
    });
    assert!(unequal.contains("same n_max"), "{unequal}");
    let outside = refused(|p| {
        p.compression = Compression::Matrix { n_rows: 1, entries: vec![(0, 100_000, 1.0)] };
    });
    assert!(outside.contains("column 100000"), "{outside}");
}

#[test]
fn a_row_that_fits_no_memory_is_refused_before_it_is_asked_for() {
    let mut parameters = crate::common::parameters();
    parameters.l_max = 30;
    parameters.species = (1..=118).map(|number| crate::common::species(number, 24)).collect();
    parameters.species.iter_mut().for_each(|s| s.sigma_t_scaling = 0.0);
    // Radial functions of so many species take long; the refusal must not wait for them.
    let error = SoapTurbo::new(parameters).expect_err("a row of a gigabyte");
    assert!(matches!(error, Error::Memory { .. }), "{error}");
}

#[test]
fn arrays_that_do_not_fit_or_are_not_finite_are_refused() {
    let soap = SoapTurbo::new(crate::common::parameters()).expect("legal parameters");
    let (positions, numbers) = ([[0.0; 3], [1.0, 0.0, 0.0]], [6, 1]);
    let (cells, pbc, offsets) = ([[[0.0; 3]; 3]], [[false; 3]], [0, 2]);
    let frames = Frames::new(&positions, &numbers, &cells, &pbc, &offsets).expect("a legal frame");
    let centers = Centers::new(&frames, &offsets, &[0, 1], &[]).expect("legal centers");
    let mut go_on = |_, _| ControlFlow::Continue(());
    let mut job = Job { pool: None, progress: &mut go_on, worker_cache: None };
    let n = soap.n_features();
    let mut rows = vec![0.0; 2 * n];
    let short = transform(&soap, Average::Off, &frames, &centers, &mut rows[1..], &mut job);
    assert!(matches!(short, Err(Error::Shape { name: "rows", .. })));
    let mut adjoint = vec![0.0; 2 * n];
    adjoint[n + 3] = f64::NAN;
    let back = pullback(&soap, Average::Off, &frames, &centers, AdjointRows::Double(&adjoint), &mut job);
    assert!(matches!(back, Err(Error::EntryNotFinite { name: "adjoint", row: 1, column: 3, .. })));
    let displacements = [[0.0; 3], [0.0, f64::INFINITY, 0.0]];
    let motion = Motion { displacements: &displacements, strain: None };
    let ahead = pushforward(&soap, Average::Off, &frames, &centers, motion, &mut rows, &mut job);
    assert!(matches!(ahead, Err(Error::EntryNotFinite { name: "displacements", row: 1, column: 1, .. })));
}

#[test]
fn a_number_of_no_element_is_refused_even_where_species_are_passed_over() {
    let (positions, cells, pbc, offsets) = ([[0.0; 3], [1.0, 0.0, 0.0]], [[[0.0; 3]; 3]], [[false; 3]], [0, 2]);
    for ignores in [false, true] {
        let mut parameters = crate::common::parameters();
        parameters.ignore_unknown_species = ignores;
        let soap = SoapTurbo::new(parameters).expect("legal parameters");
        for stranger in [-1, 119, i64::MIN, i64::MAX] {
            let numbers = [6, stranger];
            let frames = Frames::new(&positions, &numbers, &cells, &pbc, &offsets).expect("a legal frame");
            let centers = Centers::new(&frames, &[0, 1], &[0], &[]).expect("legal centers");
            let mut go_on = |_, _| ControlFlow::Continue(());
            let mut job = Job { pool: None, progress: &mut go_on, worker_cache: None };
            let mut rows = vec![0.0; soap.n_features()];
            let refusal = transform(&soap, Average::Off, &frames, &centers, &mut rows, &mut job);
            assert_eq!(refusal, Err(Error::NotAnElement { frame: 0, atom: 1, number: stranger }));
        }
    }
}
