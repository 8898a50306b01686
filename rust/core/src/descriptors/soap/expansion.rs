//! From sites to density coefficients, `c[lm][n] = Σ_j b_n(r_j) A_l(r_j) Y_lm(r̂_j)`, and back.
//!
//! Sites are taken a [`Block`] at a time. Of a block are computed, side by side in lanes, directions, decay, profiles
//! and harmonics; one product adds the block to the coefficients of its species. The normalising factors of the
//! harmonics belong to `lm` and are applied to the sums.

use std::ops::Range;

use super::block::{Block, RadialRows, beyond, columns};
use super::jacobian::SiteTerms;
use super::profile::Profile;
use crate::descriptors::{CenterKind, Environment};
use crate::math::harmonics::{Harmonics, Legendre};
use crate::math::piecewise::Places;
use crate::simd::gemm::{self, PADDING};
use crate::simd::{BLOCK, Isa, Kernel, LANES, Lanes, Row};

/// The density expansion of all species.
#[derive(Debug, Clone)]
pub struct Expansion<P> {
    harmonics: Harmonics,
    profiles: Vec<P>,
    /// First radial function of each species among all.
    first: Vec<usize>,
    n_functions: usize,
    centers: CenterDensities,
}

/// What a center adds to the coefficients at `l = 0` by being there: one number a radial function of all species.
#[derive(Debug, Clone, PartialEq)]
pub struct CenterDensities {
    /// By the channel of the center.
    pub of_channel: Vec<Vec<f64>>,
    /// Of an atom that has no channel.
    pub of_others: Option<Vec<f64>>,
}

/// The sites of one center, and buffers for what becomes of them.
#[derive(Debug)]
pub struct Sites {
    center: CenterKind,
    blocks: Vec<Block>,
    /// Blocks of the present center.
    n_blocks: usize,
    /// Radial functions of all sites, a row each, and their derivatives.
    rows: Vec<[f64; LANES]>,
    slopes: Vec<[f64; LANES]>,
    places: Places,
    work: Work,
}

/// Buffers for one block.
#[derive(Debug)]
struct Work {
    /// `A_l · Y_lm / N_lm`.
    harmonics: Vec<Row>,
    /// Its gradient with respect to the site's position.
    gradients: [Vec<Row>; 3],
    legendre: Legendre,
    /// Radial functions and derivatives with sites in lanes.
    functions: [Vec<Row>; 2],
    /// Adjoints of the harmonics: `Σ_n c̄ b_n` and `Σ_n c̄ b_n'`; or their rates.
    adjoint: [Vec<Row>; 2],
    /// Coefficients of one species, `[lm][pack]`, and their tangents.
    sums: Vec<[f64; LANES]>,
    tangents: Vec<[f64; LANES]>,
}

impl<P: Profile> Expansion<P> {
    /// An expansion up to degree `l_max` in the radial functions of `profiles`.
    pub fn new(l_max: usize, profiles: Vec<P>, centers: CenterDensities) -> Self {
        let first = profiles
            .iter()
            .scan(0, |sum, profile| {
                *sum += profile.n_max();
                Some(*sum - profile.n_max())
            })
            .collect();
        let n_functions = profiles.iter().map(Profile::n_max).sum();
        Self { harmonics: Harmonics::new(l_max), profiles, first, n_functions, centers }
    }

    /// The harmonics of the expansion.
    pub fn harmonics(&self) -> &Harmonics {
        &self.harmonics
    }

    /// Length of one `lm` in the coefficients: the functions of all species, rounded up to whole packs.
    pub fn stride(&self) -> usize {
        self.n_functions.next_multiple_of(LANES)
    }

    /// The radial functions of `channel` among all.
    pub fn functions_of(&self, channel: usize) -> std::ops::Range<usize> {
        self.first[channel]..self.first[channel] + self.profiles[channel].n_max()
    }

    /// Number of coefficients, `[lm][stride]`.
    pub fn n_coefficients(&self) -> usize {
        self.harmonics.len() * self.stride()
    }

    /// Degrees that have radial functions of their own: all, or one for all.
    fn n_separate(&self) -> usize {
        if P::BY_DEGREE { self.harmonics.l_max() + 1 } else { 1 }
    }

    /// Buffers for one worker.
    pub fn sites(&self) -> Sites {
        let n_rows = self.harmonics.len() + PADDING;
        let n_functions = gemm::MAX_PACKS * LANES * self.n_separate();
        let lanes = |n| vec![Row::ZERO; n];
        let packs = |n| vec![[0.0; LANES]; n];
        let work = Work {
            harmonics: lanes(n_rows),
            gradients: [lanes(n_rows), lanes(n_rows), lanes(n_rows)],
            legendre: self.harmonics.legendre(),
            functions: [lanes(n_functions), lanes(n_functions)],
            adjoint: [lanes(n_rows), lanes(n_rows)],
            sums: packs(n_rows * gemm::MAX_PACKS),
            tangents: packs(n_rows * gemm::MAX_PACKS),
        };
        Sites {
            center: CenterKind::Point,
            blocks: Vec::new(),
            n_blocks: 0,
            rows: Vec::new(),
            slopes: Vec::new(),
            places: Places::default(),
            work,
        }
    }

    /// Computes directions and profiles of all sites, with derivatives where `slopes` are asked for.
    pub fn prepare(&self, environment: &Environment<'_>, slopes: bool, sites: &mut Sites) {
        Isa::detect().run(Prepare { expansion: self, environment, slopes, sites });
    }

    /// Writes the coefficients of the prepared sites.
    pub fn expand(&self, sites: &mut Sites, coefficients: &mut [f64]) {
        Isa::detect().run(Expand { expansion: self, sites, velocity: None, coefficients, tangent: &mut [] });
    }

    /// Writes the coefficients and their derivative along the velocities of the sites, prepared with slopes.
    pub fn expand_tangent(
        &self,
        velocity: &[[f64; 3]],
        sites: &mut Sites,
        coefficients: &mut [f64],
        tangent: &mut [f64],
    ) {
        Isa::detect().run(Expand { expansion: self, sites, velocity: Some(velocity), coefficients, tangent });
    }

    /// Writes the gradient of `Σ adjoint · coefficients` with respect to each site, prepared with slopes.
    pub fn expand_pullback(&self, adjoint: &[f64], sites: &mut Sites, pull: &mut [[f64; 3]]) {
        Isa::detect().run(ExpandPullback { expansion: self, adjoint, sites, pull });
    }

    /// Hands `visit(site, terms)` what the Jacobian needs to know of each site, prepared with slopes.
    pub fn visit_sites(&self, sites: &mut Sites, visit: &mut dyn FnMut(usize, SiteTerms<'_>)) {
        let Sites { blocks, n_blocks, rows, slopes, work, .. } = sites;
        for block in &blocks[..*n_blocks] {
            let functions = self.functions_of(block.channel);
            let width = self.profiles[block.channel].n_packs() * LANES;
            let length = functions.len() * self.n_separate();
            for lane in 0..block.n_sites {
                if lane % LANES == 0 {
                    // One pack at a time: its rows are read once a site, and should still be near.
                    Isa::detect().run(Differentiate { expansion: self, pack: lane / LANES, block, work });
                }
                let place = block.first_row * LANES + lane * width;
                let terms = SiteTerms {
                    lane,
                    species: functions.clone(),
                    by_degree: P::BY_DEGREE,
                    functions: &rows.as_flattened()[place..][..length],
                    slopes: &slopes.as_flattened()[place..][..length],
                    unit: [block.unit[0].0[lane], block.unit[1].0[lane], block.unit[2].0[lane]],
                    harmonics: &work.harmonics,
                    gradients: work.gradients.each_ref().map(Vec::as_slice),
                };
                visit(block.start + lane, terms);
            }
        }
    }
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

/// Directions and profiles of all sites.
struct Prepare<'a, P> {
    expansion: &'a Expansion<P>,
    environment: &'a Environment<'a>,
    slopes: bool,
    sites: &'a mut Sites,
}

impl<P: Profile> Kernel for Prepare<'_, P> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { expansion, environment, slopes, sites } = self;
        sites.center = environment.center;
        sites.n_blocks = 0;
        let mut first_row = 0;
        for (channel, start, length) in runs(environment.channel) {
            let profile = &expansion.profiles[channel];
            let n_packs = profile.n_packs();
            sites.grow(first_row + length * n_packs + beyond(n_packs), slopes);
            let r = &environment.r[start..start + length];
            let rows = &mut sites.rows[first_row..];
            if slopes {
                let slopes = &mut sites.slopes[first_row..];
                profile.evaluate_with_derivative::<V>(r, &mut sites.places, rows, slopes);
            } else {
                profile.evaluate::<V>(r, &mut sites.places, rows);
            }
            for part in (0..length).step_by(BLOCK) {
                if sites.blocks.len() == sites.n_blocks {
                    sites.blocks.push(Block::new(expansion.harmonics.l_max() + 1));
                }
                let rows = RadialRows { values: &sites.rows, slopes: slopes.then_some(&*sites.slopes) };
                let block = &mut sites.blocks[sites.n_blocks];
                (block.channel, block.start, block.n_sites) = (channel, start + part, (length - part).min(BLOCK));
                block.first_row = first_row + part * n_packs;
                block.fill::<V, P>(environment, profile, rows);
                sites.n_blocks += 1;
            }
            first_row += length * n_packs;
        }
    }
}

impl Sites {
    /// Makes room for rows of this many packs together.
    fn grow(&mut self, n_packs: usize, slopes: bool) {
        if self.rows.len() < n_packs {
            self.rows.resize(n_packs, [0.0; LANES]);
        }
        if slopes && self.slopes.len() < n_packs {
            self.slopes.resize(n_packs, [0.0; LANES]);
        }
    }
}

impl<P: Profile> Expansion<P> {
    /// Harmonics times angular profiles.
    #[inline(always)]
    fn harmonics_of<V: Lanes>(&self, packs: Range<usize>, block: &Block, work: &mut Work) {
        for pack in packs {
            self.harmonics.values::<V>(pack, &block.unit, &block.angular, &mut work.harmonics);
        }
    }

    /// Their gradients: `û A_l' Y + A_l (∂Y - l û Y) / r`.
    #[inline(always)]
    fn gradients_of<V: Lanes>(&self, packs: Range<usize>, block: &Block, work: &mut Work) {
        for pack in packs {
            self.harmonics.tabulate::<V>(pack, &block.unit, &mut work.legendre);
            let [x, y, z] = &mut work.gradients;
            self.harmonics.gradients::<V>(pack, &block.unit, &work.legendre, &block.angular, [x, y, z]);
            // The harmonics with the slopes of their profiles, for the radial part.
            let radial = &mut work.adjoint[0];
            self.harmonics.values::<V>(pack, &block.unit, &block.angular_slope, radial);
            let inverse = block.inverse.load::<V>(pack);
            let [ux, uy, uz] = [block.unit[0].load::<V>(pack), block.unit[1].load(pack), block.unit[2].load(pack)];
            for (row, degree) in self.harmonics.degrees().enumerate() {
                let value = work.harmonics[row].load::<V>(pack);
                let along = inverse.mul(V::splat(degree as f64)).neg_mul_add(value, radial[row].load(pack));
                let [x, y, z] = &mut work.gradients;
                for (rows, unit) in [(x, ux), (y, uy), (z, uz)] {
                    let tangential = inverse.mul(rows[row].load(pack));
                    rows[row].store(pack, unit.mul_add(along, tangential));
                }
            }
        }
    }

    /// The gradient with respect to the positions of eight sites, from the adjoints of their harmonics.
    #[inline(always)]
    fn pull_on<V: Lanes>(&self, pack: usize, block: &Block, work: &mut Work) -> [[f64; LANES]; 3] {
        self.harmonics.tabulate::<V>(pack, &block.unit, &mut work.legendre);
        let profiles = [block.angular.as_slice(), block.angular_slope.as_slice()];
        let adjoints = [work.adjoint[0].as_slice(), work.adjoint[1].as_slice()];
        let [gx, gy, gz, radial] = self.harmonics.pullback::<V>(pack, &block.unit, &work.legendre, profiles, adjoints);
        let [x, y, z] = [block.unit[0].load::<V>(pack), block.unit[1].load(pack), block.unit[2].load(pack)];
        let inverse = block.inverse.load::<V>(pack);
        // Of the gradient of a homogeneous polynomial only the part along the sphere is the harmonic's.
        let outward = x.mul_add(gx, y.mul_add(gy, z.mul(gz)));
        let along = inverse.neg_mul_add(outward, radial);
        [
            x.mul_add(along, inverse.mul(gx)).to_array(),
            y.mul_add(along, inverse.mul(gy)).to_array(),
            z.mul_add(along, inverse.mul(gz)).to_array(),
        ]
    }

    /// Writes the sums of one species, normalised, into its columns of all coefficients.
    #[inline(always)]
    fn scatter(&self, sums: &[[f64; LANES]], channel: usize, coefficients: &mut [f64]) {
        let (stride, columns) = (self.stride(), self.functions_of(channel));
        let n_packs = columns.len().div_ceil(LANES);
        let rows = coefficients.chunks_exact_mut(stride).zip(self.harmonics.norms()).zip(sums.chunks_exact(n_packs));
        for ((row, norm), sums) in rows {
            let row = &mut row[columns.clone()];
            for (slot, sum) in row.iter_mut().zip(sums.as_flattened()) {
                *slot = norm * sum;
            }
        }
    }

    /// The columns of one species out of the adjoints of all coefficients, normalised as the sums will be.
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

/// The coefficients of one center, and their derivative where a velocity is given.
struct Expand<'a, P> {
    expansion: &'a Expansion<P>,
    sites: &'a mut Sites,
    velocity: Option<&'a [[f64; 3]]>,
    coefficients: &'a mut [f64],
    tangent: &'a mut [f64],
}

impl<P: Profile> Kernel for Expand<'_, P> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(mut self) {
        self.coefficients.fill(0.0);
        self.tangent.fill(0.0);
        let n_blocks = self.sites.n_blocks;
        for k in 0..n_blocks {
            let channel = self.sites.blocks[k].channel;
            let opens = k == 0 || self.sites.blocks[k - 1].channel != channel;
            self.add_block::<V>(k, opens);
            let closes = k + 1 == n_blocks || self.sites.blocks[k + 1].channel != channel;
            if closes {
                self.expansion.scatter(&self.sites.work.sums, channel, self.coefficients);
                if self.velocity.is_some() {
                    self.expansion.scatter(&self.sites.work.tangents, channel, self.tangent);
                }
            }
        }
        if let Some(density) = self.expansion.centers.of(self.sites.center) {
            self.coefficients.iter_mut().zip(density).for_each(|(slot, share)| *slot += share);
        }
    }
}

impl CenterDensities {
    /// Each center in the functions of its own species.
    pub fn own(densities: &[&[f64]]) -> Self {
        let before = |channel: usize| densities[..channel].iter().map(|own| own.len()).sum::<usize>();
        let n_functions = before(densities.len());
        let of = |(channel, own): (usize, &&[f64])| {
            let mut all = vec![0.0; n_functions];
            all[before(channel)..][..own.len()].copy_from_slice(own);
            all
        };
        Self { of_channel: densities.iter().enumerate().map(of).collect(), of_others: None }
    }

    fn of(&self, center: CenterKind) -> Option<&[f64]> {
        match center {
            CenterKind::Atom(Some(channel)) => Some(&self.of_channel[usize::from(channel)]),
            CenterKind::Atom(None) => self.of_others.as_deref(),
            CenterKind::Point => None,
        }
    }
}

impl<P: Profile> Expand<'_, P> {
    /// Adds a block to the sums of its species, which it may open.
    #[inline(always)]
    fn add_block<V: Lanes>(&mut self, k: usize, opens: bool) {
        let expansion = self.expansion;
        let Sites { blocks, rows, slopes, work, .. } = &mut *self.sites;
        let block = &blocks[k];
        let profile = &expansion.profiles[block.channel];
        let (n_rows, stride) = (expansion.harmonics.len(), profile.n_packs());
        let used = (n_rows + PADDING) * profile.n_max().div_ceil(LANES);
        if opens {
            work.sums[..used].fill([0.0; LANES]);
        }
        expansion.harmonics_of::<V>(block.packs(), block, work);
        expansion.add::<V>(block, &rows[block.first_row..], &work.harmonics, &mut work.sums);
        let Some(velocity) = self.velocity else { return };
        if opens {
            work.tangents[..used].fill([0.0; LANES]);
        }
        expansion.gradients_of::<V>(block.packs(), block, work);
        let slopes = &mut slopes[block.first_row..];
        move_sites::<V>(&velocity[block.start..][..block.n_sites], stride, n_rows, (block, slopes), work);
        expansion.add::<V>(block, slopes, &work.harmonics, &mut work.tangents);
        expansion.add::<V>(block, &rows[block.first_row..], &work.adjoint[0], &mut work.tangents);
    }
}

impl<P: Profile> Expansion<P> {
    /// Adds the products of the radial functions of a block with `harmonics` to the sums of its species.
    #[inline(always)]
    fn add<V: Lanes>(&self, block: &Block, functions: &[[f64; LANES]], harmonics: &[Row], sums: &mut [[f64; LANES]]) {
        let profile = &self.profiles[block.channel];
        let (n, functions) = (profile.n_max(), (functions, profile.n_packs()));
        if P::BY_DEGREE {
            let shape = (self.harmonics.l_max(), n);
            gemm::accumulate_by_degree::<V>(shape, block.n_sites, functions, harmonics, sums);
        } else {
            let n_packs = n.div_ceil(LANES);
            gemm::accumulate::<V>(self.harmonics.len(), n_packs, block.n_sites, functions, harmonics, sums);
        }
    }

    /// Adjoints of the harmonics of eight sites, with the radial functions and with their slopes.
    #[inline(always)]
    fn project<V: Lanes>(&self, pack: usize, block: &Block, rows: [&[[f64; LANES]]; 2], work: &mut Work) {
        let profile = &self.profiles[block.channel];
        let (n, stride) = (profile.n_max(), profile.n_packs());
        let n_functions = n * self.n_separate();
        let Work { functions: [functions, slopes], adjoint: [x, dx], sums, .. } = work;
        columns::<V>(rows[0], stride, 0..n_functions, pack, functions);
        columns::<V>(rows[1], stride, 0..n_functions, pack, slopes);
        let functions = [&functions[..n_functions], &slopes[..n_functions]];
        if P::BY_DEGREE {
            gemm::project_by_degree::<V>((self.harmonics.l_max(), n), pack, functions, sums, [x, dx]);
        } else {
            let n_packs = n.div_ceil(LANES);
            gemm::project::<V>(self.harmonics.len(), n_packs, pack, functions, sums, [x, dx]);
        }
    }
}

/// Turns slopes of the radial functions into their rates (`slopes`), and gradients of the harmonics into theirs
/// (`adjoint`), for sites that move.
#[inline(always)]
fn move_sites<V: Lanes>(
    velocity: &[[f64; 3]],
    row_stride: usize,
    n_rows: usize,
    (block, slopes): (&Block, &mut [[f64; LANES]]),
    work: &mut Work,
) {
    let mut v = [Row::ZERO; 3];
    for (j, site) in velocity.iter().enumerate() {
        let mut along = 0.0;
        for i in 0..3 {
            v[i].0[j] = site[i];
            along += block.unit[i].0[j] * site[i];
        }
        for slope in slopes[j * row_stride..(j + 1) * row_stride].as_flattened_mut() {
            *slope *= along;
        }
    }
    for pack in block.packs() {
        let [vx, vy, vz] = [v[0].load::<V>(pack), v[1].load(pack), v[2].load(pack)];
        let [x, y, z] = &work.gradients;
        for (((rate, x), y), z) in work.adjoint[0][..n_rows].iter_mut().zip(x).zip(y).zip(z) {
            rate.store(pack, vx.mul_add(x.load(pack), vy.mul_add(y.load(pack), vz.mul(z.load(pack)))));
        }
    }
}

/// Harmonics and their gradients of one pack of a block.
struct Differentiate<'a, P> {
    expansion: &'a Expansion<P>,
    pack: usize,
    block: &'a Block,
    work: &'a mut Work,
}

impl<P: Profile> Kernel for Differentiate<'_, P> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let packs = self.pack..self.pack + 1;
        self.expansion.harmonics_of::<V>(packs.clone(), self.block, self.work);
        self.expansion.gradients_of::<V>(packs, self.block, self.work);
    }
}

/// The way back from coefficients to sites.
struct ExpandPullback<'a, P> {
    expansion: &'a Expansion<P>,
    adjoint: &'a [f64],
    sites: &'a mut Sites,
    pull: &'a mut [[f64; 3]],
}

impl<P: Profile> Kernel for ExpandPullback<'_, P> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { expansion, adjoint, sites, pull } = self;
        let Sites { blocks, n_blocks, rows, slopes, work, .. } = sites;
        let mut gathered = None;
        for block in &blocks[..*n_blocks] {
            if gathered != Some(block.channel) {
                expansion.gather(adjoint, block.channel, &mut work.sums);
                gathered = Some(block.channel);
            }
            for pack in block.packs() {
                expansion.project::<V>(pack, block, [&rows[block.first_row..], &slopes[block.first_row..]], work);
                let [fx, fy, fz] = expansion.pull_on::<V>(pack, block, work);
                let sites = pull[block.start..][..block.n_sites].iter_mut().skip(pack * LANES);
                for (((site, x), y), z) in sites.zip(fx).zip(fy).zip(fz) {
                    *site = [x, y, z];
                }
            }
        }
    }
}
