//! The neighbor search through the public API: the grid against its plain twin, on frames that visit every corner.

mod known;
mod refusals;
mod structure;

use isoprint_core::Stop;
use isoprint_core::geometry::{Center, Grid, Sites};
use proptest::prelude::*;
use structure::{OPEN, OwnedFrame, PERIODIC, Vector, assert_grid, assert_same, cube, random, rotate, structures};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_grid_finds_what_all_pairs_find((structure, r_cut, points) in structures()) {
        assert_grid(&structure, r_cut, &points, 1e-11);
    }

    #[test]
    fn rotated_cells_with_any_periodicity(
        (structure, r_cut, points) in structures(),
        angles in prop::array::uniform3(-3.0..3.0_f64),
    ) {
        let positions = structure.positions.iter().map(|&position| rotate(position, angles)).collect();
        let rotated = OwnedFrame { positions, cell: structure.cell.map(|row| rotate(row, angles)), ..structure };
        let points: Vec<Vector> = points.into_iter().map(|point| rotate(point, angles)).collect();
        assert_grid(&rotated, r_cut, &points, 1e-11);
    }

    /// Large enough for many bins in each direction.
    #[test]
    fn many_bins(seed in any::<u64>(), pbc in any::<[bool; 3]>(), skew in -0.9..0.9_f64, r_cut in 0.7..1.6_f64) {
        let cell = [[9.0, 0.0, 0.0], [9.0 * skew, 8.0, 0.0], [-3.0 * skew, 5.0 * skew, 10.0]];
        let channels = (0..120).map(|atom| atom % 3).collect();
        let structure = OwnedFrame { channels, cell, pbc, ..random(120, 8.0, seed) };
        assert_grid(&structure, r_cut, &[[0.0; 3], [4.0, -1.0, 8.0]], 1e-12);
    }
}

/// All eight, from a cluster to a crystal.
fn periodicities() -> impl Iterator<Item = [bool; 3]> {
    (0..8).map(|bits| [bits & 1 != 0, bits & 2 != 0, bits & 4 != 0])
}

#[test]
fn a_lone_atom_sees_its_own_images() {
    let structure = OwnedFrame::new(&[[0.25, -0.25, 11.0]], cube(2.0), PERIODIC);
    let sites = structure.find(2.5, Center::Atom(0));
    assert_eq!(sites.r, [2.0; 6]);
    assert_eq!(structure.find(2.5, Center::Point([0.25, -0.25, 11.0])).len(), 7);
    let open = OwnedFrame { pbc: OPEN, ..structure };
    assert!(open.find(2.5, Center::Atom(0)).is_empty());
}

#[test]
fn an_atom_exactly_at_the_cutoff_is_out() {
    let structure = OwnedFrame::new(&[[0.0; 3], [3.0, 4.0, 0.0], [0.0, 0.0, 4.999_999_999]], cube(1.0), OPEN);
    assert_eq!(structure.find(5.0, Center::Atom(0)).index, [2]);
    // The images of a simple cubic lattice: 6 at 1, 12 at √2, 8 at √3, and 6 exactly at 2.
    let lattice = OwnedFrame::new(&[[0.5; 3]], cube(1.0), PERIODIC);
    assert_eq!(lattice.find(2.0, Center::Atom(0)).len(), 26);
}

#[test]
fn atoms_at_the_same_place_see_each_other() {
    let structure = OwnedFrame::new(&[[1.0; 3], [1.0; 3], [4.0, 1.0, 1.0]], cube(3.0), PERIODIC);
    let mut sites = structure.find(1.0, Center::Atom(0));
    sites.index.sort_unstable();
    assert_eq!((sites.index, sites.r), (vec![1, 2], vec![0.0, 0.0]));
}

#[test]
fn atoms_on_cell_faces_are_counted_once() {
    let side = 4.0;
    let corners = [[0.0; 3], [side, 0.0, 0.0], [0.0, side, side], [-side, 2.0 * side, 0.0]];
    let structure = OwnedFrame::new(&corners, cube(side), PERIODIC);
    assert_grid(&structure, 4.5, &[[side; 3], [0.0; 3]], 0.0);
    assert_eq!(structure.find(1.0, Center::Atom(0)).len(), 3);
    // Faces that rounding moves a little to this side or that.
    let thirds = OwnedFrame::new(&[[0.1, 0.0, 0.0], [0.1 * 3.0, 0.0, -1e-17]], cube(0.1 + 0.2), PERIODIC);
    assert_grid(&thirds, 0.5, &[], 1e-15);
}

/// A bug that other lists have had: missing pairs for rotated boxes with partial periodicity.
#[test]
fn rotated_boxes_with_partial_periodicity_miss_nothing() {
    let upright = [[5.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 3.0]];
    for angles in [[0.0, 0.0, 0.7], [0.0, -2.0, 0.0], [1.5, 0.0, 0.0], [0.3, 2.2, -1.1]] {
        for pbc in periodicities() {
            let structure = OwnedFrame { cell: upright.map(|row| rotate(row, angles)), pbc, ..random(25, 6.0, 5) };
            assert_grid(&structure, 3.3, &[[-2.0, 9.0, 1.0]], 1e-13);
        }
    }
}

/// A bug that other lists have had: negative coordinates in open directions.
#[test]
fn negative_coordinates_in_open_directions_miss_nothing() {
    for pbc in periodicities() {
        let mut structure = OwnedFrame { cell: cube(6.0), pbc, ..random(40, 12.0, 9) };
        for position in &mut structure.positions {
            *position = position.map(|x| x - 9.0);
        }
        assert_grid(&structure, 2.9, &[[-30.0, 0.0, 0.0], [-9.0; 3]], 1e-13);
    }
}

#[test]
fn rows_along_open_axes_are_ignored() {
    let cell = [[5.0, 0.0, 0.0], [0.0, 4.0, 1.0], [f64::NAN, 0.0, f64::INFINITY]];
    let structure = OwnedFrame { cell, pbc: [true, true, false], ..random(20, 6.0, 3) };
    let zero = OwnedFrame { cell: [cell[0], cell[1], [0.0; 3]], ..structure.clone() };
    for center in structure.centers() {
        let [one, other] = [&structure, &zero].map(|structure| structure.find(3.0, center));
        assert_eq!((one.index, one.dx), (other.index, other.dx));
    }
    assert_grid(&zero, 3.0, &[], 1e-13);
}

#[test]
fn a_very_skewed_cell_is_the_same_lattice() {
    let plain = OwnedFrame { cell: cube(3.0), ..random(4, 3.0, 21) };
    let cell = [[3.0, 0.0, 0.0], [3000.0, 3.0, 0.0], [-600.0, 90000.0, 3.0]];
    let skewed = OwnedFrame { cell, ..plain.clone() };
    for center in plain.centers() {
        assert_same(&skewed.find(4.0, center), &plain.find(4.0, center), 4.0, 1e-11);
    }
}

#[test]
fn a_cell_much_thinner_than_the_cutoff() {
    let cell = [[0.2, 0.0, 0.0], [0.05, 3.0, 0.0], [0.0, 0.4, 20.0]];
    let structure = OwnedFrame { cell, ..random(3, 5.0, 2) };
    assert_grid(&structure, 4.0, &[[0.0; 3]], 1e-12);
}

/// Wrapping loses nothing: vectors are those of exact arithmetic, wherever the atoms were.
#[test]
fn vectors_are_exact_hundreds_of_cells_away() {
    let cell = [[8.0, 0.0, 0.0], [1.25, 7.5, 0.0], [-0.5, 2.0, 9.0]];
    let mut near = OwnedFrame { cell, ..random(30, 8.0, 77) };
    for position in &mut near.positions {
        // Multiples of 1/1024, so that moving them by lattice vectors rounds nothing.
        *position = position.map(|x| (x * 1024.0).round() / 1024.0);
    }
    let mut far = near.clone();
    for (atom, position) in far.positions.iter_mut().enumerate() {
        let atom = atom as f64;
        for (shift, row) in [atom * 13.0 - 300.0, 200.0 - atom, atom * atom - 400.0].iter().zip(cell) {
            *position = [0, 1, 2].map(|xyz| position[xyz] + shift * row[xyz]);
        }
    }
    for center in near.centers() {
        let [near, far] = [&near, &far].map(|structure| structure.find(4.0, center));
        assert_eq!((near.index, near.dx, near.dy, near.dz), (far.index, far.dx, far.dy, far.dz));
    }
    assert_grid(&far, 4.0, &[], 1e-12);
}

#[test]
fn invisible_atoms_are_no_sites_and_may_be_centers() {
    let mut structure = OwnedFrame::new(&[[0.0; 3], [1.0, 0.0, 0.0], [9.0, 0.0, 0.0]], cube(10.0), PERIODIC);
    structure.channels = vec![4, u8::MAX, 2];
    assert_eq!(structure.find(1.5, Center::Atom(0)).index, [2]);
    let seen = structure.find(2.5, Center::Atom(1));
    assert_eq!((seen.index, seen.channel, seen.dx), (vec![2, 0], vec![2, 4], vec![-2.0, -1.0]));
    structure.channels = vec![u8::MAX; 3];
    assert!(structure.find(1.5, Center::Atom(0)).is_empty());
    assert!(structure.grid(1.5).unwrap().order().is_empty());
}

#[test]
fn an_empty_frame_has_no_sites() {
    for pbc in periodicities() {
        let structure = OwnedFrame::new(&[], cube(3.0), pbc);
        assert!(structure.find(2.0, Center::Point([1.0; 3])).is_empty());
    }
}

#[test]
fn far_apart_atoms_need_few_bins_and_nothing_overflows() {
    for far in [1e9, 1e15, 1e300, f64::MAX] {
        let positions = [[-far, 0.0, 0.0], [0.0; 3], [1.0, 0.0, 0.0], [far, far, far]];
        let open = OwnedFrame::new(&positions, cube(1.0), OPEN);
        assert_eq!(open.find(2.0, Center::Atom(1)).index, [2], "{far}");
        assert_eq!(open.find(2.0, Center::Atom(2)).index, [1], "{far}");
        assert!(open.find(2.0, Center::Point([0.0, far, -far])).is_empty());
        assert!(open.find(2.0, Center::Atom(3)).is_empty());
    }
    let slab = OwnedFrame::new(&[[1e15; 3], [0.0; 3]], cube(3.0), [true, false, true]);
    assert_eq!(slab.find(3.5, Center::Atom(1)).len(), 4);
    let crystal = OwnedFrame::new(&[[1e15, -1e15, 1e15], [0.5; 3]], cube(3.0), PERIODIC);
    assert_grid(&crystal, 3.2, &[[-1e15; 3]], 1.0);
}

#[test]
fn the_order_holds_each_visible_atom_once() {
    let mut structure = random(200, 9.0, 4);
    structure.channels[17] = u8::MAX;
    let mut order = structure.grid(2.0).unwrap().order().to_vec();
    order.sort_unstable();
    let visible: Vec<u32> = (0..200).filter(|&atom| atom != 17).collect();
    assert_eq!(order, visible);
}

/// Large enough to be binned in parallel.
#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let mut structure = random(30_000, 60.0, 1);
    structure.channels = (0..30_000).map(|atom| if atom % 11 == 0 { u8::MAX } else { (atom % 3) as u8 }).collect();
    let list = |pool: Option<&rayon::ThreadPool>| {
        let grid = Grid::on_threads(&structure.frame(), 0, &structure.channels, 3.0, pool, &Stop::never()).unwrap();
        let mut sites = Sites::default();
        let mut all = Vec::new();
        for center in structure.centers().step_by(7) {
            grid.find(center, 0, &mut sites).unwrap();
            all.push((sites.index.clone(), sites.dx.clone(), sites.r.clone()));
        }
        (grid.order().to_vec(), all)
    };
    let alone = list(None);
    for threads in [1, 2, 3, 8] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert!(list(Some(&pool)) == alone, "{threads} threads");
    }
}

#[test]
fn reused_buffers_forget_the_last_center() {
    let structure = random(300, 9.0, 8);
    let grid = structure.grid(3.0).unwrap();
    let mut reused = Sites::default();
    for center in structure.centers().chain([Center::Point([100.0; 3])]) {
        grid.find(center, 0, &mut reused).unwrap();
        let fresh = structure.find(3.0, center);
        assert_eq!((&reused.index, &reused.r), (&fresh.index, &fresh.r));
    }
    assert!(grid.find(Center::Atom(300), 0, &mut reused).is_err());
    assert!(reused.is_empty());
}
