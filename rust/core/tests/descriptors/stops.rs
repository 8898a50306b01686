//! Work on one center that takes long is left early, wherever it is.

use std::cell::Cell;
use std::sync::atomic::AtomicBool;

use isoprint_core::descriptors::overlap_matrix::Shell;
use isoprint_core::descriptors::pair_matrix::{ContractedMatrix, PairMatrixParameters};
use isoprint_core::descriptors::{CenterKind, Descriptor, Environment, JacobianRow, Refusal};
use isoprint_core::{Error, Stop};

use crate::common::{OwnedEnvironment, noise};

/// Many sites of one channel around an atom.
fn crowd(n: usize) -> OwnedEnvironment {
    let [x, y, z] = [noise(n, 1.7), noise(n, 2.9), noise(n, 4.3)];
    let position = (0..n).map(|k| [2.0 * x[k], 2.0 * y[k], 2.0 * z[k]]).collect();
    OwnedEnvironment { center: CenterKind::Atom(Some(0)), channel: vec![0; n], position }
}

/// Asks every question, stops each at its first, tenth, ... look, and counts those that were stopped.
fn stopped<D: Descriptor>(descriptor: &D, sites: &OwnedEnvironment) -> usize {
    let n = sites.position.len();
    let (n_features, n_coefficients) = (descriptor.n_features(), descriptor.n_coefficients());
    let (adjoint, displacements) = (noise(n_features, 0.3), vec![[0.1, 0.2, 0.3]; n]);
    let of_site: Vec<u32> = (0..n as u32).collect();
    let mut count = 0;
    for patience in [1, 10, 100, 1000, 10_000] {
        let looks = Cell::new(0);
        let ask = || {
            looks.set(looks.get() + 1);
            looks.get() >= patience
        };
        let requested = AtomicBool::new(false);
        let stop = Stop::polling(&requested, &ask);
        let mut scratch = descriptor.scratch().expect("some memory");
        let (mut c, mut dc) = (vec![0.0; n_coefficients], vec![0.0; n_coefficients]);
        let mut row = vec![0.0; n_features];
        let mut all = |environment: &Environment<'_>| {
            let prepare = |derivatives: bool, scratch: &mut D::Scratch| {
                let prepared = descriptor.prepare(environment, derivatives, scratch, &stop);
                prepared.map_err(|refusal| match refusal {
                    Refusal::Unfinished(error) => *error,
                    other => panic!("{other}"),
                })
            };
            prepare(false, &mut scratch)?;
            descriptor.expand(environment, &mut scratch, &mut c, &stop)?;
            descriptor.contract(&c, &mut scratch, &mut row, &stop)?;
            prepare(true, &mut scratch)?;
            descriptor.expand_tangent(environment, &displacements, &mut scratch, &mut c, &mut dc, &stop)?;
            descriptor.contract_tangent(&c, &dc, &mut scratch, &mut row, &stop)?;
            prepare(true, &mut scratch)?;
            descriptor.contract_pullback(&c, &adjoint, &mut scratch, &mut dc, &stop)?;
            let mut gradient = vec![[0.0; 3]; n];
            descriptor.expand_pullback(environment, &dc, &mut scratch, &mut gradient, &stop)?;
            let mut values = vec![0.0; n * 3 * n_features];
            let mut written = Vec::new();
            let mut blocks = JacobianRow::new(&mut values, 3 * n_features, &of_site, None, &mut written);
            descriptor.jacobian(environment, &c, &mut scratch, &mut blocks, &stop)
        };
        match sites.with(&mut all) {
            Ok(()) => {}
            Err(error) => {
                assert_eq!(error, Error::Interrupted);
                assert_eq!(looks.get(), patience, "left at the look that said so");
                count += 1;
            }
        }
    }
    count
}

fn matrix_parameters(max_sites: usize) -> PairMatrixParameters {
    PairMatrixParameters { r_cut: 6.0, max_sites, numbers: vec![6], ..crate::common::pair_matrix::parameters() }
}

#[test]
fn every_descriptor_looks_often() {
    let shells = [Shell { l: 0, width: vec![0.6] }, Shell { l: 1, width: vec![0.6] }];
    let plain = crate::common::pair_matrix::overlap(matrix_parameters(100), &shells, None).expect("legal parameters");
    assert!(stopped(&plain, &crowd(90)) >= 3);
    let contracted =
        crate::common::pair_matrix::overlap(matrix_parameters(100), &shells, Some(ContractedMatrix::Overlap))
            .expect("legal parameters");
    assert!(stopped(&contracted, &crowd(90)) >= 3);
    let coulomb = crate::common::pair_matrix::coulomb(matrix_parameters(300), 0.1).expect("legal parameters");
    assert!(stopped(&coulomb, &crowd(250)) >= 3);
    let turbo =
        isoprint_core::descriptors::soap::SoapTurbo::new(crate::common::parameters()).expect("legal parameters");
    assert!(stopped(&turbo, &crowd(2000)) >= 2);
}

#[test]
fn preparation_looks_often() {
    let requested = AtomicBool::new(true);
    let stop = Stop::on_request(&requested);
    // Of a cutoff of its own, for which no other test has left tables behind.
    let parameters = isoprint_core::descriptors::soap::TurboParameters { r_cut: 4.4321, ..crate::common::parameters() };
    let error = isoprint_core::descriptors::soap::SoapTurbo::interruptible(parameters, &stop);
    assert!(matches!(error, Err(Error::Interrupted)));
}
