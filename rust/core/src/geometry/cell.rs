//! Periodic cells: completed, inverted, reduced.

// Whole numbers are compared, which are exact.
#![allow(clippy::float_cmp)]

use super::Frame;
use super::rounding::{INTEGERS, combine};
use crate::Error;

pub(crate) type Vector = [f64; 3];

/// Volume of the unit vectors along the periodic axes below which they count as dependent.
const FLAT: f64 = 1e-13;
/// A reduction step must shorten a squared length by this factor, so that ties and rounding cannot go in circles.
const SHORTER: f64 = 1.0 - 1e-9;
/// More steps than any lattice that passes [`FLAT`] needs.
const MAX_STEPS: usize = 1000;

/// A validated cell: the periodic vectors of a frame, completed to a basis of space, and its inverse.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Rows along periodic axes are lattice vectors; the others are unit vectors at right angles to all of them.
    pub basis: [Vector; 3],
    /// Row `a` takes a point to its coordinate along row `a` of the basis.
    pub reciprocal: [Vector; 3],
    /// Axes that are periodic.
    pub periodic: [bool; 3],
    /// The coordinates along the rows at which the cell that points are wrapped into begins.
    pub low: Vector,
    /// The rows before [`Cell::reduced`] replaced them by sums, which are rounded.
    pub(super) given: Option<[Vector; 3]>,
}

impl Cell {
    /// The cell of `frame`, which is number `frame_index` in messages; rows along axes that are not periodic are
    /// ignored.
    ///
    /// # Errors
    /// [`Error::CellNotFinite`] and [`Error::SingularCell`], along periodic axes.
    pub fn new(frame: &Frame<'_>, frame_index: usize) -> Result<Self, Error> {
        for (axis, &vector) in frame.cell.iter().enumerate() {
            if frame.pbc[axis] && !finite(vector) {
                return Err(Error::CellNotFinite { frame: frame_index, axis, vector });
            }
        }
        Self::complete(frame.cell, frame.pbc).ok_or(Error::SingularCell {
            frame: frame_index,
            cell: frame.cell,
            periodic: frame.pbc,
        })
    }

    /// The lattice of this cell, spanned by its shortest vectors (Minkowski's reduction), so that no cell is skewed.
    #[must_use]
    pub fn reduced(&self) -> Self {
        let (mut basis, mut given) = (self.basis, self.given);
        for (axis, coefficients) in reduction(&self.basis, self.periodic).into_iter().enumerate() {
            let unchanged = (0..3).all(|b| coefficients[b] == f64::from(u8::from(b == axis)));
            if self.periodic[axis] && !unchanged {
                basis[axis] = combine([0.0; 3], coefficients, &self.basis);
                given = given.or(Some(self.basis));
            }
        }
        Self::complete(basis, self.periodic).map_or_else(|| self.clone(), |cell| Self { given, ..cell })
    }

    /// Coordinates of a point along the rows of the basis.
    #[inline]
    pub fn fractions(&self, point: Vector) -> Vector {
        [dot(self.reciprocal[0], point), dot(self.reciprocal[1], point), dot(self.reciprocal[2], point)]
    }

    /// Distance of the planes spanned by the other two vectors: the thickness of the cell along `axis`.
    pub fn height(&self, axis: usize) -> f64 {
        1.0 / norm(self.reciprocal[axis])
    }

    /// Whether points whose coordinates are at most `size` have a place along the periodic axes: where an axis that is
    /// not periodic takes part in them, a point far out along it has not enough digits to tell.
    pub fn places(&self, size: Vector) -> bool {
        let terms = |axis: usize| dot(self.reciprocal[axis].map(f64::abs), size);
        (0..3).all(|axis| !self.periodic[axis] || terms(axis) <= 0.5 * INTEGERS)
    }

    /// This cell, periodic along `axes` alone.
    pub(super) fn along(&self, axes: [bool; 3]) -> Option<Self> {
        Self::complete(self.basis, axes)
    }

    /// Replaces the rows along axes that are not periodic, and inverts; `None` if the periodic rows are dependent.
    pub(super) fn complete(rows: [Vector; 3], periodic: [bool; 3]) -> Option<Self> {
        let mut unit = [[0.0; 3]; 3];
        let mut length = [1.0; 3];
        for axis in (0..3).filter(|&axis| periodic[axis]) {
            (unit[axis], length[axis]) = normalize(rows[axis])?;
        }
        let open: Vec<usize> = (0..3).filter(|&axis| !periodic[axis]).collect();
        match open[..] {
            [] => {}
            [c] => unit[c] = normal(unit[(c + 1) % 3], unit[(c + 2) % 3])?,
            [b, c] => {
                let axis = unit[3 - b - c];
                let least = (0..3).min_by(|&i, &j| axis[i].abs().total_cmp(&axis[j].abs()))?;
                let mut helper = [0.0; 3];
                helper[least] = 1.0;
                unit[b] = normal(axis, helper)?;
                unit[c] = normal(axis, unit[b])?;
            }
            _ => unit = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        }
        let volume = dot(unit[0], cross(unit[1], unit[2]));
        if volume.abs() <= FLAT {
            return None;
        }
        // Unit vectors first: the test then knows no scale, and no product leaves the range of a double.
        let reciprocal =
            [0, 1, 2].map(|axis| cross(unit[(axis + 1) % 3], unit[(axis + 2) % 3]).map(|x| x / volume / length[axis]));
        let basis = [0, 1, 2].map(|axis| if periodic[axis] { rows[axis] } else { unit[axis] });
        Some(Self { basis, reciprocal, periodic, low: [0.0; 3], given: None })
    }
}

/// Integer coefficients, in terms of the periodic rows of `basis`, of the shortest vectors of their lattice.
fn reduction(basis: &[Vector; 3], periodic: [bool; 3]) -> [Vector; 3] {
    let mut coefficients = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let mut vectors = *basis;
    for _ in 0..MAX_STEPS {
        let Some((axis, step)) = shortening(&vectors, periodic) else { break };
        coefficients[axis] = combine(coefficients[axis], step, &coefficients);
        vectors[axis] = combine([0.0; 3], coefficients[axis], basis);
    }
    coefficients
}

/// A vector that becomes shorter by adding integer multiples of the others, and these multiples.
fn shortening(vectors: &[Vector; 3], periodic: [bool; 3]) -> Option<(usize, Vector)> {
    for axis in (0..3).filter(|&axis| periodic[axis]) {
        let [b, c] = [(axis + 1) % 3, (axis + 2) % 3];
        let shortens = |step: Vector| {
            let shorter = combine(vectors[axis], step, vectors);
            dot(shorter, shorter) < SHORTER * dot(vectors[axis], vectors[axis])
        };
        for other in [b, c].into_iter().filter(|&other| periodic[other]) {
            let mut step = [0.0; 3];
            step[other] = -(dot(vectors[axis], vectors[other]) / dot(vectors[other], vectors[other])).round();
            if shortens(step) {
                return Some((axis, step));
            }
        }
        for (sign_b, sign_c) in [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)] {
            let mut step = [0.0; 3];
            (step[b], step[c]) = (sign_b, sign_c);
            if periodic[b] && periodic[c] && shortens(step) {
                return Some((axis, step));
            }
        }
    }
    None
}

/// Whether no entry is NaN or infinite.
#[inline]
pub(crate) fn finite(vector: Vector) -> bool {
    vector.iter().all(|x| x.is_finite())
}

/// The volume in Å³ that three vectors span, whichever of them are periodic; zero where they span none.
pub fn volume([a, b, c]: [Vector; 3]) -> f64 {
    dot(a, cross(b, c)).abs()
}

/// The derivative of the logarithm of the volume that vectors span with respect to each of them.
#[must_use]
pub fn volume_gradient([a, b, c]: [Vector; 3]) -> [Vector; 3] {
    let signed = dot(a, cross(b, c));
    [cross(b, c), cross(c, a), cross(a, b)].map(|normal| normal.map(|x| x / signed))
}

/// Scalar product.
#[allow(clippy::inline_always)]
#[inline(always)]
pub(crate) fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// Vector product.
pub(crate) fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// Length, whatever the scale.
pub(crate) fn norm(vector: Vector) -> f64 {
    let scale = vector.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
    if scale == 0.0 || !scale.is_finite() {
        return scale;
    }
    let scaled = vector.map(|x| x / scale);
    scale * dot(scaled, scaled).sqrt()
}

/// Direction and length; `None` for zero.
fn normalize(vector: Vector) -> Option<(Vector, f64)> {
    let length = norm(vector);
    let scale = vector.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
    if length == 0.0 {
        return None;
    }
    let scaled = vector.map(|x| x / scale);
    let ratio = dot(scaled, scaled).sqrt();
    Some((scaled.map(|x| x / ratio), length))
}

/// The unit vector at right angles to two unit vectors; `None` if they are parallel.
fn normal(a: Vector, b: Vector) -> Option<Vector> {
    let product = cross(a, b);
    let length = norm(product);
    (length > FLAT).then(|| product.map(|x| x / length))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CRYSTAL: [bool; 3] = [true; 3];

    fn cell(rows: [Vector; 3], pbc: [bool; 3]) -> Cell {
        Cell::new(&Frame { positions: &[], numbers: &[], cell: rows, pbc }, 0).unwrap()
    }

    fn volume(cell: &Cell) -> f64 {
        dot(cell.basis[0], cross(cell.basis[1], cell.basis[2])).abs()
    }

    fn assert_inverse(cell: &Cell) {
        for (a, row) in cell.basis.iter().enumerate() {
            for (b, fraction) in cell.fractions(*row).into_iter().enumerate() {
                assert!((fraction - f64::from(u8::from(a == b))).abs() < 1e-12, "{cell:?}");
            }
        }
    }

    #[test]
    fn open_axes_are_unit_vectors_at_right_angles() {
        let rows = [[4.0, 1.0, 0.0], [-1.0, 0.3, 2.0], [f64::NAN; 3]];
        for pbc in [[true, true, false], [true, false, false], [false, true, false], [false; 3]] {
            let cell = cell(rows, pbc);
            assert_inverse(&cell);
            for axis in (0..3).filter(|&axis| !pbc[axis]) {
                assert!((norm(cell.basis[axis]) - 1.0).abs() < 1e-15);
                assert!((0..3).all(|other| other == axis || dot(cell.basis[axis], cell.basis[other]).abs() < 1e-15));
            }
        }
    }

    #[test]
    fn reduction_keeps_the_lattice_and_finds_its_shortest_vectors() {
        let plain = [[3.0, 0.0, 0.0], [0.5, 3.5, 0.0], [0.25, -0.75, 4.0]];
        let [a, b, c] = plain;
        let skewed = [a, combine(b, [700.0, 0.0, 0.0], &plain), combine(c, [-31.0, 4000.0, 0.0], &plain)];
        let reduced = cell(skewed, CRYSTAL).reduced();
        assert_inverse(&reduced);
        assert!((volume(&reduced) / volume(&cell(plain, CRYSTAL)) - 1.0).abs() < 1e-12);
        let mut lengths = [norm(a), norm(b), norm(c)];
        let mut found = reduced.basis.map(norm);
        lengths.sort_by(f64::total_cmp);
        found.sort_by(f64::total_cmp);
        assert_eq!(found, lengths);
    }

    #[test]
    fn a_reduced_cell_keeps_its_bits() {
        for rows in
            [[[3.1, 0.0, 0.0], [-1.55, 2.7, 0.0], [0.0, 0.1, 5.0]], [[0.0, 2.0, 2.0], [2.0, 0.0, 2.0], [2.0, 2.0, 0.0]]]
        {
            let cell = cell(rows, CRYSTAL);
            assert_eq!(cell.reduced(), cell);
        }
    }

    #[test]
    fn wrapping_is_exact_and_leaves_inner_points_alone() {
        let cell = cell([[8.0, 0.0, 0.0], [1.25, 7.5, 0.0], [-0.5, 2.0, 9.0]], [true, true, false]);
        let inside = [3.3, 2.2, -77.7];
        assert_eq!(cell.wrap(inside), inside);
        let inside = [3.25, 2.125, -77.5];
        assert_eq!(cell.wrap([3.25 + 8e9 + 1.25e7, 2.125 + 7.5e7, -77.5]), inside);
        let tiny = cell.wrap([-1e-30, 0.0, 0.0]);
        assert!((0.0..8.0).contains(&tiny[0]));
    }
}
