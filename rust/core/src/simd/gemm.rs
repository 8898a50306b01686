//! The register-blocked products of a density expansion: small, thin, and the larger part of all time spent.
//!
//! Accumulators stay in registers while the loop runs over sites or functions, so the number of them decides the
//! speed. [`tile`] picks the count that fits the registers and leaves the least over; the functions are compiled for
//! each count they may be asked for.

use super::{Capacity, LANES, Lanes, SiteLanes};

/// Functions of one species at most, in packs.
pub const MAX_PACKS: usize = 3;
/// Rows beyond the last that a product may touch.
pub const PADDING: usize = 28;

/// Packs that the products below are compiled for: 1, 2 and this many. Their last arm takes every larger count for
/// this one, which the compiler cannot see.
const COMPILED_PACKS: usize = 3;
const _: () = assert!(MAX_PACKS == COMPILED_PACKS, "more packs need kernels of their own in every match on n_packs");

/// Harmonics whose accumulators are held together, for `n_rows` of them with `n_packs` packs each.
#[inline(always)]
fn tile<V: Lanes>(n_rows: usize, n_packs: usize) -> usize {
    let sizes: &[usize] = match (V::CAPACITY, n_packs) {
        (Capacity::Values32, 1) => &[27, 25, 24, 18, 16],
        (Capacity::Values32, 2) => &[13, 12, 11, 9, 8],
        (Capacity::Values32, _) => &[9, 8, 6],
        (Capacity::Values8, 1) => &[6, 5],
        (Capacity::Values8, 2) => &[3],
        (Capacity::Values8, _) | (_, 1) => &[2],
        _ => &[1],
    };
    let padded = |size: &usize| n_rows.div_ceil(*size) * size;
    sizes.iter().copied().min_by_key(padded).unwrap_or(1)
}

/// Calls `$function::<V, $packs, size>` for the runtime `$size`, one of the listed.
macro_rules! with_size {
    ($size:expr, [$($candidate:literal),*], $function:ident, $packs:literal, $arguments:tt) => {
        match $size {
            $($candidate => $function::<V, $packs, $candidate> $arguments,)*
            _ => unreachable!("tile sizes are listed in `tile`"),
        }
    };
}

/// `coefficients[lm][n] += Σ_j functions[j][n] · harmonics[lm][j]` over the first `n_sites` sites; what was there
/// before counts for nothing if this `opens` the sum.
///
/// `functions` has `stride` packs a site, of which the first `n_packs` are used; `coefficients` has `n_packs` packs a
/// row. Both `harmonics` and `coefficients` carry [`PADDING`] rows beyond the `n_rows` that mean something.
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
    let arguments = (n_rows.div_ceil(size), n_sites, (functions, stride), harmonics, coefficients, opens);
    match n_packs {
        1 => with_size!(size, [27, 25, 24, 18, 16, 6, 5, 2], accumulate_tiles, 1, (arguments)),
        2 => with_size!(size, [13, 12, 11, 9, 8, 3, 1], accumulate_tiles, 2, (arguments)),
        _ => with_size!(size, [9, 8, 6, 2, 1], accumulate_tiles, 3, (arguments)),
    }
}

type AccumulateArguments<'a> =
    (usize, usize, (&'a [[f64; LANES]], usize), &'a [SiteLanes], &'a mut [[f64; LANES]], bool);

#[inline(always)]
fn accumulate_tiles<V: Lanes, const PACKS: usize, const SIZE: usize>(
    (n_tiles, n_sites, (functions, stride), harmonics, coefficients, opens): AccumulateArguments<'_>,
) {
    let harmonics = harmonics.as_chunks::<SIZE>().0;
    let coefficients = coefficients.as_chunks_mut::<PACKS>().0.as_chunks_mut::<SIZE>().0;
    let n_sites = n_sites.min(super::SITES_PER_BLOCK);
    for (y, c) in harmonics[..n_tiles].iter().zip(&mut coefficients[..n_tiles]) {
        let mut sums = [[V::zero(); PACKS]; SIZE];
        for (j, site) in functions.chunks_exact(stride).take(n_sites).enumerate() {
            let j = j % super::SITES_PER_BLOCK;
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

/// `x[lm][j] = Σ_n adjoint[lm][n] · functions[n][j]` and the same of `derivatives` into `dx`, for the sites of `pack`.
///
/// `adjoint` has `n_packs` packs a row; it, `x` and `dx` carry [`PADDING`] rows beyond `n_rows`.
#[inline(always)]
pub fn project<V: Lanes>(
    n_rows: usize,
    n_packs: usize,
    pack: usize,
    [functions, derivatives]: [&[SiteLanes]; 2],
    adjoint: &[[f64; LANES]],
    [x, dx]: [&mut [SiteLanes]; 2],
) {
    let arguments = (n_rows, pack, [functions, derivatives], adjoint, [x, dx]);
    match (V::CAPACITY, n_packs) {
        (Capacity::Values32, 1) => project_tiles::<V, 1, 12>(arguments),
        (Capacity::Values32, 2) => project_tiles::<V, 2, 12>(arguments),
        (Capacity::Values32, _) => project_tiles::<V, 3, 12>(arguments),
        (Capacity::Values8, 1) => project_tiles::<V, 1, 3>(arguments),
        (Capacity::Values8, 2) => project_tiles::<V, 2, 3>(arguments),
        (Capacity::Values8, _) => project_tiles::<V, 3, 3>(arguments),
        (Capacity::Values4, 1) => project_tiles::<V, 1, 1>(arguments),
        (Capacity::Values4, 2) => project_tiles::<V, 2, 1>(arguments),
        _ => project_tiles::<V, 3, 1>(arguments),
    }
}

type ProjectArguments<'a> = (usize, usize, [&'a [SiteLanes]; 2], &'a [[f64; LANES]], [&'a mut [SiteLanes]; 2]);

#[inline(always)]
fn project_tiles<V: Lanes, const PACKS: usize, const SIZE: usize>(
    (n_rows, pack, functions, adjoint, [x, dx]): ProjectArguments<'_>,
) {
    for row in (0..n_rows).step_by(SIZE) {
        let rows = [&mut x[row..], &mut dx[row..]];
        project_tile::<V, PACKS, SIZE>((pack, functions, &adjoint[row * PACKS..], rows));
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
        let rows = (&harmonics[row..], &mut coefficients[row * n_packs..]);
        let arguments = (n_sites, (functions, stride * LANES), rows, opens);
        match n_packs {
            1 => with_size!(size, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13], accumulate_tile, 1, (arguments)),
            2 => with_size!(size, [1, 2, 3, 5, 7, 8, 9, 10, 11, 12, 13], accumulate_tile, 2, (arguments)),
            _ => with_size!(size, [1, 2, 3, 5, 6, 7, 8, 9], accumulate_tile, 3, (arguments)),
        }
    }
}

/// Cuts the rows of each degree into tiles of nearly the same size, `most` at most: `(degree, first row, size)`.
fn tiles(l_max: usize, most: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..=l_max).flat_map(move |l| {
        let rows = 2 * l + 1;
        let count = rows.div_ceil(most);
        let start = move |k: usize| l * l + (k * rows).div_ceil(count);
        (0..count).map(move |k| (l, start(k), start(k + 1) - start(k)))
    })
}

type TileArguments<'a> = (usize, (&'a [f64], usize), (&'a [SiteLanes], &'a mut [[f64; LANES]]), bool);

#[inline(always)]
fn accumulate_tile<V: Lanes, const PACKS: usize, const SIZE: usize>(
    (n_sites, (functions, width), (harmonics, coefficients), opens): TileArguments<'_>,
) {
    let coefficients = coefficients.as_chunks_mut::<PACKS>().0.first_chunk_mut::<SIZE>();
    let (Some(y), Some(c)) = (harmonics.first_chunk::<SIZE>(), coefficients) else { return };
    let mut sums = [[V::zero(); PACKS]; SIZE];
    for (j, site) in functions.chunks(width).take(n_sites.min(super::SITES_PER_BLOCK)).enumerate() {
        let j = j % super::SITES_PER_BLOCK;
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

/// `x[lm][j] = Σ_n adjoint[lm][n] · functions[l][n][j]` and the same of `derivatives` into `dx`, for the sites of
/// `pack`.
///
/// Rows as in [`project`]; `n` functions for each degree up to `l_max`, without gaps.
#[inline(always)]
pub fn project_by_degree<V: Lanes>(
    (l_max, n): (usize, usize),
    pack: usize,
    [functions, derivatives]: [&[SiteLanes]; 2],
    adjoint: &[[f64; LANES]],
    [x, dx]: [&mut [SiteLanes]; 2],
) {
    // A tile may reach into the rows of the next degree: they are written later, or are padding.
    let (most, sizes): (_, &[usize]) = match V::CAPACITY {
        Capacity::Values32 => (12, &[1, 3, 5, 7, 9, 12]),
        Capacity::Values8 => (3, &[1, 3]),
        Capacity::Values4 => (1, &[1]),
    };
    let n_packs = n.div_ceil(LANES);
    for (l, row, count) in tiles(l_max, most) {
        let size = sizes.iter().copied().find(|&size| size >= count).unwrap_or(most);
        let functions = [&functions[l * n..][..n], &derivatives[l * n..][..n]];
        let arguments = (pack, functions, &adjoint[row * n_packs..], [&mut x[row..], &mut dx[row..]]);
        match n_packs {
            1 => with_size!(size, [1, 3, 5, 7, 9, 12], project_tile, 1, (arguments)),
            2 => with_size!(size, [1, 3, 5, 7, 9, 12], project_tile, 2, (arguments)),
            _ => with_size!(size, [1, 3, 5, 7, 9, 12], project_tile, 3, (arguments)),
        }
    }
}

type ProjectTileArguments<'a> = (usize, [&'a [SiteLanes]; 2], &'a [[f64; LANES]], [&'a mut [SiteLanes]; 2]);

/// One tile of `SIZE` rows with `PACKS` packs of functions.
#[inline(always)]
fn project_tile<V: Lanes, const PACKS: usize, const SIZE: usize>(
    (pack, [functions, derivatives], adjoint, [x, dx]): ProjectTileArguments<'_>,
) {
    let weights = adjoint.as_chunks::<PACKS>().0.first_chunk::<SIZE>();
    let rows = (weights, x.first_chunk_mut::<SIZE>(), dx.first_chunk_mut::<SIZE>());
    let (Some(weights), Some(x), Some(dx)) = rows else { return };
    let mut sums = [[V::zero(); 2]; SIZE];
    for (p, (b, db)) in functions.chunks(LANES).zip(derivatives.chunks(LANES)).take(PACKS).enumerate() {
        for (n, (b, db)) in b.iter().zip(db).enumerate().take(LANES) {
            let (b, db) = (b.load::<V>(pack), db.load::<V>(pack));
            for i in 0..SIZE {
                let weight = V::splat(weights[i][p][n]);
                sums[i] = [weight.mul_add(b, sums[i][0]), weight.mul_add(db, sums[i][1])];
            }
        }
    }
    for (i, [sum, derivative]) in sums.into_iter().enumerate() {
        x[i].store(pack, sum);
        dx[i].store(pack, derivative);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Isa, Kernel, SITES_PER_BLOCK};
    use super::*;

    /// Both products at one shape, beside their naive twins.
    struct Compare {
        n_rows: usize,
        n: usize,
        n_sites: usize,
    }

    impl Kernel for Compare {
        type Output = f64;
        #[inline(always)]
        fn run<V: Lanes>(self) -> f64 {
            let Self { n_rows, n, n_sites } = self;
            let n_packs = n.div_ceil(LANES);
            let stride = n_packs + 1;
            let wave = |seed: f64, k: usize| (seed * (k as f64 + 1.0)).sin();
            let mut functions = vec![[0.0; LANES]; stride * SITES_PER_BLOCK];
            for (k, f) in functions.as_flattened_mut().iter_mut().enumerate() {
                *f = wave(0.37, k);
            }
            let rows = |seed: f64| -> Vec<SiteLanes> {
                (0..n_rows + PADDING)
                    .map(|i| SiteLanes(std::array::from_fn(|j| wave(seed, i * SITES_PER_BLOCK + j))))
                    .collect()
            };
            let harmonics = rows(0.91);
            let mut c = vec![[1.0; LANES]; (n_rows + PADDING) * n_packs];
            accumulate::<V>(n_rows, n_packs, n_sites, (&functions, stride), &harmonics, &mut c, false);
            let (b, db) = (rows(0.53), rows(0.29));
            let (mut x, mut dx) = (rows(0.0), rows(0.0));
            project::<V>(n_rows, n_packs, 1, [&b[..n], &db[..n]], &c, [&mut x, &mut dx]);
            let mut error = 0.0_f64;
            for i in 0..n_rows {
                let row = c[i * n_packs..][..n_packs].as_flattened();
                for k in 0..n {
                    let sum: f64 = (0..n_sites)
                        .map(|j| functions.as_flattened()[j * stride * LANES + k] * harmonics[i].0[j])
                        .sum();
                    error = error.max((row[k] - 1.0 - sum).abs());
                }
                for j in LANES..SITES_PER_BLOCK {
                    let [sum, derivative] = [&b, &db].map(|b| (0..n).map(|k| row[k] * b[k].0[j]).sum::<f64>());
                    error = error.max((x[i].0[j] - sum).abs()).max((dx[i].0[j] - derivative).abs());
                }
            }
            error
        }
    }

    /// Both products with functions of their own for each degree, beside their naive twins.
    struct CompareByDegree {
        l_max: usize,
        n: usize,
        n_sites: usize,
    }

    impl Kernel for CompareByDegree {
        type Output = f64;
        #[inline(always)]
        fn run<V: Lanes>(self) -> f64 {
            let Self { l_max, n, n_sites } = self;
            let (n_packs, n_rows) = (n.div_ceil(LANES), (l_max + 1) * (l_max + 1));
            let stride = (n * (l_max + 1)).div_ceil(LANES);
            let wave = |seed: f64, k: usize| (seed * (k as f64 + 1.0)).sin();
            let mut functions = vec![[0.0; LANES]; stride * SITES_PER_BLOCK + MAX_PACKS];
            for (k, f) in functions.as_flattened_mut().iter_mut().enumerate() {
                *f = wave(0.37, k);
            }
            let rows = |seed: f64, count: usize| -> Vec<SiteLanes> {
                (0..count + PADDING)
                    .map(|i| SiteLanes(std::array::from_fn(|j| wave(seed, i * SITES_PER_BLOCK + j))))
                    .collect()
            };
            let harmonics = rows(0.91, n_rows);
            let mut c = vec![[1.0; LANES]; (n_rows + PADDING) * n_packs];
            accumulate_by_degree::<V>((l_max, n), n_sites, (&functions, stride), &harmonics, &mut c, false);
            let (b, db) = (rows(0.53, n * (l_max + 1)), rows(0.29, n * (l_max + 1)));
            let (mut x, mut dx) = (rows(0.0, n_rows), rows(0.0, n_rows));
            project_by_degree::<V>((l_max, n), 1, [&b, &db], &c, [&mut x, &mut dx]);
            let mut error = 0.0_f64;
            for i in 0..n_rows {
                let l = i.isqrt();
                let row = c[i * n_packs..][..n_packs].as_flattened();
                for k in 0..n {
                    let term = |j: usize| functions.as_flattened()[j * stride * LANES + l * n + k] * harmonics[i].0[j];
                    error = error.max((row[k] - 1.0 - (0..n_sites).map(term).sum::<f64>()).abs());
                }
                for j in LANES..SITES_PER_BLOCK {
                    let [sum, derivative] = [&b, &db].map(|b| (0..n).map(|k| row[k] * b[l * n + k].0[j]).sum::<f64>());
                    error = error.max((x[i].0[j] - sum).abs()).max((dx[i].0[j] - derivative).abs());
                }
            }
            error
        }
    }

    #[test]
    fn products_by_degree_equal_their_naive_twins_at_every_shape() {
        for isa in [Isa::Baseline, Isa::Avx2, Isa::Avx512] {
            for l_max in [0, 1, 3, 8, 12, 30] {
                for (n, n_sites) in [(1, 1), (5, 16), (8, 7), (9, 0), (12, 16), (17, 3), (24, 16)] {
                    let error = isa.run(CompareByDegree { l_max, n, n_sites });
                    assert!(error < 1e-13, "{isa:?} {l_max} × {n} × {n_sites}: {error}");
                }
            }
        }
    }

    #[test]
    fn products_equal_their_naive_twins_at_every_shape() {
        for isa in [Isa::Baseline, Isa::Avx2, Isa::Avx512] {
            for l in [0, 1, 3, 8, 10, 12, 20] {
                for (n, n_sites) in [(1, 1), (5, 16), (8, 7), (9, 0), (12, 16), (17, 3), (24, 16)] {
                    let n_rows = (l + 1) * (l + 1);
                    let error = isa.run(Compare { n_rows, n, n_sites });
                    assert!(error < 1e-13, "{isa:?} {n_rows} × {n} × {n_sites}: {error}");
                }
            }
        }
    }
}
