//! How the marginals of a plan `exp(S + φ + ψ)` change with the potentials of its rows and columns.

use super::PURPOSE;
use crate::simd::{add_scaled, dot};
use crate::{Error, Stop, memory};

/// A pivot below this part of its column's weight is rounding: what is left of the plan falls apart there.
const SINGULAR: f64 = 1e-13;

/// The system `r φ + P ψ = a`, `Pᵀ φ + c ψ = b`, in which `r` and `c` are the sums of the rows and columns of `P`.
///
/// Adding a number to all `φ` and taking it from all `ψ` changes nothing; of all solutions, one is found. With the
/// larger set of unknowns eliminated, the matrix `c - Pᵀ P / r` of the smaller one is left, which is symmetric and
/// positive but for that; it is factorized as `L Lᵀ`.
#[derive(Debug, Default)]
pub struct Coupling {
    /// The plan with the larger set along its rows, and whether that is its transpose.
    plan: Vec<f64>,
    transposed: bool,
    n: usize,
    m: usize,
    rows: Vec<f64>,
    columns: Vec<f64>,
    lower: Vec<f64>,
    scaled: Vec<f64>,
}

impl Coupling {
    /// Factorizes the system of a plan, `n × m`.
    ///
    /// # Errors
    /// [`Error::Memory`] and [`Error::Interrupted`].
    pub fn factorize(&mut self, plan: &[f64], n: usize, m: usize, stop: &Stop<'_>) -> Result<(), Error> {
        self.transposed = m > n;
        (self.n, self.m) = if self.transposed { (m, n) } else { (n, m) };
        let (n, m) = (self.n, self.m);
        memory::refill(PURPOSE, &mut self.plan, n * m, 0.0)?;
        if self.transposed {
            for (j, row) in plan.chunks_exact(n).enumerate() {
                row.iter().enumerate().for_each(|(i, value)| self.plan[i * m + j] = *value);
            }
        } else {
            self.plan.copy_from_slice(plan);
        }
        memory::refill(PURPOSE, &mut self.rows, n, 0.0)?;
        memory::refill(PURPOSE, &mut self.columns, m, 0.0)?;
        memory::refill(PURPOSE, &mut self.lower, m * m, 0.0)?;
        memory::refill(PURPOSE, &mut self.scaled, m, 0.0)?;
        for (sum, row) in self.rows.iter_mut().zip(self.plan.chunks_exact(m)) {
            *sum = row.iter().sum();
            add_scaled(1.0, row, &mut self.columns);
        }
        self.fill(stop)?;
        self.decompose(stop)
    }

    /// The lower half of `c - Pᵀ P / r`, with the direction in which nothing changes made one in which all does.
    fn fill(&mut self, stop: &Stop<'_>) -> Result<(), Error> {
        let m = self.m;
        let total: f64 = self.columns.iter().sum();
        for (j, out) in self.lower.chunks_exact_mut(m).enumerate() {
            add_scaled(self.columns[j] / total, &self.columns[..=j], &mut out[..=j]);
            out[j] += self.columns[j];
        }
        for (row, sum) in self.plan.chunks_exact(m).zip(&self.rows) {
            stop.check_after(m * m / 4)?;
            for (j, out) in self.lower.chunks_exact_mut(m).enumerate() {
                if row[j] > 0.0 {
                    add_scaled(-row[j] / sum, &row[..=j], &mut out[..=j]);
                }
            }
        }
        Ok(())
    }

    fn decompose(&mut self, stop: &Stop<'_>) -> Result<(), Error> {
        let m = self.m;
        for j in 0..m {
            stop.check_after(m * m / 4)?;
            let (above, rest) = self.lower.split_at_mut(j * m);
            for (k, other) in above.chunks_exact(m).enumerate() {
                let entry = rest[k] - dot(&rest[..k], &other[..k]);
                rest[k] = if other[k] > 0.0 { entry / other[k] } else { 0.0 };
            }
            let pivot = rest[j] - dot(&rest[..j], &rest[..j]);
            rest[j] = if pivot > SINGULAR * self.columns[j] { pivot.sqrt() } else { 0.0 };
        }
        Ok(())
    }

    /// Solves for right-hand sides `a` of the rows and `b` of the columns of the plan; both become the solution.
    pub fn solve(&mut self, a: &mut [f64], b: &mut [f64]) {
        let (large, small) = if self.transposed { (b, a) } else { (a, b) };
        let m = self.m;
        for ((value, sum), row) in large.iter_mut().zip(&self.rows).zip(self.plan.chunks_exact(m)) {
            *value /= sum;
            add_scaled(-*value, row, small);
        }
        for j in 0..m {
            let row = &self.lower[j * m..=j * m + j];
            let entry = small[j] - dot(&row[..j], &small[..j]);
            small[j] = if row[j] > 0.0 { entry / row[j] } else { 0.0 };
        }
        for j in (0..m).rev() {
            let row = &self.lower[j * m..=j * m + j];
            small[j] = if row[j] > 0.0 { small[j] / row[j] } else { 0.0 };
            let solved = small[j];
            add_scaled(-solved, &row[..j], &mut small[..j]);
        }
        for ((value, sum), row) in large.iter_mut().zip(&self.rows).zip(self.plan.chunks_exact(m)) {
            *value -= dot(row, small) / sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marginals_follow_the_potentials() {
        for (n, m) in [(1, 1), (4, 3), (3, 5), (9, 9), (20, 2)] {
            let plan: Vec<f64> = (0..n * m).map(|k| 0.1 + (k * 7919 % 101) as f64 / 50.0).collect();
            let mut coupling = Coupling::default();
            coupling.factorize(&plan, n, m, &Stop::never()).expect("little memory");
            let (phi, psi): (Vec<f64>, Vec<f64>) =
                ((0..n).map(|k| (k as f64).sin()).collect(), (0..m).map(|k| (k as f64 + 0.3).cos()).collect());
            let act = |phi: &[f64], psi: &[f64]| {
                let (mut a, mut b) = (vec![0.0; n], vec![0.0; m]);
                for i in 0..n {
                    for j in 0..m {
                        let both = plan[i * m + j] * (phi[i] + psi[j]);
                        a[i] += both;
                        b[j] += both;
                    }
                }
                (a, b)
            };
            let (a, b) = act(&phi, &psi);
            let (mut phi, mut psi) = (a.clone(), b.clone());
            coupling.solve(&mut phi, &mut psi);
            let found = act(&phi, &psi);
            let close = |x: &[f64], y: &[f64]| x.iter().zip(y).all(|(x, y)| (x - y).abs() < 1e-11);
            assert!(close(&found.0, &a) && close(&found.1, &b), "{n} {m}");
        }
    }

    #[test]
    fn a_plan_that_falls_apart_has_a_solution() {
        let plan = [0.5, 0.0, 0.0, 0.5];
        let mut coupling = Coupling::default();
        coupling.factorize(&plan, 2, 2, &Stop::never()).expect("little memory");
        let (mut a, mut b) = ([0.1, 0.0], [0.1, 0.0]);
        coupling.solve(&mut a, &mut b);
        assert!((a[0] + b[0] - 0.2).abs() < 1e-12 && (a[1] + b[1]).abs() < 1e-12, "{a:?} {b:?}");
    }
}
