//! The neighbor search through the public API: the grid against its plain twin, on frames that visit every corner.

use isoprint_core::Error;
use isoprint_core::geometry::{Center, Frame, Grid, MAX_IMAGES, MAX_SITES, Sites, naive};
use proptest::prelude::*;

type Vector = [f64; 3];

const OPEN: [bool; 3] = [false; 3];
const PERIODIC: [bool; 3] = [true; 3];

/// A frame that owns its arrays.
#[derive(Debug, Clone)]
struct Structure {
    positions: Vec<Vector>,
    channels: Vec<u8>,
    cell: [Vector; 3],
    pbc: [bool; 3],
}

impl Structure {
    fn new(positions: &[Vector], cell: [Vector; 3], pbc: [bool; 3]) -> Self {
        Self { positions: positions.to_vec(), channels: vec![0; positions.len()], cell, pbc }
    }

    fn frame(&self) -> Frame<'_> {
        // The search knows channels and never looks at atomic numbers.
        Frame { positions: &self.positions, numbers: &[], cell: self.cell, pbc: self.pbc }
    }

    fn grid(&self, r_cut: f64) -> Result<Grid, Error> {
        Grid::new(&self.frame(), 7, &self.channels, r_cut)
    }

    fn find(&self, r_cut: f64, center: Center) -> Sites {
        let mut sites = Sites::default();
        self.grid(r_cut).unwrap().find(center, 0, &mut sites).unwrap();
        sites
    }

    fn centers(&self) -> impl Iterator<Item = Center> {
        (0..self.positions.len()).map(Center::Atom)
    }
}

fn cube(side: f64) -> [Vector; 3] {
    [[side, 0.0, 0.0], [0.0, side, 0.0], [0.0, 0.0, side]]
}

fn vector(sites: &Sites, k: usize) -> Vector {
    [sites.dx[k], sites.dy[k], sites.dz[k]]
}

/// Every invariant of a list of sites, but for which they are.
fn assert_sites(sites: &Sites, structure: &Structure, r_cut: f64) {
    let n = sites.len();
    assert_eq!(sites.is_empty(), n == 0);
    assert!([sites.dx.len(), sites.dy.len(), sites.dz.len(), sites.r.len(), sites.channel.len()] == [n; 5]);
    assert!(sites.channel.is_sorted(), "not grouped by channel: {:?}", sites.channel);
    for k in 0..n {
        let [x, y, z] = vector(sites, k);
        let square = x * x + y * y + z * z;
        assert!(square < r_cut * r_cut);
        assert_eq!(sites.r[k].to_bits(), square.sqrt().to_bits());
        assert_eq!(sites.channel[k], structure.channels[sites.index[k] as usize]);
        assert_ne!(sites.channel[k], u8::MAX);
    }
}

/// The same sites in any order. A pair may be missing on one side only if rounding decides about it.
fn assert_same(found: &Sites, expected: &Sites, r_cut: f64, tolerance: f64) {
    let mut taken = vec![false; found.len()];
    for k in 0..expected.len() {
        let (index, there) = (expected.index[k], vector(expected, k));
        let twin = (0..found.len()).filter(|&l| !taken[l] && found.index[l] == index).find(|&l| {
            let here = vector(found, l);
            (0..3).all(|xyz| (here[xyz] - there[xyz]).abs() <= tolerance)
        });
        match twin {
            Some(l) => taken[l] = true,
            None => assert!(r_cut - expected.r[k] <= tolerance, "atom {index} at {there:?} is missing"),
        }
    }
    for l in (0..found.len()).filter(|&l| !taken[l]) {
        assert!(r_cut - found.r[l] <= tolerance, "atom {} at {:?} is too many", found.index[l], vector(found, l));
    }
}

/// The grid agrees with the plain search at every atom and at `points`.
fn assert_grid(structure: &Structure, r_cut: f64, points: &[Vector], tolerance: f64) {
    let grid = structure.grid(r_cut).unwrap();
    let mut sites = Sites::default();
    for center in structure.centers().chain(points.iter().copied().map(Center::Point)) {
        grid.find(center, 0, &mut sites).unwrap();
        assert_sites(&sites, structure, r_cut);
        let expected = naive::sites(&structure.frame(), &structure.channels, r_cut, center).unwrap();
        assert_same(&sites, &expected, r_cut, tolerance);
    }
    assert_symmetric(structure, &grid);
}

/// Who is seen sees back, along the same line, bit for bit.
fn assert_symmetric(structure: &Structure, grid: &Grid) {
    // Adding zero turns -0 into 0.
    let bits = |vector: Vector| vector.map(|x| (x + 0.0).to_bits());
    let mut there = Vec::new();
    let mut back = Vec::new();
    let mut sites = Sites::default();
    for i in (0..structure.positions.len()).filter(|&atom| structure.channels[atom] != u8::MAX) {
        grid.find(Center::Atom(i), 0, &mut sites).unwrap();
        for k in 0..sites.len() {
            let j = sites.index[k] as usize;
            there.push((i, j, bits(vector(&sites, k))));
            back.push((j, i, bits(vector(&sites, k).map(|x| -x))));
        }
    }
    there.sort_unstable();
    back.sort_unstable();
    assert!(there == back, "sites are not symmetric");
}

/// Slabs, wires and clusters; skewed, flat and left-handed cells; atoms on faces, at the same place and far outside.
fn structures() -> impl Strategy<Value = (Structure, f64, Vec<Vector>)> {
    let edges = prop::array::uniform3(prop_oneof![2.0..7.0_f64, Just(4.0), 0.8..1.5_f64]);
    let skew = prop_oneof![3 => Just(0.0), 3 => 0.2..0.9_f64, 1 => 2.0..20.0_f64];
    let rows = prop::array::uniform3(prop::array::uniform3(-1.0..1.0_f64));
    let corner = prop::sample::select(vec![0.0, 0.25, 0.5, 1.0, -1.0]);
    let place = prop::array::uniform3(prop_oneof![4 => -0.2..1.2_f64, 2 => corner, 1 => -30.0..30.0_f64]);
    let channel = prop::sample::select(vec![0_u8, 0, 1, 3, u8::MAX]);
    let atoms = prop::collection::vec((place.clone(), channel), 1..9);
    let points = prop::collection::vec(place, 0..3);
    let choices = any::<(bool, [bool; 3], bool)>();
    (rows, edges, skew, choices, atoms, points, 1.0..4.5_f64).prop_map(
        |(rows, edges, skew, (left_handed, pbc, twins), atoms, points, r_cut)| {
            let mut cell = [[0.0; 3]; 3];
            for axis in 0..3 {
                cell[axis][axis] = edges[axis];
                for xyz in 0..axis {
                    cell[axis][xyz] = skew * rows[axis][xyz] * edges[xyz];
                }
            }
            if left_handed {
                cell.swap(0, 1);
            }
            let place = |f: &Vector| [0, 1, 2].map(|xyz| (0..3).map(|axis| f[axis] * cell[axis][xyz]).sum());
            let mut positions: Vec<Vector> = atoms.iter().map(|(f, _)| place(f)).collect();
            let mut channels: Vec<u8> = atoms.iter().map(|(_, channel)| *channel).collect();
            if twins {
                positions.push(positions[0]);
                channels.push(1);
            }
            let points = points.iter().map(place).collect();
            (Structure { positions, channels, cell, pbc }, r_cut, points)
        },
    )
}

/// Rotates about the axes, one after the other.
fn turn(vector: Vector, angles: Vector) -> Vector {
    let mut turned = vector;
    for (axis, angle) in angles.iter().enumerate() {
        let (b, c) = ((axis + 1) % 3, (axis + 2) % 3);
        let (sin, cos) = angle.sin_cos();
        (turned[b], turned[c]) = (cos * turned[b] - sin * turned[c], sin * turned[b] + cos * turned[c]);
    }
    turned
}

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
        let positions = structure.positions.iter().map(|&position| turn(position, angles)).collect();
        let turned = Structure { positions, cell: structure.cell.map(|row| turn(row, angles)), ..structure };
        let points: Vec<Vector> = points.into_iter().map(|point| turn(point, angles)).collect();
        assert_grid(&turned, r_cut, &points, 1e-11);
    }

    /// Large enough for many bins in each direction.
    #[test]
    fn many_bins(seed in any::<u64>(), pbc in any::<[bool; 3]>(), skew in -0.9..0.9_f64, r_cut in 0.7..1.6_f64) {
        let cell = [[9.0, 0.0, 0.0], [9.0 * skew, 8.0, 0.0], [-3.0 * skew, 5.0 * skew, 10.0]];
        let channels = (0..120).map(|atom| atom % 3).collect();
        let structure = Structure { cell, pbc, channels, ..random(120, 8.0, seed) };
        assert_grid(&structure, r_cut, &[[0.0; 3], [4.0, -1.0, 8.0]], 1e-12);
    }
}

/// Atoms at random places of a cube.
fn random(n: usize, side: f64, seed: u64) -> Structure {
    let mut state = seed | 1;
    let mut uniform = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        side * (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let positions: Vec<Vector> = (0..n).map(|_| [uniform(), uniform(), uniform()]).collect();
    Structure::new(&positions, cube(side), PERIODIC)
}

/// All eight, from a cluster to a crystal.
fn periodicities() -> impl Iterator<Item = [bool; 3]> {
    (0..8).map(|bits| [bits & 1 != 0, bits & 2 != 0, bits & 4 != 0])
}

#[test]
fn a_lone_atom_sees_its_own_images() {
    let structure = Structure::new(&[[0.25, -0.25, 11.0]], cube(2.0), PERIODIC);
    let sites = structure.find(2.5, Center::Atom(0));
    assert_eq!(sites.r, [2.0; 6]);
    assert_eq!(structure.find(2.5, Center::Point([0.25, -0.25, 11.0])).len(), 7);
    let open = Structure { pbc: OPEN, ..structure };
    assert!(open.find(2.5, Center::Atom(0)).is_empty());
}

#[test]
fn an_atom_exactly_at_the_cutoff_is_out() {
    let structure = Structure::new(&[[0.0; 3], [3.0, 4.0, 0.0], [0.0, 0.0, 4.999_999_999]], cube(1.0), OPEN);
    assert_eq!(structure.find(5.0, Center::Atom(0)).index, [2]);
    // The images of a simple cubic lattice: 6 at 1, 12 at √2, 8 at √3, and 6 exactly at 2.
    let lattice = Structure::new(&[[0.5; 3]], cube(1.0), PERIODIC);
    assert_eq!(lattice.find(2.0, Center::Atom(0)).len(), 26);
}

#[test]
fn atoms_at_the_same_place_see_each_other() {
    let structure = Structure::new(&[[1.0; 3], [1.0; 3], [4.0, 1.0, 1.0]], cube(3.0), PERIODIC);
    let mut sites = structure.find(1.0, Center::Atom(0));
    sites.index.sort_unstable();
    assert_eq!((sites.index, sites.r), (vec![1, 2], vec![0.0, 0.0]));
}

#[test]
fn atoms_on_cell_faces_are_counted_once() {
    let side = 4.0;
    let corners = [[0.0; 3], [side, 0.0, 0.0], [0.0, side, side], [-side, 2.0 * side, 0.0]];
    let structure = Structure::new(&corners, cube(side), PERIODIC);
    assert_grid(&structure, 4.5, &[[side; 3], [0.0; 3]], 0.0);
    assert_eq!(structure.find(1.0, Center::Atom(0)).len(), 3);
    // Faces that rounding moves a little to this side or that.
    let thirds = Structure::new(&[[0.1, 0.0, 0.0], [0.1 * 3.0, 0.0, -1e-17]], cube(0.1 + 0.2), PERIODIC);
    assert_grid(&thirds, 0.5, &[], 1e-15);
}

/// Fixed in vesin 0.5: missing pairs for rotated boxes with partial periodicity.
#[test]
fn rotated_boxes_with_partial_periodicity_miss_nothing() {
    let upright = [[5.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 3.0]];
    for angles in [[0.0, 0.0, 0.7], [0.0, -2.0, 0.0], [1.5, 0.0, 0.0], [0.3, 2.2, -1.1]] {
        for pbc in periodicities() {
            let structure = Structure { cell: upright.map(|row| turn(row, angles)), pbc, ..random(25, 6.0, 5) };
            assert_grid(&structure, 3.3, &[[-2.0, 9.0, 1.0]], 1e-13);
        }
    }
}

/// Fixed in vesin 0.5: negative coordinates in open directions.
#[test]
fn negative_coordinates_in_open_directions_miss_nothing() {
    for pbc in periodicities() {
        let mut structure = Structure { cell: cube(6.0), pbc, ..random(40, 12.0, 9) };
        for position in &mut structure.positions {
            *position = position.map(|x| x - 9.0);
        }
        assert_grid(&structure, 2.9, &[[-30.0, 0.0, 0.0], [-9.0; 3]], 1e-13);
    }
}

#[test]
fn rows_along_open_axes_are_ignored() {
    let cell = [[5.0, 0.0, 0.0], [0.0, 4.0, 1.0], [f64::NAN, 0.0, f64::INFINITY]];
    let structure = Structure { cell, pbc: [true, true, false], ..random(20, 6.0, 3) };
    let zero = Structure { cell: [cell[0], cell[1], [0.0; 3]], ..structure.clone() };
    for center in structure.centers() {
        let [one, other] = [&structure, &zero].map(|structure| structure.find(3.0, center));
        assert_eq!((one.index, one.dx), (other.index, other.dx));
    }
    assert_grid(&zero, 3.0, &[], 1e-13);
}

#[test]
fn a_very_skewed_cell_is_the_same_lattice() {
    let plain = Structure { cell: cube(3.0), ..random(4, 3.0, 21) };
    let cell = [[3.0, 0.0, 0.0], [3000.0, 3.0, 0.0], [-600.0, 90000.0, 3.0]];
    let skewed = Structure { cell, ..plain.clone() };
    for center in plain.centers() {
        assert_same(&skewed.find(4.0, center), &plain.find(4.0, center), 4.0, 1e-11);
    }
}

#[test]
fn a_cell_much_thinner_than_the_cutoff() {
    let cell = [[0.2, 0.0, 0.0], [0.05, 3.0, 0.0], [0.0, 0.4, 20.0]];
    let structure = Structure { cell, ..random(3, 5.0, 2) };
    assert_grid(&structure, 4.0, &[[0.0; 3]], 1e-12);
}

/// Wrapping loses nothing: vectors are those of exact arithmetic, wherever the atoms were.
#[test]
fn vectors_are_exact_hundreds_of_cells_away() {
    let cell = [[8.0, 0.0, 0.0], [1.25, 7.5, 0.0], [-0.5, 2.0, 9.0]];
    let mut near = Structure { cell, ..random(30, 8.0, 77) };
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
    let mut structure = Structure::new(&[[0.0; 3], [1.0, 0.0, 0.0], [9.0, 0.0, 0.0]], cube(10.0), PERIODIC);
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
        let structure = Structure::new(&[], cube(3.0), pbc);
        assert!(structure.find(2.0, Center::Point([1.0; 3])).is_empty());
    }
}

#[test]
fn far_apart_atoms_need_few_bins_and_nothing_overflows() {
    for far in [1e9, 1e15, 1e300, f64::MAX] {
        let positions = [[-far, 0.0, 0.0], [0.0; 3], [1.0, 0.0, 0.0], [far, far, far]];
        let open = Structure::new(&positions, cube(1.0), OPEN);
        assert_eq!(open.find(2.0, Center::Atom(1)).index, [2], "{far}");
        assert_eq!(open.find(2.0, Center::Atom(2)).index, [1], "{far}");
        assert!(open.find(2.0, Center::Point([0.0, far, -far])).is_empty());
        assert!(open.find(2.0, Center::Atom(3)).is_empty());
    }
    let slab = Structure::new(&[[1e15; 3], [0.0; 3]], cube(3.0), [true, false, true]);
    assert_eq!(slab.find(3.5, Center::Atom(1)).len(), 4);
    let crystal = Structure::new(&[[1e15, -1e15, 1e15], [0.5; 3]], cube(3.0), PERIODIC);
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
    let list = || {
        let grid = structure.grid(3.0).unwrap();
        let mut sites = Sites::default();
        let mut all = Vec::new();
        for center in structure.centers().step_by(7) {
            grid.find(center, 0, &mut sites).unwrap();
            all.push((sites.index.clone(), sites.dx.clone(), sites.r.clone()));
        }
        (grid.order().to_vec(), all)
    };
    let alone = list();
    for threads in [1, 2, 3, 8] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert!(pool.install(list) == alone, "{threads} threads");
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

fn refused(structure: &Structure, r_cut: f64) -> (Error, String) {
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
            let (error, message) = refused(&Structure::new(&[[0.0; 3]], cell, pbc), 2.0);
            assert!(matches!(error, Error::SingularCell { frame: 7, .. }));
            assert!(message.contains("of frame 7 has no volume along its periodic axes"), "{message}");
        }
        // The same rows along open axes are nobody's business, and two of the three are a proper slab.
        assert!(Structure::new(&[[0.0; 3]], flat, OPEN).grid(2.0).is_ok());
        Structure::new(&[[0.0; 3]], flat, [true, true, false]).grid(2.0 * scale).unwrap();
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
        let (error, message) = refused(&Structure::new(&[[0.0; 3]], cell, PERIODIC), 1000.0);
        assert!(matches!(error, Error::TooManyImages { frame: 7, limit: MAX_IMAGES, .. }));
        assert!(message.contains("periodic images within the cutoff of 1000 Å, more than 10000000;"), "{message}");
    }
}

#[test]
fn too_many_sites_are_refused_at_once() {
    let crystal = Structure::new(&[[0.0; 3]], cube(10.0), PERIODIC);
    let crowd = Structure::new(&vec![[0.0; 3]; MAX_SITES + 2], cube(10.0), OPEN);
    for (structure, r_cut) in [(crystal, 1000.0), (crowd.clone(), 1.0)] {
        let grid = structure.grid(r_cut).unwrap();
        let mut sites = Sites::default();
        let error = grid.find(Center::Atom(0), 5, &mut sites).unwrap_err();
        assert_eq!(error, Error::TooManySites { frame: 7, center: 5, limit: MAX_SITES, r_cut });
        assert!(error.to_string().starts_with("center 5 of frame 7 has more than 65535 sites within the cutoff"));
        assert!(sites.is_empty());
    }
    let most = Structure { positions: crowd.positions[1..].to_vec(), channels: crowd.channels[1..].to_vec(), ..crowd };
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
