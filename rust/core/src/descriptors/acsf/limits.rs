//! Limits to the number and the sharpness of symmetry functions.

/// Purpose of the memory, for the message where it is refused.
pub const PURPOSE: &str = "symmetry functions of one center";

/// Nearer than this part of the cutoff, an atom is on the center and in no direction.
pub const NEAREST: f64 = 1e-11;

/// Largest ζ.
pub const MOST_REPEATED: f64 = 4096.0;
