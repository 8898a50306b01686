//! Fingerprints that are the eigenvalues of a matrix of all pairs of sites.
//!
//! The matrix is `M = F X F`: blocks `X` of pairs of sites, which a descriptor supplies as [`MatrixElements`], and
//! amplitudes `F` that go to zero at the cutoff. Its sorted eigenvalues, followed by zeros up to a fixed length, are
//! Lipschitz continuous, and as smooth as the matrix wherever they are not degenerate.
//!
//! A. Sadeghi et al., J. Chem. Phys. 139, 184118 (2013); L. Zhu et al., J. Chem. Phys. 144, 034203 (2016).

mod assembly;
mod contracted;
mod groups;
mod parameters;
mod site_packs;

pub use contracted::OrbitalKinds;
pub use groups::Degenerate;
pub use parameters::{ContractedMatrix, MAX_EXPONENT, MAX_ROWS, Order, Overflow, PairMatrixParameters};
pub use site_packs::SitePacks;

use self::assembly::{Assemble, EigenvalueGradients, MatrixPullback, MatrixTangent, SiteRows};
use self::contracted::Contracted;
use super::{Descriptor, Environment, JacobianRow, Refusal, Species};
use crate::math::cutoff::SquareCutoff;
use crate::math::eigen::{Eigen, Matrix, multiply};
use crate::simd::{Isa, LANES, Lanes};
use crate::{Error, Stop, memory};

/// Purpose of the memory, for the message where it is refused.
const PURPOSE: &str = "matrix of one center";

/// Blocks of eight pairs of sites, `[i · n_orbitals + j]` in each, one lane a pair.
#[derive(Debug, Clone)]
pub struct PairBlocks {
    /// The blocks.
    pub values: Vec<[f64; LANES]>,
    /// Derivatives of the blocks with respect to the position of the first site.
    pub derivatives: [Vec<[f64; LANES]>; 3],
}

impl PairBlocks {
    pub(super) fn new(n_orbitals: usize) -> Result<Self, Error> {
        let zeros = || memory::zeros(PURPOSE, n_orbitals * n_orbitals);
        Ok(Self { values: zeros()?, derivatives: [zeros()?, zeros()?, zeros()?] })
    }
}

/// Matrix elements: the block of each pair of sites, and its derivatives.
pub trait MatrixElements: Sync + 'static {
    /// Name of a feature, before its number.
    const NAME: &'static str;

    /// Rows of a site.
    fn n_orbitals(&self) -> usize;
    /// Numbers that a site brings along.
    fn n_quantities(&self) -> usize;
    /// Number `place` of those of a site of this channel.
    fn quantity(&self, place: usize, channel: u8) -> f64;
    /// The blocks of site `a` with each of the sites in `pack`, and if `derivatives` their derivatives, zero for a site
    /// and itself. Zero too in lanes that only fill up the pack.
    fn blocks<V: Lanes>(&self, sites: &SitePacks, a: usize, pack: usize, derivatives: bool, blocks: &mut PairBlocks);
}

/// Eigenvalues of the matrix that `P` makes.
#[derive(Debug, Clone)]
pub struct PairMatrix<P> {
    parameters: PairMatrixParameters,
    species: Species,
    elements: P,
    contraction: Option<(OrbitalKinds, ContractedMatrix)>,
}

/// Buffers of one worker.
#[derive(Debug)]
pub struct PairMatrixScratch {
    sites: SitePacks,
    blocks: PairBlocks,
    overlap: Matrix,
    modulated: Matrix,
    eigen: Eigen,
    /// Eigenvectors as columns.
    columns: Matrix,
    /// Matrices of the way back, or ahead.
    buffer: [Matrix; 3],
    weights: Vec<f64>,
    /// Place of each eigenvalue in the row, which may be beyond its end.
    place: Vec<usize>,
    /// Eigenvalues by magnitude.
    order: Vec<usize>,
    displacements: [Vec<[f64; LANES]>; 3],
    contracted: Contracted,
    /// For eigenvalues in a degenerate group.
    few: (Eigen, Matrix),
    gradient: Vec<[f64; 3]>,
    /// An adjoint, and rows of a Jacobian.
    adjoint: Vec<f64>,
    rows: Vec<f64>,
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

    /// Adjoint weight of each eigenvalue.
    fn weights(&self, adjoint: &[f64], scratch: &mut PairMatrixScratch) -> Result<(), Error> {
        let mut weights = std::mem::take(&mut scratch.weights);
        let values = self.values(scratch);
        memory::refill(PURPOSE, &mut weights, values.len(), 0.0)?;
        self.for_each_place(scratch, |k, place| weights[k] = adjoint[place]);
        if self.averages() {
            groups::average(&mut weights, values, self.parameters.degenerate_tol);
        }
        scratch.weights = weights;
        Ok(())
    }

    /// The adjoints of the matrices for `scratch.weights`, into the first two of `scratch.buffer`.
    fn adjoints(&self, scratch: &mut PairMatrixScratch, stop: &Stop<'_>) -> Result<(), Error> {
        let PairMatrixScratch { overlap, modulated, eigen, columns, buffer, weights, contracted, .. } = scratch;
        let [first, second, third] = buffer;
        match &self.contraction {
            Some((_, ContractedMatrix::Overlap)) => contracted.adjoints(eigen, overlap, weights, [first, second], stop),
            Some((_, ContractedMatrix::Modulated)) => {
                contracted.adjoints(eigen, modulated, weights, [first, second], stop)?;
                first.all_mut().iter_mut().zip(second.all()).for_each(|(sum, part)| *sum += part);
                Ok(())
            }
            None => {
                // V diag(w) Vᵀ
                third.copy_from(columns)?;
                for mu in 0..third.n_rows() {
                    third.row_mut(mu).iter_mut().zip(weights.iter()).for_each(|(entry, weight)| *entry *= weight);
                }
                first.product_of(third, eigen.vectors(), stop)
            }
        }
    }

    /// The derivatives `[xyz][feature]` of all eigenvalues by the position of one site.
    fn rows_of_site(
        &self,
        site: usize,
        scratch: &mut PairMatrixScratch,
        rows: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let PairMatrixScratch { sites, blocks, eigen, columns, buffer: [of_site, products, out], .. } = scratch;
        let a = site + usize::from(sites.centered);
        let isa = Isa::detect();
        isa.run(SiteRows { elements: &self.elements, sites, blocks, a, rows: of_site })?;
        products.product_of(of_site, columns, stop)?;
        isa.run(EigenvalueGradients { sites, a, vectors: columns, products, out })?;
        let (values, n_features) = (eigen.values(), self.n_features());
        for axis in 0..3 {
            if self.averages() {
                groups::average(&mut out.row_mut(axis)[..values.len()], values, self.parameters.degenerate_tol);
            }
        }
        for axis in 0..3 {
            let (row, from) = (&mut rows[axis * n_features..][..n_features], scratch.buffer[2].row(axis));
            self.for_each_place(scratch, |k, place| row[place] = from[k]);
        }
        Ok(())
    }

    /// The derivatives `[site][xyz][feature]` of a row of few features, one pullback a feature.
    fn rows_one_by_one(
        &self,
        environment: &Environment<'_>,
        scratch: &mut PairMatrixScratch,
        rows: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let n_features = self.n_features();
        let (mut gradient, mut adjoint) = (std::mem::take(&mut scratch.gradient), std::mem::take(&mut scratch.adjoint));
        memory::resize(PURPOSE, &mut gradient, environment.len(), [0.0; 3])?;
        for feature in 0..n_features {
            memory::refill(PURPOSE, &mut adjoint, n_features, 0.0)?;
            adjoint[feature] = 1.0;
            self.expand_pullback(environment, &adjoint, scratch, &mut gradient, stop)?;
            for (rows, gradient) in rows.chunks_exact_mut(3 * n_features).zip(&gradient) {
                (0..3).for_each(|axis| rows[axis * n_features + feature] = gradient[axis]);
            }
        }
        (scratch.gradient, scratch.adjoint) = (gradient, adjoint);
        Ok(())
    }

    /// Gradients of the adjoints in `scratch.buffer` with respect to the sites.
    fn contract_adjoints(
        &self,
        scratch: &mut PairMatrixScratch,
        gradient: &mut [[f64; 3]],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let PairMatrixScratch { sites, blocks, buffer: [first, second, _], .. } = scratch;
        let overlap = matches!(self.contraction, Some((_, ContractedMatrix::Overlap))).then_some(&*second);
        Isa::detect().run(MatrixPullback {
            elements: &self.elements,
            sites,
            blocks,
            modulated: first,
            overlap,
            gradient,
            stop,
        })
    }
}

/// The derivatives of the sorted eigenvalues of a group, into the values of the first of `few`: the eigenvalues of
/// the change of the matrix between eigenvectors, `changes`, in this group.
fn split(
    changes: &Matrix,
    group: std::ops::Range<usize>,
    few: &mut (Eigen, Matrix),
    stop: &Stop<'_>,
) -> Result<(), Error> {
    let (eigen, small) = few;
    small.reset(group.len(), group.len())?;
    for (i, k) in group.clone().enumerate() {
        for (j, l) in group.clone().enumerate() {
            small.row_mut(i)[j] = 0.5 * (changes.row(k)[l] + changes.row(l)[k]);
        }
    }
    eigen.find_values(small, stop)
}

/// Eigenvalues that are negative by no more than this share of the largest are zeros but for rounding.
const NOISE: f64 = 1e-12;

impl<P: MatrixElements> Descriptor for PairMatrix<P> {
    type Scratch = PairMatrixScratch;

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
        Ok(PairMatrixScratch {
            sites: SitePacks::default(),
            blocks: PairBlocks::new(self.elements.n_orbitals())?,
            overlap: Matrix::default(),
            modulated: Matrix::default(),
            eigen: Eigen::default(),
            columns: Matrix::default(),
            buffer: Default::default(),
            weights: Vec::new(),
            place: Vec::new(),
            order: Vec::new(),
            displacements: Default::default(),
            contracted: Contracted::default(),
            few: Default::default(),
            gradient: Vec::new(),
            adjoint: Vec::new(),
            rows: Vec::new(),
        })
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
        sites.fill(&self.elements, SquareCutoff::new(r_cut, exponent), environment)?;
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
        let PairMatrixScratch { sites, blocks, displacements: in_lanes, buffer, .. } = scratch;
        let [of_matrix, of_x, changes] = buffer;
        for (axis, in_lanes) in in_lanes.iter_mut().enumerate() {
            memory::refill(PURPOSE, in_lanes, sites.mask.len(), [0.0; LANES])?;
            let in_lanes = in_lanes.as_flattened_mut()[usize::from(sites.centered)..].iter_mut();
            in_lanes.zip(displacements).for_each(|(to, from)| *to = from[axis]);
        }
        let contracts_overlap = matches!(self.contraction, Some((_, ContractedMatrix::Overlap)));
        let overlap = contracts_overlap.then_some(&mut *of_x);
        Isa::detect().run(MatrixTangent {
            elements: &self.elements,
            sites,
            blocks,
            displacements: in_lanes,
            overlap,
            modulated: &mut *of_matrix,
            stop,
        })?;
        let PairMatrixScratch { eigen, contracted, overlap, modulated, columns, .. } = scratch;
        let mut weights = std::mem::take(&mut scratch.weights);
        weights.clear();
        memory::reserve(PURPOSE, &mut weights, eigen.values().len())?;
        match &self.contraction {
            Some((_, ContractedMatrix::Overlap)) => {
                contracted.tangent(eigen, overlap, [of_matrix, of_x], changes, stop)?;
            }
            Some((_, ContractedMatrix::Modulated)) => {
                contracted.tangent(eigen, modulated, [of_matrix, of_matrix], changes, stop)?;
            }
            None => {
                of_x.product_of(eigen.vectors(), of_matrix, stop)?;
                let dot = |k: usize| crate::simd::dot(of_x.row(k), eigen.vectors().row(k));
                weights.extend((0..of_x.n_rows()).map(dot));
            }
        }
        if self.contraction.is_some() {
            weights.extend((0..changes.n_rows()).map(|k| changes.row(k)[k]));
        }
        let tolerance = self.parameters.degenerate_tol;
        let values = if self.contraction.is_some() { contracted.eigen.values() } else { eigen.values() };
        match self.parameters.degenerate {
            Degenerate::Average => groups::average(&mut weights, values, tolerance),
            Degenerate::Raw | Degenerate::Error => {}
            Degenerate::Directional => {
                if self.contraction.is_none() && groups::groups(values, tolerance).any(|group| group.len() > 1) {
                    changes.reset(of_x.n_rows(), of_x.n_rows())?;
                    multiply(of_x, columns, changes, stop)?;
                }
                for group in groups::groups(values, tolerance).filter(|group| group.len() > 1) {
                    split(changes, group.clone(), &mut scratch.few, stop)?;
                    weights[group].copy_from_slice(scratch.few.0.values());
                }
            }
        }
        tangent.fill(0.0);
        self.for_each_place(scratch, |k, place| tangent[place] = weights[k]);
        scratch.weights = weights;
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
        self.weights(adjoint, scratch)?;
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
