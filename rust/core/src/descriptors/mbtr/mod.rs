//! Many-body tensor representations: how often each answer to a question about atoms, pairs or triples is given.
//!
//! The answers `g` (atomic numbers, distances, angles) of all atoms, pairs or triples of the same species are spread over
//! a grid, `x_k`, and added up with weights `w`:
//!
//! ```text
//! f_k = Σ_l w(l) G_k(g(l))
//! ```
//!
//! where `G` is a Gaussian, as a grid has it ([`crate::math::smeared_grid`]); H. Huo and M. Rupp, arXiv:1704.06439 and
//! Mach. Learn.: Sci. Technol. 3, 045017 (2022); L. Himanen et al., Comput. Phys. Commun. 247, 106949 (2020).
//!
//! The row of a frame is a sum over its atoms: each adds its own number, half of each pair that it is in, and the angles
//! at itself. So pairs between periodic images count half for each of their ends in the cell, and every class of triples
//! that are translations of each other counts once, whatever cell it is described in. A *local* representation is the row
//! of one center: all its pairs, and all angles of triples that it is in, at itself and at the others.

mod blocks;
mod columns;
mod normalization;
mod parameters;
mod terms;

use super::{CenterKind, Descriptor, Environment, JacobianRow, Refusal, Species};
use crate::math::smeared_grid::{Add, AddDerivatives, MARGIN, Project, SmearedGrid, WindowBuffer};
use crate::simd::{Isa, add_scaled};
use crate::{Error, Stop, memory};
use blocks::Blocks;
use columns::Columns;
use normalization::Normalizer;
pub use parameters::{Geometry, GridParameters, MbtrParameters, Normalization, Weighting};
use terms::{Leg, Term, Terms};

/// Purpose of the memory, for the message where it is refused.
const PURPOSE: &str = "many-body tensor representation of one center";
/// About how many nanoseconds a triple takes.
const STEPS_OF_A_TRIPLE: usize = 200;

/// A many-body tensor representation, or the local one.
#[derive(Debug, Clone)]
pub struct Mbtr {
    parameters: MbtrParameters,
    species: Species,
    columns: Columns,
    terms: Terms,
    grid: SmearedGrid,
    normalizer: Normalizer,
}

/// Buffers of one worker.
#[derive(Debug)]
pub struct MbtrScratch {
    /// From the center to each site.
    legs: Vec<Leg>,
    window: WindowBuffer,
    /// Numbers of [`SmearedGrid::padded`] for each block: sums, or an adjoint.
    sums: Blocks,
    /// The same three times: derivatives of the sums along x, y and z.
    derivatives: Blocks,
    /// Derivatives of the coefficients with respect to one coordinate.
    of_coefficients: Vec<f64>,
    /// Derivatives of the features with respect to one site, `[xyz][feature]`.
    block: Vec<f64>,
}

/// What a visitor is told of a term: its block, the sites that its derivatives are those of, and the term.
type Visit<'a> = dyn FnMut(usize, [usize; 2], &Term) -> Result<(), Error> + 'a;

impl Mbtr {
    /// Prepares the grid.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a parameter out of range, named; [`Error::Memory`].
    pub fn new(parameters: MbtrParameters) -> Result<Self, Error> {
        let numbers = parameters.species.iter().map(|species| species.number);
        let species = Species::new(numbers, parameters.ignore_unknown_species)?;
        let columns = Columns::new(&parameters);
        parameters.validate(columns.n_blocks())?;
        let GridParameters { min, sigma, n, .. } = parameters.grid;
        let grid = SmearedGrid::new(min, parameters.grid.step(), n, sigma, parameters.area())?;
        let (terms, normalizer) = (Terms::new(&parameters), Normalizer::new(&parameters, &columns));
        Ok(Self { parameters, species, columns, terms, grid, normalizer })
    }

    /// The parameters that it was made from.
    pub fn parameters(&self) -> &MbtrParameters {
        &self.parameters
    }

    fn degree(&self) -> usize {
        self.parameters.geometry.degree()
    }

    /// What every term of a center is multiplied with.
    fn factor(&self, environment: &Environment<'_>) -> f64 {
        let half_of_a_pair = if self.degree() == 2 && !self.parameters.local { 0.5 } else { 1.0 };
        half_of_a_pair * if self.normalizer.sees_volume() { environment.volume } else { 1.0 }
    }

    /// Adds the points of some blocks to coefficients, from where `part` of several is.
    fn add_points(&self, blocks: &Blocks, part: usize, coefficients: &mut [f64]) {
        let n = self.grid.n_points();
        for (block, numbers) in blocks.touched() {
            let points = &numbers[part * self.grid.padded() + MARGIN..][..n];
            add_scaled(1.0, points, &mut coefficients[block * n..][..n]);
        }
    }

    /// Sums up all terms of the center.
    fn sum_up(&self, environment: &Environment<'_>, scratch: &mut MbtrScratch, stop: &Stop<'_>) -> Result<(), Error> {
        let (isa, factor) = (Isa::detect(), self.factor(environment));
        let MbtrScratch { legs, window: buffer, sums, .. } = scratch;
        sums.clear();
        self.add_number(environment, sums, buffer)?;
        self.visit(environment, legs, None, false, stop, &mut |block, _, term| {
            if let Some(window) = self.grid.window(term.x, buffer)? {
                isa.run(Add { window, weight: factor * term.weight, sum: sums.at(block).0 });
            }
            Ok(())
        })
    }

    /// Counts the center among the atoms of its species.
    fn count(&self, environment: &Environment<'_>, coefficients: &mut [f64]) {
        let counts = &mut coefficients[self.n_features()..];
        if let (CenterKind::Atom(Some(own)), false) = (environment.center, counts.is_empty()) {
            counts[usize::from(own)] += 1.0;
        }
    }

    /// Visits every term of the center, or those that depend on the position of the site `only`, which comes first then.
    fn visit(
        &self,
        environment: &Environment<'_>,
        legs: &[Leg],
        only: Option<usize>,
        derivatives: bool,
        stop: &Stop<'_>,
        visit: &mut Visit<'_>,
    ) -> Result<(), Error> {
        let Environment { center, channel, .. } = *environment;
        let own = match center {
            CenterKind::Atom(Some(own)) => own,
            // Neither a point nor an atom of no species is a first atom, or a vertex.
            _ if !self.parameters.local => return Ok(()),
            _ => u8::MAX,
        };
        let n = environment.len();
        let firsts = only.map_or(0..n, |site| site..site + 1);
        match self.degree() {
            1 => Ok(()),
            2 => {
                for site in firsts {
                    stop.check_after(n * STEPS_OF_A_TRIPLE)?;
                    let Some(term) = self.terms.pair(environment, site) else { continue };
                    let other = channel[site];
                    let local = self.parameters.local;
                    let block = if local { usize::from(other) } else { self.columns.of_pair(own, other) };
                    visit(block, [site, site], &term)?;
                }
                Ok(())
            }
            _ => {
                for first in firsts {
                    if !self.parameters.local && self.terms.ends_before(&legs[first]) {
                        continue;
                    }
                    stop.check_after(n * STEPS_OF_A_TRIPLE)?;
                    let seconds = if only.is_some() { 0..n } else { first + 1..n };
                    for second in seconds.filter(|&second| second != first) {
                        self.triple(environment, legs, own, [first, second], derivatives, visit)?;
                    }
                }
                Ok(())
            }
        }
    }

    /// Visits the terms of the center and two sites.
    fn triple(
        &self,
        environment: &Environment<'_>,
        legs: &[Leg],
        own: u8,
        sites: [usize; 2],
        derivatives: bool,
        visit: &mut Visit<'_>,
    ) -> Result<(), Error> {
        let Self { terms, columns, .. } = self;
        let local = self.parameters.local;
        let [p, q] = sites.map(|site| &legs[site]);
        let [a, b] = sites.map(|site| environment.channel[site]);
        let third = if local || terms.needs_third_leg() {
            terms.between(environment, sites[0], sites[1])
        } else {
            Leg::default()
        };
        if let Some(term) = terms.angle(p, q, &third, derivatives) {
            let block = if local { columns.of_pair(a, b) } else { columns.of_angle(own, a, b) };
            visit(block, sites, &term)?;
        }
        if !local {
            return Ok(());
        }
        if let Some(term) = terms.angle(&p.reversed(), &third, q, derivatives) {
            visit(columns.of_angle_beside(a, b), sites, &term.seen_from_the_center())?;
        }
        if let Some(term) = terms.angle(&q.reversed(), &third.reversed(), p, derivatives) {
            visit(columns.of_angle_beside(b, a), sites, &term.seen_from_the_center().exchanged())?;
        }
        Ok(())
    }

    /// Adds the Gaussian of the atomic number of the center, where that is the question.
    fn add_number(
        &self,
        environment: &Environment<'_>,
        sums: &mut Blocks,
        buffer: &mut WindowBuffer,
    ) -> Result<(), Error> {
        let (CenterKind::Atom(Some(own)), 1) = (environment.center, self.degree()) else { return Ok(()) };
        let number = self.parameters.species[usize::from(own)].number.unwrap_or_default();
        if let Some(window) = self.grid.window(number as f64, buffer)? {
            Isa::detect().run(Add { window, weight: 1.0, sum: sums.at(usize::from(own)).0 });
        }
        Ok(())
    }
}

/// `Σ gradient[i] · displacement[i]` over two sites.
fn along(gradient: &[[f64; 3]; 2], displacements: [&[f64; 3]; 2]) -> f64 {
    let of = |i: usize| gradient[i].iter().zip(displacements[i]).map(|(g, v)| g * v).sum::<f64>();
    of(0) + of(1)
}

impl Descriptor for Mbtr {
    type Scratch = MbtrScratch;
    type Kept = ();

    fn reach(&self) -> f64 {
        self.parameters.reach()
    }

    fn n_features(&self) -> usize {
        self.columns.n_blocks() * self.grid.n_points()
    }

    fn feature_names(&self, symbols: &[String]) -> Result<Vec<String>, Error> {
        self.species.expect_symbols(symbols)?;
        let mut names = memory::with_capacity("list of the features", self.n_features())?;
        names.extend(self.columns.names(&self.parameters, symbols));
        Ok(names)
    }

    fn n_coefficients(&self) -> usize {
        self.n_features() + self.normalizer.n_counts()
    }

    fn species(&self) -> &Species {
        &self.species
    }

    fn is_linear(&self) -> bool {
        self.normalizer.is_identity()
    }

    fn sees_volume(&self) -> bool {
        self.normalizer.sees_volume()
    }

    fn volume_derivative(&self, coefficients: &[f64], adjoint: &[f64]) -> f64 {
        crate::simd::dot(self.normalizer.sums(coefficients), self.normalizer.sums(adjoint))
    }

    fn add_volume_tangent(&self, coefficients: &[f64], along: f64, tangent: &mut [f64]) {
        let sums = self.normalizer.sums(coefficients);
        crate::simd::add_scaled(along, sums, &mut tangent[..sums.len()]);
    }

    fn scratch(&self) -> Result<MbtrScratch, Error> {
        let (n_blocks, size) = (self.columns.n_blocks(), self.grid.padded());
        Ok(MbtrScratch {
            legs: Vec::new(),
            window: WindowBuffer::default(),
            sums: Blocks::zeros(n_blocks, size)?,
            derivatives: Blocks::zeros(n_blocks, 3 * size)?,
            of_coefficients: memory::zeros(PURPOSE, self.n_coefficients())?,
            block: memory::zeros(PURPOSE, 3 * self.n_features())?,
        })
    }

    fn prepare(
        &self,
        environment: &Environment<'_>,
        _derivatives: bool,
        scratch: &mut MbtrScratch,
        _stop: &Stop<'_>,
    ) -> Result<(), Refusal> {
        let volume = environment.volume;
        if self.normalizer.sees_volume() && !(volume > 0.0 && volume.is_finite()) {
            return Err(Refusal::NoVolume { volume });
        }
        scratch.legs.clear();
        if self.degree() == 3 {
            memory::reserve(PURPOSE, &mut scratch.legs, environment.len())?;
            scratch.legs.extend((0..environment.len()).map(|site| self.terms.leg(environment, site)));
        }
        Ok(())
    }

    fn expand(
        &self,
        environment: &Environment<'_>,
        scratch: &mut MbtrScratch,
        coefficients: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        coefficients.fill(0.0);
        self.sum_up(environment, scratch, stop)?;
        self.add_points(&scratch.sums, 0, coefficients);
        self.count(environment, coefficients);
        Ok(())
    }

    fn expand_into_sum(
        &self,
        environment: &Environment<'_>,
        scratch: &mut MbtrScratch,
        _coefficients: &mut [f64],
        sum: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.sum_up(environment, scratch, stop)?;
        self.add_points(&scratch.sums, 0, sum);
        self.count(environment, sum);
        Ok(())
    }

    fn expand_tangent(
        &self,
        environment: &Environment<'_>,
        displacements: &[[f64; 3]],
        scratch: &mut MbtrScratch,
        coefficients: &mut [f64],
        tangent: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let (isa, factor, size) = (Isa::detect(), self.factor(environment), self.grid.padded());
        let MbtrScratch { legs, window: buffer, sums, derivatives: both, .. } = scratch;
        sums.clear();
        both.clear();
        self.add_number(environment, sums, buffer)?;
        self.visit(environment, legs, None, true, stop, &mut |block, sites, term| {
            if let Some(window) = self.grid.window(term.x, buffer)? {
                let moves = sites.map(|site| &displacements[site]);
                let weight = factor * term.weight;
                let by_weight = [weight, factor * along(&term.weight_gradient, moves)];
                let by_place = [0.0, weight * along(&term.x_gradient, moves)];
                let (sum, rest) = both.at(block).0.split_at_mut(size);
                isa.run(AddDerivatives { window, by_weight, by_place, sums: [sum, &mut rest[..size]] });
            }
            Ok(())
        })?;
        coefficients.fill(0.0);
        tangent.fill(0.0);
        self.add_points(sums, 0, coefficients);
        self.add_points(both, 0, coefficients);
        self.add_points(both, 1, tangent);
        self.count(environment, coefficients);
        Ok(())
    }

    fn expand_pullback(
        &self,
        environment: &Environment<'_>,
        adjoint: &[f64],
        scratch: &mut MbtrScratch,
        gradient: &mut [[f64; 3]],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let (isa, factor) = (Isa::detect(), self.factor(environment));
        let MbtrScratch { legs, window: buffer, sums: padded, .. } = scratch;
        let n = self.grid.n_points();
        padded.clear();
        gradient.fill([0.0; 3]);
        self.visit(environment, legs, None, true, stop, &mut |block, sites, term| {
            if let Some(window) = self.grid.window(term.x, buffer)? {
                let (of_block, is_new) = padded.at(block);
                if is_new {
                    of_block[MARGIN..][..n].copy_from_slice(&adjoint[block * n..][..n]);
                }
                let [by_weight, by_place] = isa.run(Project { window, adjoint: of_block });
                for (i, &site) in sites.iter().enumerate() {
                    for (xyz, gradient) in gradient[site].iter_mut().enumerate() {
                        let of_weight = by_weight * term.weight_gradient[i][xyz];
                        let of_place = by_place * term.weight * term.x_gradient[i][xyz];
                        *gradient += factor * (of_weight + of_place);
                    }
                }
            }
            Ok(())
        })
    }

    fn contract(
        &self,
        coefficients: &[f64],
        _scratch: &mut MbtrScratch,
        row: &mut [f64],
        _stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.normalizer.row(coefficients, row);
        Ok(())
    }

    fn contract_tangent(
        &self,
        coefficients: &[f64],
        tangent: &[f64],
        _scratch: &mut MbtrScratch,
        row: &mut [f64],
        _stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.normalizer.derivative(coefficients, tangent, row);
        Ok(())
    }

    fn contract_pullback(
        &self,
        coefficients: &[f64],
        adjoint: &[f64],
        _scratch: &mut MbtrScratch,
        coefficients_adjoint: &mut [f64],
        _stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let (sums, counts) = coefficients_adjoint.split_at_mut(self.n_features());
        self.normalizer.derivative(coefficients, adjoint, sums);
        counts.fill(0.0);
        Ok(())
    }

    fn jacobian(
        &self,
        environment: &Environment<'_>,
        coefficients: &[f64],
        scratch: &mut MbtrScratch,
        row: &mut JacobianRow<'_>,
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        if self.degree() == 1 {
            return Ok(());
        }
        let (isa, factor, size) = (Isa::detect(), self.factor(environment), self.grid.padded());
        let n_features = self.n_features();
        let MbtrScratch { legs, window: buffer, derivatives, of_coefficients, block: of_site, .. } = scratch;
        for site in 0..environment.len() {
            stop.check_after(environment.len() * n_features)?;
            derivatives.clear();
            self.visit(environment, legs, Some(site), true, stop, &mut |block, _, term| {
                if let Some(window) = self.grid.window(term.x, buffer)? {
                    let (x, rest) = derivatives.at(block).0.split_at_mut(size);
                    let (y, z) = rest.split_at_mut(size);
                    let sums = [x, y, z];
                    let by_weight = term.weight_gradient[0].map(|d| factor * d);
                    let by_place = term.x_gradient[0].map(|d| factor * term.weight * d);
                    isa.run(AddDerivatives { window, by_weight, by_place, sums });
                }
                Ok(())
            })?;
            for (xyz, features) in of_site.chunks_exact_mut(n_features).enumerate() {
                of_coefficients.fill(0.0);
                self.add_points(derivatives, xyz, of_coefficients);
                self.normalizer.derivative(coefficients, of_coefficients, features);
            }
            row.add(site, of_site);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
