//! What the search refuses, and what it says then.

use isoprint_core::Error;
use isoprint_core::geometry::{Center, Grid, MAX_IMAGES, MAX_SITES, Sites, naive};

use crate::structure::{OPEN, OwnedFrame, PERIODIC, Vector, cube, random};

fn refused(structure: &OwnedFrame, r_cut: f64) -> (Error, String) {
    let error = structure.grid(r_cut).unwrap_err();
    let message = error.to_string();
    (error, message)
}

#[test]
fn positions_must_be_finite_visible_or_not() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut structure = random(4, 5.0, 1);
        structure.positions[2][1] = bad;
        structure.channels[2] = u8::MAX;
        let (error, message) = refused(&structure, 2.0);
        assert!(matches!(error, Error::PositionNotFinite { frame: 7, atom: 2, .. }));
        assert!(message.starts_with("position of atom 2 of frame 7 is ["), "{message}");
        assert!(naive::sites(&structure.frame(), &structure.channels, 2.0, Center::Atom(0)).is_err());
    }
}

#[test]
fn cells_must_be_finite_along_periodic_axes() {
    let mut structure = random(2, 5.0, 1);
    structure.cell[1][2] = f64::INFINITY;
    let (error, message) = refused(&structure, 2.0);
    assert!(matches!(error, Error::CellNotFinite { frame: 7, axis: 1, .. }));
    assert!(message.starts_with("cell of frame 7 has the row [0.0, 5.0, inf] along axis 1;"), "{message}");
}

#[test]
fn cells_must_have_a_volume_whatever_their_scale() {
    for scale in [1e-200, 1e-8, 1.0, 1e8, 1e200] {
        let flat = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]].map(|row: Vector| row.map(|x| x * scale));
        let parallel = [[0.1, 0.2, 0.3], [0.3, 0.6, 0.9], [0.0; 3]].map(|row: Vector| row.map(|x| x * scale));
        for (cell, pbc) in [(flat, PERIODIC), (parallel, [true, true, false]), ([[0.0; 3]; 3], [false, false, true])] {
            let (error, message) = refused(&OwnedFrame::new(&[[0.0; 3]], cell, pbc), 2.0);
            assert!(matches!(error, Error::SingularCell { frame: 7, .. }));
            assert!(message.contains("of frame 7 has no volume along its periodic axes"), "{message}");
        }
        // The same rows along open axes are nobody's business, and two of the three are a proper slab.
        assert!(OwnedFrame::new(&[[0.0; 3]], flat, OPEN).grid(2.0).is_ok());
        OwnedFrame::new(&[[0.0; 3]], flat, [true, true, false]).grid(2.0 * scale).unwrap();
    }
}

#[test]
fn the_cutoff_must_be_a_length() {
    for r_cut in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let (error, message) = refused(&random(2, 5.0, 1), r_cut);
        assert!(matches!(error, Error::Parameter { name: "r_cut", .. }));
        assert!(message.starts_with(&format!("r_cut is {r_cut}; the cutoff must be")), "{message}");
    }
}

#[test]
fn tiny_cells_are_refused_at_once() {
    for cell in [cube(0.01), cube(1e-200), [[1e-310, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]] {
        let (error, message) = refused(&OwnedFrame::new(&[[0.0; 3]], cell, PERIODIC), 1000.0);
        assert!(matches!(error, Error::TooManyImages { frame: 7, limit: MAX_IMAGES, .. }));
        assert!(message.contains("periodic images within the cutoff of 1000 Å, more than 10000000;"), "{message}");
    }
}

#[test]
fn too_many_sites_are_refused_at_once() {
    let crystal = OwnedFrame::new(&[[0.0; 3]], cube(10.0), PERIODIC);
    let crowd = OwnedFrame::new(&vec![[0.0; 3]; MAX_SITES + 2], cube(10.0), OPEN);
    for (structure, r_cut) in [(crystal, 1000.0), (crowd.clone(), 1.0)] {
        let grid = structure.grid(r_cut).unwrap();
        let mut sites = Sites::default();
        let error = grid.find(Center::Atom(0), 5, &mut sites).unwrap_err();
        assert_eq!(error, Error::TooManySites { frame: 7, center: 5, limit: MAX_SITES, r_cut });
        assert!(error.to_string().starts_with("center 5 of frame 7 has more than 65535 sites within the cutoff"));
        assert!(sites.is_empty());
    }
    let most = OwnedFrame { positions: crowd.positions[1..].to_vec(), channels: crowd.channels[1..].to_vec(), ..crowd };
    assert_eq!(most.find(1.0, Center::Atom(3)).len(), MAX_SITES);
}

#[test]
fn centers_must_exist() {
    let grid = random(3, 5.0, 1).grid(2.0).unwrap();
    let mut sites = Sites::default();
    let error = grid.find(Center::Atom(3), 0, &mut sites).unwrap_err();
    assert_eq!(error, Error::CenterOutOfRange { frame: 7, index: 3, n_atoms: 3 });
    let error = grid.find(Center::Point([0.0, f64::NAN, 0.0]), 9, &mut sites).unwrap_err();
    assert!(matches!(error, Error::PointNotFinite { frame: 7, center: 9, .. }));
    assert!(error.to_string().starts_with("center 9 of frame 7 is the point [0.0, NaN, 0.0]"));
}

#[test]
fn there_is_one_channel_an_atom() {
    let structure = random(3, 5.0, 1);
    let error = Grid::new(&structure.frame(), 0, &[0, 0], 2.0).unwrap_err();
    assert_eq!(error, Error::Shape { name: "channels", expected: vec![3], found: vec![2] });
}
