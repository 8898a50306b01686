//! `φ_l(r; s)`, the strength of a Gaussian at the distance `r` on the sphere of radius `s`, for eight radii at a time.

use crate::math::bessel;
use crate::math::extended::Extended;

/// Radii at a time.
pub const LANES: usize = 8;

/// Eight radii `s`, and what rounding has taken from each.
#[derive(Debug, Clone, Copy)]
pub struct Radii {
    s: [f64; LANES],
    /// Far out a Gaussian magnifies an error of `s` by `s / σ`.
    rest: [f64; LANES],
}

impl Radii {
    /// Up to eight ascending radii; the last fills the places of those that are missing.
    pub fn new(exact: &[Extended]) -> Self {
        let exact: [Extended; LANES] = std::array::from_fn(|k| exact[k.min(exact.len() - 1)]);
        let s = exact.map(Extended::to_f64);
        Self { s, rest: std::array::from_fn(|k| (exact[k] - Extended::from(s[k])).to_f64()) }
    }

    /// The smallest.
    pub fn first(&self) -> f64 {
        self.s[0]
    }

    /// The largest.
    pub fn last(&self) -> f64 {
        self.s[LANES - 1]
    }

    /// Writes `φ_l(r; s)`, one pack for each degree. Lengths are in units of `σ` only in the exponents.
    pub fn strengths(&self, r: f64, sigma: f64, phi: &mut [[f64; LANES]]) {
        let z = self.s.map(|s| r / sigma * (s / sigma));
        let l_max = phi.len() - 1;
        if z[0] > (0.5 * ((l_max + 1) * (l_max + 1)) as f64).max(30.0) {
            one_by_one(&z, phi);
        } else {
            downward(&z, phi);
        }
        let gaussian: [f64; LANES] = std::array::from_fn(|k| {
            let d = ((r - self.s[k]) - self.rest[k]) / sigma;
            (-0.5 * d * d).exp()
        });
        for phi in phi {
            for (phi, gaussian) in phi.iter_mut().zip(&gaussian) {
                *phi *= gaussian;
            }
        }
    }
}

/// `exp(-z) i_l(z)` where arguments are so large that a few operations do.
fn one_by_one(z: &[f64; LANES], f: &mut [[f64; LANES]]) {
    let mut column = vec![0.0; f.len()];
    for (k, &z) in z.iter().enumerate() {
        bessel::scaled(z, &mut column);
        for (f, &value) in f.iter_mut().zip(&column) {
            f[k] = value;
        }
    }
}

/// `exp(-z) i_l(z)` from ratios of neighboring degrees, downward: stable for all arguments, and all divisions but one
/// wait for the one before, which is why eight chains go side by side.
fn downward(z: &[f64; LANES], f: &mut [[f64; LANES]]) {
    let l_max = f.len() - 1;
    let start = l_max + 20 + (6.5 * z[LANES - 1].sqrt()) as usize;
    let mut ratio = [0.0; LANES];
    for l in (1..=start).rev() {
        let odd = (2 * l + 1) as f64;
        for (ratio, z) in ratio.iter_mut().zip(z) {
            *ratio = z / (odd + z * *ratio);
        }
        if l <= l_max {
            f[l] = ratio;
        }
    }
    f[0] = z.map(|z| if z == 0.0 { 1.0 } else { -(-2.0 * z).exp_m1() / (2.0 * z) });
    for l in 1..=l_max {
        let below = f[l - 1];
        for (f, below) in f[l].iter_mut().zip(below) {
            *f *= below;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_at_a_time_are_those_one_by_one() {
        let sigma = 0.3;
        for n_degrees in [1, 2, 9, 31] {
            for r in [1e-200, 1e-9, 0.02, 1.0, 7.0, 40.0] {
                let s: [f64; LANES] = std::array::from_fn(|k| (r + (k as f64 - 3.0) * 0.5 * sigma).max(0.0));
                let mut phi = vec![[f64::NAN; LANES]; n_degrees];
                Radii::new(&s.map(Extended::from)).strengths(r, sigma, &mut phi);
                let mut expected = vec![0.0; n_degrees];
                for (k, s) in s.into_iter().enumerate() {
                    bessel::scaled(r * s / (sigma * sigma), &mut expected);
                    let gaussian = (-0.5 * ((r - s) / sigma).powi(2)).exp();
                    for (l, (phi, expected)) in phi.iter().zip(&expected).enumerate() {
                        let error = (phi[k] - expected * gaussian).abs();
                        assert!(error <= 1e-14 * expected * gaussian + 1e-300, "l = {l}, r = {r}, s = {s}");
                    }
                }
            }
        }
    }

    #[test]
    fn missing_radii_are_filled_with_the_last() {
        let radii = Radii::new(&[Extended::ZERO, Extended::from(0.7)]);
        assert_eq!(radii.first(), 0.0);
        assert_eq!(radii.last(), 0.7);
    }
}
