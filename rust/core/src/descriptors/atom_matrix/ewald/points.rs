//! Points of a lattice within a sphere.

use super::PURPOSE;
use crate::descriptors::Lattice;
use crate::error::Refusal;
use crate::{Stop, memory};

/// Points of the box around a sphere at most.
const MOST: f64 = 1e7;

/// A point of a lattice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Multiples of the lattice vectors.
    pub multiples: [i32; 3],
    /// Their sum.
    pub vector: [f64; 3],
    /// Its length.
    pub length: f64,
}

/// The points no farther than `radius` from the origin, from the nearest to the farthest.
///
/// # Errors
/// [`Refusal::TooManyTerms`], [`Refusal::Unfinished`].
pub fn within(lattice: &Lattice, radius: f64, stop: &Stop<'_>) -> Result<Vec<Point>, Refusal> {
    let most = lattice.reciprocal.map(|row| (radius * length(row)).floor());
    let n_points: f64 = most.iter().map(|most| 2.0 * most + 1.0).product();
    if n_points.is_nan() || n_points > MOST {
        return Err(Refusal::TooManyTerms { terms: n_points, limit: MOST });
    }
    let most = most.map(|most| most as i32);
    let mut points = Vec::new();
    for a in -most[0]..=most[0] {
        stop.check()?;
        for b in -most[1]..=most[1] {
            memory::reserve(PURPOSE, &mut points, 2 * most[2] as usize + 1)?;
            points.extend((-most[2]..=most[2]).filter_map(|c| {
                let multiples = [a, b, c];
                let mut vector = [0.0; 3];
                for (multiple, row) in multiples.into_iter().zip(&lattice.basis) {
                    (0..3).for_each(|x| vector[x] += f64::from(multiple) * row[x]);
                }
                let length = length(vector);
                (length <= radius).then_some(Point { multiples, vector, length })
            }));
        }
    }
    stop.check()?;
    points.sort_unstable_by(|a, b| a.length.total_cmp(&b.length).then(a.multiples.cmp(&b.multiples)));
    Ok(points)
}

/// Length of a vector.
pub fn length(vector: [f64; 3]) -> f64 {
    vector.iter().map(|x| x * x).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_of_a_cubic_lattice() {
        let unit = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        let cubic = Lattice { basis: unit, reciprocal: unit };
        let count = |radius| within(&cubic, radius, &Stop::never()).expect("few points").len();
        assert_eq!([0.5, 1.0, 1.5, 1.8].map(count), [1, 7, 19, 27]);
        let found = within(&cubic, 1e4, &Stop::never());
        assert!(matches!(found, Err(Refusal::TooManyTerms { .. })), "{found:?}");
    }
}
