//! Parameters in range, or an error that names them.

use crate::Error;

/// Largest weight: the fourth power of what it is multiplied with still is a finite number.
const HEAVIEST: f64 = 1e60;

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
    if good { Ok(()) } else { Err(Error::Parameter { name, value: value.spelled(), remedy: remedy.into() }) }
}

/// The error for a parameter that is not a positive number.
pub fn positive(name: &'static str, value: f64) -> Result<(), Error> {
    check(value.is_finite() && value > 0.0, name, value, "it must be positive")
}

/// The error for a parameter that is negative or no number.
pub fn not_negative(name: &'static str, value: f64) -> Result<(), Error> {
    check(value.is_finite() && value >= 0.0, name, value, "it must be a finite number that is not negative")
}

/// The error for a parameter that is no number.
pub fn finite(name: &'static str, value: f64) -> Result<(), Error> {
    check(value.is_finite(), name, value, "it must be a finite number")
}

/// The error for a weight that is no number, or so large that features would not be finite.
pub fn weight(name: &'static str, value: f64) -> Result<(), Error> {
    finite(name, value)?;
    let remedy = format!("it must be between -{0} and {0}, or features would not be finite", HEAVIEST.spelled());
    check(value.abs() <= HEAVIEST, name, value, remedy)
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
    fn weights_beyond_their_range_are_named() {
        assert!(weight("central_weight", -1e60).is_ok());
        let message = weight("central_weight", 1e75).expect_err("too heavy").to_string();
        assert!(message.contains("central_weight is 1e75") && message.contains("-1e60 and 1e60"), "{message}");
    }
}
