//! Limits of symmetry functions, and the purpose of their memory.

/// Purpose of the memory, for the message where it is refused.
pub const PURPOSE: &str = "symmetry functions of one center";

/// Nearer than this part of the cutoff, an atom is on the center and in no direction.
pub const NEAREST: f64 = 1e-11;

/// Largest ζ.
pub const MAX_ZETA: f64 = 4096.0;
