//! Fingerprints that are the eigenvalues of a matrix of all pairs of sites.
//!
//! The matrix is `M = F X F`: blocks `X` of pairs of sites, which a descriptor supplies as [`MatrixElements`], and
//! amplitudes `F` that go to zero at the cutoff. Its sorted eigenvalues, followed by zeros up to a fixed length, are
//! Lipschitz continuous, and as smooth as the matrix wherever they are not degenerate.
//!
//! A. Sadeghi et al., J. Chem. Phys. 139, 184118 (2013); L. Zhu et al., J. Chem. Phys. 144, 034203 (2016).

mod assembly;
mod contracted;
mod derivatives;
mod elements;
pub(super) mod groups;
mod parameters;
mod scratch;
mod site_packs;

pub use contracted::OrbitalKinds;
pub use elements::{MatrixElements, PairBlocks};
pub use groups::Degenerate;
pub use parameters::{ContractedMatrix, MAX_EXPONENT, MAX_ROWS, Order, Overflow, PairMatrixParameters};
pub use scratch::PairMatrixScratch;
pub use site_packs::SitePacks;

use self::assembly::Assemble;
use super::{Descriptor, Environment, JacobianRow, Refusal, Species};
use crate::math::cutoff::SquareCutoff;
use crate::simd::Isa;
use crate::{Error, Stop, memory};

/// Purpose of the memory, for the message where it is refused.
const PURPOSE: &str = "matrix of one center";

/// Eigenvalues of the matrix that `P` makes.
#[derive(Debug, Clone)]
pub struct PairMatrix<P> {
    parameters: PairMatrixParameters,
    species: Species,
    elements: P,
    contraction: Option<(OrbitalKinds, ContractedMatrix)>,
}

impl<P: MatrixElements> PairMatrix<P> {
    /// Puts the two together.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a parameter out of range, named.
    pub fn from_elements(
        parameters: PairMatrixParameters,
        elements: P,
        contraction: Option<(OrbitalKinds, ContractedMatrix)>,
    ) -> Result<Self, Error> {
        parameters.check(elements.n_orbitals())?;
        let species = Species::new(parameters.numbers.iter().copied().map(Some), parameters.ignore_unknown_species)?;
        Ok(Self { parameters, species, elements, contraction })
    }

    /// The parameters of this descriptor.
    pub fn parameters(&self) -> &PairMatrixParameters {
        &self.parameters
    }

    /// Eigenvalues of the row of the prepared center: of the matrix or of what it was contracted to.
    fn values<'a>(&self, scratch: &'a PairMatrixScratch) -> &'a [f64] {
        if self.contraction.is_some() { scratch.contracted.eigen.values() } else { scratch.eigen.values() }
    }

    /// Whether groups share their derivatives.
    fn averages(&self) -> bool {
        matches!(self.parameters.degenerate, Degenerate::Average | Degenerate::Directional)
    }

    /// Calls `visit(k, place)` for each eigenvalue that has a place in the row.
    fn for_each_place(&self, scratch: &PairMatrixScratch, mut visit: impl FnMut(usize, usize)) {
        let n_features = self.n_features();
        for (k, &place) in scratch.place.iter().enumerate() {
            if place < n_features {
                visit(k, place);
            }
        }
    }

    /// Decides where each eigenvalue stands in the row.
    fn arrange(&self, scratch: &mut PairMatrixScratch) -> Result<(), Error> {
        let PairMatrixScratch { eigen, contracted, place, order, .. } = scratch;
        let values = if self.contraction.is_some() { contracted.eigen.values() } else { eigen.values() };
        let (n, n_features) = (values.len(), self.n_features());
        place.clear();
        memory::reserve(PURPOSE, place, n)?;
        match self.parameters.order {
            // The zeros that fill up come before what is negative; of too many, the last ones are left out.
            Order::Value => {
                let filled = n_features.saturating_sub(n);
                place.extend((0..n).map(|k| if values[k] < -NOISE * values[0] { k + filled } else { k }));
            }
            Order::Magnitude => {
                order.clear();
                memory::reserve(PURPOSE, order, n)?;
                order.extend(0..n);
                // Ties keep the order of their values.
                order.sort_unstable_by(|&a, &b| values[b].abs().total_cmp(&values[a].abs()).then(a.cmp(&b)));
                place.resize(n, 0);
                order.iter().enumerate().for_each(|(at, &k)| place[k] = at);
            }
        }
        Ok(())
    }
}

/// Eigenvalues that are negative by no more than this share of the largest are zeros but for rounding.
const NOISE: f64 = 1e-12;

impl<P: MatrixElements> Descriptor for PairMatrix<P> {
    type Scratch = PairMatrixScratch;
    type Kept = ();

    fn reach(&self) -> f64 {
        self.parameters.r_cut
    }

    fn n_features(&self) -> usize {
        match &self.contraction {
            Some((kinds, _)) => kinds.count(),
            None => self.parameters.max_sites * self.elements.n_orbitals(),
        }
    }

    fn feature_names(&self, symbols: &[String]) -> Result<Vec<String>, Error> {
        self.species.expect_symbols(symbols)?;
        memory::collect("list of the features", (0..self.n_features()).map(|k| format!("{} {}", P::NAME, k + 1)))
    }

    fn species(&self) -> &Species {
        &self.species
    }

    fn scratch(&self) -> Result<PairMatrixScratch, Error> {
        PairMatrixScratch::new(self.elements.n_orbitals())
    }

    fn prepare(
        &self,
        environment: &Environment<'_>,
        derivatives: bool,
        scratch: &mut PairMatrixScratch,
        stop: &Stop<'_>,
    ) -> Result<(), Refusal> {
        let PairMatrixParameters { r_cut, exponent, max_sites, overflow, degenerate, degenerate_tol, .. } =
            self.parameters;
        let PairMatrixScratch { sites, blocks, overlap, modulated, eigen, columns, buffer, contracted, .. } = scratch;
        let n_orbitals = self.elements.n_orbitals();
        let found = environment.len() + usize::from(matches!(environment.center, super::CenterKind::Atom(Some(_))));
        // A contracted row has room for any number of sites.
        if found > max_sites && overflow == Overflow::Error {
            return Err(Refusal::TooManySites { found, limit: max_sites });
        }
        if found > MAX_ROWS / n_orbitals {
            return Err(Refusal::TooLarge { found, limit: MAX_ROWS / n_orbitals });
        }
        let quantity = |place, channel| self.elements.quantity(place, channel);
        sites.fill(environment, SquareCutoff::new(r_cut, exponent), self.elements.n_quantities(), quantity)?;
        let contracts_overlap = matches!(self.contraction, Some((_, ContractedMatrix::Overlap)));
        let kept = contracts_overlap.then_some(&mut *overlap);
        Isa::detect().run(Assemble { elements: &self.elements, sites, blocks, overlap: kept, modulated, stop })?;
        if derivatives || self.contraction.is_some() {
            buffer[0].copy_from(modulated)?;
            eigen.find_all(&mut buffer[0], stop)?;
        } else {
            eigen.find_values(modulated, stop)?;
        }
        if let Some((kinds, which)) = &self.contraction {
            let x = if *which == ContractedMatrix::Overlap { &*overlap } else { &*modulated };
            contracted.find(kinds, (sites.centered, environment), eigen, x, degenerate_tol, stop)?;
        }
        if derivatives {
            columns.transpose_of(eigen.vectors())?;
        }
        self.arrange(scratch)?;
        if derivatives && degenerate == Degenerate::Error {
            groups::refuse(self.values(scratch), degenerate_tol)?;
        }
        Ok(())
    }

    fn expand(
        &self,
        _environment: &Environment<'_>,
        scratch: &mut PairMatrixScratch,
        coefficients: &mut [f64],
        _stop: &Stop<'_>,
    ) -> Result<(), Error> {
        coefficients.fill(0.0);
        let values = self.values(scratch);
        self.for_each_place(scratch, |k, place| coefficients[place] = values[k]);
        Ok(())
    }

    fn expand_tangent(
        &self,
        environment: &Environment<'_>,
        displacements: &[[f64; 3]],
        scratch: &mut PairMatrixScratch,
        coefficients: &mut [f64],
        tangent: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.expand(environment, scratch, coefficients, stop)?;
        self.tangents(displacements, scratch, stop)?;
        tangent.fill(0.0);
        self.for_each_place(scratch, |k, place| tangent[place] = scratch.of_eigenvalue[k]);
        Ok(())
    }

    fn expand_pullback(
        &self,
        _environment: &Environment<'_>,
        adjoint: &[f64],
        scratch: &mut PairMatrixScratch,
        gradient: &mut [[f64; 3]],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.adjoint_of_eigenvalues(adjoint, scratch)?;
        self.adjoints(scratch, stop)?;
        self.contract_adjoints(scratch, gradient, stop)
    }

    fn jacobian(
        &self,
        environment: &Environment<'_>,
        _coefficients: &[f64],
        scratch: &mut PairMatrixScratch,
        out: &mut JacobianRow<'_>,
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let n_sites = environment.len();
        let size = 3 * self.n_features();
        let mut rows = std::mem::take(&mut scratch.rows);
        if self.contraction.is_some() {
            memory::refill(PURPOSE, &mut rows, n_sites * size, 0.0)?;
            self.rows_one_by_one(environment, scratch, &mut rows, stop)?;
            rows.chunks_exact(size).enumerate().for_each(|(site, rows)| out.add(site, rows));
        } else {
            memory::refill(PURPOSE, &mut rows, size, 0.0)?;
            for site in 0..n_sites {
                stop.check_after(size * self.elements.n_orbitals())?;
                self.rows_of_site(site, scratch, &mut rows, stop)?;
                out.add(site, &rows);
            }
        }
        scratch.rows = rows;
        Ok(())
    }
}
