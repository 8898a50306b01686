//! Real numbers of 77 digits, for what is done once per parameter set and loses half of them.
//!
//! Of one fixed size, so that they live on the stack: a product or a sum takes some 20 ns, an exponential two
//! microseconds, and bases that need millions of them are built while a user waits.

mod functions;
mod matrix;
mod number;

#[cfg(test)]
mod tests;

pub use matrix::{
    ExtendedMatrix, cholesky, dot, inverse, inverse_square_root, lower_inverse, orthogonal_factor, product, rounded,
    transposed,
};
pub use number::{Extended, PRECISION};
