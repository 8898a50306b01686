//! Products of many rows with one matrix: rows of a Jacobian with directions, fingerprints with fingerprints.
//!
//! The matrix stands in panels, the rows in tiles, both in the order in which they are read. Sums run over stretches of
//! terms that leave room in the first-level cache, so every entry is summed in one order, whatever is computed beside it
//! (K. Goto and R. A. van de Geijn, ACM Trans. Math. Softw. 34, 12, 2008).

use std::ops::Range;

use super::super::{Capacity, Isa, Kernel, LANES, Lanes, Packs};
use crate::{Error, memory};

/// Columns of a panel, in packs.
const PACKS: usize = 2;
/// Columns of a panel.
pub const PANEL: usize = PACKS * LANES;
/// Terms that are summed at a time, at most: a panel of them, and a tile, fit the first-level cache.
const TERMS: usize = 128;

/// One row of a panel.
type Packed = [[f64; LANES]; PACKS];

/// A matrix that rows are multiplied with, in panels of [`PANEL`] columns.
#[derive(Debug, Clone, Default)]
pub struct Panels {
    n_terms: usize,
    n_columns: usize,
    /// `[panel][term]`; zeros beyond the last column.
    packed: Vec<Packed>,
}

impl Panels {
    /// The matrix with these entries, `entry(term, column)`.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn new(
        what: &'static str,
        (n_terms, n_columns): (usize, usize),
        entry: impl Fn(usize, usize) -> f64,
    ) -> Result<Self, Error> {
        let mut packed = memory::zeros::<Packed>(what, n_columns.div_ceil(PANEL) * n_terms)?;
        for (panel, rows) in packed.chunks_exact_mut(n_terms.max(1)).enumerate() {
            let first = panel * PANEL;
            for (term, row) in rows.iter_mut().enumerate() {
                let numbers = row.as_flattened_mut().iter_mut().zip(first..n_columns);
                numbers.for_each(|(number, column)| *number = entry(term, column));
            }
        }
        Ok(Self { n_terms, n_columns, packed })
    }

    /// Number of panels.
    pub fn len(&self) -> usize {
        self.n_columns.div_ceil(PANEL)
    }

    /// Whether there are no columns.
    pub fn is_empty(&self) -> bool {
        self.n_columns == 0
    }

    /// Number of columns.
    pub fn n_columns(&self) -> usize {
        self.n_columns
    }

    /// Number of terms of a sum.
    pub fn n_terms(&self) -> usize {
        self.n_terms
    }

    fn terms(&self, panel: usize, first: usize, n: usize) -> &[Packed] {
        &self.packed[panel * self.n_terms + first..][..n]
    }
}

/// Rows to be multiplied with [`Panels`], in tiles.
#[derive(Debug, Default)]
pub struct Tiles {
    isa: Option<Isa>,
    n_rows: usize,
    n_terms: usize,
    /// `[stretch of terms][tile][term][row]`
    packed: Vec<f64>,
}

impl Tiles {
    /// Takes the place of the rows that were here: `n_rows` of `n_terms` numbers each, one after the other in `rows`.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn put(&mut self, what: &'static str, rows: &[f64], n_terms: usize) -> Result<(), Error> {
        let isa = *self.isa.get_or_insert_with(Isa::detect);
        (self.n_rows, self.n_terms) = (rows.len() / n_terms.max(1), n_terms);
        memory::resize(what, &mut self.packed, padded(self.n_rows) * n_terms, 0.0)?;
        isa.run(Pack { rows, n_terms, packed: &mut self.packed });
        Ok(())
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Writes the products with some `panels` of a matrix of as many terms, or adds them to what is there: `[row][column]`,
    /// all columns of those panels.
    ///
    /// `out` has room for the [padded rows](padded).
    pub fn times(&self, matrix: &Panels, panels: Range<usize>, out: &mut [f64], adds: bool) {
        if let (Some(isa), true) = (self.isa, matrix.n_terms == self.n_terms) {
            isa.run(Product { tiles: self, matrix, panels, out, adds });
        }
    }
}

/// The rows that a product of so many writes.
pub fn padded(n_rows: usize) -> usize {
    n_rows.next_multiple_of(SMALL_TILE)
}

/// Rows of a tile, whose sums with a panel stay in registers, where there are 32 of 512 bits, and elsewhere; the last
/// tile may be a smaller multiple of the second.
const LARGE_TILE: usize = 12;
const SMALL_TILE: usize = 3;

/// Stretches of terms of nearly the same length: the first of each, and how many.
fn stretches(n_terms: usize) -> impl Iterator<Item = (usize, usize)> {
    let n = n_terms.div_ceil(TERMS);
    let start = move |k: usize| (k * n_terms).div_ceil(n);
    (0..n).map(move |k| (start(k), start(k + 1) - start(k)))
}

struct Pack<'a> {
    rows: &'a [f64],
    n_terms: usize,
    packed: &'a mut [f64],
}

impl Kernel for Pack<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { rows, n_terms, packed } = self;
        let n_rows = rows.len() / n_terms.max(1);
        let mut rest = packed;
        for (first, n) in stretches(n_terms) {
            for (start, size) in tiles::<V>(padded(n_rows)) {
                let (tile, after) = rest.split_at_mut(n * size);
                rest = after;
                for i in 0..size {
                    let place = tile.iter_mut().skip(i).step_by(size);
                    if start + i < n_rows {
                        let row = &rows[(start + i) * n_terms + first..][..n];
                        place.zip(row).for_each(|(place, number)| *place = *number);
                    } else {
                        place.for_each(|place| *place = 0.0);
                    }
                }
            }
        }
    }
}

/// The tiles of so many rows: the first row of each, and how many.
#[inline(always)]
fn tiles<V: Lanes>(n_rows: usize) -> impl Iterator<Item = (usize, usize)> {
    let most = if V::CAPACITY == Capacity::Values32 { LARGE_TILE } else { SMALL_TILE };
    (0..n_rows).step_by(most).map(move |start| (start, most.min(n_rows - start)))
}

struct Product<'a> {
    tiles: &'a Tiles,
    matrix: &'a Panels,
    panels: Range<usize>,
    out: &'a mut [f64],
    adds: bool,
}

impl Kernel for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { tiles: rows, matrix, panels, out, adds } = self;
        let (n_rows, width) = (padded(rows.n_rows), panels.len());
        let out = &mut out.as_chunks_mut::<LANES>().0.as_chunks_mut::<PACKS>().0[..n_rows * width];
        if rows.n_terms == 0 && !adds {
            out.fill([[0.0; LANES]; PACKS]);
        }
        let mut packed = rows.packed.as_slice();
        for (first, n) in stretches(rows.n_terms) {
            let (own, rest) = packed.split_at(n_rows * n);
            packed = rest;
            let opens = first == 0 && !adds;
            for (place, panel) in panels.clone().enumerate() {
                let columns = matrix.terms(panel, first, n);
                for (start, size) in tiles::<V>(n_rows) {
                    let (rows, out) = (&own[start * n..][..size * n], &mut out[start * width + place..]);
                    match size {
                        3 => add_tile::<V, 3>(rows, columns, out, width, opens),
                        6 => add_tile::<V, 6>(rows, columns, out, width, opens),
                        9 => add_tile::<V, 9>(rows, columns, out, width, opens),
                        _ => add_tile::<V, LARGE_TILE>(rows, columns, out, width, opens),
                    }
                }
            }
        }
    }
}

/// Adds the products of a tile and a panel to every `width`th entry of `out`, or puts them there.
#[inline(always)]
fn add_tile<V: Lanes, const ROWS: usize>(
    rows: &[f64],
    columns: &[Packed],
    out: &mut [Packed],
    width: usize,
    opens: bool,
) {
    let mut sums = [Packs::<V, PACKS, false>::zero(); ROWS];
    for (row, column) in rows.as_chunks::<ROWS>().0.iter().zip(columns) {
        let column = Packs::load(column);
        for i in 0..ROWS {
            sums[i] = column.mul_add(V::splat(row[i]), sums[i]);
        }
    }
    for i in 0..ROWS {
        let out = &mut out[i * width];
        (if opens { sums[i] } else { Packs::load(out).plus(sums[i]) }).store(out);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Isa;
    use super::{PANEL, Panels, Tiles, padded};

    #[test]
    fn products_equal_their_naive_twins_at_every_shape() {
        let wave = |seed: f64, k: usize| (seed * (k as f64 + 1.0)).sin();
        for isa in [Isa::Baseline, Isa::Avx2, Isa::Avx512] {
            for (n_rows, n_terms, n_columns) in
                [(1, 1, 1), (3, 2, 5), (12, 40, 16), (13, 129, 17), (29, 324, 70), (0, 3, 3), (2, 0, 3), (5, 300, 0)]
            {
                let rows: Vec<f64> = (0..n_rows * n_terms).map(|k| wave(0.37, k)).collect();
                let entry = |term: usize, column: usize| wave(0.91, term * 100 + column);
                let matrix = Panels::new("test", (n_terms, n_columns), entry).expect("memory");
                let mut tiles = Tiles { isa: Some(isa), ..Tiles::default() };
                tiles.put("test", &rows, n_terms).expect("memory");
                for panels in [0..matrix.len(), matrix.len() / 2..matrix.len()] {
                    let width = panels.len() * PANEL;
                    let mut out = vec![f64::NAN; padded(n_rows) * width];
                    tiles.times(&matrix, panels.clone(), &mut out, false);
                    tiles.times(&matrix, panels.clone(), &mut out, true);
                    for row in 0..tiles.n_rows() {
                        for column in panels.start * PANEL..n_columns {
                            let sum: f64 = (0..n_terms).map(|k| rows[row * n_terms + k] * entry(k, column)).sum();
                            let found = out[row * width + column - panels.start * PANEL];
                            assert!((found - 2.0 * sum).abs() < 1e-12, "{isa:?}: {found} {sum}");
                        }
                    }
                }
            }
        }
    }
}
