//! Matrix elements: what a descriptor supplies.

use super::{PURPOSE, SitePacks};
use crate::simd::{LANES, Lanes};
use crate::{Error, memory};

/// Blocks of eight pairs of sites, `[i · n_orbitals + j]` in each, one lane a pair.
#[derive(Debug, Clone)]
pub struct PairBlocks {
    /// The blocks.
    pub values: Vec<[f64; LANES]>,
    /// Derivatives of the blocks with respect to the position of the first site.
    pub derivatives: [Vec<[f64; LANES]>; 3],
}

impl PairBlocks {
    pub(in crate::descriptors) fn new(n_orbitals: usize) -> Result<Self, Error> {
        let zeros = || memory::zeros(PURPOSE, n_orbitals * n_orbitals);
        Ok(Self { values: zeros()?, derivatives: [zeros()?, zeros()?, zeros()?] })
    }
}

/// Matrix elements: the block of each pair of sites, and its derivatives.
pub trait MatrixElements: Sync + 'static {
    /// Name of a feature, before its number.
    const NAME: &'static str;

    /// Rows of a site.
    fn n_orbitals(&self) -> usize;
    /// Numbers that a site brings along.
    fn n_quantities(&self) -> usize;
    /// Number `place` of those of a site of this channel.
    fn quantity(&self, place: usize, channel: u8) -> f64;
    /// The blocks of site `a` with each of the sites in `pack`, and if `derivatives` their derivatives, zero for a site
    /// and itself. Zero too in lanes that only fill up the pack.
    fn blocks<V: Lanes>(&self, sites: &SitePacks, a: usize, pack: usize, derivatives: bool, blocks: &mut PairBlocks);
}
