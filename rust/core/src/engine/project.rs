//! Blocks of a Jacobian times many directions: what a fit to gradients is made of.
//!
//! The rows of all blocks, one after the other, are multiplied with the directions some tiles at a time. Threads share
//! the directions: every sum is one thread's, in the order of the blocks, so its bits depend on nothing else.

use std::ops::Range;
use std::sync::Mutex;

use super::checks::check_length;
use super::interrupt::RowCounter;
use super::job::Job;
use super::queue::{Pieces, share};
use crate::simd::gemm::{PANEL, Panels, Tiles, padded};
use crate::simd::{add_products, add_scaled, dot};
use crate::{Error, Stop, memory};

/// Purpose of the memory, for the message where it is refused.
const PRODUCTS: &str = "products with directions";
/// Rows of blocks that are multiplied together: with the products below, they fit the second-level cache.
const ROWS: usize = 144;
/// Panels of directions whose products are computed before they are added where they belong.
const PANELS: usize = 8;

/// Directions in the space of features.
#[derive(Debug, Clone)]
pub struct Directions {
    panels: Panels,
}

impl Directions {
    /// The rows of `directions`, `n_features` numbers each.
    ///
    /// # Errors
    /// [`Error::Memory`], [`Error::Shape`] where these are no whole rows.
    pub fn new(directions: &[f64], n_features: usize) -> Result<Self, Error> {
        let n = directions.len() / n_features.max(1);
        check_length("directions", directions.len(), n * n_features)?;
        let entry = |feature: usize, direction: usize| directions[direction * n_features + feature];
        Ok(Self { panels: Panels::new("directions", (n_features, n), entry)? })
    }

    /// Number of directions.
    pub fn len(&self) -> usize {
        self.panels.n_columns()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.panels.is_empty()
    }

    /// Number of features.
    pub fn n_features(&self) -> usize {
        self.panels.n_terms()
    }
}

/// Blocks of derivatives of rows of features, and where their products go.
#[derive(Debug, Clone, Copy)]
pub struct Blocks<'a> {
    /// `[block][component][feature]`
    pub values: &'a [f64],
    /// Components of a block: three of a position, nine of a strain.
    pub n_components: usize,
    /// Row of the weights of each block.
    pub row: &'a [i64],
    /// Block of the result that each is added to.
    pub target: &'a [i64],
}

/// Factors of the products of each row, `[row][direction]`.
#[derive(Debug, Clone, Copy)]
pub struct Weights<'a> {
    /// Of the directions that all rows share.
    pub shared: &'a [f64],
    /// A direction that a row has for itself, `[row][feature]`, and the factors of its product.
    pub own: Option<(&'a [f64], &'a [f64])>,
}

/// Adds `weight[row][k] · (block · direction_k)` of every block to `out`, `[target][component][k]`.
///
/// # Errors
/// [`Error::Memory`], [`Error::Interrupted`], [`Error::Shape`] for what does not fit.
pub fn project(
    blocks: Blocks<'_>,
    directions: &Directions,
    weights: Weights<'_>,
    out: &mut [f64],
    job: &mut Job<'_>,
) -> Result<(), Error> {
    let n = directions.len();
    check(&blocks, directions, &weights, out)?;
    if n == 0 || blocks.row.is_empty() || blocks.n_components == 0 {
        return Ok(());
    }
    let n_threads = 1 + job.pool.map_or(0, rayon::ThreadPool::current_num_threads);
    let n_parts = n_threads.min(directions.panels.len());
    let bound = |part: usize| part * directions.panels.len() / n_parts;
    let mut parts = memory::with_capacity(PRODUCTS, n_parts)?;
    for _ in 0..n_parts {
        parts.push(memory::with_capacity(PRODUCTS, out.len() / n)?);
    }
    for mut row in out.chunks_exact_mut(n) {
        for (part, rows) in parts.iter_mut().enumerate() {
            let width = (bound(part + 1) * PANEL).min(n) - bound(part) * PANEL;
            rows.push(row.split_off_mut(..width).unwrap_or_default());
        }
    }
    let mut parts = parts.into_iter();
    let pieces = Pieces {
        size: |_| 1,
        worker: || Ok(Buffers::default()),
        payload: |_| parts.next().unwrap_or_default(),
        visit: |buffers: &mut Buffers, part: usize, out: Vec<&mut [f64]>, stop: &Stop<'_>| {
            let panels = bound(part)..bound(part + 1);
            Part { blocks, directions, weights, panels }.add_to(out, buffers, stop)
        },
        merge: |_: usize, ()| Ok(()),
    };
    share(job, &RowCounter::new(0), n_parts, &Mutex::new(Vec::new()), pieces)
}

fn check(blocks: &Blocks<'_>, directions: &Directions, weights: &Weights<'_>, out: &[f64]) -> Result<(), Error> {
    let (n, n_features) = (directions.len(), directions.n_features());
    let n_blocks = blocks.row.len();
    check_length("blocks", blocks.values.len(), n_blocks * blocks.n_components * n_features)?;
    check_length("targets of the blocks", blocks.target.len(), n_blocks)?;
    let n_rows = weights.shared.len() / n.max(1);
    check_length("weights", weights.shared.len(), n_rows * n)?;
    if let Some((rows, own)) = weights.own {
        check_length("rows", rows.len(), n_rows * n_features)?;
        check_length("weights of the rows", own.len(), n_rows * n)?;
    }
    let n_targets = out.len() / (blocks.n_components * n).max(1);
    check_length("out", out.len(), n_targets * blocks.n_components * n)?;
    for (what, places, length) in [("rows of the weights", blocks.row, n_rows), ("targets", blocks.target, n_targets)] {
        let largest = places.iter().map(|&place| usize::try_from(place).unwrap_or(usize::MAX)).max();
        if n > 0 && largest.is_some_and(|largest| largest >= length) {
            return check_length(what, length, largest.map_or(0, |largest| largest.saturating_add(1)));
        }
    }
    Ok(())
}

#[derive(Default)]
struct Buffers {
    tiles: Tiles,
    products: Vec<f64>,
    along_own: Vec<f64>,
}

/// The share of one thread: all blocks, and some of the directions.
struct Part<'a> {
    blocks: Blocks<'a>,
    directions: &'a Directions,
    weights: Weights<'a>,
    panels: Range<usize>,
}

impl Part<'_> {
    fn add_to(&self, mut out: Vec<&mut [f64]>, buffers: &mut Buffers, stop: &Stop<'_>) -> Result<(), Error> {
        let n_features = self.directions.n_features();
        let Buffers { tiles, products, along_own } = buffers;
        memory::resize(PRODUCTS, products, padded(ROWS) * PANELS * PANEL, 0.0)?;
        let n_rows = self.blocks.row.len() * self.blocks.n_components;
        for first in (0..n_rows).step_by(ROWS) {
            let rows = first..n_rows.min(first + ROWS);
            tiles.put(PRODUCTS, &self.blocks.values[rows.start * n_features..rows.end * n_features], n_features)?;
            self.find_along_own(rows.clone(), along_own)?;
            for start in self.panels.clone().step_by(PANELS) {
                stop.check()?;
                let panels = start..self.panels.end.min(start + PANELS);
                tiles.times(&self.directions.panels, panels.clone(), products, false);
                self.scatter(rows.clone(), panels, (products, along_own), &mut out);
            }
        }
        Ok(())
    }

    /// The product of each row with the direction that its row of weights has for itself.
    fn find_along_own(&self, rows: Range<usize>, along_own: &mut Vec<f64>) -> Result<(), Error> {
        let Some((own, _)) = self.weights.own else { return Ok(()) };
        let n_features = self.directions.n_features();
        along_own.clear();
        memory::reserve(PRODUCTS, along_own, rows.len())?;
        along_own.extend(rows.map(|row| {
            let center = self.blocks.row[row / self.blocks.n_components] as usize;
            let values = &self.blocks.values[row * n_features..][..n_features];
            dot(values, &own[center * n_features..][..n_features])
        }));
        Ok(())
    }

    /// Adds products, with their weights, where they belong.
    fn scatter(
        &self,
        rows: Range<usize>,
        panels: Range<usize>,
        (products, along_own): (&[f64], &[f64]),
        out: &mut [&mut [f64]],
    ) {
        let (n, n_components) = (self.directions.len(), self.blocks.n_components);
        let width = panels.len() * PANEL;
        let columns = panels.start * PANEL..n.min(panels.end * PANEL);
        let first = self.panels.start * PANEL;
        for (place, row) in rows.enumerate() {
            let (block, component) = (row / n_components, row % n_components);
            let (center, target) = (self.blocks.row[block] as usize, self.blocks.target[block] as usize);
            let out = &mut out[target * n_components + component][columns.start - first..columns.end - first];
            let of_row = center * n + columns.start..center * n + columns.end;
            let products = &products[place * width..][..columns.len()];
            add_products(products, &self.weights.shared[of_row.clone()], out);
            if let Some((_, own)) = self.weights.own {
                add_scaled(along_own[place], &own[of_row], out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use rayon::ThreadPoolBuilder;

    use super::*;

    fn numbers(n: usize, seed: f64) -> Vec<f64> {
        (0..n).map(|k| (seed * (k as f64 + 1.0)).sin()).collect()
    }

    #[test]
    fn blocks_are_multiplied_weighted_and_added_and_threads_change_no_bit() {
        let pool = ThreadPoolBuilder::new().num_threads(2).build().expect("some threads");
        for (n_blocks, n_components, n_features, n) in [(70, 3, 33, 50), (5, 9, 7, 1), (1, 3, 200, 130), (0, 3, 4, 3)] {
            let n_rows = 4;
            let row: Vec<i64> = (0..n_blocks as i64).map(|k| k % n_rows).collect();
            let target: Vec<i64> = (0..n_blocks as i64).map(|k| (k * k) % 3).collect();
            let values = numbers(n_blocks * n_components * n_features, 0.7);
            let directions = numbers(n * n_features, 0.3);
            let weights = numbers(4 * n, 1.1);
            let (own, of_own) = (numbers(4 * n_features, 0.2), numbers(4 * n, 0.9));
            let mut expected = vec![1.0; 3 * n_components * n];
            for block in 0..n_blocks {
                for component in 0..n_components {
                    let values = &values[(block * n_components + component) * n_features..][..n_features];
                    let along = |other: &[f64]| values.iter().zip(other).map(|(a, b)| a * b).sum::<f64>();
                    let center = row[block] as usize;
                    for k in 0..n {
                        expected[(target[block] as usize * n_components + component) * n + k] +=
                            weights[center * n + k] * along(&directions[k * n_features..][..n_features])
                                + of_own[center * n + k] * along(&own[center * n_features..][..n_features]);
                    }
                }
            }
            let found = [None, Some(&pool)].map(|pool| {
                let mut progress = |_, _| ControlFlow::Continue(());
                let mut job = Job { pool, progress: &mut progress, worker_cache: None };
                let mut out = vec![1.0; expected.len()];
                let blocks = Blocks { values: &values, n_components, row: &row, target: &target };
                let directions = Directions::new(&directions, n_features).expect("memory");
                let weights = Weights { shared: &weights, own: Some((&own, &of_own)) };
                project(blocks, &directions, weights, &mut out, &mut job).expect("projected");
                out
            });
            assert_eq!(found[0], found[1]);
            assert!(found[0].iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-11));
        }
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let mut progress = |_, _| ControlFlow::Continue(());
        let mut job = Job { pool: None, progress: &mut progress, worker_cache: None };
        let directions = Directions::new(&[1.0, 2.0], 2).expect("memory");
        let mut out = [0.0; 3];
        for (row, target) in [(1, 0), (0, 1), (-1, 0), (0, -1)] {
            let blocks = Blocks { values: &[0.0; 6], n_components: 3, row: &[row], target: &[target] };
            let weights = Weights { shared: &[1.0], own: None };
            assert!(project(blocks, &directions, weights, &mut out, &mut job).is_err(), "{row} {target}");
        }
    }
}
