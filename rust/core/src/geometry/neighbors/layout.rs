//! Layout of the bins: a parallelepiped, cut into equal parts along each of its three axes.

use crate::geometry::cell::{Cell, Vector, cross, dot, norm};

/// Bins further away than this are not told apart.
pub(super) const FAR: f64 = 1125899906842624.0;

/// Sides of a bin in units of the cutoff: across the runs, and along them. Measured at 50 sites a center.
const SIDE: f64 = 1.0;
const SIDE_ALONG: f64 = 0.25;

/// Bins there may be for every atom, and for no atom at all: a sparse frame gets larger bins.
const BINS_PER_ATOM: f64 = 4.0;
const BINS_AT_LEAST: f64 = 64.0;

/// An axis that is not periodic is not cut where coordinates along it are more than this many cutoffs: their rounding
/// errors, and the lengths of bins, would be.
const FAR_OUT: f64 = 1099511627776.0;
/// The shortest bin along an axis that is not periodic, in units of the cutoff: all atoms may be in one plane.
const SHORTEST: f64 = 1e-3;

/// Rounding errors of a coordinate, in units of the largest number it was made of.
const ROUNDING: f64 = 64.0 * f64::EPSILON;

/// Bounding box of the visible atoms, along the axes of the cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bounds {
    /// Number of visible atoms.
    pub n_visible: usize,
    /// Smallest coordinates along the axes of the cell.
    pub low: Vector,
    /// Largest coordinates along the axes of the cell.
    pub high: Vector,
    /// Largest Cartesian coordinates of a wrapped atom, whatever their sign.
    pub largest: Vector,
}

impl Bounds {
    /// Of no atom at all.
    pub const NOTHING: Self =
        Self { n_visible: 0, low: [f64::INFINITY; 3], high: [f64::NEG_INFINITY; 3], largest: [0.0; 3] };

    /// Counts an atom at `point` in, which is at `fractions` along the axes.
    #[inline]
    pub fn include(&mut self, point: Vector, fractions: Vector) {
        self.n_visible += 1;
        for axis in 0..3 {
            self.low[axis] = self.low[axis].min(fractions[axis]);
            self.high[axis] = self.high[axis].max(fractions[axis]);
            self.largest[axis] = self.largest[axis].max(point[axis].abs());
        }
    }

    /// What the atoms of both occupy.
    pub fn union(self, other: Self) -> Self {
        Self {
            n_visible: self.n_visible + other.n_visible,
            low: [0, 1, 2].map(|axis| self.low[axis].min(other.low[axis])),
            high: [0, 1, 2].map(|axis| self.high[axis].max(other.high[axis])),
            largest: [0, 1, 2].map(|axis| self.largest[axis].max(other.largest[axis])),
        }
    }
}

/// One axis of the parallelepiped of bins.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    /// Number of bins.
    pub n: i64,
    /// Whether bin `n` is an image of bin 0.
    pub periodic: bool,
    /// First bin that exists, all images included.
    pub first: f64,
    /// Last bin that exists, all images included.
    pub last: f64,
    /// From one image to the next; zero along an axis that is not periodic.
    pub period: Vector,
    /// The edge of one bin.
    edge: Vector,
    /// A point's coordinate along this axis, in bins, is `scale · point - origin`.
    scale: Vector,
    origin: f64,
}

/// The parallelepiped of bins. Its axes are sorted: a *run* of bins along the last one is contiguous in memory.
#[derive(Debug, Clone)]
pub(super) struct BinLayout {
    pub axes: [Axis; 3],
    /// The edges of one bin in a Cartesian frame turned so that their matrix is triangular: the point with the bin
    /// coordinates `q` is at `y = q₀ y`, `x = q₀ x₀ + q₁ x₁`, `z = q₀ z₀ + q₁ z₁ + q₂`, in units of the last edge.
    pub y: f64,
    pub x: [f64; 2],
    pub z: [f64; 2],
    /// The cutoff, and what rounding may do to the coordinates, in the same units.
    pub reach: f64,
}

impl BinLayout {
    /// Bins for the atoms within `bounds`.
    pub(super) fn new(cell: &Cell, bounds: &Bounds, r_cut: f64) -> Self {
        // How large the terms of a coordinate along an axis become, in Å.
        let size = [0, 1, 2].map(|axis| dot(cell.reciprocal[axis].map(f64::abs), bounds.largest) * cell.height(axis));
        let cut = [0, 1, 2].map(|axis| cell.periodic[axis] || size[axis] <= FAR_OUT * r_cut);
        let extent = [0, 1, 2].map(|axis| {
            let open = bounds.high[axis] - bounds.low[axis];
            (if cell.periodic[axis] { cell.height(axis) } else { open }).min(f64::MAX)
        });
        // Runs along the longest axis are cut least often.
        let mut order = [0, 1, 2];
        order.sort_by(|&a, &b| extent[a].total_cmp(&extent[b]));
        let counts = counts(order.map(|axis| if cut[axis] { extent[axis] } else { 0.0 }), r_cut, bounds.n_visible);
        let axes = [0, 1, 2].map(|rank| {
            let (axis, n) = (order[rank], counts[rank]);
            if cell.periodic[axis] {
                Axis::periodic(cell, axis, n)
            } else if cut[axis] {
                let side = if extent[axis] > 0.0 { (extent[axis] / n).max(SHORTEST * r_cut) } else { r_cut };
                let low = if bounds.n_visible == 0 { 0.0 } else { bounds.low[axis] };
                Axis::open(cell, axis, n, side, low)
            } else {
                Axis::whole(cell, axis, r_cut)
            }
        });
        let periods: f64 = (0..3).filter(|&axis| cell.periodic[axis]).map(|axis| norm(cell.basis[axis])).sum();
        let size = (0..3).filter(|&axis| cut[axis]).fold(periods, |largest, axis| largest.max(size[axis]));
        Self::triangular(axes, r_cut * (1.0 + ROUNDING) + ROUNDING * size)
    }

    /// Turns the frame so that the last edge is along `z` and the middle one in the plane of `x` and `z`.
    fn triangular(axes: [Axis; 3], reach: f64) -> Self {
        let [outer, middle, run] = [0, 1, 2].map(|rank| axes[rank].edge);
        let length = norm(run);
        let along = run.map(|x| x / length);
        let part = dot(middle, along);
        let across = [0, 1, 2].map(|xyz| middle[xyz] - part * along[xyz]);
        let width = norm(across);
        let across = across.map(|x| x / width);
        let y = dot(outer, cross(along, across)).abs();
        let [x0, x1] = [dot(outer, across) / length, width / length];
        let z = [dot(outer, along) / length, part / length];
        Self { axes, y: y / length, x: [x0, x1], z, reach: reach / length }
    }

    /// About how many images of the cell reach into the neighborhood of one center.
    pub(super) fn images(&self) -> f64 {
        let thickness = [self.y, self.x[1], 1.0];
        let along = |(axis, thickness): (&Axis, f64)| {
            if axis.periodic { 1.0 + 2.0 * self.reach / (thickness * axis.n as f64) } else { 1.0 }
        };
        self.axes.iter().zip(thickness).map(along).product()
    }

    /// Number of bins.
    pub(super) fn n_bins(&self) -> usize {
        self.axes.iter().map(|axis| axis.n as usize).product()
    }

    /// Coordinates of a point, in bins.
    #[allow(clippy::inline_always)]
    #[inline(always)]
    pub(super) fn coordinates(&self, point: Vector) -> Vector {
        let [a, b, c] = &self.axes;
        [dot(a.scale, point) - a.origin, dot(b.scale, point) - b.origin, dot(c.scale, point) - c.origin]
    }

    /// The bin of a point that is in the parallelepiped, or a rounding error outside.
    #[inline]
    pub(super) fn bin(&self, point: Vector) -> u32 {
        let q = self.coordinates(point);
        let [a, b, c] = [0, 1, 2].map(|rank| (q[rank] as i64).clamp(0, self.axes[rank].n - 1));
        ((a * self.axes[1].n + b) * self.axes[2].n + c) as u32
    }
}

impl Axis {
    /// `n` bins along a lattice vector.
    fn periodic(cell: &Cell, axis: usize, n: f64) -> Self {
        let (period, scale) = (cell.basis[axis], cell.reciprocal[axis].map(|x| x * n));
        let edge = period.map(|x| x / n);
        Self { n: n as i64, periodic: true, first: -FAR, last: FAR, period, edge, scale, origin: cell.low[axis] * n }
    }

    /// `n` bins of length `side` from the coordinate `low` on. The rows of a cell that complete it are unit vectors,
    /// and so are their reciprocals.
    fn open(cell: &Cell, axis: usize, n: f64, side: f64, low: f64) -> Self {
        let (edge, scale) = (cell.basis[axis].map(|x| x * side), cell.reciprocal[axis].map(|x| x / side));
        let (period, origin) = ([0.0; 3], low / side);
        Self { n: n as i64, periodic: false, first: 0.0, last: n - 1.0, period, edge, scale, origin }
    }

    /// One bin that holds every point, in its middle.
    fn whole(cell: &Cell, axis: usize, side: f64) -> Self {
        Self { scale: [0.0; 3], origin: -0.5, ..Self::open(cell, axis, 1.0, side, 0.0) }
    }
}

/// Bins that there are at most for so many atoms.
pub(super) const fn most_bins(n_atoms: usize) -> f64 {
    BINS_PER_ATOM * n_atoms as f64 + BINS_AT_LEAST
}

/// Numbers of bins along axes that are so long, the last of which is the one that runs are along.
fn counts(extent: [f64; 3], r_cut: f64, n_atoms: usize) -> Vector {
    let sides = [SIDE, SIDE, SIDE_ALONG];
    let mut counts = [0, 1, 2].map(|axis| (extent[axis] / (sides[axis] * r_cut)).floor().clamp(1.0, 1e15));
    let limit = most_bins(n_atoms);
    while counts.iter().product::<f64>() > limit {
        let [a, b, c] = counts;
        let most = if a > b && a > c { 0 } else { 1 + usize::from(c >= b) };
        counts[most] = (counts[most] / 2.0).ceil();
    }
    counts
}
