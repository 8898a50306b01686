//! `φ_l(r; s)`, the strength of a Gaussian at the distance `r` on the sphere of radius `s`, for eight radii at a time.
//!
//! `exp(-z) i_l(z)` for all degrees comes from its recurrence: upward where `z` is so large that this is stable, and
//! downward elsewhere, from a degree so high that nothing is left of the guess that it begins with.

use crate::math::extended::Extended;
use crate::simd::{LANES, Lanes, exp};

/// Below this argument `1 - exp(-2z)` cancels.
const SMALL: f64 = 0.5;
/// Degrees of a recurrence that does not overflow above that argument: it grows by `(2l + 1) / z` at each.
const MOST_DEGREES: usize = 100;

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
    #[inline(always)]
    pub fn strengths<V: Lanes>(&self, r: f64, sigma: f64, phi: &mut [[f64; LANES]]) {
        let s = V::load(&self.s);
        let sigmas = V::splat(sigma);
        let z = V::splat(r / sigma) * (s / sigmas);
        let z_of_lanes = z.to_array();
        let (z_min, z_max) = (z_of_lanes[0], z_of_lanes[LANES - 1]);
        let l_max = phi.len() - 1;
        if z_min > (0.5 * ((l_max + 1) * (l_max + 1)) as f64).max(30.0) {
            upward(z, phi);
        } else {
            let start = 5 + (((l_max * l_max) as f64 + 30.0 * z_max).sqrt().ceil() as usize);
            if z_min < SMALL || start > MOST_DEGREES {
                by_ratios(z, start, phi);
            } else {
                downward(z, start, phi);
            }
        }
        let d = ((V::splat(r) - s) - V::load(&self.rest)) / sigmas;
        let gaussian = exp(V::splat(-0.5) * d * d);
        for phi in phi {
            (V::load(phi) * gaussian).store(phi);
        }
    }
}

/// `(1 - exp(-2z)) / 2z` where that does not cancel.
#[inline(always)]
fn degree_zero<V: Lanes>(z: V) -> V {
    (V::splat(1.0) - exp(V::splat(-2.0) * z)) / (z + z)
}

/// From the first two degrees.
#[inline(always)]
fn upward<V: Lanes>(z: V, f: &mut [[f64; LANES]]) {
    let one = V::splat(1.0);
    let (e, inverse) = (exp(V::splat(-2.0) * z), one / z);
    let half = V::splat(0.5) * inverse;
    let (mut below, mut value) = ((one - e) * half, ((one + e) - (one - e) * inverse) * half);
    for (l, f) in f.iter_mut().enumerate() {
        below.store(f);
        let factor = V::splat((2 * l + 3) as f64) * inverse;
        let next = factor.neg_mul_add(value, below);
        below = std::mem::replace(&mut value, next);
    }
}

/// From the degree `start`, and scaled by what degree zero is.
#[inline(always)]
fn downward<V: Lanes>(z: V, start: usize, f: &mut [[f64; LANES]]) {
    let inverse = V::splat(1.0) / z;
    let (mut above, mut value) = (guess(z, start), V::splat(1.0));
    for l in (0..start).rev() {
        if let Some(f) = f.get_mut(l) {
            value.store(f);
        }
        let factor = V::splat((2 * l + 1) as f64) * inverse;
        let next = factor.mul_add(value, above);
        above = std::mem::replace(&mut value, next);
    }
    let scale = degree_zero(z) / V::load(&f[0]);
    for f in f {
        (V::load(f) * scale).store(f);
    }
}

/// From ratios of neighboring degrees, downward from `start`: for all arguments, zero among them.
#[inline(always)]
fn by_ratios<V: Lanes>(z: V, start: usize, f: &mut [[f64; LANES]]) {
    let mut ratio = guess(z, start);
    for l in (1..start).rev() {
        ratio = z / z.mul_add(ratio, V::splat((2 * l + 1) as f64));
        if let Some(f) = f.get_mut(l) {
            ratio.store(f);
        }
    }
    f[0] = z.to_array().map(|z| if z == 0.0 { 1.0 } else { -(-2.0 * z).exp_m1() / (2.0 * z) });
    for l in 1..f.len() {
        (V::load(&f[l - 1]) * V::load(&f[l])).store(&mut f[l]);
    }
}

/// `i_l / i_(l-1)`, more or less.
#[inline(always)]
fn guess<V: Lanes>(z: V, l: usize) -> V {
    let order = V::splat(l as f64 + 0.5);
    z / (order + order.mul_add(order, z * z).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::bessel;
    use crate::simd::{Isa, Kernel};

    struct Strengths<'a>(Radii, f64, f64, &'a mut [[f64; LANES]]);

    impl Kernel for Strengths<'_> {
        type Output = ();
        #[inline(always)]
        fn run<V: Lanes>(self) {
            self.0.strengths::<V>(self.1, self.2, self.3);
        }
    }

    #[test]
    fn eight_at_a_time_are_those_one_by_one() {
        let sigma = 0.3;
        for n_degrees in [1, 2, 9, 31] {
            for r in [1e-200, 1e-9, 0.02, 0.3, 0.6, 1.0, 2.0, 3.5, 7.0, 40.0] {
                let s: [f64; LANES] = std::array::from_fn(|k| (r + (k as f64 - 3.0) * 0.5 * sigma).max(0.0));
                let mut phi = vec![[f64::NAN; LANES]; n_degrees];
                Isa::detect().run(Strengths(Radii::new(&s.map(Extended::from)), r, sigma, &mut phi));
                let mut expected = vec![0.0; n_degrees];
                for (k, s) in s.into_iter().enumerate() {
                    bessel::scaled(r * s / (sigma * sigma), &mut expected);
                    let gaussian = (-0.5 * ((r - s) / sigma).powi(2)).exp();
                    for (l, (phi, expected)) in phi.iter().zip(&expected).enumerate() {
                        let error = (phi[k] - expected * gaussian).abs();
                        assert!(error <= 1e-14 * expected * gaussian + 1e-290, "l = {l}, r = {r}, s = {s}");
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
