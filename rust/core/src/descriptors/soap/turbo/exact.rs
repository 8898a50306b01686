//! The radial and angular functions of one species by quadrature: slow, and right to the last digits.

use std::f64::consts::PI;
use std::ops::Range;

use super::super::limits::MAX_FUNCTIONS;
use super::basis::RadialFunctions;
use super::parameters::{SpeciesParameters, TurboBasis, TurboParameters};
use crate::math::{bessel, quadrature};
use crate::simd::{Isa, Kernel, LANES, Lanes, exp};
use crate::{Error, Stop};

/// A Gaussian counts up to this many widths from its middle; beyond it is below 1e-31.
const WIDTHS: f64 = 12.0;
/// Nodes are set anew where Gaussians are wider by this factor.
const OCTAVE: f64 = 2.0;
/// Widest filter in units of the cutoff; it differs from one by less than 1e-20.
pub(super) const NO_FILTER: f64 = 1e10;

/// A width and its growth with the distance, in units of the cutoff.
#[derive(Debug, Clone, Copy)]
struct Width {
    at_center: f64,
    growth: f64,
}

impl Width {
    fn at(self, x: f64) -> f64 {
        self.at_center + self.growth * x
    }

    /// Smallest between center and cutoff.
    fn narrowest(self) -> f64 {
        self.at_center.min(self.at(1.0))
    }

    /// Largest between center and cutoff.
    fn widest(self) -> f64 {
        self.at_center.max(self.at(1.0))
    }
}

/// Everything that the integrals need.
#[derive(Debug, Clone)]
pub(super) struct ExactRadial {
    r_cut: f64,
    enhancement: u8,
    sigma_r: Width,
    sigma_t: Width,
    /// Bare overlaps of the functions with a Gaussian at the origin, where the center is one.
    bare_center: Option<Vec<f64>>,
    /// For the narrowest Gaussians, and for those that are at least so much wider: the width, and nodes close enough.
    rules: Vec<(f64, Nodes)>,
}

impl ExactRadial {
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn new(parameters: &TurboParameters, species: &SpeciesParameters, stop: &Stop<'_>) -> Result<Self, Error> {
        let r_cut = parameters.r_cut;
        let basis = RadialFunctions::new(parameters.basis, species.n_max, species.sigma_r / r_cut, stop)?;
        let sigma_r = Width { at_center: species.sigma_r / r_cut, growth: species.sigma_r_scaling };
        let rules = std::iter::successors(Some(sigma_r.narrowest()), |width| Some(OCTAVE * width))
            .take_while(|&width| width == sigma_r.narrowest() || width <= sigma_r.widest().min(1.0))
            .map(|width| Ok((width, Nodes::new(parameters, sigma_r, width, &basis, stop)?)))
            .collect::<Result<_, Error>>()?;
        Ok(Self {
            r_cut,
            enhancement: parameters.radial_enhancement,
            sigma_r,
            sigma_t: Width { at_center: species.sigma_t / r_cut, growth: species.sigma_t_scaling },
            bare_center: basis.center(),
            rules,
        })
    }

    /// The narrowest width there is, in units of the cutoff.
    pub fn narrowest(&self) -> f64 {
        self.sigma_r.narrowest().min(self.sigma_t.narrowest())
    }

    /// `b_n(r)` without the decay: `√r_cut E(x)/s(x) ∫ f g_n exp(-(v-x)²/2s²) dv`, and the Gaussian's tail.
    pub fn radial(&self, r: f64, b: &mut [f64]) {
        let x = r / self.r_cut;
        let s = self.sigma_r.at(x);
        let nodes = self.nodes(s);
        let mut sums = [[0.0; LANES]; MAX_FUNCTIONS / LANES];
        Isa::detect().run(Sums { nodes, x, s, out: &mut sums });
        let amplitude = self.r_cut.sqrt() * enhancement(self.enhancement, x, s) / s;
        for (b, sum) in b.iter_mut().zip(sums.as_flattened()) {
            *b = sum * amplitude;
        }
    }

    /// The nodes for Gaussians of this width: the widest spaced that will do.
    fn nodes(&self, s: f64) -> &Nodes {
        let wider = self.rules.partition_point(|&(width, _)| width <= s);
        &self.rules[wider.saturating_sub(1)].1
    }

    /// `4π A_l(r)`.
    pub fn angular(&self, r: f64, a: &mut [f64]) {
        let x = r / self.r_cut;
        let sigma = self.sigma_t.at(x);
        bessel::scaled((x / sigma).powi(2), a);
        for a in a {
            *a *= 4.0 * PI / (sigma * sigma);
        }
    }

    /// The center's own share of `l = 0`: what its weight is to be multiplied with, in two factors, radial functions
    /// and the angular one.
    pub fn center(&self) -> (Vec<f64>, f64) {
        let s = self.sigma_r.at_center;
        let mut b = vec![0.0; self.nodes(s).n_functions];
        match &self.bare_center {
            Some(overlaps) => {
                let amplitude = self.r_cut.sqrt() * enhancement(self.enhancement, 0.0, s) / s;
                for (b, overlap) in b.iter_mut().zip(overlaps) {
                    *b = amplitude * overlap;
                }
            }
            None => self.radial(0.0, &mut b),
        }
        (b, (4.0 * PI).sqrt() / (self.sigma_t.at_center * self.sigma_t.at_center))
    }
}

/// `E_k`: the mean of `v^k` over the outer half of the radial Gaussian.
pub(super) fn enhancement(k: u8, x: f64, s: f64) -> f64 {
    match k {
        0 => 1.0,
        1 => x + (2.0 / PI).sqrt() * s,
        _ => x * x + s * s + (8.0 / PI).sqrt() * s * x,
    }
}

/// Where the functions are known, and how much each place counts.
#[derive(Debug, Clone)]
struct Nodes {
    n_functions: usize,
    /// Ascending, in units of the cutoff, in packs; the last fills the places of those that are missing.
    places: Vec<[f64; LANES]>,
    /// `[pack of places][place][pack of n]`: `weight · (f g_n + (1 - f) w_n φ_G)`, and zero where there is no place.
    weights: Vec<[f64; LANES]>,
}

impl Nodes {
    /// Panels on which `f g_n` times a Gaussian of this width or more is integrated to the last digit.
    fn new(
        parameters: &TurboParameters,
        sigma_r: Width,
        width: f64,
        basis: &RadialFunctions,
        stop: &Stop<'_>,
    ) -> Result<Self, Error> {
        let soft = parameters.r_soft / parameters.r_cut;
        let filter_width = ((1.0 - soft) / parameters.filter_decay).min(NO_FILTER);
        let has_tail = parameters.basis == TurboBasis::Poly3Gauss;
        // The Gaussian among the functions may be narrower than those of the density.
        let peak = sigma_r.at_center.min(width);
        let has_peak = has_tail && peak < width;
        let peaked = if has_peak { (13.0 * peak).min(soft) } else { 0.0 };
        let width = if has_peak && peaked == soft { peak } else { width };
        let filtered = width * filter_width / width.hypot(filter_width);
        // Where the filter has put out what it can, the tail of the Gaussian alone is left.
        let faded = (soft + WIDTHS * filter_width).min(1.0);
        let end = if has_tail { (13.0 * sigma_r.at_center).min(1.0 + 10.0 * sigma_r.widest()) } else { 0.0 };
        let dark = if has_tail { 1.0 } else { faded };
        let panels = [
            (0.0, peaked, peak),
            (peaked, soft, width),
            (soft, faded, filtered),
            (faded, dark, width),
            (1.0, end, width),
        ];
        let nodes = panels
            .into_iter()
            .flat_map(|(from, to, width)| quadrature::extended_panels(&from.into(), &to.into(), 2.0 * width));
        let (mut places, mut weights): (Vec<f64>, Vec<[f64; LANES]>) = (Vec::new(), Vec::new());
        let n_packs = basis.len().div_ceil(LANES);
        for (x, weight) in nodes {
            stop.check()?;
            let (v, weight) = (x.to_f64(), weight.to_f64());
            let filter = match v {
                v if v > 1.0 => 0.0,
                v if v > soft => (-0.5 * ((v - soft) / filter_width).powi(2)).exp(),
                _ => 1.0,
            };
            let node = basis.at(&x, v <= 1.0);
            let share = |(g, tail): (&f64, &f64)| weight * (filter * g + (1.0 - filter) * tail);
            places.push(v);
            let row = weights.len();
            weights.resize(row + n_packs, [0.0; LANES]);
            let entries = weights[row..].as_flattened_mut().iter_mut();
            for (entry, share) in entries.zip(node.functions.iter().zip(&node.gaussian).map(share)) {
                *entry = share;
            }
        }
        let packed = |chunk: &[f64]| std::array::from_fn(|k| chunk[k.min(chunk.len() - 1)]);
        let places: Vec<[f64; LANES]> = places.chunks(LANES).map(packed).collect();
        weights.resize(places.len() * LANES * n_packs, [0.0; LANES]);
        Ok(Self { n_functions: basis.len(), places, weights })
    }

    /// The packs of places no farther from `x` than this.
    fn within(&self, x: f64, reach: f64) -> Range<usize> {
        let first = self.places.partition_point(|places| places[LANES - 1] < x - reach);
        first..self.places.partition_point(|places| places[0] <= x + reach).max(first)
    }
}

/// `Σ weight · exp(-(v - x)² / 2s²)` of all functions.
struct Sums<'a> {
    nodes: &'a Nodes,
    x: f64,
    s: f64,
    out: &'a mut [[f64; LANES]],
}

impl Kernel for Sums<'_> {
    type Output = ();
    #[inline(always)]
    fn run<V: Lanes>(self) {
        match self.nodes.n_functions.div_ceil(LANES) {
            1 => self.of_packs::<V, 1>(),
            2 => self.of_packs::<V, 2>(),
            _ => self.of_packs::<V, { MAX_FUNCTIONS / LANES }>(),
        }
    }
}

impl Sums<'_> {
    #[inline(always)]
    fn of_packs<V: Lanes, const PACKS: usize>(self) {
        let Self { nodes, x, s, out } = self;
        let near = nodes.within(x, WIDTHS * s);
        let weights = nodes.weights.chunks_exact(LANES * PACKS).take(near.end).skip(near.start);
        let mut sums = [V::zero(); PACKS];
        for (places, weights) in nodes.places[near].iter().zip(weights) {
            let d = (V::load(places) - V::splat(x)) / V::splat(s);
            let e = exp(V::splat(-0.5) * d * d).to_array();
            for lane in 0..LANES {
                let e = V::splat(e[lane]);
                for k in 0..PACKS {
                    sums[k] = e.mul_add(V::load(&weights[lane * PACKS + k]), sums[k]);
                }
            }
        }
        for k in 0..PACKS {
            sums[k].store(&mut out[k]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Compression;
    use super::super::parameters::Policy;
    use super::*;

    fn exact(sigma: f64, growth: f64, filter_decay: f64, basis: TurboBasis) -> ExactRadial {
        let species = SpeciesParameters {
            number: 6,
            n_max: 8,
            sigma_r: sigma,
            sigma_t: 0.5,
            sigma_r_scaling: growth,
            sigma_t_scaling: 0.0,
            amplitude_scaling: 1.0,
            central_weight: 1.0,
            basis_matrix: None,
        };
        let parameters = TurboParameters {
            basis,
            r_cut: 4.0,
            r_soft: 3.0,
            filter_decay,
            radial_enhancement: 0,
            l_max: 3,
            policy: Policy::Exact,
            compression: Compression::None,
            normalize: true,
            ignore_unknown_species: false,
            species: vec![species.clone()],
        };
        ExactRadial::new(&parameters, &species, &Stop::never()).expect("nobody stops it")
    }

    /// `b_n` at several distances.
    fn values(exact: &ExactRadial) -> Vec<f64> {
        let at = |r: f64| {
            let mut b = vec![0.0; 8];
            exact.radial(r, &mut b);
            b
        };
        [0.0, 0.02, 0.3, 1.1, 2.9, 3.01, 3.4, 4.0].into_iter().flat_map(at).collect()
    }

    fn assert_equal(values: &[f64], expected: &[f64], tolerance: f64) {
        let largest = expected.iter().fold(0.0_f64, |largest, b| largest.max(b.abs()));
        for (value, expected) in values.iter().zip(expected) {
            assert!((value - expected).abs() < tolerance * largest, "{value} and {expected}");
        }
    }

    #[test]
    fn wide_gaussians_need_fewer_nodes() {
        for (sigma, growth) in [(0.02, 1.0), (0.02, 30.0), (0.4, 2.0)] {
            for basis in [TurboBasis::Poly3, TurboBasis::Poly3Gauss] {
                let exact = exact(sigma, growth, 4.0, basis);
                assert!(exact.rules.len() > 3);
                let finest = ExactRadial { rules: exact.rules[..1].to_vec(), ..exact.clone() };
                assert_equal(&values(&exact), &values(&finest), 1e-13);
            }
        }
    }

    #[test]
    fn a_steep_filter_is_a_step() {
        for basis in [TurboBasis::Poly3, TurboBasis::Poly3Gauss] {
            let step = exact(0.3, 0.1, 1e300, basis);
            for (decay, tolerance) in [(1e10, 1e-9), (1e6, 1e-5), (11.9, 0.5)] {
                assert_equal(&values(&exact(0.3, 0.1, decay, basis)), &values(&step), tolerance);
            }
            // Whether the dark end is left out is of no account.
            let (a, b) = (exact(0.3, 0.1, WIDTHS - 1e-9, basis), exact(0.3, 0.1, WIDTHS + 1e-9, basis));
            assert_equal(&values(&a), &values(&b), 1e-9);
        }
    }

    #[test]
    fn a_filter_without_decay_is_none() {
        for decay in [5e-324, 1e-300, 1e-12] {
            assert_equal(
                &values(&exact(0.3, 0.0, decay, TurboBasis::Poly3)),
                &values(&exact(0.3, 0.0, 1e-8, TurboBasis::Poly3)),
                1e-14,
            );
        }
    }
}
