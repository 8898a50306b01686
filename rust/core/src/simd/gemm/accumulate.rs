//! Sums over sites: density coefficients from radial functions and harmonics.

use super::super::{Capacity, LANES, Lanes, Packs, SITES_PER_BLOCK, SiteLanes, ends_in_half};
use super::{tile, tiles};

/// `coefficients[lm][n] += Σ_j functions[j][n] · harmonics[lm][j]` over the first `n_sites` sites; what was there
/// before counts for nothing if this `opens` the sum.
///
/// `functions` has `stride` packs a site, of which the first `n` numbers are used; `coefficients` has whole packs a row,
/// of which what is beyond `n` means nothing. Both `harmonics` and `coefficients` carry [`PADDING`](super::PADDING) rows
/// beyond the `n_rows` that mean something.
#[inline(always)]
pub fn accumulate<V: Lanes>(
    (n_rows, n): (usize, usize),
    n_sites: usize,
    (functions, stride): (&[[f64; LANES]], usize),
    harmonics: &[SiteLanes],
    coefficients: &mut [[f64; LANES]],
    opens: bool,
) {
    let size = tile::<V>(n_rows, n);
    let n_tiles = n_rows.div_ceil(size);
    let arguments = Accumulate { n_tiles, n_sites, functions, stride, harmonics, coefficients, opens };
    match (n.div_ceil(LANES), ends_in_half(n)) {
        (1, true) => with_size!(size, [27, 25, 24, 18, 16, 12, 11, 9, 8, 5], accumulate_tiles, [1, true], (arguments)),
        (1, false) => with_size!(size, [27, 25, 24, 18, 16, 6, 5, 2], accumulate_tiles, [1, false], (arguments)),
        (2, true) => with_size!(size, [13, 12, 11, 9, 8, 4, 3, 1], accumulate_tiles, [2, true], (arguments)),
        (2, false) => with_size!(size, [13, 12, 11, 9, 8, 3, 1], accumulate_tiles, [2, false], (arguments)),
        (_, true) => with_size!(size, [9, 8, 6, 2, 1], accumulate_tiles, [3, true], (arguments)),
        (_, false) => with_size!(size, [9, 8, 6, 2, 1], accumulate_tiles, [3, false], (arguments)),
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
fn accumulate_tiles<V: Lanes, const PACKS: usize, const ENDS_IN_HALF: bool, const SIZE: usize>(
    arguments: Accumulate<'_>,
) {
    let Accumulate { n_tiles, n_sites, functions, stride, harmonics, coefficients, opens } = arguments;
    let harmonics = harmonics.as_chunks::<SIZE>().0;
    let coefficients = coefficients.as_chunks_mut::<PACKS>().0.as_chunks_mut::<SIZE>().0;
    let n_sites = n_sites.min(SITES_PER_BLOCK);
    for (y, c) in harmonics[..n_tiles].iter().zip(&mut coefficients[..n_tiles]) {
        let mut sums = [Packs::<V, PACKS, ENDS_IN_HALF>::zero(); SIZE];
        for (j, site) in functions.chunks_exact(stride).take(n_sites).enumerate() {
            let Some(site) = site.first_chunk() else { return };
            add_site(j, site, y, &mut sums);
        }
        put(sums, c, opens);
    }
}

/// Adds site `j` to the sums of one tile.
#[inline(always)]
fn add_site<V: Lanes, const PACKS: usize, const ENDS_IN_HALF: bool, const SIZE: usize>(
    j: usize,
    site: &[[f64; LANES]; PACKS],
    y: &[SiteLanes; SIZE],
    sums: &mut [Packs<V, PACKS, ENDS_IN_HALF>; SIZE],
) {
    let j = j % SITES_PER_BLOCK;
    let b = Packs::load(site);
    for i in 0..SIZE {
        sums[i] = b.mul_add(V::splat(y[i].0[j]), sums[i]);
    }
}

/// Adds `sums` to `total`, or puts them there.
#[inline(always)]
fn put<V: Lanes, const PACKS: usize, const ENDS_IN_HALF: bool, const SIZE: usize>(
    sums: [Packs<V, PACKS, ENDS_IN_HALF>; SIZE],
    total: &mut [[[f64; LANES]; PACKS]; SIZE],
    opens: bool,
) {
    if opens {
        for i in 0..SIZE {
            sums[i].store(&mut total[i]);
        }
    } else {
        for i in 0..SIZE {
            Packs::load(&total[i]).plus(sums[i]).store(&mut total[i]);
        }
    }
}

/// `coefficients[lm][n] += Σ_j functions[j][l][n] · harmonics[lm][j]` over the first `n_sites` sites, `n` functions for
/// each degree up to `l_max`; what was there before counts for nothing if this `opens` the sum.
///
/// A site's `functions` are `stride` packs, `[l][n]` without gaps; eight numbers can be read from any place of the
/// last. `coefficients` as in [`accumulate`].
#[inline(always)]
pub fn accumulate_by_degree<V: Lanes>(
    (l_max, n): (usize, usize),
    n_sites: usize,
    (functions, stride): (&[[f64; LANES]], usize),
    harmonics: &[SiteLanes],
    coefficients: &mut [[f64; LANES]],
    opens: bool,
) {
    let (n_packs, is_half) = (n.div_ceil(LANES), ends_in_half(n));
    let most = match (V::CAPACITY, n_packs, is_half) {
        (Capacity::Values32, 1 | 2, _) | (Capacity::Values8, 1, true) => 13,
        (Capacity::Values32, _, _) => 9,
        (Capacity::Values8, 1, false) => 6,
        (Capacity::Values4, 1, true) => 5,
        (Capacity::Values8, 2, true) => 4,
        (Capacity::Values8, 2, false) => 3,
        (Capacity::Values8, _, _) | (_, 1, _) => 2,
        _ => 1,
    };
    for (l, row, size) in tiles(l_max, most) {
        let functions = &functions.as_flattened()[l * n..];
        let (harmonics, coefficients) = (&harmonics[row..], &mut coefficients[row * n_packs..]);
        let tile = AccumulateTile { n_sites, functions, width: stride * LANES, harmonics, coefficients, opens };
        match (n_packs, is_half) {
            (1, true) => {
                with_size!(size, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13], accumulate_tile, [1, true], (tile));
            }
            (1, false) => {
                with_size!(size, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13], accumulate_tile, [1, false], (tile));
            }
            (2, true) => with_size!(size, [1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13], accumulate_tile, [2, true], (tile)),
            (2, false) => with_size!(size, [1, 2, 3, 5, 7, 8, 9, 10, 11, 12, 13], accumulate_tile, [2, false], (tile)),
            (_, true) => with_size!(size, [1, 2, 3, 5, 6, 7, 8, 9], accumulate_tile, [3, true], (tile)),
            (_, false) => with_size!(size, [1, 2, 3, 5, 6, 7, 8, 9], accumulate_tile, [3, false], (tile)),
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
fn accumulate_tile<V: Lanes, const PACKS: usize, const ENDS_IN_HALF: bool, const SIZE: usize>(
    arguments: AccumulateTile<'_>,
) {
    let AccumulateTile { n_sites, functions, width, harmonics, coefficients, opens } = arguments;
    let coefficients = coefficients.as_chunks_mut::<PACKS>().0.first_chunk_mut::<SIZE>();
    let (Some(y), Some(c)) = (harmonics.first_chunk::<SIZE>(), coefficients) else { return };
    let mut sums = [Packs::<V, PACKS, ENDS_IN_HALF>::zero(); SIZE];
    for (j, site) in functions.chunks(width).take(n_sites.min(SITES_PER_BLOCK)).enumerate() {
        let Some(site) = site.as_chunks::<LANES>().0.first_chunk() else { return };
        add_site(j, site, y, &mut sums);
    }
    put(sums, c, opens);
}
