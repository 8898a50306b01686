//! The weights with 32 digits instead of 77, eight degrees or eight radii at a time.
//!
//! A matrix `A` holds the primitive functions at the nodes of a quadrature, each times `s √ω`; so `AᵀA` are their
//! overlaps. Neither these nor an inverse root of theirs is ever formed: with `A = Q R` all follows from `Q`, whose
//! columns are orthonormal, and from `R`, whose condition is the root of that of the overlaps. By that condition the last
//! digits are magnified. Where it is too large, [`QuickWeights::find`] says so, and whoever asked takes 77 digits.

use std::f64::consts::PI;

use super::primitives_in_lanes::{Family, FunctionsInLanes};
use super::{Digits, RadialQuadrature};
use crate::math::double_double::{self, DoubleDouble};
use crate::math::extended::Extended;
use crate::math::orthogonal::{Matrix, Side, largest};
use crate::simd::{Isa, Kernel, LANES, Lanes};
use crate::{Error, Stop};

/// Largest error from 32 digits, and from the quadrature, that is below those of the rounded weights.
const NEGLIGIBLE: f64 = 1e-16;

/// What is done with the functions.
#[derive(Debug, Clone, Copy)]
pub enum Use<'a> {
    /// The density is projected on them, once they were made orthonormal symmetrically, as they are or, if `unit_norm`,
    /// each divided by its norm.
    Project {
        /// Whether they are.
        unit_norm: bool,
    },
    /// They are made orthonormal one after the other, and fitted to the density at these radii by least squares.
    Fit {
        /// Ascending.
        knots: &'a [Extended],
    },
}

/// A question for the weights of a basis.
#[derive(Debug, Clone, Copy)]
pub struct QuickWeights<'a> {
    /// The functions.
    pub family: &'a Family,
    /// So many of each degree.
    pub n_max: usize,
    /// Degrees from zero to this one, where each has functions of its own.
    pub l_max: usize,
    /// Nodes and weights of a quadrature for the products of two functions.
    pub rule: &'a [(Extended, Extended)],
    /// Relative error of these products under it.
    pub rule_error: f64,
    /// How the density is expanded.
    pub purpose: Use<'a>,
}

impl QuickWeights<'_> {
    /// The weights, unless more digits are needed for them, or asked for.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn find(&self, digits: Digits, stop: &Stop<'_>) -> Result<Option<RadialQuadrature>, Error> {
        if digits == Digits::All {
            return Ok(None);
        }
        let side = self.family.side();
        let (n_degrees, step) = if side == Side::Rows { (1, 1) } else { (self.l_max + 1, LANES) };
        let nodes: Vec<Extended> = match self.purpose {
            Use::Project { .. } => self.rule.iter().map(|&(s, _)| s).collect(),
            Use::Fit { knots } => knots.to_vec(),
        };
        let mut weights = vec![0.0; nodes.len() * n_degrees * self.n_max];
        let mut rounding = 0.0_f64;
        for first in (0..n_degrees).step_by(step) {
            let found = Isa::detect().run(Block { question: self, side, first, stop })?;
            if found.error.is_nan() || found.error > NEGLIGIBLE {
                return Ok(None);
            }
            rounding = rounding.max(found.rounding);
            self.spread(&found.weights, side, first, n_degrees, &mut weights);
        }
        Ok(Some(RadialQuadrature { nodes, weights, rounding }))
    }

    /// From lanes to `[node][l][n]`.
    fn spread(&self, found: &[[f64; LANES]], side: Side, first: usize, n_degrees: usize, weights: &mut [f64]) {
        let n = self.n_max;
        for (row, found) in found.chunks_exact(n).enumerate() {
            for lane in 0..LANES {
                let place = match side {
                    Side::Rows => (row * LANES + lane) * n,
                    Side::Matrices if first + lane < n_degrees => (row * n_degrees + first + lane) * n,
                    Side::Matrices => break,
                };
                // The last eight radii may be fewer.
                if let Some(weights) = weights.get_mut(place..place + n) {
                    for (weight, found) in weights.iter_mut().zip(found) {
                        *weight = found[lane];
                    }
                }
            }
        }
    }
}

/// Weights of a block of degrees.
struct Found {
    /// `[node, or eight][n]`
    weights: Vec<[f64; LANES]>,
    /// Of the identity that defines them, once they were rounded.
    rounding: f64,
    /// From having 32 digits only; none if there are no weights.
    error: f64,
}

/// Those degrees from `first` on that eight lanes hold, or all if lanes hold radii.
struct Block<'a> {
    question: &'a QuickWeights<'a>,
    side: Side,
    first: usize,
    stop: &'a Stop<'a>,
}

impl Kernel for Block<'_> {
    type Output = Result<Found, Error>;
    #[inline(always)]
    fn run<V: Lanes>(self) -> Self::Output {
        let QuickWeights { family, n_max, l_max, rule, purpose, .. } = *self.question;
        let functions = family.in_lanes::<V>(n_max, self.first, l_max);
        let (places, roots) = self.rows::<V>(rule);
        let factors: Vec<DoubleDouble<V>> = places.iter().zip(&roots).map(|(&s, &root)| s * root).collect();
        let a = self.sampled(&functions, &places, factors.iter().copied())?;
        match purpose {
            Use::Project { unit_norm } => self.project(a, unit_norm, &factors),
            Use::Fit { knots } => {
                let knots: Vec<(Extended, Extended)> = knots.iter().map(|&s| (s, Extended::ONE)).collect();
                let (places, seen) = self.rows::<V>(&knots);
                self.fit(a, &self.sampled(&functions, &places, seen.into_iter())?)
            }
        }
    }
}

impl Block<'_> {
    /// Places and roots of the weights of a rule, in rows of lanes. Rows that eight radii do not fill have weights of zero.
    #[inline(always)]
    fn rows<V: Lanes>(&self, rule: &[(Extended, Extended)]) -> (Vec<DoubleDouble<V>>, Vec<DoubleDouble<V>>) {
        let mut places = Vec::new();
        let mut roots = Vec::new();
        match self.side {
            Side::Matrices => {
                for &(s, weight) in rule {
                    places.push(DoubleDouble::from_extended(s));
                    roots.push(DoubleDouble::from_extended(weight).sqrt());
                }
            }
            Side::Rows => {
                for rule in rule.chunks(LANES) {
                    let of = |lane: usize| rule.get(lane).copied().unwrap_or((rule[0].0, Extended::ZERO));
                    places.push(DoubleDouble::from_lanes(&std::array::from_fn(|lane| of(lane).0)));
                    let one =
                        std::array::from_fn(
                            |lane| if of(lane).1 == Extended::ZERO { Extended::ONE } else { of(lane).1 },
                        );
                    let seen =
                        V::load(&std::array::from_fn(|lane| if of(lane).1 == Extended::ZERO { 0.0 } else { 1.0 }));
                    roots.push(DoubleDouble::from_lanes(&one).sqrt() * DoubleDouble::from_doubles(seen));
                }
            }
        }
        (places, roots)
    }

    /// Error of functions that were made orthonormal with a triangle of this condition, whose overlaps have the square
    /// of it, if 32 digits were magnified by `all`.
    fn error(&self, condition: f64, all: f64) -> f64 {
        self.question.rule_error * condition * condition + double_double::EPSILON * all
    }

    /// The functions at these places, times factors.
    #[inline(always)]
    fn sampled<V: Lanes>(
        &self,
        functions: &FunctionsInLanes<V>,
        places: &[DoubleDouble<V>],
        factors: impl Iterator<Item = DoubleDouble<V>>,
    ) -> Result<Matrix<V>, Error> {
        let n = self.question.n_max;
        let mut entries = Vec::with_capacity(places.len() * n);
        for (&s, factor) in places.iter().zip(factors) {
            self.stop.check()?;
            functions.append(s, factor, &mut entries);
        }
        Ok(Matrix::new(n, entries))
    }

    /// `4π ω s² g(s)`, where the orthonormal functions `g`, times `s √ω`, are the orthogonal factor of `A`.
    #[inline(always)]
    fn project<V: Lanes>(
        &self,
        mut a: Matrix<V>,
        unit_norm: bool,
        factors: &[DoubleDouble<V>],
    ) -> Result<Found, Error> {
        let n = self.question.n_max;
        let mut r = a.orthonormalize(self.side, self.stop)?;
        if unit_norm {
            r.normalize_columns();
        }
        let (rotation, condition) = r.orthogonal_factor(self.stop)?;
        let mut weights = Vec::with_capacity(factors.len() * n);
        let mut gram = vec![V::zero(); n * n];
        let mut row = vec![V::zero(); n];
        for (q, factor) in a.rows().zip(factors) {
            row.fill(V::zero());
            for (q, rotation) in q.iter().zip(rotation.rows()) {
                for (g, rotation) in row.iter_mut().zip(rotation) {
                    *g = q.to_doubles().mul_add(rotation.to_doubles(), *g);
                }
            }
            for (one, gram) in row.iter().zip(gram.chunks_exact_mut(n)) {
                for (other, sum) in row.iter().zip(gram) {
                    *sum = one.mul_add(*other, *sum);
                }
            }
            let factor = V::splat(4.0 * PI) * factor.to_doubles();
            weights.extend(row.iter().map(|&g| (g * factor).to_array()));
        }
        if self.side == Side::Rows {
            for sum in &mut gram {
                *sum = V::splat(sum.sum());
            }
        }
        let rounding = deviation(n, &gram);
        Ok(Found { weights, rounding, error: self.error(condition, condition) })
    }

    /// `T = M (MᵀM)⁻¹`, where `M` holds the orthonormal functions at the knots.
    ///
    /// With `V` for the primitives there, `V = Q_V R_V`, and `A = Q R`, it is `M = V R⁻¹` and `T = Q_V R_V⁻ᵀ Rᵀ`.
    #[inline(always)]
    fn fit<V: Lanes>(&self, mut a: Matrix<V>, v: &Matrix<V>) -> Result<Found, Error> {
        let n = self.question.n_max;
        let r = a.orthonormalize(self.side, self.stop)?;
        let r_inverse = r.triangle_inverse();
        let mut q = v.clone();
        let r_v = q.orthonormalize(self.side, self.stop)?;
        let r_v_inverse = r_v.triangle_inverse();
        let [own, at_knots] = [(&r, &r_inverse), (&r_v, &r_v_inverse)].map(|(r, inverse)| r.norm() * inverse.norm());
        // (R R_V⁻¹)ᵀ = R_V⁻ᵀ Rᵀ, an upper triangle before it is transposed.
        let t = q.times_transposed(&r.triangle_product(&r_v_inverse));
        let rounded: Vec<V> = t.rows().flatten().map(|entry| entry.to_doubles()).collect();
        let identity = v.triangle_product(&r_inverse).transposed_times(
            &Matrix::new(n, rounded.iter().map(|&t| DoubleDouble::from_doubles(t)).collect()),
            self.side,
        );
        let identity: Vec<V> = identity.rows().flatten().map(|entry| entry.to_doubles()).collect();
        Ok(Found {
            weights: rounded.into_iter().map(V::to_array).collect(),
            rounding: deviation(n, &identity),
            error: self.error(largest(own.to_doubles()), largest((own + at_knots).to_doubles())),
        })
    }
}

/// Largest difference of matrices from the identity; no number where an entry is none.
#[inline(always)]
fn deviation<V: Lanes>(n: usize, matrices: &[V]) -> f64 {
    let mut deviation = 0.0;
    for (k, &entry) in matrices.iter().enumerate() {
        let difference = entry - V::splat(if k % (n + 1) == 0 { 1.0 } else { 0.0 });
        let found = largest(V::load(&difference.to_array().map(f64::abs)));
        if found.is_nan() || found > deviation {
            deviation = found;
        }
    }
    deviation
}
