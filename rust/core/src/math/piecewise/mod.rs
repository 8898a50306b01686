//! Smooth functions of one variable as piecewise polynomials, many side by side.

mod basis;
mod combine;
mod evaluate;
mod extent;
mod panels;

pub use evaluate::EvaluationPoints;

use self::combine::combine;
use self::extent::Extent;
use self::panels::Panels;
use crate::simd::{Isa, Kernel, LANES, Lanes};
use crate::{Error, Stop, memory};

/// More intervals than this would not fit in any cache; no basis within the documented limits asks for them.
const MAX_INTERVALS: usize = 1 << 14;
/// Truncation of this size is far above rounding, and far in the range where it falls with the power of the order.
const MEASURABLE: f64 = 1e-12;
/// Errors up to this one may be rounding, which more intervals do not help against.
const ROUNDING: f64 = 1e-14;
/// Relative error of a table that stays below rounding in whatever is summed from it.
pub const FULL_PRECISION: f64 = 2e-15;

/// Functions on `[0, r_max]`, each a polynomial of `ORDER` coefficients on every one of equal intervals.
///
/// Time goes into fetching coefficients. A low order needs fewer of them for one place; a high order needs fewer
/// intervals, so that points that are asked for together share them.
#[derive(Debug, Clone)]
pub struct Piecewise<const ORDER: usize> {
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
    /// They change no faster than a Gaussian of the width `length_scale`. `groups` are the lengths of consecutive
    /// groups of functions that are used together; intervals are made shorter, starting from `length_scale`, until every
    /// function is met to `tolerance` times the largest value of its group, or rounding lets it come no closer.
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
        let panels = Panels::new(r_max, length_scale, groups, stop, &function)?;
        let start = (r_max / length_scale).ceil().clamp(1.0, MAX_INTERVALS as f64) as usize;
        let n_intervals = Self::n_intervals_for(tolerance, start, &panels, stop)?;
        let n_functions = groups.iter().sum::<usize>();
        let exact = |r: f64, values: &mut [[f64; LANES]]| function(r, &mut values.as_flattened_mut()[..n_functions]);
        let fit = |n_intervals| {
            let mut table = Self::interpolate(r_max, n_intervals, panels.n_packs(), stop, exact)?;
            table.error = table.largest_error(&[1, ORDER / 2], groups, stop, exact)?;
            Ok(table)
        };
        let mut best = fit(n_intervals)?;
        while best.error > tolerance.max(ROUNDING) && best.n_intervals < MAX_INTERVALS {
            let finer = fit(one_step(best.n_intervals))?;
            if finer.error > 0.5 * best.error {
                break;
            }
            best = finer;
        }
        Ok(best)
    }

    /// So many intervals that truncation is below `tolerance`, counted in steps from `start` on.
    ///
    /// Where it is near rounding it cannot be measured. It is measured where it is [`MEASURABLE`], and falls with the
    /// power [`ORDER`](Self) of the number of intervals.
    fn n_intervals_for(tolerance: f64, start: usize, panels: &Panels, stop: &Stop<'_>) -> Result<usize, Error> {
        let follow = |r: f64, values: &mut [[f64; LANES]]| panels.evaluate(r, values);
        let trial = |n_intervals| {
            let table = Self::interpolate(panels.r_max(), n_intervals, panels.n_packs(), stop, follow)?;
            let error = table.largest_error(&[0, 1, ORDER / 4, ORDER / 2], panels.groups(), stop, follow)?;
            Ok((n_intervals, error))
        };
        let measurable = MEASURABLE.max(tolerance);
        let mut best = trial(start)?;
        while best.1 > measurable && best.0 < MAX_INTERVALS {
            let finer = trial(Self::steps(best, 2.0 * measurable).max(one_step(best.0)))?;
            // Truncation would have shrunk to a sixth or less: what is left is rounding, and more intervals are no help.
            if finer.1 > 0.5 * best.1 {
                return Ok(best.0);
            }
            best = finer;
        }
        Ok(Self::steps(best, tolerance))
    }

    /// From a number of intervals with its error, the number at which the error should be below `tolerance`.
    fn steps((n_intervals, error): (usize, f64), tolerance: f64) -> usize {
        let is_coarse = |n: usize| error * libm::pow(n_intervals as f64 / n as f64, ORDER as f64) > tolerance;
        let mut n = n_intervals;
        while n < MAX_INTERVALS && is_coarse(n) {
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

    /// Memory that it takes.
    pub fn bytes(&self) -> usize {
        size_of_val(self.coefficients.as_slice())
    }

    /// Number of intervals.
    pub fn n_intervals(&self) -> usize {
        self.n_intervals
    }

    /// The polynomials through the values of `function`, which it writes in whole packs.
    fn interpolate(
        r_max: f64,
        n_intervals: usize,
        n_packs: usize,
        stop: &Stop<'_>,
        function: impl Fn(f64, &mut [[f64; LANES]]),
    ) -> Result<Self, Error> {
        let intervals_per_length = n_intervals as f64 / r_max;
        let coefficients = memory::zeros("table of radial functions", n_intervals * ORDER * n_packs)?;
        let mut table = Self { n_packs, n_intervals, intervals_per_length, error: f64::INFINITY, coefficients };
        let [mut samples, mut chebyshev] = [(); 2].map(|()| vec![[0.0; LANES]; ORDER * n_packs]);
        let (to_chebyshev, to_powers) = (basis::chebyshev_transform::<ORDER>(), basis::powers_transform::<ORDER>());
        for (interval, block) in table.coefficients.chunks_exact_mut(ORDER * n_packs).enumerate() {
            for (node, values) in basis::nodes::<ORDER>().iter().zip(samples.chunks_exact_mut(n_packs)) {
                stop.check()?;
                function(place(intervals_per_length, interval, *node), values);
            }
            combine(&to_chebyshev, &samples, n_packs, &mut chebyshev);
            combine(&to_powers, &chebyshev, n_packs, block);
        }
        Ok(table)
    }

    /// Largest error in units of the largest value of a group, at these extremes of the polynomial of [`ORDER`](Self)
    /// that vanishes at the nodes.
    fn largest_error(
        &self,
        extremes: &[usize],
        groups: &[usize],
        stop: &Stop<'_>,
        function: impl Fn(f64, &mut [[f64; LANES]]),
    ) -> Result<f64, Error> {
        let probes: Vec<f64> = extremes.iter().map(|&k| basis::extreme::<ORDER>(k)).collect();
        let [mut exact, mut fitted] = [(); 2].map(|()| vec![[0.0; LANES]; probes.len() * self.n_packs]);
        let mut points = EvaluationPoints::default();
        let mut extent = Extent::new(groups, self.n_packs);
        let mut r = vec![0.0; probes.len()];
        for interval in 0..self.n_intervals {
            for ((r, probe), exact) in r.iter_mut().zip(&probes).zip(exact.chunks_exact_mut(self.n_packs)) {
                stop.check()?;
                *r = place(self.intervals_per_length, interval, *probe);
                function(*r, exact);
            }
            Isa::detect().run(AtPoints { table: self, r: &r, points: &mut points, values: &mut fitted });
            for (exact, fitted) in exact.chunks_exact(self.n_packs).zip(fitted.chunks_exact(self.n_packs)) {
                extent.compare(exact, fitted);
            }
        }
        Ok(extent.largest_error())
    }
}

/// The distance at `t`, which runs from -1 to 1 over an interval.
fn place(intervals_per_length: f64, interval: usize, t: f64) -> f64 {
    (interval as f64 + 0.5 * (1.0 + t)) / intervals_per_length
}

/// Intervals that are shorter by a fifth.
fn one_step(n_intervals: usize) -> usize {
    n_intervals + n_intervals.div_ceil(4)
}

/// All functions at some places.
struct AtPoints<'a, const ORDER: usize> {
    table: &'a Piecewise<ORDER>,
    r: &'a [f64],
    points: &'a mut EvaluationPoints,
    values: &'a mut [[f64; LANES]],
}

impl<const ORDER: usize> Kernel for AtPoints<'_, ORDER> {
    type Output = ();
    #[inline(always)]
    fn run<V: Lanes>(self) {
        self.table.evaluate::<V>(self.r, self.points, self.values);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn intervals_are_as_many_as_the_tolerance_needs() {
        for (width, tolerance) in [(0.5, 1e-13), (0.02, 1e-13), (0.3, 1e-9), (0.1, 1e-14), (5.0, 1e-13)] {
            let gauss = |r: f64, f: &mut [f64]| f[0] = (-0.5 * ((r - 2.0) / width).powi(2)).exp();
            let in_packs = |r: f64, f: &mut [[f64; LANES]]| gauss(r, f.as_flattened_mut());
            let error_of = |n_intervals| {
                let table = Piecewise::<8>::interpolate(5.0, n_intervals, 1, &Stop::never(), in_packs);
                table.and_then(|table| table.largest_error(&[0, 1, 2, 3, 4], &[1], &Stop::never(), in_packs))
            };
            let table = Piecewise::<8>::fit(5.0, width, &[1], tolerance, &Stop::never(), gauss).expect("a small table");
            let [enough, fewer] = [1, 2].map(|part| error_of(table.n_intervals() / part).expect("a small table"));
            assert!(enough < tolerance + 2e-15, "{width}, {tolerance}: {enough} with {}", table.n_intervals());
            assert!(fewer > tolerance, "{width}, {tolerance}: {fewer} with half of {}", table.n_intervals());
        }
    }

    #[test]
    fn what_is_rough_gets_no_more_intervals_than_help() {
        // Noise of 1e-9, far above what is asked for.
        let rough = |r: f64, f: &mut [f64]| f[0] = (-0.5 * (r - 2.0).powi(2)).exp() + 1e-9 * (1e6 * r).sin();
        let table = Piecewise::<8>::fit(5.0, 1.0, &[1], 1e-14, &Stop::never(), rough).expect("a small table");
        assert!(table.n_intervals() < 40, "{}", table.n_intervals());
        assert!((1e-10..1e-8).contains(&table.error()), "{}", table.error());
    }

    #[test]
    fn values_and_derivatives_of_a_gaussian_and_a_sine() {
        gauss_and_sine::<8>(2e-12);
        gauss_and_sine::<12>(2e-12);
    }
}
