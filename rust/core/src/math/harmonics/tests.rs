//! Harmonics against tables, identities and differences.

use super::*;
use crate::simd::{Isa, Kernel, LaneArray};

/// Values and gradients of `angular[l] Y_lm`, norms included, in the first lane.
struct Evaluate<'a>(&'a Harmonics, [f64; 3], &'a [SiteLanes]);

impl Kernel for Evaluate<'_> {
    type Output = (Vec<f64>, [Vec<f64>; 3]);
    #[inline(always)]
    fn run<V: Lanes>(self) -> Self::Output {
        let Self(harmonics, u, angular) = self;
        let directions = u.map(|x| LaneArray([x; crate::simd::SITES_PER_BLOCK]));
        let rows = || vec![SiteLanes::ZERO; harmonics.len()];
        let (mut values, mut gradient) = (rows(), [rows(), rows(), rows()]);
        let mut table = harmonics.legendre();
        harmonics.values::<V>(0, &directions, angular, &mut values);
        harmonics.tabulate::<V>(0, &directions, &mut table);
        let [dx, dy, dz] = &mut gradient;
        harmonics.gradients::<V>(0, &directions, &table, angular, [dx, dy, dz]);
        let lane = |rows: &[SiteLanes]| -> Vec<f64> {
            rows.iter().zip(harmonics.norms()).map(|(row, norm)| row.0[0] * norm).collect()
        };
        (lane(&values), gradient.each_ref().map(|rows| lane(rows)))
    }
}

fn evaluate(isa: Isa, l_max: usize, u: [f64; 3]) -> (Vec<f64>, [Vec<f64>; 3]) {
    let angular = vec![LaneArray([1.0; crate::simd::SITES_PER_BLOCK]); l_max + 1];
    isa.run(Evaluate(&Harmonics::new(l_max), u, &angular))
}

const DIRECTIONS: [[f64; 3]; 4] = [[0.48, -0.6, 0.64], [0.0, 0.0, 1.0], [0.0, 0.0, -1.0], [-0.8, 0.6, 0.0]];

#[test]
fn degrees_up_to_two_are_those_of_the_textbook() {
    let expected =
        [0.28209479, 0.29316151, 0.31270561, -0.23452921, -0.31465395, 0.4195386, 0.07216159, -0.33563088, -0.07079714];
    let (values, _) = evaluate(Isa::detect(), 2, [0.48, -0.6, 0.64]);
    for (value, expected) in values.iter().zip(expected) {
        assert!((value - expected).abs() < 1e-8, "{values:?}");
    }
}

#[test]
fn values_are_those_of_multi_precision_arithmetic() {
    let tables = crate::golden::tables();
    let (directions, exact) = (&tables["ylm_u"], &tables["ylm_Y"]);
    for point in 0..directions.shape[0] {
        let u = directions.row(point);
        for isa in [Isa::Baseline, Isa::Avx2, Isa::Avx512] {
            let (values, _) = evaluate(isa, 8, [u[0], u[1], u[2]]);
            for (lm, (value, exact)) in values.iter().zip(exact.row(point)).enumerate() {
                assert!((value - exact).abs() < 4e-15, "{u:?}, lm = {lm}: {value} and {exact}");
            }
        }
    }
}

#[test]
fn the_addition_theorem_holds_in_every_degree() {
    for isa in [Isa::Baseline, Isa::Avx2, Isa::Avx512] {
        for u in DIRECTIONS {
            let (values, gradient) = evaluate(isa, 20, u);
            for l in 0..=20_usize {
                let lm = l * l..(l + 1) * (l + 1);
                let sum: f64 = values[lm.clone()].iter().map(|y| y * y).sum();
                let expected = (2 * l + 1) as f64 / (4.0 * std::f64::consts::PI);
                assert!((sum / expected - 1.0).abs() < 1e-13, "l = {l}");
                // Euler: u · ∂Y = l Y
                for k in lm {
                    let radial: f64 = (0..3).map(|i| u[i] * gradient[i][k]).sum();
                    assert!((radial - l as f64 * values[k]).abs() < 1e-12, "lm = {k}");
                }
            }
        }
    }
}

#[test]
fn gradients_are_differences_along_the_sphere() {
    let h = 1e-3;
    let u = [0.48, -0.6, 0.64];
    for tangent in [[0.8, 0.64, 0.0], [0.64, 0.0, -0.48]] {
        let at = |step: f64| {
            let moved: [f64; 3] = std::array::from_fn(|i| u[i] + step * tangent[i]);
            let r = moved.iter().map(|x| x * x).sum::<f64>().sqrt();
            let (values, _) = evaluate(Isa::detect(), 6, moved.map(|x| x / r));
            // r^l Y(u) is the homogeneous polynomial.
            let degree = |k: usize| k.isqrt() as i32;
            values.iter().enumerate().map(|(k, y)| y * r.powi(degree(k))).collect::<Vec<_>>()
        };
        let (_, gradient) = evaluate(Isa::detect(), 6, u);
        let [far_back, back, ahead, far_ahead] = [-2.0 * h, -h, h, 2.0 * h].map(at);
        for k in 0..49 {
            let derivative: f64 = (0..3).map(|i| tangent[i] * gradient[i][k]).sum();
            let five = (far_back[k] - 8.0 * back[k] + 8.0 * ahead[k] - far_ahead[k]) / (12.0 * h);
            assert!((derivative - five).abs() < 1e-8, "lm = {k}: {derivative} {five}");
        }
    }
}

/// The pullback of random adjoints against the gradients themselves.
struct Pull<'a>(&'a Harmonics, [f64; 3]);

impl Kernel for Pull<'_> {
    type Output = ([f64; 4], [f64; 4]);
    #[inline(always)]
    fn run<V: Lanes>(self) -> Self::Output {
        let Self(harmonics, u) = self;
        let block = |x: f64| LaneArray([x; crate::simd::SITES_PER_BLOCK]);
        let directions = u.map(block);
        let some =
            |n: usize, seed: f64| -> Vec<SiteLanes> { (0..n).map(|k| block((seed * (k + 1) as f64).sin())).collect() };
        let degrees = harmonics.l_max() + 1;
        let (angular, derivative) = (some(degrees, 1.3), some(degrees, 2.1));
        let (a, b) = (some(harmonics.len(), 0.7), some(harmonics.len(), 3.7));
        let mut table = harmonics.legendre();
        harmonics.tabulate::<V>(1, &directions, &mut table);
        let got = harmonics.pullback::<V>(1, &directions, &table, [&angular, &derivative], [&a, &b]);
        let rows = || vec![SiteLanes::ZERO; harmonics.len()];
        let (mut dx, mut dy, mut dz, mut y) = (rows(), rows(), rows(), rows());
        harmonics.gradients::<V>(1, &directions, &table, &angular, [&mut dx, &mut dy, &mut dz]);
        harmonics.values::<V>(1, &directions, &vec![block(1.0); degrees], &mut y);
        let mut expected = [0.0; 4];
        for (k, l) in harmonics.degrees().enumerate() {
            expected[0] += a[k].0[8] * dx[k].0[8];
            expected[1] += a[k].0[8] * dy[k].0[8];
            expected[2] += a[k].0[8] * dz[k].0[8];
            expected[3] += (angular[l].0[8] * b[k].0[8] + derivative[l].0[8] * a[k].0[8]) * y[k].0[8];
        }
        (got.map(|v| v.to_array()[0]), expected)
    }
}

#[test]
fn pullback_is_the_transpose_of_the_gradients() {
    for isa in [Isa::Baseline, Isa::Avx2, Isa::Avx512] {
        for u in DIRECTIONS {
            let (got, expected) = isa.run(Pull(&Harmonics::new(7), u));
            for (x, y) in got.iter().zip(expected) {
                assert!((x - y).abs() < 1e-14, "{got:?} {expected:?}");
            }
        }
    }
}
