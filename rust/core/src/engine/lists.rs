//! Lists of different lengths, one a row, as chunks of rows deliver them.

use std::ops::Range;

use super::batch::LARGEST_CHUNK;
use crate::{Error, memory};

/// The lists of the rows of one chunk, one after the other.
pub struct ChunkLists<T> {
    entries: Vec<T>,
    ends: [usize; LARGEST_CHUNK],
    n_rows: usize,
}

impl<T> ChunkLists<T> {
    /// No rows yet.
    pub fn new() -> Self {
        Self { entries: Vec::new(), ends: [0; LARGEST_CHUNK], n_rows: 0 }
    }

    /// Adds the list of the next row.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn push(&mut self, what: &'static str, list: impl ExactSizeIterator<Item = T>) -> Result<(), Error> {
        memory::reserve(what, &mut self.entries, list.len())?;
        self.entries.extend(list);
        self.ends[self.n_rows] = self.entries.len();
        self.n_rows += 1;
        Ok(())
    }
}

/// Position of the list of one row: its part, and the entries in it.
#[derive(Clone, Default)]
struct ListSpan {
    part: usize,
    entries: Range<usize>,
}

/// The lists of all rows.
pub struct Lists<T> {
    parts: Vec<Vec<T>>,
    places: Vec<ListSpan>,
    n_entries: usize,
}

impl<T> Lists<T> {
    /// Empty lists for so many rows, which will come in so many parts.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn new(what: &'static str, n_rows: usize, n_parts: usize) -> Result<Self, Error> {
        let (parts, places) = (memory::with_capacity(what, n_parts)?, memory::zeros(what, n_rows)?);
        Ok(Self { parts, places, n_entries: 0 })
    }

    /// Takes the lists of `rows`.
    pub fn put(&mut self, rows: &[usize], part: ChunkLists<T>) {
        let mut start = 0;
        for (&row, &end) in rows.iter().zip(&part.ends) {
            self.places[row] = ListSpan { part: self.parts.len(), entries: start..end };
            start = end;
        }
        self.n_entries += part.entries.len();
        self.parts.push(part.entries);
    }

    /// Entries of all lists together.
    pub fn n_entries(&self) -> usize {
        self.n_entries
    }

    /// The lists, in the order of the rows.
    pub fn iter(&self) -> impl Iterator<Item = &[T]> {
        self.places.iter().map(|ListSpan { part, entries }| match self.parts.get(*part) {
            Some(part) => &part[entries.clone()],
            None => &[],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_found_by_their_rows() {
        let part = |lists: &[&[u8]]| {
            let mut part = ChunkLists::new();
            lists.iter().for_each(|list| part.push("test", list.iter().copied()).expect("some bytes"));
            part
        };
        let mut lists = Lists::new("test", 4, 2).expect("some bytes");
        lists.put(&[2, 0], part(&[&[5, 6], &[]]));
        lists.put(&[3], part(&[&[7]]));
        assert_eq!(lists.iter().collect::<Vec<_>>(), [&[][..], &[], &[5, 6], &[7]]);
        assert_eq!(lists.n_entries(), 3);
        assert_eq!(Lists::<u8>::new("test", 2, 0).expect("some bytes").iter().count(), 2);
    }
}
