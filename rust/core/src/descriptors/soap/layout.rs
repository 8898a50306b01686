//! Layout of the products of two factors: the pairs of radial functions, and where their products are stored.

use std::ops::Range;

use super::compression::Compression;
use super::convention::Convention;
use super::factor::Factor;
use super::limits::PURPOSE;
use super::selection::Selection;
use crate::Error;

/// Products of the functions of two species, `[l][n][n']`: a plane for each degree.
#[derive(Debug, Clone, PartialEq)]
pub struct Planes {
    /// Functions of the left factor.
    pub lefts: Range<usize>,
    /// Functions of the right factor.
    pub rights: Range<usize>,
    /// Whether only those with `n <= n'` are there, of functions that are the same on both sides.
    pub triangle: bool,
    /// What each product counts for.
    pub weight: f64,
}

impl Planes {
    /// Numbers in one plane.
    #[inline(always)]
    pub fn size(&self) -> usize {
        let n = self.lefts.len();
        if self.triangle { n * (n + 1) / 2 } else { n * self.rights.len() }
    }
}

/// Products of one center at most: a row of half a gigabyte.
const MAX_PRODUCTS: usize = 1 << 26;

/// The two factors of a power spectrum, and what is kept of their products.
#[derive(Debug, Clone)]
pub struct ProductLayout {
    /// First factor.
    pub left: Factor,
    /// Second factor; the same as the first where the spectrum is symmetric.
    pub right: Factor,
    /// Whether only pairs `n <= n'` are stored, those of different functions with a factor √2.
    pub symmetric: bool,
    /// Selection from the products; `None` where all are kept.
    pub selection: Option<Selection>,
    /// All columns by pairs of species and degrees, where they have this order; what `selection` makes of the products.
    pub planes: Option<Vec<Planes>>,
    /// Whether these pairs are stored row by row of the lower triangle rather than of the upper one.
    lower: bool,
    n_degrees: usize,
}

impl ProductLayout {
    /// All products of the factors that `compression` and `convention` ask for, of species with `n_max` radial
    /// functions.
    ///
    /// # Errors
    /// [`Error::Parameter`] where the compression does not fit the species; [`Error::Memory`].
    pub fn of_products(
        compression: &Compression,
        convention: Convention,
        n_max: &[usize],
        l_max: usize,
    ) -> Result<Self, Error> {
        let (left, right) = (Factor::all(n_max), Factor::all(n_max));
        let mut layout =
            Self { left, right, symmetric: true, selection: None, planes: None, lower: false, n_degrees: l_max + 1 };
        if let Compression::Factors(nu_r, nu_s) = compression {
            layout.group(*nu_r, *nu_s, n_max)?;
        } else if layout.n_products() > MAX_PRODUCTS {
            return Err(Error::Memory {
                what: PURPOSE,
                bytes: 8 * layout.n_products() as u128,
                remedy: "choose a compression such as \"1_1\", or fewer species, radial functions or degrees",
            });
        }
        layout.lower = layout.symmetric && convention == Convention::Quip;
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
    pub fn row(&self, n: usize) -> (Range<usize>, usize) {
        let others = self.others(n, self.right.len());
        let place = if self.symmetric && self.lower { self.place(0, n) } else { self.place(n, others.start) };
        (others, place)
    }

    /// The functions whose products with function `n` are stored one after the other, where there are `n_right`: all of
    /// the second factor, or some of both.
    #[inline(always)]
    pub fn others(&self, n: usize, n_right: usize) -> Range<usize> {
        match (self.symmetric, self.lower) {
            (true, false) => n..n_right,
            (true, true) => 0..n + 1,
            (false, _) => 0..n_right,
        }
    }

    /// Functions of the left factor in whose products a site that brings the radial functions `species` has a part by
    /// the left factor; or by either one, where both are the same.
    pub fn touched_by(&self, species: &Range<usize>) -> Range<usize> {
        if self.symmetric { self.left.touched_by(species) } else { 0..self.left.len() }
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
        self.left = Factor::summed(n_max.len(), n, nu_s >= 1, nu_r >= 1);
        self.right = Factor::summed(n_max.len(), n, nu_s == 2, nu_r == 2);
        self.symmetric = nu_r != 1 && nu_s != 1;
        Ok(())
    }
}
