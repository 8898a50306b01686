//! The radial and angular functions with the shortcuts of the program that introduced recursive SOAP, to reproduce its
//! digits.
//!
//! Compared with the exact definition: the buffer and the Gaussian are dropped beyond four widths, one boundary term
//! of the moments is left out (so gradients are not quite those of the values), the Bessel functions recur upward,
//! and the orthonormalizing matrix acts on primitives. Each is worth 1e-8 to 1e-6 in a normalized feature.

use super::super::tables::TableCache;
use super::exact::{NO_FILTER, enhancement};
use super::parameters::{SpeciesParameters, TurboBasis, TurboParameters};
use crate::Error;
use crate::math::extended::{self, Extended, ExtendedMatrix};

const PI: f64 = std::f64::consts::PI;
/// A filter narrower than this, in units of the cutoff, is a step.
const DARK: f64 = 1e-9;

/// Orthonormalizing matrices, by the number of polynomials and their overlaps with the Gaussian, if there is one.
static MADE: TableCache<(usize, Vec<f64>), Vec<f64>> = TableCache::new();

/// The radial and angular functions of one species; lengths in units of the cutoff unless said otherwise.
#[derive(Debug, Clone)]
pub struct ReferenceRadial {
    r_cut: f64,
    l_max: usize,
    soft: f64,
    filter_width: f64,
    enhancement: u8,
    sigma_r: [f64; 2],
    sigma_t: [f64; 2],
    decay: f64,
    central_weight: f64,
    n_polynomials: usize,
    has_gaussian: bool,
    /// `W`, row by row.
    basis_matrix: Vec<f64>,
    /// Overlaps of the primitives with the Gaussian.
    gaussian_overlaps: Vec<f64>,
}

/// A number and its derivative along `x`.
#[derive(Debug, Clone, Copy)]
struct Dual {
    value: f64,
    derivative: f64,
}

impl ReferenceRadial {
    /// # Errors
    /// [`Error::Parameter`] where a matrix handed in has the wrong size or a NaN.
    pub fn new(parameters: &TurboParameters, species: &SpeciesParameters) -> Result<Self, Error> {
        let r_cut = parameters.r_cut;
        let has_gaussian = parameters.basis == TurboBasis::Poly3Gauss;
        let n = species.n_max;
        let n_polynomials = if has_gaussian { n - 1 } else { n };
        let mut radial = Self {
            r_cut,
            l_max: parameters.l_max,
            soft: parameters.r_soft / r_cut,
            filter_width: ((1.0 - parameters.r_soft / r_cut) / parameters.filter_decay).min(NO_FILTER),
            enhancement: parameters.radial_enhancement,
            sigma_r: [species.sigma_r / r_cut, species.sigma_r_scaling],
            sigma_t: [species.sigma_t / r_cut, species.sigma_t_scaling],
            decay: species.amplitude_scaling,
            central_weight: species.central_weight,
            n_polynomials,
            has_gaussian,
            basis_matrix: Vec::new(),
            gaussian_overlaps: Vec::new(),
        };
        if has_gaussian {
            radial.gaussian_overlaps = radial.overlaps_with_gaussian();
        }
        radial.basis_matrix = if let Some(matrix) = &species.basis_matrix {
            checked(matrix, n)?
        } else {
            let key = (radial.n_polynomials, radial.gaussian_overlaps.clone());
            let make = || Ok(extended::rounded(&extended::inverse_square_root(&radial.overlaps())));
            MADE.get(key, |matrix: &Vec<f64>| size_of_val(matrix.as_slice()), make)?.as_ref().clone()
        };
        Ok(radial)
    }

    /// Radial functions and degrees together.
    pub fn n_functions(&self) -> usize {
        self.n_max() + self.l_max + 1
    }

    fn n_max(&self) -> usize {
        self.n_polynomials + usize::from(self.has_gaussian)
    }

    /// The center's own share of `l = 0`, weight included.
    pub fn center(&self) -> Vec<f64> {
        let n = self.n_max();
        let angular = (4.0 * PI).sqrt() / (self.sigma_t[0] * self.sigma_t[0]);
        let scale = self.central_weight * angular;
        if self.has_gaussian {
            let s = self.sigma_r[0];
            let amplitude = self.r_cut.sqrt() * enhancement(self.enhancement, 0.0, s) / s;
            let overlaps: Vec<f64> = self.gaussian_overlaps.iter().copied().chain([1.0]).collect();
            return self.orthonormal(&overlaps).iter().map(|b| scale * amplitude * b / self.gaussian_norm()).collect();
        }
        let mut b = vec![0.0; n];
        self.radial(0.0, &mut b, None);
        b.iter().map(|b| scale * b).collect()
    }

    /// Writes `b_n`, then `4π A_l`, at the distance `r` in Å; sites at no distance are not seen.
    pub fn evaluate(&self, r: f64, values: &mut [f64], derivatives: Option<&mut [f64]>) {
        let n = self.n_max();
        let (b, a) = values.split_at_mut(n);
        let a = &mut a[..=self.l_max];
        if let Some(derivatives) = derivatives {
            let (db, da) = derivatives.split_at_mut(n);
            self.radial(r / self.r_cut, b, Some(db));
            self.angular(r / self.r_cut, a, Some(&mut da[..=self.l_max]));
            if r == 0.0 {
                db.fill(0.0);
            }
        } else {
            self.radial(r / self.r_cut, b, None);
            self.angular(r / self.r_cut, a, None);
        }
        if r == 0.0 {
            b.fill(0.0);
        }
    }

    /// `W v`
    fn orthonormal(&self, v: &[f64]) -> Vec<f64> {
        self.basis_matrix.chunks_exact(v.len()).map(|row| row.iter().zip(v).map(|(w, v)| w * v).sum()).collect()
    }

    fn gaussian_norm(&self) -> f64 {
        (2.0 / self.sigma_r[0]).sqrt() * PI.powf(-0.25)
    }

    /// `S_αG`, without the boundary term.
    fn overlaps_with_gaussian(&self) -> Vec<f64> {
        let moments = moments(0.0, 1.0, 0.0, self.sigma_r[0], self.n_polynomials + 2);
        (1..=self.n_polynomials)
            .map(|alpha| ((2 * alpha + 5) as f64).sqrt() * self.gaussian_norm() * moments[alpha + 2])
            .collect()
    }

    /// `S`
    fn overlaps(&self) -> ExtendedMatrix {
        let n = self.n_max();
        let polynomial = |i: usize, j: usize| {
            let (a, b) = (i + 1, j + 1);
            (Extended::from(2 * a + 5) * Extended::from(2 * b + 5)).sqrt() / Extended::from(a + b + 5)
        };
        let entry = |i: usize, j: usize| match (i < self.n_polynomials, j < self.n_polynomials) {
            (true, true) => polynomial(i, j),
            (false, false) => Extended::from(1.0),
            _ => Extended::from(self.gaussian_overlaps[i.min(j)]),
        };
        (0..n).map(|i| (0..n).map(|j| entry(i, j)).collect()).collect()
    }

    /// `b_n(r)` and its derivative in 1/Å.
    fn radial(&self, x: f64, b: &mut [f64], db: Option<&mut [f64]>) {
        let [sigma, growth] = self.sigma_r;
        let s = sigma + growth * x;
        let amplitude = self.amplitude(x, s);
        let mut overlaps = self.polynomial_overlaps(x, s);
        if self.has_gaussian {
            overlaps.push(self.gaussian_overlap(x, s));
        }
        let root = self.r_cut.sqrt();
        let values: Vec<f64> = overlaps.iter().map(|o| amplitude.value * o.value).collect();
        for (b, value) in b.iter_mut().zip(self.orthonormal(&values)) {
            *b = root * value;
        }
        if let Some(db) = db {
            let derivatives: Vec<f64> =
                overlaps.iter().map(|o| amplitude.value * o.derivative + amplitude.derivative * o.value).collect();
            for (db, derivative) in db.iter_mut().zip(self.orthonormal(&derivatives)) {
                *db = root / self.r_cut * derivative;
            }
        }
    }

    /// `E P^a / s`
    fn amplitude(&self, x: f64, s: f64) -> Dual {
        let growth = self.sigma_r[1];
        let p = (1.0 - x) * (1.0 - x) * (1.0 + 2.0 * x);
        if self.decay != 0.0 && p <= 1e-10 {
            return Dual { value: 0.0, derivative: 0.0 };
        }
        let e = enhancement(self.enhancement, x, s);
        let e_derivative = match self.enhancement {
            0 => 0.0,
            1 => 1.0 + (2.0 / PI).sqrt() * growth,
            _ => 2.0 * x + 2.0 * s * growth + (8.0 / PI).sqrt() * (s + x * growth),
        };
        let decay = if self.decay == 0.0 { 1.0 } else { p.powf(self.decay) };
        let decay_derivative = if self.decay == 0.0 { 0.0 } else { self.decay * 6.0 * (x * x - x) / p };
        let value = e * decay / s;
        Dual { value, derivative: value * (e_derivative / e + decay_derivative - growth / s) }
    }

    /// `β_α` of the polynomials.
    fn polynomial_overlaps(&self, x: f64, s: f64) -> Vec<Dual> {
        let growth = self.sigma_r[1];
        let order = self.n_polynomials + 4;
        let mut sums = moments_along(0.0, self.soft, [x, 1.0], [s, growth], order);
        let w = self.filter_width;
        if w > DARK && self.soft - x < 4.0 * s {
            let d = s * s + w * w;
            let (x_f, s_f) = ((s * s * self.soft + w * w * x) / d, s * w / d.sqrt());
            let depth = self.soft - x;
            let f = (-depth * depth / (2.0 * d)).exp();
            let x_derivative = (2.0 * s * growth * self.soft + w * w) / d - x_f * 2.0 * s * growth / d;
            let s_derivative = w * growth / d.sqrt() * (1.0 - s * s / d);
            let f_derivative = f * (depth / d + depth * depth * s * growth / (d * d));
            let buffer = moments_along(self.soft, 1.0, [x_f, x_derivative], [s_f, s_derivative], order);
            for (sum, j) in sums.iter_mut().zip(buffer) {
                sum.value += f * j.value;
                sum.derivative += f * j.derivative + f_derivative * j.value;
            }
        }
        (1..=self.n_polynomials)
            .map(|alpha| {
                let norm = ((2 * alpha + 5) as f64).sqrt();
                Dual { value: norm * sums[alpha + 2].value, derivative: norm * sums[alpha + 2].derivative }
            })
            .collect()
    }

    /// `β_G`
    fn gaussian_overlap(&self, x: f64, s: f64) -> Dual {
        let [sigma, growth] = self.sigma_r;
        if x >= 4.0 * (sigma + s) {
            return Dual { value: 0.0, derivative: 0.0 };
        }
        let square = sigma * sigma + s * s;
        let star = square.sqrt();
        let y = sigma * x / (2.0_f64.sqrt() * s * star);
        let front = self.gaussian_norm() * (PI / 2.0).sqrt() * sigma * s / star * (-x * x / (2.0 * square)).exp();
        let value = front * (1.0 + libm::erf(y));
        let y_derivative =
            sigma / 2.0_f64.sqrt() * (1.0 / (s * star) - x * growth * (1.0 / (s * s * star) + 1.0 / (square * star)));
        let derivative = value
            * (growth / s - s * growth / square - x / square + x * x * s * growth / (square * square))
            + front * 2.0 / PI.sqrt() * (-y * y).exp() * y_derivative;
        Dual { value, derivative }
    }

    /// `4π A_l(r)` and its derivative in 1/Å.
    fn angular(&self, x: f64, a: &mut [f64], da: Option<&mut [f64]>) {
        let [sigma0, growth] = self.sigma_t;
        let sigma = sigma0 + growth * x;
        let z = (x / sigma).powi(2);
        upward_bessel(x / sigma, a);
        let scale = 4.0 * PI / (sigma * sigma);
        if let Some(da) = da {
            let z_derivative = 2.0 * x / (sigma * sigma) * (1.0 - growth * x / sigma);
            for l in 0..a.len() {
                let derivative = match l {
                    _ if x * self.r_cut < 1e-5 => 0.0,
                    0 => (1.0 + (-2.0 * z).exp()) / (2.0 * z) - (1.0 + 1.0 / z) * a[0],
                    _ => a[l - 1] - (1.0 + (l + 1) as f64 / z) * a[l],
                };
                da[l] = scale / self.r_cut * (derivative * z_derivative - 2.0 * growth / sigma * a[l]);
            }
        }
        for a in a {
            *a *= scale;
        }
    }
}

fn checked(matrix: &[f64], n: usize) -> Result<Vec<f64>, Error> {
    if matrix.len() == n * n && matrix.iter().all(|w| w.is_finite()) {
        return Ok(matrix.to_vec());
    }
    Err(Error::Parameter {
        name: "basis_matrix",
        part: None,
        value: format!("an array of {} numbers", matrix.len()),
        remedy: format!("it must be {n} × {n} finite numbers, the matrix that orthonormalizes the primitives"),
    })
}

/// `J_p`, `p = 0..=order`, without the boundary term at 1.
fn moments(from: f64, to: f64, x: f64, s: f64, order: usize) -> Vec<f64> {
    let root = 2.0_f64.sqrt() * s;
    let edge = |v: f64| (-((v - x) / s).powi(2) / 2.0).exp();
    let (edge_from, edge_to) = (edge(from), if to < 1.0 { edge(to) } else { 0.0 });
    let mut j = vec![(PI / 2.0).sqrt() * s * (libm::erf((to - x) / root) - libm::erf((from - x) / root))];
    for p in 1..=order {
        let power = p as i32 - 1;
        let bracket = (1.0 - to).powi(power) * edge_to - (1.0 - from).powi(power) * edge_from;
        let two_back = if p > 1 { f64::from(power) * s * s * j[p - 2] } else { 0.0 };
        j.push((1.0 - x) * j[p - 1] + two_back + s * s * bracket);
    }
    j
}

/// `J_p`, `p = 0..=order-2`, with derivatives along a path of `x` and `s`, each given with its rate.
fn moments_along(from: f64, to: f64, [x, x_rate]: [f64; 2], [s, s_rate]: [f64; 2], order: usize) -> Vec<Dual> {
    let j = moments(from, to, x, s, order);
    let t = 1.0 - x;
    j.windows(3)
        .map(|j| Dual {
            value: j[0],
            derivative: x_rate / (s * s) * (t * j[0] - j[1])
                + s_rate / (s * s * s) * (t * t * j[0] - 2.0 * t * j[1] + j[2]),
        })
        .collect()
}

/// `f_l` of `z = x²` by upward recurrence, with series where that would be worse.
fn upward_bessel(x: f64, f: &mut [f64]) {
    let z = x * x;
    f[0] = if x < 1e-7 { 1.0 - z } else { (1.0 - (-2.0 * z).exp()) / (2.0 * z) };
    if f.len() == 1 {
        return;
    }
    let closed = if z > 0.0 { (z - 1.0 + (-2.0 * z).exp() * (z + 1.0)) / (2.0 * z * z) } else { 0.0 };
    f[1] = if z < 1e-4 { (z - z * z) / 3.0 } else { closed };
    let (mut older, mut newer) = (f[0], closed.abs());
    let mut series = z / 3.0;
    for l in 2..f.len() {
        series *= z / (2 * l + 1) as f64;
        let value = if l as f64 * series < 1e-7 { series } else { (older - (2 * l - 1) as f64 / z * newer).abs() };
        f[l] = value;
        older = newer;
        newer = value;
    }
}
