//! The reference tables can be read and are what they say.

mod golden;

/// `O = W L` is orthogonal, whatever the basis: this fails if rows and columns or the digits were mixed up.
#[test]
fn rotations_are_orthogonal() {
    let tables = golden::tables();
    let rotations: Vec<_> = tables.iter().filter(|(name, _)| name.starts_with("O_")).collect();
    assert_eq!(rotations.len(), 13);
    for (name, table) in rotations {
        for i in 0..table.shape[0] {
            for j in 0..table.shape[0] {
                let dot: f64 = table.row(i).iter().zip(table.row(j)).map(|(a, b)| a * b).sum();
                let expected = if i == j { 1.0 } else { 0.0 };
                assert!((dot - expected).abs() < 1e-14, "{name}: rows {i} and {j} give {dot}");
            }
        }
    }
}

/// The addition theorem: `Σ_m Y_lm² = (2l + 1) / 4π`.
#[test]
fn harmonics_are_normalized() {
    let tables = golden::tables();
    let harmonics = &tables["ylm_Y"];
    for point in 0..harmonics.shape[0] {
        for l in 0..9 {
            let sum: f64 = harmonics.row(point)[l * l..(l + 1) * (l + 1)].iter().map(|y| y * y).sum();
            let expected = (2 * l + 1) as f64 / (4.0 * std::f64::consts::PI);
            assert!((sum / expected - 1.0).abs() < 1e-14, "point {point}, l = {l}");
        }
    }
}
