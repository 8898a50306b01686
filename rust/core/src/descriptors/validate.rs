//! Parameters in range, or an error that names them.

use std::ops::RangeInclusive;

use super::soap::{MAX_DEGREE, MAX_FUNCTIONS};
use crate::Error;
use crate::error::Part;
use crate::math::cutoff::CutoffFunction;

/// Cutoffs in Å, with squares that are far from what numbers can hold; a longer one is taken for a wrong unit.
const CUTOFFS: RangeInclusive<f64> = 1e-30..=1e5;

/// Largest weight: the fourth power of what it is multiplied with still is a finite number.
pub const HEAVIEST: f64 = 1e60;

/// A value as a message shows it: on one short line, whatever its size.
pub trait Spelled {
    /// The words or digits.
    fn spelled(self) -> String;
}

impl Spelled for f64 {
    fn spelled(self) -> String {
        let plain = self == 0.0 || !self.is_finite() || (1e-4..1e16).contains(&self.abs());
        if plain { self.to_string() } else { format!("{self:e}") }
    }
}

macro_rules! spelled_as_displayed {
    ($($kind:ty),*) => { $(impl Spelled for $kind {
        fn spelled(self) -> String {
            self.to_string()
        }
    })* };
}

spelled_as_displayed!(&str, String, u8, u32, usize, i64, &i64);

/// A length in a remedy, to four digits.
pub fn about(length: f64) -> String {
    format!("{length:.3e}").parse().unwrap_or(length).spelled()
}

/// The error for a parameter that is not `good`: its name, its value, what it must be.
pub fn check(good: bool, name: &'static str, value: impl Spelled, remedy: impl Into<String>) -> Result<(), Error> {
    if good {
        Ok(())
    } else {
        Err(Error::Parameter { name, part: None, value: value.spelled(), remedy: remedy.into() })
    }
}

/// The error for a parameter that is not a positive number.
pub fn positive(name: &'static str, value: f64) -> Result<(), Error> {
    check(value.is_finite() && value > 0.0, name, value, "it must be a positive number")
}

/// The error for a length in Å that is not positive.
pub fn length(name: &'static str, value: f64) -> Result<(), Error> {
    check(value.is_finite() && value > 0.0, name, value, "it must be a positive number of Å")
}

/// The error for a parameter that is negative or no number.
pub fn not_negative(name: &'static str, value: f64) -> Result<(), Error> {
    check(value.is_finite() && value >= 0.0, name, value, "it must be a number that is not negative")
}

/// The error for a parameter that is no number.
pub fn finite(name: &'static str, value: f64) -> Result<(), Error> {
    check(value.is_finite(), name, value, "it must be a finite number")
}

/// The error for a number that is not in `range`.
pub fn within(name: &'static str, value: f64, range: RangeInclusive<f64>) -> Result<(), Error> {
    let remedy = format!("it must be a number from {} to {}", range.start().spelled(), range.end().spelled());
    check(range.contains(&value), name, value, remedy)
}

/// The error for a count that is not in `range`.
pub fn count(name: &'static str, value: usize, range: RangeInclusive<usize>) -> Result<(), Error> {
    let remedy = format!("it must be an integer from {} to {}", range.start(), range.end());
    check(range.contains(&value), name, value, remedy)
}

/// The error for a weight that is no number, or so large that features would not be finite.
pub fn weight(name: &'static str, value: f64) -> Result<(), Error> {
    finite(name, value)?;
    let remedy = format!("it must be between -{0} and {0}, or features would not be finite", HEAVIEST.spelled());
    check(value.abs() <= HEAVIEST, name, value, remedy)
}

/// The first error about one of several species; it says which one.
pub fn of_each<S>(
    species: &[S],
    number: impl Fn(&S) -> Option<i64>,
    validate: impl Fn(&S) -> Result<(), Error>,
) -> Result<(), Error> {
    let named = |species: &S| validate(species).map_err(|error| error.of(number(species).map(Part::Element)));
    species.iter().try_for_each(named)
}

/// The error for a radius of the environment that is no length, or one in another unit.
pub fn r_cut(value: f64) -> Result<(), Error> {
    let (shortest, longest) = (CUTOFFS.start().spelled(), CUTOFFS.end().spelled());
    let remedy = format!("it must be a positive number of Å, up to {longest} and no shorter than {shortest}");
    check(CUTOFFS.contains(&value), "r_cut", value, remedy)
}

/// The error for a fraction of the cutoff that leaves no room for a cutoff function to fall.
pub fn alpha(value: f64) -> Result<(), Error> {
    within("alpha", value, 0.0..=0.999)
}

/// The error for a cutoff function that there is not.
pub fn cutoff_function(function: CutoffFunction) -> Result<(), Error> {
    match function {
        CutoffFunction::Polynomial(n) => {
            check((1..=4).contains(&n), "cutoff_function", n, "there are polynomials 1 to 4")
        }
        _ => Ok(()),
    }
}

/// The error for a number of radial functions that no basis has, where one has at least `fewest`.
pub fn n_max(value: usize, fewest: usize) -> Result<(), Error> {
    count("n_max", value, fewest..=MAX_FUNCTIONS)
}

/// The error for a degree that the harmonics do not reach.
pub fn l_max(value: usize) -> Result<(), Error> {
    count("l_max", value, 0..=MAX_DEGREE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_spelled_on_a_short_line() {
        let spelled = [0.0, -0.5, 5.0, 1e-4, 5e-324, -1e300, 1.5e17, f64::INFINITY].map(Spelled::spelled);
        assert_eq!(spelled, ["0", "-0.5", "5", "0.0001", "5e-324", "-1e300", "1.5e17", "inf"]);
        assert_eq!([0.002 * 5.0, 0.1 + 0.2, 2e-303 / 3.0].map(about), ["0.01", "0.3", "6.667e-304"]);
    }

    #[test]
    fn every_descriptor_has_the_same_cutoffs() {
        assert!([1e-30, 0.9, 300.0, 1e5].map(r_cut).iter().all(Result::is_ok));
        for wrong in [0.0, -1.0, 1e-31, 1.1e5, f64::INFINITY, f64::NAN] {
            let message = r_cut(wrong).expect_err("no cutoff").to_string();
            assert!(message.starts_with("r_cut is ") && message.contains("up to 100000"), "{message}");
        }
    }

    #[test]
    fn weights_beyond_their_range_are_named() {
        assert!(weight("central_weight", -1e60).is_ok());
        let message = weight("central_weight", 1e75).expect_err("too heavy").to_string();
        assert!(message.contains("central_weight is 1e75") && message.contains("-1e60 and 1e60"), "{message}");
    }
}
