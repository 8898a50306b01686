//! Chebyshev polynomials, their nodes, and the way from values at these to coefficients.

use std::f64::consts::PI;

/// The roots of the Chebyshev polynomial of degree `N`, from the largest down.
pub fn nodes<const N: usize>() -> [f64; N] {
    std::array::from_fn(|k| angle::<N>(k).cos())
}

/// Extreme `k` of that polynomial, from the largest place down.
pub fn extreme<const N: usize>(k: usize) -> f64 {
    (PI * k as f64 / N as f64).cos()
}

fn angle<const N: usize>(k: usize) -> f64 {
    PI * (k as f64 + 0.5) / N as f64
}

/// `[j][node]`: from values at the nodes to the coefficients of the polynomial through them.
pub fn chebyshev_transform<const N: usize>() -> [[f64; N]; N] {
    std::array::from_fn(|j| {
        let weight = if j == 0 { 1.0 } else { 2.0 } / N as f64;
        std::array::from_fn(|k| weight * (j as f64 * angle::<N>(k)).cos())
    })
}

/// `[power][j]`: from coefficients of Chebyshev polynomials to those of powers, the highest first.
///
/// The entries of this change of basis are large integers, but those of high degree meet coefficients that are small:
/// in this order, and not as one matrix from samples to powers, rounding stays where it was.
pub fn powers_transform<const N: usize>() -> [[f64; N]; N] {
    let mut transform = [[0.0; N]; N];
    let (mut last, mut polynomial) = ([0.0; N], [0.0; N]);
    polynomial[0] = 1.0;
    for j in 0..N {
        for (power, coefficient) in polynomial.iter().enumerate() {
            transform[N - 1 - power][j] = *coefficient;
        }
        // T_{j+1} = 2 t T_j - T_{j-1}, but T_1 = t
        let factor = if j == 0 { 1.0 } else { 2.0 };
        let next = std::array::from_fn(|i| factor * if i == 0 { 0.0 } else { polynomial[i - 1] } - last[i]);
        last = std::mem::replace(&mut polynomial, next);
    }
    transform
}
