//! From density coefficients to features, `p = μ Σ_m c c'`, compressed and normalised; and back.

use std::ops::RangeInclusive;

use super::compression::{Factor, Layout};
use super::{MAX_DEGREE, WHAT};
use crate::simd::{Isa, Kernel, LANES, Lanes, dot, scale};
use crate::{Error, Stop, memory};

/// The floor of lengths where there is none: the direction of a row is what it is, however short the row was.
pub const NO_FLOOR: f64 = 0.0;
/// Squares of lengths that have all their digits, and 2^±900.
const SQUARES: RangeInclusive<f64> = 1.2e-271..=8.4e270;

/// The power spectrum of one set of coefficients.
#[derive(Debug, Clone)]
pub struct PowerSpectrum {
    layout: Layout,
    stride: usize,
    degree_weights: Vec<f64>,
    norm: Option<f64>,
    constant: Option<f64>,
}

/// What a power spectrum is made of.
#[derive(Debug, Clone)]
pub struct SpectrumParameters {
    /// Which products are kept.
    pub layout: Layout,
    /// Length of one `lm` in the coefficients.
    pub stride: usize,
    /// `κ_l`
    pub degree_weights: Vec<f64>,
    /// The length below which a row is not divided by it, or [`NO_FLOOR`]; `None` if none is.
    pub norm: Option<f64>,
    /// A last column that always is this.
    pub constant: Option<f64>,
}

/// Buffers for one worker.
#[derive(Debug)]
pub struct Spectrum {
    /// Coefficients of each factor, where functions are grouped; those of the tangent or adjoint.
    sums: [Vec<f64>; 2],
    rates: [Vec<f64>; 2],
    /// Products before the selection.
    products: Vec<f64>,
    /// Features but the constant, and their derivatives.
    row: Vec<f64>,
    rate: Vec<f64>,
    /// `[n'][l][LANES]` of a tile, or the matrices of the adjoint.
    tile: Vec<[f64; LANES]>,
    matrix: Vec<f64>,
}

impl PowerSpectrum {
    /// A spectrum of coefficients `[lm][stride]`.
    pub fn new(parameters: SpectrumParameters) -> Self {
        let SpectrumParameters { layout, stride, degree_weights, norm, constant } = parameters;
        Self { layout, stride, degree_weights, norm, constant }
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
    pub fn layout(&self) -> &Layout {
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
    pub fn scratch(&self) -> Result<Spectrum, Error> {
        let n_products = if self.layout.selection.is_some() { self.layout.n_products() } else { 0 };
        Ok(Spectrum {
            sums: self.room_for_sums()?,
            rates: Default::default(),
            products: memory::zeros(WHAT, n_products)?,
            row: Vec::new(),
            rate: Vec::new(),
            tile: memory::zeros(WHAT, LANES * (self.l_max() + 1))?,
            matrix: Vec::new(),
        })
    }

    /// Room for the coefficients of both factors, where their functions are grouped.
    fn room_for_sums(&self) -> Result<[Vec<f64>; 2], Error> {
        let k = self.n_harmonics();
        let Layout { left, right, .. } = &self.layout;
        Ok([memory::zeros(WHAT, k * left.stride())?, memory::zeros(WHAT, k * right.stride())?])
    }

    /// Makes the buffers that derivatives need.
    fn expect_derivatives(&self, scratch: &mut Spectrum) -> Result<(), Error> {
        memory::resize(WHAT, &mut scratch.rate, self.layout.n_features(), 0.0)?;
        if self.norm.is_some() {
            memory::resize(WHAT, &mut scratch.row, self.layout.n_features(), 0.0)?;
        }
        if scratch.rates[0].is_empty() {
            scratch.rates = self.room_for_sums()?;
        }
        Ok(())
    }

    /// Writes the features.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn contract(
        &self,
        coefficients: &[f64],
        scratch: &mut Spectrum,
        row: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let row = self.fill_constant(row, self.constant.unwrap_or(0.0));
        if let Some(norm) = self.unnormalised(coefficients, scratch, row, stop)? {
            scale(1.0 / norm, row);
        } else if let Some((_, coefficients)) = self.rescaled(coefficients)
            && let Some(norm) = self.unnormalised(&coefficients, scratch, row, stop)?
        {
            scale(1.0 / norm, row);
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
        scratch: &mut Spectrum,
        row: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.expect_derivatives(scratch)?;
        let mut p = std::mem::take(&mut scratch.row);
        let norm = self.unnormalised_if_needed(coefficients, scratch, &mut p, stop)?;
        if let (None, Some((unit, coefficients))) = (norm, self.rescaled(coefficients)) {
            scratch.row = p;
            let tangent: Vec<f64> = tangent.iter().map(|x| x * unit).collect();
            return self.contract_tangent(&coefficients, &tangent, scratch, row, stop);
        }
        let row = self.fill_constant(row, 0.0);
        let mut rate = std::mem::take(&mut scratch.rate);
        let Spectrum { sums, rates, products, tile, .. } = scratch;
        let [left, right] = self.gather(coefficients, sums);
        let [left_rate, right_rate] = self.gather(tangent, rates);
        let terms = [[left, right_rate], [left_rate, right]];
        let out = if self.layout.selection.is_some() { &mut *products } else { &mut rate };
        Isa::detect().run(Products { spectrum: self, terms: &terms, tile, out, stop })?;
        if let Some(selection) = &self.layout.selection {
            selection.apply(products, &mut rate);
        }
        match norm {
            Some(norm) => project_out(&p, norm, &rate, row),
            None => row.copy_from_slice(&rate),
        }
        (scratch.row, scratch.rate) = (p, rate);
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
        scratch: &mut Spectrum,
        coefficients_adjoint: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        self.expect_derivatives(scratch)?;
        let Layout { left, right, .. } = &self.layout;
        memory::resize(WHAT, &mut scratch.matrix, (self.l_max() + 1) * left.stride() * right.stride(), 0.0)?;
        let adjoint = &adjoint[..self.layout.n_features()];
        let mut p = std::mem::take(&mut scratch.row);
        let norm = self.unnormalised_if_needed(coefficients, scratch, &mut p, stop)?;
        if let (None, Some((unit, coefficients))) = (norm, self.rescaled(coefficients)) {
            scratch.row = p;
            self.contract_pullback(&coefficients, adjoint, scratch, coefficients_adjoint, stop)?;
            scale(unit, coefficients_adjoint);
            return Ok(());
        }
        let mut rate = std::mem::take(&mut scratch.rate);
        // What is left of the adjoint behind the normalisation: the same projection, which is its own transpose.
        let inner = match norm {
            Some(norm) => {
                project_out(&p, norm, adjoint, &mut rate);
                &rate
            }
            None => adjoint,
        };
        let Spectrum { sums, rates, products, matrix, .. } = scratch;
        let products = match &self.layout.selection {
            Some(selection) => {
                selection.apply_transposed(inner, products);
                products
            }
            None => inner,
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
            let out = if is_direct { &mut *coefficients_adjoint } else { rates[side].as_mut_slice() };
            let length = factors[1 - side].len();
            Isa::detect().run(Apply { l_max: self.l_max(), strides, length, matrix, from, out, stop })?;
            if !is_direct {
                factors[side].spread(&rates[side], self.stride, coefficients_adjoint);
            }
        }
        (scratch.row, scratch.rate) = (p, rate);
        Ok(())
    }

    /// Writes `p` as it is before normalisation, but for the constant; its length if it is to be normalised.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn unnormalised(
        &self,
        coefficients: &[f64],
        scratch: &mut Spectrum,
        row: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<Option<f64>, Error> {
        let Spectrum { sums, products, tile, .. } = scratch;
        let terms = [self.gather(coefficients, sums)];
        let out = if self.layout.selection.is_some() { products.as_mut_slice() } else { &mut *row };
        Isa::detect().run(Products { spectrum: self, terms: &terms, tile, out, stop })?;
        if let Some(selection) = &self.layout.selection {
            selection.apply(products, row);
        }
        let Some(smallest) = self.norm else { return Ok(None) };
        let square = dot(row, row);
        let counts = if smallest == NO_FLOOR { SQUARES.contains(&square) } else { square.sqrt() >= smallest };
        Ok(counts.then(|| square.sqrt()))
    }

    /// A power of two, and the coefficients times it, where these are so small or large that squares of lengths were
    /// not in range; none where all are zero, or of order one already.
    ///
    /// What is normalised does not change by that; what it is differentiated by must be multiplied too.
    #[cold]
    pub fn rescaled(&self, coefficients: &[f64]) -> Option<(f64, Vec<f64>)> {
        let largest = coefficients.iter().fold(0.0_f64, |largest, c| largest.max(c.abs()));
        if self.norm != Some(NO_FLOOR) || largest == 0.0 || !largest.is_finite() || (0.5..1.0).contains(&largest) {
            return None;
        }
        let unit = libm::ldexp(1.0, (-libm::frexp(largest).1).clamp(-1000, 1000));
        if unit == 1.0 || largest * unit >= 1.0 || largest * unit < 0.5 {
            return None;
        }
        Some((unit, coefficients.iter().map(|c| c * unit).collect()))
    }

    fn unnormalised_if_needed(
        &self,
        coefficients: &[f64],
        scratch: &mut Spectrum,
        row: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<Option<f64>, Error> {
        if self.norm.is_some() { self.unnormalised(coefficients, scratch, row, stop) } else { Ok(None) }
    }

    /// The coefficients of both factors.
    fn gather<'a>(&self, coefficients: &'a [f64], room: &'a mut [Vec<f64>; 2]) -> [&'a [f64]; 2] {
        let [left_room, right_room] = room;
        let left = self.layout.left.gather(coefficients, self.stride, left_room);
        if self.layout.symmetric {
            return [left, left];
        }
        [left, self.layout.right.gather(coefficients, self.stride, right_room)]
    }

    /// Adjoints of the products as one matrix a degree, `[l][other factor][this factor]`.
    fn matrix_of(&self, products: &[f64], side: usize, matrix: &mut [f64], stop: &Stop<'_>) -> Result<(), Error> {
        let layout = &self.layout;
        let strides = [layout.left.stride(), layout.right.stride()];
        let (rows, columns) = (strides[1 - side], strides[side]);
        for n in 0..layout.left.len() {
            stop.after(LANES * layout.right.len() * layout.n_degrees())?;
            for n_prime in layout.first(n)..layout.right.len() {
                let weight = layout.weight(n, n_prime);
                let place = layout.place(n, n_prime);
                let (row, column) = if side == 0 { (n_prime, n) } else { (n, n_prime) };
                let diagonal = if layout.symmetric && n == n_prime { 2.0 } else { 1.0 };
                for (l, (p, kappa)) in products[place..].iter().zip(&self.degree_weights).enumerate() {
                    let p = kappa * p;
                    let block = &mut matrix[l * rows * columns..];
                    block[row * columns + column] = diagonal * weight * p;
                    if layout.symmetric {
                        block[column * columns + row] = diagonal * weight * p;
                    }
                }
            }
        }
        Ok(())
    }
}

/// `(rate - q (q·rate)) / |p|`, what normalisation leaves of a derivative; `p` is the vector before it.
pub fn project_out(p: &[f64], norm: f64, rate: &[f64], out: &mut [f64]) {
    let along = dot(p, rate) / (norm * norm);
    Isa::detect().run(Perpendicular { p, rate, along, inverse: 1.0 / norm, out });
}

/// `(rate - along · p) · inverse`
struct Perpendicular<'a> {
    p: &'a [f64],
    rate: &'a [f64],
    along: f64,
    inverse: f64,
    out: &'a mut [f64],
}

impl Kernel for Perpendicular<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { p, rate, along, inverse, out } = self;
        let ((p, p_rest), (rate, rate_rest)) = (p.as_chunks::<LANES>(), rate.as_chunks::<LANES>());
        let (out, out_rest) = out.as_chunks_mut::<LANES>();
        for (out, (p, rate)) in out.iter_mut().zip(p.iter().zip(rate)) {
            V::load(p).neg_mul_add(V::splat(along), V::load(rate)).mul(V::splat(inverse)).store(out);
        }
        let rest = p_rest.iter().zip(rate_rest);
        out_rest.iter_mut().zip(rest).for_each(|(out, (p, rate))| *out = (rate - p * along) * inverse);
    }
}

/// `out = κ_l μ Σ_terms Σ_m a_lm[n] b_lm[n']` for all pairs that are stored.
struct Products<'a> {
    spectrum: &'a PowerSpectrum,
    terms: &'a [[&'a [f64]; 2]],
    tile: &'a mut [[f64; LANES]],
    out: &'a mut [f64],
    stop: &'a Stop<'a>,
}

impl Kernel for Products<'_> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn run<V: Lanes>(self) -> Result<(), Error> {
        match V::REGISTERS / V::WIDTH {
            32 => self.tiles::<V, 8>(),
            8 => self.tiles::<V, 4>(),
            _ => self.tiles::<V, 2>(),
        }
    }
}

impl Products<'_> {
    /// `SIZE` functions of the left factor with eight of the right at a time.
    #[inline(always)]
    fn tiles<V: Lanes, const SIZE: usize>(self) -> Result<(), Error> {
        let Self { spectrum, terms, tile, out, stop } = self;
        let layout = &spectrum.layout;
        for n in (0..layout.left.len()).step_by(SIZE) {
            let last = (n + SIZE).min(layout.left.len()) - 1;
            let (first, end) = (layout.row(n).0.start, layout.row(last).0.end);
            stop.after((end - first) * spectrum.n_harmonics())?;
            for pack in first / LANES..end.div_ceil(LANES) {
                for (l, kappa) in spectrum.degree_weights.iter().enumerate() {
                    let sums = spectrum.tile::<V, SIZE>(l, n, pack, terms);
                    for (i, sum) in sums.into_iter().enumerate() {
                        sum.mul(V::splat(*kappa)).store(&mut tile[i * spectrum.degree_weights.len() + l]);
                    }
                }
                spectrum.write::<V>(n..last + 1, pack, tile, out);
            }
        }
        Ok(())
    }
}

impl PowerSpectrum {
    /// Sums over `m` of one degree.
    #[inline(always)]
    fn tile<V: Lanes, const SIZE: usize>(&self, l: usize, n: usize, pack: usize, terms: &[[&[f64]; 2]]) -> [V; SIZE] {
        let [left, right] = [self.layout.left.stride(), self.layout.right.stride()];
        let mut sums = [V::zero(); SIZE];
        for [a, b] in terms {
            let rows = l * l..(l + 1) * (l + 1);
            let a = a[rows.start * left..rows.end * left].chunks_exact(left);
            let b = b[rows.start * right..rows.end * right].chunks_exact(right);
            for (a, b) in a.zip(b) {
                // Strides are multiples of eight, so that a tile never reaches beyond a row.
                let Some(a) = a[n..].first_chunk::<SIZE>() else { break };
                let b = V::load(&b.as_chunks::<LANES>().0[pack]);
                for i in 0..SIZE {
                    sums[i] = b.mul_add(V::splat(a[i]), sums[i]);
                }
            }
        }
        sums
    }

    /// Puts a tile, `[n][l]` with `n'` in lanes, where it belongs.
    #[inline(always)]
    fn write<V: Lanes>(&self, functions: std::ops::Range<usize>, pack: usize, tile: &[[f64; LANES]], out: &mut [f64]) {
        let n_degrees = self.degree_weights.len();
        let mut lines = [[[0.0; LANES]; (MAX_DEGREE + 1) / LANES]; LANES];
        for (n, tile) in functions.zip(tile.chunks_exact(n_degrees)) {
            let (others, place) = self.layout.row(n);
            let first = others.start.max(pack * LANES);
            let last = others.end.min((pack + 1) * LANES);
            if first >= last {
                continue;
            }
            let (groups, beyond) = tile.as_chunks::<LANES>();
            for (group, degrees) in groups.iter().enumerate() {
                let mut rows = [V::zero(); LANES];
                for (row, degree) in rows.iter_mut().zip(degrees) {
                    *row = V::load(degree);
                }
                for (line, lanes) in lines.iter_mut().zip(V::transpose(rows)) {
                    lanes.store(&mut line[group]);
                }
            }
            for n_prime in first..last {
                let weight = self.layout.weight(n, n_prime);
                let out = &mut out[place + (n_prime - others.start) * n_degrees..][..n_degrees];
                let (groups, rest) = out.as_chunks_mut::<LANES>();
                for (out, lanes) in groups.iter_mut().zip(&lines[n_prime % LANES]) {
                    V::load(lanes).mul(V::splat(weight)).store(out);
                }
                rest.iter_mut().zip(beyond).for_each(|(out, degree)| *out = weight * degree[n_prime % LANES]);
            }
        }
    }
}

/// `out_lm[n] = Σ_n' matrix_l[n'][n] from_lm[n']`.
struct Apply<'a> {
    l_max: usize,
    /// Strides of `from` and of `out`.
    strides: [usize; 2],
    /// Functions in `from`.
    length: usize,
    matrix: &'a [f64],
    from: &'a [f64],
    out: &'a mut [f64],
    stop: &'a Stop<'a>,
}

impl Kernel for Apply<'_> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn run<V: Lanes>(mut self) -> Result<(), Error> {
        for l in 0..=self.l_max {
            // Four harmonics of one degree at a time, to hide the latency of a sum; then what is left of an odd number.
            let (first, last) = (l * l, (l + 1) * (l + 1));
            let whole = first + (last - first) / 4 * 4;
            for lm in (first..whole).step_by(4) {
                self.stop.after(self.strides[0] * self.strides[1])?;
                self.rows::<V, 4>(l, lm);
            }
            for lm in whole..last {
                self.rows::<V, 1>(l, lm);
            }
        }
        Ok(())
    }
}

impl Apply<'_> {
    /// `SIZE` rows of degree `l`, from `lm`.
    #[inline(always)]
    fn rows<V: Lanes, const SIZE: usize>(&mut self, l: usize, lm: usize) {
        let [from_stride, out_stride] = self.strides;
        let matrix = &self.matrix[l * from_stride * out_stride..][..from_stride * out_stride];
        let mut from = [&[][..]; SIZE];
        for (i, row) in from.iter_mut().enumerate() {
            *row = &self.from[(lm + i) * from_stride..][..self.length];
        }
        for pack in 0..out_stride / LANES {
            let mut sums = [V::zero(); SIZE];
            for (n, row) in matrix.chunks_exact(out_stride).enumerate().take(self.length) {
                let weights = V::load(&row.as_chunks::<LANES>().0[pack]);
                for i in 0..SIZE {
                    sums[i] = weights.mul_add(V::splat(from[i][n]), sums[i]);
                }
            }
            for (i, sum) in sums.into_iter().enumerate() {
                let row = &mut self.out[(lm + i) * out_stride..][..out_stride];
                sum.store(&mut row.as_chunks_mut::<LANES>().0[pack]);
            }
        }
    }
}
