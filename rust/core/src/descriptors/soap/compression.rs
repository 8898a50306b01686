//! Which radial functions meet in a power spectrum, and which of their products are kept.

use serde::Deserialize;

use super::WHAT;
use super::columns::{self, Convention};
use crate::simd::LANES;
use crate::{Error, Stop, memory};

/// Products of one center at most: a row of half a gigabyte.
const MAX_PRODUCTS: usize = 1 << 26;

/// Which part of the power spectrum is kept.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Compression {
    /// All of it.
    #[default]
    None,
    /// Components with the first radial function of some species.
    Trivial,
    /// Components of two functions of one species.
    Crossover,
    /// Components of two functions of the same radial index.
    Diagonal,
    /// `ν_R`, `ν_S`: how many of the two factors keep the radial and the species label.
    Factors(u8, u8),
    /// An explicit sparse matrix, as (row, column, entry).
    Matrix {
        /// Number of features after compression.
        n_rows: usize,
        /// Zero-based row, column and value.
        entries: Vec<(usize, usize, f64)>,
    },
}

/// What one function of a factor stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    /// Channel of the species; zero where the label is summed over.
    pub species: usize,
    /// Place among the radial functions; zero where the label is summed over.
    pub radial: usize,
}

/// The functions of one factor of the power spectrum: all radial functions, or sums of groups of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Factor {
    /// Group of each radial function; `None` where every function is its own.
    groups: Option<Vec<usize>>,
    labels: Vec<Label>,
}

impl Factor {
    /// Number of functions.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// What function `k` stands for.
    pub fn label(&self, k: usize) -> Label {
        self.labels[k]
    }

    /// The functions of each species.
    pub fn species(&self) -> Vec<std::ops::Range<usize>> {
        let start = |species: usize| self.labels.partition_point(|label| label.species < species);
        let n_species = self.labels.last().map_or(0, |label| label.species + 1);
        (0..n_species).map(|species| start(species)..start(species + 1)).collect()
    }

    /// The function that a radial function is part of.
    #[inline(always)]
    pub fn function(&self, k: usize) -> usize {
        self.groups.as_ref().map_or(k, |groups| groups[k])
    }

    /// The functions that radial functions of one species are part of: those, or any where functions are grouped.
    pub fn touched_by(&self, species: &std::ops::Range<usize>) -> std::ops::Range<usize> {
        if self.groups.is_none() { species.clone() } else { 0..self.len() }
    }

    /// Number of radial functions that are summed into them.
    pub fn n_functions(&self) -> usize {
        self.groups.as_ref().map_or(self.len(), Vec::len)
    }

    /// Whether some of them are sums of radial functions.
    pub fn is_summed(&self) -> bool {
        self.groups.is_some()
    }

    /// Functions, rounded up to whole packs.
    pub fn stride(&self) -> usize {
        self.len().next_multiple_of(LANES)
    }

    /// The coefficients `[lm][stride]` of this factor, summed into `room` where functions are grouped.
    pub fn gather<'a>(&self, coefficients: &'a [f64], stride: usize, room: &'a mut [f64]) -> &'a [f64] {
        let Some(groups) = &self.groups else { return coefficients };
        room.fill(0.0);
        for (sums, row) in room.chunks_exact_mut(self.stride()).zip(coefficients.chunks_exact(stride)) {
            self.add(0, &row[..groups.len()], sums);
        }
        room
    }

    /// Adds the adjoints of the sums to those of the coefficients.
    pub fn spread(&self, sums: &[f64], stride: usize, coefficients: &mut [f64]) {
        for (sums, row) in sums.chunks_exact(self.stride()).zip(coefficients.chunks_exact_mut(stride)) {
            match &self.groups {
                Some(groups) => row.iter_mut().zip(groups).for_each(|(c, &group)| *c += sums[group]),
                None => row.iter_mut().zip(sums).for_each(|(c, sum)| *c += sum),
            }
        }
    }

    /// Adds the functions of one species, `first..`, to those of this factor.
    pub fn add(&self, first: usize, functions: &[f64], sums: &mut [f64]) {
        for (k, f) in (first..).zip(functions) {
            sums[self.function(k)] += f;
        }
    }
}

/// What is kept of the products.
#[derive(Debug, Clone, PartialEq)]
pub enum Selection {
    /// Products, each with a weight.
    Columns(Vec<(usize, f64)>),
    /// Sums of products: a sparse matrix, by rows.
    Sums {
        /// Entries of row `i` are `offsets[i]..offsets[i + 1]`.
        offsets: Vec<usize>,
        /// Product and weight.
        entries: Vec<(usize, f64)>,
    },
}

impl Selection {
    /// Sums of products, from `(row, product, weight)`.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn sums(n_rows: usize, mut entries: Vec<(usize, usize, f64)>) -> Result<Self, Error> {
        entries.sort_unstable_by_key(|&(row, column, _)| (row, column));
        let mut offsets = memory::room(WHAT, n_rows.saturating_add(1))?;
        offsets.extend((0..=n_rows).map(|row| entries.partition_point(|&(r, _, _)| r < row)));
        let entries = memory::collect(WHAT, entries.iter().map(|&(_, column, value)| (column, value)))?;
        Ok(Self::Sums { offsets, entries })
    }

    /// Number of features that are kept.
    pub fn n_rows(&self) -> usize {
        match self {
            Self::Columns(columns) => columns.len(),
            Self::Sums { offsets, .. } => offsets.len() - 1,
        }
    }

    /// `row = P p`
    pub fn apply(&self, p: &[f64], row: &mut [f64]) {
        match self {
            Self::Columns(columns) => {
                row.iter_mut().zip(columns).for_each(|(out, &(column, weight))| *out = weight * p[column]);
            }
            Self::Sums { offsets, entries } => {
                for (out, range) in row.iter_mut().zip(offsets.windows(2)) {
                    *out = entries[range[0]..range[1]].iter().map(|&(column, value)| value * p[column]).sum();
                }
            }
        }
    }

    /// `p = Pᵀ row`
    pub fn apply_transposed(&self, row: &[f64], p: &mut [f64]) {
        p.fill(0.0);
        match self {
            Self::Columns(columns) => {
                row.iter().zip(columns).for_each(|(r, &(column, weight))| p[column] += weight * r);
            }
            Self::Sums { offsets, entries } => {
                for (r, range) in row.iter().zip(offsets.windows(2)) {
                    for &(column, value) in &entries[range[0]..range[1]] {
                        p[column] += value * r;
                    }
                }
            }
        }
    }
}

/// The two factors of a power spectrum, and what is kept of their products.
#[derive(Debug, Clone)]
pub struct Layout {
    /// First factor.
    pub left: Factor,
    /// Second factor; the same as the first where the spectrum is symmetric.
    pub right: Factor,
    /// Whether only pairs `n <= n'` are stored, those of different functions with a factor √2.
    pub symmetric: bool,
    /// What is kept of them.
    pub selection: Option<Selection>,
    /// Whether these pairs are stored row by row of the lower triangle rather than of the upper one.
    lower: bool,
    n_degrees: usize,
}

impl Layout {
    /// The layout that `compression` and `convention` ask for, of species with `n_max` radial functions.
    ///
    /// # Errors
    /// [`Error::Parameter`] where the compression does not fit the species; [`Error::Memory`]; [`Error::Interrupted`].
    pub fn new(
        compression: &Compression,
        convention: Convention,
        n_max: &[usize],
        l_max: usize,
        stop: &Stop<'_>,
    ) -> Result<Self, Error> {
        let label = |(species, &n): (usize, &usize)| (0..n).map(move |radial| Label { species, radial });
        let all = Factor { groups: None, labels: n_max.iter().enumerate().flat_map(label).collect() };
        let (left, right) = (all.clone(), all);
        let mut layout = Self { left, right, symmetric: true, selection: None, lower: false, n_degrees: l_max + 1 };
        if let Compression::Factors(nu_r, nu_s) = compression {
            layout.group(*nu_r, *nu_s, n_max)?;
        } else if layout.n_products() > MAX_PRODUCTS {
            return Err(Error::Memory {
                what: WHAT,
                bytes: 8 * layout.n_products() as u128,
                remedy: "choose a compression such as \"1_1\", or fewer species, radial functions or degrees",
            });
        }
        layout.lower = layout.symmetric && convention == Convention::Quip;
        layout.selection = columns::selection(&layout, compression, convention, stop)?;
        Ok(layout)
    }

    /// Number of degrees.
    pub fn n_degrees(&self) -> usize {
        self.n_degrees
    }

    /// Number of products before the selection.
    pub fn n_products(&self) -> usize {
        let n = self.left.len();
        let pairs = if self.symmetric { n * (n + 1) / 2 } else { n * self.right.len() };
        pairs * self.n_degrees
    }

    /// Number of features.
    pub fn n_features(&self) -> usize {
        self.selection.as_ref().map_or_else(|| self.n_products(), Selection::n_rows)
    }

    /// Place of the product of functions `n` and `n'` at `l = 0`, in a symmetric layout `n <= n'`; the other degrees
    /// follow.
    #[inline(always)]
    pub fn place(&self, n: usize, n_prime: usize) -> usize {
        let pair = match (self.symmetric, self.lower) {
            // Rows of the upper triangle before this one: n N - n (n - 1) / 2 entries.
            (true, false) => (n * (2 * self.left.len() + 1 - n)) / 2 + n_prime - n,
            (true, true) => n_prime * (n_prime + 1) / 2 + n,
            (false, _) => n * self.right.len() + n_prime,
        };
        pair * self.n_degrees
    }

    /// Row `n`: the functions whose products with function `n` are stored one after the other, and the place of the
    /// first of these. Rows follow each other.
    #[inline(always)]
    pub fn row(&self, n: usize) -> (std::ops::Range<usize>, usize) {
        match (self.symmetric, self.lower) {
            (true, false) => (n..self.right.len(), self.place(n, n)),
            (true, true) => (0..n + 1, self.place(0, n)),
            (false, _) => (0..self.right.len(), self.place(n, 0)),
        }
    }

    /// First `n'` that is stored with `n`.
    #[inline(always)]
    pub fn first(&self, n: usize) -> usize {
        if self.symmetric { n } else { 0 }
    }

    /// `μ`: what a stored product counts for.
    #[inline(always)]
    pub fn weight(&self, n: usize, n_prime: usize) -> f64 {
        if self.symmetric && n != n_prime { std::f64::consts::SQRT_2 } else { 1.0 }
    }

    /// Sums over the labels that a factor drops.
    fn group(&mut self, nu_r: u8, nu_s: u8, n_max: &[usize]) -> Result<(), Error> {
        let error = |remedy: &str| Error::Parameter {
            name: "compression",
            part: None,
            value: format!("{nu_r}_{nu_s}"),
            remedy: remedy.to_owned(),
        };
        if nu_r > 2 || nu_s > 2 {
            return Err(error("both numbers must be 0, 1 or 2"));
        }
        let n = n_max[0];
        if n_max.iter().any(|&other| other != n) {
            return Err(error("it needs the same n_max for all species"));
        }
        let factor = |keeps_radial: bool, keeps_species: bool| {
            let (n_kept, s_kept) = (if keeps_radial { n } else { 1 }, if keeps_species { n_max.len() } else { 1 });
            let group =
                |z: usize, a: usize| (if keeps_species { z } else { 0 }) * n_kept + if keeps_radial { a } else { 0 };
            let groups = (0..n_max.len()).flat_map(|z| (0..n).map(move |a| (z, a))).map(|(z, a)| group(z, a)).collect();
            let label = |k: usize| Label { species: k / n_kept, radial: k % n_kept };
            let groups = if keeps_radial && keeps_species { None } else { Some(groups) };
            Factor { groups, labels: (0..n_kept * s_kept).map(label).collect() }
        };
        self.left = factor(nu_r >= 1, nu_s >= 1);
        self.right = factor(nu_r == 2, nu_s == 2);
        self.symmetric = nu_r != 1 && nu_s != 1;
        Ok(())
    }
}
