//! From blocks of site pairs to the matrix, and from adjoints of the matrix back to the sites.
//!
//! Row `o · n + a` belongs to orbital `o` of site `a`: sites run fastest, so that the lanes of a pack are neighboring
//! columns of the same orbital. The last pack of an orbital spills into the next orbital: see [`packs_backward`].

use std::iter::Rev;
use std::ops::Range;

use super::site_packs::SitePacks;
use super::{MatrixElements, PairBlocks};
use crate::math::eigen::Matrix;
use crate::simd::{Kernel, LANES, Lanes};
use crate::{Error, Stop};

/// Room for what a pack writes.
#[inline(always)]
fn at(row: &mut [f64], column: usize) -> &mut [f64; LANES] {
    &mut row[column..].as_chunks_mut::<LANES>().0[0]
}

#[inline(always)]
fn of(row: &[f64], column: usize) -> &[f64; LANES] {
    &row[column..].as_chunks::<LANES>().0[0]
}

/// Packs of sites, the last one first: what the last pack of an orbital spills into the next orbital is overwritten by
/// the first pack of that one, which comes later.
#[inline(always)]
fn packs_backward(sites: &SitePacks) -> Rev<Range<usize>> {
    (0..sites.mask.len()).rev()
}

/// Amplitude of site `a`.
#[inline(always)]
fn amplitude<V: Lanes>(sites: &SitePacks, a: usize) -> V {
    V::splat(sites.amplitude.as_flattened()[a])
}

/// Numbers that site `a` and all others make, and so steps that they take at least.
#[inline(always)]
fn steps<P: MatrixElements>(elements: &P, sites: &SitePacks) -> usize {
    sites.n * elements.n_orbitals() * elements.n_orbitals()
}

/// Writes the blocks `X` of all pairs of sites into `overlap`, where it is wanted, and with their amplitudes, as
/// `F X F`, into `modulated`.
pub struct Assemble<'a, P> {
    pub elements: &'a P,
    pub sites: &'a SitePacks,
    pub blocks: &'a mut PairBlocks,
    pub overlap: Option<&'a mut Matrix>,
    pub modulated: &'a mut Matrix,
    pub stop: &'a Stop<'a>,
}

impl<P: MatrixElements> Kernel for Assemble<'_, P> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn run<V: Lanes>(self) -> Result<(), Error> {
        let Self { elements, sites, blocks, mut overlap, modulated, stop } = self;
        let (n, n_orbitals) = (sites.n, elements.n_orbitals());
        modulated.reset(n * n_orbitals, n * n_orbitals)?;
        if let Some(overlap) = &mut overlap {
            overlap.reset(n * n_orbitals, n * n_orbitals)?;
        }
        for a in 0..n {
            stop.check_after(steps(elements, sites))?;
            let own = amplitude::<V>(sites, a);
            for pack in packs_backward(sites) {
                elements.blocks::<V>(sites, a, pack, false, blocks);
                let both = V::load(&sites.amplitude[pack]) * own;
                for i in 0..n_orbitals {
                    for j in 0..n_orbitals {
                        let value = V::load(&blocks.values[i * n_orbitals + j]);
                        let column = j * n + LANES * pack;
                        (value * both).store(at(modulated.row_mut(i * n + a), column));
                        if let Some(overlap) = &mut overlap {
                            value.store(at(overlap.row_mut(i * n + a), column));
                        }
                    }
                }
            }
        }
        modulated.trim();
        if let Some(overlap) = overlap {
            overlap.trim();
        }
        Ok(())
    }
}

/// Writes the derivatives of both matrices of [`Assemble`] along displacements of the sites.
pub struct MatrixTangent<'a, P> {
    pub elements: &'a P,
    pub sites: &'a SitePacks,
    pub blocks: &'a mut PairBlocks,
    /// Displacement of each site, in packs.
    pub displacements: &'a [Vec<[f64; LANES]>; 3],
    pub overlap: Option<&'a mut Matrix>,
    pub modulated: &'a mut Matrix,
    pub stop: &'a Stop<'a>,
}

impl<P: MatrixElements> Kernel for MatrixTangent<'_, P> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn run<V: Lanes>(self) -> Result<(), Error> {
        let Self { elements, sites, blocks, displacements, mut overlap, modulated, stop } = self;
        let (n, n_orbitals) = (sites.n, elements.n_orbitals());
        modulated.reset(n * n_orbitals, n * n_orbitals)?;
        if let Some(overlap) = &mut overlap {
            overlap.reset(n * n_orbitals, n * n_orbitals)?;
        }
        for a in 0..n {
            stop.check_after(steps(elements, sites))?;
            let (own, own_rate) = (amplitude::<V>(sites, a), V::splat(rate(sites, displacements, a)));
            for pack in packs_backward(sites) {
                elements.blocks::<V>(sites, a, pack, true, blocks);
                let (other, mut other_rate) = (V::load(&sites.amplitude[pack]), V::zero());
                let mut relative = [V::zero(); 3];
                for axis in 0..3 {
                    let other = V::load(&displacements[axis][pack]);
                    relative[axis] = V::splat(displacements[axis].as_flattened()[a]) - other;
                    other_rate = other * V::load(&sites.position[axis][pack]) + other_rate;
                }
                let other_rate = other_rate * V::load(&sites.derivative[pack]);
                let (both, both_rate) = (own * other, own * other_rate + own_rate * other);
                for i in 0..n_orbitals {
                    for j in 0..n_orbitals {
                        let at_block = i * n_orbitals + j;
                        let mut change = V::zero();
                        for axis in 0..3 {
                            change = V::load(&blocks.derivatives[axis][at_block]).mul_add(relative[axis], change);
                        }
                        let value = V::load(&blocks.values[at_block]);
                        let column = j * n + LANES * pack;
                        let sum = change.mul_add(both, value * both_rate);
                        sum.store(at(modulated.row_mut(i * n + a), column));
                        if let Some(overlap) = &mut overlap {
                            change.store(at(overlap.row_mut(i * n + a), column));
                        }
                    }
                }
            }
        }
        modulated.trim();
        if let Some(overlap) = overlap {
            overlap.trim();
        }
        Ok(())
    }
}

/// Rate of the amplitude of site `a`.
#[inline(always)]
fn rate(sites: &SitePacks, displacements: &[Vec<[f64; LANES]>; 3], a: usize) -> f64 {
    let mut sum = 0.0;
    for axis in 0..3 {
        sum += displacements[axis].as_flattened()[a] * sites.position[axis].as_flattened()[a];
    }
    sum * sites.derivative.as_flattened()[a]
}

/// Writes to `gradient[site]`, the center left out, the gradient of `Σ modulated · F X F + Σ overlap · X`; both adjoints
/// are symmetric.
pub struct MatrixPullback<'a, P> {
    pub elements: &'a P,
    pub sites: &'a SitePacks,
    pub blocks: &'a mut PairBlocks,
    pub modulated: &'a Matrix,
    pub overlap: Option<&'a Matrix>,
    pub gradient: &'a mut [[f64; 3]],
    pub stop: &'a Stop<'a>,
}

impl<P: MatrixElements> Kernel for MatrixPullback<'_, P> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn run<V: Lanes>(self) -> Result<(), Error> {
        let Self { elements, sites, blocks, modulated, overlap, gradient, stop } = self;
        let (n, n_orbitals) = (sites.n, elements.n_orbitals());
        let first = usize::from(sites.centered);
        for (gradient, a) in gradient.iter_mut().zip(first..n) {
            stop.check_after(steps(elements, sites))?;
            let own = amplitude::<V>(sites, a);
            let (mut sums, mut own_sum) = ([V::zero(); 3], V::zero());
            for pack in 0..sites.mask.len() {
                elements.blocks::<V>(sites, a, pack, true, blocks);
                let other = V::load(&sites.amplitude[pack]);
                let (both, mask) = (own * other, V::load(&sites.mask[pack]));
                for i in 0..n_orbitals {
                    for j in 0..n_orbitals {
                        let (at_block, column) = (i * n_orbitals + j, j * n + LANES * pack);
                        let adjoint = V::load(of(modulated.row(i * n + a), column));
                        let mut weight = adjoint * both;
                        if let Some(overlap) = overlap {
                            weight = V::load(of(overlap.row(i * n + a), column)).mul_add(mask, weight);
                        }
                        for axis in 0..3 {
                            sums[axis] = V::load(&blocks.derivatives[axis][at_block]).mul_add(weight, sums[axis]);
                        }
                        own_sum = (V::load(&blocks.values[at_block]) * other).mul_add(adjoint, own_sum);
                    }
                }
            }
            let own_sum = own_sum.sum() * sites.derivative.as_flattened()[a];
            for axis in 0..3 {
                gradient[axis] = 2.0 * (sums[axis].sum() + own_sum * sites.position[axis].as_flattened()[a]);
            }
        }
        Ok(())
    }
}

/// Writes the rows of site `a` of four matrices, those of one orbital together: the derivative by each coordinate of
/// the site, amplitudes being kept, and the matrix without the amplitude of the site itself.
pub struct SiteRows<'a, P> {
    pub elements: &'a P,
    pub sites: &'a SitePacks,
    pub blocks: &'a mut PairBlocks,
    pub a: usize,
    pub rows: &'a mut Matrix,
}

impl<P: MatrixElements> Kernel for SiteRows<'_, P> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn run<V: Lanes>(self) -> Result<(), Error> {
        let Self { elements, sites, blocks, a, rows } = self;
        let (n, n_orbitals) = (sites.n, elements.n_orbitals());
        rows.reset(4 * n_orbitals, n * n_orbitals)?;
        let own = amplitude::<V>(sites, a);
        for pack in packs_backward(sites) {
            elements.blocks::<V>(sites, a, pack, true, blocks);
            let other = V::load(&sites.amplitude[pack]);
            let both = own * other;
            for i in 0..n_orbitals {
                for j in 0..n_orbitals {
                    let (at_block, column) = (i * n_orbitals + j, j * n + LANES * pack);
                    for axis in 0..3 {
                        let derivative = V::load(&blocks.derivatives[axis][at_block]) * both;
                        derivative.store(at(rows.row_mut(4 * i + axis), column));
                    }
                    (V::load(&blocks.values[at_block]) * other).store(at(rows.row_mut(4 * i + 3), column));
                }
            }
        }
        rows.trim();
        Ok(())
    }
}

/// Writes the three rows `[xyz][k]` of the derivatives of all eigenvalues by the position of site `a`.
///
/// `products` are the rows of [`SiteRows`] times the eigenvectors, which are the columns of `vectors`.
pub struct EigenvalueGradients<'a> {
    pub sites: &'a SitePacks,
    pub a: usize,
    pub vectors: &'a Matrix,
    pub products: &'a Matrix,
    pub out: &'a mut Matrix,
}

impl Kernel for EigenvalueGradients<'_> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn run<V: Lanes>(self) -> Result<(), Error> {
        let Self { sites, a, vectors, products, out } = self;
        let (n, n_orbitals) = (sites.n, products.n_rows() / 4);
        out.reset(3, vectors.n_columns())?;
        let derivative = 2.0 * sites.derivative.as_flattened()[a];
        let mut amplitude = [V::zero(); 3];
        for axis in 0..3 {
            amplitude[axis] = V::splat(derivative * sites.position[axis].as_flattened()[a]);
        }
        for pack in 0..vectors.n_packs() {
            let mut sums = [V::zero(); 4];
            for i in 0..n_orbitals {
                let vector = V::load(&vectors.packs(i * n + a)[pack]);
                for part in 0..4 {
                    sums[part] = V::load(&products.packs(4 * i + part)[pack]).mul_add(vector, sums[part]);
                }
            }
            for axis in 0..3 {
                let sum = sums[axis] + sums[axis];
                let row = out.row_mut(axis).as_chunks_mut::<LANES>().0;
                sums[3].mul_add(amplitude[axis], sum).store(&mut row[pack]);
            }
        }
        Ok(())
    }
}
