//! Sums over `m` of products of coefficients, and the way back.

use std::ops::Range;

use super::PowerSpectrum;
use crate::simd::{Capacity, HALF, Kernel, LANES, Lanes, Packs, ends_in_half};
use crate::{Error, Stop};

/// `out = κ_l μ Σ_terms Σ_m a_lm[n] b_lm[n']` for all pairs of some functions that are stored.
pub(super) struct PowerSpectrumProducts<'a> {
    pub spectrum: &'a PowerSpectrum,
    pub factors: [FactorFunctions<'a>; 2],
    pub terms: &'a [[&'a [f64]; 2]],
    pub tile: &'a mut [[f64; LANES]],
    pub out: &'a mut [f64],
    pub stop: &'a Stop<'a>,
}

/// Functions of one factor: all of them, or those that are there.
#[derive(Debug, Clone, Copy)]
pub(super) struct FactorFunctions<'a> {
    /// Place of each among all functions of the factor, ascending.
    pub places: &'a [u32],
    /// Length of one `lm` in their coefficients.
    pub stride: usize,
}

impl Kernel for PowerSpectrumProducts<'_> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn run<V: Lanes>(self) -> Result<(), Error> {
        match V::CAPACITY {
            Capacity::Values32 => self.tiles::<V, 8, 4>(),
            Capacity::Values8 => self.tiles::<V, 4, 2>(),
            Capacity::Values4 => self.tiles::<V, 2, 1>(),
        }
    }
}

impl PowerSpectrumProducts<'_> {
    /// `SIZE` functions of the left factor with eight of the right at a time; the last of both are `FEW`, and four, where
    /// that is enough.
    #[inline(always)]
    fn tiles<V: Lanes, const SIZE: usize, const FEW: usize>(mut self) -> Result<(), Error> {
        let [n_left, n_right] = self.factors.map(|factor| factor.places.len());
        for n in (0..n_left).step_by(SIZE) {
            let last = (n + SIZE).min(n_left) - 1;
            let layout = &self.spectrum.layout;
            let (first, end) = (layout.others(n, n_right).start, layout.others(last, n_right).end);
            self.stop.check_after((end - first) * self.spectrum.n_harmonics())?;
            for pack in first / LANES..end.div_ceil(LANES) {
                match (last - n < FEW, end <= pack * LANES + HALF) {
                    (false, false) => self.tile::<V, SIZE, false>(n, pack),
                    (false, true) => self.tile::<V, SIZE, true>(n, pack),
                    (true, false) => self.tile::<V, FEW, false>(n, pack),
                    (true, true) => self.tile::<V, FEW, true>(n, pack),
                }
                self.write::<V>(n..last + 1, pack);
            }
        }
        Ok(())
    }

    /// Sums over `m`, of all degrees.
    #[inline(always)]
    fn tile<V: Lanes, const SIZE: usize, const IS_HALF: bool>(&mut self, n: usize, pack: usize) {
        let n_padded = padded(self.spectrum.degree_weights.len());
        for (l, kappa) in self.spectrum.degree_weights.iter().enumerate() {
            let sums = self.degree::<V, SIZE, IS_HALF>(l, n, pack);
            for (i, sum) in sums.into_iter().enumerate() {
                sum.times(V::splat(*kappa)).store(std::array::from_mut(&mut self.tile[i * n_padded + l]));
            }
        }
    }

    /// Sums over `m` of one degree.
    #[inline(always)]
    fn degree<V: Lanes, const SIZE: usize, const IS_HALF: bool>(
        &self,
        l: usize,
        n: usize,
        pack: usize,
    ) -> [Packs<V, 1, IS_HALF>; SIZE] {
        let [left, right] = self.factors.map(|factor| factor.stride);
        let mut sums = [Packs::zero(); SIZE];
        for [a, b] in self.terms {
            let rows = l * l..(l + 1) * (l + 1);
            let a = a[rows.start * left..rows.end * left].chunks_exact(left);
            let b = b[rows.start * right..rows.end * right].chunks_exact(right);
            for (a, b) in a.zip(b) {
                // Strides are multiples of eight, so that a tile never reaches beyond a row.
                let Some(a) = a[n..].first_chunk::<SIZE>() else { break };
                let b = Packs::load(std::array::from_ref(&b.as_chunks::<LANES>().0[pack]));
                for i in 0..SIZE {
                    sums[i] = b.mul_add(V::splat(a[i]), sums[i]);
                }
            }
        }
        sums
    }

    /// Puts a tile, `[n][l]` with `n'` in lanes, where it belongs.
    #[inline(always)]
    fn write<V: Lanes>(&mut self, functions: Range<usize>, pack: usize) {
        let layout = &self.spectrum.layout;
        let n_degrees = self.spectrum.degree_weights.len();
        let [left, right] = self.factors.map(|factor| factor.places);
        for (n, tile) in functions.zip(self.tile.chunks_exact(padded(n_degrees))) {
            let others = layout.others(n, right.len());
            let (first, last) = (others.start.max(pack * LANES), others.end.min((pack + 1) * LANES));
            if first >= last {
                continue;
            }
            let mut weights = [layout.weight(0, 1); LANES];
            if n / LANES == pack {
                weights[n % LANES] = layout.weight(n, n);
            }
            let weights = V::load(&weights);
            let row = layout.row(left[n] as usize);
            let place = |n_prime: u32| row.1 + (n_prime as usize - row.0.start) * n_degrees;
            let right = &right[first..last];
            for (group, degrees) in tile.as_chunks::<LANES>().0.iter().enumerate() {
                let rest = n_degrees - group * LANES;
                if rest == 1 {
                    let degree = (V::load(&degrees[0]) * weights).to_array();
                    for (product, &n_prime) in degree[first % LANES..].iter().zip(right) {
                        self.out[place(n_prime) + group * LANES] = *product;
                    }
                    continue;
                }
                let mut rows = [V::zero(); LANES];
                for (row, degree) in rows.iter_mut().zip(degrees) {
                    *row = V::load(degree) * weights;
                }
                let lines = V::transpose(rows).map(V::to_array);
                let lines = lines[first % LANES..].iter().zip(right);
                let out = lines.map(|(line, &n_prime)| (line, place(n_prime) + group * LANES));
                match rest {
                    2 => store::<2>(out, self.out),
                    3 => store::<3>(out, self.out),
                    4 => store::<4>(out, self.out),
                    5 => store::<5>(out, self.out),
                    6 => store::<6>(out, self.out),
                    7 => store::<7>(out, self.out),
                    _ => store::<8>(out, self.out),
                }
            }
        }
    }
}

/// Degrees of one function in a tile: whole groups, so that they can be transposed.
pub(super) fn padded(n_degrees: usize) -> usize {
    n_degrees.next_multiple_of(LANES)
}

/// Writes the first `COUNT` degrees of each line to its place.
#[inline(always)]
fn store<'a, const COUNT: usize>(lines: impl Iterator<Item = (&'a [f64; LANES], usize)>, out: &mut [f64]) {
    for (line, place) in lines {
        if let (Some(line), Some(out)) = (line.first_chunk::<COUNT>(), out[place..].first_chunk_mut::<COUNT>()) {
            *out = *line;
        }
    }
}

/// Length of the first of the pieces into which `rest` is cut, none longer than `most` and the last two alike. Without a
/// division, which takes as long as a piece.
#[inline(always)]
fn piece(rest: usize, most: usize) -> usize {
    if rest <= most {
        rest
    } else if rest < 2 * most {
        rest.div_ceil(2)
    } else {
        most
    }
}

/// `out_lm[n] = Σ_n' matrix_l[n'][n] from_lm[n']`.
pub(super) struct Apply<'a> {
    pub l_max: usize,
    /// Strides of `from` and of `out`.
    pub strides: [usize; 2],
    /// Functions in `from` and in `out`.
    pub lengths: [usize; 2],
    pub matrix: &'a [f64],
    pub from: &'a [f64],
    pub out: &'a mut [f64],
    pub stop: &'a Stop<'a>,
}

impl Kernel for Apply<'_> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn run<V: Lanes>(mut self) -> Result<(), Error> {
        // Harmonics of one degree that have sums in registers together: many, to hide the latency of a sum.
        let most = match V::CAPACITY {
            Capacity::Values32 => 8,
            Capacity::Values8 => 4,
            Capacity::Values4 => 2,
        };
        for l in 0..=self.l_max {
            let (mut lm, end) = (l * l, (l + 1) * (l + 1));
            while lm < end {
                self.stop.check_after(self.strides[0] * self.strides[1])?;
                let size = piece(end - lm, most);
                match size {
                    8 if most >= 8 => self.rows::<V, 8>(l, lm),
                    7 if most >= 8 => self.rows::<V, 7>(l, lm),
                    6 if most >= 8 => self.rows::<V, 6>(l, lm),
                    5 if most >= 8 => self.rows::<V, 5>(l, lm),
                    4 if most >= 4 => self.rows::<V, 4>(l, lm),
                    3 if most >= 4 => self.rows::<V, 3>(l, lm),
                    2 => self.rows::<V, 2>(l, lm),
                    _ => self.rows::<V, 1>(l, lm),
                }
                lm += size;
            }
        }
        Ok(())
    }
}

impl Apply<'_> {
    /// `SIZE` rows of degree `l`, from `lm`.
    #[inline(always)]
    fn rows<V: Lanes, const SIZE: usize>(&mut self, l: usize, lm: usize) {
        let [_, out_stride] = self.strides;
        for pack in 0..out_stride / LANES {
            if ends_in_half(self.lengths[1]) && (pack + 1) * LANES == out_stride {
                self.pack::<V, SIZE, true>(l, lm, pack);
            } else {
                self.pack::<V, SIZE, false>(l, lm, pack);
            }
        }
    }

    /// One pack of these rows.
    #[inline(always)]
    fn pack<V: Lanes, const SIZE: usize, const IS_HALF: bool>(&mut self, l: usize, lm: usize, pack: usize) {
        let [from_stride, out_stride] = self.strides;
        let length = self.lengths[0];
        let matrix = &self.matrix[l * from_stride * out_stride..][..from_stride * out_stride];
        let mut from = [&[][..]; SIZE];
        for (i, row) in from.iter_mut().enumerate() {
            *row = &self.from[(lm + i) * from_stride..][..length];
        }
        let mut sums = [Packs::<V, 1, IS_HALF>::zero(); SIZE];
        // Indices, because iterators side by side are not always inlined, and sums would leave their registers then.
        for n in 0..length {
            let Some(weights) = matrix[n * out_stride + pack * LANES..].first_chunk() else { break };
            let weights = Packs::load(std::array::from_ref(weights));
            for i in 0..SIZE {
                sums[i] = weights.mul_add(V::splat(from[i][n]), sums[i]);
            }
        }
        for (i, sum) in sums.into_iter().enumerate() {
            let row = &mut self.out[(lm + i) * out_stride..][..out_stride];
            sum.widen().store(&mut row.as_chunks_mut::<LANES>().0[pack]);
        }
    }
}
