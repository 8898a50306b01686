//! Smooth functions of one variable as piecewise polynomials, many side by side.

use crate::simd::{LANES, Lanes};

/// Degree of the polynomials. Eleven keeps the table of a typical basis in the first-level cache.
const DEGREE: usize = 11;
/// Coefficients of one polynomial, and nodes at which it is fitted.
const ORDER: usize = DEGREE + 1;
/// More intervals than this would not fit in any cache; no basis within the documented limits asks for them.
const MAX_INTERVALS: usize = 1 << 14;

/// Functions on `[0, r_max]`, each a polynomial of degree 11 on every one of equal intervals.
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
    /// `groups` are the lengths of consecutive groups of functions that are used together; intervals are halved,
    /// starting near `length_scale`, until every function is met to 2e-15 of the largest value of its group, or
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
            let (finer, finer_error) = fit(best.n_intervals + best.n_intervals.div_ceil(2));
            // Truncation would have shrunk by more than a hundred: what is left is rounding.
            let rounding = finer_error > 0.25 * error;
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
        let mut coefficients = vec![[0.0; LANES]; n_intervals * ORDER * n_packs];
        let (nodes, to_powers) = chebyshev();
        let width = r_max / n_intervals as f64;
        let mut samples = vec![vec![0.0; n_functions]; ORDER];
        for (interval, block) in coefficients.chunks_exact_mut(ORDER * n_packs).enumerate() {
            for (node, values) in nodes.iter().zip(&mut samples) {
                function(width * (interval as f64 + 0.5 * (1.0 + node)), values);
            }
            for (power, row) in block.chunks_exact_mut(n_packs).rev().enumerate() {
                for (k, slot) in row.as_flattened_mut()[..n_functions].iter_mut().enumerate() {
                    *slot = to_powers[power].iter().zip(&samples).map(|(weight, values)| weight * values[k]).sum();
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
        let t = V::splat(t);
        for (pack, value) in values[..self.n_packs].iter_mut().enumerate() {
            let mut p = V::load(&block[pack]);
            for power in 1..ORDER {
                p = p.mul_add(t, V::load(&block[power * self.n_packs + pack]));
            }
            p.store(value);
        }
    }

    /// Writes the values of all functions at `r` and their derivatives: those of the same polynomials.
    #[inline(always)]
    pub fn evaluate_with_derivative<V: Lanes>(
        &self,
        r: f64,
        values: &mut [[f64; LANES]],
        derivatives: &mut [[f64; LANES]],
    ) {
        let (block, t) = self.locate(r);
        let (t, slope) = (V::splat(t), V::splat(2.0 * self.intervals_per_length));
        for (pack, (value, derivative)) in values[..self.n_packs].iter_mut().zip(derivatives).enumerate() {
            let mut p = V::load(&block[pack]);
            let mut dp = V::zero();
            for power in 1..ORDER {
                dp = dp.mul_add(t, p);
                p = p.mul_add(t, V::load(&block[power * self.n_packs + pack]));
            }
            p.store(value);
            dp.mul(slope).store(derivative);
        }
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

/// Chebyshev nodes, and the matrix from values there to coefficients of the powers of `t`, lowest first.
fn chebyshev() -> ([f64; ORDER], [[f64; ORDER]; ORDER]) {
    let angle = |k: usize| std::f64::consts::PI * (k as f64 + 0.5) / ORDER as f64;
    let nodes = std::array::from_fn(|k| angle(k).cos());
    // Powers of t in T_j, by T_{j+1} = 2 t T_j - T_{j-1}.
    let mut polynomials = [[0.0; ORDER]; ORDER];
    polynomials[0][0] = 1.0;
    polynomials[1][1] = 1.0;
    for j in 2..ORDER {
        for power in 0..ORDER {
            let shifted = if power == 0 { 0.0 } else { polynomials[j - 1][power - 1] };
            polynomials[j][power] = 2.0 * shifted - polynomials[j - 2][power];
        }
    }
    let matrix = std::array::from_fn(|power| {
        std::array::from_fn(|k| {
            (0..ORDER)
                .map(|j| {
                    let weight = if j == 0 { 1.0 } else { 2.0 } / ORDER as f64;
                    weight * (j as f64 * angle(k)).cos() * polynomials[j][power]
                })
                .sum()
        })
    });
    (nodes, matrix)
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
                assert!((slopes[1] - 3e3 * (3.0 * r).cos()).abs() < 2e-9);
                assert_eq!(values[2..], [0.0; 6]);
            }
        }
    }
}
