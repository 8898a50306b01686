//! Sums over sites: density coefficients from radial functions and harmonics.

use super::super::{Capacity, LANES, Lanes, SITES_PER_BLOCK, SiteLanes};
use super::{tile, tiles};

/// `coefficients[lm][n] += Σ_j functions[j][n] · harmonics[lm][j]` over the first `n_sites` sites; what was there
/// before counts for nothing if this `opens` the sum.
///
/// `functions` has `stride` packs a site, of which the first `n_packs` are used; `coefficients` has `n_packs` packs a
/// row. Both `harmonics` and `coefficients` carry [`PADDING`](super::PADDING) rows beyond the `n_rows` that mean something.
#[inline(always)]
pub fn accumulate<V: Lanes>(
    n_rows: usize,
    n_packs: usize,
    n_sites: usize,
    (functions, stride): (&[[f64; LANES]], usize),
    harmonics: &[SiteLanes],
    coefficients: &mut [[f64; LANES]],
    opens: bool,
) {
    let size = tile::<V>(n_rows, n_packs);
    let n_tiles = n_rows.div_ceil(size);
    let arguments = Accumulate { n_tiles, n_sites, functions, stride, harmonics, coefficients, opens };
    match n_packs {
        1 => with_size!(size, [27, 25, 24, 18, 16, 6, 5, 2], accumulate_tiles, 1, (arguments)),
        2 => with_size!(size, [13, 12, 11, 9, 8, 3, 1], accumulate_tiles, 2, (arguments)),
        _ => with_size!(size, [9, 8, 6, 2, 1], accumulate_tiles, 3, (arguments)),
    }
}

/// Arguments of a product over all rows, `n_tiles` tiles of them.
struct Accumulate<'a> {
    n_tiles: usize,
    n_sites: usize,
    functions: &'a [[f64; LANES]],
    /// Packs of `functions` a site.
    stride: usize,
    harmonics: &'a [SiteLanes],
    coefficients: &'a mut [[f64; LANES]],
    opens: bool,
}

#[inline(always)]
fn accumulate_tiles<V: Lanes, const PACKS: usize, const SIZE: usize>(arguments: Accumulate<'_>) {
    let Accumulate { n_tiles, n_sites, functions, stride, harmonics, coefficients, opens } = arguments;
    let harmonics = harmonics.as_chunks::<SIZE>().0;
    let coefficients = coefficients.as_chunks_mut::<PACKS>().0.as_chunks_mut::<SIZE>().0;
    let n_sites = n_sites.min(SITES_PER_BLOCK);
    for (y, c) in harmonics[..n_tiles].iter().zip(&mut coefficients[..n_tiles]) {
        let mut sums = [[V::zero(); PACKS]; SIZE];
        for (j, site) in functions.chunks_exact(stride).take(n_sites).enumerate() {
            let j = j % SITES_PER_BLOCK;
            let mut b = [V::zero(); PACKS];
            for p in 0..PACKS {
                b[p] = V::load(&site[p]);
            }
            for i in 0..SIZE {
                let y = V::splat(y[i].0[j]);
                for p in 0..PACKS {
                    sums[i][p] = b[p].mul_add(y, sums[i][p]);
                }
            }
        }
        put(sums, c, opens);
    }
}

/// Adds `sums` to `total`, or puts them there.
#[inline(always)]
fn put<V: Lanes, const PACKS: usize, const SIZE: usize>(
    sums: [[V; PACKS]; SIZE],
    total: &mut [[[f64; LANES]; PACKS]; SIZE],
    opens: bool,
) {
    if opens {
        for i in 0..SIZE {
            for p in 0..PACKS {
                sums[i][p].store(&mut total[i][p]);
            }
        }
    } else {
        for i in 0..SIZE {
            for p in 0..PACKS {
                (V::load(&total[i][p]) + sums[i][p]).store(&mut total[i][p]);
            }
        }
    }
}

/// `coefficients[lm][n] += Σ_j functions[j][l][n] · harmonics[lm][j]` over the first `n_sites` sites, `n` functions for
/// each degree up to `l_max`; what was there before counts for nothing if this `opens` the sum.
///
/// A site's `functions` are `stride` packs, `[l][n]` without gaps; eight numbers can be read from any place of the
/// last. `coefficients` has whole packs a row, of which what is beyond `n` means nothing.
#[inline(always)]
pub fn accumulate_by_degree<V: Lanes>(
    (l_max, n): (usize, usize),
    n_sites: usize,
    (functions, stride): (&[[f64; LANES]], usize),
    harmonics: &[SiteLanes],
    coefficients: &mut [[f64; LANES]],
    opens: bool,
) {
    let n_packs = n.div_ceil(LANES);
    let most = match (V::CAPACITY, n_packs) {
        (Capacity::Values32, 1 | 2) => 13,
        (Capacity::Values32, _) => 9,
        (Capacity::Values8, 1) => 6,
        (Capacity::Values8, 2) => 3,
        (Capacity::Values8, _) | (_, 1) => 2,
        _ => 1,
    };
    for (l, row, size) in tiles(l_max, most) {
        let functions = &functions.as_flattened()[l * n..];
        let (harmonics, coefficients) = (&harmonics[row..], &mut coefficients[row * n_packs..]);
        let arguments = AccumulateTile { n_sites, functions, width: stride * LANES, harmonics, coefficients, opens };
        match n_packs {
            1 => with_size!(size, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13], accumulate_tile, 1, (arguments)),
            2 => with_size!(size, [1, 2, 3, 5, 7, 8, 9, 10, 11, 12, 13], accumulate_tile, 2, (arguments)),
            _ => with_size!(size, [1, 2, 3, 5, 6, 7, 8, 9], accumulate_tile, 3, (arguments)),
        }
    }
}

/// Arguments of a product over the rows of one tile.
struct AccumulateTile<'a> {
    n_sites: usize,
    functions: &'a [f64],
    /// Numbers in `functions` a site.
    width: usize,
    harmonics: &'a [SiteLanes],
    coefficients: &'a mut [[f64; LANES]],
    opens: bool,
}

#[inline(always)]
fn accumulate_tile<V: Lanes, const PACKS: usize, const SIZE: usize>(arguments: AccumulateTile<'_>) {
    let AccumulateTile { n_sites, functions, width, harmonics, coefficients, opens } = arguments;
    let coefficients = coefficients.as_chunks_mut::<PACKS>().0.first_chunk_mut::<SIZE>();
    let (Some(y), Some(c)) = (harmonics.first_chunk::<SIZE>(), coefficients) else { return };
    let mut sums = [[V::zero(); PACKS]; SIZE];
    for (j, site) in functions.chunks(width).take(n_sites.min(SITES_PER_BLOCK)).enumerate() {
        let j = j % SITES_PER_BLOCK;
        let Some(site) = site.as_chunks::<LANES>().0.first_chunk::<PACKS>() else { return };
        let mut b = [V::zero(); PACKS];
        for p in 0..PACKS {
            b[p] = V::load(&site[p]);
        }
        for i in 0..SIZE {
            let y = V::splat(y[i].0[j]);
            for p in 0..PACKS {
                sums[i][p] = b[p].mul_add(y, sums[i][p]);
            }
        }
    }
    put(sums, c, opens);
}
