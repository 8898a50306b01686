//! The sites of one center, and the buffers in which they are collected.

use super::bins::Bins;
use super::runs::Run;
use super::{INVISIBLE, MAX_SITES, PURPOSE, Vector};
use crate::simd::{self, Candidates, Found, Isa, LANES, Points};
use crate::{Error, memory};

/// Blocks that are tested together: bounds the memory and the time of a center that sees far too much.
const BATCH: usize = 2048;
/// Blocks that are written at a stroke.
const STROKE: u32 = 4;

/// The sites of one center, one array per quantity, in an order that depends on the frame alone.
///
/// The arrays are reused from center to center: once they are large enough, nothing is allocated.
#[derive(Debug, Default, Clone)]
pub struct Sites {
    /// Atom of which the site is a periodic image.
    pub index: Vec<u32>,
    /// Channel of its species, ascending.
    pub channel: Vec<u8>,
    /// Component x of the vector from the center to each site, in Å.
    pub dx: Vec<f64>,
    /// Component y of each vector.
    pub dy: Vec<f64>,
    /// Component z of each vector.
    pub dz: Vec<f64>,
    /// Distance in Å.
    pub r: Vec<f64>,
    /// Scratch space of constant length, filled up to `n_blocks`.
    blocks: Vec<Candidates>,
    n_blocks: usize,
    /// The lattice vectors that the blocks refer to, filled up to `n_images`.
    images: Vec<Vector>,
    n_images: usize,
    found: Found,
    /// Where the next site of each channel goes.
    next_of_channel: Vec<usize>,
    /// The memory that was refused in the middle of a search.
    refused: Option<Error>,
}

/// Query of a search: origin, cutoff, and the slot to leave out.
pub(super) struct Query<'a> {
    pub isa: Isa,
    pub points: Points<'a>,
    pub origin: Vector,
    /// The slot of the center; one that does not exist for a point.
    pub own: u32,
    /// The square of the cutoff.
    pub limit: f64,
}

impl Sites {
    /// Number of sites.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Forgets the sites and keeps the memory.
    pub fn clear(&mut self) {
        self.index.clear();
        self.channel.clear();
        self.dx.clear();
        self.dy.clear();
        self.dz.clear();
        self.r.clear();
        self.n_blocks = 0;
        self.n_images = 0;
        self.found.clear();
    }

    /// Makes ready for a search.
    pub(super) fn begin(&mut self) -> Result<(), Error> {
        self.clear();
        // A stroke may follow the last block that counts.
        let n_blocks = BATCH + 2 * STROKE as usize;
        memory::resize(PURPOSE, &mut self.blocks, n_blocks, Candidates::default())?;
        memory::resize(PURPOSE, &mut self.images, n_blocks, [0.0; 3])
    }

    /// The error for memory that was refused in the middle of a search.
    pub(super) fn refused(&mut self) -> Result<(), Error> {
        self.refused.take().map_or(Ok(()), Err)
    }

    /// Adds a site.
    pub(in crate::geometry) fn push(&mut self, index: u32, channel: u8, vector: Vector, r: f64) {
        self.index.push(index);
        self.channel.push(channel);
        self.dx.push(vector[0]);
        self.dy.push(vector[1]);
        self.dz.push(vector[2]);
        self.r.push(r);
    }

    /// Adds the candidates of `run`, all but the center itself; false as in [`Self::test`].
    // Inlined into the search, so that it is compiled for the instructions of the search's processor.
    #[allow(clippy::inline_always)]
    #[inline(always)]
    pub(super) fn collect(&mut self, query: &Query<'_>, run: Run) -> bool {
        let Run { start, end, shift } = run;
        let mut start = start;
        loop {
            // Most runs take a few blocks. To write always as many is quicker than to guess how many it will be.
            let rest = (end - start).min(STROKE * LANES as u32);
            let mut mask = u32::MAX >> (STROKE * LANES as u32 - rest);
            let own = query.own.wrapping_sub(start);
            if own < rest && shift.iter().all(|x| x.abs() == 0.0) {
                mask &= !(1 << own);
            }
            let image = self.n_images;
            self.images[image] = shift;
            self.n_images += 1;
            let blocks = &mut self.blocks[self.n_blocks..self.n_blocks + STROKE as usize];
            for (k, block) in (0..).step_by(LANES).zip(blocks) {
                *block = Candidates::new(start + k, image, (mask >> k) as u8);
            }
            self.n_blocks += rest.div_ceil(LANES as u32) as usize;
            start += rest;
            if self.n_blocks > BATCH && !self.test(query) {
                return false;
            }
            if start == end {
                return true;
            }
        }
    }

    /// Tests the candidates; false once there are too many sites, or no memory for them.
    pub(super) fn test(&mut self, query: &Query<'_>) -> bool {
        if let Err(refused) = self.found.expect(LANES * (self.n_blocks + 1)) {
            self.refused = Some(refused);
            return false;
        }
        let blocks = &self.blocks[..self.n_blocks];
        let images = &self.images[..self.n_images];
        simd::select(query.isa, query.points, blocks, images, query.origin, query.limit, &mut self.found);
        self.n_blocks = 0;
        self.n_images = 0;
        self.found.len() <= MAX_SITES
    }

    /// Names what was found, and groups it by channel.
    pub(super) fn finish(&mut self, isa: Isa, bins: &Bins) -> Result<(), Error> {
        let n = self.found.len();
        memory::reserve(PURPOSE, &mut self.index, n)?;
        memory::reserve(PURPOSE, &mut self.channel, n)?;
        memory::reserve(PURPOSE, &mut self.r, n)?;
        if let Some(channel) = bins.only_channel {
            self.index.extend(self.found.slot.iter().map(|&slot| bins.atom[slot as usize]));
            self.channel.resize(self.found.len(), channel);
            std::mem::swap(&mut self.dx, &mut self.found.dx);
            std::mem::swap(&mut self.dy, &mut self.found.dy);
            std::mem::swap(&mut self.dz, &mut self.found.dz);
        } else {
            for column in [&mut self.dx, &mut self.dy, &mut self.dz] {
                memory::reserve(PURPOSE, column, n)?;
            }
            self.group(bins.n_channels, |slot| (bins.atom[slot as usize], bins.channel[slot as usize]));
        }
        simd::lengths(isa, &self.dx, &self.dy, &self.dz, &mut self.r);
        Ok(())
    }

    /// Divides all lengths by `unit`, a power of two.
    pub(super) fn divide(&mut self, unit: f64) {
        for lengths in [&mut self.dx, &mut self.dy, &mut self.dz, &mut self.r] {
            lengths.iter_mut().for_each(|x| *x /= unit);
        }
    }

    /// Takes atoms and vectors, at most `n` of them, and groups them by channel; distances are to follow.
    pub(super) fn take(
        &mut self,
        n: usize,
        found: impl Iterator<Item = (u32, Vector)>,
        channels: &[u8],
    ) -> Result<(), Error> {
        self.found.expect(n)?;
        for (atom, [x, y, z]) in found {
            self.found.slot.push(atom);
            self.found.dx.push(x);
            self.found.dy.push(y);
            self.found.dz.push(z);
        }
        memory::reserve(PURPOSE, &mut self.index, n)?;
        memory::reserve(PURPOSE, &mut self.channel, n)?;
        for column in [&mut self.dx, &mut self.dy, &mut self.dz, &mut self.r] {
            memory::reserve(PURPOSE, column, n)?;
        }
        self.group(usize::from(INVISIBLE), |atom| (atom, channels[atom as usize]));
        Ok(())
    }

    /// A counting sort by channel, which keeps the order within a channel; `of` knows atom and channel of a slot.
    fn group(&mut self, n_channels: usize, of: impl Fn(u32) -> (u32, u8)) {
        let next = &mut self.next_of_channel;
        next.clear();
        next.resize(n_channels, 0);
        for &slot in &self.found.slot {
            next[of(slot).1 as usize] += 1;
        }
        let mut start = 0;
        for next in next.iter_mut() {
            start += std::mem::replace(next, start);
        }
        let n = self.found.len();
        self.index.resize(n, 0);
        self.channel.resize(n, 0);
        self.dx.resize(n, 0.0);
        self.dy.resize(n, 0.0);
        self.dz.resize(n, 0.0);
        let vectors = self.found.dx.iter().zip(&self.found.dy).zip(&self.found.dz);
        for (&slot, ((&dx, &dy), &dz)) in self.found.slot.iter().zip(vectors) {
            let (atom, channel) = of(slot);
            let place = next[channel as usize];
            next[channel as usize] += 1;
            self.index[place] = atom;
            self.channel[place] = channel;
            self.dx[place] = dx;
            self.dy[place] = dy;
            self.dz[place] = dz;
        }
    }
}
