//! Symmetry functions of one center, from sites to a row and back: `cargo bench -p isoprint-core --bench acsf`. Set
//! `ISOPRINT_ISA=avx2` or `baseline` to see other processors.
//!
//! Sites are those of silicon within 4.8 and 6 Å; functions are ten of distance and 48 of angles.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use isoprint_core::Stop;
use isoprint_core::descriptors::acsf::{Acsf, AcsfParameters, AcsfSpecies, Angular, Function, Kind, Radial};
use isoprint_core::descriptors::{CenterKind, Descriptor, Environment, JacobianRow};
use isoprint_core::math::cutoff::CutoffFunction;

/// The sites of an atom of silicon, a little out of their places.
fn silicon(r_cut: f64) -> Vec<[f64; 3]> {
    let basis = [[0.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]];
    let mut sites = Vec::new();
    for n in 0..125 * 8 {
        let cell = [n / 8 % 5, n / 40 % 5, n / 200];
        let (corner, second) = (basis[n % 4], n % 8 >= 4);
        let quarter = if second { 0.25 } else { 0.0 };
        let place = |i: usize| 5.43 * (cell[i] as f64 - 2.0 + corner[i] + quarter);
        let shift = |i: usize| 0.05 * (1.7 * (3 * n + i) as f64).sin();
        let site = [0, 1, 2].map(|i| place(i) + shift(i));
        let r = site.iter().map(|x| x * x).sum::<f64>().sqrt();
        if (0.5..r_cut).contains(&r) {
            sites.push(site);
        }
    }
    sites
}

fn functions(r_cut: f64, wide: bool) -> Vec<Function> {
    let per_square = 1.0 / (0.529_177_210_9 * 0.529_177_210_9);
    let radial = [0.001, 0.01, 0.02, 0.035, 0.06, 0.1, 0.2, 0.4, 0.8, 1.6]
        .map(|eta| Kind::Radial(Radial::Gaussian { eta: eta * per_square, shift: 0.0 }, Some(0)));
    let mut kinds = radial.to_vec();
    for eta in [0.0001, 0.003, 0.008, 0.015, 0.025, 0.045].map(|eta| eta * per_square) {
        for zeta in [1.0, 2.0, 4.0, 16.0] {
            for lambda in [-1.0, 1.0] {
                kinds.push(Kind::Angular(Angular { eta, zeta, lambda, shift: 0.0, wide }, Some((0, 0))));
            }
        }
    }
    kinds.into_iter().map(|kind| Function { kind, r_cut }).collect()
}

fn one_center(criterion: &mut Criterion) {
    for wide in [false, true] {
        let mut group = criterion.benchmark_group(if wide { "G5" } else { "G4" });
        for r_cut in [4.8, 6.0] {
            let descriptor = Acsf::new(AcsfParameters {
                cutoff_function: CutoffFunction::Cosine,
                alpha: 0.0,
                ignore_unknown_species: false,
                species: vec![AcsfSpecies { number: Some(14), weight: None }],
                functions: functions(r_cut, wide),
            })
            .expect("legal parameters");
            let sites = silicon(r_cut);
            let column = |i: usize| sites.iter().map(|site| site[i]).collect::<Vec<_>>();
            let (dx, dy, dz) = (column(0), column(1), column(2));
            let r: Vec<f64> = sites.iter().map(|site| site.iter().map(|x| x * x).sum::<f64>().sqrt()).collect();
            let channel = vec![0; sites.len()];
            let center = CenterKind::Atom(Some(0));
            let environment = Environment { center, channel: &channel, dx: &dx, dy: &dy, dz: &dz, r: &r, volume: 0.0 };
            let mut scratch = descriptor.scratch().expect("some memory");
            let mut row = vec![0.0; descriptor.n_features()];
            let adjoint: Vec<f64> = (0..row.len()).map(|k| (1.7 * (k as f64 + 1.0)).sin()).collect();
            let mut gradient = vec![[0.0; 3]; sites.len()];
            group.bench_function(BenchmarkId::new("values", sites.len()), |bencher| {
                bencher.iter(|| {
                    descriptor.prepare(&environment, false, &mut scratch, &Stop::never()).expect("no refusal");
                    descriptor
                        .expand(&environment, &mut scratch, black_box(&mut row), &Stop::never())
                        .expect("nobody stops it");
                });
            });
            group.bench_function(BenchmarkId::new("pullback", sites.len()), |bencher| {
                bencher.iter(|| {
                    descriptor.prepare(&environment, true, &mut scratch, &Stop::never()).expect("no refusal");
                    descriptor
                        .expand_pullback(&environment, &adjoint, &mut scratch, black_box(&mut gradient), &Stop::never())
                        .expect("nobody stops it");
                });
            });
            let (size, of_site): (_, Vec<u32>) =
                (3 * descriptor.n_features(), (0..environment.r.len() as u32).collect());
            let (mut values, mut written) = (vec![0.0; of_site.len() * size], Vec::new());
            group.bench_function(BenchmarkId::new("jacobian", sites.len()), |bencher| {
                bencher.iter(|| {
                    descriptor.prepare(&environment, true, &mut scratch, &Stop::never()).expect("no refusal");
                    let mut blocks = JacobianRow::new(&mut values, size, &of_site, None, &mut written);
                    descriptor
                        .jacobian(&environment, &row, &mut scratch, &mut blocks, &Stop::never())
                        .expect("nobody stops it");
                    black_box(&blocks);
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, one_center);
criterion_main!(benches);
