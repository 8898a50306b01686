//! The kernels of SOAP, each beside its plain twin, and one center from sites to features and back:
//! `cargo bench -p isoprint-core --bench soap`. Set `ISOPRINT_ISA=avx2` or `baseline` to see other processors.
//!
//! Shapes are those of 52 sites; throughput counts sites.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use isoprint_core::Stop;
use isoprint_core::descriptors::soap::{
    Compression, Convention, DensityParameters, GaussianBasis, Policy, Soap, SoapParameters, SoapTurbo,
    SpeciesParameters, TurboBasis, TurboParameters,
};
use isoprint_core::descriptors::{CenterKind, Descriptor, Environment, JacobianRow};
use isoprint_core::math::harmonics::Harmonics;
use isoprint_core::math::piecewise::{EvaluationPoints, FULL_PRECISION, Piecewise};
use isoprint_core::simd::gemm::{self, PADDING};
use isoprint_core::simd::{Isa, Kernel, LANES, LaneArray, Lanes, Pack, SITES_PER_BLOCK, SiteLanes};

const SIZES: [usize; 4] = [8, 10, 12, 16];
/// Numbers that no cache holds.
const BEYOND_CACHES: usize = 1 << 24;

/// Numbers between -1 and 1 that look random.
fn noise(k: usize) -> f64 {
    (1.7 * (k as f64 + 1.0)).sin()
}

fn rows(n: usize) -> Vec<SiteLanes> {
    (0..n).map(|i| LaneArray(std::array::from_fn(|j| noise(i * SITES_PER_BLOCK + j)))).collect()
}

/// Both products of an expansion, for one block of sites.
struct Products<'a> {
    n_rows: usize,
    n: usize,
    functions: &'a [[f64; LANES]],
    harmonics: &'a [SiteLanes],
    coefficients: &'a mut [[f64; LANES]],
    adjoint: [&'a mut [SiteLanes]; 2],
    back: bool,
}

impl Kernel for Products<'_> {
    type Output = ();
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { n_rows, n, functions, harmonics, coefficients, adjoint: [x, dx], back } = self;
        let n_packs = n.div_ceil(LANES);
        if back {
            for pack in 0..2 {
                let functions = [&harmonics[..n], &harmonics[..n]];
                gemm::project::<V>(n_rows, n_packs, pack, functions, coefficients, [&mut *x, &mut *dx]);
            }
        } else {
            gemm::accumulate::<V>((n_rows, n), SITES_PER_BLOCK, (functions, n_packs), harmonics, coefficients, false);
        }
    }
}

fn products(criterion: &mut Criterion) {
    for back in [false, true] {
        let mut group = criterion.benchmark_group(if back { "project" } else { "accumulate" });
        group.throughput(Throughput::Elements(SITES_PER_BLOCK as u64));
        for n in SIZES {
            let n_rows = (n + 1) * (n + 1);
            let n_packs = n.div_ceil(LANES);
            let functions: Vec<[f64; LANES]> = vec![[0.5; LANES]; n_packs * SITES_PER_BLOCK];
            let harmonics = rows(n_rows + PADDING);
            let mut c = vec![[0.1; LANES]; (n_rows + PADDING) * n_packs];
            let (mut x, mut dx) = (rows(n_rows + PADDING), rows(n_rows + PADDING));
            group.bench_function(BenchmarkId::new("blocked", n), |bencher| {
                bencher.iter(|| {
                    Isa::detect().run(Products {
                        n_rows,
                        n,
                        functions: &functions,
                        harmonics: &harmonics,
                        coefficients: &mut c,
                        adjoint: [&mut x, &mut dx],
                        back,
                    });
                });
            });
            group.bench_function(BenchmarkId::new("naive", n), |bencher| {
                bencher.iter(|| {
                    let c = c.as_flattened_mut();
                    for (lm, y) in harmonics[..n_rows].iter().enumerate() {
                        let row = &mut c[lm * n_packs * LANES..][..n];
                        if back {
                            for j in 0..SITES_PER_BLOCK {
                                x[lm].0[j] = row.iter().zip(&harmonics).map(|(c, b)| c * b.0[j]).sum();
                                dx[lm].0[j] = row.iter().zip(&harmonics).map(|(c, b)| c * b.0[j]).sum();
                            }
                        } else {
                            for (j, y) in y.0.iter().enumerate() {
                                let b = functions[j * n_packs..][..n_packs].as_flattened();
                                row.iter_mut().zip(b).for_each(|(c, b)| *c += b * y);
                            }
                        }
                    }
                    black_box(&c);
                });
            });
        }
        group.finish();
    }
}

/// Harmonics of one block, forward or with the sums of their gradients.
struct OfBlock<'a> {
    harmonics: &'a Harmonics,
    unit: &'a [SiteLanes; 3],
    angular_factors: &'a [SiteLanes],
    out: &'a mut [SiteLanes],
    back: bool,
}

impl Kernel for OfBlock<'_> {
    type Output = ();
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let mut table = self.harmonics.legendre();
        for pack in 0..2 {
            if self.back {
                self.harmonics.tabulate::<V>(pack, self.unit, &mut table);
                let angular_factors = [self.angular_factors, self.angular_factors];
                let sums =
                    self.harmonics.pullback::<V>(pack, self.unit, &table, angular_factors, [&*self.out, &*self.out]);
                black_box(sums.map(V::sum));
            } else {
                self.harmonics.values::<V>(pack, self.unit, self.angular_factors, self.out);
            }
        }
    }
}

/// Real harmonics by associated Legendre functions and angles, as a textbook has them, without norms.
fn textbook(l_max: usize, u: [f64; 3], out: &mut Vec<f64>) {
    let (cosine, phi) = (u[2], u[1].atan2(u[0]));
    let sine = (1.0 - cosine * cosine).sqrt();
    for m in 0..=l_max {
        let mut older = 0.0;
        let mut newer: f64 = (1..=m).map(|k| (2 * k - 1) as f64 * sine).product();
        for l in m..=l_max {
            out.push(newer * (m as f64 * phi).cos());
            out.push(newer * (m as f64 * phi).sin());
            let next = ((2 * l + 1) as f64 * cosine * newer - (l + m) as f64 * older) / (l + 1 - m) as f64;
            older = std::mem::replace(&mut newer, next);
        }
    }
}

fn harmonics(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("harmonics");
    group.throughput(Throughput::Elements(SITES_PER_BLOCK as u64));
    let unit =
        [LaneArray([0.48; SITES_PER_BLOCK]), LaneArray([-0.6; SITES_PER_BLOCK]), LaneArray([0.64; SITES_PER_BLOCK])];
    for l_max in SIZES {
        let harmonics = Harmonics::new(l_max);
        let (angular_factors, mut out) = (rows(l_max + 1), rows(harmonics.len()));
        for (name, back) in [("values", false), ("pullback", true)] {
            group.bench_function(BenchmarkId::new(name, l_max), |bencher| {
                bencher.iter(|| {
                    let (harmonics, unit, angular_factors) = (&harmonics, &unit, &angular_factors);
                    Isa::detect().run(OfBlock { harmonics, unit, angular_factors, out: &mut out, back });
                });
            });
        }
        group.bench_function(BenchmarkId::new("textbook", l_max), |bencher| {
            let mut out = Vec::new();
            bencher.iter(|| {
                out.clear();
                for j in 0..SITES_PER_BLOCK {
                    textbook(l_max, [unit[0].0[j], unit[1].0[j], unit[2].0[j]], &mut out);
                }
                black_box(&out);
            });
        });
    }
    group.finish();
}

/// Table of a block's radial functions and angular factors.
struct Look<'a> {
    table: &'a Piecewise<8>,
    r: &'a [f64],
    points: &'a mut EvaluationPoints,
    values: &'a mut [[f64; LANES]],
    slopes: Option<&'a mut [[f64; LANES]]>,
}

impl Kernel for Look<'_> {
    type Output = ();
    #[inline(always)]
    fn run<V: Lanes>(self) {
        match self.slopes {
            None => self.table.evaluate::<V>(self.r, self.points, self.values),
            Some(slopes) => self.table.evaluate_with_derivative::<V>(self.r, self.points, self.values, slopes),
        }
    }
}

fn tables(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("radial");
    let gaussian = |r: f64, values: &mut [f64]| {
        for (k, value) in values.iter_mut().enumerate() {
            *value = (-2.0 * (r - 0.3 * k as f64).powi(2)).exp();
        }
    };
    let r: Vec<f64> = (0..52).map(|k| 2.5 * (1.0 + noise(k))).collect();
    group.throughput(Throughput::Elements(r.len() as u64));
    for n in SIZES {
        let n_functions = 2 * n + 1;
        let table =
            Piecewise::fit(5.0, 0.1, &[n_functions], FULL_PRECISION, &Stop::never(), gaussian).expect("a small table");
        let mut points = EvaluationPoints::default();
        let mut values = vec![[0.0; LANES]; r.len() * table.n_packs()];
        let mut slopes = values.clone();
        group.bench_function(BenchmarkId::new("table", n), |bencher| {
            bencher.iter(|| {
                let (values, points) = (&mut values, &mut points);
                Isa::detect().run(Look { table: &table, r: &r, points, values, slopes: None });
            });
        });
        group.bench_function(BenchmarkId::new("table_with_slopes", n), |bencher| {
            bencher.iter(|| {
                let (values, points) = (&mut values, &mut points);
                Isa::detect().run(Look { table: &table, r: &r, points, values, slopes: Some(&mut slopes) });
            });
        });
        group.bench_function(BenchmarkId::new("one_exponential_a_function", n), |bencher| {
            let mut values = vec![0.0; n_functions];
            bencher.iter(|| {
                for &r in &r {
                    gaussian(r, &mut values);
                    black_box(&values);
                }
            });
        });
    }
    group.finish();
}

/// The usual parameters, one species.
fn turbo(size: usize) -> SoapTurbo {
    let carbon = SpeciesParameters {
        number: 6,
        n_max: size,
        sigma_r: 0.5,
        sigma_t: 0.5,
        sigma_r_scaling: 0.0,
        sigma_t_scaling: 0.0,
        amplitude_scaling: 1.0,
        central_weight: 1.0,
        basis_matrix: None,
    };
    SoapTurbo::new(TurboParameters {
        r_cut: 5.0,
        r_soft: 4.5,
        l_max: size,
        filter_decay: 4.0,
        radial_enhancement: 0,
        basis: TurboBasis::Poly3,
        policy: Policy::Exact,
        compression: Compression::None,
        normalize: true,
        ignore_unknown_species: false,
        species: vec![carbon],
    })
    .expect("legal parameters")
}

/// 52 sites between 0.7 and 5 Å.
fn sites() -> [Vec<f64>; 4] {
    let direction = |k: usize| [noise(3 * k), noise(3 * k + 1), noise(3 * k + 2)];
    let length = |v: [f64; 3]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
    let distance = |k: usize| 0.7 + 4.29 * ((k as f64 + 0.5) / 52.0).cbrt();
    let column = |i: usize| (0..52).map(|k| direction(k)[i] * distance(k) / length(direction(k))).collect();
    [column(0), column(1), column(2), (0..52).map(distance).collect()]
}

/// Classic SOAP with as many functions and degrees.
fn gaussian(size: usize, convention: Convention) -> Soap {
    Soap::new(SoapParameters {
        r_cut: 5.0,
        padding: 0.0,
        n_max: size,
        l_max: size,
        basis: GaussianBasis::Gto,
        basis_error_exponent: 10.0,
        cutoff_width: 0.5,
        weighting: None,
        convention,
        compression: Compression::None,
        normalize: convention == Convention::Isoprint,
        center_everywhere: false,
        constant: None,
        accuracy: 1e-12,
        ignore_unknown_species: false,
        species: vec![DensityParameters { number: Some(6), sigma: 0.5, weight: 1.0, central_weight: 1.0 }],
    })
    .expect("legal parameters")
}

fn center(criterion: &mut Criterion) {
    for size in [4, 6].into_iter().chain(SIZES) {
        center_of(criterion, "center_turbo", size, &turbo(size));
        center_of(criterion, "center_gaussian", size, &gaussian(size, Convention::Isoprint));
        center_of(criterion, "center_featomic", size, &gaussian(size, Convention::Featomic));
        center_of(criterion, "center_dscribe", size, &gaussian(size, Convention::Dscribe));
    }
}

/// One center from sites to features, and back.
fn center_of<D: Descriptor>(criterion: &mut Criterion, name: &str, size: usize, soap: &D) {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(1));
    let [dx, dy, dz, r] = sites();
    let environment = Environment {
        center: CenterKind::Atom(Some(0)),
        channel: &[0; 52],
        dx: &dx,
        dy: &dy,
        dz: &dz,
        r: &r,
        volume: 0.0,
    };
    let mut scratch = soap.scratch().expect("some memory");
    let (mut c, mut dc) = (vec![0.0; soap.n_coefficients()], vec![0.0; soap.n_coefficients()]);
    let mut row = vec![0.0; soap.n_features()];
    let mut gradient = vec![[0.0; 3]; r.len()];
    let adjoint: Vec<f64> = (0..row.len()).map(noise).collect();
    group.bench_function(BenchmarkId::new("values", size), |bencher| {
        bencher.iter(|| {
            let _ = soap.prepare(&environment, false, &mut scratch, &Stop::never());
            soap.expand(&environment, &mut scratch, &mut c, &Stop::never()).expect("nobody stops it");
            soap.contract(&c, &mut scratch, &mut row, &Stop::never()).expect("nobody stops it");
        });
    });
    group.bench_function(BenchmarkId::new("contract", size), |bencher| {
        bencher.iter(|| soap.contract(&c, &mut scratch, &mut row, &Stop::never()));
    });
    group.bench_function(BenchmarkId::new("pullback", size), |bencher| {
        bencher.iter(|| {
            let _ = soap.prepare(&environment, true, &mut scratch, &Stop::never());
            soap.expand(&environment, &mut scratch, &mut c, &Stop::never()).expect("nobody stops it");
            soap.contract_pullback(&c, &adjoint, &mut scratch, &mut dc, &Stop::never()).expect("nobody stops it");
            soap.expand_pullback(&environment, &dc, &mut scratch, &mut gradient, &Stop::never())
                .expect("nobody stops it");
        });
    });
    // The center is an atom, too. In a cache, and past all caches.
    let (width, of_site): (_, Vec<u32>) = (3 * soap.n_features(), (0..environment.r.len() as u32).collect());
    let (length, mut written) = ((of_site.len() + 1) * width, Vec::new());
    for (name, n_rows) in [("jacobian", 1), ("jacobian_streamed", BEYOND_CACHES.div_ceil(length))] {
        let mut values = vec![Pack::ZERO; Pack::holding(n_rows * length)];
        let mut rows = 0..0;
        group.bench_function(BenchmarkId::new(name, size), |bencher| {
            bencher.iter(|| {
                let row = rows.next().unwrap_or_else(|| {
                    rows = 1..n_rows;
                    0
                });
                let values = &mut Pack::numbers_mut(&mut values)[row * length..][..length];
                let _ = soap.prepare(&environment, true, &mut scratch, &Stop::never());
                soap.expand(&environment, &mut scratch, &mut c, &Stop::never()).expect("nobody stops it");
                let mut blocks = JacobianRow::new(values, width, &of_site, Some(of_site.len() as u32), &mut written);
                blocks = blocks.part_of_a_large_result(n_rows > 1);
                soap.jacobian(&environment, &c, &mut scratch, &mut blocks, &Stop::never()).expect("nobody stops it");
                blocks.finish();
            });
        });
    }
    group.finish();
}

criterion_group!(benches, products, harmonics, tables, center);
criterion_main!(benches);
