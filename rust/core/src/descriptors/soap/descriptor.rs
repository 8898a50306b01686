//! The chain from sites to power spectrum, whatever the density.

use super::columns;
use super::density::{Density, PowerSpectrumOptions};
use super::expansion::{CenterDensities, DensityExpansion, ExpansionScratch, KeptSites};
use super::jacobian::{JacobianScratch, JacobianWriter};
use super::power_spectrum::{Divisor, PowerSpectrum, PowerSpectrumParameters, PowerSpectrumScratch};
use super::radial_basis::RadialBasis;
use crate::descriptors::{Descriptor, Environment, JacobianRow, Refusal, RowBuffer, RowStretches, Species};
use crate::{Error, Stop};

/// The power spectrum of the neighbor density that `D` describes.
#[derive(Debug, Clone)]
pub struct SoapOf<D: Density> {
    density: D,
    species: Species,
    expansion: DensityExpansion<D::Basis>,
    spectrum: PowerSpectrum,
}

/// Buffers of one worker.
#[derive(Debug)]
pub struct SoapScratch {
    expansion: ExpansionScratch,
    spectrum: PowerSpectrumScratch,
    /// Made when a Jacobian is first asked for.
    jacobian: Option<JacobianScratch>,
}

/// What is known of one prepared center.
#[derive(Debug, Default)]
pub struct KeptSoap {
    sites: KeptSites,
    divisor: Divisor,
}

impl<D: Density> SoapOf<D> {
    /// Prepares bases and tables.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a parameter out of range, named; [`Error::Memory`].
    pub fn new(parameters: D) -> Result<Self, Error> {
        Self::interruptible(parameters, &Stop::never())
    }

    /// Prepares bases and tables, unless `stop` says otherwise.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a parameter out of range, named; [`Error::Memory`]; [`Error::Interrupted`].
    pub fn interruptible(parameters: D, stop: &Stop<'_>) -> Result<Self, Error> {
        let species = parameters.species()?;
        parameters.validate()?;
        let options = parameters.power_spectrum();
        let PowerSpectrumOptions { n_max, l_max, compression, convention, degree_weights, norm, constant } = options;
        // What is too large is refused before the long work begins.
        let layout = columns::layout(compression, convention, &n_max, l_max, stop)?;
        let bases = parameters.bases(stop)?;
        let shares: Vec<&[f64]> = bases.iter().map(RadialBasis::center).collect();
        let centers = CenterDensities::new(&shares, parameters.center_is_everywhere());
        let expansion = DensityExpansion::new(l_max, bases, centers);
        let stride = expansion.stride();
        let spectrum = PowerSpectrum::new(PowerSpectrumParameters { layout, stride, degree_weights, norm, constant });
        Ok(Self { density: parameters, species, expansion, spectrum })
    }

    /// The parameters that it was made from.
    pub fn parameters(&self) -> &D {
        &self.density
    }

    /// The radial functions of every species.
    pub(super) fn bases(&self) -> &[D::Basis] {
        self.expansion.bases()
    }
}

impl<D: Density> Descriptor for SoapOf<D> {
    type Scratch = SoapScratch;
    type Kept = KeptSoap;
    const KEEPS: bool = true;

    fn reach(&self) -> f64 {
        self.density.reach()
    }

    fn n_features(&self) -> usize {
        self.spectrum.n_features()
    }

    fn n_coefficients(&self) -> usize {
        self.expansion.n_coefficients()
    }

    fn feature_names(&self, symbols: &[String]) -> Result<Vec<String>, Error> {
        self.species.expect_symbols(symbols)?;
        let PowerSpectrumOptions { compression, convention, constant, .. } = self.density.power_spectrum();
        let mut names = columns::names(self.spectrum.layout(), compression, convention, symbols)?;
        names.extend(constant.map(|_| "constant".to_owned()));
        Ok(names)
    }

    fn species(&self) -> &Species {
        &self.species
    }

    fn scratch(&self) -> Result<SoapScratch, Error> {
        Ok(SoapScratch { expansion: self.expansion.scratch()?, spectrum: self.spectrum.scratch()?, jacobian: None })
    }

    fn prepare(
        &self,
        environment: &Environment<'_>,
        derivatives: bool,
        scratch: &mut SoapScratch,
        stop: &Stop<'_>,
    ) -> Result<(), Refusal> {
        self.density.admit(environment)?;
        self.expansion.prepare(environment, derivatives, &mut scratch.expansion, stop)?;
        Ok(())
    }

    fn exchange(&self, scratch: &mut SoapScratch, kept: &mut KeptSoap) {
        scratch.expansion.exchange(&mut kept.sites);
        scratch.spectrum.exchange(&mut kept.divisor);
    }

    fn expand(
        &self,
        environment: &Environment<'_>,
        scratch: &mut SoapScratch,
        coefficients: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.expansion.expand(environment, &mut scratch.expansion, coefficients, stop)
    }

    fn expand_tangent(
        &self,
        environment: &Environment<'_>,
        displacements: &[[f64; 3]],
        scratch: &mut SoapScratch,
        coefficients: &mut [f64],
        tangent: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.expansion.expand_tangent(environment, displacements, &mut scratch.expansion, coefficients, tangent, stop)
    }

    fn expand_pullback(
        &self,
        _environment: &Environment<'_>,
        adjoint: &[f64],
        scratch: &mut SoapScratch,
        gradient: &mut [[f64; 3]],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.expansion.expand_pullback(adjoint, &mut scratch.expansion, gradient, stop)
    }

    fn contract(
        &self,
        coefficients: &[f64],
        scratch: &mut SoapScratch,
        row: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.spectrum.contract(coefficients, &mut scratch.spectrum, row, stop)
    }

    fn contract_in_stretches<'a>(
        &self,
        coefficients: &[f64],
        scratch: &'a mut SoapScratch,
        _buffer: &'a mut RowBuffer,
        stop: &Stop<'_>,
    ) -> Result<RowStretches<'a>, Error> {
        self.spectrum.contract_in_stretches(coefficients, &mut scratch.spectrum, stop)
    }

    fn prefers_stretches(&self) -> bool {
        self.spectrum.prefers_stretches()
    }

    fn contract_tangent(
        &self,
        coefficients: &[f64],
        tangent: &[f64],
        scratch: &mut SoapScratch,
        row: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.spectrum.contract_tangent(coefficients, tangent, &mut scratch.spectrum, row, stop)
    }

    fn contract_pullback(
        &self,
        coefficients: &[f64],
        adjoint: &[f64],
        scratch: &mut SoapScratch,
        coefficients_adjoint: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.spectrum.contract_pullback(coefficients, adjoint, &mut scratch.spectrum, coefficients_adjoint, stop)
    }

    fn contract_pullback_of_row(
        &self,
        coefficients: &[f64],
        features: &[f64],
        adjoint: &[f64],
        scratch: &mut SoapScratch,
        coefficients_adjoint: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let spectrum = &mut scratch.spectrum;
        self.spectrum.contract_pullback_of_row(coefficients, features, adjoint, spectrum, coefficients_adjoint, stop)
    }

    fn jacobian(
        &self,
        _environment: &Environment<'_>,
        coefficients: &[f64],
        scratch: &mut SoapScratch,
        out: &mut JacobianRow<'_>,
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let SoapScratch { expansion, spectrum, jacobian } = scratch;
        let buffer = match jacobian {
            Some(buffer) => buffer,
            empty => empty.insert(JacobianScratch::new(&self.spectrum)?),
        };
        let mut at =
            JacobianWriter::new(&self.spectrum, self.expansion.harmonics(), coefficients, spectrum, buffer, stop)?;
        let visited = self.expansion.visit_sites(expansion, stop, &mut |site, terms| at.write(&terms, site, out));
        let finished = visited.map(|()| at.finish(out));
        out.settle();
        finished
    }
}
