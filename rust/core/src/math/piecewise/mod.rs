//! Smooth functions of one variable as piecewise polynomials, many side by side.

mod evaluate;

pub use evaluate::EvaluationPoints;

use crate::simd::{LANES, Lanes};
use crate::{Error, Stop, memory};

/// More intervals than this would not fit in any cache; no basis within the documented limits asks for them.
const MAX_INTERVALS: usize = 1 << 14;
/// Relative error of a table that stays below rounding in whatever is summed from it.
pub const FULL_PRECISION: f64 = 2e-15;

/// Functions on `[0, r_max]`, each a polynomial of `ORDER` coefficients on every one of equal intervals.
///
/// Time goes into fetching coefficients. A low order needs fewer of them for one place; a high order needs fewer
/// intervals, so that points that are asked for together share them.
#[derive(Debug, Clone)]
pub struct Piecewise<const ORDER: usize> {
    n_functions: usize,
    /// Groups of [`LANES`] functions.
    n_packs: usize,
    n_intervals: usize,
    intervals_per_length: f64,
    /// Largest error between the nodes, in units of the largest value of a group.
    error: f64,
    /// `[interval][power, highest first][pack]`, in powers of `t`, which runs from -1 to 1 over the interval.
    coefficients: Vec<[f64; LANES]>,
}

impl<const ORDER: usize> Piecewise<ORDER> {
    /// Fits `function(r, values)`, which writes the values of all functions at `r`.
    ///
    /// `groups` are the lengths of consecutive groups of functions that are used together; intervals are made
    /// shorter, starting from `length_scale`, until every function is met to `tolerance` times the largest value of
    /// its group, or rounding lets it come no closer.
    ///
    /// # Errors
    /// [`Error::Interrupted`], [`Error::Memory`].
    pub fn fit(
        r_max: f64,
        length_scale: f64,
        groups: &[usize],
        tolerance: f64,
        stop: &Stop<'_>,
        function: impl Fn(f64, &mut [f64]),
    ) -> Result<Self, Error> {
        let n_functions = groups.iter().sum();
        let fit = |n_intervals| {
            let mut table = Self::interpolate(r_max, n_intervals, n_functions, stop, &function)?;
            table.error = table.largest_error(r_max, groups, stop, &function)?;
            Ok(table)
        };
        let start = (r_max / length_scale).ceil().clamp(1.0, MAX_INTERVALS as f64) as usize;
        let mut best: Self = fit(start)?;
        let mut leaps = true;
        while best.error > tolerance && best.n_intervals < MAX_INTERVALS {
            let step = one_step(best.n_intervals);
            let leap = if leaps { best.steps_to(tolerance) } else { step };
            let finer: Self = fit(leap)?;
            if leap > step && finer.error > 2.0 * best.error * Self::shrinkage(best.n_intervals, leap) {
                // Somewhere between, rounding has stopped it: on foot from here.
                leaps = false;
                continue;
            }
            // Truncation would have shrunk to a sixth or less: what is left is rounding.
            if finer.error > 0.5 * best.error {
                break;
            }
            best = finer;
        }
        Ok(best)
    }

    /// Factor by which more intervals reduce the error of truncation.
    fn shrinkage(before: usize, after: usize) -> f64 {
        libm::pow(before as f64 / after as f64, ORDER as f64)
    }

    /// So many steps to more intervals, one at least, that truncation is rather above `tolerance` still.
    fn steps_to(&self, tolerance: f64) -> usize {
        let is_coarse = |n: usize| self.error * Self::shrinkage(self.n_intervals, n) > 2.0 * tolerance;
        let mut n = one_step(self.n_intervals);
        while one_step(n) < MAX_INTERVALS && is_coarse(one_step(n)) {
            n = one_step(n);
        }
        n
    }

    /// Largest error between the nodes, in units of the largest value of a group of functions.
    pub fn error(&self) -> f64 {
        self.error
    }

    /// Number of packs that [`Self::evaluate`] writes.
    pub fn n_packs(&self) -> usize {
        self.n_packs
    }

    /// Number of intervals.
    pub fn n_intervals(&self) -> usize {
        self.n_intervals
    }

    fn interpolate(
        r_max: f64,
        n_intervals: usize,
        n_functions: usize,
        stop: &Stop<'_>,
        function: &impl Fn(f64, &mut [f64]),
    ) -> Result<Self, Error> {
        let n_packs = n_functions.div_ceil(LANES);
        let mut coefficients = memory::zeros("table of radial functions", n_intervals * ORDER * n_packs)?;
        let nodes: [f64; ORDER] = std::array::from_fn(|k| angle::<ORDER>(k).cos());
        let cosines = cosines::<ORDER>();
        let width = r_max / n_intervals as f64;
        let mut samples = vec![vec![0.0; n_functions]; ORDER];
        for (interval, block) in coefficients.chunks_exact_mut(ORDER * n_packs).enumerate() {
            for (node, values) in nodes.iter().zip(&mut samples) {
                stop.check()?;
                function(width * (interval as f64 + 0.5 * (1.0 + node)), values);
            }
            for k in 0..n_functions {
                let powers: [f64; ORDER] =
                    to_powers(&chebyshev(&cosines, std::array::from_fn(|node| samples[node][k])));
                for (row, coefficient) in block.chunks_exact_mut(n_packs).rev().zip(powers) {
                    row.as_flattened_mut()[k] = coefficient;
                }
            }
        }
        let intervals_per_length = n_intervals as f64 / r_max;
        Ok(Self { n_functions, n_packs, n_intervals, intervals_per_length, error: f64::INFINITY, coefficients })
    }

    /// Largest error between the nodes, in units of the largest value of each group.
    fn largest_error(
        &self,
        r_max: f64,
        groups: &[usize],
        stop: &Stop<'_>,
        function: &impl Fn(f64, &mut [f64]),
    ) -> Result<f64, Error> {
        let mut exact = vec![0.0; self.n_functions];
        let mut fitted = vec![[0.0; LANES]; self.n_packs];
        let mut points = EvaluationPoints::default();
        let (mut scale, mut error) = (vec![f64::MIN_POSITIVE; groups.len()], vec![0.0_f64; groups.len()]);
        let probes = [0.0, 0.093, 0.289, 0.5, 0.711, 0.907, 1.0];
        for interval in 0..self.n_intervals {
            for probe in probes {
                stop.check()?;
                let r = r_max * (interval as f64 + probe) / self.n_intervals as f64;
                function(r, &mut exact);
                crate::simd::Isa::Baseline.run(AtOnePoint { table: self, r, points: &mut points, values: &mut fitted });
                let mut pairs = exact.iter().zip(fitted.as_flattened());
                for (group, &length) in groups.iter().enumerate() {
                    for (x, y) in pairs.by_ref().take(length) {
                        scale[group] = scale[group].max(x.abs());
                        error[group] = error[group].max((x - y).abs());
                    }
                }
            }
        }
        Ok(error.iter().zip(&scale).map(|(e, s)| e / s).fold(0.0, f64::max))
    }
}

/// Intervals that are shorter by a fifth.
fn one_step(n_intervals: usize) -> usize {
    n_intervals + n_intervals.div_ceil(4)
}

/// All functions at one place.
struct AtOnePoint<'a, const ORDER: usize> {
    table: &'a Piecewise<ORDER>,
    r: f64,
    points: &'a mut EvaluationPoints,
    values: &'a mut [[f64; LANES]],
}

impl<const ORDER: usize> crate::simd::Kernel for AtOnePoint<'_, ORDER> {
    type Output = ();
    #[inline(always)]
    fn run<V: Lanes>(self) {
        self.table.evaluate::<V>(&[self.r], self.points, self.values);
    }
}

/// Angles of the Chebyshev nodes.
fn angle<const ORDER: usize>(k: usize) -> f64 {
    std::f64::consts::PI * (k as f64 + 0.5) / ORDER as f64
}

/// `[j][node]`: the Chebyshev polynomials at the nodes.
type Cosines<const ORDER: usize> = [[f64; ORDER]; ORDER];

fn cosines<const ORDER: usize>() -> Cosines<ORDER> {
    std::array::from_fn(|j| std::array::from_fn(|k| (j as f64 * angle::<ORDER>(k)).cos()))
}

/// Chebyshev coefficients of the polynomial through `samples` at the nodes.
fn chebyshev<const ORDER: usize>(cosines: &Cosines<ORDER>, samples: [f64; ORDER]) -> [f64; ORDER] {
    std::array::from_fn(|j| {
        let weight = if j == 0 { 1.0 } else { 2.0 } / ORDER as f64;
        let sum: f64 = samples.iter().zip(&cosines[j]).map(|(value, cosine)| value * cosine).sum();
        weight * sum
    })
}

/// Coefficients of powers, lowest first, from Chebyshev coefficients.
///
/// The entries of this change of basis are large integers, but those of high degree meet coefficients that are small:
/// in this order, and not as one matrix from samples to powers, rounding stays where it was.
fn to_powers<const ORDER: usize>(coefficients: &[f64; ORDER]) -> [f64; ORDER] {
    let mut powers = [0.0; ORDER];
    let (mut last, mut polynomial) = ([0.0; ORDER], [0.0; ORDER]);
    polynomial[0] = 1.0;
    for (j, c) in coefficients.iter().enumerate() {
        for (sum, p) in powers.iter_mut().zip(&polynomial) {
            *sum += c * p;
        }
        // T_{j+1} = 2 t T_j - T_{j-1}, but T_1 = t
        let factor = if j == 0 { 1.0 } else { 2.0 };
        let next = std::array::from_fn(|i| factor * if i == 0 { 0.0 } else { polynomial[i - 1] } - last[i]);
        last = std::mem::replace(&mut polynomial, next);
    }
    powers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Isa, Kernel};

    struct ValuesAndDerivatives<'a, const ORDER: usize>(&'a Piecewise<ORDER>, &'a [f64]);

    /// Values; values and derivatives.
    type Rows = [Vec<[f64; LANES]>; 3];

    impl<const ORDER: usize> Kernel for ValuesAndDerivatives<'_, ORDER> {
        type Output = Rows;
        #[inline(always)]
        fn run<V: Lanes>(self) -> Self::Output {
            let Self(table, r) = self;
            let rows = || vec![[0.0; LANES]; r.len() * table.n_packs()];
            let (mut alone, mut values, mut derivatives) = (rows(), rows(), rows());
            let mut points = EvaluationPoints::default();
            table.evaluate::<V>(r, &mut points, &mut alone);
            table.evaluate_with_derivative::<V>(r, &mut points, &mut values, &mut derivatives);
            [alone, values, derivatives]
        }
    }

    fn gauss_and_sine<const ORDER: usize>(derivative_tolerance: f64) {
        // Many functions, so that every way to group them is taken; the first two are compared.
        for n_functions in [2, 9, 39, 64] {
            let groups = [1, n_functions - 1];
            let table = Piecewise::<ORDER>::fit(5.0, 0.5, &groups, FULL_PRECISION, &Stop::never(), |r, f| {
                f.fill(1e3 * (3.0 * r).sin());
                f[0] = (-0.5 * ((r - 2.0) / 0.5).powi(2)).exp();
            });
            let table = table.expect("a small table");
            let r = [0.0, 4.2, 0.3, 1.999, 2.5, 4.21, 2.51, 5.0, 4.2, 4.22, 4.23, 4.21, 4.2, 4.205];
            for isa in [Isa::Baseline, Isa::Avx2, Isa::Avx512] {
                let [alone, values, derivatives] = isa.run(ValuesAndDerivatives(&table, &r));
                assert_eq!(alone, values);
                let width = table.n_packs();
                for (k, r) in r.iter().enumerate() {
                    let [values, derivatives] =
                        [&values, &derivatives].map(|rows| rows[k * width..][..width].as_flattened());
                    let gauss = (-0.5 * ((r - 2.0) / 0.5_f64).powi(2)).exp();
                    assert!((values[0] - gauss).abs() < 4e-15, "{}", values[0] - gauss);
                    let error = derivatives[0] + (r - 2.0) / 0.25 * gauss;
                    assert!(error.abs() < derivative_tolerance, "{error} with {} intervals", table.n_intervals());
                    for k in 1..n_functions {
                        assert!((values[k] - 1e3 * (3.0 * r).sin()).abs() < 1e-11);
                        assert!((derivatives[k] - 3e3 * (3.0 * r).cos()).abs() < 1e-8);
                    }
                    assert!(values[n_functions..].iter().all(|x| *x == 0.0));
                }
            }
        }
    }

    #[test]
    fn leaps_end_where_steps_do() {
        for (width, tolerance) in [(0.5, 2e-15), (0.02, 2e-15), (0.3, 1e-9), (0.1, 1e-30), (5.0, 1e-13)] {
            let gauss = |r: f64, f: &mut [f64]| f[0] = (-0.5 * ((r - 2.0) / width).powi(2)).exp();
            let fit = |n| {
                let stop = Stop::never();
                let mut table = Piecewise::<8>::interpolate(5.0, n, 1, &stop, &gauss).expect("a small table");
                table.error = table.largest_error(5.0, &[1], &stop, &gauss).expect("a small table");
                table
            };
            let mut best: Piecewise<8> = fit((5.0 / width).ceil() as usize);
            while best.error > tolerance {
                let finer: Piecewise<8> = fit(best.n_intervals + best.n_intervals.div_ceil(4));
                if finer.error > 0.5 * best.error {
                    break;
                }
                best = finer;
            }
            let leapt = Piecewise::<8>::fit(5.0, width, &[1], tolerance, &Stop::never(), gauss).expect("a small table");
            assert_eq!(leapt.n_intervals(), best.n_intervals(), "{width}, {tolerance}");
        }
    }

    #[test]
    fn values_and_derivatives_of_a_gaussian_and_a_sine() {
        gauss_and_sine::<8>(2e-12);
        gauss_and_sine::<12>(2e-12);
    }
}
