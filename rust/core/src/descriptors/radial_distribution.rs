//! Radial distribution: how many neighbors of each element there are at each distance.
//!
//! Feature `(s, k)` is the density of neighbors `j` of species `s` at the distance `r_k` of a grid,
//!
//! ```text
//! g_sk = w_k Σ_j f(r_j) exp(-(r_k - r_j)² / 2σ²) / (σ √2π)
//! ```
//!
//! with the cutoff function `f`; `w_k` is one, or `1 / 4π r_k²` for a density in space.

use std::f64::consts::PI;

use serde::Deserialize;

use super::point_names::{decimals, spelled};
use super::validate::{Spelled, alpha, check, count, cutoff_function, not_negative, r_cut, within};
use super::{Descriptor, Element, Environment, JacobianRow, Species, read};
use crate::math::cutoff::{Cutoff, CutoffFunction, NamedCutoff};
use crate::simd::{Isa, Kernel, LANES, Lanes, Pack, add_scaled, dot, exp};
use crate::{Error, Stop, memory};

/// Purpose of the memory, for the message where it is refused.
const PURPOSE: &str = "radial distribution of one center";
/// Most grid points; a row is as long for each species.
const MAX_POINTS: usize = 100_000;
/// Lengths in Å between which widths are, and the radius of the smallest shell of which there is a volume.
const SHORTEST: f64 = 1e-6;
const LONGEST: f64 = 1e6;

/// Parameters of a radial distribution; lengths in Å.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RadialDistributionParameters {
    /// Radius of the environment, and the last grid point.
    pub r_cut: f64,
    /// The first grid point.
    pub r_min: f64,
    /// Number of grid points, at equal distances.
    #[serde(deserialize_with = "read::count")]
    pub n_points: usize,
    /// Width of the Gaussian of one neighbor; `None`: the distance between two grid points.
    pub sigma: Option<f64>,
    /// Weight of a neighbor by its distance.
    pub cutoff_function: CutoffFunction,
    /// Fraction of the cutoff up to which it is one.
    pub alpha: f64,
    /// The unit that neighbors are counted per.
    pub per: Per,
    /// Whether atoms of other species are passed over.
    pub ignore_unknown_species: bool,
    /// The species, in the order of their columns.
    pub species: Vec<Element>,
}

/// The unit that neighbors are counted per.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// Neighbors per Å of distance: their integral is the number of neighbors.
    Length,
    /// Neighbors per Å³ of the shell at this distance: far away, the density of the material.
    Volume,
}

/// The radial distribution of the neighbors of one center.
#[derive(Debug, Clone)]
pub struct RadialDistribution {
    parameters: RadialDistributionParameters,
    species: Species,
    cutoff: NamedCutoff,
    /// `1 / σ²`
    sharpness: f64,
    /// `r_k`
    grid: Vec<Pack>,
    /// `w_k / (σ √2π)`, and zero for lanes beyond the last point.
    weight: Vec<Pack>,
}

/// Buffers of one worker.
#[derive(Debug)]
pub struct RadialDistributionScratch {
    terms: NeighborTerms,
    /// `[xyz][feature]`
    block: Vec<f64>,
}

/// Terms of one neighbor in the features of its species.
#[derive(Debug)]
struct NeighborTerms {
    /// At each grid point.
    value: Vec<Pack>,
    /// The derivative of each value with respect to the distance.
    derivative: Vec<Pack>,
}

impl RadialDistribution {
    /// Prepares the grid.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a parameter out of range, named; [`Error::Memory`].
    pub fn new(parameters: RadialDistributionParameters) -> Result<Self, Error> {
        parameters.validate()?;
        let numbers = parameters.species.iter().map(|species| species.number);
        let species = Species::new(numbers, parameters.ignore_unknown_species)?;
        let RadialDistributionParameters { r_min, n_points, per, .. } = parameters;
        let (step, sigma) = (parameters.step(), parameters.sigma());
        let mut grid = memory::filled(PURPOSE, Pack::holding(n_points), Pack::ZERO)?;
        let mut weight = memory::filled(PURPOSE, Pack::holding(n_points), Pack::ZERO)?;
        let points = Pack::numbers_mut(&mut grid).iter_mut().zip(Pack::numbers_mut(&mut weight));
        for (k, (point, weight)) in points.take(n_points).enumerate() {
            *point = r_min + k as f64 * step;
            let area = match per {
                Per::Length => 1.0,
                Per::Volume => 4.0 * PI * *point * *point,
            };
            *weight = 1.0 / (area * sigma * (2.0 * PI).sqrt());
        }
        let cutoff = NamedCutoff::new(parameters.cutoff_function, parameters.alpha, parameters.r_cut);
        Ok(Self { parameters, species, cutoff, sharpness: 1.0 / (sigma * sigma), grid, weight })
    }

    /// The parameters that it was made from.
    pub fn parameters(&self) -> &RadialDistributionParameters {
        &self.parameters
    }

    /// The features of a species among all.
    fn columns(&self, channel: u8) -> std::ops::Range<usize> {
        let n = self.parameters.n_points;
        usize::from(channel) * n..(usize::from(channel) + 1) * n
    }

    /// Writes what a neighbor at the distance `r` brings to each grid point, and the derivatives.
    fn terms<'a>(&self, r: f64, terms: &'a mut NeighborTerms) -> (&'a [f64], &'a [f64]) {
        let NeighborTerms { value, derivative } = terms;
        Isa::detect().run(PointTerms { distribution: self, r, value, derivative });
        let n = self.parameters.n_points;
        (&Pack::numbers(value)[..n], &Pack::numbers(derivative)[..n])
    }
}

/// Value and derivative of the term of one neighbor at every grid point.
struct PointTerms<'a> {
    distribution: &'a RadialDistribution,
    r: f64,
    value: &'a mut [Pack],
    derivative: &'a mut [Pack],
}

impl Kernel for PointTerms<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { distribution, r, value, derivative } = self;
        let RadialDistribution { cutoff, sharpness, grid, weight, .. } = distribution;
        let r = V::splat(r);
        let (f, f_derivative) = cutoff.at(r);
        let sharpness = V::splat(*sharpness);
        for (k, (point, weight)) in grid.iter().zip(weight).enumerate() {
            let separation = point.load::<V>() - r;
            let steepness = separation * sharpness;
            let gaussian = exp(steepness * separation * V::splat(-0.5)) * weight.load::<V>();
            value[k].store(gaussian * f);
            derivative[k].store(gaussian * steepness.mul_add(f, f_derivative));
        }
    }
}

impl Descriptor for RadialDistribution {
    type Scratch = RadialDistributionScratch;
    type Kept = ();

    fn reach(&self) -> f64 {
        self.parameters.r_cut
    }

    fn n_features(&self) -> usize {
        self.species.len() * self.parameters.n_points
    }

    fn feature_names(&self, symbols: &[String]) -> Result<Vec<String>, Error> {
        self.species.expect_symbols(symbols)?;
        let points = &Pack::numbers(&self.grid)[..self.parameters.n_points];
        let decimals = decimals(self.parameters.step());
        let mut names = memory::with_capacity("list of the features", self.n_features())?;
        for symbol in symbols {
            names.extend(points.iter().map(|point| format!("{symbol} r={}", spelled(*point, decimals))));
        }
        Ok(names)
    }

    fn species(&self) -> &Species {
        &self.species
    }

    fn is_linear(&self) -> bool {
        true
    }

    fn scratch(&self) -> Result<RadialDistributionScratch, Error> {
        let packs = || memory::filled(PURPOSE, self.grid.len(), Pack::ZERO);
        let terms = NeighborTerms { value: packs()?, derivative: packs()? };
        Ok(RadialDistributionScratch { terms, block: memory::zeros(PURPOSE, 3 * self.n_features())? })
    }

    fn expand(
        &self,
        environment: &Environment<'_>,
        scratch: &mut RadialDistributionScratch,
        row: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        row.fill(0.0);
        for (&r, &channel) in environment.r.iter().zip(environment.channel) {
            stop.check_after(environment.len() * self.grid.len() * LANES)?;
            let (value, _) = self.terms(r, &mut scratch.terms);
            add_scaled(1.0, value, &mut row[self.columns(channel)]);
        }
        Ok(())
    }

    fn expand_tangent(
        &self,
        environment: &Environment<'_>,
        displacements: &[[f64; 3]],
        scratch: &mut RadialDistributionScratch,
        row: &mut [f64],
        tangent: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        row.fill(0.0);
        tangent.fill(0.0);
        for (site, v) in displacements.iter().enumerate() {
            stop.check_after(environment.len() * self.grid.len() * LANES)?;
            let direction = environment.direction(site);
            let (value, derivative) = self.terms(environment.r[site], &mut scratch.terms);
            let columns = self.columns(environment.channel[site]);
            let rate: f64 = direction.iter().zip(v).map(|(d, v)| d * v).sum();
            add_scaled(1.0, value, &mut row[columns.clone()]);
            add_scaled(rate, derivative, &mut tangent[columns]);
        }
        Ok(())
    }

    fn expand_pullback(
        &self,
        environment: &Environment<'_>,
        adjoint: &[f64],
        scratch: &mut RadialDistributionScratch,
        gradient: &mut [[f64; 3]],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        for (site, gradient) in gradient.iter_mut().enumerate() {
            stop.check_after(environment.len() * self.grid.len() * LANES)?;
            let (_, derivative) = self.terms(environment.r[site], &mut scratch.terms);
            let along = dot(&adjoint[self.columns(environment.channel[site])], derivative);
            *gradient = environment.direction(site).map(|d| along * d);
        }
        Ok(())
    }

    fn jacobian(
        &self,
        environment: &Environment<'_>,
        _coefficients: &[f64],
        scratch: &mut RadialDistributionScratch,
        row: &mut JacobianRow<'_>,
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let RadialDistributionScratch { terms, block } = scratch;
        for site in 0..environment.len() {
            stop.check_after(environment.len() * self.n_features())?;
            let (_, derivative) = self.terms(environment.r[site], terms);
            block.fill(0.0);
            for (d, features) in environment.direction(site).into_iter().zip(block.chunks_exact_mut(self.n_features()))
            {
                add_scaled(d, derivative, &mut features[self.columns(environment.channel[site])]);
            }
            row.add(site, block);
        }
        Ok(())
    }
}

impl RadialDistributionParameters {
    /// Distance between two grid points.
    fn step(&self) -> f64 {
        (self.r_cut - self.r_min) / (self.n_points - 1) as f64
    }

    /// Width of the Gaussian of one neighbor.
    fn sigma(&self) -> f64 {
        self.sigma.unwrap_or_else(|| self.step())
    }

    /// Checks every parameter for the range in which the definition makes sense.
    fn validate(&self) -> Result<(), Error> {
        let r_min = self.r_min;
        r_cut(self.r_cut)?;
        not_negative("r_min", r_min)?;
        check(r_min < self.r_cut, "r_min", r_min, format!("it must be less than r_cut, {} Å", self.r_cut.spelled()))?;
        let remedy = format!("where neighbors are counted per volume it must be at least {} Å", SHORTEST.spelled());
        check(self.per == Per::Length || r_min >= SHORTEST, "r_min", r_min, remedy)?;
        count("n_points", self.n_points, 2..=MAX_POINTS)?;
        within("sigma", self.sigma(), SHORTEST..=LONGEST)?;
        cutoff_function(self.cutoff_function)?;
        alpha(self.alpha)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptors::CenterKind;

    const ONE_NEIGHBOR: Environment<'static> = Environment {
        center: CenterKind::Point,
        channel: &[1],
        dx: &[1.2],
        dy: &[0.0],
        dz: &[0.9],
        r: &[1.5],
        volume: 0.0,
    };

    fn parameters() -> RadialDistributionParameters {
        RadialDistributionParameters {
            r_cut: 3.0,
            r_min: 1.0,
            n_points: 11,
            sigma: Some(0.3),
            cutoff_function: CutoffFunction::Hard,
            alpha: 0.0,
            per: Per::Length,
            ignore_unknown_species: false,
            species: [1, 8].map(|number| Element { number: Some(number) }).to_vec(),
        }
    }

    fn row(parameters: RadialDistributionParameters) -> Vec<f64> {
        let distribution = RadialDistribution::new(parameters).expect("legal parameters");
        let mut scratch = distribution.scratch().expect("some memory");
        let mut row = vec![f64::NAN; distribution.n_features()];
        distribution.expand(&ONE_NEIGHBOR, &mut scratch, &mut row, &Stop::never()).expect("nobody stops it");
        row
    }

    #[test]
    fn one_neighbor_is_a_gaussian_in_the_columns_of_its_species() {
        let row = row(parameters());
        assert_eq!(row[..11], [0.0; 11]);
        for (k, found) in row[11..].iter().enumerate() {
            let r = 1.0 + 0.2 * k as f64;
            let expected = (-0.5 * ((r - 1.5) / 0.3_f64).powi(2)).exp() / (0.3 * (2.0 * PI).sqrt());
            assert!((found - expected).abs() < 1e-14, "{found} and {expected} at {r}");
        }
    }

    #[test]
    fn a_density_in_space_is_that_of_the_shell() {
        let per_length = row(parameters());
        let per_volume = row(RadialDistributionParameters { per: Per::Volume, ..parameters() });
        for k in 0..11 {
            let r = 1.0 + 0.2 * k as f64;
            assert!((per_volume[11 + k] * 4.0 * PI * r * r - per_length[11 + k]).abs() < 1e-14);
        }
    }

    #[test]
    fn after_an_interruption_another_center_may_be_asked_about() {
        let many = RadialDistributionParameters { n_points: 20_000, ..parameters() };
        let distribution = RadialDistribution::new(many).expect("legal parameters");
        let mut scratch = distribution.scratch().expect("some memory");
        let (size, requested) = (3 * distribution.n_features(), std::sync::atomic::AtomicBool::new(true));
        let mut jacobian = |stop: &Stop<'_>| {
            let (mut values, mut written) = (vec![f64::NAN; size], Vec::new());
            let mut row = JacobianRow::new(&mut values, size, &[0], None, &mut written);
            distribution.jacobian(&ONE_NEIGHBOR, &[], &mut scratch, &mut row, stop).map(|()| values)
        };
        assert_eq!(jacobian(&Stop::on_request(&requested)), Err(Error::Interrupted));
        let values = jacobian(&Stop::never()).expect("no request");
        assert!(values.iter().all(|x| x.is_finite()) && values.iter().any(|x| *x != 0.0));
    }

    #[test]
    fn names_are_short_and_tell_points_apart() {
        let names = |r_cut, r_min, n_points| {
            let parameters = RadialDistributionParameters { r_cut, r_min, n_points, sigma: Some(1.0), ..parameters() };
            let distribution = RadialDistribution::new(parameters).expect("legal parameters");
            distribution.feature_names(&["H".into(), "O".into()]).expect("some memory")
        };
        let few = names(3.0, 1.0, 11);
        assert_eq!([&few[0], &few[3], &few[10], &few[11]], ["H r=1", "H r=1.6", "H r=3", "O r=1"]);
        let mut many = names(5.0, 4.9999, 99_999);
        many.dedup();
        assert_eq!(many.len(), 2 * 99_999);
    }

    #[test]
    fn parameters_out_of_range_are_named() {
        let refused = |change: fn(&mut RadialDistributionParameters)| {
            let mut parameters = parameters();
            change(&mut parameters);
            RadialDistribution::new(parameters).expect_err("out of range").to_string()
        };
        assert!(refused(|p| p.r_min = 3.0).starts_with("r_min is 3; it must be less than r_cut, 3 Å"));
        assert!(refused(|p| (p.r_min, p.per) = (0.0, Per::Volume)).starts_with("r_min is 0; where neighbors"));
        assert!(refused(|p| p.n_points = 1).starts_with("n_points is 1; it must be an integer from 2"));
        assert!(refused(|p| p.sigma = Some(0.0)).starts_with("sigma is 0; it must be a number from 1e-6"));
    }
}
