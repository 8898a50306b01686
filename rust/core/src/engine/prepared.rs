//! Frames ready to be asked for the sites of their centers, and those that the next call may ask for again.

use std::ops::{Deref, Range};
use std::sync::{Arc, Mutex};

use super::checks::check_length;
use super::interrupt::RowCounter;
use super::job::Job;
use super::queue::{Pieces, share};
use crate::descriptors::Descriptor;
use crate::error::LAST_ELEMENT;
use crate::geometry::{Center, Frame, Frames, Grid, Listed, Sites, volume};
use crate::{Error, Stop, memory};

/// Atoms of a frame that is prepared by all threads together; others are prepared side by side.
const LARGE: usize = 10_000;
/// Atoms of a frame that is worth remembering, and of those that are remembered, all together.
const REMEMBERED: Range<usize> = 32..1 << 18;
/// Purpose of the memory, for the message where it is refused.
pub const FRAMES: &str = "neighbor search";

/// A frame ready to be asked for the sites of its centers.
pub struct Prepared {
    /// Index of the frame among all frames.
    pub frame: usize,
    /// Channel of each atom; `u8::MAX` where the descriptor does not see it.
    pub channels: Vec<u8>,
    /// Volume of the cell in Å³.
    pub volume: f64,
    search: Search,
}

/// How sites are found.
// Nearly always in a grid: to look for it elsewhere would be to ask for memory once more a frame.
#[allow(clippy::large_enum_variant)]
enum Search {
    /// In a grid of bins.
    Grid(Grid),
    /// In a list that the caller had.
    List(Listed),
}

impl Prepared {
    /// Replaces the contents of `sites` by the sites of `center`, which is number `center_index` of the frame.
    ///
    /// # Errors
    /// As [`Grid::find`] and [`Listed::find`].
    pub fn find(&self, center: Center, center_index: usize, sites: &mut Sites) -> Result<(), Error> {
        match &self.search {
            Search::Grid(grid) => grid.find(center, center_index, sites),
            Search::List(list) => list.find(center, center_index, &self.channels, sites),
        }
    }

    /// The place of an atom in [`Self::order`], if it has one.
    pub fn place(&self, atom: usize) -> Option<u32> {
        match &self.search {
            Search::Grid(grid) => grid.place(atom),
            Search::List(_) => None,
        }
    }

    /// Atoms in an order in which neighbors in space are close, if there is one.
    pub fn order(&self) -> &[u32] {
        match &self.search {
            Search::Grid(grid) => grid.order(),
            Search::List(_) => &[],
        }
    }
}

/// Frames that were prepared together, in their order; a copy is the same ones.
#[derive(Clone)]
pub struct PreparedFrames(Arc<Vec<Prepared>>);

impl Deref for PreparedFrames {
    type Target = [Prepared];

    fn deref(&self) -> &[Prepared] {
        &self.0
    }
}

impl<'a> IntoIterator for &'a PreparedFrames {
    type Item = &'a Prepared;
    type IntoIter = std::slice::Iter<'a, Prepared>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl PreparedFrames {
    /// Prepares the frames of `range`, or remembers them.
    ///
    /// # Errors
    /// Of the first frame that has one.
    pub(super) fn new<D: Descriptor>(
        descriptor: &D,
        frames: &Frames<'_>,
        range: Range<usize>,
        job: &mut Job<'_>,
        counter: &RowCounter,
    ) -> Result<Self, Error> {
        let channels = |frame: usize| channels(descriptor, frame, frames.get(frame).numbers);
        let prepare = |job: &mut Job<'_>| Self::within(frames, range, descriptor.reach(), channels, job, counter);
        let worth_it = frames.len() == 1 && frames.neighbors(0).is_none() && REMEMBERED.contains(&frames.n_atoms());
        let Some(cache) = job.worker_cache.filter(|_| worth_it) else { return prepare(job) };
        let frame = frames.get(0);
        if let Some(remembered) = cache.recall(|known: &RememberedFrame| known.is(&frame)) {
            return Ok(remembered.prepared.clone());
        }
        let prepared = prepare(job)?;
        // Where there is no memory to spare, there is none for this.
        if let Ok(remembered) = RememberedFrame::new(&frame, &prepared) {
            cache.remember(remembered, |known: &RememberedFrame| known.numbers.len(), REMEMBERED.end);
        }
        Ok(prepared)
    }

    /// Refuses other frames than those that were prepared.
    ///
    /// # Errors
    /// [`Error::Shape`].
    pub(super) fn require(&self, frames: &Frames<'_>) -> Result<(), Error> {
        check_length("prepared frames", self.len(), frames.len())?;
        self.iter().enumerate().try_for_each(|(frame, prepared)| {
            check_length("atoms of a prepared frame", prepared.channels.len(), frames.atoms(frame).len())
        })
    }

    /// The only frame of `frames`, every atom of which is seen as the same.
    ///
    /// # Errors
    /// Any [`Error`] that the input or the caller can cause.
    pub(super) fn of_one_kind(
        frames: &Frames<'_>,
        r_cut: f64,
        job: &mut Job<'_>,
        counter: &RowCounter,
    ) -> Result<Self, Error> {
        Self::within(frames, 0..1, r_cut, |_| memory::zeros(FRAMES, frames.n_atoms()), job, counter)
    }

    /// The frames of `range`, whose atoms have these `channels` and are seen from `reach`.
    fn within(
        frames: &Frames<'_>,
        range: Range<usize>,
        reach: f64,
        channels: impl Fn(usize) -> Result<Vec<u8>, Error> + Sync,
        job: &mut Job<'_>,
        counter: &RowCounter,
    ) -> Result<Self, Error> {
        let one = |frame: usize, pool: Option<&rayon::ThreadPool>, stop: &Stop<'_>| {
            let (view, channels) = (frames.get(frame), channels(frame)?);
            let search = match frames.neighbors(frame) {
                Some(known) => Search::List(known.seen_from(&view, frame, reach)?),
                None => Search::Grid(Grid::on_threads(&view, frame, &channels, reach, pool, stop)?),
            };
            Ok(Prepared { frame, channels, volume: volume(view.cell), search })
        };
        let mut prepared = memory::with_capacity(FRAMES, range.len())?;
        let is_large = |frame: usize| frames.atoms(frame).len() >= LARGE;
        let mut rest = range;
        while !rest.is_empty() {
            let first = rest.start;
            let n_others = rest.clone().take_while(|&frame| !is_large(frame)).count();
            let others = Pieces {
                size: |piece: usize| frames.atoms(first + piece).len(),
                worker: || Ok(()),
                payload: |_| (),
                visit: |(): &mut (), piece: usize, (): (), stop: &Stop<'_>| one(first + piece, None, stop),
                merge: |_: usize, frame: Prepared| {
                    prepared.push(frame);
                    Ok(())
                },
            };
            share(job, counter, n_others, &Mutex::new(Vec::new()), others)?;
            rest.start += n_others;
            if let Some(frame) = rest.next() {
                let pool = job.pool;
                prepared.push(job.run_on_caller(counter, |stop| one(frame, pool, stop))?);
            }
        }
        Ok(Self(Arc::new(prepared)))
    }
}

/// A frame as it was, and what was made of it.
struct RememberedFrame {
    positions: Vec<[f64; 3]>,
    numbers: Vec<i64>,
    cell: [[f64; 3]; 3],
    pbc: [bool; 3],
    prepared: PreparedFrames,
}

impl RememberedFrame {
    fn new(frame: &Frame<'_>, prepared: &PreparedFrames) -> Result<Self, Error> {
        Ok(Self {
            positions: memory::collect(FRAMES, frame.positions.iter().copied())?,
            numbers: memory::collect(FRAMES, frame.numbers.iter().copied())?,
            cell: frame.cell,
            pbc: frame.pbc,
            prepared: prepared.clone(),
        })
    }

    /// Whether it is this one, to the last bit.
    fn is(&self, frame: &Frame<'_>) -> bool {
        self.pbc == frame.pbc
            && same_bits(self.cell.as_flattened(), frame.cell.as_flattened())
            && self.numbers == frame.numbers
            && same_bits(self.positions.as_flattened(), frame.positions.as_flattened())
    }
}

/// Whether all numbers are the same, and zeros of the same sign: differences are looked at now and then, not one by one.
fn same_bits(a: &[f64], b: &[f64]) -> bool {
    const AT_ONCE: usize = 256;
    let differ =
        |(a, b): (&[f64], &[f64])| a.iter().zip(b).fold(0, |differ, (a, b)| differ | (a.to_bits() ^ b.to_bits())) != 0;
    a.len() == b.len() && !a.chunks(AT_ONCE).zip(b.chunks(AT_ONCE)).any(differ)
}

/// Channel of each atom.
///
/// # Errors
/// Where a number is that of no element, whatever the descriptor does about species that it was not told about; and
/// where there is such a species.
fn channels<D: Descriptor>(descriptor: &D, frame: usize, numbers: &[i64]) -> Result<Vec<u8>, Error> {
    // Neighbors in the list of atoms tend to be of one element: ask once for each run.
    let (mut last, mut channel) = (None, None);
    let mut of = |(atom, &number): (usize, &i64)| {
        if last != Some(number) {
            if !(0..=LAST_ELEMENT).contains(&number) {
                return Err(Error::NotAnElement { frame, atom, number });
            }
            (last, channel) = (Some(number), descriptor.species().channel(number));
        }
        match channel {
            Some(channel) => Ok(channel),
            None if descriptor.species().ignores_unknown() => Ok(u8::MAX),
            None => Err(Error::UnknownSpecies { frame, atom, number }),
        }
    };
    let mut channels = memory::with_capacity(FRAMES, numbers.len())?;
    for atom in numbers.iter().enumerate() {
        channels.push(of(atom)?);
    }
    Ok(channels)
}

#[cfg(test)]
mod tests {
    use super::same_bits;

    #[test]
    fn every_bit_counts() {
        let mut numbers: Vec<f64> = (0..1000).map(f64::from).collect();
        let same = numbers.clone();
        assert!(same_bits(&numbers, &same));
        assert!(!same_bits(&numbers, &same[1..]));
        for place in [0, 1, 255, 256, 999] {
            numbers[place] = -numbers[place];
            assert!(!same_bits(&numbers, &same), "{place}");
            numbers[place] = -numbers[place];
        }
        assert!(same_bits(&[f64::NAN], &[f64::NAN]));
    }
}
