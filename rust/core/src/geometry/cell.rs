//! Periodic cells: completed, inverted, reduced.

use super::Frame;
use crate::Error;

pub(crate) type Vector = [f64; 3];

/// Volume of the unit vectors along the periodic axes below which they count as dependent.
const FLAT: f64 = 1e-13;
/// A reduction step must shorten a squared length by this factor, so that ties and rounding cannot go in circles.
const SHORTER: f64 = 1.0 - 1e-9;
/// More steps than any lattice that passes [`FLAT`] needs.
const MAX_STEPS: usize = 1000;

/// From here on every `f64` is an integer.
const INTEGERS: f64 = 4503599627370496.0;

/// A validated cell: the periodic vectors of a frame, completed to a basis of space, and its inverse.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Rows along periodic axes are lattice vectors; the others are unit vectors at right angles to all of them.
    pub basis: [Vector; 3],
    /// Row `a` takes a point to its coordinate along row `a` of the basis.
    pub reciprocal: [Vector; 3],
    /// Which axes are periodic.
    pub periodic: [bool; 3],
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

    /// The same lattice, spanned by its shortest vectors (Minkowski's reduction), so that no cell is skewed.
    #[must_use]
    pub fn reduced(&self) -> Self {
        let mut basis = self.basis;
        for (axis, coefficients) in reduction(&self.basis, self.periodic).into_iter().enumerate() {
            let unchanged = (0..3).all(|b| coefficients[b] == f64::from(u8::from(b == axis)));
            if self.periodic[axis] && !unchanged {
                basis[axis] = combine([0.0; 3], coefficients, &self.basis);
            }
        }
        Self::complete(basis, self.periodic).unwrap_or_else(|| self.clone())
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

    /// The image of a point inside the cell, correct to the last digit or two however far away the point was. A
    /// point that is inside keeps its bits.
    #[inline]
    pub fn wrap(&self, point: Vector) -> Vector {
        let mut point = point;
        // The second round corrects what the rounding of a large coordinate did to the first.
        for _ in 0..32 {
            let mut shift = self.fractions(point);
            for (shift, periodic) in shift.iter_mut().zip(self.periodic) {
                *shift = if periodic { -floor(*shift) } else { 0.0 };
            }
            if shift == [0.0; 3] {
                break;
            }
            point = combine(point, shift, &self.basis);
        }
        point
    }

    /// Replaces the rows along axes that are not periodic, and inverts; `None` if the periodic rows are dependent.
    fn complete(rows: [Vector; 3], periodic: [bool; 3]) -> Option<Self> {
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
        Some(Self { basis, reciprocal, periodic })
    }
}

/// Integer coefficients, in terms of the periodic rows of `basis`, of the shortest vectors of their lattice.
fn reduction(basis: &[Vector; 3], periodic: [bool; 3]) -> [Vector; 3] {
    let mut coefficients = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let mut vectors = *basis;
    for _ in 0..MAX_STEPS {
        let Some((axis, change)) = shortening(&vectors, periodic) else { break };
        // Axis `axis` itself has the coefficient 1 in `change`'s combination.
        let step = change;
        coefficients[axis] = combine(coefficients[axis], step, &coefficients.clone());
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

/// `start + Σ coefficients · vectors`, the rounding errors of every product and sum collected and added at the end.
fn combine(start: Vector, coefficients: Vector, vectors: &[Vector; 3]) -> Vector {
    let mut result = start;
    for (xyz, sum) in result.iter_mut().enumerate() {
        let mut lost = 0.0;
        for (coefficient, vector) in coefficients.iter().zip(vectors).filter(|(coefficient, _)| **coefficient != 0.0) {
            let product = coefficient * vector[xyz];
            lost += coefficient.mul_add(vector[xyz], -product);
            let before = *sum;
            *sum += product;
            let added = *sum - before;
            lost += (before - (*sum - added)) + (product - added);
        }
        *sum += lost;
    }
    result
}

/// The largest integer not above `x`; zero for NaN.
///
/// The processors of the baseline have no instruction for `f64::floor`, and a call costs more than this.
#[inline]
pub(crate) fn floor(x: f64) -> f64 {
    if x.abs() >= INTEGERS {
        return x;
    }
    let truncated = x as i64 as f64;
    if truncated > x { truncated - 1.0 } else { truncated }
}

/// Whether no entry is NaN or infinite.
#[inline]
pub(crate) fn finite(vector: Vector) -> bool {
    vector.iter().all(|x| x.is_finite())
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
