//! The functions that the bases are made of, with 32 digits: eight degrees at one radius, or one degree at eight radii.

use super::primitives::Decay;
use crate::math::double_double::DoubleDouble;
use crate::math::extended::Extended;
use crate::math::orthogonal::Side;
use crate::simd::{LANES, Lanes};

/// Families of functions `f_k(s)`, in so many of one degree.
#[derive(Debug, Clone)]
pub enum Family {
    /// `(s / unit)^l exp(-α_kl s²)`
    Decaying {
        /// Exponents of each degree.
        decay: Decay,
        /// So that no power is out of range.
        unit: f64,
    },
    /// `(end - s)^(k+2)`, `k` from one on.
    Powers {
        /// Where all vanish.
        end: f64,
    },
    /// `(s / unit)^k exp(-a_k s²)`, `k` from zero on.
    Shells {
        /// One for each function.
        exponents: Vec<Extended>,
        /// So that no power is out of range.
        unit: f64,
    },
    /// `exp(-a (s - c_k)²)`
    Gaussians {
        /// `a`
        exponent: Extended,
        /// `c_k`
        centers: Vec<Extended>,
    },
}

impl Family {
    /// What lanes hold: degrees, if each has functions of its own.
    pub fn side(&self) -> Side {
        match self {
            Self::Decaying { .. } => Side::Matrices,
            Self::Powers { .. } | Self::Shells { .. } | Self::Gaussians { .. } => Side::Rows,
        }
    }

    /// The first `n` functions in lanes. For degrees, these are eight from `first` on, up to `l_max`.
    #[inline(always)]
    pub fn in_lanes<V: Lanes>(&self, n: usize, first: usize, l_max: usize) -> FunctionsInLanes<V> {
        let extended = |x: &Extended| DoubleDouble::from_extended(*x);
        match self {
            Self::Decaying { decay, unit } => {
                let degrees: [usize; LANES] = std::array::from_fn(|lane| (first + lane).min(l_max));
                let exponents = degrees.map(|l| decay.exponents(l));
                let negative =
                    |k: usize| DoubleDouble::from_doubles(V::load(&std::array::from_fn(|j| -exponents[j][k])));
                // One where the degree of a lane is so high.
                let is_at_least = |l: usize| V::load(&degrees.map(|degree| if degree >= l { 1.0 } else { 0.0 }));
                let powers = (1..=degrees[LANES - 1]).map(is_at_least).collect();
                FunctionsInLanes::Decaying { negative: (0..n).map(negative).collect(), powers, scale: 1.0 / unit }
            }
            Self::Powers { end } => FunctionsInLanes::Powers { n, end: DoubleDouble::splat(*end) },
            Self::Shells { exponents, unit } => FunctionsInLanes::Shells {
                negative: exponents.iter().map(|a| extended(&-*a)).collect(),
                scale: 1.0 / unit,
            },
            Self::Gaussians { exponent, centers } => FunctionsInLanes::Gaussians {
                negative: extended(&-*exponent),
                centers: centers.iter().map(extended).collect(),
            },
        }
    }
}

/// A family, ready to be evaluated.
pub enum FunctionsInLanes<V> {
    /// Negative exponents, and for each power of the radius the lanes that have it.
    Decaying {
        negative: Vec<DoubleDouble<V>>,
        powers: Vec<V>,
        scale: f64,
    },
    Powers {
        n: usize,
        end: DoubleDouble<V>,
    },
    Shells {
        negative: Vec<DoubleDouble<V>>,
        scale: f64,
    },
    Gaussians {
        negative: DoubleDouble<V>,
        centers: Vec<DoubleDouble<V>>,
    },
}

impl<V: Lanes> FunctionsInLanes<V> {
    /// Appends `factor · f_k(s)` for all `k`.
    #[inline(always)]
    pub fn append(&self, s: DoubleDouble<V>, factor: DoubleDouble<V>, values: &mut Vec<DoubleDouble<V>>) {
        match self {
            Self::Decaying { negative, powers, scale } => {
                let (square, base) = (s * s, s * DoubleDouble::splat(*scale));
                let mut power = factor;
                for &lanes in powers {
                    power = power * base.or_one(lanes);
                }
                for &negative in negative {
                    values.push(power * (negative * square).exp());
                }
            }
            Self::Powers { n, end } => {
                let depth = *end - s;
                let mut power = factor * depth * depth;
                for _ in 0..*n {
                    power = power * depth;
                    values.push(power);
                }
            }
            Self::Shells { negative, scale } => {
                let (square, base) = (s * s, s * DoubleDouble::splat(*scale));
                let mut power = factor;
                for &negative in negative {
                    values.push(power * (negative * square).exp());
                    power = power * base;
                }
            }
            Self::Gaussians { negative, centers } => {
                for &center in centers {
                    let d = s - center;
                    values.push(factor * (*negative * d * d).exp());
                }
            }
        }
    }
}
