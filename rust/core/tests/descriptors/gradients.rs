//! Every option: pullback, tangent and Jacobian are derivatives of the values, and of one another.

use crate::common::{Case, OwnedEnvironment, every_option, noise, random_displacements};
use isoprint_core::descriptors::CenterKind;

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[test]
fn the_tangent_is_the_difference() {
    for Case { name, descriptor, .. } in every_option() {
        let sites = OwnedEnvironment::crowded();
        let displacements = random_displacements(sites.position.len());
        let h = 1e-3;
        let at = |step: f64| descriptor.values(&sites.moved(&displacements, step));
        let [a, b, c, d] = [-2.0 * h, -h, h, 2.0 * h].map(at);
        let scale = c.iter().fold(1.0_f64, |scale, x| scale.max(x.abs()));
        let got = descriptor.tangent(&sites, &displacements);
        for k in 0..got.len() {
            let five = (a[k] - 8.0 * b[k] + 8.0 * c[k] - d[k]) / (12.0 * h);
            assert!((got[k] - five).abs() < 2e-8 * scale, "{name}, feature {k}: {} against {five}", got[k]);
        }
    }
}

#[test]
fn tangent_pullback_and_jacobian_are_one_derivative() {
    for Case { name, descriptor, .. } in every_option() {
        let sites = OwnedEnvironment::crowded();
        let n_features = descriptor.n_features();
        let displacements = random_displacements(sites.position.len());
        let adjoint = noise(n_features, 0.37);
        let tangent = descriptor.tangent(&sites, &displacements);
        let gradient = descriptor.pullback(&sites, &adjoint);
        let scale = tangent.iter().fold(1.0_f64, |scale, x| scale.max(x.abs()));
        let both = dot(&tangent, &adjoint);
        let back: f64 = gradient.iter().zip(&displacements).map(|(p, v)| dot(p, v)).sum();
        assert!((both - back).abs() < 1e-11 * scale, "{name}: {both} forward, {back} back");
        crate::common::assert_jacobian_is_the_tangent(&name, &*descriptor, &sites);
    }
}

#[test]
fn normalized_rows_are_of_unit_length() {
    for Case { name, descriptor, normalized, constant, .. } in every_option() {
        if normalized {
            let row = descriptor.values(&OwnedEnvironment::crowded());
            let row = &row[..row.len() - usize::from(constant)];
            assert!((dot(row, row) - 1.0).abs() < 1e-14, "{name}");
        }
    }
}

#[test]
fn lonely_empty_coincident_and_collinear_sites_are_finite() {
    let line = |start: f64| (1..8).map(|k| [0.0, 0.0, 0.4 * f64::from(k) - start]).collect();
    let cases = [
        OwnedEnvironment { center: CenterKind::Atom(Some(0)), channel: Vec::new(), position: Vec::new() },
        OwnedEnvironment { center: CenterKind::Point, channel: Vec::new(), position: Vec::new() },
        OwnedEnvironment {
            center: CenterKind::Atom(Some(0)),
            channel: vec![0, 1],
            position: vec![[0.0; 3], [1.0, 0.0, 0.0]],
        },
        OwnedEnvironment {
            center: CenterKind::Atom(Some(0)),
            channel: vec![0, 0],
            position: vec![[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]],
        },
        OwnedEnvironment { center: CenterKind::Atom(Some(1)), channel: vec![0; 7], position: line(1.6) },
        OwnedEnvironment { center: CenterKind::Atom(Some(1)), channel: vec![0; 7], position: line(1.5) },
        OwnedEnvironment {
            center: CenterKind::Point,
            channel: vec![0],
            position: vec![[0.0, 0.0, 4.0 * (1.0 - 1e-15)]],
        },
    ];
    for Case { name, descriptor, center_shared, .. } in every_option() {
        for (k, sites) in cases.iter().enumerate() {
            if !center_shared && sites.position.iter().any(|r| dot(r, r) < 1e-20) {
                continue;
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
fn a_row_without_any_site_is_zero() {
    for Case { name, descriptor, constant, .. } in every_option() {
        let nothing = OwnedEnvironment { center: CenterKind::Point, channel: Vec::new(), position: Vec::new() };
        let row = descriptor.values(&nothing);
        assert!(row[..row.len() - usize::from(constant)].iter().all(|&x| x == 0.0), "{name}");
    }
}
