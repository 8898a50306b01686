//! From density coefficients to features, `p = μ Σ_m c c'`, compressed and normalized; and back.

mod kernels;
mod matrices;
mod normalization;
mod present;

use std::ops::Range;

use super::factor::Factor;
use super::layout::ProductLayout;
use super::limits::PURPOSE;
use crate::simd::{Isa, LANES, scale};
use crate::{Error, Stop, memory};
use kernels::{Apply, FactorFunctions, PowerSpectrumProducts, padded};
use matrices::SymmetricMatrices;
pub use normalization::{Divisor, NO_FLOOR, Unnormalized};
use normalization::{project_out, project_out_unit};
use present::PresentScratch;

/// The power spectrum of one set of coefficients.
#[derive(Debug, Clone)]
pub struct PowerSpectrum {
    layout: ProductLayout,
    stride: usize,
    degree_weights: Vec<f64>,
    norm: Option<f64>,
    constant: Option<f64>,
    /// Functions of each species, by factor.
    species: [Vec<Range<usize>>; 2],
    /// Numbers of all functions, by factor.
    all: [Vec<u32>; 2],
}

/// Parameters of a power spectrum.
#[derive(Debug, Clone)]
pub struct PowerSpectrumParameters {
    /// Products that are kept.
    pub layout: ProductLayout,
    /// Length of one `lm` in the coefficients.
    pub stride: usize,
    /// `κ_l`
    pub degree_weights: Vec<f64>,
    /// Whether rows are divided by their length, and the length below which one is left as it is, or [`NO_FLOOR`];
    /// `None`: none is divided.
    pub norm: Option<f64>,
    /// Value of a last column that is the same in every row; `None` for no such column.
    pub constant: Option<f64>,
}

/// Buffers for one worker.
#[derive(Debug)]
pub struct PowerSpectrumScratch {
    /// Coefficients of each factor, where functions are grouped.
    sums: [Vec<f64>; 2],
    /// Tangents or adjoints of `sums`.
    derivative_sums: [Vec<f64>; 2],
    /// Products before the selection.
    products: Vec<f64>,
    /// Features but the constant, and their tangents or adjoints, before normalization.
    row: Vec<f64>,
    derivative_row: Vec<f64>,
    /// What the row that was contracted last was divided by.
    divisor: Divisor,
    /// `[n'][l][LANES]` of a tile, or the matrices of the adjoint.
    tile: Vec<[f64; LANES]>,
    matrix: Vec<f64>,
    /// Made when features are first asked for.
    present: PresentScratch,
}

impl PowerSpectrumScratch {
    /// Exchanges what is known of the row that was contracted last with that of another.
    pub fn exchange(&mut self, divisor: &mut Divisor) {
        std::mem::swap(&mut self.divisor, divisor);
    }
}

impl PowerSpectrum {
    /// A spectrum of coefficients `[lm][stride]`.
    pub fn new(parameters: PowerSpectrumParameters) -> Self {
        let PowerSpectrumParameters { layout, stride, degree_weights, norm, constant } = parameters;
        let factors = [&layout.left, &layout.right];
        let (species, all) = (factors.map(Factor::species), factors.map(|factor| (0..factor.len() as u32).collect()));
        Self { layout, stride, degree_weights, norm, constant, species, all }
    }

    /// Number of features.
    pub fn n_features(&self) -> usize {
        self.layout.n_features() + usize::from(self.constant.is_some())
    }

    /// `κ_l`
    pub fn degree_weights(&self) -> &[f64] {
        &self.degree_weights
    }

    /// Which functions meet.
    pub fn layout(&self) -> &ProductLayout {
        &self.layout
    }

    /// Largest degree.
    pub fn l_max(&self) -> usize {
        self.degree_weights.len() - 1
    }

    /// Writes the coefficients of one factor, grouped or not.
    pub fn sum_into(&self, factor: &Factor, coefficients: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        for (out, row) in out.chunks_exact_mut(factor.stride()).zip(coefficients.chunks_exact(self.stride)) {
            factor.add(0, &row[..factor.n_functions()], out);
        }
    }

    fn n_harmonics(&self) -> usize {
        (self.l_max() + 1) * (self.l_max() + 1)
    }

    /// Buffers for one worker. Those that not every question needs are made when they are needed.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn scratch(&self) -> Result<PowerSpectrumScratch, Error> {
        let n_products = if self.layout.selection.is_some() { self.layout.n_products() } else { 0 };
        Ok(PowerSpectrumScratch {
            sums: self.room_for_sums()?,
            derivative_sums: Default::default(),
            products: memory::zeros(PURPOSE, n_products)?,
            row: Vec::new(),
            derivative_row: Vec::new(),
            divisor: Divisor::Unknown,
            tile: memory::zeros(PURPOSE, LANES * padded(self.l_max() + 1))?,
            matrix: Vec::new(),
            present: PresentScratch::default(),
        })
    }

    /// Room for the coefficients of both factors, where their functions are grouped.
    fn room_for_sums(&self) -> Result<[Vec<f64>; 2], Error> {
        let k = self.n_harmonics();
        let ProductLayout { left, right, .. } = &self.layout;
        Ok([memory::zeros(PURPOSE, k * left.stride())?, memory::zeros(PURPOSE, k * right.stride())?])
    }

    /// Makes the buffers that derivatives need.
    fn expect_derivatives(&self, scratch: &mut PowerSpectrumScratch) -> Result<(), Error> {
        memory::resize(PURPOSE, &mut scratch.derivative_row, self.layout.n_features(), 0.0)?;
        if self.norm.is_some() {
            memory::resize(PURPOSE, &mut scratch.row, self.layout.n_features(), 0.0)?;
        }
        if scratch.derivative_sums[0].is_empty() {
            scratch.derivative_sums = self.room_for_sums()?;
        }
        Ok(())
    }

    /// Writes the constant column, if there is one, and returns the others.
    fn fill_constant<'a>(&self, row: &'a mut [f64], value: f64) -> &'a mut [f64] {
        let (row, rest) = row.split_at_mut(self.layout.n_features());
        rest.fill(value);
        row
    }

    /// Writes the derivative of the features along `tangent`.
    ///
    /// # Errors
    /// [`Error::Interrupted`], [`Error::Memory`].
    pub fn contract_tangent(
        &self,
        coefficients: &[f64],
        tangent: &[f64],
        scratch: &mut PowerSpectrumScratch,
        row: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.expect_derivatives(scratch)?;
        let mut p = std::mem::take(&mut scratch.row);
        let Unnormalized { norm, unit, coefficients } =
            self.before_normalization_if_needed(coefficients, scratch, &mut p, stop)?;
        let row = self.fill_constant(row, 0.0);
        let mut tangent_row = std::mem::take(&mut scratch.derivative_row);
        let PowerSpectrumScratch { sums, derivative_sums, products, tile, .. } = scratch;
        let [left, right] = self.gather(&coefficients, sums);
        let [left_tangent, right_tangent] = self.gather(tangent, derivative_sums);
        let terms = [[left, right_tangent], [left_tangent, right]];
        let out = if self.layout.selection.is_some() { &mut *products } else { &mut tangent_row };
        let factors = self.all_functions();
        Isa::detect().run(PowerSpectrumProducts { spectrum: self, factors, terms: &terms, tile, out, stop })?;
        if let Some(selection) = &self.layout.selection {
            selection.apply(products, &mut tangent_row);
        }
        if unit != 1.0 {
            scale(unit, &mut tangent_row);
        }
        match norm {
            Some(norm) => project_out(&p, norm, &tangent_row, row),
            None => row.copy_from_slice(&tangent_row),
        }
        (scratch.row, scratch.derivative_row) = (p, tangent_row);
        Ok(())
    }

    /// Writes the gradient of `Σ adjoint · features` with respect to the coefficients.
    ///
    /// # Errors
    /// [`Error::Interrupted`], [`Error::Memory`].
    pub fn contract_pullback(
        &self,
        coefficients: &[f64],
        adjoint: &[f64],
        scratch: &mut PowerSpectrumScratch,
        coefficients_adjoint: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.expect_derivatives(scratch)?;
        let adjoint = &adjoint[..self.layout.n_features()];
        let mut p = std::mem::take(&mut scratch.row);
        let Unnormalized { norm, unit, coefficients } =
            self.before_normalization_if_needed(coefficients, scratch, &mut p, stop)?;
        let mut projected = std::mem::take(&mut scratch.derivative_row);
        // What is left of the adjoint behind the normalization: the same projection, which is its own transpose.
        let inner = match norm {
            Some(norm) => {
                project_out(&p, norm, adjoint, &mut projected);
                &projected
            }
            None => adjoint,
        };
        self.products_pullback(&coefficients, inner, scratch, coefficients_adjoint, stop)?;
        if unit != 1.0 {
            scale(unit, coefficients_adjoint);
        }
        (scratch.row, scratch.derivative_row) = (p, projected);
        Ok(())
    }

    /// [`Self::contract_pullback`] where `features` are what [`Self::contract`] has written last, of these coefficients.
    ///
    /// # Errors
    /// [`Error::Interrupted`], [`Error::Memory`].
    pub fn contract_pullback_of_row(
        &self,
        coefficients: &[f64],
        features: &[f64],
        adjoint: &[f64],
        scratch: &mut PowerSpectrumScratch,
        coefficients_adjoint: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.expect_derivatives(scratch)?;
        let of_products = &adjoint[..self.layout.n_features()];
        match scratch.divisor {
            Divisor::Unknown => self.contract_pullback(coefficients, adjoint, scratch, coefficients_adjoint, stop),
            Divisor::One => self.products_pullback(coefficients, of_products, scratch, coefficients_adjoint, stop),
            Divisor::Length(norm) => {
                let mut projected = std::mem::take(&mut scratch.derivative_row);
                project_out_unit(&features[..of_products.len()], norm, of_products, &mut projected);
                self.products_pullback(coefficients, &projected, scratch, coefficients_adjoint, stop)?;
                scratch.derivative_row = projected;
                Ok(())
            }
        }
    }

    /// Writes the gradient of `Σ adjoint · features` with respect to the coefficients, without normalization.
    fn products_pullback(
        &self,
        coefficients: &[f64],
        adjoint: &[f64],
        scratch: &mut PowerSpectrumScratch,
        coefficients_adjoint: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let ProductLayout { left, right, .. } = &self.layout;
        memory::resize(PURPOSE, &mut scratch.matrix, (self.l_max() + 1) * left.stride() * right.stride(), 0.0)?;
        let PowerSpectrumScratch { sums, derivative_sums, products, matrix, .. } = scratch;
        let products = match &self.layout.selection {
            Some(selection) => {
                selection.apply_transposed(adjoint, products);
                products
            }
            None => adjoint,
        };
        let [left, right] = self.gather(coefficients, sums);
        // The left factor's adjoint is the matrix of products times the right factor, and the other way round; where
        // both are one, that is the symmetric matrix times the coefficients, once.
        let sides: &[_] = if self.layout.symmetric { &[(0, right)] } else { &[(0, right), (1, left)] };
        let factors = [&self.layout.left, &self.layout.right];
        let is_direct = self.layout.symmetric && !self.layout.left.is_summed();
        if !is_direct {
            coefficients_adjoint.fill(0.0);
        }
        for &(side, from) in sides {
            self.matrix_of(products, side, matrix, stop)?;
            let strides = [factors[1 - side].stride(), factors[side].stride()];
            let out = if is_direct { &mut *coefficients_adjoint } else { derivative_sums[side].as_mut_slice() };
            let lengths = [factors[1 - side].len(), factors[side].len()];
            Isa::detect().run(Apply { l_max: self.l_max(), strides, lengths, matrix, from, out, stop })?;
            if !is_direct {
                factors[side].spread(&derivative_sums[side], self.stride, coefficients_adjoint);
            }
        }
        Ok(())
    }

    /// All functions of both factors.
    fn all_functions(&self) -> [FactorFunctions<'_>; 2] {
        let strides = self.strides();
        [0, 1].map(|side| FactorFunctions { places: &self.all[side], stride: strides[side] })
    }

    /// Length of one `lm` in the coefficients of both factors.
    fn strides(&self) -> [usize; 2] {
        [&self.layout.left, &self.layout.right].map(Factor::stride)
    }

    /// The coefficients of both factors.
    fn gather<'a>(&self, coefficients: &'a [f64], buffer: &'a mut [Vec<f64>; 2]) -> [&'a [f64]; 2] {
        let [left_buffer, right_buffer] = buffer;
        let left = self.layout.left.gather(coefficients, self.stride, left_buffer);
        if self.layout.symmetric {
            return [left, left];
        }
        [left, self.layout.right.gather(coefficients, self.stride, right_buffer)]
    }

    /// Adjoints of the products as one matrix a degree, `[l][other factor][this factor]`.
    fn matrix_of(&self, products: &[f64], side: usize, matrix: &mut [f64], stop: &Stop<'_>) -> Result<(), Error> {
        let layout = &self.layout;
        if layout.symmetric {
            return Isa::detect().run(SymmetricMatrices { spectrum: self, products, matrix, stop });
        }
        let strides = [layout.left.stride(), layout.right.stride()];
        let (rows, columns) = (strides[1 - side], strides[side]);
        for n in 0..layout.left.len() {
            stop.check_after(LANES * layout.right.len() * layout.n_degrees())?;
            for n_prime in 0..layout.right.len() {
                let place = layout.place(n, n_prime);
                let (row, column) = if side == 0 { (n_prime, n) } else { (n, n_prime) };
                for (l, (p, kappa)) in products[place..].iter().zip(&self.degree_weights).enumerate() {
                    matrix[l * rows * columns + row * columns + column] = layout.weight(n, n_prime) * (kappa * p);
                }
            }
        }
        Ok(())
    }
}
