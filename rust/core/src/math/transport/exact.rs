//! The best match: a transportation problem with equal weights, solved by shortest augmenting paths.
//!
//! In units of `1 / lcm(n, m)` every row has `m / gcd` to give and every column takes `n / gcd`. Rows give one after the
//! other, along paths of least reduced cost, so that potentials stay feasible (R. Jonker, A. Volgenant, Computing 38,
//! 325, 1987, here with more than one unit a row and column).

use super::PURPOSE;
use crate::{Error, Stop, memory};

/// No row, no column.
const NONE: usize = usize::MAX;

/// Buffers and the plan of the last match.
#[derive(Debug, Default)]
pub struct Exact {
    n: usize,
    m: usize,
    /// Units from each row to each column, and units in all.
    flow: Vec<u64>,
    total: u64,
    /// Dual variables: `C[i][j] ≤ of_row[i] + of_column[j]`, with equality where something flows.
    of_row: Vec<f64>,
    of_column: Vec<f64>,
    /// What columns can still take.
    left: Vec<u64>,
    /// Shortest distance of each column, the row from which it was reached, and whether it is final.
    distance: Vec<f64>,
    from_row: Vec<usize>,
    is_final: Vec<bool>,
    /// The column through which each row was reached, and its distance; `NONE` where it was not.
    through: Vec<usize>,
    reached: Vec<bool>,
    row_distance: Vec<f64>,
    /// Columns in the order in which they became final, and rows in which they were reached.
    rows: Vec<usize>,
}

impl Exact {
    /// Finds the plan of largest `Σ P C` for finite similarities, `n × m`, and returns that sum.
    ///
    /// # Errors
    /// [`Error::Memory`] and [`Error::Interrupted`].
    pub fn solve(&mut self, similarity: &[f64], n: usize, m: usize, stop: &Stop<'_>) -> Result<f64, Error> {
        let divisor = gcd(n as u64, m as u64);
        let (supply, demand) = (m as u64 / divisor, n as u64 / divisor);
        (self.n, self.m, self.total) = (n, m, supply * n as u64);
        memory::refill(PURPOSE, &mut self.flow, n * m, 0)?;
        memory::refill(PURPOSE, &mut self.of_row, n, 0.0)?;
        memory::refill(PURPOSE, &mut self.of_column, m, f64::NEG_INFINITY)?;
        memory::refill(PURPOSE, &mut self.left, m, demand)?;
        memory::refill(PURPOSE, &mut self.distance, m, 0.0)?;
        memory::refill(PURPOSE, &mut self.from_row, m, NONE)?;
        memory::refill(PURPOSE, &mut self.is_final, m, false)?;
        memory::refill(PURPOSE, &mut self.through, n, NONE)?;
        memory::refill(PURPOSE, &mut self.reached, n, false)?;
        memory::refill(PURPOSE, &mut self.row_distance, n, 0.0)?;
        memory::refill(PURPOSE, &mut self.rows, n, 0)?;
        for row in similarity.chunks_exact(m) {
            self.of_column.iter_mut().zip(row).for_each(|(largest, value)| *largest = largest.max(*value));
        }
        for row in 0..n {
            let mut supply = supply;
            while supply > 0 {
                stop.check_after(n * m)?;
                let end = self.shortest(similarity, row, stop)?;
                supply -= self.augment(row, end, supply);
            }
        }
        Ok(self.value(similarity))
    }

    fn value(&self, similarity: &[f64]) -> f64 {
        let terms = self.flow.iter().zip(similarity).filter(|(units, _)| **units > 0);
        terms.map(|(units, value)| *units as f64 * value).sum::<f64>() / self.total as f64
    }

    /// The plan of the last match.
    pub fn plan(&self, out: &mut [f64]) {
        out.iter_mut().zip(&self.flow).for_each(|(out, units)| *out = *units as f64 / self.total as f64);
    }

    /// Finds the nearest column that can take something, and makes the potentials such that the path to it costs nothing.
    fn shortest(&mut self, similarity: &[f64], start: usize, stop: &Stop<'_>) -> Result<usize, Error> {
        let m = self.m;
        self.distance.fill(f64::INFINITY);
        self.is_final.fill(false);
        self.reached.fill(false);
        (self.reached[start], self.through[start], self.row_distance[start], self.rows[0]) = (true, NONE, 0.0, start);
        let (mut n_reached, mut relaxed) = (1, 0);
        loop {
            while relaxed < n_reached {
                stop.check_after(m)?;
                let row = self.rows[relaxed];
                self.relax(&similarity[row * m..][..m], row);
                relaxed += 1;
            }
            let column = self.nearest();
            self.is_final[column] = true;
            if self.left[column] > 0 {
                self.move_potentials(self.distance[column], n_reached);
                return Ok(column);
            }
            for row in 0..self.n {
                if !self.reached[row] && self.flow[row * m + column] > 0 {
                    (self.reached[row], self.through[row]) = (true, column);
                    (self.row_distance[row], self.rows[n_reached]) = (self.distance[column], row);
                    n_reached += 1;
                }
            }
        }
    }

    /// Shortens the way to every column, by this row.
    fn relax(&mut self, similarity: &[f64], row: usize) {
        let (base, of_row) = (self.row_distance[row], self.of_row[row]);
        for (j, value) in similarity.iter().enumerate() {
            // Not less than zero but by rounding.
            let cost = (of_row + self.of_column[j] - value).max(0.0);
            if !self.is_final[j] && base + cost < self.distance[j] {
                (self.distance[j], self.from_row[j]) = (base + cost, row);
            }
        }
    }

    /// The nearest column that is not final: of several, one that can still take something, then the first.
    fn nearest(&self) -> usize {
        let (mut best, mut found) = (f64::INFINITY, NONE);
        for j in 0..self.m {
            let better = self.distance[j] < best
                || (self.distance[j] <= best && found != NONE && self.left[found] == 0 && self.left[j] > 0);
            if !self.is_final[j] && (better || found == NONE) {
                (best, found) = (self.distance[j], j);
            }
        }
        found
    }

    fn move_potentials(&mut self, end: f64, n_reached: usize) {
        for &row in &self.rows[..n_reached] {
            self.of_row[row] -= end - self.row_distance[row];
        }
        for j in 0..self.m {
            if self.is_final[j] {
                self.of_column[j] += end - self.distance[j];
            }
        }
    }

    /// Sends as much as can be along the path that was found; how much that is.
    fn augment(&mut self, start: usize, end: usize, supply: u64) -> u64 {
        let m = self.m;
        let mut most = supply.min(self.left[end]);
        let mut column = end;
        while self.from_row[column] != start {
            let row = self.from_row[column];
            let before = self.through[row];
            most = most.min(self.flow[row * m + before]);
            column = before;
        }
        column = end;
        loop {
            let row = self.from_row[column];
            self.flow[row * m + column] += most;
            if row == start {
                break;
            }
            column = self.through[row];
            self.flow[row * m + column] -= most;
        }
        self.left[end] -= most;
        most
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a.max(1) } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every way to assign columns to rows.
    fn permutations(n: usize) -> Vec<Vec<usize>> {
        if n == 0 {
            return vec![Vec::new()];
        }
        let shorter = permutations(n - 1);
        shorter.iter().flat_map(|p| (0..n).map(|at| [&p[..at], &[n - 1], &p[at..]].concat())).collect()
    }

    fn numbers(n: usize, seed: u64) -> Vec<f64> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64 / (1u64 << 24) as f64
        };
        (0..n).map(|_| next() - 0.5).collect()
    }

    /// The best of all assignments of `copies` of each row and column.
    fn slow(similarity: &[f64], n: usize, m: usize) -> f64 {
        let common = n * m / gcd(n as u64, m as u64) as usize;
        let (rows, columns) = (common / n, common / m);
        let of =
            |p: &Vec<usize>| -> f64 { p.iter().enumerate().map(|(i, j)| similarity[i / rows * m + j / columns]).sum() };
        permutations(common).iter().map(of).fold(f64::NEG_INFINITY, f64::max) / common as f64
    }

    fn assert_is_plan(exact: &Exact, n: usize, m: usize) {
        let mut plan = vec![0.0; n * m];
        exact.plan(&mut plan);
        for i in 0..n {
            assert!((plan[i * m..][..m].iter().sum::<f64>() * n as f64 - 1.0).abs() < 1e-12);
        }
        for j in 0..m {
            assert!((plan[j..].iter().step_by(m).sum::<f64>() * m as f64 - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn as_good_as_the_best_of_all() {
        let mut exact = Exact::default();
        for (n, m) in [(1, 1), (1, 6), (7, 1), (2, 3), (3, 2), (4, 4), (6, 6), (3, 6), (6, 4), (2, 7), (8, 8)] {
            if n * m / gcd(n as u64, m as u64) as usize > 8 {
                continue;
            }
            for seed in 0..if n < 8 { 30 } else { 2 } {
                let similarity = numbers(n * m, seed);
                let found = exact.solve(&similarity, n, m, &Stop::never()).expect("little memory");
                let expected = slow(&similarity, n, m);
                assert!((found - expected).abs() < 1e-12, "{n} {m} {seed}: {found} {expected}");
                assert_is_plan(&exact, n, m);
            }
        }
    }

    /// Where something flows, potentials meet; elsewhere they are no less: together a proof that nothing is better.
    #[test]
    fn potentials_prove_it() {
        let mut exact = Exact::default();
        for (n, m) in [(12, 20), (20, 12), (35, 35), (13, 17), (1, 40), (40, 2)] {
            for (seed, ties) in [(1, false), (2, true), (3, false)] {
                let mut similarity = numbers(n * m, seed);
                if ties {
                    similarity.iter_mut().for_each(|value| *value = (*value * 3.0).round());
                }
                exact.solve(&similarity, n, m, &Stop::never()).expect("little memory");
                assert_is_plan(&exact, n, m);
                for (k, value) in similarity.iter().enumerate() {
                    let slack = exact.of_row[k / m] + exact.of_column[k % m] - value;
                    assert!(slack > -1e-12, "{slack}");
                    assert!(exact.flow[k] == 0 || slack < 1e-12, "{slack}");
                }
            }
        }
    }
}
