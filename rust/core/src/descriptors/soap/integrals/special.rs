//! Integrals over Gaussians and powers, in closed form.

use crate::math::extended::Extended;

/// `Γ(m/2)`
fn gamma_of_half(m: usize) -> Extended {
    let start = if m % 2 == 0 { Extended::ONE } else { Extended::pi().sqrt() };
    (2 - m % 2..m).step_by(2).fold(start, |gamma, k| gamma * Extended::from(k).scaled(-1))
}

/// `∫_0^∞ r^p exp(-a r²) dr = ½ Γ((p+1)/2) a^(-(p+1)/2)`
pub fn moment(p: usize, a: Extended) -> Extended {
    (gamma_of_half(p + 1) / a.sqrt().powi(p + 1)).scaled(-1)
}

/// `∫_0^∞ r² exp(-b (r-μ)²) dr`
///
/// `= μ/(2b) exp(-bμ²) + √π/(4 b^(3/2)) (1 + 2bμ²) (1 + erf(√b μ))`
pub fn shifted_moment(b: Extended, mu: Extended) -> Extended {
    let scaled = b.sqrt() * mu;
    let square = scaled * scaled;
    let edge = mu / b.scaled(1) * (-square).exp();
    let bulk = Extended::pi().sqrt() / (b * b.sqrt()).scaled(2);
    edge + bulk * (Extended::ONE + square.scaled(1)) * (Extended::ONE + scaled.erf())
}

/// `ln x`, correctly rounded on every machine.
pub fn ln(x: f64) -> f64 {
    Extended::from(x).ln().to_f64()
}
