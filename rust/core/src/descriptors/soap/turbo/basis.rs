//! The orthonormal radial functions of recursive SOAP, without the digits that their textbook form loses.
//!
//! The primitives `φ_α = √(2α+5) (1-x)^(α+2)` are nearly dependent: orthonormalized in double precision as printed
//! they are worthless from a dozen on. Here they are written in Jacobi polynomials, which span the same space and are
//! orthonormal by construction; what remains of `S^(-1/2)` is an orthogonal matrix, found once with 70 digits.
//! A Gaussian at the origin (`poly3gauss`) joins as its component orthogonal to the polynomials.

use std::sync::OnceLock;

use super::super::limits::MAX_FUNCTIONS;
use super::parameters::TurboBasis;
use crate::math::extended::{self, Extended, ExtendedMatrix};
use crate::math::quadrature;
use crate::{Error, Stop};

/// `n` orthonormal functions of `x = r / r_cut` on `[0, 1]`.
#[derive(Debug, Clone)]
pub struct RadialFunctions {
    polynomials: Jacobi,
    gaussian: Option<OriginGaussian>,
    /// `O`: rows are the functions asked for, columns the orthonormal set of Jacobi polynomials and residual.
    rotation: Vec<f64>,
    /// `𝓛`: rows are the primitives.
    lower: ExtendedMatrix,
}

/// The Gaussian at the origin and what the polynomials leave of it.
#[derive(Debug, Clone)]
struct OriginGaussian {
    /// Width in units of the cutoff.
    sigma: Extended,
    /// `N_G`, which makes its square integrate to one over `[0, ∞)`.
    norm: Extended,
    /// Overlaps with the Jacobi polynomials.
    overlaps: Vec<Extended>,
    /// Norm of the component orthogonal to them.
    residual: Extended,
}

/// Values of all functions at one node, and the Gaussian tail that belongs to it.
#[derive(Debug, Clone)]
pub struct Node {
    /// `g_n`.
    pub functions: Vec<f64>,
    /// `w_n φ_G`: the share of the primitive Gaussian in each function.
    pub gaussian: Vec<f64>,
}

impl RadialFunctions {
    /// `n` functions; `sigma` is the width of the Gaussian in units of the cutoff.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn new(basis: TurboBasis, n: usize, sigma: f64, stop: &Stop<'_>) -> Result<Self, Error> {
        let n_polynomials = if basis == TurboBasis::Poly3Gauss { n - 1 } else { n };
        let polynomials = Jacobi::new(n_polynomials);
        let gaussian =
            (basis == TurboBasis::Poly3Gauss).then(|| OriginGaussian::new(&polynomials, sigma, stop)).transpose()?;
        let mut lower: ExtendedMatrix = (1..=n_polynomials).map(|alpha| primitive(alpha, n)).collect();
        if let Some(gaussian) = &gaussian {
            lower.push(gaussian.overlaps.iter().chain([&gaussian.residual]).copied().collect());
        }
        let rotation = match basis {
            TurboBasis::Jacobi => identity(n),
            TurboBasis::Poly3 => polynomial_rotation(&lower),
            TurboBasis::Poly3Gauss => rotation(&lower),
        };
        Ok(Self { polynomials, gaussian, rotation, lower })
    }

    /// Number of functions.
    pub fn len(&self) -> usize {
        self.lower.len()
    }

    /// All functions at `x` in `[0, 1]`, and the share of the Gaussian in them.
    pub fn at(&self, x: &Extended, inside: bool) -> Node {
        let n = self.len();
        let mut orthonormal = vec![0.0; n];
        let mut tail = vec![0.0; n];
        let polynomials = self.polynomials.at(Extended::ONE - *x);
        if inside {
            for (value, q) in orthonormal.iter_mut().zip(&polynomials) {
                *value = q.to_f64();
            }
        }
        if let Some(gaussian) = &self.gaussian {
            let value = gaussian.at(*x);
            if inside {
                orthonormal[n - 1] = gaussian.residual_at(value, &polynomials).to_f64();
            }
            tail[n - 1] = (value / gaussian.residual).to_f64();
        }
        Node { functions: self.rotate(&orthonormal), gaussian: self.rotate(&tail) }
    }

    /// `(S^(1/2))_nG / N_G`: the overlap of each function with the bare Gaussian at the origin.
    pub fn center(&self) -> Option<Vec<f64>> {
        let gaussian = self.gaussian.as_ref()?;
        let row: Vec<f64> = self.lower[self.len() - 1].iter().map(|&x| (x / gaussian.norm).to_f64()).collect();
        Some(self.rotate(&row))
    }

    /// `O v`
    fn rotate(&self, v: &[f64]) -> Vec<f64> {
        self.rotation.chunks_exact(v.len()).map(|row| row.iter().zip(v).map(|(a, b)| a * b).sum()).collect()
    }
}

/// The Gaussian and the Jacobi polynomials at one node.
type Sample = (Extended, Vec<Extended>);

impl OriginGaussian {
    fn new(polynomials: &Jacobi, sigma: f64, stop: &Stop<'_>) -> Result<Self, Error> {
        let width = Extended::from(sigma);
        let norm = (Extended::from(2.0) / (width * Extended::pi().sqrt())).sqrt();
        let mut gaussian = Self { sigma: width, norm, overlaps: Vec::new(), residual: Extended::ZERO };
        // Beyond 17 widths the Gaussian is below 1e-62 and only polynomials are left.
        let end = (17.0 * sigma).min(1.0);
        let mut nodes = quadrature::extended_panels(&0.0.into(), &end.into(), sigma);
        nodes.extend(quadrature::extended_panels(&end.into(), &1.0.into(), 0.25));
        let mut samples: Vec<Sample> = Vec::new();
        for &(x, _) in &nodes {
            stop.check()?;
            samples.push((gaussian.at(x), polynomials.at(Extended::ONE - x)));
        }
        let sum = |term: &dyn Fn(&Sample) -> Extended| {
            nodes.iter().zip(&samples).map(|(&(_, w), sample)| w * term(sample)).sum::<Extended>()
        };
        gaussian.overlaps = (0..polynomials.len()).map(|k| sum(&|(value, q)| *value * q[k])).collect();
        // A quadrature of the square, not one minus a sum of squares: nothing cancels.
        gaussian.residual = Extended::ONE;
        let inside = sum(&|(value, q)| {
            let rest = gaussian.residual_at(*value, q);
            rest * rest
        });
        gaussian.residual = (inside + Extended::from(libm::erfc(1.0 / sigma))).sqrt();
        Ok(gaussian)
    }

    fn at(&self, x: Extended) -> Extended {
        let scaled = x / self.sigma;
        self.norm * (Extended::from(-0.5) * scaled * scaled).exp()
    }

    /// The normalized component orthogonal to the polynomials, where the Gaussian is `value` and they are `q`.
    fn residual_at(&self, value: Extended, q: &[Extended]) -> Extended {
        (value - extended::dot(&self.overlaps, q)) / self.residual
    }
}

/// `O = S^(-1/2) 𝓛`, the orthogonal factor of `𝓛`, from `S = 𝓛 𝓛ᵀ`.
fn rotation(lower: &ExtendedMatrix) -> Vec<f64> {
    extended::rounded(&extended::orthogonal_factor(lower))
}

/// [`rotation`] of polynomials alone: constants that depend on their number only, so they are found once.
fn polynomial_rotation(lower: &ExtendedMatrix) -> Vec<f64> {
    static FOUND: [OnceLock<Vec<f64>>; MAX_FUNCTIONS + 1] = [const { OnceLock::new() }; MAX_FUNCTIONS + 1];
    FOUND[lower.len()].get_or_init(|| rotation(lower)).clone()
}

fn identity(n: usize) -> Vec<f64> {
    (0..n * n).map(|k| if k % (n + 1) == 0 { 1.0 } else { 0.0 }).collect()
}

/// Row `alpha` of `𝓛`: the primitive `φ_α` in the Jacobi polynomials, in closed form.
fn primitive(alpha: usize, n: usize) -> Vec<Extended> {
    let number = |k: usize| Extended::from(k);
    let mut product = Extended::ONE;
    (0..n)
        .map(|k| {
            if k >= alpha {
                return Extended::ZERO;
            }
            let root = (number(2 * alpha + 5) * number(2 * k + 7)).sqrt();
            let entry = root * product / number(alpha + 6 + k);
            product = product * (number(alpha - 1 - k) / number(alpha + 6 + k));
            entry
        })
        .collect()
}

/// `q_k(t) = √(2k+7) t³ P_k^(0,6)(2t - 1)` for `k < n`, orthonormal on `[0, 1]`.
#[derive(Debug, Clone)]
struct Jacobi {
    /// `√(2k+7)`, and the three factors that lead to the next: `P_{k+1} = (a y - b) P_k - c P_{k-1}`.
    steps: Vec<(Extended, [Extended; 3])>,
}

impl Jacobi {
    fn new(n: usize) -> Self {
        let number = |k: usize| Extended::from(k);
        // 2 j (j+6) (2j+4) P_j = (2j+5) [(2j+6)(2j+4) y - 36] P_{j-1} - 2 (j-1) (j+5) (2j+6) P_{j-2}
        let step = |k: usize| {
            let j = k + 1;
            let inverse = number(2 * j * (j + 6) * (2 * j + 4)).recip();
            let factors =
                [(2 * j + 5) * (2 * j + 6) * (2 * j + 4), (2 * j + 5) * 36, 2 * (j - 1) * (j + 5) * (2 * j + 6)];
            (number(2 * k + 7).sqrt(), factors.map(|factor| number(factor) * inverse))
        };
        Self { steps: (0..n).map(step).collect() }
    }

    fn len(&self) -> usize {
        self.steps.len()
    }

    /// All of them at `t`.
    fn at(&self, t: Extended) -> Vec<Extended> {
        let y = t.scaled(1) - Extended::ONE;
        let (mut last, mut value) = (Extended::ZERO, t * t * t);
        let next = |&(norm, [a, b, c]): &(Extended, [Extended; 3])| {
            let function = norm * value;
            let next = (a * y - b) * value - c * last;
            last = std::mem::replace(&mut value, next);
            function
        };
        self.steps.iter().map(next).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn largest_overlap_error(basis: TurboBasis, n: usize, sigma: f64) -> f64 {
        let radial = RadialFunctions::new(basis, n, sigma, &Stop::never()).expect("nobody stops it");
        let nodes = quadrature::extended_panels(&0.0.into(), &1.0.into(), sigma.min(0.25));
        let mut gram = vec![0.0; n * n];
        for (x, w) in &nodes {
            let g = radial.at(x, true).functions;
            for (k, entry) in gram.iter_mut().enumerate() {
                *entry += w.to_f64() * g[k / n] * g[k % n];
            }
        }
        gram.iter().zip(identity(n)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn the_functions_are_orthonormal_up_to_twenty_four() {
        for n in [1, 2, 5, 12, 20, 24] {
            let error = largest_overlap_error(TurboBasis::Poly3, n, 0.1);
            assert!(error < 1e-14 * n as f64, "{n}: {error}");
            let error = largest_overlap_error(TurboBasis::Jacobi, n, 0.1);
            assert!(error < 1e-14 * n as f64, "{n}: {error}");
        }
        for n in [2, 8, 16, 20] {
            let error = largest_overlap_error(TurboBasis::Poly3Gauss, n, 0.1);
            assert!(error < 1e-14 * n as f64, "{n}: {error}");
        }
    }

    #[test]
    fn rotations_are_those_of_multi_precision_arithmetic() {
        let tables = crate::golden::tables();
        let mut n_compared = 0;
        for (basis, name, limit) in
            [(TurboBasis::Poly3, "O_poly3_", 1e-15), (TurboBasis::Poly3Gauss, "O_poly3gauss_", 1e-15)]
        {
            for n in [2, 3, 5, 8, 12, 16, 20] {
                let Some(table) = tables.get(&format!("{name}{n}")) else { continue };
                let rotation = RadialFunctions::new(basis, n, 0.1, &Stop::never()).expect("nobody stops it").rotation;
                for (k, (value, exact)) in rotation.iter().zip(&table.data).enumerate() {
                    assert!((value - exact).abs() < limit, "{name}{n}, entry {k}: {value} and {exact}");
                }
                n_compared += 1;
            }
        }
        assert_eq!(n_compared, 13);
    }

    #[test]
    fn three_polynomials_are_rotated_as_printed() {
        let expected = [
            0.65835843,
            -0.69217012,
            0.29574431,
            0.56667349,
            0.19717435,
            -0.80000214,
            0.49542439,
            0.69427862,
            0.52204586,
        ];
        let rotation =
            RadialFunctions::new(TurboBasis::Poly3, 3, 0.1, &Stop::never()).expect("nobody stops it").rotation;
        for (value, expected) in rotation.iter().zip(expected) {
            assert!((value - expected).abs() < 1e-8, "{rotation:?}");
        }
    }
}
