//! Neighbors that were found before, seen from where the atoms are now.
//!
//! A list says which images of which atoms are near which centers: integers, which stay right while atoms move a little.
//! Vectors and distances are computed anew from the present positions and the present cell.

use std::collections::HashMap;
use std::sync::Arc;

use super::{MAX_SITES, PURPOSE, Sites, Vector, check};
use crate::geometry::cell::{Cell, dot, finite};
use crate::geometry::{Center, Centers, Frame, KnownNeighbors};
use crate::simd::{self, Isa};
use crate::{Error, memory};

/// What to do about a list that does not serve.
const ANEW: &str = "make a new list by isoprint.neighbors";
/// Squares of lengths between these neither overflow nor lose digits.
const LENGTHS: std::ops::Range<f64> = 1e-100..1e100;
/// What rounding may do to a vector, in parts of the numbers that it was made of.
const ROUNDING: f64 = 1e-9;
/// An atom that is no center.
const NONE: u32 = u32::MAX;

/// A list in compressed rows, one a center, as it was found.
#[derive(Debug, Clone, Copy)]
pub struct FoundNeighbors<'a> {
    /// The neighbors of center `i` are `offsets[i]..offsets[i + 1]`.
    pub offsets: &'a [i64],
    /// Atom of which each neighbor is an image.
    pub index: &'a [i64],
    /// Vector from the center to its neighbor in Å.
    pub vector: &'a [Vector],
}

impl KnownNeighbors {
    /// The list `found` of all sites within `r_cut` of `centers`, which are those of this frame alone.
    ///
    /// # Errors
    /// [`Error::Neighbors`] where it is no such list, or of lengths beyond 1e±100 Å; errors of [`super::Grid::new`].
    pub fn new(frame: &Frame<'_>, centers: &Centers<'_>, r_cut: f64, found: FoundNeighbors<'_>) -> Result<Self, Error> {
        let n_atoms = frame.positions.len();
        check(frame, 0, &memory::zeros(PURPOSE, n_atoms)?, r_cut)?;
        let cell = Cell::new(frame, 0)?;
        if !LENGTHS.contains(&r_cut) {
            return Err(unfit(format!("were found within {r_cut:e} Å"), "such lengths are searched for in each call"));
        }
        numbered(centers.len())?;
        let n = found.index.len();
        let ends = (found.offsets.first().copied(), found.offsets.last().copied());
        let ascends = found.offsets.windows(2).all(|pair| pair[0] <= pair[1]);
        if found.offsets.len() != centers.len() + 1 || ends != (Some(0), Some(n as i64)) || !ascends {
            return Err(altered());
        }
        if found.vector.len() != n || !found.index.iter().all(|&atom| (0..n_atoms as i64).contains(&atom)) {
            return Err(altered());
        }
        let mut known = Self {
            r_cut,
            positions: memory::collect(PURPOSE, frame.positions.iter().copied())?,
            cell: frame.cell,
            periodic: frame.pbc,
            offsets: memory::collect(PURPOSE, found.offsets.iter().map(|&offset| offset as usize))?,
            index: memory::collect(PURPOSE, found.index.iter().map(|&atom| atom as u32))?,
            shift: memory::with_capacity(PURPOSE, n)?,
            row_of_atom: memory::filled(PURPOSE, n_atoms, NONE)?,
            row_of_point: HashMap::new(),
        };
        for row in 0..centers.len() {
            let origin = match centers.get(row) {
                Center::Atom(atom) => {
                    known.row_of_atom[atom] = row as u32;
                    frame.positions[atom]
                }
                Center::Point(point) => {
                    known.row_of_point.insert(point.map(f64::to_bits), row as u32);
                    point
                }
            };
            for place in known.offsets[row]..known.offsets[row + 1] {
                let at = frame.positions[known.index[place] as usize];
                let shift = image(&cell, origin, at, found.vector[place]).ok_or_else(altered)?;
                known.shift.push(shift);
            }
        }
        Ok(known)
    }

    /// How far an atom may move, and how far the farthest has moved: its number and the distance in Å.
    ///
    /// What moves all atoms alike is no motion: a step that they take together, and a change of the cell. Pairs that were
    /// farther apart than `r_cut` are then farther apart than `r_cut` times the factor by which the cell shrank most.
    ///
    /// # Errors
    /// [`Error::Neighbors`] where the frame is another one; [`Error::PositionNotFinite`] and errors of [`Cell::new`].
    pub fn motion(&self, frame: &Frame<'_>, frame_index: usize, reach: f64) -> Result<Motion, Error> {
        let n_atoms = frame.positions.len();
        if n_atoms != self.positions.len() {
            let problem = format!("are those of {} atoms, and frame {frame_index} has {n_atoms}", self.positions.len());
            return Err(unfit(problem, ANEW));
        }
        if frame.pbc != self.periodic {
            let (then, now) = (self.periodic, frame.pbc);
            return Err(unfit(format!("were found with pbc {then:?}, and frame {frame_index} has {now:?}"), ANEW));
        }
        let cell = Cell::new(frame, frame_index)?;
        let then = Cell::complete(self.cell, self.periodic).filter(|then| then.basis != cell.basis);
        // Takes a place in the old cell to the same place in the new one.
        let deformation = then.map(|then| {
            let unit = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
            unit.map(|x| sum(then.fractions(x), &cell.basis))
        });
        let step = |atom: usize| {
            let (now, then) = (frame.positions[atom], self.positions[atom]);
            let then = deformation.map_or(then, |deformation| sum(then, &deformation));
            [now[0] - then[0], now[1] - then[1], now[2] - then[2]]
        };
        let shrunk = deformation.map_or(1.0, |deformation| smallest_factor(&deformation));
        let allowed = 0.5 * (shrunk * self.r_cut - reach);
        let mut motion = self.farthest(step, [0.0; 3], allowed);
        if let Some(deformation) = deformation {
            // Points are where they were, whatever the cell does.
            for point in self.row_of_point.keys().map(|point| point.map(f64::from_bits)) {
                let moved = sum(point, &deformation);
                let moved = [0, 1, 2].map(|i| moved[i] - point[i]);
                let moved = dot(moved, moved).sqrt();
                if moved > motion.moved {
                    motion = Motion { allowed, atom: None, moved };
                }
            }
        }
        if !motion.moved.is_finite()
            && let Some(atom) = frame.positions.iter().position(|&position| !finite(position))
        {
            return Err(Error::PositionNotFinite { frame: frame_index, atom, position: frame.positions[atom] });
        }
        if motion.moved > allowed && self.row_of_point.is_empty() {
            // A step that all atoms take together changes nothing. Points do not take it.
            let total = (0..n_atoms).map(step).fold([0.0; 3], |a, b| [a[0] + b[0], a[1] + b[1], a[2] + b[2]]);
            motion = self.farthest(step, total.map(|x| x / n_atoms as f64), allowed);
        }
        Ok(motion)
    }

    /// The atom that moved farthest, but for what all atoms have in common.
    fn farthest(&self, step: impl Fn(usize) -> Vector, common: Vector, allowed: f64) -> Motion {
        let (mut farthest, mut largest, mut all) = (0, 0.0, 0.0);
        for atom in 0..self.positions.len() {
            let step = step(atom);
            let own = [step[0] - common[0], step[1] - common[1], step[2] - common[2]];
            let square = dot(own, own);
            // Not finite if one is not.
            all += square;
            if square > largest {
                (farthest, largest) = (atom, square);
            }
        }
        let moved = if f64::is_finite(all) { largest.sqrt() } else { f64::INFINITY };
        Motion { allowed, atom: Some(farthest), moved }
    }

    /// The neighbors where the atoms of `frame` are now, which no site within `reach` is missing from.
    ///
    /// # Errors
    /// [`Error::Neighbors`] where that cannot be said, and errors of [`Self::motion`].
    pub fn seen_from(self: &Arc<Self>, frame: &Frame<'_>, frame_index: usize, reach: f64) -> Result<Listed, Error> {
        let Motion { allowed, atom, moved } = self.motion(frame, frame_index, reach)?;
        let r_cut = self.r_cut;
        if r_cut < reach {
            let problem = format!("were found within {r_cut} Å, and this fingerprint sees {reach} Å far");
            return Err(unfit(problem, "make a list that reaches as far (the descriptor's reach), or farther"));
        }
        if moved > allowed {
            let who = atom.map_or("a point in the cell".to_owned(), |atom| format!("atom {atom}"));
            let problem = format!(
                "within {r_cut} Å serve a fingerprint that sees {reach} Å far until an atom has moved {:.6} Å (or the \
                 cell has shrunk by the difference), and {who} of frame {frame_index} has moved {moved:.6} Å",
                allowed.max(0.0)
            );
            return Err(unfit(problem, "make a new list by isoprint.neighbors, perhaps with a larger r_cut"));
        }
        Ok(Listed {
            known: Arc::clone(self),
            frame: frame_index,
            positions: memory::collect(PURPOSE, frame.positions.iter().copied())?,
            lattice: [0, 1, 2].map(|axis| if frame.pbc[axis] { frame.cell[axis] } else { [0.0; 3] }),
            reach,
            isa: Isa::detect(),
        })
    }
}

/// How far atoms have moved since a list was made, in Å.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Motion {
    /// How far they may move, so that the list still serves; negative if it does not reach far enough.
    pub allowed: f64,
    /// The atom that moved farthest; `None` if a point did, relative to the cell.
    pub atom: Option<usize>,
    /// How far that was.
    pub moved: f64,
}

/// Known neighbors, and where the atoms are now.
#[derive(Debug)]
pub struct Listed {
    known: Arc<KnownNeighbors>,
    frame: usize,
    positions: Vec<Vector>,
    lattice: [Vector; 3],
    reach: f64,
    isa: Isa,
}

impl Listed {
    /// As [`super::Grid::find`], in the order of the list; `channels` are those of the atoms.
    ///
    /// # Errors
    /// [`Error::Neighbors`] for a center that the list was not made for; [`Error::TooManySites`]; [`Error::Memory`].
    pub fn find(&self, center: Center, center_index: usize, channels: &[u8], sites: &mut Sites) -> Result<(), Error> {
        sites.clear();
        let known = &*self.known;
        let (row, origin) = match center {
            Center::Atom(atom) => (known.row_of_atom.get(atom).copied().unwrap_or(NONE), self.positions[atom]),
            Center::Point(point) => (known.row_of_point.get(&point.map(f64::to_bits)).copied().unwrap_or(NONE), point),
        };
        if row == NONE {
            let center = match center {
                Center::Atom(atom) => format!("atom {atom}"),
                Center::Point(point) => format!("the point {point:?}"),
            };
            let problem = format!("are not those of center {center_index} of frame {}, {center}", self.frame);
            return Err(unfit(problem, "make a list of these centers by isoprint.neighbors(..., centers=...)"));
        }
        let places = known.offsets[row as usize]..known.offsets[row as usize + 1];
        let near = known.index[places.clone()].iter().zip(&known.shift[places.clone()]).filter_map(|(&atom, shift)| {
            let at = self.positions[atom as usize];
            let mut vector = [at[0] - origin[0], at[1] - origin[1], at[2] - origin[2]];
            if *shift != [0; 3] {
                let image = sum(shift.map(f64::from), &self.lattice);
                (0..3).for_each(|i| vector[i] += image[i]);
            }
            let channel = channels[atom as usize];
            (channel != u8::MAX && dot(vector, vector) < self.reach * self.reach).then_some((atom, vector))
        });
        sites.take(places.len(), near, channels)?;
        if sites.len() > MAX_SITES {
            sites.clear();
            let (frame, limit, r_cut) = (self.frame, MAX_SITES, self.reach);
            return Err(Error::TooManySites { frame, center: center_index, limit, r_cut });
        }
        simd::lengths(self.isa, &sites.dx, &sites.dy, &sites.dz, &mut sites.r);
        Ok(())
    }
}

/// The image of an atom that is at the end of `vector` from `origin`; none if there is none.
fn image(cell: &Cell, origin: Vector, atom: Vector, vector: Vector) -> Option<[i32; 3]> {
    let lattice = [0, 1, 2].map(|i| vector[i] - (atom[i] - origin[i]));
    let fractions = cell.fractions(lattice);
    let shift = [0, 1, 2].map(|axis| if cell.periodic[axis] { fractions[axis].round() } else { 0.0 });
    let images = sum(shift, &cell.basis);
    let largest = |vector: Vector| vector.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
    let size = largest(origin).max(largest(atom)).max(largest(vector)).max(largest(images));
    let right = (0..3).all(|i| (lattice[i] - images[i]).abs() <= ROUNDING * size);
    let counted = shift.iter().all(|x| x.abs() <= f64::from(i32::MAX));
    (right && counted).then(|| shift.map(|x| x as i32))
}

/// Refuses so many centers that the list would have no numbers for them.
fn numbered(n_centers: usize) -> Result<(), Error> {
    if n_centers < NONE as usize {
        return Ok(());
    }
    let problem = format!("are those of {n_centers} centers, and a list has numbers of 32 bits for {}", NONE - 1);
    Err(unfit(problem, "make a list for some of the centers at a time"))
}

fn unfit(problem: String, remedy: &'static str) -> Error {
    Error::Neighbors { problem, remedy }
}

fn altered() -> Error {
    unfit("are not those that were found in the frame they came from".into(), ANEW)
}

/// `Σ coefficients · rows`.
fn sum(coefficients: Vector, rows: &[Vector; 3]) -> Vector {
    let [a, b, c] = coefficients;
    [0, 1, 2].map(|i| a * rows[0][i] + b * rows[1][i] + c * rows[2][i])
}

/// The smallest factor by which a deformation changes a length: its smallest singular value, rounded down.
fn smallest_factor(rows: &[Vector; 3]) -> f64 {
    let gram = |a: usize, b: usize| dot(rows[a], rows[b]);
    // The smallest eigenvalue of a symmetric matrix of three rows, by its characteristic polynomial.
    let mean = (gram(0, 0) + gram(1, 1) + gram(2, 2)) / 3.0;
    let [a, b, c] = [0, 1, 2].map(|i| gram(i, i) - mean);
    let [d, e, f] = [gram(0, 1), gram(0, 2), gram(1, 2)];
    let spread = ((a * a + b * b + c * c + 2.0 * (d * d + e * e + f * f)) / 6.0).sqrt();
    if spread == 0.0 {
        return mean.max(0.0).sqrt() * (1.0 - ROUNDING);
    }
    let determinant = a * (b * c - f * f) - d * (d * c - f * e) + e * (d * f - b * e);
    let angle = (determinant / (2.0 * spread * spread * spread)).clamp(-1.0, 1.0).acos() / 3.0;
    let smallest = mean + 2.0 * spread * (angle + 2.0 * std::f64::consts::FRAC_PI_3).cos();
    smallest.max(0.0).sqrt() * (1.0 - ROUNDING)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn centers_that_are_let_in_have_numbers() {
        assert_eq!(numbered(NONE as usize - 1), Ok(()));
        let message = numbered(NONE as usize).unwrap_err().to_string();
        assert!(
            message.contains("4294967295 centers") && message.contains("some of the centers at a time"),
            "{message}"
        );
    }

    #[test]
    fn the_smallest_factor_is_the_smallest_singular_value() {
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-7, "{a} {b}");
        close(smallest_factor(&[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]), 1.0);
        close(smallest_factor(&[[0.0, 2.0, 0.0], [0.5, 0.0, 0.0], [0.0, 0.0, -3.0]]), 0.5);
        // A shear by one: the golden ratio and its inverse.
        close(smallest_factor(&[[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]), 0.618_033_988_75);
        close(smallest_factor(&[[0.0; 3]; 3]), 0.0);
    }
}
