//! Terms of one site: what an expansion hands to the Jacobian.

/// One site as the Jacobian sees it.
pub struct SiteTerms<'a> {
    /// Radial functions of its species among all.
    pub species: std::ops::Range<usize>,
    /// Whether there are such functions for each degree, `[l][n]`, or one set for all.
    pub by_degree: bool,
    /// Values of the radial functions, and at least [`LANES`](crate::simd::LANES) numbers more.
    pub functions: &'a [f64],
    /// Derivatives in 1/Å.
    pub derivatives: &'a [f64],
    /// Direction from the center.
    pub unit: [f64; 3],
    /// `Ã_lm` and the components of `∇Ã_lm`.
    pub angular: [&'a [f64]; 4],
}
