//! The loops over blocks: coefficients, their tangents, and the way back.

use std::ops::Range;

use super::super::radial_basis::RadialBasis;
use super::super::site_block::{SiteBlock, columns};
use super::DensityExpansion;
use super::prepare::{BlockScratch, ExpansionScratch};
use crate::descriptors::CenterKind;
use crate::simd::gemm;
use crate::simd::{Kernel, LANES, Lanes, SiteLanes};
use crate::{Error, Stop};

/// Blocks between two checks for an interrupt; the first of few is not worth one.
const CHECK_EVERY: usize = 16;

/// The coefficients of one center, and their derivative where displacements are given.
pub(super) struct Expand<'a, P> {
    pub(super) expansion: &'a DensityExpansion<P>,
    pub(super) center: CenterKind,
    pub(super) scratch: &'a mut ExpansionScratch,
    pub(super) displacements: Option<&'a [[f64; 3]]>,
    pub(super) coefficients: &'a mut [f64],
    pub(super) tangent: &'a mut [f64],
    pub(super) stop: &'a Stop<'a>,
}

impl<P: RadialBasis> Kernel for Expand<'_, P> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn run<V: Lanes>(mut self) -> Result<(), Error> {
        let n_blocks = self.scratch.n_blocks;
        let mut block = 0;
        // Species without sites, and what fills up the rows.
        self.coefficients.fill(0.0);
        self.tangent.fill(0.0);
        for channel in 0..self.expansion.bases.len() {
            let first = block;
            while block < n_blocks && self.scratch.blocks[block].channel == channel {
                self.add_block::<V>(block, block == first);
                block += 1;
                if block % CHECK_EVERY == 0 {
                    self.stop.check()?;
                }
            }
            if block == first {
                continue;
            }
            let BlockScratch { sums, tangents, .. } = &self.scratch.work;
            self.expansion.scatter::<V>(sums, channel, self.coefficients);
            if self.displacements.is_some() {
                self.expansion.scatter::<V>(tangents, channel, self.tangent);
            }
        }
        if let Some(density) = self.expansion.centers.of(self.center) {
            self.coefficients.iter_mut().zip(density).for_each(|(slot, share)| *slot += share);
        }
        Ok(())
    }
}

impl<P: RadialBasis> Expand<'_, P> {
    /// Adds a block to the sums of its species, which it may open.
    #[inline(always)]
    fn add_block<V: Lanes>(&mut self, k: usize, opens: bool) {
        let expansion = self.expansion;
        let ExpansionScratch { blocks, rows, derivatives, work, .. } = &mut *self.scratch;
        let block = &blocks[k];
        let basis = &expansion.bases[block.channel];
        let (n_rows, stride) = (expansion.harmonics.len(), basis.n_packs());
        expansion.harmonics_of::<V>(block.packs(), block, work);
        expansion.add::<V>(block, &rows[block.first_row..], &work.harmonics, &mut work.sums, opens);
        let Some(displacements) = self.displacements else { return };
        expansion.gradients_of::<V>(block.packs(), block, work);
        let derivatives = &mut derivatives[block.first_row..];
        move_sites::<V>(&displacements[block.start..][..block.n_sites], stride, n_rows, (block, derivatives), work);
        expansion.add::<V>(block, derivatives, &work.harmonics, &mut work.tangents, opens);
        expansion.add::<V>(block, &rows[block.first_row..], &work.adjoint[0], &mut work.tangents, false);
    }
}

/// The way back from coefficients to sites.
pub(super) struct ExpandPullback<'a, P> {
    pub(super) expansion: &'a DensityExpansion<P>,
    pub(super) adjoint: &'a [f64],
    pub(super) scratch: &'a mut ExpansionScratch,
    pub(super) gradient: &'a mut [[f64; 3]],
    pub(super) stop: &'a Stop<'a>,
}

impl<P: RadialBasis> Kernel for ExpandPullback<'_, P> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn run<V: Lanes>(self) -> Result<(), Error> {
        let Self { expansion, adjoint, scratch, gradient, stop } = self;
        let ExpansionScratch { blocks, n_blocks, rows, derivatives, work, .. } = scratch;
        let mut gathered = None;
        for (k, block) in (1..).zip(&blocks[..*n_blocks]) {
            if k % CHECK_EVERY == 0 {
                stop.check()?;
            }
            if gathered != Some(block.channel) {
                expansion.gather(adjoint, block.channel, &mut work.sums);
                gathered = Some(block.channel);
            }
            for pack in block.packs() {
                expansion.project::<V>(pack, block, [&rows[block.first_row..], &derivatives[block.first_row..]], work);
                let [fx, fy, fz] = expansion.gradient_of_sites::<V>(pack, block, work);
                let sites = gradient[block.start..][..block.n_sites].iter_mut().skip(pack * LANES);
                for (((site, x), y), z) in sites.zip(fx).zip(fy).zip(fz) {
                    *site = [x, y, z];
                }
            }
        }
        Ok(())
    }
}

/// Turns derivatives of the radial functions into their rates (`derivatives`), and gradients of the harmonics into
/// theirs (`adjoint`), for sites that move.
#[inline(always)]
fn move_sites<V: Lanes>(
    displacements: &[[f64; 3]],
    row_stride: usize,
    n_rows: usize,
    (block, derivatives): (&SiteBlock, &mut [[f64; LANES]]),
    work: &mut BlockScratch,
) {
    let mut v = [SiteLanes::ZERO; 3];
    for (j, site) in displacements.iter().enumerate() {
        let mut along = 0.0;
        for i in 0..3 {
            v[i].0[j] = site[i];
            along += block.unit[i].0[j] * site[i];
        }
        for derivative in derivatives[j * row_stride..(j + 1) * row_stride].as_flattened_mut() {
            *derivative *= along;
        }
    }
    for pack in block.packs() {
        let [vx, vy, vz] = [v[0].load::<V>(pack), v[1].load(pack), v[2].load(pack)];
        let [x, y, z] = &work.gradients;
        for (((rate, x), y), z) in work.adjoint[0][..n_rows].iter_mut().zip(x).zip(y).zip(z) {
            rate.store(pack, vx.mul_add(x.load(pack), vy.mul_add(y.load(pack), vz * z.load(pack))));
        }
    }
}

/// Harmonics and their gradients of one pack of a block.
pub(super) struct HarmonicsWithGradients<'a, P> {
    pub(super) expansion: &'a DensityExpansion<P>,
    pub(super) pack: usize,
    pub(super) block: &'a SiteBlock,
    pub(super) work: &'a mut BlockScratch,
}

impl<P: RadialBasis> Kernel for HarmonicsWithGradients<'_, P> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let packs = self.pack..self.pack + 1;
        self.expansion.harmonics_of::<V>(packs.clone(), self.block, self.work);
        self.expansion.gradients_of::<V>(packs, self.block, self.work);
        self.work.transpose::<V>(self.pack, self.expansion.harmonics.len());
    }
}

impl<P: RadialBasis> DensityExpansion<P> {
    /// Harmonics times angular factors.
    #[inline(always)]
    fn harmonics_of<V: Lanes>(&self, packs: Range<usize>, block: &SiteBlock, work: &mut BlockScratch) {
        for pack in packs {
            self.harmonics.values::<V>(pack, &block.unit, &block.angular, &mut work.harmonics);
        }
    }

    /// Gradients of harmonics times angular factors: `û A_l' Y + A_l (∂Y - l û Y) / r`.
    #[inline(always)]
    fn gradients_of<V: Lanes>(&self, packs: Range<usize>, block: &SiteBlock, work: &mut BlockScratch) {
        for pack in packs {
            self.harmonics.tabulate::<V>(pack, &block.unit, &mut work.legendre);
            let [x, y, z] = &mut work.gradients;
            self.harmonics.gradients::<V>(pack, &block.unit, &work.legendre, &block.angular, [x, y, z]);
            // The harmonics with the derivatives of their angular factors, for the radial part.
            let radial = &mut work.adjoint[0];
            self.harmonics.values::<V>(pack, &block.unit, &block.angular_derivative, radial);
            let inverse = block.inverse.load::<V>(pack);
            let [ux, uy, uz] = [block.unit[0].load::<V>(pack), block.unit[1].load(pack), block.unit[2].load(pack)];
            for (row, degree) in self.harmonics.degrees().enumerate() {
                let value = work.harmonics[row].load::<V>(pack);
                let along = (inverse * V::splat(degree as f64)).neg_mul_add(value, radial[row].load(pack));
                let [x, y, z] = &mut work.gradients;
                for (rows, unit) in [(x, ux), (y, uy), (z, uz)] {
                    let tangential = inverse * rows[row].load(pack);
                    rows[row].store(pack, unit.mul_add(along, tangential));
                }
            }
        }
    }

    /// The gradient with respect to the positions of eight sites, from the adjoints of their harmonics.
    #[inline(always)]
    fn gradient_of_sites<V: Lanes>(
        &self,
        pack: usize,
        block: &SiteBlock,
        work: &mut BlockScratch,
    ) -> [[f64; LANES]; 3] {
        self.harmonics.tabulate::<V>(pack, &block.unit, &mut work.legendre);
        let factors = [block.angular.as_slice(), block.angular_derivative.as_slice()];
        let adjoints = [work.adjoint[0].as_slice(), work.adjoint[1].as_slice()];
        let [gx, gy, gz, radial] = self.harmonics.pullback::<V>(pack, &block.unit, &work.legendre, factors, adjoints);
        let [x, y, z] = [block.unit[0].load::<V>(pack), block.unit[1].load(pack), block.unit[2].load(pack)];
        let inverse = block.inverse.load::<V>(pack);
        // Of the gradient of a homogeneous polynomial only the part along the sphere is the harmonic's.
        let outward = x.mul_add(gx, y.mul_add(gy, z * gz));
        let along = inverse.neg_mul_add(outward, radial);
        [
            x.mul_add(along, inverse * gx).to_array(),
            y.mul_add(along, inverse * gy).to_array(),
            z.mul_add(along, inverse * gz).to_array(),
        ]
    }

    /// Writes the sums of one species, normalized, into its columns of all coefficients.
    #[inline(always)]
    fn scatter<V: Lanes>(&self, sums: &[[f64; LANES]], channel: usize, coefficients: &mut [f64]) {
        let (stride, own) = (self.stride(), self.functions_of(channel));
        let n_packs = own.len().div_ceil(LANES);
        let rows = coefficients.chunks_exact_mut(stride).zip(self.harmonics.norms()).zip(sums.chunks_exact(n_packs));
        for ((row, norm), sums) in rows {
            let (packs, rest) = row[own.clone()].as_chunks_mut();
            for (pack, sum) in packs.iter_mut().zip(sums) {
                (V::splat(*norm) * V::load(sum)).store(pack);
            }
            if let Some(sum) = sums.get(packs.len()) {
                rest.iter_mut().zip(sum).for_each(|(slot, sum)| *slot = norm * sum);
            }
        }
    }

    /// The columns of one species out of the adjoints of all coefficients, normalized as the sums will be.
    #[inline(always)]
    fn gather(&self, adjoint: &[f64], channel: usize, out: &mut [[f64; LANES]]) {
        let (stride, columns) = (self.stride(), self.functions_of(channel));
        let n_packs = columns.len().div_ceil(LANES);
        let rows = adjoint.chunks_exact(stride).zip(self.harmonics.norms()).zip(out.chunks_exact_mut(n_packs));
        for ((row, norm), out) in rows {
            let (row, out) = (&row[columns.clone()], out.as_flattened_mut());
            for (slot, a) in out.iter_mut().zip(row) {
                *slot = norm * a;
            }
            out[row.len()..].fill(0.0);
        }
    }
}

impl<P: RadialBasis> DensityExpansion<P> {
    /// Adds the products of the radial functions of a block with `harmonics` to the sums of its species.
    #[inline(always)]
    fn add<V: Lanes>(
        &self,
        block: &SiteBlock,
        functions: &[[f64; LANES]],
        harmonics: &[SiteLanes],
        sums: &mut [[f64; LANES]],
        opens: bool,
    ) {
        let basis = &self.bases[block.channel];
        let (n, functions) = (basis.n_max(), (functions, basis.n_packs()));
        if P::BY_DEGREE {
            let shape = (self.harmonics.l_max(), n);
            gemm::accumulate_by_degree::<V>(shape, block.n_sites, functions, harmonics, sums, opens);
        } else {
            let shape = (self.harmonics.len(), n);
            gemm::accumulate::<V>(shape, block.n_sites, functions, harmonics, sums, opens);
        }
    }

    /// Adjoints of the harmonics of eight sites, with the radial functions and with their derivatives.
    #[inline(always)]
    fn project<V: Lanes>(&self, pack: usize, block: &SiteBlock, rows: [&[[f64; LANES]]; 2], work: &mut BlockScratch) {
        let basis = &self.bases[block.channel];
        let (n, stride) = (basis.n_max(), basis.n_packs());
        let n_functions = n * self.n_separate();
        let BlockScratch { functions: [functions, derivatives], adjoint: [x, dx], sums, .. } = work;
        columns::<V>(rows[0], stride, 0..n_functions, pack, functions);
        columns::<V>(rows[1], stride, 0..n_functions, pack, derivatives);
        let functions = [&functions[..n_functions], &derivatives[..n_functions]];
        if P::BY_DEGREE {
            gemm::project_by_degree::<V>((self.harmonics.l_max(), n), pack, functions, sums, [x, dx]);
        } else {
            let n_packs = n.div_ceil(LANES);
            gemm::project::<V>(self.harmonics.len(), n_packs, pack, functions, sums, [x, dx]);
        }
    }
}
