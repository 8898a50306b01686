//! The atoms of a frame, sorted by bin.

use rayon::ThreadPool;

use super::layout::{BinLayout, Bounds};
use super::{INVISIBLE, PURPOSE, Vector};
use crate::geometry::cell::Cell;
use crate::simd::LANES;
use crate::{Error, Stop, memory};

/// Atoms of a frame that is so large that they are wrapped each time they are asked for: to keep 24 bytes an atom would
/// double what the search needs, and to wrap one takes a thousandth of the time that a row takes.
const LARGE: usize = 1 << 17;

/// All atoms wrapped into the cell: kept, or wrapped anew with the same bits.
pub(super) enum Wrapped<'a> {
    Kept(Vec<Vector>),
    Anew(&'a Cell, &'a [Vector]),
}

impl Wrapped<'_> {
    /// Number of atoms.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Kept(points) => points.len(),
            Self::Anew(_, positions) => positions.len(),
        }
    }

    /// Where an atom is.
    #[inline]
    pub(super) fn get(&self, atom: usize) -> Vector {
        match self {
            Self::Kept(points) => points[atom],
            Self::Anew(cell, positions) => cell.wrap(positions[atom]),
        }
    }
}

/// All atoms wrapped into the cell, and what the visible ones occupy.
pub(super) fn wrap<'a>(
    cell: &'a Cell,
    positions: &'a [Vector],
    channels: &[u8],
    pool: Option<&ThreadPool>,
    stop: &Stop<'_>,
) -> Result<(Wrapped<'a>, Bounds), Error> {
    wrap_keeping(cell, positions, channels, positions.len() < LARGE, pool, stop)
}

/// As [`wrap`], where it is said whether the wrapped atoms are kept.
fn wrap_keeping<'a>(
    cell: &'a Cell,
    positions: &'a [Vector],
    channels: &[u8],
    keep: bool,
    pool: Option<&ThreadPool>,
    stop: &Stop<'_>,
) -> Result<(Wrapped<'a>, Bounds), Error> {
    let piece = |wrapped: &mut [Vector], positions: &[Vector], channels: &[u8]| {
        let mut bounds = Bounds::NOTHING;
        for (atom, (&position, &channel)) in positions.iter().zip(channels).enumerate() {
            let point = cell.wrap(position);
            if let Some(wrapped) = wrapped.get_mut(atom) {
                *wrapped = point;
            }
            if channel != INVISIBLE {
                bounds.include(point, cell.fractions(point));
            }
        }
        bounds
    };
    let n_kept = if keep { positions.len() } else { 0 };
    let mut wrapped = memory::zeros(PURPOSE, n_kept)?;
    stop.check_after(positions.len())?;
    let size = positions.len().div_ceil(workers(pool)).max(1);
    let mut pieces = memory::filled(PURPOSE, positions.len().div_ceil(size), Bounds::NOTHING)?;
    let mut rest = wrapped.as_mut_slice();
    let mut next = |n: usize| rest.split_off_mut(..n.min(rest.len())).unwrap_or_default();
    let inputs = positions
        .chunks(size)
        .zip(channels.chunks(size))
        .map(|(points, channels)| (next(points.len()), points, channels));
    each(pool, pieces.iter_mut().zip(inputs).collect(), |(bounds, (wrapped, positions, channels))| {
        *bounds = piece(wrapped, positions, channels);
    });
    let bounds = pieces.into_iter().fold(Bounds::NOTHING, Bounds::union);
    Ok((if keep { Wrapped::Kept(wrapped) } else { Wrapped::Anew(cell, positions) }, bounds))
}

/// Atoms sorted by bin, those that are not seen behind all others. Within a bin they keep the order of the frame.
#[derive(Debug)]
pub(super) struct Bins {
    /// Bin `b` holds the slots `offsets[b]..offsets[b + 1]`.
    pub offsets: Vec<u32>,
    /// Wrapped coordinates, by slot, and room to read a whole vector behind the last.
    pub x: Vec<f64>,
    /// Wrapped coordinates y, by slot, with the same padding as `x`.
    pub y: Vec<f64>,
    /// Wrapped coordinates z, by slot, with the same padding as `x`.
    pub z: Vec<f64>,
    /// Number of the atom, by slot.
    pub atom: Vec<u32>,
    /// Channel of the atom, by slot.
    pub channel: Vec<u8>,
    /// Slot, by number of the atom.
    pub slot: Vec<u32>,
    /// Slots that are seen.
    pub n_visible: usize,
    /// One more than the largest channel that is seen.
    pub n_channels: usize,
    /// The channel of all visible atoms, if they have but one.
    pub only_channel: Option<u8>,
}

impl Bins {
    /// A counting sort. Each worker owns consecutive bins, and so consecutive slots: it reads the bin of every atom
    /// and files those that are its own, in the order of the frame. So the result knows nothing of the workers.
    pub(super) fn new(
        layout: &BinLayout,
        wrapped: &Wrapped<'_>,
        channels: &[u8],
        pool: Option<&ThreadPool>,
        stop: &Stop<'_>,
    ) -> Result<Self, Error> {
        let n = wrapped.len();
        let n_bins = layout.n_bins();
        let workers = workers(pool);
        let mut bin = memory::zeros(PURPOSE, n)?;
        stop.check_after(n)?;
        let size = n.div_ceil(workers).max(1);
        let pieces = bin.chunks_mut(size).zip(channels.chunks(size)).enumerate().collect();
        each(pool, pieces, |(part, (bins, channels)): (usize, (&mut [u32], &[u8]))| {
            for (atom, (bin, &channel)) in (part * size..).zip(bins.iter_mut().zip(channels)) {
                // Behind the last bin is one for the atoms that are not seen.
                *bin = if channel == INVISIBLE { n_bins as u32 } else { layout.bin(wrapped.get(atom)) };
            }
        });

        let size = (n_bins + 1).div_ceil(workers);
        let mut offsets = memory::zeros(PURPOSE, n_bins + 2)?;
        stop.check_after(n)?;
        let counts = offsets[1..].chunks_mut(size).enumerate().collect();
        each(pool, counts, |(part, counts): (usize, &mut [u32])| count(&bin, part * size, counts));
        let mut start = 0;
        for count in &mut offsets[1..] {
            start += std::mem::replace(count, start);
        }
        let mut bins = Self {
            offsets,
            x: memory::zeros(PURPOSE, n + LANES)?,
            y: memory::zeros(PURPOSE, n + LANES)?,
            z: memory::zeros(PURPOSE, n + LANES)?,
            atom: memory::zeros(PURPOSE, n)?,
            channel: memory::zeros(PURPOSE, n)?,
            slot: memory::zeros(PURPOSE, n)?,
            n_visible: 0,
            n_channels: 0,
            only_channel: None,
        };
        stop.check_after(n)?;
        each(pool, bins.parts(size), |part: BinRange<'_>| part.file(&bin, wrapped, channels));
        stop.check_after(n)?;
        for (slot, &atom) in (0..).zip(&bins.atom) {
            bins.slot[atom as usize] = slot;
        }
        bins.n_visible = bins.offsets[n_bins] as usize;
        let visible = &bins.channel[..bins.n_visible];
        let first = visible.first().copied().unwrap_or(0);
        bins.only_channel = visible.iter().all(|&channel| channel == first).then_some(first);
        bins.n_channels = visible.iter().max().map_or(0, |&last| usize::from(last) + 1);
        Ok(bins)
    }

    /// Cuts bins and slots into parts of `size` bins each. At this point `offsets[b + 1]` is where bin `b` starts.
    fn parts(&mut self, size: usize) -> Vec<BinRange<'_>> {
        let n = self.atom.len();
        let (mut x, mut y, mut z) = (&mut self.x[..n], &mut self.y[..n], &mut self.z[..n]);
        let (mut atom, mut channel) = (&mut self.atom[..], &mut self.channel[..]);
        let starts: Vec<u32> = self.offsets[1..].iter().copied().step_by(size).collect();
        let mut parts = Vec::with_capacity(starts.len());
        for (part, next) in self.offsets[1..].chunks_mut(size).enumerate() {
            let first_slot = starts[part];
            let n = starts.get(part + 1).map_or(x.len(), |&end| (end - first_slot) as usize);
            let (xs, ys, zs, atoms, channels);
            (xs, x) = x.split_at_mut(n);
            (ys, y) = y.split_at_mut(n);
            (zs, z) = z.split_at_mut(n);
            (atoms, atom) = atom.split_at_mut(n);
            (channels, channel) = channel.split_at_mut(n);
            let first_bin = part * size;
            parts.push(BinRange { first_bin, first_slot, next, x: xs, y: ys, z: zs, atom: atoms, channel: channels });
        }
        parts
    }
}

/// Consecutive bins and their slots.
struct BinRange<'a> {
    first_bin: usize,
    first_slot: u32,
    /// The next free slot of each bin.
    next: &'a mut [u32],
    x: &'a mut [f64],
    y: &'a mut [f64],
    z: &'a mut [f64],
    atom: &'a mut [u32],
    channel: &'a mut [u8],
}

impl BinRange<'_> {
    /// Files the atoms of this part's bins, and leaves in `next` where each bin ends.
    fn file(self, bin: &[u32], wrapped: &Wrapped<'_>, channels: &[u8]) {
        for (atom, &bin) in (0_u32..).zip(bin) {
            let Some(next) = self.next.get_mut((bin as usize).wrapping_sub(self.first_bin)) else { continue };
            let place = (*next - self.first_slot) as usize;
            *next += 1;
            [self.x[place], self.y[place], self.z[place]] = wrapped.get(atom as usize);
            self.atom[place] = atom;
            self.channel[place] = channels[atom as usize];
        }
    }
}

/// Counts the atoms of the bins from `first` on.
fn count(bin: &[u32], first: usize, counts: &mut [u32]) {
    for &bin in bin {
        if let Some(count) = counts.get_mut((bin as usize).wrapping_sub(first)) {
            *count += 1;
        }
    }
}

/// Threads that work: those of the pool and the caller's.
fn workers(pool: Option<&ThreadPool>) -> usize {
    1 + pool.map_or(0, ThreadPool::current_num_threads)
}

/// Does the work of each part, the first on the caller's thread and the others on those of the pool.
fn each<T: Send>(pool: Option<&ThreadPool>, parts: Vec<T>, work: impl Fn(T) + Sync) {
    let Some(pool) = pool else { return parts.into_iter().for_each(work) };
    pool.in_place_scope(|scope| {
        let mut parts = parts.into_iter();
        let own = parts.next();
        for part in parts {
            scope.spawn(|_| work(part));
        }
        own.into_iter().for_each(&work);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Frame;

    #[test]
    fn atoms_that_are_wrapped_again_are_where_those_that_were_kept_are() {
        let positions: Vec<Vector> =
            (0..200).map(f64::from).map(|k| [0.37 * k - 20.0, 7.0 - 0.11 * k, 0.9 * k]).collect();
        let channels: Vec<u8> = (0..200).map(|atom| if atom % 7 == 0 { INVISIBLE } else { 0 }).collect();
        let cell = [[4.0, 0.0, 0.0], [1.0, 5.0, 0.0], [-0.5, 2.0, 6.0]];
        let frame = Frame { positions: &positions, numbers: &[], cell, pbc: [true, true, false] };
        let cell = Cell::new(&frame, 0).expect("a cell");
        let found = |keep| {
            let (wrapped, bounds) =
                wrap_keeping(&cell, &positions, &channels, keep, None, &Stop::never()).expect("room");
            let layout = BinLayout::new(&cell, &bounds, 1.5);
            let bins = Bins::new(&layout, &wrapped, &channels, None, &Stop::never()).expect("room");
            assert_eq!(matches!(wrapped, Wrapped::Kept(_)), keep);
            (
                bounds,
                bins.offsets,
                bins.atom,
                bins.slot,
                [bins.x, bins.y, bins.z].map(|x| x.into_iter().map(f64::to_bits).collect::<Vec<_>>()),
            )
        };
        assert_eq!(found(true), found(false));
    }
}
