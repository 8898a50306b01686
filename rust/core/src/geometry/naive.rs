//! The oracle: all pairs and all images.

use super::cell::{Vector, dot, finite, norm};
use super::neighbors::check;
use super::{Cell, Center, Frame, Sites};
use crate::Error;

/// The sites that [`super::Grid::find`] must find, grouped by channel, then in the order of the frame.
///
/// For every atom, every lattice vector is tried that the planes of the cell do not rule out.
///
/// # Errors
/// As [`super::Grid`], save that no number of images or sites is too large.
pub fn sites(frame: &Frame<'_>, channels: &[u8], r_cut: f64, center: Center) -> Result<Sites, Error> {
    check(frame, 0, channels, r_cut)?;
    let cell = Cell::new(frame, 0)?;
    let n_atoms = frame.positions.len();
    let origin = match center {
        Center::Atom(index) if index < n_atoms => frame.positions[index],
        Center::Atom(index) => return Err(Error::CenterOutOfRange { frame: 0, index: index as i64, n_atoms }),
        Center::Point(position) if finite(position) => position,
        Center::Point(position) => return Err(Error::PointNotFinite { frame: 0, center: 0, position }),
    };
    let mut sites = Sites::default();
    for channel in 0..u8::MAX {
        for atom in (0..n_atoms).filter(|&atom| channels[atom] == channel) {
            for shift in shifts(&cell, subtract(frame.positions[atom], origin), r_cut) {
                let itself = center == Center::Atom(atom) && shift == [0; 3];
                let vector = image(&cell, frame.positions[atom], shift, origin);
                // The square root of what the search computes, or the same without under- and overflow.
                let square = dot(vector, vector);
                let r = if square.is_normal() { square.sqrt() } else { norm(vector) };
                if !itself && r < r_cut {
                    sites.push(atom as u32, channel, vector, r);
                }
            }
        }
    }
    Ok(sites)
}

/// Every lattice vector that might bring the end of `vector` within the cutoff of its start.
fn shifts(cell: &Cell, vector: Vector, r_cut: f64) -> Vec<[i64; 3]> {
    let fractions = cell.fractions(vector);
    let range = |axis: usize| {
        if !cell.periodic[axis] {
            return 0..=0;
        }
        let far = r_cut / cell.height(axis) * (1.0 + 1e-9) + 1e-6;
        (-fractions[axis] - far).floor() as i64..=(-fractions[axis] + far).ceil() as i64
    };
    let mut shifts = Vec::new();
    for a in range(0) {
        for b in range(1) {
            shifts.extend(range(2).map(|c| [a, b, c]));
        }
    }
    shifts
}

/// `position + shift · cell - origin`
fn image(cell: &Cell, position: Vector, shift: [i64; 3], origin: Vector) -> Vector {
    let mut image = position;
    for (shift, row) in shift.iter().zip(cell.basis) {
        image = [0, 1, 2].map(|xyz| image[xyz] + *shift as f64 * row[xyz]);
    }
    subtract(image, origin)
}

fn subtract(a: Vector, b: Vector) -> Vector {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}
