//! Weights of neighbors that depend on their distance.

use serde::Deserialize;

use crate::Error;
use crate::descriptors::validate::{HEAVIEST, Spelled, about, check, finite, length, not_negative, weight};

/// Distances at which a weight is looked at, from the center to where atoms are seen last.
const LOOKS: u32 = 128;

/// A weight that depends on the distance, `t = r / r0`.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weighting {
    /// Cutoff functions by name; each is one near the center and zero at the cutoff.
    pub function: WeightFunction,
    /// Unit of length in Å.
    pub r0: f64,
    /// Overall factor.
    pub c: f64,
    /// Offset of the denominator, where there is one.
    #[serde(default)]
    pub d: f64,
    /// Exponent, where there is one.
    #[serde(default)]
    pub m: f64,
    /// The weight of an atom exactly at the center, where that is not the limit.
    #[serde(default, rename = "w0")]
    pub at_center: Option<f64>,
}

/// The functions of a [`Weighting`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum WeightFunction {
    /// `c (1 + 2t³ - 3t²)^m` up to `r0`, zero beyond.
    #[serde(rename = "poly")]
    Polynomial,
    /// `c / (d + t^m)`
    #[serde(rename = "pow")]
    Power,
    /// `c / (d + exp(-t))`
    #[serde(rename = "exp")]
    Exponential,
}

impl Weighting {
    /// Value and derivative at the distance `r`. At the center, where a derivative has no direction, it is zero.
    pub fn at(&self, r: f64) -> (f64, f64) {
        if r <= 0.0 {
            return (self.at_center.unwrap_or_else(|| self.limit()), 0.0);
        }
        let Self { r0, c, d, m, .. } = *self;
        let t = r / r0;
        match self.function {
            WeightFunction::Polynomial if t >= 1.0 => (0.0, 0.0),
            WeightFunction::Polynomial => {
                let base = (1.0 - t) * (1.0 - t) * (1.0 + 2.0 * t);
                let value = c * libm::pow(base, m);
                // The logarithm of the base falls as -6t / (1 - t)(1 + 2t).
                (value, -6.0 * value * m * t / ((1.0 - t) * (1.0 + 2.0 * t) * r0))
            }
            WeightFunction::Power => {
                // So close to the center that the weight would be astronomic, it stays what it is.
                let (power, least) = (libm::pow(t, m), 1e-60);
                let value = c / (d + power.max(least));
                (value, if power < least { 0.0 } else { -value * m / ((1.0 + d / power) * r) })
            }
            WeightFunction::Exponential => {
                let e = libm::exp(-t);
                let value = c / (d + e);
                (value, value * e / ((d + e) * r0))
            }
        }
    }

    /// Checks every number for the range in which weights of atoms up to `reach` are finite, and their derivatives too.
    pub(super) fn validate(&self, reach: f64) -> Result<(), Error> {
        length("r0 of weighting", self.r0)?;
        finite("c of weighting", self.c)?;
        let grows = "it must not be negative, as the weight would be infinite somewhere";
        check(self.d.is_finite() && self.d >= 0.0, "d of weighting", self.d, grows)?;
        not_negative("m of weighting", self.m)?;
        weight("w0 of weighting", self.at_center.unwrap_or(0.0))?;
        self.validate_power()?;
        let bounded = self.at_center.is_some() || self.limit().is_finite();
        let remedy = "the weight at the center would be infinite; give a positive d, or the weight there as w0";
        check(bounded || self.d > 0.0, "d of weighting", self.d, remedy)?;
        self.validate_values(reach)
    }

    /// Refuses small powers, which have finite values but infinite derivatives.
    fn validate_power(&self) -> Result<(), Error> {
        let (least, place) = match self.function {
            WeightFunction::Polynomial => (0.5, "at r0"),
            WeightFunction::Power => (1.0, "at the center"),
            WeightFunction::Exponential => return Ok(()),
        };
        let remedy = format!("derivatives are infinite {place} with it; take 0, or at least {}", least.spelled());
        check(self.m == 0.0 || self.m >= least, "m of weighting", self.m, remedy)
    }

    /// Refuses weights that no number holds, and those that would make features that none holds.
    fn validate_values(&self, reach: f64) -> Result<(), Error> {
        let [r0, c, d, m] = [self.r0, self.c, self.d, self.m].map(Spelled::spelled);
        let change = format!("change r0 = {r0}, c = {c}, d = {d} or m = {m}");
        let first = u32::from(self.d == 0.0);
        let mut largest = (0.0_f64, 0.0);
        for r in (first..=LOOKS).map(|look| reach * f64::from(look) / f64::from(LOOKS)) {
            let (value, squared) = self.quotient(r);
            let finite = value.is_finite() && squared.is_finite();
            check(finite, "weighting", format!("no finite number at {} Å", about(r)), change.as_str())?;
            if value.abs() > largest.0.abs() {
                largest = (value, r);
            }
        }
        let (value, r) = largest;
        let remedy = format!("beyond {} features would not be finite: {change}", HEAVIEST.spelled());
        check(value.abs() <= HEAVIEST, "weighting", format!("{} at {} Å", about(value), about(r)), remedy)
    }

    /// The weight, and the square of the divisor, by which its derivative is divided.
    fn quotient(&self, r: f64) -> (f64, f64) {
        let t = r / self.r0;
        let divisor = match self.function {
            WeightFunction::Polynomial => return (self.at(r).0, 1.0),
            WeightFunction::Power => self.d + libm::pow(t, self.m),
            WeightFunction::Exponential => self.d + libm::exp(-t),
        };
        (self.c / divisor, divisor * divisor)
    }

    /// The value that those at small distances tend to.
    pub fn limit(&self) -> f64 {
        let Self { c, d, m, .. } = *self;
        match self.function {
            WeightFunction::Polynomial => c,
            WeightFunction::Power if m > 0.0 => c / d,
            WeightFunction::Power if m < 0.0 => 0.0,
            WeightFunction::Power | WeightFunction::Exponential => c / (d + 1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_are_differences() {
        let functions = [WeightFunction::Polynomial, WeightFunction::Power, WeightFunction::Exponential];
        for function in functions {
            for (d, m) in [(1.0, 2.0), (0.5, 4.0), (2.0, 0.7), (0.0, 1.5)] {
                let weighting = Weighting { function, r0: 2.5, c: 1.3, d, m, at_center: None };
                for r in [0.3, 1.1, 2.4, 2.6, 4.0] {
                    let h = 1e-4;
                    let [a, b, c, e] = [-2.0, -1.0, 1.0, 2.0].map(|k| weighting.at(r + k * h).0);
                    let difference = (a - 8.0 * b + 8.0 * c - e) / (12.0 * h);
                    let derivative = weighting.at(r).1;
                    assert!(
                        (derivative - difference).abs() < 1e-9 * derivative.abs().max(1.0),
                        "{weighting:?} at {r}: {derivative}"
                    );
                }
                if d > 0.0 {
                    assert!((weighting.at(1e-9).0 - weighting.at(0.0).0).abs() < 1e-6, "{weighting:?}");
                }
            }
        }
    }

    #[test]
    fn no_distance_gives_a_nan() {
        for function in [WeightFunction::Polynomial, WeightFunction::Power, WeightFunction::Exponential] {
            for (d, m) in [(0.0, 2.0), (1.0, 0.0), (0.0, 300.0), (1.0, 300.0), (1.0, -3.0)] {
                let weighting = Weighting { function, r0: 2.0, c: 1.0, d, m, at_center: Some(1.0) };
                for r in [0.0, 1e-300, 1e-10, 1.0, 2.0, 1e3] {
                    let (value, derivative) = weighting.at(r);
                    assert!(value.is_finite() && !derivative.is_nan(), "{weighting:?} at {r}: {value}, {derivative}");
                }
            }
        }
    }
}
