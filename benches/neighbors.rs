//! The neighbor search, built and asked, against its plain twin: `cargo bench -p isoprint-core --bench neighbors`.
//!
//! Times are for all atoms of the frame; the throughput says how many atoms a second that is.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use isoprint_core::geometry::{Center, Frame, Grid, Sites, naive};

/// Atoms at random places of a box.
struct Bench {
    name: &'static str,
    positions: Vec<[f64; 3]>,
    channels: Vec<u8>,
    cell: [[f64; 3]; 3],
    pbc: [bool; 3],
}

impl Bench {
    fn new(name: &'static str, n_atoms: usize, edges: [f64; 3], periodic: bool, n_channels: usize) -> Self {
        let mut state = 88172645463325252_u64;
        let mut uniform = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let positions = (0..n_atoms).map(|_| edges.map(|edge| edge * uniform())).collect();
        let channels = (0..n_atoms).map(|atom| (atom % n_channels) as u8).collect();
        let [a, b, c] = edges;
        let cell = [[a, 0.0, 0.0], [0.0, b, 0.0], [0.0, 0.0, c]];
        Self { name, positions, channels, cell, pbc: [periodic; 3] }
    }

    fn frame(&self) -> Frame<'_> {
        Frame { positions: &self.positions, numbers: &[], cell: self.cell, pbc: self.pbc }
    }

    fn grid(&self) -> Grid {
        Grid::new(&self.frame(), 0, &self.channels, R_CUT).unwrap()
    }
}

const R_CUT: f64 = 5.0;

/// Asks for the sites of every atom, as the engine does.
fn find_all(grid: &Grid, sites: &mut Sites) -> usize {
    let mut n_sites = 0;
    for &atom in grid.order() {
        grid.find(Center::Atom(atom as usize), 0, sites).unwrap();
        n_sites += sites.len();
    }
    n_sites
}

fn neighbors(criterion: &mut Criterion) {
    let benches = [
        Bench::new("random_10000", 10_000, [46.371; 3], true, 1),
        Bench::new("random_10000_three_species", 10_000, [46.371; 3], true, 3),
        Bench::new("random_64", 64, [8.6; 3], true, 1),
        Bench::new("molecule_20", 20, [5.8; 3], false, 2),
        Bench::new("thin_cell_2", 2, [2.5, 3.0, 2.7], true, 1),
    ];
    for bench in &benches {
        let mut group = criterion.benchmark_group(format!("neighbors/{}", bench.name));
        group.throughput(Throughput::Elements(bench.positions.len() as u64));
        group.bench_function("build", |timer| timer.iter(|| bench.grid()));
        let (grid, mut sites) = (bench.grid(), Sites::default());
        group.bench_function("find", |timer| timer.iter(|| find_all(&grid, &mut sites)));
        if bench.positions.len() <= 64 {
            group.bench_function("naive", |timer| {
                timer.iter(|| {
                    for atom in 0..bench.positions.len() {
                        let center = Center::Atom(atom);
                        black_box(naive::sites(&bench.frame(), &bench.channels, R_CUT, center).unwrap());
                    }
                });
            });
        }
    }
}

criterion_group!(group, neighbors);
criterion_main!(group);
