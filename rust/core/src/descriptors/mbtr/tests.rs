use super::*;
use crate::descriptors::Element;

fn parameters(geometry: Geometry, local: bool) -> MbtrParameters {
    let grid = match geometry {
        Geometry::AtomicNumber => GridParameters { min: -4.0, max: 12.0, sigma: 0.5, n: 65 },
        Geometry::Distance => GridParameters { min: 0.0, max: 5.0, sigma: 0.2, n: 51 },
        Geometry::InverseDistance => GridParameters { min: 0.0, max: 2.0, sigma: 0.05, n: 51 },
        Geometry::Angle => GridParameters { min: -40.0, max: 220.0, sigma: 5.0, n: 66 },
        Geometry::Cosine => GridParameters { min: -1.0, max: 1.0, sigma: 0.1, n: 31 },
    };
    MbtrParameters {
        geometry,
        grid,
        weighting: Weighting::Unity,
        normalize_gaussians: true,
        normalization: Normalization::None,
        local,
        ignore_unknown_species: false,
        species: [1, 8].map(|number| Element { number: Some(number) }).to_vec(),
    }
}

/// One right angle at an oxygen between two hydrogens, and a third hydrogen on one of its legs.
const CORNER: Environment<'static> = Environment {
    center: CenterKind::Atom(Some(1)),
    channel: &[0, 0, 0],
    dx: &[1.0, 0.0, 2.0],
    dy: &[0.0, 1.0, 0.0],
    dz: &[0.0, 0.0, 0.0],
    r: &[1.0, 1.0, 2.0],
    volume: 10.0,
};

fn expanded(parameters: MbtrParameters) -> Vec<f64> {
    let mbtr = Mbtr::new(parameters).expect("legal parameters");
    let mut scratch = mbtr.scratch().expect("some memory");
    mbtr.prepare(&CORNER, false, &mut scratch, &Stop::never()).expect("legal surroundings");
    let mut coefficients = vec![f64::NAN; mbtr.n_coefficients()];
    mbtr.expand(&CORNER, &mut scratch, &mut coefficients, &Stop::never()).expect("nobody stops it");
    coefficients
}

/// Sums over the points of each block, times the distance of two points: how many terms there are.
fn counted(parameters: MbtrParameters) -> Vec<f64> {
    let (n, step) = (parameters.grid.n, parameters.grid.step());
    expanded(parameters).chunks_exact(n).map(|block| (1e6 * step * block.iter().sum::<f64>()).round() / 1e6).collect()
}

#[test]
fn every_pair_is_counted_from_both_ends_and_every_angle_at_its_vertex() {
    assert_eq!(counted(parameters(Geometry::AtomicNumber, false)), [0.0, 1.0]);
    assert_eq!(counted(parameters(Geometry::Distance, false)), [0.0, 1.5, 0.0]);
    assert_eq!(counted(parameters(Geometry::Distance, true)), [3.0, 0.0]);
    assert_eq!(counted(parameters(Geometry::Angle, false))[3..], [3.0, 0.0, 0.0]);
    let beside = counted(parameters(Geometry::Angle, true));
    // Three angles at the center, and two at each of the others.
    assert_eq!(beside[0], 3.0);
    assert!(beside[3] == 6.0 && beside[4..].iter().all(|x| *x == 0.0), "{beside:?}");
}

#[test]
fn volumes_and_numbers_of_atoms_are_those_of_the_definition() {
    let plain = expanded(parameters(Geometry::Distance, false));
    let with_volume = MbtrParameters {
        normalization: Normalization::ValleOganov,
        weighting: Weighting::InverseSquare { r_cut: 4.0 },
        ..parameters(Geometry::Distance, false)
    };
    let mbtr = Mbtr::new(with_volume.clone()).expect("legal parameters");
    let mut coefficients = expanded(with_volume);
    assert_eq!(coefficients[plain.len()..], [0.0, 1.0]);
    coefficients[plain.len()..].copy_from_slice(&[2.0, 3.0]);
    let (mut row, mut scratch) = (vec![0.0; plain.len()], mbtr.scratch().expect("some memory"));
    mbtr.contract(&coefficients, &mut scratch, &mut row, &Stop::never()).expect("nobody stops it");
    for (k, x) in row.iter().enumerate().skip(51).take(51) {
        let expected = coefficients[k] / (2.0 * 3.0 * 4.0 * std::f64::consts::PI);
        assert!((x - expected).abs() < 1e-15, "{x} {expected}");
    }
}

#[test]
fn parameters_out_of_range_are_named() {
    let refused = |change: fn(&mut MbtrParameters)| {
        let mut parameters = parameters(Geometry::Distance, false);
        change(&mut parameters);
        Mbtr::new(parameters).expect_err("out of range").to_string()
    };
    assert!(refused(|p| p.grid.min = 5.0).starts_with("min of grid is 5; it must be less than max, 5"));
    assert!(refused(|p| p.grid.n = 1).starts_with("n of grid is 1; it must be an integer from 2"));
    assert!(refused(|p| p.grid.sigma = 0.0).starts_with("sigma of grid is 0; it must be a number from 1e-6"));
    assert!(
        refused(|p| p.weighting = Weighting::SmoothCutoff { r_cut: 3.0, sharpness: 2.0 })
            .starts_with("function of weighting is \"smooth_cutoff\"; it must be one of \"unity\"")
    );
    let exp = |scale, r_cut, threshold| Weighting::Exp { scale, r_cut, threshold };
    for (weighting, message) in [
        (exp(None, None, 0.1), "scale of weighting is missing; give scale, or r_cut in its place"),
        (exp(Some(1.0), Some(1.0), 0.1), "scale of weighting is 1; give scale or r_cut, not both"),
        (exp(Some(-1.0), None, 0.1), "scale of weighting is -1; it must be a positive number"),
        (exp(Some(1e-9), None, 0.1), "scale of weighting is 0.000000001; weights would end at 2.3"),
        (exp(Some(1.0), None, 1.0), "threshold of weighting is 1; it must be a number between 0 and 1"),
    ] {
        let parameters = MbtrParameters { weighting, ..parameters(Geometry::Distance, false) };
        let found = Mbtr::new(parameters).expect_err("out of range").to_string();
        assert!(found.starts_with(message) || found.contains("1e-9"), "{found}");
    }
    assert!(refused(|p| (p.geometry, p.local) = (Geometry::AtomicNumber, true)).starts_with("geometry is"));
    assert!(refused(|p| (p.normalization, p.local) = (Normalization::NAtoms, true)).contains("\"none\" or \"l2\""));
}
