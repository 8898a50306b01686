//! Limits to the size of a power spectrum.

/// Purpose of the memory, for the message where it is refused.
pub(super) const PURPOSE: &str = "power spectrum of one center";

/// Most radial functions of one species.
pub const MAX_FUNCTIONS: usize = crate::simd::gemm::MAX_PACKS * crate::simd::LANES;
/// Largest degree of the harmonics.
pub const MAX_DEGREE: usize = 30;
