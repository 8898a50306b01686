//! From sites to density coefficients, `c[lm][n] = Σ_j b_n(r_j) A_l(r_j) Y_lm(r̂_j)`, and back.
//!
//! Sites are taken a [`Block`] at a time. Of a block are computed, side by side in lanes, directions, decay, profiles
//! and harmonics; one product adds the block to the coefficients of its species. The normalising factors of the
//! harmonics belong to `lm` and are applied to the sums.

use super::block::{Block, columns};
use super::jacobian::SiteTerms;
use super::radial::Profile;
use crate::descriptors::Environment;
use crate::math::harmonics::{Harmonics, Legendre};
use crate::simd::gemm::{self, PADDING};
use crate::simd::{BLOCK, Isa, Kernel, LANES, Lanes, Row};

/// The density expansion of all species.
#[derive(Debug, Clone)]
pub struct Expansion {
    r_cut: f64,
    harmonics: Harmonics,
    profiles: Vec<Profile>,
    /// First radial function of each species among all.
    first: Vec<usize>,
    n_functions: usize,
}

/// The sites of one center, and buffers for what becomes of them.
#[derive(Debug)]
pub struct Sites {
    center: Option<usize>,
    blocks: Vec<Block>,
    /// Blocks of the present center.
    n_blocks: usize,
    work: Work,
}

/// Buffers for one block.
#[derive(Debug)]
struct Work {
    /// `P^a · 4π A_l · Y_lm / N_lm`.
    harmonics: Vec<Row>,
    /// Its gradient with respect to the site's position.
    gradients: [Vec<Row>; 3],
    legendre: Legendre,
    /// Radial functions and derivatives with sites in lanes.
    functions: [Vec<Row>; 2],
    /// Adjoints of the harmonics: `Σ_n c̄ b_n` and `Σ_n c̄ b_n'`; or their rates.
    adjoint: [Vec<Row>; 2],
    /// Coefficients of one species, `[row][pack]`, and their tangents.
    sums: Vec<[f64; LANES]>,
    tangents: Vec<[f64; LANES]>,
}

impl Expansion {
    /// An expansion up to degree `l_max` in the radial functions of `profiles`.
    pub fn new(r_cut: f64, l_max: usize, profiles: Vec<Profile>) -> Self {
        let first = profiles
            .iter()
            .scan(0, |sum, profile| {
                *sum += profile.n_max;
                Some(*sum - profile.n_max)
            })
            .collect();
        let n_functions = profiles.iter().map(|profile| profile.n_max).sum();
        Self { r_cut, harmonics: Harmonics::new(l_max), profiles, first, n_functions }
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
        self.first[channel]..self.first[channel] + self.profiles[channel].n_max
    }

    /// Number of coefficients, `[lm][stride]`.
    pub fn n_coefficients(&self) -> usize {
        self.harmonics.len() * self.stride()
    }

    /// Buffers for one worker.
    pub fn sites(&self) -> Sites {
        let n_rows = self.harmonics.len() + PADDING;
        let lanes = |n| vec![Row::ZERO; n];
        let packs = |n| vec![[0.0; LANES]; n];
        let work = Work {
            harmonics: lanes(n_rows),
            gradients: [lanes(n_rows), lanes(n_rows), lanes(n_rows)],
            legendre: self.harmonics.legendre(),
            functions: [lanes(gemm::MAX_PACKS * LANES), lanes(gemm::MAX_PACKS * LANES)],
            adjoint: [lanes(n_rows), lanes(n_rows)],
            sums: packs(n_rows * gemm::MAX_PACKS),
            tangents: packs(n_rows * gemm::MAX_PACKS),
        };
        Sites { center: None, blocks: Vec::new(), n_blocks: 0, work }
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
        let Sites { blocks, n_blocks, work, .. } = sites;
        for block in &blocks[..*n_blocks] {
            Isa::detect().run(Differentiate { expansion: self, block, work });
            let functions = self.functions_of(block.channel);
            let width = self.profiles[block.channel].n_packs() * LANES;
            for lane in 0..block.n_sites {
                let place = lane * width..lane * width + functions.len();
                let terms = SiteTerms {
                    lane,
                    first: functions.start,
                    functions: &block.rows.as_flattened()[place.clone()],
                    slopes: &block.slopes.as_flattened()[place],
                    unit: [block.unit[0].0[lane], block.unit[1].0[lane], block.unit[2].0[lane]],
                    harmonics: &work.harmonics,
                    gradients: work.gradients.each_ref().map(Vec::as_slice),
                };
                visit(block.start + lane, terms);
            }
        }
    }
}

/// Cuts sites into blocks of one channel each: `(channel, first site, sites)`.
fn parts(channel: &[u8]) -> impl Iterator<Item = (usize, usize, usize)> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let &first = channel.get(start)?;
        let same = channel[start..].iter().take(BLOCK).take_while(|&&c| c == first).count();
        start += same;
        Some((usize::from(first), start - same, same))
    })
}

/// Directions and profiles of all sites.
struct Prepare<'a> {
    expansion: &'a Expansion,
    environment: &'a Environment<'a>,
    slopes: bool,
    sites: &'a mut Sites,
}

impl Kernel for Prepare<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { expansion, environment, slopes, sites } = self;
        sites.center = environment.center.map(usize::from);
        sites.n_blocks = 0;
        for part in parts(environment.channel) {
            if sites.blocks.len() == sites.n_blocks {
                let n_packs = expansion.profiles.iter().map(Profile::n_packs).max().unwrap_or(1);
                sites.blocks.push(Block::new(n_packs, expansion.harmonics.l_max() + 1));
            }
            let profile = &expansion.profiles[part.0];
            sites.blocks[sites.n_blocks].fill::<V>(environment, part, (profile, expansion.r_cut), slopes);
            sites.n_blocks += 1;
        }
    }
}

impl Expansion {
    /// Harmonics times angular profiles.
    #[inline(always)]
    fn harmonics_of<V: Lanes>(&self, block: &Block, work: &mut Work) {
        for pack in block.packs() {
            self.harmonics.values::<V>(pack, &block.unit, &block.angular, &mut work.harmonics);
        }
    }

    /// Their gradients: `û A_l' Y + A_l (∂Y - l û Y) / r`.
    #[inline(always)]
    fn gradients_of<V: Lanes>(&self, block: &Block, work: &mut Work) {
        for pack in block.packs() {
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
struct Expand<'a> {
    expansion: &'a Expansion,
    sites: &'a mut Sites,
    velocity: Option<&'a [[f64; 3]]>,
    coefficients: &'a mut [f64],
    tangent: &'a mut [f64],
}

impl Kernel for Expand<'_> {
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
        if let Some(channel) = self.sites.center {
            let center = &self.expansion.profiles[channel].center;
            let slots = &mut self.coefficients[self.expansion.functions_of(channel)];
            slots.iter_mut().zip(center).for_each(|(slot, share)| *slot += share);
        }
    }
}

impl Expand<'_> {
    /// Adds a block to the sums of its species, which it may open.
    #[inline(always)]
    fn add_block<V: Lanes>(&mut self, k: usize, opens: bool) {
        let (expansion, work) = (self.expansion, &mut self.sites.work);
        let block = &mut self.sites.blocks[k];
        let profile = &expansion.profiles[block.channel];
        let (n_rows, stride) = (expansion.harmonics.len(), profile.n_packs());
        let n_packs = profile.n_max.div_ceil(LANES);
        let used = (n_rows + PADDING) * n_packs;
        if opens {
            work.sums[..used].fill([0.0; LANES]);
        }
        expansion.harmonics_of::<V>(block, work);
        let add = gemm::accumulate::<V>;
        add(n_rows, n_packs, block.n_sites, (&block.rows, stride), &work.harmonics, &mut work.sums);
        let Some(velocity) = self.velocity else { return };
        if opens {
            work.tangents[..used].fill([0.0; LANES]);
        }
        expansion.gradients_of::<V>(block, work);
        move_sites::<V>(&velocity[block.start..][..block.n_sites], stride, n_rows, block, work);
        add(n_rows, n_packs, block.n_sites, (&block.slopes, stride), &work.harmonics, &mut work.tangents);
        add(n_rows, n_packs, block.n_sites, (&block.rows, stride), &work.adjoint[0], &mut work.tangents);
    }
}

/// Turns slopes of the radial functions into their rates (`slopes`), and gradients of the harmonics into theirs
/// (`adjoint`), for sites that move.
#[inline(always)]
fn move_sites<V: Lanes>(velocity: &[[f64; 3]], row_stride: usize, n_rows: usize, block: &mut Block, work: &mut Work) {
    let mut v = [Row::ZERO; 3];
    for (j, site) in velocity.iter().enumerate() {
        let mut along = 0.0;
        for i in 0..3 {
            v[i].0[j] = site[i];
            along += block.unit[i].0[j] * site[i];
        }
        for slope in block.slopes[j * row_stride..(j + 1) * row_stride].as_flattened_mut() {
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

/// Values and gradients of one block.
struct Differentiate<'a> {
    expansion: &'a Expansion,
    block: &'a Block,
    work: &'a mut Work,
}

impl Kernel for Differentiate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        self.expansion.harmonics_of::<V>(self.block, self.work);
        self.expansion.gradients_of::<V>(self.block, self.work);
    }
}

/// The way back from coefficients to sites.
struct ExpandPullback<'a> {
    expansion: &'a Expansion,
    adjoint: &'a [f64],
    sites: &'a mut Sites,
    pull: &'a mut [[f64; 3]],
}

impl Kernel for ExpandPullback<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { expansion, adjoint, sites, pull } = self;
        let Sites { blocks, n_blocks, work, .. } = sites;
        let mut gathered = None;
        for block in &blocks[..*n_blocks] {
            let profile = &expansion.profiles[block.channel];
            let n_packs = profile.n_max.div_ceil(LANES);
            if gathered != Some(block.channel) {
                expansion.gather(adjoint, block.channel, &mut work.sums);
                gathered = Some(block.channel);
            }
            for pack in block.packs() {
                let Work { functions: [functions, slopes], adjoint: [x, dx], sums, .. } = &mut *work;
                columns::<V>(&block.rows, profile.n_packs(), 0..profile.n_max, pack, functions);
                columns::<V>(&block.slopes, profile.n_packs(), 0..profile.n_max, pack, slopes);
                let functions = [&functions[..profile.n_max], &slopes[..profile.n_max]];
                gemm::project::<V>(expansion.harmonics.len(), n_packs, pack, functions, sums, [x, dx]);
                let [fx, fy, fz] = expansion.pull_on::<V>(pack, block, work);
                let sites = pull[block.start..][..block.n_sites].iter_mut().skip(pack * LANES);
                for (((site, x), y), z) in sites.zip(fx).zip(fy).zip(fz) {
                    *site = [x, y, z];
                }
            }
        }
    }
}
