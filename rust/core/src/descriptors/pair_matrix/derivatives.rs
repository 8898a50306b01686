//! Derivatives of the eigenvalues: back from an adjoint, as rows of a Jacobian, along displacements.

use super::assembly::{EigenvalueGradients, MatrixPullback, MatrixTangent, SiteRows};
use super::scratch::PairMatrixScratch;
use super::{ContractedMatrix, Degenerate, MatrixElements, PURPOSE, PairMatrix, groups};
use crate::descriptors::{Descriptor, Environment};
use crate::math::eigen::{Eigen, Matrix, multiply};
use crate::simd::{Isa, LANES};
use crate::{Error, Stop, memory};

impl<P: MatrixElements> PairMatrix<P> {
    /// The adjoint of each eigenvalue, into `scratch.of_eigenvalue`.
    pub(super) fn adjoint_of_eigenvalues(&self, adjoint: &[f64], scratch: &mut PairMatrixScratch) -> Result<(), Error> {
        let mut of_eigenvalue = std::mem::take(&mut scratch.of_eigenvalue);
        let values = self.values(scratch);
        memory::refill(PURPOSE, &mut of_eigenvalue, values.len(), 0.0)?;
        self.for_each_place(scratch, |k, place| of_eigenvalue[k] = adjoint[place]);
        if self.averages() {
            groups::average(&mut of_eigenvalue, values, self.parameters.degenerate_tol);
        }
        scratch.of_eigenvalue = of_eigenvalue;
        Ok(())
    }

    /// The adjoints of the matrices for `scratch.of_eigenvalue`, into the first two of `scratch.buffer`.
    pub(super) fn adjoints(&self, scratch: &mut PairMatrixScratch, stop: &Stop<'_>) -> Result<(), Error> {
        let PairMatrixScratch { overlap, modulated, eigen, columns, buffer, of_eigenvalue, contracted, .. } = scratch;
        let [first, second, third] = buffer;
        match &self.contraction {
            Some((_, ContractedMatrix::Overlap)) => {
                contracted.adjoints(eigen, overlap, of_eigenvalue, [first, second], stop)
            }
            Some((_, ContractedMatrix::Modulated)) => {
                contracted.adjoints(eigen, modulated, of_eigenvalue, [first, second], stop)?;
                first.all_mut().iter_mut().zip(second.all()).for_each(|(sum, part)| *sum += part);
                Ok(())
            }
            None => {
                // V diag(w) Vᵀ
                third.copy_from(columns)?;
                for mu in 0..third.n_rows() {
                    third.row_mut(mu).iter_mut().zip(of_eigenvalue.iter()).for_each(|(entry, weight)| *entry *= weight);
                }
                first.product_of(third, eigen.vectors(), stop)
            }
        }
    }

    /// The derivatives `[xyz][feature]` of all eigenvalues by the position of one site.
    pub(super) fn rows_of_site(
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
    pub(super) fn rows_one_by_one(
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
    pub(super) fn contract_adjoints(
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

    /// Derivatives of all eigenvalues along displacements of the sites, into `scratch.of_eigenvalue`.
    pub(super) fn tangents(
        &self,
        displacements: &[[f64; 3]],
        scratch: &mut PairMatrixScratch,
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
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
        let mut of_eigenvalue = std::mem::take(&mut scratch.of_eigenvalue);
        of_eigenvalue.clear();
        memory::reserve(PURPOSE, &mut of_eigenvalue, eigen.values().len())?;
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
                of_eigenvalue.extend((0..of_x.n_rows()).map(dot));
            }
        }
        if self.contraction.is_some() {
            of_eigenvalue.extend((0..changes.n_rows()).map(|k| changes.row(k)[k]));
        }
        let tolerance = self.parameters.degenerate_tol;
        let values = if self.contraction.is_some() { contracted.eigen.values() } else { eigen.values() };
        match self.parameters.degenerate {
            Degenerate::Average => groups::average(&mut of_eigenvalue, values, tolerance),
            Degenerate::Raw | Degenerate::Error => {}
            Degenerate::Directional => {
                if self.contraction.is_none() && groups::groups(values, tolerance).any(|group| group.len() > 1) {
                    changes.reset(of_x.n_rows(), of_x.n_rows())?;
                    multiply(of_x, columns, changes, stop)?;
                }
                for group in groups::groups(values, tolerance).filter(|group| group.len() > 1) {
                    split(changes, group.clone(), &mut scratch.of_group, stop)?;
                    of_eigenvalue[group].copy_from_slice(scratch.of_group.0.values());
                }
            }
        }
        scratch.of_eigenvalue = of_eigenvalue;
        Ok(())
    }
}

/// The derivatives of the sorted eigenvalues of a group, into the values of the first of `of_group`: the eigenvalues of
/// the change of the matrix between eigenvectors, `changes`, in this group.
fn split(
    changes: &Matrix,
    group: std::ops::Range<usize>,
    of_group: &mut (Eigen, Matrix),
    stop: &Stop<'_>,
) -> Result<(), Error> {
    let (eigen, small) = of_group;
    small.reset(group.len(), group.len())?;
    for (i, k) in group.clone().enumerate() {
        for (j, l) in group.clone().enumerate() {
            small.row_mut(i)[j] = 0.5 * (changes.row(k)[l] + changes.row(l)[k]);
        }
    }
    eigen.find_values(small, stop)
}
