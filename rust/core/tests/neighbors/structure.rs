//! Frames that own their arrays, and the checks that every list of sites passes.

use isoprint_core::Error;
use isoprint_core::geometry::{Center, Frame, Grid, Sites, naive};
use proptest::prelude::*;

pub type Vector = [f64; 3];

pub const OPEN: [bool; 3] = [false; 3];
pub const PERIODIC: [bool; 3] = [true; 3];

/// A frame that owns its arrays.
#[derive(Debug, Clone)]
pub struct OwnedFrame {
    pub positions: Vec<Vector>,
    pub channels: Vec<u8>,
    pub cell: [Vector; 3],
    pub pbc: [bool; 3],
}

impl OwnedFrame {
    pub fn new(positions: &[Vector], cell: [Vector; 3], pbc: [bool; 3]) -> Self {
        Self { positions: positions.to_vec(), channels: vec![0; positions.len()], cell, pbc }
    }

    pub fn frame(&self) -> Frame<'_> {
        // The search knows channels and never looks at atomic numbers.
        Frame { positions: &self.positions, numbers: &[], cell: self.cell, pbc: self.pbc }
    }

    pub fn grid(&self, r_cut: f64) -> Result<Grid, Error> {
        Grid::new(&self.frame(), 7, &self.channels, r_cut)
    }

    pub fn find(&self, r_cut: f64, center: Center) -> Sites {
        let mut sites = Sites::default();
        self.grid(r_cut).unwrap().find(center, 0, &mut sites).unwrap();
        sites
    }

    pub fn centers(&self) -> impl Iterator<Item = Center> {
        (0..self.positions.len()).map(Center::Atom)
    }
}

pub fn cube(side: f64) -> [Vector; 3] {
    [[side, 0.0, 0.0], [0.0, side, 0.0], [0.0, 0.0, side]]
}

pub fn vector(sites: &Sites, k: usize) -> Vector {
    [sites.dx[k], sites.dy[k], sites.dz[k]]
}

/// Every invariant of a list of sites, but for which they are.
pub fn assert_sites(sites: &Sites, structure: &OwnedFrame, r_cut: f64) {
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

/// Asserts that both lists hold the same sites in any order. A pair may be missing on one side only if rounding decides
/// about it.
pub fn assert_same(found: &Sites, expected: &Sites, r_cut: f64, tolerance: f64) {
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
pub fn assert_grid(structure: &OwnedFrame, r_cut: f64, points: &[Vector], tolerance: f64) {
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
pub fn assert_symmetric(structure: &OwnedFrame, grid: &Grid) {
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
pub fn structures() -> impl Strategy<Value = (OwnedFrame, f64, Vec<Vector>)> {
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
            (OwnedFrame { positions, channels, cell, pbc }, r_cut, points)
        },
    )
}

/// Rotates about the axes, one after the other.
pub fn rotate(vector: Vector, angles: Vector) -> Vector {
    let mut rotated = vector;
    for (axis, angle) in angles.iter().enumerate() {
        let (b, c) = ((axis + 1) % 3, (axis + 2) % 3);
        let (sin, cos) = angle.sin_cos();
        (rotated[b], rotated[c]) = (cos * rotated[b] - sin * rotated[c], sin * rotated[b] + cos * rotated[c]);
    }
    rotated
}

/// Atoms at random places of a cube.
pub fn random(n: usize, side: f64, seed: u64) -> OwnedFrame {
    let mut state = seed | 1;
    let mut uniform = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        side * (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let positions: Vec<Vector> = (0..n).map(|_| [uniform(), uniform(), uniform()]).collect();
    OwnedFrame::new(&positions, cube(side), PERIODIC)
}
