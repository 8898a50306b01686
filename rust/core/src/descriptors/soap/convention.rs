//! Whose order, scale and sign the columns of a power spectrum have.

use serde::Deserialize;

/// Whose order, scale and sign the columns have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Convention {
    /// Our own: pairs of functions with the first not after the second, the degree fastest.
    Isoprint,
    /// QUIP's `soap`: pairs with the second not after the first, the degree fastest.
    Quip,
    /// `DScribe`: pairs of species, then degrees, then pairs of radial functions.
    Dscribe,
    /// featomic: pairs of species, then degrees, then all pairs of radial functions; odd degrees are negative.
    Featomic,
}

impl Convention {
    /// `κ_l`: what all products of a degree count for.
    pub fn degree_weights(self, l_max: usize) -> Vec<f64> {
        let kappa = |l: usize| {
            let size = ((2 * l + 1) as f64).sqrt();
            match self {
                Self::Isoprint | Self::Quip => 1.0 / size,
                Self::Dscribe => std::f64::consts::PI * 8.0_f64.sqrt() / size,
                Self::Featomic if l.is_multiple_of(2) => 1.0 / size,
                Self::Featomic => -1.0 / size,
            }
        };
        (0..=l_max).map(kappa).collect()
    }
}
