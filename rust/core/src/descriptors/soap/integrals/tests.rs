use super::*;
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

#[test]
fn radial_functions_are_those_of_multi_precision_arithmetic() {
    let tables = golden::tables();
    let mut compared = [0; BASES.len()];
    for (name, table) in &tables {
        let Some(case) = name.strip_prefix("integral_parameters_") else { continue };
        let p = &table.data;
        let parameters = IntegralParameters {
            basis: BASES[p[0] as usize],
            n_max: p[1] as usize,
            l_max: p[2] as usize,
            r_cut: p[3],
            sigma: p[4],
            basis_error_exponent: p[5],
            reach: p[6],
        };
        let integrals = RadialIntegrals::new(&parameters);
        let (distances, exact) = (&tables[&format!("integral_r_{case}")], &tables[&format!("integrals_{case}")]);
        let mut worst = 0.0_f64;
        for degree in 0..=parameters.l_max {
            let own = degree * parameters.n_max..(degree + 1) * parameters.n_max;
            let rows = (0..distances.data.len()).map(|row| &exact.row(row)[own.clone()]);
            let largest = rows.flatten().fold(0.0_f64, |largest, value| largest.max(value.abs()));
            for (row, &r) in distances.data.iter().enumerate() {
                let values = values(&integrals, r);
                for (value, exact) in values[own.clone()].iter().zip(&exact.row(row)[own.clone()]) {
                    let error = (value - exact).abs() / largest;
                    worst = worst.max(error);
                    assert!(
                        basis_is_pending(p[0]) || error < 1e-14,
                        "{case}, l = {degree}, r = {r}: {value} and {exact}"
                    );
                }
            }
        }
        println!("{case} {worst:e} {}", integrals.rounding());
        compared[p[0] as usize] += 1;
    }
    assert!(compared.iter().all(|&n| n >= 3), "{compared:?}");
}

#[test]
fn timing() {
    for basis in BASES {
        for (n, l, sigma) in
            [(8, 8, 0.5), (12, 12, 0.5), (16, 16, 0.5), (16, 16, 0.3), (16, 16, 0.1), (24, 30, 0.3), (24, 30, 2.0)]
        {
            let p = parameters(basis, n, l, 5.0, sigma);
            let t = std::time::Instant::now();
            let i = RadialIntegrals::new(&p);
            let dt = t.elapsed();
            let mut v = vec![0.0; n * (l + 1)];
            let t = std::time::Instant::now();
            for k in 0..100 {
                i.evaluate(0.05 * k as f64, &mut v);
            }
            println!(
                "{basis:?} {n} {l} {sigma}: {dt:?} nodes {} rounding {:.2e} evaluate {:?}",
                i.nodes.len(),
                i.rounding,
                t.elapsed() / 100
            );
        }
    }
}
fn basis_is_pending(code: f64) -> bool {
    code > 3.5
}
