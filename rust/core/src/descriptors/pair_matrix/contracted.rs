//! The contracted fingerprint: the leading eigenvector, summed over the orbitals of one kind, sees an overlap matrix
//! of a few rows, whose eigenvalues are the features.
//!
//! With the eigenvectors `v_k` of the matrix `M`, eigenvalues `λ_k`, and the matrix `X`, which is `M` with or without
//! the amplitudes, `C_TT' = Σ v_μ X_μν v_ν` over orbitals `μ` of kind `T` and `ν` of `T'`, where `v = v_1`.

use super::{PURPOSE, groups};
use crate::descriptors::{Environment, Refusal};
use crate::math::eigen::{Eigen, Matrix};
use crate::{Error, Stop, memory, simd};

/// Share of a degenerate leading space that the center's first orbital must have to choose a vector in it.
const CLEAR: f64 = 1e-6;

/// Steps that one entry takes here, where sums are scattered.
const STEPS_PER_ENTRY: usize = 8;

/// Kinds of orbitals: each kind is one row of the contracted matrix.
#[derive(Debug, Clone)]
pub struct OrbitalKinds {
    /// Kind of each orbital of a site: the place of its degree among those there are.
    pub of_orbital: Vec<usize>,
    /// Number of degrees.
    pub n_degrees: usize,
    /// Number of species.
    pub n_species: usize,
}

impl OrbitalKinds {
    /// Number of features.
    pub fn count(&self) -> usize {
        self.n_degrees * (self.n_species + 1)
    }

    /// The kinds of the rows of a matrix, orbital by orbital. The center is of a kind of its own, whatever its species.
    fn of_rows<'a>(&'a self, centered: bool, environment: &'a Environment<'_>) -> impl Iterator<Item = usize> {
        let others = environment.channel.iter().map(|&channel| 1 + usize::from(channel));
        let species = centered.then_some(0).into_iter().chain(others);
        self.of_orbital.iter().flat_map(move |kind| species.clone().map(move |s| s * self.n_degrees + kind))
    }
}

/// Buffers, and what is known about the present center.
#[derive(Debug, Clone, Default)]
pub struct Contracted {
    /// Kind of each orbital.
    kind: Vec<usize>,
    /// The leading vector.
    leading: Vec<f64>,
    /// Eigenvalues that are degenerate with the largest one, itself included.
    n_leading: usize,
    small: Matrix,
    pub eigen: Eigen,
    weighted: Vec<f64>,
    perturbation: Vec<f64>,
}

impl Contracted {
    /// Eigenvalues of the small matrix, into `self.eigen`; `full` holds eigenvalues and vectors of `M`, `x` is `X`.
    ///
    /// # Errors
    /// [`Refusal::NoLeadingVector`] where the largest eigenvalue is degenerate and nothing chooses a vector;
    /// [`Refusal::Unfinished`].
    pub fn find(
        &mut self,
        kinds: &OrbitalKinds,
        (centered, environment): (bool, &Environment<'_>),
        full: &Eigen,
        x: &Matrix,
        tolerance: f64,
        stop: &Stop<'_>,
    ) -> Result<(), Refusal> {
        let n = full.values().len();
        self.kind.clear();
        memory::reserve(PURPOSE, &mut self.kind, n)?;
        self.kind.extend(kinds.of_rows(centered, environment));
        memory::refill(PURPOSE, &mut self.leading, n, 0.0)?;
        self.n_leading = groups::groups(full.values(), tolerance).next().map_or(0, |group| group.end);
        if self.n_leading == 1 {
            self.leading.copy_from_slice(&full.vectors().row(0)[..n]);
        } else if self.n_leading > 1 {
            // The vector of this space that is nearest to the first orbital of the center.
            for k in 0..self.n_leading {
                let vector = full.vectors().row(k);
                simd::add_scaled(vector[0], &vector[..n], &mut self.leading);
            }
            let share = simd::dot(&self.leading, &self.leading);
            if !centered || share < CLEAR {
                let gap = full.values()[0] - full.values()[1];
                return Err(Refusal::NoLeadingVector { gap });
            }
            self.leading.iter_mut().for_each(|x| *x /= share.sqrt());
        }
        self.small.reset(kinds.count(), kinds.count())?;
        for mu in 0..n {
            stop.check_after(n * STEPS_PER_ENTRY)?;
            let row = &x.row(mu)[..n];
            let out = self.small.row_mut(self.kind[mu]);
            for nu in 0..n {
                out[self.kind[nu]] += self.leading[mu] * row[nu] * self.leading[nu];
            }
        }
        symmetrize(&mut self.small);
        self.eigen.find_all(&mut self.small, stop)?;
        Ok(())
    }

    /// Adjoints for the adjoint `weights` of the features: of `M`, into `of_matrix`, and of `X`, into `of_x`.
    pub fn adjoints(
        &mut self,
        full: &Eigen,
        x: &Matrix,
        weights: &[f64],
        [of_matrix, of_x]: [&mut Matrix; 2],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let n = full.values().len();
        let n_kinds = weights.len();
        // Q = Y diag(w) Yᵀ
        self.small.reset(n_kinds, n_kinds)?;
        for (k, &weight) in weights.iter().enumerate() {
            stop.check_after(n_kinds * n_kinds)?;
            let y = self.eigen.vectors().row(k);
            for i in 0..n_kinds {
                simd::add_scaled(weight * y[i], &y[..n_kinds], &mut self.small.row_mut(i)[..n_kinds]);
            }
        }
        of_matrix.reset(n, n)?;
        of_x.reset(n, n)?;
        self.weighted.clear();
        memory::reserve(PURPOSE, &mut self.weighted, n)?;
        for mu in 0..n {
            stop.check_after(n * STEPS_PER_ENTRY)?;
            let q = self.small.row(self.kind[mu]);
            let (row, out) = (&x.row(mu)[..n], &mut of_x.row_mut(mu)[..n]);
            let mut sum = 0.0;
            for nu in 0..n {
                let weight = q[self.kind[nu]];
                out[nu] = weight * self.leading[mu] * self.leading[nu];
                sum += weight * row[nu] * self.leading[nu];
            }
            self.weighted.push(2.0 * sum);
        }
        self.respond(full)?;
        let q = &self.perturbation;
        for mu in 0..n {
            let out = &mut of_matrix.row_mut(mu)[..n];
            simd::add_scaled(0.5 * q[mu], &self.leading, out);
            simd::add_scaled(0.5 * self.leading[mu], q, out);
        }
        Ok(())
    }

    /// `perturbation = Σ_k v_k (v_k · weighted) / (λ_1 - λ_k)` over all that are not degenerate with the largest.
    fn respond(&mut self, full: &Eigen) -> Result<(), Error> {
        let (n, values) = (full.values().len(), full.values());
        memory::refill(PURPOSE, &mut self.perturbation, n, 0.0)?;
        for k in self.n_leading..n {
            let vector = &full.vectors().row(k)[..n];
            let share = simd::dot(vector, &self.weighted) / (values[0] - values[k]);
            simd::add_scaled(share, vector, &mut self.perturbation);
        }
        Ok(())
    }

    /// `Yᵀ dC Y` for the changes of `M` and of `X`, into `out`.
    pub fn tangent(
        &mut self,
        full: &Eigen,
        x: &Matrix,
        [of_matrix, of_x]: [&Matrix; 2],
        out: &mut Matrix,
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let n = full.values().len();
        let n_kinds = self.eigen.values().len();
        self.weighted.clear();
        memory::reserve(PURPOSE, &mut self.weighted, n)?;
        self.weighted.extend((0..n).map(|mu| simd::dot(&of_matrix.row(mu)[..n], &self.leading)));
        self.respond(full)?;
        let (v, dv) = (&self.leading, &self.perturbation);
        self.small.reset(n_kinds, n_kinds)?;
        for mu in 0..n {
            stop.check_after(n * STEPS_PER_ENTRY)?;
            let (row, changed) = (&x.row(mu)[..n], &of_x.row(mu)[..n]);
            let out = self.small.row_mut(self.kind[mu]);
            for nu in 0..n {
                let pair = dv[mu] * v[nu] + v[mu] * dv[nu];
                out[self.kind[nu]] += row[nu] * pair + changed[nu] * v[mu] * v[nu];
            }
        }
        symmetrize(&mut self.small);
        out.reset(n_kinds, n_kinds)?;
        for k in 0..n_kinds {
            stop.check_after(n_kinds * n_kinds)?;
            for l in 0..n_kinds {
                let (y, z) = (&self.eigen.vectors().row(k)[..n_kinds], &self.eigen.vectors().row(l)[..n_kinds]);
                out.row_mut(k)[l] = (0..n_kinds).map(|i| y[i] * simd::dot(&self.small.row(i)[..n_kinds], z)).sum();
            }
        }
        Ok(())
    }
}

/// Makes both triangles the mean of what they are.
fn symmetrize(matrix: &mut Matrix) {
    for i in 0..matrix.n_rows() {
        for j in 0..i {
            let mean = 0.5 * (matrix.row(i)[j] + matrix.row(j)[i]);
            matrix.row_mut(i)[j] = mean;
            matrix.row_mut(j)[i] = mean;
        }
    }
}
