//! Selection: the same points and bits in every family of instructions, and what it must not be asked.

use super::*;

/// Numbers in [-1, 1) that look random.
fn noise(n: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    };
    (0..n).map(|_| next()).collect()
}

fn families() -> impl Iterator<Item = Isa> {
    [Isa::Baseline, Isa::Avx2, Isa::Avx512].into_iter().filter(|&isa| isa <= Isa::detect())
}

#[test]
fn every_family_keeps_the_same_points_and_bits() {
    let [x, y, z] = [1, 2, 3].map(|seed| noise(500, seed));
    let points = Points { x: &x, y: &y, z: &z };
    let images = [[0.0; 3], [0.3, -0.1, 0.7], [1.1, 0.9, -0.2]];
    let origin = [0.1, -0.2, 0.05];
    let blocks: Vec<Candidates> =
        (0..700_u32).map(|k| Candidates::new(k * 37 % 493, k as usize % 3, ((k * 91) >> 2) as u8)).collect();
    for limit in [0.0, 0.3, 1.5, 100.0] {
        let mut expected = Vec::new();
        for block in &blocks {
            for slot in (0..8).filter(|lane| block.mask() >> lane & 1 == 1).map(|lane| block.start() + lane) {
                let (at, image) = (slot as usize, images[block.image()]);
                let [dx, dy, dz] =
                    [(x[at] - origin[0]) + image[0], (y[at] - origin[1]) + image[1], (z[at] - origin[2]) + image[2]];
                let square = (dx * dx + dy * dy) + dz * dz;
                if square < limit {
                    expected.push((slot, [dx, dy, dz, square.sqrt()].map(f64::to_bits)));
                }
            }
        }
        for isa in families() {
            let mut found = Found::default();
            // Twice, so that the second half is appended.
            let (first, second) = blocks.split_at(301);
            select(isa, points, first, &images, origin, limit, &mut found);
            select(isa, points, second, &images, origin, limit, &mut found);
            let mut r = vec![7.0; 3];
            lengths(isa, &found.dx, &found.dy, &found.dz, &mut r);
            let all: Vec<_> = (0..found.len())
                .map(|k| (found.slot[k], [found.dx[k], found.dy[k], found.dz[k], r[k]].map(f64::to_bits)))
                .collect();
            assert_eq!((all.len(), r.len()), (expected.len(), expected.len()), "{isa:?}");
            assert!(all == expected, "{isa:?}");
            found.clear();
            assert!(found.is_empty());
        }
    }
}

#[test]
fn nan_is_never_near() {
    let x = [f64::NAN; 8];
    for isa in families() {
        let mut found = Found::default();
        let points = Points { x: &x, y: &x, z: &x };
        select(isa, points, &[Candidates::new(0, 0, u8::MAX)], &[[0.0; 3]], [0.0; 3], f64::INFINITY, &mut found);
        assert!(found.is_empty());
    }
}

/// Tests one block of sixteen points without images but the first.
fn select_block(block: Candidates) {
    let x = [0.0; 16];
    let points = Points { x: &x, y: &x, z: &x };
    select(Isa::detect(), points, &[block], &[[0.0; 3]], [0.0; 3], 1.0, &mut Found::default());
}

#[test]
#[should_panic(expected = "assertion failed")]
fn blocks_must_not_leave_the_points() {
    select_block(Candidates::new(9, 0, 1));
}

#[test]
#[should_panic(expected = "assertion failed")]
fn images_must_exist() {
    select_block(Candidates::new(8, 1, 1));
}
