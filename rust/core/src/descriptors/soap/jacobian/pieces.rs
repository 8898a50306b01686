//! The columns of one site in pieces that are made, or are zero, together.

use std::ops::Range;

use crate::descriptors::soap::layout::{Planes, ProductLayout};
use crate::descriptors::soap::limits::PURPOSE;
use crate::{Error, memory};

/// Columns that are made together, one after the other; those of functions that the site has no part in do not depend on
/// it, and are no pieces.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    pub products: Products,
    /// First column.
    pub start: usize,
}

/// What a piece is made of.
#[derive(Debug, Clone, PartialEq)]
pub enum Products {
    /// Products of function `n` with `others`, the degree fastest.
    Row {
        /// One function.
        n: usize,
        /// The others.
        others: Range<usize>,
    },
    /// Products of one degree of all functions of two species.
    Plane {
        /// Place among the planes of the layout.
        pair: usize,
        /// Their degree.
        degree: usize,
    },
}

/// Pieces that are finished together.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// Places of the pieces; none where all columns are zero.
    pub pieces: Range<usize>,
    /// First column.
    pub start: usize,
    /// Number of columns.
    pub length: usize,
}

/// The pieces of a site of one species: they change only from species to species.
#[derive(Debug, Default)]
pub struct PieceList {
    /// Functions of the species that they were made for.
    species: Option<Range<usize>>,
    pieces: Vec<Piece>,
    spans: Vec<Span>,
}

impl PieceList {
    /// Makes the list for sites that bring the radial functions `species`, with spans of about `most` columns where
    /// these are not zero.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn prepare(&mut self, layout: &ProductLayout, species: &Range<usize>, most: usize) -> Result<(), Error> {
        if self.species.as_ref() == Some(species) {
            return Ok(());
        }
        self.species = None;
        self.pieces.clear();
        self.spans.clear();
        match &layout.planes {
            Some(planes) => self.planes(layout, planes, species, most)?,
            None => self.rows(layout, species, most)?,
        }
        self.species = Some(species.clone());
        Ok(())
    }

    /// The pieces of a span in the order of their columns.
    #[inline(always)]
    pub fn pieces(&self, span: &Span) -> &[Piece] {
        &self.pieces[span.pieces.clone()]
    }

    /// All spans in the order of their columns.
    #[inline(always)]
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    fn rows(&mut self, layout: &ProductLayout, species: &Range<usize>, most: usize) -> Result<(), Error> {
        let touched = layout.touched_by(species);
        for n in 0..layout.left.len() {
            let Range { start, end } = layout.row(n).0;
            let others = if touched.contains(&n) { start..end } else { clamp(&touched, start, end) };
            let length = |functions: Range<usize>| functions.len() * layout.n_degrees();
            self.push(None, length(start..others.start), most)?;
            self.push(Some(Products::Row { n, others: others.clone() }), length(others.clone()), most)?;
            self.push(None, length(others.end..end), most)?;
        }
        Ok(())
    }

    fn planes(
        &mut self,
        layout: &ProductLayout,
        planes: &[Planes],
        species: &Range<usize>,
        most: usize,
    ) -> Result<(), Error> {
        let touched = layout.touched_by(species);
        let meets = |functions: &Range<usize>| functions.start < touched.end && touched.start < functions.end;
        for (pair, planes) in planes.iter().enumerate() {
            if !(meets(&planes.lefts) || meets(&planes.rights)) {
                self.push(None, planes.size() * layout.n_degrees(), most)?;
                continue;
            }
            for degree in 0..layout.n_degrees() {
                self.push(Some(Products::Plane { pair, degree }), planes.size(), most)?;
            }
        }
        Ok(())
    }

    /// Appends columns: these products, or zeros.
    fn push(&mut self, products: Option<Products>, length: usize, most: usize) -> Result<(), Error> {
        if length == 0 {
            return Ok(());
        }
        let start = self.spans.last().map_or(0, |span| span.start + span.length);
        let first = self.pieces.len();
        if let Some(products) = products {
            memory::reserve(PURPOSE, &mut self.pieces, 1)?;
            self.pieces.push(Piece { products, start });
        }
        let pieces = first..self.pieces.len();
        match self.spans.last_mut() {
            Some(last)
                if last.pieces.is_empty() == pieces.is_empty()
                    && (pieces.is_empty() || last.length.saturating_add(length) <= most) =>
            {
                (last.length, last.pieces.end) = (last.length + length, pieces.end);
            }
            _ => {
                memory::reserve(PURPOSE, &mut self.spans, 1)?;
                self.spans.push(Span { pieces, start, length });
            }
        }
        Ok(())
    }
}

/// The part of a range between two limits.
fn clamp(range: &Range<usize>, start: usize, end: usize) -> Range<usize> {
    range.start.clamp(start, end)..range.end.clamp(start, end)
}

#[cfg(test)]
mod tests {
    use super::PieceList;
    use crate::Stop;
    use crate::descriptors::soap::columns;
    use crate::descriptors::soap::{Compression, Convention};

    #[test]
    fn spans_are_all_columns_and_zero_where_the_species_is_not_part_of_them() {
        let symbols = ["C".to_owned(), "H".to_owned()];
        for convention in [Convention::Isoprint, Convention::Quip, Convention::Dscribe, Convention::Featomic] {
            let layout = columns::layout(&Compression::None, convention, &[3, 2], 4, &Stop::never()).expect("legal");
            let names = columns::names(&layout, &Compression::None, convention, &symbols).expect("some memory");
            let mut list = PieceList::default();
            for (most, species, symbol) in [(1, 0..3, "C."), (40, 3..5, "H."), (usize::MAX, 0..3, "C.")] {
                // Another species in between: the list is made anew.
                list.prepare(&layout, &(0..5), usize::MAX).expect("some memory");
                list.prepare(&layout, &species, most).expect("some memory");
                let mut end = 0;
                for span in list.spans() {
                    assert_eq!(span.start, end, "{convention:?}");
                    end += span.length;
                    let is_part = |name: &String| name.contains(symbol);
                    assert!(
                        names[span.start..end].iter().all(|name| is_part(name) != span.pieces.is_empty()),
                        "{convention:?}, {symbol}, {span:?}"
                    );
                    assert_eq!(list.pieces(span).first().map_or(span.start, |piece| piece.start), span.start);
                }
                assert_eq!(end, names.len(), "{convention:?}");
            }
        }
    }
}
