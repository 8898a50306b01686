//! How large a power spectrum may be.

/// What is too large if memory is refused.
pub(super) const WHAT: &str = "power spectrum of one center";

/// Most radial functions of one species.
pub const MAX_FUNCTIONS: usize = crate::simd::gemm::MAX_PACKS * crate::simd::LANES;
/// Largest degree of the harmonics.
pub const MAX_DEGREE: usize = 30;
