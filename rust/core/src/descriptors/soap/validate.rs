//! Parameters in range, or an error that names them.

use crate::Error;

/// The error for a parameter that is not `good`: its name, its value, what it must be.
pub fn check(
    good: bool,
    name: &'static str,
    value: impl std::fmt::Display,
    remedy: impl Into<String>,
) -> Result<(), Error> {
    if good { Ok(()) } else { Err(Error::Parameter { name, value: value.to_string(), remedy: remedy.into() }) }
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
