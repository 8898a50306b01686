//! The plan of largest `Σ P C - α Σ P ln P`.

use super::iteration::{Exponentials, LogSumsOfColumns, LogSumsOfRows, NOTHING, Step, Total, run};
use super::{Coupling, Exact, PURPOSE};
use crate::simd::{LANES, Pack};
use crate::{Error, Stop, memory};

/// Exponents up to this are taken as they are; their products and sums are still numbers.
const PLAIN: f64 = 300.0;
/// Scaling factors beyond this, or one over it, are absorbed into potentials.
const LARGE: f64 = 1e150;
/// Where entropy counts for less than this part of the similarities, a best match is the same but for as much.
const NEGLIGIBLE: f64 = 1e-10;
/// On the way to a small `α`: the part of the spread to begin with, the factor from one to the next, the sums that are good
/// enough, and iterations at most.
const EASY: f64 = 20.0;
const LESS: f64 = 3.0;
const ROUGH: f64 = 1e-2;
const A_FEW: usize = 80;
/// Iterations before Newton is asked for help, and between two times.
const PATIENCE: usize = 12;
/// The longest step that Newton may take, in logarithms.
const LONGEST: f64 = 3.0;

/// When iterations end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Until {
    /// No sum of a row or a column is off by more than this part.
    Marginals(f64),
    /// The squares of what the scaling factors have changed sum up to no more than this part of their own squares, as
    /// they are looked at in four of five iterations (the criterion of other programs).
    Change(f64),
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EntropicOptions {
    /// `α`, in units of the similarity.
    pub alpha: f64,
    /// When to end.
    pub until: Until,
    /// Iterations at most.
    pub max_iterations: usize,
}

/// Buffers and the plan of the last problem.
#[derive(Debug, Default)]
pub struct Entropic {
    n: usize,
    m: usize,
    width: usize,
    padding: Option<Pack>,
    similarity: Vec<Pack>,
    kernel: Vec<Pack>,
    u: Vec<f64>,
    old_u: Vec<f64>,
    v: Vec<Pack>,
    old_v: Vec<Pack>,
    sums: Vec<Pack>,
    /// Potentials in the kernel, in logarithms.
    of_row: Vec<f64>,
    of_column: Vec<Pack>,
    exact: Exact,
    is_exact: bool,
    coupling: Coupling,
    plan: Vec<f64>,
    steps: (Vec<f64>, Vec<f64>),
}

impl Entropic {
    /// Finds the plan for finite similarities, `n × m`; returns `Σ P C`, and whether iterations came to their end.
    ///
    /// # Errors
    /// [`Error::Memory`] and [`Error::Interrupted`].
    pub fn solve(
        &mut self,
        similarity: &[f64],
        n: usize,
        m: usize,
        options: EntropicOptions,
        stop: &Stop<'_>,
    ) -> Result<(f64, bool), Error> {
        let (low, high) = similarity.iter().fold((f64::MAX, f64::MIN), |(low, high), c| (low.min(*c), high.max(*c)));
        self.is_exact = options.alpha < NEGLIGIBLE * (high - low);
        if self.is_exact {
            return Ok((self.exact.solve(similarity, n, m, stop)?, true));
        }
        self.load(similarity, n, m)?;
        let inverse = 1.0 / options.alpha;
        let is_plain = (high - 1.0).abs().max((low - 1.0).abs()) <= PLAIN * options.alpha;
        if is_plain {
            self.exponentiate(inverse);
        } else {
            self.approach(high - low, options.alpha, stop)?;
        }
        let converged = self.iterate(inverse, options, stop)?;
        let (similarity, kernel) = (&self.similarity[..], &self.kernel[..]);
        Ok((run(Total { similarity, kernel, u: &self.u, v: &self.v }), converged))
    }

    /// Makes potentials near those of `alpha`, by way of larger ones: each is quickly found from the one before.
    fn approach(&mut self, spread: f64, alpha: f64, stop: &Stop<'_>) -> Result<(), Error> {
        self.of_column.fill(Pack::ZERO);
        let mut level = spread / EASY;
        while level > alpha {
            self.absorb(1.0 / level);
            let rough = EntropicOptions { alpha: level, until: Until::Marginals(ROUGH), max_iterations: A_FEW };
            self.iterate(1.0 / level, rough, stop)?;
            let next = (level / LESS).max(alpha);
            let of_column = Pack::numbers_mut(&mut self.of_column).iter_mut();
            of_column.zip(Pack::numbers(&self.v)).for_each(|(log, v)| *log = (*log + v.ln()) * (level / next));
            level = next;
        }
        self.absorb(1.0 / alpha);
        Ok(())
    }

    fn load(&mut self, similarity: &[f64], n: usize, m: usize) -> Result<(), Error> {
        let width = Pack::holding(m);
        (self.n, self.m, self.width) = (n, m, width);
        self.padding = Some(Pack(std::array::from_fn(|lane| if (width - 1) * LANES + lane < m { 0.0 } else { 1.0 })));
        memory::refill(PURPOSE, &mut self.similarity, n * width, Pack::ZERO)?;
        memory::refill(PURPOSE, &mut self.kernel, n * width, Pack::ZERO)?;
        for packs in [&mut self.v, &mut self.old_v, &mut self.sums] {
            memory::refill(PURPOSE, packs, width, Pack([1.0 / m as f64; LANES]))?;
        }
        memory::refill(PURPOSE, &mut self.of_column, width, Pack::ZERO)?;
        for values in [&mut self.u, &mut self.old_u] {
            memory::refill(PURPOSE, values, n, 1.0 / n as f64)?;
        }
        memory::refill(PURPOSE, &mut self.of_row, n, 0.0)?;
        for (row, packs) in similarity.chunks_exact(m).zip(self.similarity.chunks_exact_mut(width)) {
            Pack::numbers_mut(packs)[..m].copy_from_slice(row);
        }
        Ok(())
    }

    /// Makes the kernel of similarities and potentials, and takes the sums of its columns, times `u`.
    fn exponentiate(&mut self, inverse: f64) {
        Pack::numbers_mut(&mut self.of_column)[self.m..].fill(NOTHING);
        let (of_row, of_column) = (&self.of_row[..], &self.of_column[..]);
        run(Exponentials { similarity: &self.similarity, inverse, of_row, of_column, out: &mut self.kernel });
        let sums = Pack::numbers_mut(&mut self.sums);
        sums.fill(0.0);
        sums[self.m..].fill(1.0);
        for (row, u) in self.kernel.chunks_exact(self.width).zip(&self.u) {
            sums.iter_mut().zip(Pack::numbers(row)).for_each(|(sum, k)| *sum += u * k);
        }
    }

    /// One iteration in logarithms, from the potentials of the columns; scaling factors are one afterwards.
    fn absorb(&mut self, inverse: f64) {
        Pack::numbers_mut(&mut self.of_column)[self.m..].fill(NOTHING);
        let similarity = &self.similarity[..];
        run(LogSumsOfRows { similarity, inverse, of_column: &self.of_column, out: &mut self.of_row });
        let share = (self.n as f64).ln();
        self.of_row.iter_mut().for_each(|sum| *sum = -share - *sum);
        run(LogSumsOfColumns { similarity, inverse, of_row: &self.of_row, out: &mut self.of_column });
        let share = (self.m as f64).ln();
        Pack::numbers_mut(&mut self.of_column).iter_mut().for_each(|sum| *sum = -share - *sum);
        self.u.fill(1.0);
        self.v.fill(Pack([1.0; LANES]));
        self.exponentiate(inverse);
    }

    /// Iterations until their end, and whether it was reached.
    fn iterate(&mut self, inverse: f64, options: EntropicOptions, stop: &Stop<'_>) -> Result<bool, Error> {
        let (n, m) = (self.n, self.m);
        let mut rows_are_right = false;
        for iteration in 0..options.max_iterations {
            stop.check_after(n * m)?;
            if iteration % 64 == 63 {
                stop.check()?;
            }
            if rows_are_right && let Until::Marginals(tolerance) = options.until {
                if self.deviation() <= tolerance {
                    return Ok(true);
                }
                if iteration % PATIENCE == 0 {
                    self.newton(stop)?;
                }
            }
            self.old_u.copy_from_slice(&self.u);
            self.old_v.copy_from_slice(&self.v);
            let share = 1.0 / m as f64;
            let each = Pack::numbers_mut(&mut self.v).iter_mut().zip(Pack::numbers(&self.sums));
            each.for_each(|(v, sum)| *v = share / sum);
            self.step();
            rows_are_right = self.in_range();
            if !rows_are_right {
                let of_column = Pack::numbers_mut(&mut self.of_column).iter_mut();
                of_column.zip(Pack::numbers(&self.old_v)).for_each(|(log, v)| *log += v.ln());
                self.absorb(inverse);
            } else if let Until::Change(threshold) = options.until
                && iteration % 5 != 0
                && self.change() <= threshold
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn step(&mut self) {
        let Some(padding) = &self.padding else { return };
        run(Step { kernel: &self.kernel, v: &self.v, u: &mut self.u, sums: &mut self.sums, padding });
    }

    /// Largest part by which the sum of a column is off.
    fn deviation(&self) -> f64 {
        let m = self.m as f64;
        let columns = Pack::numbers(&self.sums)[..self.m].iter().zip(Pack::numbers(&self.v));
        columns.fold(0.0, |most, (sum, v)| f64::max(most, (m * sum * v - 1.0).abs()))
    }

    fn in_range(&self) -> bool {
        let fits = |x: &f64| (1.0 / LARGE..LARGE).contains(x);
        self.u.iter().all(fits) && Pack::numbers(&self.v)[..self.m].iter().all(fits)
    }

    /// Squares of what has changed, in parts of the squares of what there is: of rows and of columns.
    fn change(&self) -> f64 {
        let m = self.m;
        let of = |new: &[f64], old: &[f64], logs: &[f64]| {
            let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let (mut changed, mut all) = (0.0, 0.0);
            for ((new, old), log) in new.iter().zip(old).zip(logs) {
                let weight = (log - largest).exp();
                changed += (weight * (new - old)).powi(2);
                all += (weight * new).powi(2);
            }
            changed / all
        };
        let columns = [&self.v, &self.old_v, &self.of_column].map(|packs| &Pack::numbers(packs)[..m]);
        of(&self.u, &self.old_u, &self.of_row) + of(columns[0], columns[1], columns[2])
    }

    /// A step of Newton's for the potentials of the columns, kept where it makes things better.
    fn newton(&mut self, stop: &Stop<'_>) -> Result<(), Error> {
        let (n, m) = (self.n, self.m);
        self.write_plan()?;
        self.coupling.factorize(&self.plan, n, m, stop)?;
        let before = self.deviation();
        let (rows, columns) = &mut self.steps;
        memory::refill(PURPOSE, rows, n, 0.0)?;
        memory::refill(PURPOSE, columns, m, 0.0)?;
        let share = 1.0 / m as f64;
        let numbers = Pack::numbers(&self.sums).iter().zip(Pack::numbers(&self.v));
        columns.iter_mut().zip(numbers).for_each(|(step, (sum, v))| *step = share - sum * v);
        self.coupling.solve(rows, columns);
        // Of all solutions, the one that moves columns by nothing on average.
        let mean = columns.iter().sum::<f64>() / m as f64;
        self.old_u.copy_from_slice(&self.u);
        self.old_v.copy_from_slice(&self.v);
        for (v, step) in Pack::numbers_mut(&mut self.v).iter_mut().zip(columns) {
            *v *= (*step - mean).clamp(-LONGEST, LONGEST).exp();
        }
        self.step();
        if !(self.in_range() && self.deviation() < before) {
            self.u.copy_from_slice(&self.old_u);
            self.v.copy_from_slice(&self.old_v);
            self.step();
        }
        Ok(())
    }

    fn write_plan(&mut self) -> Result<(), Error> {
        memory::refill(PURPOSE, &mut self.plan, self.n * self.m, 0.0)?;
        let v = Pack::numbers(&self.v);
        let rows = self.plan.chunks_exact_mut(self.m).zip(self.kernel.chunks_exact(self.width)).zip(&self.u);
        for ((out, row), u) in rows {
            let entries = Pack::numbers(row).iter().zip(v);
            out.iter_mut().zip(entries).for_each(|(out, (k, v))| *out = u * k * v);
        }
        Ok(())
    }

    /// Writes the derivative of the last `Σ P C` by each similarity.
    ///
    /// It is `P (1 + (C - a - b) / α)` with potentials `a` of rows and `b` of columns for which no row and no column of
    /// `P (C - a - b)` has a sum: then what the plan does to stay a plan does not matter. Where entropy does not count it
    /// is the plan.
    ///
    /// # Errors
    /// [`Error::Memory`] and [`Error::Interrupted`].
    pub fn gradient(&mut self, similarity: &[f64], alpha: f64, out: &mut [f64], stop: &Stop<'_>) -> Result<(), Error> {
        if self.is_exact {
            self.exact.plan(out);
            return Ok(());
        }
        self.write_plan()?;
        let (n, m) = (self.n, self.m);
        self.coupling.factorize(&self.plan, n, m, stop)?;
        let (rows, columns) = &mut self.steps;
        memory::refill(PURPOSE, rows, n, 0.0)?;
        memory::refill(PURPOSE, columns, m, 0.0)?;
        for ((sum, plan), similarity) in rows.iter_mut().zip(self.plan.chunks_exact(m)).zip(similarity.chunks_exact(m))
        {
            for ((p, c), column) in plan.iter().zip(similarity).zip(columns.iter_mut()) {
                *sum += p * c;
                *column += p * c;
            }
        }
        self.coupling.solve(rows, columns);
        for (i, row) in rows.iter().enumerate() {
            for (j, column) in columns.iter().enumerate() {
                let k = i * m + j;
                out[k] = self.plan[k] * (1.0 + (similarity[k] - row - column) / alpha);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: usize, seed: u64, scale: f64) -> Vec<f64> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64 / (1u64 << 24) as f64
        };
        (0..n).map(|_| 1.0 - scale * next()).collect()
    }

    fn options(alpha: f64) -> EntropicOptions {
        EntropicOptions { alpha, until: Until::Marginals(1e-12), max_iterations: 10_000 }
    }

    /// Iterations as they are written in textbooks, in logarithms.
    fn slow(similarity: &[f64], n: usize, m: usize, alpha: f64) -> Vec<f64> {
        let (mut f, mut g) = (vec![0.0; n], vec![0.0; m]);
        let log_sum = |values: Vec<f64>| {
            let largest = values.iter().copied().fold(f64::MIN, f64::max);
            largest + values.iter().map(|v| (v - largest).exp()).sum::<f64>().ln()
        };
        for _ in 0..3000 {
            for j in 0..m {
                g[j] = -(m as f64).ln() - log_sum((0..n).map(|i| similarity[i * m + j] / alpha + f[i]).collect());
            }
            for i in 0..n {
                f[i] = -(n as f64).ln() - log_sum((0..m).map(|j| similarity[i * m + j] / alpha + g[j]).collect());
            }
        }
        (0..n * m).map(|k| (similarity[k] / alpha + f[k / m] + g[k % m]).exp()).collect()
    }

    #[test]
    fn as_the_textbook_has_it() {
        let mut entropic = Entropic::default();
        for (n, m) in [(1, 1), (3, 1), (1, 9), (4, 4), (5, 8), (9, 7), (17, 25), (30, 33)] {
            for (alpha, scale) in [(1e20, 1.0), (1.0, 1.0), (0.1, 1.0), (0.02, 0.3), (1.0, 400.0), (2.0, 1e4)] {
                let similarity = numbers(n * m, (n + m) as u64, scale);
                let solved = entropic.solve(&similarity, n, m, options(alpha), &Stop::never());
                let (value, converged) = solved.expect("little memory");
                assert!(converged, "{n} {m} {alpha} {scale}");
                entropic.write_plan().expect("little memory");
                for i in 0..n {
                    let sum: f64 = entropic.plan[i * m..][..m].iter().sum();
                    assert!((sum * n as f64 - 1.0).abs() < 1e-11, "{sum}");
                }
                for j in 0..m {
                    let sum: f64 = entropic.plan[j..].iter().step_by(m).sum();
                    assert!((sum * m as f64 - 1.0).abs() < 1e-11, "{sum}");
                }
                let total: f64 = entropic.plan.iter().zip(&similarity).map(|(p, c)| p * c).sum();
                assert!((value - total).abs() < 1e-12 * scale, "{value} {total}");
                if scale / alpha < 30.0 {
                    let expected = slow(&similarity, n, m, alpha);
                    let worst = entropic.plan.iter().zip(&expected).fold(0.0, |w: f64, (a, b)| w.max((a - b).abs()));
                    assert!(worst < 1e-10, "{worst} {n} {m} {alpha}");
                }
            }
        }
    }

    #[test]
    fn little_entropy_is_a_best_match() {
        let (mut entropic, mut exact) = (Entropic::default(), Exact::default());
        for (n, m) in [(6, 6), (5, 8), (12, 9)] {
            let similarity = numbers(n * m, 5, 1e4);
            let best = exact.solve(&similarity, n, m, &Stop::never()).expect("little memory");
            for alpha in [1e-1, 1e-3, 1e-5, 1e-7, 1e-30] {
                let solved = entropic.solve(&similarity, n, m, options(alpha), &Stop::never());
                let (value, converged) = solved.expect("little memory");
                assert!(converged, "{alpha}");
                assert!(value <= best + 1e-9 && value > best - 10.0 * alpha - 1e-9, "{alpha}: {value} {best}");
            }
        }
    }

    #[test]
    fn derivatives_are_differences() {
        let mut entropic = Entropic::default();
        for (n, m) in [(1, 1), (4, 4), (3, 7), (9, 5)] {
            for (alpha, scale) in [(0.5, 1.0), (0.05, 1.0), (1.0, 2000.0)] {
                let similarity = numbers(n * m, 3, scale);
                let mut value =
                    |c: &[f64]| entropic.solve(c, n, m, options(alpha), &Stop::never()).expect("little memory").0;
                let step = 1e-4 * alpha;
                let differences: Vec<f64> = (0..n * m)
                    .map(|k| {
                        let mut moved = |by: f64| {
                            let mut moved = similarity.clone();
                            moved[k] += by;
                            value(&moved)
                        };
                        (8.0 * (moved(step) - moved(-step)) - moved(2.0 * step) + moved(-2.0 * step)) / (12.0 * step)
                    })
                    .collect();
                value(&similarity);
                let mut found = vec![0.0; n * m];
                entropic.gradient(&similarity, alpha, &mut found, &Stop::never()).expect("little memory");
                let worst = found.iter().zip(&differences).fold(0.0, |w: f64, (a, b)| w.max((a - b).abs()));
                assert!(worst < 1e-12 * scale / step, "{worst} {n} {m} {alpha} {scale}");
            }
        }
    }
}
