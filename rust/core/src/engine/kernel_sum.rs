//! Sums of kernels `(q · p)^n` of a row `q` with points `p`, and their gradients: what a Gaussian process says of a row.
//!
//! Points are taken a few at a time: dot products, powers and what they add to the gradients stay in a cache.

use std::ops::Range;

use super::checks::check_length;
use crate::simd::gemm::{PANEL, Panels, Tiles, padded};
use crate::simd::{Isa, Kernel, LANES, Lanes};
use crate::{Error, Stop, memory};

/// Purpose of the memory, for the message where it is refused.
const SUMS: &str = "sums of kernels";
/// Points that are taken at a time.
const AT_ONCE: usize = 128;
/// Their panels.
const PANELS: usize = AT_ONCE / PANEL;

/// `f(q) = Σ_s weight_s (q · p_s)^n` for rows of several kinds, each with points of its own.
#[derive(Debug, Clone)]
pub struct KernelSum {
    n_features: usize,
    exponent: u32,
    /// Directions that rows and points are seen along, `[feature][direction]` and `[direction][feature]`.
    basis: Option<[Panels; 2]>,
    kinds: Vec<Points>,
}

/// The points of one kind of rows.
#[derive(Debug, Clone, Default)]
struct Points {
    /// `[term][point]`
    across: Panels,
    /// Of [`AT_ONCE`] points each, `[point][term]`.
    along: Vec<Panels>,
    /// Padded with zeros to whole panels.
    weights: Vec<f64>,
}

/// Buffers of one thread.
#[derive(Debug, Default)]
pub struct KernelSumBuffers {
    tiles: Tiles,
    rows: Vec<f64>,
    terms: Vec<f64>,
    dots: Vec<f64>,
    slopes: Tiles,
    gradient: Vec<f64>,
    places: Vec<usize>,
}

impl KernelSum {
    /// No points yet. `basis` are orthonormal directions, one after the other, of `n_features` numbers each: of rows and
    /// points only the components along these count.
    ///
    /// # Errors
    /// [`Error::Memory`], [`Error::Shape`] for what does not fit.
    pub fn new(n_features: usize, exponent: u32, basis: Option<&[f64]>) -> Result<Self, Error> {
        let basis = match basis {
            None => None,
            Some(basis) => {
                let n = basis.len() / n_features.max(1);
                check_length("basis", basis.len(), n * n_features)?;
                Some([
                    Panels::new(SUMS, (n_features, n), |feature, k| basis[k * n_features + feature])?,
                    Panels::new(SUMS, (n, n_features), |k, feature| basis[k * n_features + feature])?,
                ])
            }
        };
        Ok(Self { n_features, exponent, basis, kinds: Vec::new() })
    }

    /// Numbers in a row.
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// Numbers in a point: components along the basis, if there is one.
    pub fn n_terms(&self) -> usize {
        self.basis.as_ref().map_or(self.n_features, |[to, _]| to.n_columns())
    }

    /// Number of kinds.
    pub fn n_kinds(&self) -> usize {
        self.kinds.len()
    }

    /// Adds the next kind of rows: `points`, [`n_terms`](Self::n_terms) numbers each, and their weights.
    ///
    /// # Errors
    /// [`Error::Memory`], [`Error::Shape`] for what does not fit.
    pub fn push(&mut self, points: &[f64], weights: &[f64]) -> Result<(), Error> {
        let (n, n_terms) = (weights.len(), self.n_terms());
        check_length("points", points.len(), n * n_terms)?;
        let across = Panels::new(SUMS, (n_terms, n), |term, point| points[point * n_terms + term])?;
        let mut along = memory::with_capacity(SUMS, n.div_ceil(AT_ONCE))?;
        for start in (0..n).step_by(AT_ONCE) {
            // Zeros beyond the last point: they have no weight either.
            let entry =
                |point: usize, term: usize| points.get((start + point) * n_terms + term).copied().unwrap_or(0.0);
            let some = (n - start).min(AT_ONCE).next_multiple_of(PANEL);
            along.push(Panels::new(SUMS, (some, n_terms), entry)?);
        }
        let mut padded_weights = memory::zeros(SUMS, n.next_multiple_of(PANEL))?;
        padded_weights[..n].copy_from_slice(weights);
        memory::reserve(SUMS, &mut self.kinds, 1)?;
        self.kinds.push(Points { across, along, weights: padded_weights });
        Ok(())
    }

    /// Writes the value of each row of `features`, of the kind that `kind` says, and its gradient into `adjoint`. Zeros
    /// for a row of a kind that is not known.
    ///
    /// # Errors
    /// [`Error::Memory`], [`Error::Interrupted`].
    pub fn evaluate(
        &self,
        kind: impl Fn(usize) -> usize,
        features: &[f64],
        (values, adjoint): (&mut [f64], &mut [f64]),
        buffers: &mut KernelSumBuffers,
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let n = self.n_features;
        values.fill(0.0);
        adjoint.fill(0.0);
        for (number, points) in self.kinds.iter().enumerate() {
            let mut places = std::mem::take(&mut buffers.places);
            places.clear();
            memory::reserve(SUMS, &mut places, values.len())?;
            places.extend((0..values.len()).filter(|&place| kind(place) == number));
            if places.len() == values.len() {
                self.of_one_kind(points, features, values, buffers, stop)?;
            } else if !places.is_empty() {
                let mut rows = std::mem::take(&mut buffers.rows);
                rows.clear();
                memory::reserve(SUMS, &mut rows, (n + 1) * places.len())?;
                places.iter().for_each(|&place| rows.extend_from_slice(&features[place * n..][..n]));
                rows.resize((n + 1) * places.len(), 0.0);
                let (rows_of_kind, found) = rows.split_at_mut(n * places.len());
                self.of_one_kind(points, rows_of_kind, found, buffers, stop)?;
                places.iter().zip(&*found).for_each(|(&place, value)| values[place] = *value);
                buffers.rows = rows;
            }
            let width = n.next_multiple_of(PANEL);
            for (row, &place) in places.iter().enumerate() {
                adjoint[place * n..][..n].copy_from_slice(&buffers.gradient[row * width..][..n]);
            }
            buffers.places = places;
        }
        Ok(())
    }

    /// Values of rows of one kind, whose gradients are left in the buffers.
    fn of_one_kind(
        &self,
        points: &Points,
        rows: &[f64],
        values: &mut [f64],
        buffers: &mut KernelSumBuffers,
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let KernelSumBuffers { tiles, terms, dots, slopes, gradient, .. } = buffers;
        let (n_rows, n_terms) = (padded(values.len()), self.n_terms());
        values.fill(0.0);
        tiles.put(SUMS, rows, self.n_features)?;
        if let Some([to, _]) = &self.basis {
            memory::resize(SUMS, terms, n_rows * to.len() * PANEL, 0.0)?;
            tiles.times(to, 0..to.len(), terms, false);
            close_up(terms, values.len(), to.len() * PANEL, n_terms);
            tiles.put(SUMS, &terms[..values.len() * n_terms], n_terms)?;
        }
        memory::resize(SUMS, dots, n_rows * AT_ONCE, 0.0)?;
        let n_panels = n_terms.div_ceil(PANEL);
        memory::refill(SUMS, gradient, n_rows * n_panels.max(self.n_features.div_ceil(PANEL)) * PANEL, 0.0)?;
        for (group, along) in points.along.iter().enumerate() {
            stop.check()?;
            let panels = group * PANELS..points.across.len().min((group + 1) * PANELS);
            let weights = &points.weights[panels.start * PANEL..panels.end * PANEL];
            tiles.times(&points.across, panels, dots, false);
            let dots = &mut dots[..values.len() * weights.len()];
            Isa::detect().run(Powers { dots, weights, exponent: self.exponent, values });
            slopes.put(SUMS, dots, weights.len())?;
            slopes.times(along, 0..n_panels, gradient, true);
        }
        if let Some([_, from]) = &self.basis {
            close_up(gradient, values.len(), n_panels * PANEL, n_terms);
            tiles.put(SUMS, &gradient[..values.len() * n_terms], n_terms)?;
            tiles.times(from, 0..from.len(), gradient, false);
        }
        Ok(())
    }
}

/// Moves rows of `n` numbers that stand `width` apart next to each other.
fn close_up(rows: &mut [f64], n_rows: usize, width: usize, n: usize) {
    for row in 1..n_rows {
        rows.copy_within(row * width..row * width + n, row * n);
    }
}

/// Adds `Σ weight · dot^n` of each row to its value, and puts the slopes `weight · n · dot^(n - 1)` in place of the dot
/// products.
struct Powers<'a> {
    dots: &'a mut [f64],
    /// As many as there are dot products in a row, whole packs.
    weights: &'a [f64],
    exponent: u32,
    values: &'a mut [f64],
}

impl Kernel for Powers<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { dots, weights, exponent, values } = self;
        let weights = weights.as_chunks::<LANES>().0;
        let factor = V::splat(f64::from(exponent));
        let rows = dots.as_chunks_mut::<LANES>().0.chunks_exact_mut(weights.len().max(1));
        for (row, value) in rows.zip(values) {
            let mut sum = V::zero();
            for (dot, weight) in row.iter_mut().zip(weights) {
                let (base, weight) = (V::load(dot), V::load(weight));
                let below = weight * power(base, exponent.saturating_sub(1));
                sum = if exponent == 0 { sum + weight } else { below.mul_add(base, sum) };
                (below * factor).store(dot);
            }
            *value += sum.sum();
        }
    }
}

/// `base^exponent` by repeated multiplication.
#[inline(always)]
fn power<V: Lanes>(base: V, exponent: u32) -> V {
    let (mut result, mut square, mut left) = (V::splat(1.0), base, exponent);
    while left > 0 {
        if left & 1 == 1 {
            result *= square;
        }
        left >>= 1;
        if left > 0 {
            square *= square;
        }
    }
    result
}

/// Which rows of a stretch are of which kind.
pub(super) fn kinds_of<'a>(kinds: &'a [i64], rows: &'a [usize], stretch: Range<usize>) -> impl Fn(usize) -> usize + 'a {
    let rows = &rows[stretch];
    move |place| kinds.get(rows[place]).map_or(usize::MAX, |&kind| usize::try_from(kind).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: usize, seed: f64) -> Vec<f64> {
        (0..n).map(|k| (seed * (k as f64 + 1.0)).sin()).collect()
    }

    /// The plain twin, for rows `[row][feature]` and points `[point][feature]`.
    fn slow(row: &[f64], points: &[f64], weights: &[f64], exponent: u32) -> (f64, Vec<f64>) {
        let (mut value, mut gradient) = (0.0, vec![0.0; row.len()]);
        for (point, weight) in points.chunks_exact(row.len()).zip(weights) {
            let dot: f64 = row.iter().zip(point).map(|(a, b)| a * b).sum();
            value += weight * dot.powi(exponent as i32);
            let slope = weight * f64::from(exponent) * dot.powi(exponent as i32 - 1);
            gradient.iter_mut().zip(point).for_each(|(out, x)| *out += slope * x);
        }
        (value, gradient)
    }

    #[test]
    fn values_and_gradients_are_those_of_the_plain_twin() {
        for (n_rows, n_features, counts, exponent) in
            [(5, 7, [3, 2], 4), (40, 33, [150, 0], 2), (1, 130, [17, 300], 1), (13, 4, [1, 1], 7)]
        {
            let features: Vec<f64> = numbers(n_rows * n_features, 0.37).iter().map(|x| x / 4.0).collect();
            let mut sum = KernelSum::new(n_features, exponent, None).expect("memory");
            let points = [0.9, 1.3].map(|seed| numbers(400 * n_features, seed));
            let weights = [0.4, 0.6].map(|seed| numbers(400, seed));
            for kind in 0..2 {
                let n = counts[kind];
                sum.push(&points[kind][..n * n_features], &weights[kind][..n]).expect("memory");
            }
            let (mut values, mut adjoint) = (vec![f64::NAN; n_rows], vec![f64::NAN; n_rows * n_features]);
            let mut buffers = KernelSumBuffers::default();
            for kinds in [|_| 0, |_| 1, |place: usize| place % 3] {
                let out = (values.as_mut_slice(), adjoint.as_mut_slice());
                sum.evaluate(kinds, &features, out, &mut buffers, &Stop::never()).expect("evaluated");
                for row in 0..n_rows {
                    let (value, gradient) = match kinds(row) {
                        2 => (0.0, vec![0.0; n_features]),
                        kind => slow(
                            &features[row * n_features..][..n_features],
                            &points[kind][..counts[kind] * n_features],
                            &weights[kind][..counts[kind]],
                            exponent,
                        ),
                    };
                    let scale = 1e-12 * gradient.iter().fold(value.abs().max(1.0), |most, x| most.max(x.abs()));
                    assert!((values[row] - value).abs() < scale, "{row}: {} {value}", values[row]);
                    let found = &adjoint[row * n_features..][..n_features];
                    assert!(found.iter().zip(&gradient).all(|(a, b)| (a - b).abs() < scale), "{row}");
                }
            }
        }
    }

    #[test]
    fn a_basis_leaves_out_what_is_not_along_it() {
        let n = 20;
        let basis: Vec<f64> = (0..18 * n).map(|k| f64::from(u8::from(k / n == k % n))).collect();
        let (features, points, weights) = (numbers(3 * n, 0.2), numbers(5 * n, 0.7), numbers(5, 0.3));
        let mut sum = KernelSum::new(n, 3, Some(&basis)).expect("memory");
        let some: Vec<f64> = points.chunks_exact(n).flat_map(|point| &point[..18]).copied().collect();
        sum.push(&some, &weights).expect("memory");
        let (mut values, mut adjoint) = ([0.0; 3], vec![0.0; 3 * n]);
        let mut buffers = KernelSumBuffers::default();
        let out = (&mut values[..], &mut adjoint[..]);
        sum.evaluate(|_| 0, &features, out, &mut buffers, &Stop::never()).expect("evaluated");
        for (row, value) in features.chunks_exact(n).zip(values) {
            let cut: Vec<f64> = row.iter().enumerate().map(|(k, x)| if k < 18 { *x } else { 0.0 }).collect();
            let expected = slow(&cut, &points, &weights, 3).0;
            assert!((value - expected).abs() < 1e-12 * expected.abs().max(1.0));
        }
        assert!(adjoint.chunks_exact(n).all(|row| row[18..] == [0.0; 2] && row[0] != 0.0));
    }
}
