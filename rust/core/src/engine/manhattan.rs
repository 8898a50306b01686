//! Sums of absolute differences of rows, which no product of matrices gives.

use std::sync::Mutex;

use super::checks::check_length;
use super::interrupt::RowCounter;
use super::job::Job;
use super::queue::{Pieces, share};
use crate::simd::{Isa, Kernel, LANES, Lanes};
use crate::{Error, Stop};

/// What a row counts for where threads share them.
const SIZE: usize = 16;

/// Writes `Σ |a - b|` of each row of `a` and each of `b`, `n_features` numbers each, into `out`.
///
/// # Errors
/// [`Error::Memory`], [`Error::Interrupted`], [`Error::Shape`] for what does not fit.
pub fn manhattan(a: &[f64], b: &[f64], n_features: usize, out: &mut [f64], job: &mut Job<'_>) -> Result<(), Error> {
    let (n_a, n_b) = (a.len() / n_features.max(1), b.len() / n_features.max(1));
    check_length("out", out.len(), n_a * n_b)?;
    by_row(a, n_features, out, n_b, job, |_, row, out, stop| {
        for (out, other) in out.iter_mut().zip(b.chunks_exact(n_features)) {
            stop.check_after(n_features)?;
            *out = Isa::detect().run(Distance(row, other));
        }
        Ok(())
    })
}

/// Writes the derivative of `Σ adjoint · Σ |a - b|` by each entry of `a` into `out`; zero where two entries are equal.
///
/// # Errors
/// [`Error::Memory`], [`Error::Interrupted`], [`Error::Shape`] for what does not fit.
pub fn manhattan_pullback(
    a: &[f64],
    b: &[f64],
    n_features: usize,
    adjoint: &[f64],
    out: &mut [f64],
    job: &mut Job<'_>,
) -> Result<(), Error> {
    let n_b = b.len() / n_features.max(1);
    check_length("out", out.len(), a.len())?;
    check_length("adjoint", adjoint.len(), a.len() / n_features.max(1) * n_b)?;
    by_row(a, n_features, out, n_features, job, |place, row, out, stop| {
        out.fill(0.0);
        let weights = &adjoint[place * n_b..][..n_b];
        for (weight, other) in weights.iter().zip(b.chunks_exact(n_features)) {
            stop.check_after(n_features)?;
            for ((out, a), b) in out.iter_mut().zip(row).zip(other) {
                *out += if a > b {
                    *weight
                } else if a < b {
                    -weight
                } else {
                    0.0
                };
            }
        }
        Ok(())
    })
}

/// Lets `write` fill one row of `out` for each row of `a`, on all threads.
fn by_row(
    a: &[f64],
    n_features: usize,
    out: &mut [f64],
    width: usize,
    job: &mut Job<'_>,
    write: impl Fn(usize, &[f64], &mut [f64], &Stop<'_>) -> Result<(), Error> + Sync,
) -> Result<(), Error> {
    let n = a.len() / n_features.max(1);
    let mut rest = out;
    let counter = RowCounter::new(n);
    let pieces = Pieces {
        size: |_| SIZE,
        worker: || Ok(()),
        payload: |_| rest.split_off_mut(..width).unwrap_or_default(),
        visit: |(): &mut (), row: usize, out: &mut [f64], stop: &Stop<'_>| {
            write(row, &a[row * n_features..][..n_features], out, stop)?;
            counter.add(1);
            stop.check()
        },
        merge: |_, ()| Ok(()),
    };
    share(job, &counter, n, &Mutex::new(Vec::new()), pieces)
}

struct Distance<'a>(&'a [f64], &'a [f64]);

impl Kernel for Distance<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<V: Lanes>(self) -> f64 {
        let ((a, a_rest), (b, b_rest)) = (self.0.as_chunks::<LANES>(), self.1.as_chunks::<LANES>());
        let mut sums = [V::zero(); 4];
        for (a, b) in a.chunks(4).zip(b.chunks(4)) {
            for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
                let difference = V::load(a) - V::load(b);
                *sum += difference.max(-difference);
            }
        }
        let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| (a - b).abs()).sum();
        ((sums[0] + sums[1]) + (sums[2] + sums[3])).sum() + rest
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;

    #[test]
    fn as_it_is_written() {
        let numbers = |n: usize, by: f64| (0..n).map(|k| ((k as f64 + by) * 2.7).sin()).collect::<Vec<_>>();
        for n_features in [1, 7, 8, 41] {
            let (a, b) = (numbers(5 * n_features, 0.0), numbers(4 * n_features, 0.5));
            let mut progress = |_, _| ControlFlow::Continue(());
            let mut job = Job { pool: None, progress: &mut progress, worker_cache: None };
            let (mut out, mut back) = (vec![0.0; 20], vec![0.0; a.len()]);
            manhattan(&a, &b, n_features, &mut out, &mut job).expect("fits");
            let adjoint = numbers(20, 0.1);
            manhattan_pullback(&a, &b, n_features, &adjoint, &mut back, &mut job).expect("fits");
            for i in 0..5 {
                for j in 0..4 {
                    let terms = (0..n_features).map(|k| (a[i * n_features + k] - b[j * n_features + k]).abs());
                    assert!((out[i * 4 + j] - terms.sum::<f64>()).abs() < 1e-13);
                }
                for k in 0..n_features {
                    let terms =
                        (0..4).map(|j| adjoint[i * 4 + j] * (a[i * n_features + k] - b[j * n_features + k]).signum());
                    assert!((back[i * n_features + k] - terms.sum::<f64>()).abs() < 1e-13);
                }
            }
        }
    }
}
