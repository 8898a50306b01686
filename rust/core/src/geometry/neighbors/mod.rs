//! The neighbor search: a grid of bins, asked once for every center.
//!
//! No list of pairs is stored. [`Grid::new`] sorts the atoms into bins, along which they are contiguous; [`Grid::find`]
//! collects the few stretches of bins that touch the sphere around a center (`runs.rs`) and streams over them eight
//! atoms at a time ([`crate::simd::select`]). Periodic images are never stored either: a stretch is visited once for
//! every image, with the lattice vector added to its atoms. So the vector from `i` to `j` is `(x_j - x_i) + t`, the
//! vector from `j` to `i` is the same with the other sign, bit for bit, and both are sites of each other or neither.

mod bins;
mod known;
mod layout;
mod range;
mod runs;
mod sites;

use rayon::ThreadPool;

use super::cell::{Cell, Vector, finite};
use super::{Center, Frame};
use crate::simd::{Isa, Kernel, LANES, Lanes, Points};
use crate::{Error, Stop, memory};
use bins::Bins;
use layout::BinLayout;
use range::Range;
use runs::Run;
use sites::Query;

pub use known::{FoundNeighbors, Listed, Motion};
pub use sites::Sites;

/// More sites around one center than this are refused.
pub const MAX_SITES: usize = 65_535;

/// More images of the cell within reach of one center than this are refused.
pub const MAX_IMAGES: usize = 10_000_000;

/// Purpose of the memory, for the message where it is refused.
const PURPOSE: &str = "neighbor search";

/// More atoms than this in one frame are refused: their bins and slots would not have numbers.
pub const MAX_ATOMS: usize = (u32::MAX as usize - 66) / 4;

// One bin more for those that are not seen, and whole vectors may be read behind the last slot.
const _: () = assert!(layout::most_bins(MAX_ATOMS) + 1.0 <= u32::MAX as f64 && MAX_ATOMS + LANES <= u32::MAX as usize);

/// To test so many atoms is quicker than to find out which of them are near.
const FEW_ATOMS: usize = 64;

/// The channel of atoms that are not seen.
const INVISIBLE: u8 = u8::MAX;

/// The atoms of a frame, sorted into bins: about 35 bytes an atom, and 4 more while it is built; of a small frame, 28.
#[derive(Debug)]
pub struct Grid {
    frame: usize,
    r_cut: f64,
    range: Range,
    cell: Cell,
    layout: BinLayout,
    bins: Bins,
    /// Whether all atoms are tested for every center: those of a small molecule. Their order is that of the bins.
    is_one_run: bool,
    isa: Isa,
}

impl Grid {
    /// Bins all atoms of `frame` whose channel is not [`u8::MAX`]. The frame is number `frame_index` in messages.
    ///
    /// # Errors
    /// [`Error::PositionNotFinite`] for any atom, visible or not; [`Error::CellNotFinite`] and
    /// [`Error::SingularCell`] along periodic axes; [`Error::TooManyImages`] for a cell that is tiny compared with
    /// the cutoff; [`Error::TooFar`] and [`Error::TooWide`] for lengths that the digits of a double cannot hold
    /// together; [`Error::Parameter`] for a cutoff that is no length; [`Error::Shape`] if `channels` does not have one
    /// entry an atom; [`Error::TooManyAtoms`] for more than [`MAX_ATOMS`]; [`Error::Memory`].
    pub fn new(frame: &Frame<'_>, frame_index: usize, channels: &[u8], r_cut: f64) -> Result<Self, Error> {
        Self::on_threads(frame, frame_index, channels, r_cut, None, &Stop::never())
    }

    /// [`Self::new`], which can be told to stop, and is helped by the threads of `pool`; the result does not depend on
    /// their number.
    ///
    /// # Errors
    /// Errors of [`Self::new`], and [`Error::Interrupted`].
    pub fn on_threads(
        frame: &Frame<'_>,
        frame_index: usize,
        channels: &[u8],
        r_cut: f64,
        pool: Option<&ThreadPool>,
        stop: &Stop<'_>,
    ) -> Result<Self, Error> {
        check(frame, frame_index, channels, r_cut)?;
        let (range, cell) = Range::new(frame, frame_index, r_cut)?;
        let too_far = |index: usize| {
            let position = frame.positions[index];
            Error::TooFar { frame: frame_index, what: "atom", index, position }
        };
        let mut brought: Vec<Vector> = Vec::new();
        let mut positions = frame.positions;
        if !range.is_plain() {
            memory::reserve(PURPOSE, &mut brought, positions.len())?;
            for (atom, &position) in positions.iter().enumerate() {
                brought.push(range.bring(position).ok_or_else(|| too_far(atom))?);
            }
            positions = &brought;
        }
        let (wrapped, bounds) = bins::wrap(&cell, positions, channels, pool, stop)?;
        if !cell.places(bounds.largest) {
            let seen = |atom: &usize| channels[*atom] != INVISIBLE && !cell.places(wrapped.get(*atom).map(f64::abs));
            return Err(too_far((0..wrapped.len()).find(seen).unwrap_or(0)));
        }
        let layout = BinLayout::new(&cell, &bounds, range.r_cut);
        let images = layout.images();
        if images.is_nan() || images > MAX_IMAGES as f64 {
            return Err(Error::TooManyImages { frame: frame_index, images, limit: MAX_IMAGES, r_cut });
        }
        let bins = Bins::new(&layout, &wrapped, channels, pool, stop)?;
        let is_one_run = bins.n_visible <= FEW_ATOMS && layout.axes.iter().all(|axis| !axis.periodic);
        Ok(Self { frame: frame_index, r_cut, range, cell, layout, bins, is_one_run, isa: Isa::detect() })
    }

    /// Replaces the contents of `sites` by all atoms and periodic images closer to `center` than the cutoff, grouped
    /// by channel, in an order that depends on the frame alone. An atom is not its own site, but its images are, and
    /// so are other atoms at the same place. The center is number `center_index` of its frame in messages.
    ///
    /// # Errors
    /// [`Error::TooManySites`]; [`Error::Memory`]; [`Error::CenterOutOfRange`] and [`Error::PointNotFinite`] for a center that is none.
    pub fn find(&self, center: Center, center_index: usize, sites: &mut Sites) -> Result<(), Error> {
        sites.begin()?;
        let (origin, own) = self.origin(center, center_index)?;
        let query = Query {
            isa: self.isa,
            points: Points { x: &self.bins.x, y: &self.bins.y, z: &self.bins.z },
            origin,
            own,
            limit: self.range.r_cut * self.range.r_cut,
        };
        if self.isa.run(Search { grid: self, query: &query, sites }) {
            sites.finish(self.isa, &self.bins)?;
            if self.range.unit != 1.0 {
                sites.divide(self.range.unit);
            }
            return Ok(());
        }
        sites.clear();
        sites.refused()?;
        Err(Error::TooManySites { frame: self.frame, center: center_index, limit: MAX_SITES, r_cut: self.r_cut })
    }

    /// The visible atoms in the order of their bins: neighbors in space are close in this list, so that centers taken
    /// in this order find their sites in the cache.
    pub fn order(&self) -> &[u32] {
        &self.bins.atom[..self.bins.n_visible]
    }

    /// The place of an atom in [`Self::order`]; none for one that is not seen.
    pub fn place(&self, atom: usize) -> Option<u32> {
        self.bins.slot.get(atom).copied().filter(|&slot| (slot as usize) < self.bins.n_visible)
    }

    /// Where the center is, wrapped into the cell, and its own slot; for a point one that does not exist.
    fn origin(&self, center: Center, center_index: usize) -> Result<(Vector, u32), Error> {
        match center {
            Center::Atom(index) => {
                let n_atoms = self.bins.slot.len();
                let Some(&slot) = self.bins.slot.get(index) else {
                    return Err(Error::CenterOutOfRange { frame: self.frame, index: index as i64, n_atoms });
                };
                let at = slot as usize;
                Ok(([self.bins.x[at], self.bins.y[at], self.bins.z[at]], slot))
            }
            Center::Point(position) if finite(position) => {
                let wrapped = self.range.bring(position).map(|point| self.cell.wrap(point));
                let placed = wrapped.filter(|point| self.cell.places(point.map(f64::abs)));
                let too_far = Error::TooFar { frame: self.frame, what: "center", index: center_index, position };
                placed.map(|point| (point, u32::MAX)).ok_or(too_far)
            }
            Center::Point(position) => Err(Error::PointNotFinite { frame: self.frame, center: center_index, position }),
        }
    }
}

/// Collects the sites of one center; false if there are too many.
struct Search<'a> {
    grid: &'a Grid,
    query: &'a Query<'a>,
    sites: &'a mut Sites,
}

impl Kernel for Search<'_> {
    type Output = bool;

    #[allow(clippy::inline_always)]
    #[inline(always)]
    fn run<V: Lanes>(self) -> bool {
        let Self { grid, query, sites } = self;
        if grid.is_one_run {
            let run = Run { start: 0, end: grid.bins.n_visible as u32, shift: [0.0; 3] };
            return (run.end == 0 || sites.collect(query, run)) && sites.test(query);
        }
        runs::visit(&grid.layout, &grid.bins.offsets, query.origin, |run| sites.collect(query, run))
            && sites.test(query)
    }
}

/// Everything that can be wrong with the arguments of [`Grid::new`], except the cell.
pub(super) fn check(frame: &Frame<'_>, frame_index: usize, channels: &[u8], r_cut: f64) -> Result<(), Error> {
    if !(r_cut.is_finite() && r_cut > 0.0) {
        return Err(Error::Parameter {
            name: "r_cut",
            part: None,
            value: r_cut.to_string(),
            remedy: "the cutoff must be a positive, finite length in Å".into(),
        });
    }
    let n_atoms = frame.positions.len();
    if channels.len() != n_atoms {
        return Err(Error::Shape { name: "channels", expected: vec![n_atoms], found: vec![channels.len()] });
    }
    countable(frame_index, n_atoms)?;
    match frame.positions.iter().position(|&position| !finite(position)) {
        Some(atom) => Err(Error::PositionNotFinite { frame: frame_index, atom, position: frame.positions[atom] }),
        None => Ok(()),
    }
}

/// Refuses frames that are so large that numbers of bins and slots would overflow.
fn countable(frame: usize, n_atoms: usize) -> Result<(), Error> {
    if n_atoms <= MAX_ATOMS { Ok(()) } else { Err(Error::TooManyAtoms { frame, n_atoms, limit: MAX_ATOMS }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn atoms_that_are_let_in_can_be_counted() {
        assert!(countable(3, MAX_ATOMS).is_ok());
        let error = countable(3, MAX_ATOMS + 1).unwrap_err();
        assert_eq!(error, Error::TooManyAtoms { frame: 3, n_atoms: MAX_ATOMS + 1, limit: MAX_ATOMS });
        let message = error.to_string();
        assert!(message.starts_with("frame 3 has 1073741808 atoms, more than 1073741807"), "{message}");
    }
}
