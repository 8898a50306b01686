//! Cutoff functions: one near the center, zero at the cutoff, and what a neighbor in between counts for.
//!
//! | function of `x`, the part of the way to the cutoff | where | derivatives that are zero at the cutoff |
//! |---|---|---|
//! | [`CosineCutoff`] `(1 + cos πx) / 2` | SOAP, `x` from the start of its cutoff zone | 1 |
//! | [`CubicCutoff`] `((1 - x)² (1 + 2x))^a` | `SoapTurbo` | as many as are less than `2a` |
//! | [`SquareCutoff`] `(1 - x²)^n` | overlap and Coulomb matrices | `n - 1` |
//! | [`NamedCutoff`], one of [`CutoffFunction`] | symmetry functions | by its name |
//!
//! Each file holds one family, and in it value and derivative from one derivation.

mod cosine;
mod cubic;
mod exponential;
mod hyperbolic;
mod named;
mod polynomial;
mod square;
#[cfg(test)]
mod tests;

use crate::simd::Lanes;

pub use cosine::CosineCutoff;
pub use cubic::CubicCutoff;
pub use named::{CutoffFunction, NamedCutoff};
pub use square::SquareCutoff;

/// A cutoff function with its lengths.
pub trait Cutoff {
    /// The value, and the derivative in 1/Å, at distances below the cutoff.
    fn at<V: Lanes>(&self, r: V) -> (V, V);

    /// Number of derivatives that are zero at the cutoff; `None` where not even the value is.
    fn smoothness(&self) -> Option<u8>;
}
