//! The density coefficients themselves, as a fingerprint: the first stage of a SOAP without the second.
//!
//! Columns are `[species][lm][n]`. They turn with the frame: those of one degree are mixed as real spherical harmonics
//! are. Where the convention is featomic's, harmonics of odd `m` have the other sign, as there.

use std::ops::Range;

use super::convention::Convention;
use super::density::{Density, PowerSpectrumOptions};
use super::expansion::{CenterDensities, DensityExpansion, ExpansionScratch, KeptSites};
use super::radial_basis::RadialBasis;
use super::site_terms::SiteTerms;
use crate::descriptors::{Descriptor, Environment, JacobianRow, Refusal, Species};
use crate::math::harmonics::Harmonics;
use crate::simd::{Isa, Kernel, Lanes};
use crate::{Error, Stop, memory};

/// Purpose of the memory, for the message where it is refused.
const PURPOSE: &str = "list of the features";

/// The coefficients of the neighbor density that `D` describes.
#[derive(Debug, Clone)]
pub struct CoefficientsOf<D: Density> {
    density: D,
    species: Species,
    expansion: DensityExpansion<D::Basis>,
    /// Sign of each `lm`.
    signs: Vec<f64>,
}

impl<D: Density> CoefficientsOf<D> {
    /// Prepares bases and tables, unless `stop` says otherwise.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a parameter out of range, named; [`Error::Memory`]; [`Error::Interrupted`].
    pub fn interruptible(parameters: D, stop: &Stop<'_>) -> Result<Self, Error> {
        let species = parameters.species()?;
        parameters.validate()?;
        let PowerSpectrumOptions { l_max, convention, .. } = parameters.power_spectrum();
        let bases = parameters.bases(stop)?;
        let shares: Vec<&[f64]> = bases.iter().map(RadialBasis::center).collect();
        let centers = CenterDensities::new(&shares, parameters.center_is_everywhere());
        let expansion = DensityExpansion::new(l_max, bases, centers);
        let sign = |(lm, l): (usize, usize)| match convention {
            // `lm` and `m` differ by `l² + l`, which is even.
            Convention::Featomic if (lm + l * l + l) % 2 == 1 => -1.0,
            Convention::Isoprint | Convention::Quip | Convention::Dscribe | Convention::Featomic => 1.0,
        };
        let signs = expansion.harmonics().degrees().enumerate().map(sign).collect();
        Ok(Self { density: parameters, species, expansion, signs })
    }

    /// The radial functions of every species.
    pub(super) fn bases(&self) -> &[D::Basis] {
        self.expansion.bases()
    }

    fn harmonics(&self) -> &Harmonics {
        self.expansion.harmonics()
    }

    /// Where the functions of each species, at each `lm`, are among the coefficients and among the columns, and their
    /// sign.
    fn places(&self) -> impl Iterator<Item = (Range<usize>, Range<usize>, f64)> {
        let (stride, n_harmonics) = (self.expansion.stride(), self.harmonics().len());
        (0..self.bases().len()).flat_map(move |channel| {
            let (own, n) = (self.expansion.functions_of(channel), self.bases()[channel].n_max());
            (0..n_harmonics).map(move |lm| {
                let (from, to) = (lm * stride + own.start, own.start * n_harmonics + lm * n);
                (from..from + n, to..to + n, self.signs[lm])
            })
        })
    }

    fn to_columns(&self, coefficients: &[f64], row: &mut [f64]) {
        for (from, to, sign) in self.places() {
            row[to].iter_mut().zip(&coefficients[from]).for_each(|(column, c)| *column = sign * c);
        }
    }
}

impl<D: Density> Descriptor for CoefficientsOf<D> {
    type Scratch = ExpansionScratch;
    type Kept = KeptSites;
    const KEEPS: bool = true;

    fn reach(&self) -> f64 {
        self.density.reach()
    }

    fn n_features(&self) -> usize {
        self.harmonics().len() * self.bases().iter().map(RadialBasis::n_max).sum::<usize>()
    }

    fn n_coefficients(&self) -> usize {
        self.expansion.n_coefficients()
    }

    fn is_linear(&self) -> bool {
        true
    }

    fn feature_names(&self, symbols: &[String]) -> Result<Vec<String>, Error> {
        self.species.expect_symbols(symbols)?;
        let mut names = memory::with_capacity(PURPOSE, self.n_features())?;
        for (symbol, basis) in symbols.iter().zip(self.bases()) {
            for (lm, l) in self.harmonics().degrees().enumerate() {
                let m = lm as i64 - (l * l + l) as i64;
                names.extend((1..=basis.n_max()).map(|n| format!("{symbol}.{n} l={l} m={m}")));
            }
        }
        Ok(names)
    }

    fn species(&self) -> &Species {
        &self.species
    }

    fn scratch(&self) -> Result<ExpansionScratch, Error> {
        self.expansion.scratch()
    }

    fn prepare(
        &self,
        environment: &Environment<'_>,
        derivatives: bool,
        scratch: &mut ExpansionScratch,
        stop: &Stop<'_>,
    ) -> Result<(), Refusal> {
        self.density.admit(environment)?;
        self.expansion.prepare(environment, derivatives, scratch, stop)?;
        Ok(())
    }

    fn exchange(&self, scratch: &mut ExpansionScratch, kept: &mut KeptSites) {
        scratch.exchange(kept);
    }

    fn expand(
        &self,
        environment: &Environment<'_>,
        scratch: &mut ExpansionScratch,
        coefficients: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.expansion.expand(environment, scratch, coefficients, stop)
    }

    fn expand_tangent(
        &self,
        environment: &Environment<'_>,
        displacements: &[[f64; 3]],
        scratch: &mut ExpansionScratch,
        coefficients: &mut [f64],
        tangent: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.expansion.expand_tangent(environment, displacements, scratch, coefficients, tangent, stop)
    }

    fn expand_pullback(
        &self,
        _environment: &Environment<'_>,
        adjoint: &[f64],
        scratch: &mut ExpansionScratch,
        gradient: &mut [[f64; 3]],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.expansion.expand_pullback(adjoint, scratch, gradient, stop)
    }

    fn contract(
        &self,
        coefficients: &[f64],
        _scratch: &mut ExpansionScratch,
        row: &mut [f64],
        _stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.to_columns(coefficients, row);
        Ok(())
    }

    fn contract_tangent(
        &self,
        _coefficients: &[f64],
        tangent: &[f64],
        _scratch: &mut ExpansionScratch,
        row: &mut [f64],
        _stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.to_columns(tangent, row);
        Ok(())
    }

    fn contract_pullback(
        &self,
        _coefficients: &[f64],
        adjoint: &[f64],
        _scratch: &mut ExpansionScratch,
        coefficients_adjoint: &mut [f64],
        _stop: &Stop<'_>,
    ) -> Result<(), Error> {
        coefficients_adjoint.fill(0.0);
        for (to, from, sign) in self.places() {
            coefficients_adjoint[to].iter_mut().zip(&adjoint[from]).for_each(|(c, column)| *c = sign * column);
        }
        Ok(())
    }

    fn jacobian(
        &self,
        _environment: &Environment<'_>,
        _coefficients: &[f64],
        scratch: &mut ExpansionScratch,
        row: &mut JacobianRow<'_>,
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let n_features = self.n_features();
        let mut buffer = memory::zeros(PURPOSE, 3 * n_features)?;
        let (harmonics, signs) = (self.harmonics(), &self.signs);
        self.expansion.visit_sites(scratch, stop, &mut |index, site| {
            stop.check_after(n_features)?;
            Isa::detect().run(SiteDerivatives { harmonics, signs, site: &site, n_features, out: &mut buffer });
            row.add(index, &buffer);
            Ok(())
        })
    }
}

/// Writes the derivatives of all columns with respect to one site, `[xyz][column]`: `r̂ b' A + b ∇A`.
struct SiteDerivatives<'a> {
    harmonics: &'a Harmonics,
    signs: &'a [f64],
    site: &'a SiteTerms<'a>,
    n_features: usize,
    out: &'a mut [f64],
}

impl Kernel for SiteDerivatives<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { harmonics, signs, site, n_features, out } = self;
        let SiteTerms { species, by_degree, functions, derivatives, unit, angular } = site;
        let (n, n_harmonics) = (species.len(), harmonics.len());
        let own = species.start * n_harmonics..species.end * n_harmonics;
        for (axis, out) in out.chunks_exact_mut(n_features).enumerate() {
            out[..own.start].fill(0.0);
            out[own.end..].fill(0.0);
            let columns = out[own.clone()].chunks_exact_mut(n);
            let degrees = harmonics.norms().iter().zip(harmonics.degrees());
            for (lm, (columns, (norm, l))) in columns.zip(degrees).enumerate() {
                let first = if *by_degree { l * n } else { 0 };
                let norm = norm * signs[lm];
                let along = norm * unit[axis] * angular[0][lm];
                let across = norm * angular[1 + axis][lm];
                let (functions, derivatives) = (&functions[first..][..n], &derivatives[first..][..n]);
                for ((column, function), derivative) in columns.iter_mut().zip(functions).zip(derivatives) {
                    *column = derivative * along + function * across;
                }
            }
        }
    }
}
