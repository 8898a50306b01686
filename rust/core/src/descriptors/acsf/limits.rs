//! Limits of symmetry functions, and the purpose of their memory.

/// Purpose of the memory, for the message where it is refused.
pub const PURPOSE: &str = "symmetry functions of one center";

/// Nearer than this part of the cutoff, an atom is on the center and in no direction.
pub const NEAREST: f64 = 1e-11;

/// Largest `((1 + |λ|) / 2)^ζ`: sums of such numbers are finite, with the largest weights and in derivatives.
pub const LARGEST_POWER: f64 = 1e100;

/// Largest ζ.
pub const MAX_ZETA: f64 = 4096.0;
