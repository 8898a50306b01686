//! Both products against their plain twins, at every shape that they are compiled for.

use super::super::{Isa, Kernel, LANES, LaneArray, Lanes, SITES_PER_BLOCK, SiteLanes};
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
                .map(|i| LaneArray(std::array::from_fn(|j| wave(seed, i * SITES_PER_BLOCK + j))))
                .collect()
        };
        let harmonics = rows(0.91);
        let mut c = vec![[1.0; LANES]; (n_rows + PADDING) * n_packs];
        accumulate::<V>((n_rows, n), n_sites, (&functions, stride), &harmonics, &mut c, false);
        let (b, db) = (rows(0.53), rows(0.29));
        let (mut x, mut dx) = (rows(0.0), rows(0.0));
        project::<V>(n_rows, n_packs, 1, [&b[..n], &db[..n]], &c, [&mut x, &mut dx]);
        let mut error = 0.0_f64;
        for i in 0..n_rows {
            let row = c[i * n_packs..][..n_packs].as_flattened();
            for k in 0..n {
                let sum: f64 =
                    (0..n_sites).map(|j| functions.as_flattened()[j * stride * LANES + k] * harmonics[i].0[j]).sum();
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
                .map(|i| LaneArray(std::array::from_fn(|j| wave(seed, i * SITES_PER_BLOCK + j))))
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
            for (n, n_sites) in
                [(1, 1), (4, 5), (5, 16), (8, 7), (9, 0), (12, 16), (13, 16), (17, 3), (20, 16), (24, 16)]
            {
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
            for (n, n_sites) in
                [(1, 1), (4, 5), (5, 16), (8, 7), (9, 0), (12, 16), (13, 16), (17, 3), (20, 16), (24, 16)]
            {
                let n_rows = (l + 1) * (l + 1);
                let error = isa.run(Compare { n_rows, n, n_sites });
                assert!(error < 1e-13, "{isa:?} {n_rows} × {n} × {n_sites}: {error}");
            }
        }
    }
}
