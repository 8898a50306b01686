//! Transport between two sets of equally weighted points: which of one belongs to which of the other.
//!
//! Given similarities `C`, `n × m`, a plan `P ≥ 0` has rows that sum to `1/n` and columns that sum to `1/m`.
//!
//! * [`Exact`]: the plan of largest `Σ P C`, a best match. Where `n = m` it is a permutation divided by `n`.
//! * [`Entropic`]: the plan of largest `Σ P C - α Σ P ln P` (M. Cuturi, NIPS 26, 2292, 2013), found by Sinkhorn's
//!   iterations, with logarithms where numbers would be too large, and with Newton's where those are slow.
//! * [`Coupling`]: how both marginals change with both potentials, which Newton and derivatives need.

mod coupling;
mod entropic;
mod exact;
mod iteration;

pub use coupling::Coupling;
pub use entropic::{Entropic, EntropicOptions, Until};
pub use exact::Exact;

/// Purpose of the memory, for the message where it is refused.
const PURPOSE: &str = "matches of the environments of two structures";
