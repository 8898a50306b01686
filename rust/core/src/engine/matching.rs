//! Similarities of structures, from those of their environments.

use std::sync::Mutex;

use super::checks::check_length;
use super::interrupt::RowCounter;
use super::job::Job;
use super::queue::{Pieces, share};
use crate::math::transport::{Entropic, EntropicOptions, Exact};
use crate::{Error, Stop, memory};

/// Purpose of the memory, for the message where it is refused.
const PURPOSE: &str = "similarities of the environments of two structures";
/// What a structure counts for where threads share them: they are many, or large.
const SIZE: usize = 16;

/// How the similarities of environments make that of two structures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Matching {
    /// Their mean.
    Average,
    /// The mean over a best match of the environments.
    Best,
    /// The mean over a match that entropy has softened.
    Entropic(EntropicOptions),
}

/// Similarities of all environments of some structures with those of others, row by row.
pub struct Similarities<'a> {
    /// `rows` times `columns` numbers, all finite. Where there is an adjoint, they become derivatives.
    pub values: &'a mut [f64],
    /// Where the environments of each structure begin along the rows, and where those of the last one end.
    pub rows: &'a [usize],
    /// The same along the columns.
    pub columns: &'a [usize],
    /// Whether structures are the same along both, and those below the diagonal are left out.
    pub upper_half: bool,
}

#[derive(Default)]
struct Worker {
    window: Vec<f64>,
    gradient: Vec<f64>,
    entropic: Entropic,
    exact: Exact,
}

/// Writes the similarity of each pair of structures into `out`, row by row.
///
/// With an `adjoint` of the shape of `out`, the similarities of environments are replaced by the derivatives of
/// `Σ adjoint · out` by each of them. Returns for how many pairs iterations did not come to their end.
///
/// # Errors
/// [`Error::Memory`], [`Error::Interrupted`], [`Error::Shape`] for what does not fit.
pub fn match_structures(
    similarities: Similarities<'_>,
    matching: Matching,
    adjoint: Option<&[f64]>,
    out: &mut [f64],
    job: &mut Job<'_>,
) -> Result<usize, Error> {
    let Similarities { values, rows, columns, upper_half } = similarities;
    let (n_rows, n_columns) = (rows.len().saturating_sub(1), columns.len().saturating_sub(1));
    let width = columns.last().copied().unwrap_or(0);
    check_length("similarities", values.len(), rows.last().copied().unwrap_or(0) * width)?;
    check_length("kernel", out.len(), n_rows * n_columns)?;
    if let Some(adjoint) = adjoint {
        check_length("adjoint", adjoint.len(), out.len())?;
    }
    let counter = RowCounter::new(n_rows);
    let (mut values, mut out, mut unfinished) = (values, out, 0);
    let pieces = Pieces {
        size: |_| SIZE,
        worker: || Ok(Worker::default()),
        payload: |structure: usize| {
            let band = (rows[structure + 1] - rows[structure]) * width;
            (values.split_off_mut(..band).unwrap_or_default(), out.split_off_mut(..n_columns).unwrap_or_default())
        },
        visit: |worker: &mut Worker, structure: usize, (band, out): (&mut [f64], &mut [f64]), stop: &Stop<'_>| {
            let others = Others {
                columns,
                first: if upper_half { structure } else { 0 },
                matching,
                adjoint: adjoint.map(|adjoint| &adjoint[structure * n_columns..][..n_columns]),
            };
            let unfinished = worker.band(band, &others, out, stop)?;
            counter.add(1);
            Ok(unfinished)
        },
        merge: |_, count: usize| {
            unfinished += count;
            Ok(())
        },
    };
    share(job, &counter, n_rows, &Mutex::new(Vec::new()), pieces)?;
    Ok(unfinished)
}

/// What one structure is compared with: others, from the `first` on.
struct Others<'a> {
    columns: &'a [usize],
    first: usize,
    matching: Matching,
    adjoint: Option<&'a [f64]>,
}

impl Worker {
    /// One structure with all others.
    fn band(
        &mut self,
        band: &mut [f64],
        others: &Others<'_>,
        out: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<usize, Error> {
        let Others { columns, first, matching, adjoint } = *others;
        let width = columns.last().copied().unwrap_or(0);
        let mut unfinished = 0;
        for (place, (out, ends)) in out.iter_mut().zip(columns.windows(2)).enumerate().skip(first) {
            let (start, m) = (ends[0], ends[1] - ends[0]);
            let n = band.len() / width.max(1);
            stop.check_after(n * m)?;
            memory::reserve(PURPOSE, &mut self.window, n * m)?;
            self.window.clear();
            for row in band.chunks_exact(width) {
                self.window.extend_from_slice(&row[start..][..m]);
            }
            let converged;
            (*out, converged) = self.similarity(n, m, matching, stop)?;
            unfinished += usize::from(!converged);
            if let Some(adjoint) = adjoint {
                memory::refill(PURPOSE, &mut self.gradient, n * m, 1.0 / (n * m) as f64)?;
                match matching {
                    Matching::Average => {}
                    Matching::Best => self.exact.plan(&mut self.gradient),
                    Matching::Entropic(options) => {
                        self.entropic.gradient(&self.window, options.alpha, &mut self.gradient, stop)?;
                    }
                }
                for (row, gradient) in band.chunks_exact_mut(width).zip(self.gradient.chunks_exact(m)) {
                    let row = row[start..][..m].iter_mut();
                    row.zip(gradient).for_each(|(out, gradient)| *out = adjoint[place] * gradient);
                }
            }
        }
        Ok(unfinished)
    }

    fn similarity(&mut self, n: usize, m: usize, matching: Matching, stop: &Stop<'_>) -> Result<(f64, bool), Error> {
        match matching {
            Matching::Average => Ok((self.window.iter().sum::<f64>() / (n * m) as f64, true)),
            Matching::Best => Ok((self.exact.solve(&self.window, n, m, stop)?, true)),
            Matching::Entropic(options) => self.entropic.solve(&self.window, n, m, options, stop),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use rayon::ThreadPoolBuilder;

    use super::*;
    use crate::math::transport::Until;

    #[test]
    fn windows_are_matched_one_by_one_whoever_works() {
        let (rows, columns) = ([0, 2, 5, 6], [0, 3, 4, 8, 10]);
        let original: Vec<f64> = (0..60).map(|k| f64::from(k * 37 % 61) / 61.0).collect();
        let adjoint: Vec<f64> = (0..12).map(|k| f64::from(k) - 5.0).collect();
        let options = EntropicOptions { alpha: 0.3, until: Until::Marginals(1e-10), max_iterations: 1000 };
        for matching in [Matching::Average, Matching::Best, Matching::Entropic(options)] {
            let (mut expected, mut derivatives) = (Vec::new(), original.clone());
            let mut worker = Worker::default();
            for i in 0..3 {
                for j in 0..4 {
                    let (n, m) = (rows[i + 1] - rows[i], columns[j + 1] - columns[j]);
                    let at = |k: usize| (rows[i] + k / m) * 10 + columns[j] + k % m;
                    let mut window: Vec<f64> = (0..n * m).map(|k| original[at(k)]).collect();
                    let mut value = [0.0];
                    let adjoint = [adjoint[i * 4 + j]];
                    let others = Others { columns: &[0, m], first: 0, matching, adjoint: Some(&adjoint) };
                    worker.band(&mut window, &others, &mut value, &Stop::never()).expect("little memory");
                    expected.push(value[0]);
                    (0..n * m).for_each(|k| derivatives[at(k)] = window[k]);
                }
            }
            for n in [0, 1, 3] {
                let pool = (n > 0).then(|| ThreadPoolBuilder::new().num_threads(n).build().expect("some threads"));
                let mut progress = |_, _| ControlFlow::Continue(());
                let mut job = Job { pool: pool.as_ref(), progress: &mut progress, worker_cache: None };
                let (mut values, mut out) = (original.clone(), vec![0.0; 12]);
                let all = Similarities { values: &mut values, rows: &rows, columns: &columns, upper_half: false };
                let unfinished = match_structures(all, matching, Some(&adjoint), &mut out, &mut job);
                assert_eq!(unfinished, Ok(0));
                assert_eq!((out, values), (expected.clone(), derivatives.clone()));
            }
        }
    }
}
