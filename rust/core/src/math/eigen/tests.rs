//! Known spectra, and what other solvers were caught with.

use super::*;

fn matrix(n: usize, entry: impl Fn(usize, usize) -> f64) -> Matrix {
    let mut matrix = Matrix::default();
    matrix.reset(n, n).expect("some numbers");
    for i in 0..n {
        for j in 0..n {
            matrix.row_mut(i)[j] = entry(i, j);
        }
    }
    matrix
}

/// Asserts that both ways to the eigenvalues agree, and that the vectors belong to them; returns the values.
fn assert_decomposed(original: &Matrix) -> Vec<f64> {
    let n = original.n_rows();
    let (mut eigen, mut copy) = (Eigen::default(), Matrix::default());
    copy.copy_from(original).expect("some numbers");
    eigen.find_values(&mut copy, &Stop::never()).expect("some numbers");
    let alone = eigen.values().to_vec();
    copy.copy_from(original).expect("some numbers");
    eigen.find_all(&mut copy, &Stop::never()).expect("some numbers");
    let (values, vectors) = (eigen.values(), eigen.vectors());
    let size = original.all().iter().fold(0.0_f64, |size, x| size.max(x.abs()));
    let small = 2e-15 * size * (n as f64 + 4.0);
    assert!(values.windows(2).all(|pair| pair[0] >= pair[1]));
    for k in 0..n {
        assert!((alone[k] - values[k]).abs() <= small, "n = {n}, value {k}: {} {}", alone[k], values[k]);
        let v = vectors.row(k);
        for i in 0..n {
            let image: f64 = (0..n).map(|j| original.row(i)[j] * v[j]).sum();
            let error = (image - values[k] * v[i]).abs();
            assert!(error <= small, "n = {n}, residual of vector {k}: {error:e}");
        }
        for l in 0..=k {
            let product: f64 = (0..n).map(|j| v[j] * vectors.row(l)[j]).sum();
            let error = (product - f64::from(u8::from(k == l))).abs();
            assert!(error < 2e-15 * (n as f64 + 4.0), "n = {n}, product of vectors {k} and {l}: {error:e}");
        }
        assert!(v[n..].iter().all(|&x| x == 0.0));
    }
    values.to_vec()
}

fn wave(i: usize, j: usize) -> f64 {
    let (low, high) = (i.min(j), i.max(j));
    ((high * (high + 1) / 2 + low) as f64 * 1.7 + 0.3).sin()
}

#[test]
fn nothing_and_a_single_entry() {
    let mut eigen = Eigen::default();
    eigen.find_values(&mut matrix(0, |_, _| 0.0), &Stop::never()).expect("some numbers");
    assert!(eigen.values().is_empty());
    eigen.find_all(&mut matrix(0, |_, _| 0.0), &Stop::never()).expect("some numbers");
    assert!(eigen.values().is_empty());
    for x in [0.0, -3.5, 1e300, 5e-324] {
        assert_eq!(assert_decomposed(&matrix(1, |_, _| x)), [x]);
    }
}

#[test]
fn matrices_of_every_size() {
    for n in (1..40).chain([63, 64, 65, 100]) {
        assert_decomposed(&matrix(n, wave));
    }
}

#[test]
fn spectrum_of_a_chain() {
    // 2 on the diagonal, -1 beside it: 2 - 2 cos(k π / (n + 1)).
    for n in [2, 3, 17, 50] {
        let values = assert_decomposed(&matrix(n, |i, j| match i.abs_diff(j) {
            0 => 2.0,
            1 => -1.0,
            _ => 0.0,
        }));
        for (k, value) in values.iter().rev().enumerate() {
            let exact = 2.0 - 2.0 * (std::f64::consts::PI * (k + 1) as f64 / (n + 1) as f64).cos();
            assert!((value - exact).abs() < 1e-14);
        }
    }
}

#[test]
fn chains_with_weak_links() {
    // Rows that come apart early, late, and all at once; equal blocks between them.
    for n in [9, 20, 64] {
        for strength in [1.0, 1e-4, 1e-9] {
            let link = |k: usize| strength * 10_f64.powi(-((k % 7) as i32));
            for period in [1, 5, n] {
                assert_decomposed(&matrix(n, |i, j| match i.abs_diff(j) {
                    0 => wave(i % period, 0),
                    1 => link(i.min(j)),
                    _ => 0.0,
                }));
            }
        }
    }
}

#[test]
fn values_and_vectors_of_a_diagonal_are_in_the_same_order() {
    for n in [32, 33, 34] {
        let entry = |i: usize| ((7 * i) % n) as f64 - 11.0;
        let original = matrix(n, |i, j| if i == j { entry(i) } else { 0.0 });
        let values = assert_decomposed(&original);
        assert_eq!(values, (0..n).rev().map(|k| k as f64 - 11.0).collect::<Vec<_>>());
    }
}

#[test]
fn the_order_of_rows_does_not_matter() {
    // Springs between 12 points, 36 x 36, with six free motions.
    let place = |k: usize| [wave(k, 3), wave(k, 7), wave(k, 11)].map(|x| 2.0 * x);
    let spring = |i: usize, j: usize| {
        let (k, l) = (i / 3, j / 3);
        let gradient = |l: usize| {
            let (a, b) = (place(k), place(l));
            let d: [f64; 3] = std::array::from_fn(|x| a[x] - b[x]);
            d[i % 3] * d[j % 3] / d.iter().map(|x| x * x).sum::<f64>()
        };
        if k == l { (0..12).filter(|&l| l != k).map(gradient).sum() } else { -gradient(l) }
    };
    let expected = assert_decomposed(&matrix(36, spring));
    assert!(expected[30..].iter().all(|x| x.abs() < 1e-13));
    for step in [5, 7, 11, 35] {
        let at = |i: usize| (i * step + 4) % 36;
        let values = assert_decomposed(&matrix(36, |i, j| spring(at(i), at(j))));
        assert!(values.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-13));
    }
}

#[test]
fn very_large_and_very_small_entries() {
    let expected = assert_decomposed(&matrix(20, wave));
    for power in [-1000, -600, 600, 1000] {
        let scale = libm::exp2(f64::from(power));
        let values = assert_decomposed(&matrix(20, |i, j| scale * wave(i, j)));
        assert!(values.iter().zip(&expected).all(|(a, b)| (a / scale - b).abs() < 1e-14));
    }
    // From 1 to 1e-300 in one matrix.
    assert_decomposed(&matrix(31, |i, j| wave(i, j) * 10_f64.powi(-5 * (i + j) as i32)));
    assert_decomposed(&matrix(31, |i, j| wave(i, j) * 10_f64.powi(-5 * (60 - i - j) as i32)));
}

#[test]
fn degenerate_spectra() {
    assert!(assert_decomposed(&matrix(37, |_, _| 0.0)).iter().all(|&x| x == 0.0));
    assert_eq!(assert_decomposed(&matrix(25, |i, j| f64::from(u8::from(i == j)))), [1.0; 25]);
    let ones = assert_decomposed(&matrix(40, |_, _| 1.0));
    assert!((ones[0] - 40.0).abs() < 1e-13);
    assert!(ones[1..].iter().all(|x| x.abs() < 1e-14));
    // Two equal blocks; entries twice over; a matrix of rank two.
    assert_decomposed(&matrix(48, |i, j| if i / 24 == j / 24 { wave(i % 24, j % 24) } else { 0.0 }));
    assert_decomposed(&matrix(30, |i, j| wave(i / 2, j / 2)));
    assert_decomposed(&matrix(33, |i, j| (i as f64).sin() * (j as f64).sin() + (i as f64).cos() * (j as f64).cos()));
}

#[test]
fn a_workspace_may_be_used_for_any_size() {
    let mut eigen = Eigen::default();
    for n in [50, 3, 0, 20, 64, 1] {
        let mut fresh = Eigen::default();
        eigen.find_all(&mut matrix(n, wave), &Stop::never()).expect("some numbers");
        fresh.find_all(&mut matrix(n, wave), &Stop::never()).expect("some numbers");
        assert_eq!(eigen.values(), fresh.values());
        assert_eq!(eigen.vectors().all(), fresh.vectors().all());
    }
}

/// Overlaps of s and p orbitals, all of width one, on these sites.
fn overlaps(sites: &[[f64; 3]]) -> Matrix {
    let n = sites.len();
    let fade = |a: &[f64; 3]| (1.0 - a.iter().map(|x| x * x).sum::<f64>() / 40.0).powi(2);
    matrix(4 * n, |i, j| {
        let ((o, a), (p, b)) = ((i / n, &sites[i % n]), (j / n, &sites[j % n]));
        let d: [f64; 3] = std::array::from_fn(|x| a[x] - b[x]);
        let s = (-0.25 * d.iter().map(|x| x * x).sum::<f64>()).exp() * fade(a) * fade(b);
        let half = std::f64::consts::FRAC_1_SQRT_2;
        match (o, p) {
            (0, 0) => s,
            (0, p) => half * d[p - 1] * s,
            (o, 0) => -half * d[o - 1] * s,
            (o, p) => (f64::from(u8::from(o == p)) - 0.5 * d[o - 1] * d[p - 1]) * s,
        }
    })
}

/// Sites of a lattice, all of whose coordinates are multiples of `step`, within a sphere.
fn lattice(step: f64, square: i32, keep: impl Fn([i32; 3]) -> bool) -> Vec<[f64; 3]> {
    let range = || -4..=4;
    range()
        .flat_map(|x| range().flat_map(move |y| range().map(move |z| [x, y, z])))
        .filter(|&site| site.iter().map(|x| x * x).sum::<i32>() <= square && keep(site))
        .map(|site| site.map(|x| step * f64::from(x)))
        .collect()
}

#[test]
fn overlap_matrices_of_symmetric_places() {
    let even = |site: [i32; 3]| site.iter().sum::<i32>() % 2 == 0;
    let fcc = lattice(1.5, 4, even);
    assert_eq!(fcc.len(), 19);
    let diamond = lattice(0.8, 8, |[x, y, z]| {
        let all = |parity: i32| [x, y, z].iter().all(|k| k.rem_euclid(2) == parity);
        let sum = x + y + z;
        (all(0) && sum.rem_euclid(4) == 0) || (all(1) && sum.rem_euclid(4) == 3)
    });
    assert_eq!(diamond.len(), 17);
    let values = assert_decomposed(&overlaps(&fcc));
    // Representations of the cube have up to three dimensions.
    let threefold = values.windows(3).filter(|three| (three[0] - three[2]).abs() < 1e-13).count();
    assert!(threefold >= 10, "{threefold}");
    assert_decomposed(&overlaps(&diamond));
    assert_decomposed(&overlaps(&[[0.0; 3], [0.0, 0.0, 1.4]]));
    let coincident = assert_decomposed(&overlaps(&[[0.0; 3], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]));
    assert!(coincident[8..].iter().all(|x| x.abs() < 1e-14));
}
