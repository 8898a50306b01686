//! Eigenvalues of one matrix, and of one center: `cargo bench -p isoprint-core --bench pair_matrix`.
//!
//! Matrices are those of s and p orbitals on sites as dense as in silicon, at cutoffs of 5 and 6 Å.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use isoprint_core::Stop;
use isoprint_core::descriptors::overlap_matrix::{OverlapMatrix, OverlapMatrixParameters, Shell};
use isoprint_core::descriptors::pair_matrix::{Degenerate, Order, Overflow, PairMatrixParameters};
use isoprint_core::descriptors::{CenterKind, Descriptor, Environment, JacobianRow};
use isoprint_core::math::eigen::{Eigen, Matrix};

/// Sites at distances as in a crystal of this density, in directions that look random.
struct Sites {
    channel: Vec<u8>,
    position: [Vec<f64>; 3],
    r: Vec<f64>,
}

impl Sites {
    fn new(r_cut: f64) -> Self {
        let mut sites = Self { channel: Vec::new(), position: Default::default(), r: Vec::new() };
        for k in 1.. {
            // The k-th site is where a sphere holds k of them at 0.05 atoms in a cubic Å.
            let r = (f64::from(k) / (0.05 * 4.0 / 3.0 * std::f64::consts::PI)).cbrt() + 0.4;
            if r >= r_cut {
                break;
            }
            let z = 1.0 - (2.0 * f64::from(k) * 0.618_033_988_75).fract() * 2.0;
            let angle = 2.4 * f64::from(k);
            let across = (1.0 - z * z).sqrt();
            for (axis, u) in [across * angle.cos(), across * angle.sin(), z].into_iter().enumerate() {
                sites.position[axis].push(r * u);
            }
            sites.channel.push(0);
            sites.r.push(r);
        }
        sites
    }

    fn environment(&self) -> Environment<'_> {
        let [dx, dy, dz] = &self.position;
        Environment { center: CenterKind::Atom(Some(0)), channel: &self.channel, dx, dy, dz, r: &self.r, volume: 0.0 }
    }
}

fn descriptor(r_cut: f64) -> OverlapMatrix {
    let matrix = PairMatrixParameters {
        r_cut,
        exponent: 2,
        max_sites: 60,
        overflow: Overflow::Error,
        order: Order::Value,
        degenerate: Degenerate::Average,
        degenerate_tol: 1e-8,
        ignore_unknown_species: false,
        numbers: vec![14],
    };
    let shells = [0, 1].map(|l| Shell { l, width: vec![1.11] });
    let parameters = OverlapMatrixParameters { matrix, shells: shells.to_vec(), contracted: None };
    OverlapMatrix::new(parameters).unwrap()
}

fn of_one_center(criterion: &mut Criterion) {
    for r_cut in [5.0, 6.0] {
        let (sites, descriptor) = (Sites::new(r_cut), descriptor(r_cut));
        let environment = sites.environment();
        let mut scratch = descriptor.scratch().expect("some memory");
        let mut row = vec![0.0; descriptor.n_features()];
        let adjoint: Vec<f64> = (0..row.len()).map(|k| (k as f64).sin()).collect();
        let mut gradient = vec![[0.0; 3]; environment.len()];
        let name = |what: &str| format!("pair_matrix/{what}/{} sites", environment.len() + 1);
        criterion.bench_function(&name("values"), |bencher| {
            bencher.iter(|| {
                descriptor.prepare(black_box(&environment), false, &mut scratch, &Stop::never()).unwrap();
                descriptor.expand(&environment, &mut scratch, &mut row, &Stop::never()).expect("nobody stops it");
            });
        });
        criterion.bench_function(&name("pullback"), |bencher| {
            bencher.iter(|| {
                descriptor.prepare(black_box(&environment), true, &mut scratch, &Stop::never()).unwrap();
                descriptor
                    .expand_pullback(&environment, black_box(&adjoint), &mut scratch, &mut gradient, &Stop::never())
                    .expect("nobody stops it");
            });
        });
        let (size, of_site): (_, Vec<u32>) = (3 * descriptor.n_features(), (0..environment.r.len() as u32).collect());
        let (mut values, mut written) = (vec![0.0; of_site.len() * size], Vec::new());
        criterion.bench_function(&name("jacobian"), |bencher| {
            bencher.iter(|| {
                descriptor.prepare(black_box(&environment), true, &mut scratch, &Stop::never()).unwrap();
                let mut blocks = JacobianRow::new(&mut values, size, &of_site, None, &mut written);
                descriptor
                    .jacobian(&environment, &row, &mut scratch, &mut blocks, &Stop::never())
                    .expect("nobody stops it");
                black_box(&blocks);
            });
        });
    }
}

fn of_one_matrix(criterion: &mut Criterion) {
    for n in [29, 116, 188] {
        let (mut original, mut matrix, mut eigen) = (Matrix::default(), Matrix::default(), Eigen::default());
        original.reset(n, n).expect("some numbers");
        for i in 0..n {
            for j in 0..n {
                original.row_mut(i)[j] = (-0.05 * (i as f64 - j as f64).powi(2)).exp();
            }
        }
        criterion.bench_function(&format!("pair_matrix/eigenvalues/{n}"), |bencher| {
            bencher.iter(|| {
                matrix.copy_from(&original).expect("some numbers");
                eigen.find_values(black_box(&mut matrix), &Stop::never()).expect("some numbers");
            });
        });
        criterion.bench_function(&format!("pair_matrix/eigenvectors/{n}"), |bencher| {
            bencher.iter(|| {
                matrix.copy_from(&original).expect("some numbers");
                eigen.find_all(black_box(&mut matrix), &Stop::never()).expect("some numbers");
            });
        });
    }
}

criterion_group!(benches, of_one_center, of_one_matrix);
criterion_main!(benches);
