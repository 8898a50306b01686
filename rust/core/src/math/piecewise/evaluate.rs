//! Piecewise polynomials at many points at once.
//!
//! Many functions are taken interval by interval, a few points together: their polynomials are the same, so each
//! coefficient that is fetched serves all of them. For a few functions that is not worth the sorting.

use super::Piecewise;
use crate::simd::{Capacity, LANES, Lanes};
use crate::{Error, memory};

/// Up to so many packs of functions are evaluated place by place, and up to so many places of any number.
const FEW: usize = 4;

/// Scratch of an evaluation: points sorted by the interval that they fall in.
#[derive(Debug, Default)]
pub struct EvaluationPoints {
    /// Interval of each place, and where the place lies in it, from -1 to 1.
    found: Vec<(u32, f64)>,
    /// Places by interval: those of interval `i` end before `ends[i]`.
    order: Vec<u32>,
    ends: Vec<u32>,
}

impl EvaluationPoints {
    /// Asks for the room that so many points need.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn expect(&mut self, n_points: usize) -> Result<(), Error> {
        let what = "places of the neighbors";
        self.found.clear();
        memory::reserve(what, &mut self.found, n_points)?;
        self.order.clear();
        memory::reserve(what, &mut self.order, n_points)
    }
}

impl<const ORDER: usize> Piecewise<ORDER> {
    /// Writes the values of all functions, a row of [`Self::n_packs`] packs for each place in `r`.
    #[inline(always)]
    pub fn evaluate<V: Lanes>(&self, r: &[f64], points: &mut EvaluationPoints, values: &mut [[f64; LANES]]) {
        if self.n_packs.min(r.len()) <= FEW {
            return self.each_point::<V>(r, Horner { values });
        }
        self.sort(r, points);
        match V::CAPACITY {
            Capacity::Values32 => self.each_interval::<V, 4, 4>(points, Horner { values }),
            Capacity::Values8 => self.each_interval::<V, 2, 2>(points, Horner { values }),
            Capacity::Values4 => self.each_interval::<V, 1, 2>(points, Horner { values }),
        }
    }

    /// Writes the values of all functions and their derivatives: those of the same polynomials.
    #[inline(always)]
    pub fn evaluate_with_derivative<V: Lanes>(
        &self,
        r: &[f64],
        points: &mut EvaluationPoints,
        values: &mut [[f64; LANES]],
        derivatives: &mut [[f64; LANES]],
    ) {
        let scale = 2.0 * self.intervals_per_length;
        let horner = HornerWithDerivative { scale, values, derivatives };
        if self.n_packs.min(r.len()) <= FEW {
            return self.each_point::<V>(r, horner);
        }
        self.sort(r, points);
        match V::CAPACITY {
            Capacity::Values32 => self.each_interval::<V, 4, 2>(points, horner),
            Capacity::Values8 => self.each_interval::<V, 2, 1>(points, horner),
            Capacity::Values4 => self.each_interval::<V, 1, 1>(points, horner),
        }
    }

    /// The interval of a place, and where the place lies in it, from -1 to 1.
    #[inline(always)]
    fn locate(&self, r: f64) -> (usize, f64) {
        let place = r * self.intervals_per_length;
        let interval = (place as usize).min(self.n_intervals - 1);
        (interval, 2.0 * (place - interval as f64) - 1.0)
    }

    /// One place after the other.
    #[inline(always)]
    fn each_point<V: Lanes>(&self, r: &[f64], mut scheme: impl Scheme) {
        let n_packs = self.n_packs;
        let size = ORDER * n_packs;
        for (k, &r) in r.iter().enumerate() {
            let (interval, t) = self.locate(r);
            let (block, t, rows) = (&self.coefficients[interval * size..][..size], [V::splat(t)], [k * n_packs]);
            all_packs::<V, 1, 4>(n_packs, block, &t, &rows, &mut scheme);
        }
    }

    /// Sorts points by interval, those of one interval in their order.
    #[inline(always)]
    fn sort(&self, r: &[f64], points: &mut EvaluationPoints) {
        let EvaluationPoints { found, order, ends } = points;
        ends.clear();
        ends.resize(self.n_intervals + 1, 0);
        found.clear();
        for &r in r {
            let (interval, t) = self.locate(r);
            ends[interval + 1] += 1;
            found.push((interval as u32, t));
        }
        // How many there are up to each interval: where the next one starts, until its points are put there.
        for interval in 1..=self.n_intervals {
            ends[interval] += ends[interval - 1];
        }
        order.clear();
        order.resize(found.len(), 0);
        for (place, &(interval, _)) in found.iter().enumerate() {
            let end = &mut ends[interval as usize];
            order[*end as usize] = place as u32;
            *end += 1;
        }
    }

    /// Up to `SITES` points of one interval with up to `PACKS` packs of functions at a time.
    #[inline(always)]
    fn each_interval<V: Lanes, const SITES: usize, const PACKS: usize>(
        &self,
        points: &EvaluationPoints,
        mut scheme: impl Scheme,
    ) {
        let n_packs = self.n_packs;
        let blocks = self.coefficients.chunks_exact(ORDER * n_packs);
        let mut start = 0;
        for (block, &end) in blocks.zip(&points.ends) {
            let mut rest = &points.order[start as usize..end as usize];
            start = end;
            while let Some((sites, tail)) = rest.split_first_chunk::<SITES>() {
                rest = tail;
                with_all_packs::<V, SITES, PACKS>(n_packs, block, sites, points, &mut scheme);
            }
            while let Some((sites, tail)) = rest.split_first_chunk::<2>() {
                rest = tail;
                with_all_packs::<V, 2, PACKS>(n_packs, block, sites, points, &mut scheme);
            }
            if let Some(sites) = rest.first_chunk::<1>() {
                with_all_packs::<V, 1, PACKS>(n_packs, block, sites, points, &mut scheme);
            }
        }
    }
}

#[inline(always)]
fn with_all_packs<V: Lanes, const SITES: usize, const PACKS: usize>(
    n_packs: usize,
    block: &[[f64; LANES]],
    sites: &[u32; SITES],
    points: &EvaluationPoints,
    scheme: &mut impl Scheme,
) {
    let mut t = [V::zero(); SITES];
    let mut rows = [0; SITES];
    for i in 0..SITES {
        t[i] = V::splat(points.found[sites[i] as usize].1);
        rows[i] = sites[i] as usize * n_packs;
    }
    all_packs::<V, SITES, PACKS>(n_packs, block, &t, &rows, scheme);
}

#[inline(always)]
fn all_packs<V: Lanes, const SITES: usize, const PACKS: usize>(
    n_packs: usize,
    block: &[[f64; LANES]],
    t: &[V; SITES],
    rows: &[usize; SITES],
    scheme: &mut impl Scheme,
) {
    let mut first = 0;
    while first + PACKS <= n_packs {
        scheme.packs::<V, SITES, PACKS>((n_packs, first), block, t, rows);
        first += PACKS;
    }
    match n_packs - first {
        3 => scheme.packs::<V, SITES, 3>((n_packs, first), block, t, rows),
        2 => scheme.packs::<V, SITES, 2>((n_packs, first), block, t, rows),
        1 => scheme.packs::<V, SITES, 1>((n_packs, first), block, t, rows),
        _ => {}
    }
}

/// A scheme that evaluates the polynomials of one interval at several points.
trait Scheme {
    /// For the packs from `first` of `n_packs`, at the points `t` whose rows begin at `rows`.
    fn packs<V: Lanes, const SITES: usize, const PACKS: usize>(
        &mut self,
        of: (usize, usize),
        block: &[[f64; LANES]],
        t: &[V; SITES],
        rows: &[usize; SITES],
    );
}

struct Horner<'a> {
    values: &'a mut [[f64; LANES]],
}

impl Scheme for Horner<'_> {
    #[inline(always)]
    fn packs<V: Lanes, const SITES: usize, const PACKS: usize>(
        &mut self,
        (n_packs, first): (usize, usize),
        block: &[[f64; LANES]],
        t: &[V; SITES],
        rows: &[usize; SITES],
    ) {
        let mut p = [[V::zero(); PACKS]; SITES];
        let mut powers = block.chunks_exact(n_packs).filter_map(|row| row[first..].first_chunk::<PACKS>());
        if let Some(row) = powers.next() {
            for k in 0..PACKS {
                for i in 0..SITES {
                    p[i][k] = V::load(&row[k]);
                }
            }
        }
        for row in powers {
            for k in 0..PACKS {
                let coefficient = V::load(&row[k]);
                for i in 0..SITES {
                    p[i][k] = p[i][k].mul_add(t[i], coefficient);
                }
            }
        }
        for i in 0..SITES {
            if let Some(values) = self.values[rows[i] + first..].first_chunk_mut::<PACKS>() {
                for k in 0..PACKS {
                    p[i][k].store(&mut values[k]);
                }
            }
        }
    }
}

struct HornerWithDerivative<'a> {
    /// Of the derivatives: from `t` to the distance.
    scale: f64,
    values: &'a mut [[f64; LANES]],
    derivatives: &'a mut [[f64; LANES]],
}

impl Scheme for HornerWithDerivative<'_> {
    #[inline(always)]
    fn packs<V: Lanes, const SITES: usize, const PACKS: usize>(
        &mut self,
        (n_packs, first): (usize, usize),
        block: &[[f64; LANES]],
        t: &[V; SITES],
        rows: &[usize; SITES],
    ) {
        let (mut p, mut dp) = ([[V::zero(); PACKS]; SITES], [[V::zero(); PACKS]; SITES]);
        let mut powers = block.chunks_exact(n_packs).filter_map(|row| row[first..].first_chunk::<PACKS>());
        if let Some(row) = powers.next() {
            for k in 0..PACKS {
                for i in 0..SITES {
                    p[i][k] = V::load(&row[k]);
                }
            }
        }
        for row in powers {
            for k in 0..PACKS {
                let coefficient = V::load(&row[k]);
                for i in 0..SITES {
                    dp[i][k] = dp[i][k].mul_add(t[i], p[i][k]);
                    p[i][k] = p[i][k].mul_add(t[i], coefficient);
                }
            }
        }
        let scale = V::splat(self.scale);
        for i in 0..SITES {
            let place = rows[i] + first;
            let packs =
                (self.values[place..].first_chunk_mut::<PACKS>(), self.derivatives[place..].first_chunk_mut::<PACKS>());
            if let (Some(values), Some(derivatives)) = packs {
                for k in 0..PACKS {
                    p[i][k].store(&mut values[k]);
                    (dp[i][k] * scale).store(&mut derivatives[k]);
                }
            }
        }
    }
}
