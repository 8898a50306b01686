//! From sites to density coefficients, `c[lm][n] = Σ_j b_n(r_j) A_l(r_j) Y_lm(r̂_j)`, and back.
//!
//! Sites are taken [`BLOCK`] at a time. Of a block are computed, side by side in lanes, directions, decay, angular
//! profiles and harmonics; one product adds the block to the coefficients of its species. The normalising factors of
//! the harmonics belong to `lm` and are applied to the sums.

use super::jacobian::SiteTerms;
use super::radial::Profile;
use crate::descriptors::Environment;
use crate::math::harmonics::{Directions, Harmonics, Legendre};
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

/// What is known of the sites of one block.
#[derive(Debug)]
pub struct Block {
    /// Sites that mean something.
    n_sites: usize,
    unit: Directions,
    /// `1 / r`, and zero for a site at the center.
    inverse: Row,
    /// Radial functions and angular profiles of each site, and their derivatives.
    rows: Vec<[f64; LANES]>,
    slopes: Vec<[f64; LANES]>,
    /// `P^a · 4π A_l` and its derivative.
    angular: Vec<Row>,
    angular_slope: Vec<Row>,
    /// `P^a · 4π A_l · Y_lm / N_lm`.
    harmonics: Vec<Row>,
    /// Its gradient with respect to the site's position.
    gradients: [Vec<Row>; 3],
    legendre: Legendre,
    /// Radial functions and derivatives with sites in lanes.
    functions: Vec<Row>,
    function_slopes: Vec<Row>,
    /// Adjoints of the harmonics: `Σ_n c̄ b_n` and `Σ_n c̄ b_n'`.
    adjoint: Vec<Row>,
    adjoint_slope: Vec<Row>,
    /// Coefficients of one species, `[lm][pack]`.
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

    /// First radial function of `channel`, and how many it has.
    pub fn functions_of(&self, channel: usize) -> std::ops::Range<usize> {
        self.first[channel]..self.first[channel] + self.profiles[channel].n_max
    }

    /// Number of coefficients, `[lm][stride]`.
    pub fn n_coefficients(&self) -> usize {
        self.harmonics.len() * self.stride()
    }

    /// Buffers for one worker.
    pub fn block(&self) -> Block {
        let n_degrees = self.harmonics.l_max() + 1;
        let n_harmonics = self.harmonics.len() + PADDING;
        // One pack more, so that eight numbers can be read from any place in the last row.
        let rows = BLOCK * self.profiles.iter().map(Profile::n_packs).max().unwrap_or(1) + 1;
        let lanes = |n| vec![Row::ZERO; n];
        let packs = |n| vec![[0.0; LANES]; n];
        Block {
            n_sites: 0,
            unit: [Row::ZERO; 3],
            inverse: Row::ZERO,
            rows: packs(rows),
            slopes: packs(rows),
            angular: lanes(n_degrees),
            angular_slope: lanes(n_degrees),
            harmonics: lanes(n_harmonics),
            gradients: [lanes(n_harmonics), lanes(n_harmonics), lanes(n_harmonics)],
            legendre: self.harmonics.legendre(),
            functions: lanes(gemm::MAX_PACKS * LANES),
            function_slopes: lanes(gemm::MAX_PACKS * LANES),
            adjoint: lanes(n_harmonics),
            adjoint_slope: lanes(n_harmonics),
            sums: packs(n_harmonics * gemm::MAX_PACKS),
            tangents: packs(n_harmonics * gemm::MAX_PACKS),
        }
    }

    /// Writes the coefficients of one center.
    pub fn expand(&self, environment: &Environment<'_>, block: &mut Block, coefficients: &mut [f64]) {
        Isa::detect().run(Expand {
            expansion: self,
            environment,
            velocity: None,
            block,
            coefficients,
            tangent: &mut [],
        });
    }

    /// Writes the coefficients and their derivative along the velocities of the sites.
    pub fn expand_tangent(
        &self,
        environment: &Environment<'_>,
        velocity: &[[f64; 3]],
        block: &mut Block,
        coefficients: &mut [f64],
        tangent: &mut [f64],
    ) {
        let velocity = Some(velocity);
        Isa::detect().run(Expand { expansion: self, environment, velocity, block, coefficients, tangent });
    }

    /// Writes the gradient of `Σ adjoint · coefficients` with respect to each site.
    pub fn expand_pullback(
        &self,
        environment: &Environment<'_>,
        adjoint: &[f64],
        block: &mut Block,
        pull: &mut [[f64; 3]],
    ) {
        Isa::detect().run(ExpandPullback { expansion: self, environment, adjoint, block, pull });
    }

    /// Hands `visit(site, terms)` what the Jacobian needs to know of each site.
    pub fn visit_sites(
        &self,
        environment: &Environment<'_>,
        block: &mut Block,
        visit: &mut dyn FnMut(usize, SiteTerms<'_>),
    ) {
        for part in Self::blocks(environment.channel) {
            let (channel, start, n_sites) = part;
            Isa::detect().run(Differentiate { expansion: self, environment, part, block });
            let range = self.functions_of(channel);
            let width = self.profiles[channel].n_packs() * LANES;
            for lane in 0..n_sites {
                let place = lane * width..lane * width + range.len();
                let terms = SiteTerms {
                    lane,
                    first: range.start,
                    functions: &block.rows.as_flattened()[place.clone()],
                    slopes: &block.slopes.as_flattened()[place],
                    unit: block.unit.each_ref().map(|row| row.0[lane]),
                    harmonics: &block.harmonics,
                    gradients: block.gradients.each_ref().map(Vec::as_slice),
                };
                visit(start + lane, terms);
            }
        }
    }

    /// The sites of each channel that has any, cut into blocks: `(channel, first site, sites)`.
    fn blocks(channel: &[u8]) -> impl Iterator<Item = (usize, usize, usize)> {
        let mut start = 0;
        std::iter::from_fn(move || {
            let &first = channel.get(start)?;
            let same = channel[start..].iter().take(BLOCK).take_while(|&&c| c == first).count();
            start += same;
            Some((usize::from(first), start - same, same))
        })
    }

    /// Directions, decay, radial functions and angular profiles of `n_sites` sites from `start`.
    #[inline(always)]
    fn profiles<V: Lanes>(
        &self,
        environment: &Environment<'_>,
        (channel, start, n_sites): (usize, usize, usize),
        slopes: bool,
        block: &mut Block,
    ) {
        let profile = &self.profiles[channel];
        let sites = start..start + n_sites;
        block.n_sites = n_sites;
        let mut r = Row::ZERO;
        r.0[..n_sites].copy_from_slice(&environment.r[sites.clone()]);
        for (unit, d) in block.unit.iter_mut().zip([environment.dx, environment.dy, environment.dz]) {
            unit.0 = [0.0; BLOCK];
            unit.0[..n_sites].copy_from_slice(&d[sites.clone()]);
        }
        for pack in 0..n_sites.div_ceil(LANES) {
            let inverse = V::splat(1.0).div(r.load::<V>(pack));
            block.inverse.store(pack, inverse);
        }
        for (inverse, r) in block.inverse.0.iter_mut().zip(&r.0) {
            *inverse = if *r > 0.0 { *inverse } else { 0.0 };
        }
        for pack in 0..n_sites.div_ceil(LANES) {
            let inverse = block.inverse.load::<V>(pack);
            for unit in &mut block.unit {
                unit.store(pack, unit.load::<V>(pack).mul(inverse));
            }
        }
        let distances = &r.0[..n_sites];
        let decay = decay(profile.decay, self.r_cut, &r);
        let stride = profile.n_packs();
        let n_degrees = self.harmonics.l_max() + 1;
        if slopes {
            profile.evaluate_with_derivative::<V>(distances, &mut block.rows, &mut block.slopes);
        } else {
            profile.evaluate::<V>(distances, &mut block.rows);
        }
        for pack in 0..n_sites.div_ceil(LANES) {
            columns::<V>(&block.rows, stride, profile.n_max..profile.n_max + n_degrees, pack, &mut block.angular);
            let (p, dp) = (decay[0].load::<V>(pack), decay[1].load::<V>(pack));
            if slopes {
                let range = profile.n_max..profile.n_max + n_degrees;
                columns::<V>(&block.slopes, stride, range, pack, &mut block.angular_slope);
                for (slope, value) in block.angular_slope.iter_mut().zip(&block.angular) {
                    let sum = dp.mul_add(value.load(pack), p.mul(slope.load(pack)));
                    slope.store(pack, sum);
                }
            }
            for value in &mut block.angular {
                value.store(pack, p.mul(value.load::<V>(pack)));
            }
        }
    }

    /// Harmonics times angular profiles.
    #[inline(always)]
    fn harmonics_of<V: Lanes>(&self, block: &mut Block) {
        for pack in 0..block.n_sites.div_ceil(LANES) {
            self.harmonics.values::<V>(pack, &block.unit, &block.angular, &mut block.harmonics);
        }
    }

    /// Their gradients: `û A_l' Y + A_l (∂Y - l û Y) / r`.
    #[inline(always)]
    fn gradients_of<V: Lanes>(&self, block: &mut Block) {
        for pack in 0..block.n_sites.div_ceil(LANES) {
            self.harmonics.tabulate::<V>(pack, &block.unit, &mut block.legendre);
            let [x, y, z] = &mut block.gradients;
            self.harmonics.gradients::<V>(pack, &block.unit, &block.legendre, &block.angular, [x, y, z]);
            // The harmonics with the slopes of their profiles, for the radial part.
            let radial = &mut block.adjoint;
            self.harmonics.values::<V>(pack, &block.unit, &block.angular_slope, radial);
            let inverse = block.inverse.load::<V>(pack);
            let unit = block.unit.each_ref().map(|row| row.load::<V>(pack));
            for l in 0..=self.harmonics.l_max() {
                let degree = inverse.mul(V::splat(l as f64));
                for lm in l * l..(l + 1) * (l + 1) {
                    let value = block.harmonics[lm].load::<V>(pack);
                    let along = degree.neg_mul_add(value, radial[lm].load(pack));
                    for (rows, unit) in block.gradients.iter_mut().zip(unit) {
                        let row = &mut rows[lm];
                        row.store(pack, unit.mul_add(along, inverse.mul(row.load(pack))));
                    }
                }
            }
        }
    }
}

/// `P(x)^a` with `P = (1-x)² (1+2x)`, and its derivative in 1/Å.
#[inline(always)]
fn decay(exponent: f64, r_cut: f64, r: &Row) -> [Row; 2] {
    let mut out = [Row([1.0; BLOCK]), Row::ZERO];
    if exponent == 0.0 {
        return out;
    }
    for (k, r) in r.0.iter().enumerate() {
        let x = r / r_cut;
        let away = 1.0 - x;
        let (p, dp) = (away * away * (1.0 + 2.0 * x), -6.0 * x * away / r_cut);
        out[0].0[k] = p;
        out[1].0[k] = dp;
    }
    let is_one = (exponent - 1.0).abs() < f64::EPSILON;
    if !is_one {
        for k in 0..BLOCK {
            let (p, dp) = (out[0].0[k], out[1].0[k]);
            let lower = libm::pow(p, exponent - 1.0);
            out[0].0[k] = lower * p;
            out[1].0[k] = exponent * lower * dp;
        }
    }
    out
}

/// Turns the numbers `range` of each site's row, which has `stride` packs, into one [`Row`] each.
#[inline(always)]
fn columns<V: Lanes>(
    rows: &[[f64; LANES]],
    stride: usize,
    range: std::ops::Range<usize>,
    pack: usize,
    out: &mut [Row],
) {
    let rows = rows.as_flattened();
    let width = stride * LANES;
    let start = pack * LANES * width + range.start;
    for (group, out) in out[..range.len()].chunks_mut(LANES).enumerate() {
        let first = start + group * LANES;
        let sites: [V; LANES] = std::array::from_fn(|j| {
            let place = first + j * width;
            V::load(rows[place..].first_chunk().unwrap_or(&[0.0; LANES]))
        });
        for (row, lanes) in out.iter_mut().zip(V::transpose(sites)) {
            row.store(pack, lanes);
        }
    }
}

/// The coefficients of one center, and their derivative where a velocity is given.
struct Expand<'a> {
    expansion: &'a Expansion,
    environment: &'a Environment<'a>,
    velocity: Option<&'a [[f64; 3]]>,
    block: &'a mut Block,
    coefficients: &'a mut [f64],
    tangent: &'a mut [f64],
}

impl Kernel for Expand<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { expansion, environment, velocity, block, coefficients, tangent } = self;
        let (stride, n_rows) = (expansion.stride(), expansion.harmonics.len());
        coefficients.fill(0.0);
        tangent.fill(0.0);
        let mut blocks = Expansion::blocks(environment.channel).peekable();
        while let Some(part) = blocks.next() {
            let (channel, start, n_sites) = part;
            let profile = &expansion.profiles[channel];
            let (n_packs, row_stride) = (profile.n_max.div_ceil(LANES), profile.n_packs());
            let opens = start == 0 || usize::from(environment.channel[start - 1]) != channel;
            if opens {
                block.sums[..(n_rows + PADDING) * n_packs].fill([0.0; LANES]);
                if velocity.is_some() {
                    block.tangents[..(n_rows + PADDING) * n_packs].fill([0.0; LANES]);
                }
            }
            expansion.profiles::<V>(environment, part, velocity.is_some(), block);
            expansion.harmonics_of::<V>(block);
            let rows = (block.rows.as_slice(), row_stride);
            gemm::accumulate::<V>(n_rows, n_packs, n_sites, rows, &block.harmonics, &mut block.sums);
            if let Some(velocity) = velocity {
                expansion.gradients_of::<V>(block);
                move_sites::<V>(&velocity[start..start + n_sites], row_stride, n_rows, block);
                let slopes = (block.slopes.as_slice(), row_stride);
                gemm::accumulate::<V>(n_rows, n_packs, n_sites, slopes, &block.harmonics, &mut block.tangents);
                let rows = (block.rows.as_slice(), row_stride);
                gemm::accumulate::<V>(n_rows, n_packs, n_sites, rows, &block.adjoint, &mut block.tangents);
            }
            let closes = blocks.peek().is_none_or(|&(next, _, _)| next != channel);
            if closes {
                let range = expansion.functions_of(channel);
                let norms = expansion.harmonics.norms();
                scatter(&block.sums, n_packs, norms, coefficients, stride, range.clone());
                if velocity.is_some() {
                    scatter(&block.tangents, n_packs, norms, tangent, stride, range);
                }
            }
        }
        if let Some(channel) = environment.center {
            let channel = usize::from(channel);
            let center = &expansion.profiles[channel].center;
            for (slot, share) in coefficients[expansion.functions_of(channel)].iter_mut().zip(center) {
                *slot += share;
            }
        }
    }
}

/// Turns slopes of the radial functions into their rates (`slopes`), and gradients of the harmonics into theirs
/// (`adjoint`), for sites that move.
#[inline(always)]
fn move_sites<V: Lanes>(velocity: &[[f64; 3]], row_stride: usize, n_rows: usize, block: &mut Block) {
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
    for pack in 0..velocity.len().div_ceil(LANES) {
        let v = v.each_ref().map(|row| row.load::<V>(pack));
        for lm in 0..n_rows {
            let [x, y, z] = block.gradients.each_ref().map(|rows| rows[lm].load::<V>(pack));
            block.adjoint[lm].store(pack, v[0].mul_add(x, v[1].mul_add(y, v[2].mul(z))));
        }
    }
}

/// Writes the sums of one species, normalised, into its columns of all coefficients.
#[inline(always)]
fn scatter(
    sums: &[[f64; LANES]],
    n_packs: usize,
    norms: &[f64],
    coefficients: &mut [f64],
    stride: usize,
    columns: std::ops::Range<usize>,
) {
    let rows = coefficients.chunks_exact_mut(stride).zip(sums.chunks_exact(n_packs)).zip(norms);
    for ((row, sums), norm) in rows {
        for (slot, sum) in row[columns.clone()].iter_mut().zip(sums.as_flattened()) {
            *slot = norm * sum;
        }
    }
}

/// Values and gradients of one block.
struct Differentiate<'a> {
    expansion: &'a Expansion,
    environment: &'a Environment<'a>,
    part: (usize, usize, usize),
    block: &'a mut Block,
}

impl Kernel for Differentiate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { expansion, environment, part, block } = self;
        expansion.profiles::<V>(environment, part, true, block);
        expansion.harmonics_of::<V>(block);
        expansion.gradients_of::<V>(block);
    }
}

/// The way back from coefficients to sites.
struct ExpandPullback<'a> {
    expansion: &'a Expansion,
    environment: &'a Environment<'a>,
    adjoint: &'a [f64],
    block: &'a mut Block,
    pull: &'a mut [[f64; 3]],
}

impl Kernel for ExpandPullback<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { expansion, environment, adjoint, block, pull } = self;
        let (stride, n_rows) = (expansion.stride(), expansion.harmonics.len());
        let mut gathered = None;
        for part in Expansion::blocks(environment.channel) {
            let (channel, start, n_sites) = part;
            let profile = &expansion.profiles[channel];
            let n_packs = profile.n_max.div_ceil(LANES);
            if gathered != Some(channel) {
                let range = expansion.functions_of(channel);
                gather(adjoint, stride, range, expansion.harmonics.norms(), n_packs, &mut block.sums);
                gathered = Some(channel);
            }
            expansion.profiles::<V>(environment, part, true, block);
            for pack in 0..n_sites.div_ceil(LANES) {
                columns::<V>(&block.rows, profile.n_packs(), 0..profile.n_max, pack, &mut block.functions);
                columns::<V>(&block.slopes, profile.n_packs(), 0..profile.n_max, pack, &mut block.function_slopes);
                gemm::project::<V>(
                    n_rows,
                    n_packs,
                    pack,
                    [&block.functions[..profile.n_max], &block.function_slopes[..profile.n_max]],
                    &block.sums,
                    [&mut block.adjoint, &mut block.adjoint_slope],
                );
                let force = expansion.pull_on::<V>(pack, block);
                let sites = &mut pull[start..start + n_sites];
                for (k, site) in sites.iter_mut().skip(pack * LANES).take(LANES).enumerate() {
                    *site = [force[0][k], force[1][k], force[2][k]];
                }
            }
        }
    }
}

impl Expansion {
    /// The gradient with respect to the positions of eight sites, from the adjoints of their harmonics.
    #[inline(always)]
    fn pull_on<V: Lanes>(&self, pack: usize, block: &mut Block) -> [[f64; LANES]; 3] {
        self.harmonics.tabulate::<V>(pack, &block.unit, &mut block.legendre);
        let [gx, gy, gz, radial] = self.harmonics.pullback::<V>(
            pack,
            &block.unit,
            &block.legendre,
            [&block.angular, &block.angular_slope],
            [&block.adjoint, &block.adjoint_slope],
        );
        let [x, y, z] = block.unit.each_ref().map(|row| row.load::<V>(pack));
        let inverse = block.inverse.load::<V>(pack);
        // Of the gradient of a homogeneous polynomial only the part along the sphere is the harmonic's.
        let outward = x.mul_add(gx, y.mul_add(gy, z.mul(gz)));
        let along = inverse.neg_mul_add(outward, radial);
        [x.mul_add(along, inverse.mul(gx)), y.mul_add(along, inverse.mul(gy)), z.mul_add(along, inverse.mul(gz))]
            .map(V::to_array)
    }
}

/// The columns of one species out of all coefficients' adjoints, normalised as the sums will be.
#[inline(always)]
fn gather(
    adjoint: &[f64],
    stride: usize,
    columns: std::ops::Range<usize>,
    norms: &[f64],
    n_packs: usize,
    out: &mut [[f64; LANES]],
) {
    let rows = adjoint.chunks_exact(stride).zip(out.chunks_exact_mut(n_packs)).zip(norms);
    for ((row, out), norm) in rows {
        let out = out.as_flattened_mut();
        out.fill(0.0);
        for (slot, a) in out.iter_mut().zip(&row[columns.clone()]) {
            *slot = norm * a;
        }
    }
}
