//! The register-blocked products of a density expansion: small, thin, and the larger part of all time spent.
//!
//! Accumulators stay in registers while the loop runs over sites or functions, so the number of them decides the
//! speed. [`tile`] picks the count that fits the registers and leaves the least over; the functions are compiled for
//! each count they may be asked for.

use super::{LANES, Lanes, Row};

/// Functions of one species at most, in packs.
pub const MAX_PACKS: usize = 3;
/// Rows beyond the last that a product may touch.
pub const PADDING: usize = 28;

/// Harmonics whose accumulators are held together, for `n_rows` of them with `n_packs` packs each.
#[inline(always)]
fn tile<V: Lanes>(n_rows: usize, n_packs: usize) -> usize {
    let sizes: &[usize] = match (V::REGISTERS / V::WIDTH, n_packs) {
        (32, 1) => &[27, 25, 24, 18, 16],
        (32, 2) => &[13, 12, 11, 9, 8],
        (32, _) => &[9, 8, 6],
        (8, 1) => &[6, 5],
        (8, 2) => &[3],
        (8, _) | (_, 1) => &[2],
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

/// `coefficients[lm][n] += Σ_j functions[j][n] · harmonics[lm][j]` over the first `n_sites` sites.
///
/// `functions` has `stride` packs a site, of which the first `n_packs` are used; `coefficients` has `n_packs` packs a
/// row. Both `harmonics` and `coefficients` carry [`PADDING`] rows beyond the `n_rows` that mean something.
#[inline(always)]
pub fn accumulate<V: Lanes>(
    n_rows: usize,
    n_packs: usize,
    n_sites: usize,
    (functions, stride): (&[[f64; LANES]], usize),
    harmonics: &[Row],
    coefficients: &mut [[f64; LANES]],
) {
    let size = tile::<V>(n_rows, n_packs);
    let arguments = (n_rows.div_ceil(size), n_sites, (functions, stride), harmonics, coefficients);
    match n_packs {
        1 => with_size!(size, [27, 25, 24, 18, 16, 6, 5, 2], accumulate_tiles, 1, (arguments)),
        2 => with_size!(size, [13, 12, 11, 9, 8, 3, 1], accumulate_tiles, 2, (arguments)),
        _ => with_size!(size, [9, 8, 6, 2, 1], accumulate_tiles, 3, (arguments)),
    }
}

type AccumulateArguments<'a> = (usize, usize, (&'a [[f64; LANES]], usize), &'a [Row], &'a mut [[f64; LANES]]);

#[inline(always)]
fn accumulate_tiles<V: Lanes, const PACKS: usize, const SIZE: usize>(
    (n_tiles, n_sites, (functions, stride), harmonics, coefficients): AccumulateArguments<'_>,
) {
    let harmonics = harmonics.as_chunks::<SIZE>().0;
    let coefficients = coefficients.as_chunks_mut::<PACKS>().0.as_chunks_mut::<SIZE>().0;
    let n_sites = n_sites.min(super::BLOCK);
    for (y, c) in harmonics[..n_tiles].iter().zip(&mut coefficients[..n_tiles]) {
        let mut sums = [[V::zero(); PACKS]; SIZE];
        for (j, site) in functions.chunks_exact(stride).take(n_sites).enumerate() {
            let j = j % super::BLOCK;
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
        for i in 0..SIZE {
            for p in 0..PACKS {
                V::load(&c[i][p]).add(sums[i][p]).store(&mut c[i][p]);
            }
        }
    }
}

/// `x[lm][j] = Σ_n adjoint[lm][n] · functions[n][j]` and the same of `slopes` into `dx`, for the sites of `pack`.
///
/// `adjoint` has `n_packs` packs a row; it, `x` and `dx` carry [`PADDING`] rows beyond `n_rows`.
#[inline(always)]
pub fn project<V: Lanes>(
    n_rows: usize,
    n_packs: usize,
    pack: usize,
    [functions, slopes]: [&[Row]; 2],
    adjoint: &[[f64; LANES]],
    [x, dx]: [&mut [Row]; 2],
) {
    let arguments = (n_rows, pack, [functions, slopes], adjoint, [x, dx]);
    match (V::REGISTERS / V::WIDTH, n_packs) {
        (32, 1) => project_tiles::<V, 1, 12>(arguments),
        (32, 2) => project_tiles::<V, 2, 12>(arguments),
        (32, _) => project_tiles::<V, 3, 12>(arguments),
        (8, 1) => project_tiles::<V, 1, 3>(arguments),
        (8, 2) => project_tiles::<V, 2, 3>(arguments),
        (8, _) => project_tiles::<V, 3, 3>(arguments),
        (_, 1) => project_tiles::<V, 1, 1>(arguments),
        (_, 2) => project_tiles::<V, 2, 1>(arguments),
        _ => project_tiles::<V, 3, 1>(arguments),
    }
}

type ProjectArguments<'a> = (usize, usize, [&'a [Row]; 2], &'a [[f64; LANES]], [&'a mut [Row]; 2]);

#[inline(always)]
fn project_tiles<V: Lanes, const PACKS: usize, const SIZE: usize>(
    (n_rows, pack, [functions, slopes], adjoint, [x, dx]): ProjectArguments<'_>,
) {
    let n_tiles = n_rows.div_ceil(SIZE);
    let adjoint = adjoint.as_chunks::<PACKS>().0.as_chunks::<SIZE>().0;
    let x = &mut x.as_chunks_mut::<SIZE>().0[..n_tiles];
    let dx = &mut dx.as_chunks_mut::<SIZE>().0[..n_tiles];
    for ((weights, x), dx) in adjoint[..n_tiles].iter().zip(x).zip(dx) {
        let mut sums = [[V::zero(); 2]; SIZE];
        for (p, (b, db)) in functions.chunks(LANES).zip(slopes.chunks(LANES)).take(PACKS).enumerate() {
            for (n, (b, db)) in b.iter().zip(db).enumerate().take(LANES) {
                let (b, db) = (b.load::<V>(pack), db.load::<V>(pack));
                for i in 0..SIZE {
                    let weight = V::splat(weights[i][p][n]);
                    sums[i] = [weight.mul_add(b, sums[i][0]), weight.mul_add(db, sums[i][1])];
                }
            }
        }
        for (i, [sum, slope]) in sums.into_iter().enumerate() {
            x[i].store(pack, sum);
            dx[i].store(pack, slope);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{BLOCK, Isa, Kernel};
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
            let mut functions = vec![[0.0; LANES]; stride * BLOCK];
            for (k, f) in functions.as_flattened_mut().iter_mut().enumerate() {
                *f = wave(0.37, k);
            }
            let rows = |seed: f64| -> Vec<Row> {
                (0..n_rows + PADDING).map(|i| Row(std::array::from_fn(|j| wave(seed, i * BLOCK + j)))).collect()
            };
            let harmonics = rows(0.91);
            let mut c = vec![[1.0; LANES]; (n_rows + PADDING) * n_packs];
            accumulate::<V>(n_rows, n_packs, n_sites, (&functions, stride), &harmonics, &mut c);
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
                for j in LANES..BLOCK {
                    let [sum, slope] = [&b, &db].map(|b| (0..n).map(|k| row[k] * b[k].0[j]).sum::<f64>());
                    error = error.max((x[i].0[j] - sum).abs()).max((dx[i].0[j] - slope).abs());
                }
            }
            error
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
