//! How large and how sharp symmetry functions may be.

/// What is too large if memory is refused.
pub const WHAT: &str = "symmetry functions of one center";

/// Nearer than this part of the cutoff, an atom is on the center and in no direction.
pub const NEAREST: f64 = 1e-11;

/// Largest ζ.
pub const MOST_REPEATED: f64 = 4096.0;
