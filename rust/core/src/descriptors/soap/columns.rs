//! The columns of a power spectrum as different programs order and scale them.
//!
//! The kernels write products pair by pair of functions (all pairs, where the two factors differ, else those of the
//! upper triangle, or of the lower one as QUIP does), the degree fastest, pairs of different functions with a factor
//! √2. Every other choice and order of columns picks from these.

use serde::Deserialize;

use super::compression::{Compression, Label, Layout, Selection};
use crate::{Error, Stop, memory};

/// What is too large if memory is refused.
const WHAT: &str = "list of the features";
/// Features between two looks at whether to stop.
const STRIDE: usize = 1 << 12;

/// Whose order, scale and sign the columns have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Convention {
    /// Our own: pairs of functions with the first not after the second, the degree fastest.
    Isoprint,
    /// QUIP's `soap`: pairs with the second not after the first, the degree fastest.
    Quip,
    /// `DScribe`: pairs of species, then degrees, then pairs of radial functions.
    Dscribe,
    /// featomic: the same with all pairs of radial functions; odd degrees are negative.
    Featomic,
}

/// One column: functions of the two factors, degree, and what the product counts for.
struct Column {
    left: usize,
    right: usize,
    degree: usize,
    weight: f64,
}

/// `κ_l`: what all products of a degree count for.
pub fn degree_weights(convention: Convention, l_max: usize) -> Vec<f64> {
    let kappa = |l: usize| {
        let size = ((2 * l + 1) as f64).sqrt();
        match convention {
            Convention::Isoprint | Convention::Quip => 1.0 / size,
            Convention::Dscribe => std::f64::consts::PI * 8.0_f64.sqrt() / size,
            Convention::Featomic if l.is_multiple_of(2) => 1.0 / size,
            Convention::Featomic => -1.0 / size,
        }
    };
    (0..=l_max).map(kappa).collect()
}

/// What is picked from the products of `layout`; `None` where all of them are the columns, in their order.
///
/// # Errors
/// [`Error::Parameter`] where a matrix does not fit the columns; [`Error::Memory`]; [`Error::Interrupted`].
pub fn selection(
    layout: &Layout,
    compression: &Compression,
    convention: Convention,
    stop: &Stop<'_>,
) -> Result<Option<Selection>, Error> {
    let is_kept: &dyn Fn(Label, Label) -> bool = match compression {
        Compression::None | Compression::Factors(..) | Compression::Matrix { .. } => &|_, _| true,
        Compression::Trivial => &|a, b| a.radial == 0 || b.radial == 0,
        Compression::Crossover => &|a, b| a.species == b.species,
        Compression::Diagonal => &|a, b| a.radial == b.radial,
    };
    let all = matches!(compression, Compression::None | Compression::Factors(..));
    let native = matches!(convention, Convention::Isoprint | Convention::Quip);
    if all && native {
        return Ok(None);
    }
    let mut picked = Vec::new();
    for_each(layout, convention, &mut |column| {
        if is_kept(layout.left.label(column.left), layout.right.label(column.right)) {
            if picked.len() % STRIDE == 0 {
                stop.check()?;
            }
            memory::reserve(WHAT, &mut picked, 1)?;
            picked.push(in_products(layout, &column));
        }
        Ok(())
    })?;
    match compression {
        Compression::Matrix { n_rows, entries } => matrix(*n_rows, entries, &picked).map(Some),
        _ => Ok(Some(Selection::Columns(picked))),
    }
}

/// Calls `visit` with all columns in the order of a convention.
fn for_each(
    layout: &Layout,
    convention: Convention,
    visit: &mut dyn FnMut(Column) -> Result<(), Error>,
) -> Result<(), Error> {
    let (n_left, n_right, symmetric) = (layout.left.len(), layout.right.len(), layout.symmetric);
    let root = |left: usize, right: usize| if symmetric && left != right { std::f64::consts::SQRT_2 } else { 1.0 };
    match convention {
        Convention::Isoprint | Convention::Quip => {
            for left in 0..n_left {
                // The pairs of a triangle: row by row of the upper one here, of the lower one there.
                let others = match (symmetric, convention) {
                    (false, _) => 0..n_right,
                    (true, Convention::Quip) => 0..left + 1,
                    (true, _) => left..n_right,
                };
                for right in others {
                    for degree in 0..layout.n_degrees() {
                        visit(Column { left, right, degree, weight: root(left, right) })?;
                    }
                }
            }
        }
        Convention::Dscribe | Convention::Featomic => {
            let all_pairs = !symmetric || convention == Convention::Featomic;
            for (s, lefts) in layout.left.species().into_iter().enumerate() {
                for (t, rights) in layout.right.species().into_iter().enumerate().skip(if symmetric { s } else { 0 }) {
                    let weight = if all_pairs && symmetric && s != t { std::f64::consts::SQRT_2 } else { 1.0 };
                    for degree in 0..layout.n_degrees() {
                        for left in lefts.clone() {
                            let first = if all_pairs || s != t { rights.start } else { left };
                            for right in first..rights.end {
                                visit(Column { left, right, degree, weight })?;
                            }
                        }
                    }
                }
            }
        }
    }
    Ok(())
}

/// Where a column is among the products, and its weight relative to the one it has there.
fn in_products(layout: &Layout, column: &Column) -> (usize, f64) {
    let &Column { left, right, degree, weight } = column;
    let (n, n_prime) = if layout.symmetric { (left.min(right), left.max(right)) } else { (left, right) };
    (layout.place(n, n_prime) + degree, weight / layout.weight(n, n_prime))
}

/// Sums of columns.
fn matrix(n_rows: usize, entries: &[(usize, usize, f64)], columns: &[(usize, f64)]) -> Result<Selection, Error> {
    let n_columns = columns.len();
    let bad = entries.iter().find(|&&(row, column, x)| row >= n_rows || column >= n_columns || !x.is_finite());
    if let Some((row, column, value)) = bad {
        return Err(Error::Parameter {
            name: "compression",
            part: None,
            value: format!("a matrix with the entry {value} in row {row}, column {column}"),
            remedy: format!("it must be {n_rows} × {n_columns} (kept × all components) with finite entries"),
        });
    }
    if n_rows == 0 {
        return Err(Error::Parameter {
            name: "compression",
            part: None,
            value: "a matrix without rows".to_owned(),
            remedy: "keep at least one component".to_owned(),
        });
    }
    let in_products = |&(row, column, value): &(usize, usize, f64)| {
        let (product, weight) = columns[column];
        (row, product, value * weight)
    };
    Selection::sums(n_rows, memory::collect(WHAT, entries.iter().map(in_products))?)
}
