//! Smooth functions of one variable as piecewise polynomials, many side by side.

use crate::simd::{LANES, Lanes};

/// Degree of the polynomials. Time goes into fetching coefficients: seven needs a third fewer of them than eleven, and
/// its longer table still fits the second-level cache.
const DEGREE: usize = 7;
/// Coefficients of one polynomial, and nodes at which it is fitted.
const ORDER: usize = DEGREE + 1;
/// Packs of functions at most: 24 radial functions and degrees up to 30.
const MAX_PACKS: usize = 7;
/// More intervals than this would not fit in any cache; no basis within the documented limits asks for them.
const MAX_INTERVALS: usize = 1 << 14;

/// Functions on `[0, r_max]`, each a polynomial of degree [`DEGREE`] on every one of equal intervals.
#[derive(Debug, Clone)]
pub struct Piecewise {
    n_functions: usize,
    /// Groups of [`LANES`] functions.
    n_packs: usize,
    n_intervals: usize,
    intervals_per_length: f64,
    /// `[interval][power, highest first][pack]`, in powers of `t`, which runs from -1 to 1 over the interval.
    coefficients: Vec<[f64; LANES]>,
}

impl Piecewise {
    /// Fits `function(r, values)`, which writes the values of all functions at `r`.
    ///
    /// `groups` are the lengths of consecutive groups of functions that are used together; intervals are made
    /// shorter, starting from `length_scale`, until every function is met to 2e-15 of the largest value of its group, or
    /// rounding lets it come no closer.
    pub fn fit(r_max: f64, length_scale: f64, groups: &[usize], function: impl Fn(f64, &mut [f64])) -> Self {
        let n_functions = groups.iter().sum();
        let fit = |n_intervals| {
            let table = Self::interpolate(r_max, n_intervals, n_functions, &function);
            let error = table.largest_error(r_max, groups, &function);
            (table, error)
        };
        let start = (r_max / length_scale).ceil().clamp(1.0, MAX_INTERVALS as f64) as usize;
        let (mut best, mut error) = fit(start);
        while error > 2e-15 && best.n_intervals < MAX_INTERVALS {
            let (finer, finer_error) = fit(best.n_intervals + best.n_intervals.div_ceil(4));
            // Truncation would have shrunk to a sixth: what is left is rounding.
            let rounding = finer_error > 0.5 * error;
            if finer_error < error {
                (best, error) = (finer, finer_error);
            }
            if rounding {
                break;
            }
        }
        best
    }

    /// Number of packs that [`Self::evaluate`] writes.
    pub fn n_packs(&self) -> usize {
        self.n_packs
    }

    /// Number of intervals.
    pub fn n_intervals(&self) -> usize {
        self.n_intervals
    }

    fn interpolate(r_max: f64, n_intervals: usize, n_functions: usize, function: &impl Fn(f64, &mut [f64])) -> Self {
        let n_packs = n_functions.div_ceil(LANES);
        debug_assert!(n_packs <= MAX_PACKS);
        let mut coefficients = vec![[0.0; LANES]; n_intervals * ORDER * n_packs];
        let nodes: [f64; ORDER] = std::array::from_fn(|k| angle(k).cos());
        let width = r_max / n_intervals as f64;
        let mut samples = vec![vec![0.0; n_functions]; ORDER];
        for (interval, block) in coefficients.chunks_exact_mut(ORDER * n_packs).enumerate() {
            for (node, values) in nodes.iter().zip(&mut samples) {
                function(width * (interval as f64 + 0.5 * (1.0 + node)), values);
            }
            for k in 0..n_functions {
                let powers = to_powers(&chebyshev(std::array::from_fn(|node| samples[node][k])));
                for (row, coefficient) in block.chunks_exact_mut(n_packs).rev().zip(powers) {
                    row.as_flattened_mut()[k] = coefficient;
                }
            }
        }
        Self { n_functions, n_packs, n_intervals, intervals_per_length: n_intervals as f64 / r_max, coefficients }
    }

    /// Largest error between the nodes, in units of the largest value of each group.
    fn largest_error(&self, r_max: f64, groups: &[usize], function: &impl Fn(f64, &mut [f64])) -> f64 {
        let mut exact = vec![0.0; self.n_functions];
        let mut fitted = vec![[0.0; LANES]; self.n_packs];
        let (mut scale, mut error) = (vec![f64::MIN_POSITIVE; groups.len()], vec![0.0_f64; groups.len()]);
        let probes = [0.0, 0.093, 0.289, 0.5, 0.711, 0.907, 1.0];
        for interval in 0..self.n_intervals {
            for probe in probes {
                let r = r_max * (interval as f64 + probe) / self.n_intervals as f64;
                function(r, &mut exact);
                crate::simd::Isa::Baseline.run(Evaluate { table: self, r, values: &mut fitted });
                let mut pairs = exact.iter().zip(fitted.as_flattened());
                for (group, &length) in groups.iter().enumerate() {
                    for (x, y) in pairs.by_ref().take(length) {
                        scale[group] = scale[group].max(x.abs());
                        error[group] = error[group].max((x - y).abs());
                    }
                }
            }
        }
        error.iter().zip(&scale).map(|(e, s)| e / s).fold(0.0, f64::max)
    }

    /// The polynomials of the interval of `r`, and the place of `r` in it from -1 to 1.
    #[inline(always)]
    fn locate(&self, r: f64) -> (&[[f64; LANES]], f64) {
        let place = r * self.intervals_per_length;
        let interval = (place as usize).min(self.n_intervals - 1);
        let size = ORDER * self.n_packs;
        (&self.coefficients[interval * size..][..size], 2.0 * (place - interval as f64) - 1.0)
    }

    /// Writes the values of all functions at `r`.
    #[inline(always)]
    pub fn evaluate<V: Lanes>(&self, r: f64, values: &mut [[f64; LANES]]) {
        let (block, t) = self.locate(r);
        match self.n_packs {
            1 => horner::<V, 1>(block, t, values),
            2 => horner::<V, 2>(block, t, values),
            3 => horner::<V, 3>(block, t, values),
            4 => horner::<V, 4>(block, t, values),
            5 => horner::<V, 5>(block, t, values),
            6 => horner::<V, 6>(block, t, values),
            _ => horner::<V, MAX_PACKS>(block, t, values),
        }
    }

    /// Writes the values of all functions at `r` and their derivatives: those of the same polynomials.
    #[inline(always)]
    pub fn evaluate_with_derivative<V: Lanes>(&self, r: f64, values: &mut [[f64; LANES]], slopes: &mut [[f64; LANES]]) {
        let (block, t) = self.locate(r);
        let scale = 2.0 * self.intervals_per_length;
        match self.n_packs {
            1 => horner_with_slope::<V, 1>(block, t, scale, values, slopes),
            2 => horner_with_slope::<V, 2>(block, t, scale, values, slopes),
            3 => horner_with_slope::<V, 3>(block, t, scale, values, slopes),
            4 => horner_with_slope::<V, 4>(block, t, scale, values, slopes),
            5 => horner_with_slope::<V, 5>(block, t, scale, values, slopes),
            6 => horner_with_slope::<V, 6>(block, t, scale, values, slopes),
            _ => horner_with_slope::<V, MAX_PACKS>(block, t, scale, values, slopes),
        }
    }
}

/// `PACKS` polynomials side by side, so that none waits for another.
#[inline(always)]
fn horner<V: Lanes, const PACKS: usize>(block: &[[f64; LANES]], t: f64, values: &mut [[f64; LANES]]) {
    let (powers, t) = (block.as_chunks::<PACKS>().0, V::splat(t));
    let (Some(powers), Some(values)) = (powers.first_chunk::<ORDER>(), values.first_chunk_mut::<PACKS>()) else {
        return;
    };
    let mut p = [V::zero(); PACKS];
    for row in powers {
        for k in 0..PACKS {
            p[k] = p[k].mul_add(t, V::load(&row[k]));
        }
    }
    for k in 0..PACKS {
        p[k].store(&mut values[k]);
    }
}

/// The same with derivatives, which are multiplied by `scale`.
#[inline(always)]
fn horner_with_slope<V: Lanes, const PACKS: usize>(
    block: &[[f64; LANES]],
    t: f64,
    scale: f64,
    values: &mut [[f64; LANES]],
    slopes: &mut [[f64; LANES]],
) {
    let (powers, t, scale) = (block.as_chunks::<PACKS>().0, V::splat(t), V::splat(scale));
    let (Some(powers), Some(values), Some(slopes)) =
        (powers.first_chunk::<ORDER>(), values.first_chunk_mut::<PACKS>(), slopes.first_chunk_mut::<PACKS>())
    else {
        return;
    };
    let (mut p, mut dp) = ([V::zero(); PACKS], [V::zero(); PACKS]);
    for row in powers {
        for k in 0..PACKS {
            dp[k] = dp[k].mul_add(t, p[k]);
            p[k] = p[k].mul_add(t, V::load(&row[k]));
        }
    }
    for k in 0..PACKS {
        p[k].store(&mut values[k]);
        dp[k].mul(scale).store(&mut slopes[k]);
    }
}

struct Evaluate<'a> {
    table: &'a Piecewise,
    r: f64,
    values: &'a mut [[f64; LANES]],
}

impl crate::simd::Kernel for Evaluate<'_> {
    type Output = ();
    #[inline(always)]
    fn run<V: Lanes>(self) {
        self.table.evaluate::<V>(self.r, self.values);
    }
}

/// Angles of the Chebyshev nodes.
fn angle(k: usize) -> f64 {
    std::f64::consts::PI * (k as f64 + 0.5) / ORDER as f64
}

/// Chebyshev coefficients of the polynomial through `samples` at the nodes.
fn chebyshev(samples: [f64; ORDER]) -> [f64; ORDER] {
    std::array::from_fn(|j| {
        let weight = if j == 0 { 1.0 } else { 2.0 } / ORDER as f64;
        let sum: f64 = samples.iter().enumerate().map(|(k, value)| value * (j as f64 * angle(k)).cos()).sum();
        weight * sum
    })
}

/// The same polynomial in powers, lowest first.
///
/// The entries of this change of basis are large integers, but those of high degree meet coefficients that are small:
/// in this order, and not as one matrix from samples to powers, rounding stays where it was.
fn to_powers(coefficients: &[f64; ORDER]) -> [f64; ORDER] {
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

    struct Both<'a>(&'a Piecewise, f64);

    impl Kernel for Both<'_> {
        type Output = ([f64; LANES], [f64; LANES], [f64; LANES]);
        #[inline(always)]
        fn run<V: Lanes>(self) -> Self::Output {
            let (mut alone, mut values, mut slopes) = ([[0.0; LANES]], [[0.0; LANES]], [[0.0; LANES]]);
            self.0.evaluate::<V>(self.1, &mut alone);
            self.0.evaluate_with_derivative::<V>(self.1, &mut values, &mut slopes);
            (alone[0], values[0], slopes[0])
        }
    }

    #[test]
    fn values_and_slopes_of_a_gaussian_and_a_sine() {
        let table = Piecewise::fit(5.0, 0.5, &[1, 1], |r, f| {
            f[0] = (-0.5 * ((r - 2.0) / 0.5).powi(2)).exp();
            f[1] = 1e3 * (3.0 * r).sin();
        });
        for isa in [Isa::Baseline, Isa::detect()] {
            for r in [0.0, 0.3, 1.999, 2.5, 4.2, 5.0] {
                let (alone, values, slopes) = isa.run(Both(&table, r));
                assert_eq!(alone, values);
                let gauss = (-0.5 * ((r - 2.0) / 0.5_f64).powi(2)).exp();
                assert!((values[0] - gauss).abs() < 4e-15, "{}", values[0] - gauss);
                let error = slopes[0] + (r - 2.0) / 0.25 * gauss;
                assert!(error.abs() < 2e-12, "{error} with {} intervals", table.n_intervals());
                assert!((values[1] - 1e3 * (3.0 * r).sin()).abs() < 1e-11);
                assert!((slopes[1] - 3e3 * (3.0 * r).cos()).abs() < 1e-8);
                assert_eq!(values[2..], [0.0; 6]);
            }
        }
    }
}
