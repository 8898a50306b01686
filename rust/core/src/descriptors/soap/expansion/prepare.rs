//! What the expansion of one center begins with: its sites in blocks, with directions, radial functions and angular
//! factors.

use super::super::limits::PURPOSE;
use super::super::radial_basis::RadialBasis;
use super::super::site_block::{SiteBlock, beyond};
use super::DensityExpansion;
use crate::descriptors::Environment;
use crate::math::harmonics::{Harmonics, Legendre};
use crate::math::piecewise::EvaluationPoints;
use crate::simd::gemm::{self, PADDING};
use crate::simd::{Kernel, LANES, Lanes, Pack, SITES_PER_BLOCK, SiteLanes};
use crate::{Error, Stop, memory};

/// The sites of one center, and buffers for what becomes of them.
#[derive(Debug)]
pub struct ExpansionScratch {
    pub(super) blocks: Vec<SiteBlock>,
    /// Blocks of the present center.
    pub(super) n_blocks: usize,
    /// Radial functions of all sites, a row each, and their derivatives.
    pub(super) rows: Vec<[f64; LANES]>,
    pub(super) derivatives: Vec<[f64; LANES]>,
    pub(super) points: EvaluationPoints,
    pub(super) work: BlockScratch,
}

/// The prepared sites of one center, while others are prepared.
#[derive(Debug, Default)]
pub struct KeptSites {
    blocks: Vec<SiteBlock>,
    n_blocks: usize,
    rows: Vec<[f64; LANES]>,
    derivatives: Vec<[f64; LANES]>,
}

/// Buffers for one block.
#[derive(Debug)]
pub(super) struct BlockScratch {
    /// `A_l · Y_lm / N_lm`.
    pub(super) harmonics: Vec<SiteLanes>,
    /// Gradient of `harmonics` with respect to the site's position.
    pub(super) gradients: [Vec<SiteLanes>; 3],
    pub(super) legendre: Legendre,
    /// Harmonics and gradients of eight sites, one site after the other.
    pub(super) of_sites: Vec<[f64; LANES]>,
    /// Radial functions and derivatives with sites in lanes.
    pub(super) functions: [Vec<SiteLanes>; 2],
    /// Adjoints of the harmonics: `Σ_n c̄ b_n` and `Σ_n c̄ b_n'`; or their rates.
    pub(super) adjoint: [Vec<SiteLanes>; 2],
    /// Coefficients of one species, `[lm][pack]`, and their tangents.
    pub(super) sums: Vec<[f64; LANES]>,
    pub(super) tangents: Vec<[f64; LANES]>,
}

/// Stretches of sites of one channel: `(channel, first site, sites)`.
fn runs(channel: &[u8]) -> impl Iterator<Item = (usize, usize, usize)> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let &first = channel.get(start)?;
        let same = channel[start..].iter().take_while(|&&c| c == first).count();
        start += same;
        Some((usize::from(first), start - same, same))
    })
}

/// Directions, radial functions and angular factors of all sites.
pub(super) struct Prepare<'a, P> {
    pub(super) expansion: &'a DensityExpansion<P>,
    pub(super) environment: &'a Environment<'a>,
    pub(super) derivatives: bool,
    pub(super) scratch: &'a mut ExpansionScratch,
    pub(super) stop: &'a Stop<'a>,
}

impl<P: RadialBasis> Kernel for Prepare<'_, P> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn run<V: Lanes>(self) -> Result<(), Error> {
        let Self { expansion, environment, derivatives, scratch, stop } = self;
        scratch.n_blocks = 0;
        let mut first_row = 0;
        for (channel, start, length) in runs(environment.channel) {
            let basis = &expansion.bases[channel];
            let n_packs = basis.n_packs();
            stop.check_after(length * n_packs)?;
            scratch.grow(first_row + length * n_packs + beyond(n_packs), length, derivatives)?;
            let r = &environment.r[start..start + length];
            let rows = &mut scratch.rows[first_row..];
            if derivatives {
                let derivatives = &mut scratch.derivatives[first_row..];
                basis.evaluate_with_derivative::<V>(r, &mut scratch.points, rows, derivatives);
            } else {
                basis.evaluate::<V>(r, &mut scratch.points, rows);
            }
            for part in (0..length).step_by(SITES_PER_BLOCK) {
                if scratch.blocks.len() == scratch.n_blocks {
                    memory::reserve(PURPOSE, &mut scratch.blocks, 1)?;
                    scratch.blocks.push(SiteBlock::new(expansion.harmonics.l_max() + 1)?);
                }
                let block = &mut scratch.blocks[scratch.n_blocks];
                (block.channel, block.start, block.n_sites) =
                    (channel, start + part, (length - part).min(SITES_PER_BLOCK));
                block.first_row = first_row + part * n_packs;
                let r = block.aim::<V>(environment);
                let derivatives = derivatives.then(|| &scratch.derivatives[block.first_row..]);
                basis.angular::<V>(&r, &scratch.rows[block.first_row..], derivatives, block);
                scratch.n_blocks += 1;
            }
            first_row += length * n_packs;
        }
        Ok(())
    }
}

impl BlockScratch {
    /// Writes the harmonics and gradients of the sites of `pack`, site by site.
    #[inline(always)]
    pub(super) fn transpose<V: Lanes>(&mut self, pack: usize, n_harmonics: usize) {
        let n_packs = Pack::holding(n_harmonics);
        let [x, y, z] = &self.gradients;
        for (kind, from) in [&self.harmonics, x, y, z].into_iter().enumerate() {
            for (group, from) in from.chunks_exact(LANES).take(n_packs).enumerate() {
                let mut rows = [V::zero(); LANES];
                for (row, from) in rows.iter_mut().zip(from) {
                    *row = from.load(pack);
                }
                for (site, lanes) in V::transpose(rows).into_iter().enumerate() {
                    lanes.store(&mut self.of_sites[(site * 4 + kind) * n_packs + group]);
                }
            }
        }
    }

    /// Harmonics and gradients of one site of the present pack.
    pub(super) fn angular_of(&self, lane: usize, n_harmonics: usize) -> [&[f64]; 4] {
        let n_packs = Pack::holding(n_harmonics);
        std::array::from_fn(|kind| self.of_sites[(lane * 4 + kind) * n_packs..][..n_packs].as_flattened())
    }
}

impl ExpansionScratch {
    /// Buffers for `n_separate` sets of radial functions.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub(super) fn new(harmonics: &Harmonics, n_separate: usize) -> Result<Self, Error> {
        let n_rows = harmonics.len() + PADDING;
        let n_functions = gemm::MAX_PACKS * LANES * n_separate;
        let lanes = |n| memory::filled(PURPOSE, n, SiteLanes::ZERO);
        let packs = |n| memory::zeros(PURPOSE, n);
        let work = BlockScratch {
            harmonics: lanes(n_rows)?,
            gradients: [lanes(n_rows)?, lanes(n_rows)?, lanes(n_rows)?],
            legendre: harmonics.legendre(),
            of_sites: packs(LANES * 4 * Pack::holding(harmonics.len()))?,
            functions: [lanes(n_functions)?, lanes(n_functions)?],
            adjoint: [lanes(n_rows)?, lanes(n_rows)?],
            sums: packs(n_rows * gemm::MAX_PACKS)?,
            tangents: packs(n_rows * gemm::MAX_PACKS)?,
        };
        Ok(Self {
            blocks: Vec::new(),
            n_blocks: 0,
            rows: Vec::new(),
            derivatives: Vec::new(),
            points: EvaluationPoints::default(),
            work,
        })
    }

    /// Exchanges the prepared sites with others.
    pub fn exchange(&mut self, kept: &mut KeptSites) {
        std::mem::swap(&mut self.blocks, &mut kept.blocks);
        std::mem::swap(&mut self.n_blocks, &mut kept.n_blocks);
        std::mem::swap(&mut self.rows, &mut kept.rows);
        std::mem::swap(&mut self.derivatives, &mut kept.derivatives);
    }

    /// Makes room for rows of this many packs together, of so many sites.
    fn grow(&mut self, n_packs: usize, n_sites: usize, derivatives: bool) -> Result<(), Error> {
        self.points.expect(n_sites)?;
        if self.rows.len() < n_packs {
            memory::resize(PURPOSE, &mut self.rows, n_packs, [0.0; LANES])?;
        }
        if derivatives && self.derivatives.len() < n_packs {
            memory::resize(PURPOSE, &mut self.derivatives, n_packs, [0.0; LANES])?;
        }
        Ok(())
    }
}
