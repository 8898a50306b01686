//! Radial functions against multi-precision arithmetic, their orthonormality, and their limit at the center.

use super::*;
use crate::Stop;
use crate::golden;

const BASES: [GaussianBasis; 6] = [
    GaussianBasis::Gto,
    GaussianBasis::Polynomial,
    GaussianBasis::Equispaced,
    GaussianBasis::GtoFeatomic,
    GaussianBasis::GtoQuip,
    GaussianBasis::PolynomialQuip,
];

fn parameters(basis: GaussianBasis, n_max: usize, l_max: usize, r_cut: f64, sigma: f64) -> IntegralParameters {
    let reach = r_cut + 3.7 * sigma;
    IntegralParameters { basis, n_max, l_max, r_cut, sigma, basis_error_exponent: 10.0, reach }
}

fn values(integrals: &RadialIntegrals, r: f64) -> Vec<f64> {
    let mut values = vec![f64::NAN; integrals.n_max * (integrals.l_max + 1)];
    integrals.evaluate(r, &mut values);
    values
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |largest, value| largest.max(value.abs()))
}

/// The parameters of one reference case.
fn tabulated(p: &[f64]) -> IntegralParameters {
    IntegralParameters {
        basis: BASES[p[0] as usize],
        n_max: p[1] as usize,
        l_max: p[2] as usize,
        r_cut: p[3],
        sigma: p[4],
        basis_error_exponent: p[5],
        reach: p[6],
    }
}

#[test]
fn radial_functions_are_those_of_multi_precision_arithmetic() {
    let tables = golden::tables();
    let mut n_compared = [0; BASES.len()];
    for (name, table) in &tables {
        let Some(case) = name.strip_prefix("integral_parameters_") else { continue };
        let parameters = tabulated(&table.data);
        let integrals = RadialIntegrals::new(&parameters, &Stop::never()).expect("nobody stops it");
        assert!(integrals.rounding() < 3e-15, "{case}: {}", integrals.rounding());
        let (distances, exact) = (&tables[&format!("integral_r_{case}")].data, &tables[&format!("integrals_{case}")]);
        let rows: Vec<Vec<f64>> = distances.iter().map(|&r| values(&integrals, r)).collect();
        for l in 0..=parameters.l_max {
            let degree = l * parameters.n_max..(l + 1) * parameters.n_max;
            let scale = (0..rows.len()).map(|row| largest(&exact.row(row)[degree.clone()])).fold(0.0, f64::max);
            for (row, values) in rows.iter().enumerate() {
                for (value, exact) in values[degree.clone()].iter().zip(&exact.row(row)[degree.clone()]) {
                    let r = distances[row];
                    assert!((value - exact).abs() <= 3e-15 * scale, "{case}, l = {l}, r = {r}: {value} and {exact}");
                }
            }
        }
        n_compared[table.data[0] as usize] += 1;
    }
    assert_eq!(n_compared, [7, 5, 3, 5, 3, 2]);
}

#[test]
fn projections_are_orthonormal_up_to_twenty_four_functions() {
    for (basis, n_max, l_max, r_cut) in [
        (GaussianBasis::Gto, 20, 30, 5.0),
        (GaussianBasis::Gto, 24, 16, 8.0),
        (GaussianBasis::Gto, 8, 8, 1.6),
        (GaussianBasis::Gto, 12, 4, 30.0),
        (GaussianBasis::Polynomial, 24, 4, 2.0),
        (GaussianBasis::Polynomial, 24, 4, 20.0),
        (GaussianBasis::GtoFeatomic, 20, 4, 1.0),
        (GaussianBasis::GtoFeatomic, 24, 30, 15.0),
    ] {
        for width in [0.03, 0.3] {
            let error = RadialIntegrals::new(&parameters(basis, n_max, l_max, r_cut, width * r_cut), &Stop::never())
                .expect("nobody stops it")
                .rounding();
            assert!(error < 5e-15, "{basis:?} {n_max} {l_max} {r_cut} {width}: {error}");
        }
    }
}

/// Largest difference of two sets of radial functions, in units of the largest value of each degree.
fn largest_difference(one: &RadialIntegrals, other: &RadialIntegrals, reach: f64) -> f64 {
    let distances = (0..9).map(|k| 0.123 * f64::from(k) * reach);
    let pairs: Vec<(Vec<f64>, Vec<f64>)> = distances.map(|r| (values(one, r), values(other, r))).collect();
    let of_degree = |l: usize| {
        let degree = l * one.n_max..(l + 1) * one.n_max;
        let scale = pairs.iter().map(|(one, _)| largest(&one[degree.clone()])).fold(f64::MIN_POSITIVE, f64::max);
        let differences = pairs.iter().flat_map(|(one, other)| one[degree.clone()].iter().zip(&other[degree.clone()]));
        differences.map(|(one, other)| (one - other).abs()).fold(0.0, f64::max) / scale
    };
    (0..=one.l_max).map(of_degree).fold(0.0, f64::max)
}

#[test]
fn thirty_two_digits_give_what_seventy_seven_do() {
    for basis in BASES {
        for (n_max, l_max) in [(1, 0), (2, 3), (8, 6), (12, 1), (3, 30), (24, 0)] {
            for (r_cut, width) in [(5.0, 0.1), (1.3, 0.2), (1.01, 1.0), (12.0, 0.02), (300.0, 0.05)] {
                let parameters = parameters(basis, n_max, l_max, r_cut, width * r_cut);
                let find =
                    |digits| RadialIntegrals::with(digits, &parameters, &Stop::never()).expect("nobody stops it");
                let [quick, all] = [Digits::AsNeeded, Digits::All].map(find);
                // Weights that are large have large errors once they are rounded, whatever they were found with.
                let rounding = all.rounding().max(quick.rounding());
                let difference = largest_difference(&quick, &all, parameters.reach);
                assert!(difference < 2e-15 + 30.0 * rounding, "{parameters:?}: {difference:e}, rounding {rounding:e}");
                let (before, now) = (all.rounding(), quick.rounding());
                assert!(now < 4e-15 + 3.0 * before, "{parameters:?}: rounding {before:e} became {now:e}");
                assert!(before < 4e-15 + 3.0 * now, "{parameters:?}: rounding {before:e} is told as {now:e}");
            }
        }
    }
}

#[test]
fn what_cannot_be_orthonormal_says_so() {
    // All functions decay to 1e-3 within 0.02 Å: more of them than 77 digits can tell apart.
    assert!(
        RadialIntegrals::new(&parameters(GaussianBasis::Gto, 24, 2, 1.02, 0.3), &Stop::never())
            .expect("nobody stops it")
            .rounding()
            > 1e-6
    );
    // Functions that grow to the end, after the last knot.
    assert!(
        RadialIntegrals::new(&parameters(GaussianBasis::GtoQuip, 16, 16, 5.0, 0.3), &Stop::never())
            .expect("nobody stops it")
            .rounding()
            > 1e-6
    );
}

#[test]
fn the_limit_at_no_distance_is_met() {
    for basis in BASES {
        for (n_max, l_max) in [(1, 0), (1, 3), (5, 1), (8, 8), (24, 6)] {
            let integrals = RadialIntegrals::new(&parameters(basis, n_max, l_max, 5.0, 0.5), &Stop::never())
                .expect("nobody stops it");
            let (at, near) = (values(&integrals, 0.0), values(&integrals, 1e-8));
            let scale = largest(&at);
            for (k, (at, near)) in at.iter().zip(&near).enumerate() {
                assert!((at - near).abs() < 1e-7 * scale, "{basis:?} {n_max} {l_max}, entry {k}: {at} and {near}");
            }
            assert!(at.iter().skip(2 * n_max).all(|&value| value == 0.0), "{basis:?}: second degrees and on vanish");
            let least = values(&integrals, f64::MIN_POSITIVE);
            assert_eq!(at, least);
        }
    }
}

#[test]
fn the_axis_of_packs_is_seamless() {
    // Radii enter and leave the sum as the distance grows, where they are below the last digit.
    for basis in BASES {
        let integrals =
            RadialIntegrals::new(&parameters(basis, 6, 3, 5.0, 0.2), &Stop::never()).expect("nobody stops it");
        let scale = largest(&values(&integrals, 1.0));
        for k in 0..400 {
            let r = 0.0125 * f64::from(k);
            let (a, b) = (values(&integrals, r), values(&integrals, r + 1e-13));
            for (a, b) in a.iter().zip(&b) {
                assert!((a - b).abs() < 1e-10 * scale, "{basis:?} at {r}: {a} and {b}");
            }
        }
    }
}

#[test]
fn scale_and_kind_are_as_promised() {
    fn shared<T: Send + Sync + Clone + std::fmt::Debug>(_: &T) {}
    let integrals = RadialIntegrals::new(&parameters(GaussianBasis::Equispaced, 4, 2, 5.0, 0.4), &Stop::never())
        .expect("nobody stops it");
    shared(&integrals);
    assert_eq!(integrals.length_scale(), 0.4);
}
