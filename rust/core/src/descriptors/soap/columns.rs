//! The columns of a power spectrum as different programs order and scale them.
//!
//! The kernels write products pair by pair of functions (all pairs, where the two factors differ, else those of the
//! upper triangle, or of the lower one as QUIP does), the degree fastest, pairs of different functions with a factor
//! √2. Every other choice and order of columns picks from these.

use super::compression::Compression;
use super::convention::Convention;
use super::factor::Label;
use super::layout::{Planes, ProductLayout};
use super::selection::Selection;
use crate::{Error, Stop, memory};

/// Purpose of the memory, for the message where it is refused.
const PURPOSE: &str = "list of the features";
/// Features between two checks for an interrupt.
const CHECK_EVERY: usize = 1 << 12;

/// One column: functions of the two factors, degree, and what the product counts for.
struct Column {
    left: usize,
    right: usize,
    degree: usize,
    weight: f64,
}

/// The products of species with `n_max` radial functions, and what `compression` and `convention` pick from them.
///
/// # Errors
/// [`Error::Parameter`] where the compression does not fit the species; [`Error::Memory`]; [`Error::Interrupted`].
pub fn layout(
    compression: &Compression,
    convention: Convention,
    n_max: &[usize],
    l_max: usize,
    stop: &Stop<'_>,
) -> Result<ProductLayout, Error> {
    let mut layout = ProductLayout::of_products(compression, convention, n_max, l_max)?;
    layout.selection = selection(&layout, compression, convention, stop)?;
    let all = matches!(compression, Compression::None | Compression::Factors(..));
    if all && matches!(convention, Convention::Dscribe | Convention::Featomic) {
        layout.planes = Some(planes(&layout, convention)?);
    }
    Ok(layout)
}

/// Columns picked from the products of `layout`; `None` where all of them are the columns, in their order.
fn selection(
    layout: &ProductLayout,
    compression: &Compression,
    convention: Convention,
    stop: &Stop<'_>,
) -> Result<Option<Selection>, Error> {
    let all = matches!(compression, Compression::None | Compression::Factors(..));
    let native = matches!(convention, Convention::Isoprint | Convention::Quip);
    if all && native {
        return Ok(None);
    }
    let mut picked = Vec::new();
    for_each_kept(layout, compression, convention, &mut |column| {
        if picked.len() % CHECK_EVERY == 0 {
            stop.check()?;
        }
        memory::reserve(PURPOSE, &mut picked, 1)?;
        picked.push(in_products(layout, &column));
        Ok(())
    })?;
    match compression {
        Compression::Matrix { n_rows, entries } => matrix(*n_rows, entries, &picked).map(Some),
        _ => Ok(Some(Selection::Columns(picked))),
    }
}

/// Names of the columns of `layout`, of species with these symbols.
///
/// `C.1 H.3 l=2` is the product of the first radial function of carbon and the third of hydrogen, at degree 2. A label
/// that was summed over is a star: `*.1 H.*`. A component has the same name in every convention, whatever its place;
/// only where both orders of the two factors are columns does the order of the names matter.
///
/// # Errors
/// [`Error::Memory`].
pub fn names(
    layout: &ProductLayout,
    compression: &Compression,
    convention: Convention,
    symbols: &[String],
) -> Result<Vec<String>, Error> {
    let name = |label: Label| {
        let species = label.species.map_or("*", |species| &symbols[species]);
        let radial = label.radial.map_or("*".to_owned(), |radial| (radial + 1).to_string());
        format!("{species}.{radial}")
    };
    let [left, right] = [&layout.left, &layout.right].map(|factor| factor.labels().map(name).collect::<Vec<_>>());
    let mut names = Vec::new();
    for_each_kept(layout, compression, convention, &mut |column| {
        memory::reserve(PURPOSE, &mut names, 1)?;
        names.push(format!("{} {} l={}", left[column.left], right[column.right], column.degree));
        Ok(())
    })?;
    match compression {
        Compression::Matrix { n_rows, entries } => names_of_rows(*n_rows, entries, &names),
        _ => Ok(names),
    }
}

/// Rows of a matrix that pick one component are called after it, all others by their place: `P17`.
fn names_of_rows(n_rows: usize, entries: &[(usize, usize, f64)], components: &[String]) -> Result<Vec<String>, Error> {
    let mut n_entries: Vec<usize> = memory::zeros(PURPOSE, n_rows)?;
    entries.iter().for_each(|&(row, ..)| n_entries[row] += 1);
    let picks: Vec<_> = entries.iter().filter(|&&(row, _, value)| n_entries[row] == 1 && value == 1.0).collect();
    let mut n_picks: Vec<usize> = memory::zeros(PURPOSE, components.len())?;
    picks.iter().for_each(|&&(_, column, _)| n_picks[column] += 1);
    let mut names = memory::collect(PURPOSE, (0..n_rows).map(|row| format!("P{}", row + 1)))?;
    for &&(row, column, _) in picks.iter().filter(|&&&(_, column, _)| n_picks[column] == 1) {
        names[row].clone_from(&components[column]);
    }
    Ok(names)
}

/// Calls `visit` with the columns that `compression` keeps, or that its matrix combines, in the order of a convention.
fn for_each_kept(
    layout: &ProductLayout,
    compression: &Compression,
    convention: Convention,
    visit: &mut dyn FnMut(Column) -> Result<(), Error>,
) -> Result<(), Error> {
    let is_kept: &dyn Fn(Label, Label) -> bool = match compression {
        Compression::None | Compression::Factors(..) | Compression::Matrix { .. } => &|_, _| true,
        Compression::Trivial => &|a, b| a.radial == Some(0) || b.radial == Some(0),
        Compression::Crossover => &|a, b| a.species == b.species,
        Compression::Diagonal => &|a, b| a.radial == b.radial,
    };
    for_each(layout, convention, &mut |column| {
        let kept = is_kept(layout.left.label(column.left), layout.right.label(column.right));
        if kept { visit(column) } else { Ok(()) }
    })
}

/// Calls `visit` with all columns in the order of a convention.
fn for_each(
    layout: &ProductLayout,
    convention: Convention,
    visit: &mut dyn FnMut(Column) -> Result<(), Error>,
) -> Result<(), Error> {
    let (n_left, n_right, symmetric) = (layout.left.len(), layout.right.len(), layout.symmetric);
    let root = |left: usize, right: usize| if symmetric && left != right { std::f64::consts::SQRT_2 } else { 1.0 };
    match convention {
        Convention::Isoprint | Convention::Quip => {
            let lower = symmetric && convention == Convention::Quip;
            for first in 0..n_left {
                // The pairs of a triangle: row by row of the upper one here, of the lower one there.
                let others = match (symmetric, lower) {
                    (false, _) => 0..n_right,
                    (true, true) => 0..first + 1,
                    (true, false) => first..n_right,
                };
                for other in others {
                    let (left, right) = if lower { (other, first) } else { (first, other) };
                    for degree in 0..layout.n_degrees() {
                        visit(Column { left, right, degree, weight: root(left, right) })?;
                    }
                }
            }
        }
        Convention::Dscribe | Convention::Featomic => {
            for Planes { lefts, rights, triangle, weight } in planes(layout, convention)? {
                for degree in 0..layout.n_degrees() {
                    for left in lefts.clone() {
                        let first = if triangle { left } else { rights.start };
                        for right in first..rights.end {
                            visit(Column { left, right, degree, weight })?;
                        }
                    }
                }
            }
        }
    }
    Ok(())
}

/// The columns in the order of `DScribe` or featomic.
fn planes(layout: &ProductLayout, convention: Convention) -> Result<Vec<Planes>, Error> {
    let symmetric = layout.symmetric;
    let all_pairs = !symmetric || convention == Convention::Featomic;
    let (lefts, rights) = (layout.left.species(), layout.right.species());
    let mut all = Vec::new();
    for (s, lefts) in lefts.iter().enumerate() {
        for (t, rights) in rights.iter().enumerate().skip(if symmetric { s } else { 0 }) {
            let weight = if all_pairs && symmetric && s != t { std::f64::consts::SQRT_2 } else { 1.0 };
            let triangle = !all_pairs && s == t;
            memory::reserve(PURPOSE, &mut all, 1)?;
            all.push(Planes { lefts: lefts.clone(), rights: rights.clone(), triangle, weight });
        }
    }
    Ok(all)
}

/// Position of a column among the products, and its weight relative to the one it has there.
fn in_products(layout: &ProductLayout, column: &Column) -> (usize, f64) {
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
    Selection::sums(n_rows, memory::collect(PURPOSE, entries.iter().map(in_products))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONVENTIONS: [Convention; 4] =
        [Convention::Isoprint, Convention::Quip, Convention::Dscribe, Convention::Featomic];

    fn names_of(compression: &Compression, convention: Convention, n_max: &[usize], l_max: usize) -> Vec<String> {
        let layout = layout(compression, convention, n_max, l_max, &Stop::never()).expect("legal parameters");
        let names = names(&layout, compression, convention, &["C".to_owned(), "H".to_owned()]).expect("some memory");
        assert_eq!(names.len(), layout.n_features(), "{compression:?}, {convention:?}");
        names
    }

    #[test]
    fn products_that_are_columns_as_they_are_stand_in_their_order() {
        for convention in [Convention::Isoprint, Convention::Quip] {
            for compression in [Compression::None, Compression::Factors(1, 2), Compression::Factors(0, 2)] {
                let layout = layout(&compression, convention, &[3, 3], 2, &Stop::never()).expect("legal parameters");
                let mut place = 0;
                for_each(&layout, convention, &mut |column| {
                    assert_eq!(in_products(&layout, &column), (place, 1.0), "{compression:?}, {convention:?}");
                    place += 1;
                    Ok(())
                })
                .expect("nobody stops it");
                assert_eq!(place, layout.n_features());
            }
        }
    }

    #[test]
    fn a_component_has_one_name_wherever_it_stands() {
        let pairs = |convention| names_of(&Compression::None, convention, &[2, 1], 0).join("; ").replace(" l=0", "");
        let expected = [
            "C.1 C.1; C.1 C.2; C.1 H.1; C.2 C.2; C.2 H.1; H.1 H.1",
            "C.1 C.1; C.1 C.2; C.2 C.2; C.1 H.1; C.2 H.1; H.1 H.1",
            "C.1 C.1; C.1 C.2; C.2 C.2; C.1 H.1; C.2 H.1; H.1 H.1",
            "C.1 C.1; C.1 C.2; C.2 C.1; C.2 C.2; C.1 H.1; C.2 H.1; H.1 H.1",
        ];
        assert_eq!(CONVENTIONS.map(pairs), expected);
        let degrees = |convention| names_of(&Compression::Diagonal, convention, &[1, 1], 1)[..2].to_vec();
        assert_eq!(degrees(Convention::Quip), ["C.1 C.1 l=0", "C.1 C.1 l=1"]);
        assert_eq!(
            names_of(&Compression::Crossover, Convention::Dscribe, &[2, 1], 1)[..2],
            ["C.1 C.1 l=0", "C.1 C.2 l=0"]
        );
    }

    #[test]
    fn labels_that_were_summed_over_are_stars() {
        let of = |nu_r, nu_s| names_of(&Compression::Factors(nu_r, nu_s), Convention::Isoprint, &[2, 2], 0);
        assert_eq!(of(2, 0), ["*.1 *.1 l=0", "*.1 *.2 l=0", "*.2 *.2 l=0"]);
        assert_eq!(of(0, 1), ["C.* *.* l=0", "H.* *.* l=0"]);
        assert_eq!(of(2, 1)[..2], ["C.1 *.1 l=0", "C.1 *.2 l=0"]);
    }

    #[test]
    fn rows_of_a_matrix_are_called_after_the_one_component_that_they_pick() {
        // A sum, a component, a multiple of one, and one that two rows pick.
        let entries = vec![(0, 0, 1.0), (0, 1, 1.0), (1, 2, 1.0), (2, 1, 2.0), (3, 4, 1.0), (4, 4, 1.0)];
        let matrix = Compression::Matrix { n_rows: 5, entries };
        let names = names_of(&matrix, Convention::Isoprint, &[2, 1], 0);
        assert_eq!(names, ["P1", "C.1 H.1 l=0", "P3", "P4", "P5"]);
    }
}
