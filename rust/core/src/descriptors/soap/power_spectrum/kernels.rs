//! Sums over `m` of products of coefficients, and the way back.

use super::super::limits::MAX_DEGREE;
use super::PowerSpectrum;
use crate::simd::{Capacity, Kernel, LANES, Lanes};
use crate::{Error, Stop};

/// `out = κ_l μ Σ_terms Σ_m a_lm[n] b_lm[n']` for all pairs that are stored.
pub(super) struct PowerSpectrumProducts<'a> {
    pub spectrum: &'a PowerSpectrum,
    pub terms: &'a [[&'a [f64]; 2]],
    pub tile: &'a mut [[f64; LANES]],
    pub out: &'a mut [f64],
    pub stop: &'a Stop<'a>,
}

impl Kernel for PowerSpectrumProducts<'_> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn run<V: Lanes>(self) -> Result<(), Error> {
        match V::CAPACITY {
            Capacity::Values32 => self.tiles::<V, 8>(),
            Capacity::Values8 => self.tiles::<V, 4>(),
            Capacity::Values4 => self.tiles::<V, 2>(),
        }
    }
}

impl PowerSpectrumProducts<'_> {
    /// `SIZE` functions of the left factor with eight of the right at a time.
    #[inline(always)]
    fn tiles<V: Lanes, const SIZE: usize>(self) -> Result<(), Error> {
        let Self { spectrum, terms, tile, out, stop } = self;
        let layout = &spectrum.layout;
        for n in (0..layout.left.len()).step_by(SIZE) {
            let last = (n + SIZE).min(layout.left.len()) - 1;
            let (first, end) = (layout.row(n).0.start, layout.row(last).0.end);
            stop.check_after((end - first) * spectrum.n_harmonics())?;
            for pack in first / LANES..end.div_ceil(LANES) {
                for (l, kappa) in spectrum.degree_weights.iter().enumerate() {
                    let sums = spectrum.tile::<V, SIZE>(l, n, pack, terms);
                    for (i, sum) in sums.into_iter().enumerate() {
                        (sum * V::splat(*kappa)).store(&mut tile[i * spectrum.degree_weights.len() + l]);
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
                    (V::load(lanes) * V::splat(weight)).store(out);
                }
                rest.iter_mut().zip(beyond).for_each(|(out, degree)| *out = weight * degree[n_prime % LANES]);
            }
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
    /// Functions in `from`.
    pub length: usize,
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
        let [from_stride, out_stride] = self.strides;
        let matrix = &self.matrix[l * from_stride * out_stride..][..from_stride * out_stride];
        let mut from = [&[][..]; SIZE];
        for (i, row) in from.iter_mut().enumerate() {
            *row = &self.from[(lm + i) * from_stride..][..self.length];
        }
        for pack in 0..out_stride / LANES {
            let mut sums = [V::zero(); SIZE];
            // Indices, because iterators side by side are not always inlined, and sums would leave their registers then.
            for n in 0..self.length {
                let Some(weights) = matrix[n * out_stride + pack * LANES..].first_chunk() else { break };
                let weights = V::load(weights);
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
