//! Gaussians on a grid of points, each of which stands for the interval of one step around it.
//!
//! A Gaussian of unit area around `x` counts at point `k` with its mean over that interval,
//! `G_k(x) = [Φ((x_k + Δ/2 - x) / σ) - Φ((x_k - Δ/2 - x) / σ)] / Δ`, so that the sum over a grid is right however coarse
//! it is. Φ is the normal distribution (L. Himanen et al., Comput. Phys. Commun. 247, 106949, 2020).
//!
//! In every step of a grid `G` is the same function, with other points. It is kept as Taylor polynomials about *nodes* of
//! one step: the coefficients are `c_0 = G_k(node)` and `c_m = -[φ He_{m-1}] / (m! Δ)`, where the bracket is the
//! difference between the upper and the lower end of an interval, and `He` are Hermite polynomials. Value and derivative
//! are the same polynomial, eight points at a time.

use std::ops::Range;

use crate::simd::{Kernel, LANES, Lanes, Pack};
use crate::{Error, memory};

/// Purpose of the memory, for the message where it is refused.
const PURPOSE: &str = "table of Gaussians on a grid";
/// Coefficients of a polynomial.
const N_POWERS: usize = 9;
/// Nodes are closer than this, in units of σ: half of it, to the power of nine, is 4e-15 before it is divided by 600.
const SPACING: f64 = 0.05;
/// Beyond this, in units of σ, a Gaussian is less than its rounding at the peak.
const REACH: f64 = 8.5;
/// Steps wider than this, in units of σ, are not tabulated: few points are within reach.
const COARSE: f64 = 8.0;
/// Points within reach beyond which there is no table either.
const MOST_POINTS: f64 = 4096.0;

/// The polynomials of eight points, lowest power first.
type Polynomials = [Pack; N_POWERS];

/// Points of a grid, and the Gaussians on it.
#[derive(Debug, Clone)]
pub struct SmearedGrid {
    first: f64,
    step: f64,
    n_points: usize,
    sigma: f64,
    /// `1 / σ`
    inverse_sigma: f64,
    /// Steps beyond which a Gaussian reaches no point.
    reach: f64,
    /// What the area of each Gaussian is.
    area: f64,
    table: Option<Table>,
}

/// Polynomials about the nodes of one step.
#[derive(Debug, Clone)]
struct Table {
    n_nodes: usize,
    /// The first point, counted from the one before a Gaussian.
    low: i64,
    /// Packs of points of each node.
    n_packs: usize,
    /// `[node][pack]`
    polynomials: Vec<Polynomials>,
}

/// Points that a Gaussian reaches, and how much it counts for at each.
#[derive(Debug, Clone, Copy)]
pub struct Window<'a> {
    /// The first point, counted from [`MARGIN`] points before the grid.
    start: usize,
    polynomials: &'a [Polynomials],
    /// Distance from the node, in units of σ.
    t: f64,
    /// `1 / σ`
    inverse_sigma: f64,
}

/// Room for polynomials that are not tabulated.
#[derive(Debug, Default)]
pub struct WindowBuffer(Vec<Polynomials>);

/// Points before and after those of a grid that a window may touch as well.
pub const MARGIN: usize = LANES;

impl SmearedGrid {
    /// Points from `first` on, each a `step` after the last, and Gaussians of width `sigma` and of this `area`.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn new(first: f64, step: f64, n_points: usize, sigma: f64, area: f64) -> Result<Self, Error> {
        let (inverse_sigma, reach) = (1.0 / sigma, REACH * sigma / step + 1.0);
        let mut grid = Self { first, step, n_points, sigma, inverse_sigma, reach, area, table: None };
        let (h, reach) = (grid.step / sigma, (REACH * sigma / step + 0.5).ceil());
        if h <= COARSE && 2.0 * reach + 2.0 < MOST_POINTS {
            grid.table = Some(grid.tabulated(h, reach as i64)?);
        }
        Ok(grid)
    }

    fn tabulated(&self, h: f64, reach: i64) -> Result<Table, Error> {
        let n_nodes = (h / SPACING).ceil().max(1.0) as usize;
        let n_packs = Pack::holding((2 * reach + 2) as usize);
        let mut polynomials = memory::with_capacity(PURPOSE, n_nodes * n_packs)?;
        for node in 0..n_nodes {
            let place = (node as f64 + 0.5) / n_nodes as f64;
            for pack in 0..n_packs {
                let point = |lane: usize| (-reach + (pack * LANES + lane) as i64) as f64 - place;
                polynomials.push(self.polynomials(|lane| point(lane) * h, N_POWERS));
            }
        }
        Ok(Table { n_nodes, low: -reach, n_packs, polynomials })
    }

    /// The first `n_powers` coefficients at eight points, where each is this far from the node in units of σ.
    fn polynomials(&self, distance: impl Fn(usize) -> f64, n_powers: usize) -> Polynomials {
        let (half, scale) = (0.5 * self.step / self.sigma, self.area / self.step);
        let mut out = [Pack::ZERO; N_POWERS];
        for lane in 0..LANES {
            let u = distance(lane);
            let ends = [u - half, u + half];
            out[0].0[lane] = scale * between(ends[0], ends[1]);
            let densities = ends.map(density);
            let (mut last, mut hermite, mut factorial) = ([0.0; 2], [1.0; 2], 1.0);
            for (m, power) in out.iter_mut().enumerate().take(n_powers).skip(1) {
                factorial *= m as f64;
                let [low, high] = [0, 1].map(|end| densities[end] * hermite[end]);
                power.0[lane] = scale * (low - high) / factorial;
                let next = [0, 1].map(|end| ends[end] * hermite[end] - (m - 1) as f64 * last[end]);
                (last, hermite) = (hermite, next);
            }
        }
        out
    }

    /// Number of points.
    pub fn n_points(&self) -> usize {
        self.n_points
    }

    /// Numbers that windows on this grid are added to: [`MARGIN`], the points, and [`MARGIN`] again.
    pub fn padded(&self) -> usize {
        self.n_points + 2 * MARGIN
    }

    /// Distance between two points.
    pub fn step(&self) -> f64 {
        self.step
    }

    /// A point.
    pub fn point(&self, k: usize) -> f64 {
        self.first + k as f64 * self.step
    }

    /// The points that a Gaussian around `x` reaches; `None` where it reaches none.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn window<'a>(&'a self, x: f64, buffer: &'a mut WindowBuffer) -> Result<Option<Window<'a>>, Error> {
        let place = (x - self.first) / self.step;
        let Self { inverse_sigma, reach, .. } = *self;
        if !(place > -reach && place < self.n_points as f64 + reach) {
            return Ok(None);
        }
        let n_points = self.n_points as i64;
        if let Some(Table { n_nodes, low, n_packs, polynomials }) = &self.table {
            let cell = floor(place);
            let within = place - cell as f64;
            let node = ((within * *n_nodes as f64) as usize).min(n_nodes - 1);
            let t = (within - (node as f64 + 0.5) / *n_nodes as f64) * self.step * inverse_sigma;
            let first = cell + low;
            // Packs that begin after `-MARGIN` and before the end of the grid.
            let skipped = Pack::holding((-(MARGIN as i64) - first).max(0) as usize);
            let wanted = Pack::holding((n_points - first).clamp(0, (n_packs * LANES) as i64) as usize);
            if skipped >= wanted {
                return Ok(None);
            }
            let start = (first + (skipped * LANES + MARGIN) as i64) as usize;
            let polynomials = &polynomials[node * n_packs..][skipped..wanted];
            return Ok(Some(Window { start, polynomials, t, inverse_sigma }));
        }
        let first = (place - reach).floor().max(0.0) as i64;
        let end = ((place + reach).ceil() as i64 + 1).min(n_points);
        if first >= end {
            return Ok(None);
        }
        let WindowBuffer(room) = buffer;
        room.clear();
        let n_packs = Pack::holding((end - first) as usize);
        memory::reserve(PURPOSE, room, n_packs)?;
        for pack in 0..n_packs {
            let point = |lane: usize| self.first + (first as usize + pack * LANES + lane) as f64 * self.step;
            room.push(self.polynomials(|lane| (point(lane) - x) * inverse_sigma, 2));
        }
        Ok(Some(Window { start: first as usize + MARGIN, polynomials: room, t: 0.0, inverse_sigma }))
    }
}

/// The largest whole number that is not above `x`, without the call that it is where the least of processors is meant.
#[inline(always)]
fn floor(x: f64) -> i64 {
    let towards_zero = x as i64;
    towards_zero - i64::from(x < towards_zero as f64)
}

/// The integral of the normal distribution from `a` to `b`.
fn between(a: f64, b: f64) -> f64 {
    let beyond = |x: f64| 0.5 * libm::erfc(x * std::f64::consts::FRAC_1_SQRT_2);
    if a > 0.0 { beyond(a) - beyond(b) } else { beyond(-b) - beyond(-a) }
}

/// The normal distribution.
fn density(x: f64) -> f64 {
    const INVERSE_ROOT: f64 = 0.3989422804014327;
    INVERSE_ROOT * libm::exp(-0.5 * x * x)
}

impl Window<'_> {
    /// Where its numbers are among those of [`SmearedGrid::padded`].
    fn places(&self) -> Range<usize> {
        self.start..self.start + self.polynomials.len() * LANES
    }

    /// Values at eight points, and their derivatives by the place of the Gaussian.
    #[inline(always)]
    fn at<V: Lanes>(&self, polynomials: &Polynomials) -> (V, V) {
        let t = V::splat(self.t);
        let (mut value, mut derivative) = (polynomials[N_POWERS - 1].load::<V>(), V::zero());
        for power in polynomials[..N_POWERS - 1].iter().rev() {
            derivative = derivative.mul_add(t, value);
            value = value.mul_add(t, power.load());
        }
        (value, derivative * V::splat(self.inverse_sigma))
    }

    /// Values at eight points.
    #[inline(always)]
    fn values_at<V: Lanes>(&self, polynomials: &Polynomials) -> V {
        let t = V::splat(self.t);
        let highest = polynomials[N_POWERS - 1].load::<V>();
        polynomials[..N_POWERS - 1].iter().rev().fold(highest, |value, power| value.mul_add(t, power.load()))
    }
}

/// `sum += weight · G`
pub struct Add<'a> {
    /// The Gaussian.
    pub window: Window<'a>,
    /// Its weight.
    pub weight: f64,
    /// Numbers of [`SmearedGrid::padded`].
    pub sum: &'a mut [f64],
}

impl Kernel for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { window, weight, sum } = self;
        let weight = V::splat(weight);
        let (sum, _) = sum[window.places()].as_chunks_mut::<LANES>();
        for (sum, polynomials) in sum.iter_mut().zip(window.polynomials) {
            weight.mul_add(window.values_at::<V>(polynomials), V::load(sum)).store(sum);
        }
    }
}

/// `sums[i] += by_weight[i] · G + by_place[i] · dG/dx`, for several sums at a time.
pub struct AddDerivatives<'a, const N: usize> {
    /// The Gaussian.
    pub window: Window<'a>,
    /// What `G` is multiplied with.
    pub by_weight: [f64; N],
    /// What `dG/dx` is multiplied with.
    pub by_place: [f64; N],
    /// Numbers of [`SmearedGrid::padded`].
    pub sums: [&'a mut [f64]; N],
}

impl<const N: usize> Kernel for AddDerivatives<'_, N> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { window, by_weight, by_place, sums } = self;
        let (by_weight, by_place) = (by_weight.map(V::splat), by_place.map(V::splat));
        let sums = sums.map(|sum| sum[window.places()].as_chunks_mut::<LANES>().0);
        for (pack, polynomials) in window.polynomials.iter().enumerate() {
            let (value, derivative) = window.at::<V>(polynomials);
            for i in 0..N {
                let sum = &mut sums[i][pack];
                by_place[i].mul_add(derivative, by_weight[i].mul_add(value, V::load(sum))).store(sum);
            }
        }
    }
}

/// `(Σ adjoint · G, Σ adjoint · dG/dx)`
pub struct Project<'a> {
    /// The Gaussian.
    pub window: Window<'a>,
    /// Numbers of [`SmearedGrid::padded`], zero outside of the grid.
    pub adjoint: &'a [f64],
}

impl Kernel for Project<'_> {
    type Output = [f64; 2];

    #[inline(always)]
    fn run<V: Lanes>(self) -> [f64; 2] {
        let Self { window, adjoint } = self;
        let (adjoint, _) = adjoint[window.places()].as_chunks::<LANES>();
        let (mut values, mut derivatives) = (V::zero(), V::zero());
        for (adjoint, polynomials) in adjoint.iter().zip(window.polynomials) {
            let (value, derivative) = window.at::<V>(polynomials);
            let adjoint = V::load(adjoint);
            values = adjoint.mul_add(value, values);
            derivatives = adjoint.mul_add(derivative, derivatives);
        }
        [values.sum(), derivatives.sum()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Isa;

    /// The mean over an interval, and its derivative, as their definitions are.
    fn plain(x: f64, point: f64, step: f64, sigma: f64) -> [f64; 2] {
        let ends = [point - 0.5 * step, point + 0.5 * step].map(|end| (end - x) / sigma);
        let root = std::f64::consts::FRAC_1_SQRT_2;
        let value = 0.5 * (libm::erf(ends[1] * root) - libm::erf(ends[0] * root)) / step;
        [value, (density(ends[0]) - density(ends[1])) / (step * sigma)]
    }

    #[test]
    fn every_grid_has_the_means_of_the_intervals() {
        for (first, step, n_points, sigma) in [
            (0.0, 0.1, 41, 0.1),
            (-1.0, 0.02, 101, 0.05),
            (0.0, 0.3, 7, 0.02),
            (2.0, 1.0, 5, 0.1),
            (0.0, 0.001, 300, 0.4),
            (-2.0, 0.01, 77, 9.0),
            (0.0, 3.0, 2, 1.0),
        ] {
            let grid = SmearedGrid::new(first, step, n_points, sigma, 1.0).expect("some memory");
            let mut buffer = WindowBuffer::default();
            let (peak, length) = (plain(first, first, step, sigma)[0], step * (n_points + 3) as f64);
            for i in 0..200 {
                let x = first - 1.5 * step - sigma + (length + 2.0 * sigma) * f64::from(i) / 199.0;
                let (mut value, mut derivative) = (vec![0.0; grid.padded()], vec![0.0; grid.padded()]);
                let mut alone = vec![0.0; grid.padded()];
                if let Some(window) = grid.window(x, &mut buffer).expect("some memory") {
                    let sums = [value.as_mut_slice(), derivative.as_mut_slice()];
                    Isa::detect().run(AddDerivatives { window, by_weight: [2.0, 0.0], by_place: [0.0, 1.0], sums });
                    Isa::detect().run(Add { window, weight: 2.0, sum: &mut alone });
                }
                for k in 0..n_points {
                    let [v, d] = plain(x, grid.point(k), step, sigma);
                    let [found, slope] = [value[k + MARGIN] * 0.5, derivative[k + MARGIN]];
                    assert!(
                        (found - v).abs() < 5e-15 * peak.max(1.0 / step),
                        "{found} {v} at {x}, {k}, {step} {sigma}"
                    );
                    assert!((slope - d).abs() < 1e-14 * peak.max(1.0 / step) / sigma, "{slope} {d} at {x}, {k}");
                    assert!((alone[k + MARGIN] * 0.5 - v).abs() < 5e-15 * peak.max(1.0 / step));
                }
            }
        }
    }

    #[test]
    fn a_projection_is_the_transpose() {
        let grid = SmearedGrid::new(0.0, 0.1, 30, 0.15, 0.7).expect("some memory");
        let (mut buffer, mut adjoint) = (WindowBuffer::default(), vec![0.0; grid.padded()]);
        adjoint[MARGIN..MARGIN + 30].iter_mut().enumerate().for_each(|(k, a)| *a = (k as f64).sin());
        let window = grid.window(1.234, &mut buffer).expect("some memory").expect("on the grid");
        let (mut value, mut derivative) = (vec![0.0; grid.padded()], vec![0.0; grid.padded()]);
        let sums = [value.as_mut_slice(), derivative.as_mut_slice()];
        Isa::detect().run(AddDerivatives { window, by_weight: [1.0, 0.0], by_place: [0.0, 1.0], sums });
        let found = Isa::detect().run(Project { window, adjoint: &adjoint });
        for (found, of) in found.into_iter().zip([value, derivative]) {
            let expected: f64 = adjoint.iter().zip(of).map(|(a, b)| a * b).sum();
            assert!((found - expected).abs() < 1e-14, "{found} {expected}");
        }
    }

    #[test]
    fn far_away_and_no_number_reach_nothing() {
        let grid = SmearedGrid::new(0.0, 0.1, 30, 0.15, 1.0).expect("some memory");
        for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e9, 4.9, -2.0] {
            assert!(grid.window(x, &mut WindowBuffer::default()).expect("some memory").is_none(), "{x}");
        }
    }
}
