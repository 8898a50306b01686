//! Powers of `(1 + λ cos θ) / 2`, for all ζ and λ of a set together.

use super::limits::MAX_ZETA;
use super::pair_lanes::{PACKS_PER_BATCH, PairLanes};
use crate::simd::{Lanes, Pack};

/// Binary digits of the largest ζ.
const DIGITS: usize = (MAX_ZETA as u32).ilog2() as usize + 1;

/// Distinct (ζ, λ), each of which has a row of its own.
#[derive(Debug, Clone, Default)]
pub struct Powers {
    exponents: Vec<(f64, f64)>,
    branches: Vec<Branch>,
}

/// Powers that share one λ, and so one base.
#[derive(Debug, Clone)]
struct Branch {
    lambda: f64,
    /// Lower bound of the base, which no cosine goes below but by rounding.
    least: f64,
    /// Number of times that the base is squared.
    n_squares: usize,
    /// Row and ζ, by repeated multiplication.
    whole: Vec<(usize, u32)>,
    /// Row and ζ, by the library's power.
    broken: Vec<(usize, f64)>,
}

impl Powers {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.exponents.len()
    }

    /// The row of (ζ, λ), a new one where there is none yet.
    pub fn row(&mut self, zeta: f64, lambda: f64) -> usize {
        if let Some(row) = self.exponents.iter().position(|&known| known == (zeta, lambda)) {
            return row;
        }
        let row = self.exponents.len();
        self.exponents.push((zeta, lambda));
        let place = self.branches.iter().position(|branch| branch.lambda == lambda);
        let place = place.unwrap_or_else(|| {
            // With a larger λ there are whole powers alone, whose base may be negative.
            let least = if lambda.abs() <= 1.0 { 0.0 } else { f64::NEG_INFINITY };
            self.branches.push(Branch { lambda, least, n_squares: 0, whole: Vec::new(), broken: Vec::new() });
            self.branches.len() - 1
        });
        let branch = &mut self.branches[place];
        if zeta.fract() == 0.0 {
            let zeta = zeta as u32;
            branch.whole.push((row, zeta));
            branch.n_squares = branch.n_squares.max(zeta.ilog2() as usize);
        } else {
            branch.broken.push((row, zeta));
        }
        row
    }

    /// The mean of a row over all directions: that over all cosines, which are equally frequent.
    pub fn mean(&self, row: usize) -> f64 {
        let (zeta, lambda) = self.exponents[row];
        let end = |lambda: f64| (0.5 * (1.0 + lambda)).powf(zeta + 1.0);
        if lambda == 0.0 { 0.5_f64.powf(zeta) } else { (end(lambda) - end(-lambda)) / (lambda * (zeta + 1.0)) }
    }

    /// Writes the powers at eight angles.
    #[inline(always)]
    pub fn values<V: Lanes>(&self, pack: usize, c: V, values: &mut [Pack]) {
        for branch in &self.branches {
            let base = branch.base(c);
            let squares = branch.squares(base);
            for &(row, zeta) in &branch.whole {
                values[row * PACKS_PER_BATCH + pack].store(raised(&squares, zeta));
            }
            for &(row, zeta) in &branch.broken {
                let mut power = base.to_array();
                for x in &mut power {
                    *x = x.powf(zeta);
                }
                values[row * PACKS_PER_BATCH + pack].store(V::load(&power));
            }
        }
    }

    /// Writes the powers at eight angles, and their derivatives with respect to the cosine.
    #[inline(always)]
    pub fn derivatives<V: Lanes>(&self, pack: usize, c: V, values: &mut [Pack], derivatives: &mut [Pack]) {
        for branch in &self.branches {
            let base = branch.base(c);
            let squares = branch.squares(base);
            for &(row, zeta) in &branch.whole {
                let below = raised(&squares, zeta - 1);
                values[row * PACKS_PER_BATCH + pack].store(below * base);
                derivatives[row * PACKS_PER_BATCH + pack]
                    .store(below * V::splat(0.5 * f64::from(zeta) * branch.lambda));
            }
            for &(row, zeta) in &branch.broken {
                let mut below = base.to_array();
                for x in &mut below {
                    // Where ζ < 1 the derivative at zero is infinite; it is said to be zero.
                    *x = if *x > 0.0 { x.powf(zeta - 1.0) } else { 0.0 };
                }
                let below = V::load(&below);
                values[row * PACKS_PER_BATCH + pack].store(below * base);
                derivatives[row * PACKS_PER_BATCH + pack].store(below * V::splat(0.5 * zeta * branch.lambda));
            }
        }
    }
}

impl Branch {
    /// Not negative where the powers are not whole, whatever rounding does to the cosine.
    #[inline(always)]
    fn base<V: Lanes>(&self, c: V) -> V {
        let half = V::splat(0.5);
        c.mul_add(V::splat(0.5 * self.lambda), half).max(V::splat(self.least))
    }

    /// The base, its square, the square of that, ...
    #[inline(always)]
    fn squares<V: Lanes>(&self, base: V) -> [V; DIGITS] {
        let mut squares = [base; DIGITS];
        for k in 1..=self.n_squares {
            squares[k] = squares[k - 1] * squares[k - 1];
        }
        squares
    }
}

/// The product of the squares that are digits of `zeta`.
#[inline(always)]
fn raised<V: Lanes>(squares: &[V; DIGITS], zeta: u32) -> V {
    if zeta == 0 {
        return V::splat(1.0);
    }
    let lowest = zeta.trailing_zeros() as usize;
    let mut power = squares[lowest];
    let mut rest = (zeta >> lowest) >> 1;
    let mut k = lowest + 1;
    while rest > 0 {
        if rest & 1 == 1 {
            power *= squares[k];
        }
        rest >>= 1;
        k += 1;
    }
    power
}

/// The cosines of a batch, within their range.
#[inline(always)]
pub fn cosine<V: Lanes>(cosines: &PairLanes, pack: usize) -> V {
    let one = V::splat(1.0);
    cosines.load::<V>(pack).min(one).max(-one)
}
