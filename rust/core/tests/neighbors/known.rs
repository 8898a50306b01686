//! Neighbors that are known, of atoms that have moved since.

use std::sync::Arc;

use isoprint_core::geometry::{Center, Centers, FoundNeighbors, Frames, KnownNeighbors, Sites, naive};
use proptest::prelude::*;

use super::structure::{OwnedFrame, Vector, assert_same, assert_sites, structures, vector};

/// The list of all atoms and `points`, as the engine makes it.
fn known(structure: &OwnedFrame, points: &[Vector], r_cut: f64) -> Arc<KnownNeighbors> {
    let n_atoms = structure.positions.len();
    let everyone = OwnedFrame { channels: vec![0; n_atoms], ..structure.clone() };
    let grid = everyone.grid(r_cut).unwrap();
    let centers: Vec<Center> = structure.centers().chain(points.iter().copied().map(Center::Point)).collect();
    let (mut offsets, mut index, mut vectors, mut sites) = (vec![0], Vec::new(), Vec::new(), Sites::default());
    for &center in &centers {
        grid.find(center, 0, &mut sites).unwrap();
        index.extend(sites.index.iter().map(|&atom| i64::from(atom)));
        vectors.extend((0..sites.len()).map(|k| vector(&sites, k)));
        offsets.push(index.len() as i64);
    }
    let numbers = vec![1; n_atoms];
    let (cells, pbc, atoms) = ([structure.cell], [structure.pbc], [0, n_atoms as i64]);
    let frames = Frames::new(&structure.positions, &numbers, &cells, &pbc, &atoms).unwrap();
    let rows: Vec<i64> = (0..n_atoms as i64).chain(points.iter().map(|_| -1)).collect();
    let places: Vec<Vector> = vec![[0.0; 3]; n_atoms].into_iter().chain(points.iter().copied()).collect();
    let ends = [0, rows.len() as i64];
    let centers = Centers::new(&frames, &ends, &rows, &places).unwrap();
    let found = FoundNeighbors { offsets: &offsets, index: &index, vector: &vectors };
    Arc::new(KnownNeighbors::new(&structure.frame(), &centers, r_cut, found).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_site_is_missing_while_atoms_and_cell_have_moved_a_little(
        (structure, reach, points) in structures(),
        skin in 0.0..1.0_f64,
        moves in prop::collection::vec(prop::array::uniform3(-1.0..1.0_f64), 10),
        strain in prop::array::uniform3(prop::array::uniform3(-0.02..0.02_f64)),
    ) {
        let list = known(&structure, &points, reach + skin);
        let mut now = structure.clone();
        let deform = |x: Vector| [0, 1, 2].map(|i| x[i] + (0..3).map(|j| x[j] * strain[j][i]).sum::<f64>());
        if skin > 0.5 {
            now.cell = now.cell.map(deform);
            // Axes that are not periodic do not deform.
            if now.pbc == [true; 3] {
                now.positions = now.positions.into_iter().map(deform).collect();
            }
        }
        for (position, step) in now.positions.iter_mut().zip(&moves) {
            (0..3).for_each(|i| position[i] += 0.28 * skin * step[i]);
        }
        let motion = list.motion(&now.frame(), 0, reach).unwrap();
        let seen = list.seen_from(&now.frame(), 0, reach);
        prop_assert_eq!(seen.is_ok(), motion.moved <= motion.allowed);
        prop_assert!(skin > 0.5 || seen.is_ok());
        let Ok(seen) = seen else { return Ok(()) };
        let mut sites = Sites::default();
        for center in now.centers().chain(points.into_iter().map(Center::Point)) {
            seen.find(center, 0, &now.channels, &mut sites).unwrap();
            assert_sites(&sites, &now, reach);
            let expected = naive::sites(&now.frame(), &now.channels, reach, center).unwrap();
            assert_same(&sites, &expected, reach, 1e-10);
        }
    }
}
