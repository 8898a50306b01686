//! Fingerprints made of eigenvalues: every derivative is the same one, and that of sums of powers is the difference.
//!
//! Single eigenvalues have kinks where they cross, which is why they are not looked at one by one.

use crate::common::pair_matrix::parameters;
use crate::common::{Described, Fingerprint, OwnedEnvironment, noise};
use isoprint_core::Stop;
use isoprint_core::descriptors::overlap_matrix::Shell;
use isoprint_core::descriptors::pair_matrix::{ContractedMatrix, Degenerate, Order, PairMatrixParameters};
use isoprint_core::descriptors::{CenterKind, Descriptor, Refusal};

fn shell(l: usize, factor: f64) -> Shell {
    Shell { l, width: vec![0.77 * factor, 0.37 * factor] }
}

fn overlap(
    parameters: PairMatrixParameters,
    shells: &[Shell],
    which: Option<ContractedMatrix>,
) -> Box<dyn Fingerprint> {
    Box::new(Described(crate::common::pair_matrix::overlap(parameters, shells, which).expect("legal parameters")))
}

fn coulomb(parameters: PairMatrixParameters) -> Box<dyn Fingerprint> {
    Box::new(Described(crate::common::pair_matrix::coulomb(parameters, 0.1).expect("legal parameters")))
}

/// One fingerprint an option, with a name for messages.
fn every_option() -> Vec<(&'static str, Box<dyn Fingerprint>)> {
    let [s, p, d] = [shell(0, 1.0), shell(1, 1.0), shell(2, 1.0)];
    let raw = PairMatrixParameters { degenerate: Degenerate::Raw, exponent: 3, ..parameters() };
    let steep = PairMatrixParameters { exponent: 1, ..parameters() };
    let without = PairMatrixParameters { exponent: 0, ..parameters() };
    let magnitude = PairMatrixParameters { order: Order::Magnitude, ..parameters() };
    vec![
        ("s", overlap(parameters(), std::slice::from_ref(&s), None)),
        ("s p", overlap(parameters(), &[s.clone(), p.clone()], None)),
        ("s p d", overlap(steep, &[s.clone(), p.clone(), d], None)),
        ("s s f", overlap(raw, &[s.clone(), shell(0, 1.4), shell(3, 0.8)], None)),
        ("no amplitudes", overlap(without.clone(), &[s.clone(), p.clone()], None)),
        ("contracted", overlap(parameters(), &[s.clone(), p.clone()], Some(ContractedMatrix::Overlap))),
        ("contracted, modulated", overlap(parameters(), &[s, p], Some(ContractedMatrix::Modulated))),
        ("Coulomb", coulomb(parameters())),
        ("Coulomb, by magnitude", coulomb(magnitude)),
        ("Coulomb, no amplitudes", coulomb(without)),
    ]
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[test]
fn tangent_pullback_and_jacobian_are_one_derivative() {
    for (name, descriptor) in every_option() {
        let sites = OwnedEnvironment::crowded();
        let n_features = descriptor.n_features();
        let displacements = noise(3 * sites.position.len(), 1.9).as_chunks::<3>().0.to_vec();
        let adjoint = noise(n_features, 0.37);
        let tangent = descriptor.tangent(&sites, &displacements);
        let scale = tangent.iter().fold(1.0_f64, |scale, x| scale.max(x.abs()));
        let back: f64 = descriptor.pullback(&sites, &adjoint).iter().zip(&displacements).map(|(p, v)| dot(p, v)).sum();
        assert!((dot(&tangent, &adjoint) - back).abs() < 1e-10 * scale, "{name}");
        let jacobian = descriptor.jacobian(&sites);
        for feature in 0..n_features {
            let along = |(rows, v): (&Vec<f64>, &[f64; 3])| -> f64 {
                (0..3).map(|axis| rows[axis * n_features + feature] * v[axis]).sum()
            };
            let sum: f64 = jacobian.iter().zip(&displacements).map(along).sum();
            assert!((sum - tangent[feature]).abs() < 1e-11 * scale, "{name}, feature {feature}");
        }
    }
}

#[test]
fn sums_of_powers_have_the_derivative_of_differences() {
    for (name, descriptor) in every_option() {
        let sites = OwnedEnvironment::crowded();
        let displacements = noise(3 * sites.position.len(), 1.9).as_chunks::<3>().0.to_vec();
        let row = descriptor.values(&sites);
        for power in 1..=3 {
            let total = |step: f64| -> f64 {
                descriptor.values(&sites.moved(&displacements, step)).iter().map(|x| x.powi(power)).sum()
            };
            let h = 3e-4;
            let five = (8.0 * (total(h) - total(-h)) - (total(2.0 * h) - total(-2.0 * h))) / (12.0 * h);
            let adjoint: Vec<f64> = row.iter().map(|x| f64::from(power) * x.powi(power - 1)).collect();
            let found: f64 =
                descriptor.pullback(&sites, &adjoint).iter().zip(&displacements).map(|(p, v)| dot(p, v)).sum();
            let scale = adjoint.iter().zip(&row).map(|(a, x)| (a * x).abs()).fold(1.0, f64::max);
            assert!((found - five).abs() < 1e-8 * scale, "{name}, power {power}: {found} against {five}");
        }
    }
}

#[test]
fn lonely_empty_and_coincident_sites_are_finite() {
    let cases = [
        OwnedEnvironment { center: CenterKind::Atom(Some(0)), channel: Vec::new(), position: Vec::new() },
        OwnedEnvironment { center: CenterKind::Point, channel: Vec::new(), position: Vec::new() },
        OwnedEnvironment { center: CenterKind::Atom(None), channel: vec![1], position: vec![[0.3, 0.0, 0.0]] },
        OwnedEnvironment { center: CenterKind::Atom(Some(0)), channel: vec![0, 0], position: vec![[1.0, 0.0, 0.0]; 2] },
        OwnedEnvironment {
            center: CenterKind::Atom(Some(0)),
            channel: vec![0, 1],
            position: vec![[0.0; 3], [1.0, 0.0, 0.0]],
        },
        OwnedEnvironment {
            center: CenterKind::Atom(Some(1)),
            channel: vec![0],
            position: vec![[0.0, 0.0, 4.0 * (1.0 - 1e-15)]],
        },
    ];
    for (name, descriptor) in every_option() {
        for (k, sites) in cases.iter().enumerate() {
            if name.starts_with("contracted") && k > 1 {
                continue; // p orbitals of so few atoms may have no leading vector, which is an error
            }
            let adjoint = noise(descriptor.n_features(), 0.51);
            let all = descriptor
                .values(sites)
                .into_iter()
                .chain(descriptor.pullback(sites, &adjoint).into_iter().flatten())
                .chain(descriptor.jacobian(sites).into_iter().flatten());
            assert!(all.into_iter().all(f64::is_finite), "{name}, case {k}");
        }
    }
}

#[test]
fn what_cannot_be_described_is_refused() {
    let sites = OwnedEnvironment::crowded();
    let refusal = |parameters: PairMatrixParameters| {
        let descriptor =
            crate::common::pair_matrix::overlap(parameters, &[shell(0, 1.0)], None).expect("legal parameters");
        let mut scratch = descriptor.scratch().expect("some memory");
        sites.with(|environment| descriptor.prepare(environment, true, &mut scratch, &Stop::never()))
    };
    let few = PairMatrixParameters { max_sites: 24, ..parameters() };
    assert_eq!(refusal(few), Err(Refusal::TooManySites { found: 25, limit: 24 }));
    let coarse = PairMatrixParameters { degenerate: Degenerate::Error, degenerate_tol: 10.0, ..parameters() };
    assert!(matches!(refusal(coarse), Err(Refusal::Degenerate { first: 0, second: 1, .. })));
    assert_eq!(refusal(parameters()), Ok(()));
    for (change, name) in [
        (PairMatrixParameters { r_cut: f64::NAN, ..parameters() }, "r_cut"),
        (PairMatrixParameters { exponent: 21, ..parameters() }, "exponent"),
        (PairMatrixParameters { max_sites: 3001, ..parameters() }, "max_sites"),
        (PairMatrixParameters { degenerate_tol: -1.0, ..parameters() }, "degenerate_tol"),
        (PairMatrixParameters { numbers: vec![6, 6], ..parameters() }, "species"),
    ] {
        let error = crate::common::pair_matrix::overlap(change, &[shell(0, 1.0)], None).expect_err("out of range");
        assert!(error.to_string().starts_with(name), "{error}");
    }
    assert!(crate::common::pair_matrix::overlap(parameters(), &[shell(7, 1.0)], None).is_err());
    assert!(crate::common::pair_matrix::coulomb(parameters(), 0.0).is_err());
}
