//! Rows of length one: the length before, and what is left of a derivative.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use super::{PowerSpectrum, PowerSpectrumProducts, PowerSpectrumScratch};
use crate::simd::{Isa, Kernel, LANES, Lanes, dot};
use crate::{Error, Stop};

/// The floor of lengths where there is none: the direction of a row is what it is, however short the row was.
pub const NO_FLOOR: f64 = 0.0;
/// Squares of lengths that have all their digits, and 2^±900.
const SQUARES: RangeInclusive<f64> = 1.2e-271..=8.4e270;

/// A row before normalization: its length, and the coefficients in range.
pub struct Unnormalized<'a> {
    /// Length of the row, if it is to be normalized.
    pub norm: Option<f64>,
    /// A power of two that brought the square of the length into range. What is normalized does not change by it, what
    /// it is differentiated by must be multiplied with it.
    pub unit: f64,
    /// The coefficients, times the unit.
    pub coefficients: Cow<'a, [f64]>,
}

/// What a row was divided by.
#[derive(Debug, Clone, Copy, Default)]
pub enum Divisor {
    /// Nobody knows: coefficients were brought into range before, or there was no row.
    #[default]
    Unknown,
    /// Nothing.
    One,
    /// Its length.
    Length(f64),
}

impl Divisor {
    /// That of a row of coefficients that were multiplied with `unit` before.
    pub(super) fn of(norm: Option<f64>, unit: f64) -> Self {
        match norm {
            _ if unit != 1.0 => Self::Unknown,
            Some(norm) => Self::Length(norm),
            None => Self::One,
        }
    }
}

impl PowerSpectrum {
    /// Writes the row as it is before normalization, but for the constant.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn before_normalization<'a>(
        &self,
        coefficients: &'a [f64],
        scratch: &mut PowerSpectrumScratch,
        row: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<Unnormalized<'a>, Error> {
        let norm = self.unnormalized(coefficients, scratch, row, stop)?;
        if norm.is_none()
            && let Some((unit, scaled)) = self.rescaled(coefficients)
        {
            let norm = self.unnormalized(&scaled, scratch, row, stop)?;
            return Ok(Unnormalized { norm, unit, coefficients: Cow::Owned(scaled) });
        }
        Ok(Unnormalized { norm, unit: 1.0, coefficients: Cow::Borrowed(coefficients) })
    }

    /// The row before normalization, where rows are normalized; else it is not written, because nobody needs it.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn before_normalization_if_needed<'a>(
        &self,
        coefficients: &'a [f64],
        scratch: &mut PowerSpectrumScratch,
        row: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<Unnormalized<'a>, Error> {
        if self.norm.is_some() {
            return self.before_normalization(coefficients, scratch, row, stop);
        }
        Ok(Unnormalized { norm: None, unit: 1.0, coefficients: Cow::Borrowed(coefficients) })
    }

    /// Writes the row; its length if it is to be normalized, and has all its digits.
    fn unnormalized(
        &self,
        coefficients: &[f64],
        scratch: &mut PowerSpectrumScratch,
        row: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<Option<f64>, Error> {
        let PowerSpectrumScratch { sums, products, tile, .. } = scratch;
        let terms = [self.gather(coefficients, sums)];
        let out = if self.layout.selection.is_some() { products.as_mut_slice() } else { &mut *row };
        let factors = self.all_functions();
        Isa::detect().run(PowerSpectrumProducts { spectrum: self, factors, terms: &terms, tile, out, stop })?;
        if let Some(selection) = &self.layout.selection {
            selection.apply(products, row);
        }
        Ok(self.norm.and_then(|_| self.length(dot(row, row))))
    }

    /// The length that a row is to be divided by, of the `square` of its length: none where rows are not normalized, or
    /// this one not yet.
    pub(super) fn length(&self, square: f64) -> Option<f64> {
        let smallest = self.norm?;
        let counts = if smallest == NO_FLOOR { SQUARES.contains(&square) } else { square.sqrt() >= smallest };
        counts.then(|| square.sqrt())
    }

    /// A power of two, and the coefficients times it, where these are so small or large that squares of lengths were
    /// not in range; none where all are zero, or of order one already.
    #[cold]
    pub(super) fn rescaled(&self, coefficients: &[f64]) -> Option<(f64, Vec<f64>)> {
        if self.norm != Some(NO_FLOOR) {
            return None;
        }
        let largest = coefficients.iter().fold(0.0_f64, |largest, c| largest.max(c.abs()));
        if largest == 0.0 || !largest.is_finite() || (0.5..1.0).contains(&largest) {
            return None;
        }
        let unit = libm::ldexp(1.0, (-libm::frexp(largest).1).clamp(-1000, 1000));
        if unit == 1.0 || largest * unit >= 1.0 || largest * unit < 0.5 {
            return None;
        }
        Some((unit, coefficients.iter().map(|c| c * unit).collect()))
    }
}

/// `(d - q (q·d)) / |p|`, what normalization leaves of a derivative or an adjoint `d`; `p` is the row before it, and
/// `q = p / |p|`.
pub(super) fn project_out(p: &[f64], norm: f64, derivative: &[f64], out: &mut [f64]) {
    let along = dot(p, derivative) / (norm * norm);
    Isa::detect().run(Perpendicular { p, derivative, along, inverse: 1.0 / norm, out });
}

/// As [`project_out`], from the row `q` of length one that was `norm` long.
pub(super) fn project_out_unit(q: &[f64], norm: f64, derivative: &[f64], out: &mut [f64]) {
    let along = dot(q, derivative);
    Isa::detect().run(Perpendicular { p: q, derivative, along, inverse: 1.0 / norm, out });
}

/// `(derivative - along · p) · inverse`
struct Perpendicular<'a> {
    p: &'a [f64],
    derivative: &'a [f64],
    along: f64,
    inverse: f64,
    out: &'a mut [f64],
}

impl Kernel for Perpendicular<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { p, derivative, along, inverse, out } = self;
        let ((p, p_rest), (derivative, derivative_rest)) = (p.as_chunks::<LANES>(), derivative.as_chunks::<LANES>());
        let (out, out_rest) = out.as_chunks_mut::<LANES>();
        for (out, (p, derivative)) in out.iter_mut().zip(p.iter().zip(derivative)) {
            (V::load(p).neg_mul_add(V::splat(along), V::load(derivative)) * V::splat(inverse)).store(out);
        }
        let rest = p_rest.iter().zip(derivative_rest);
        out_rest.iter_mut().zip(rest).for_each(|(out, (p, derivative))| *out = (derivative - p * along) * inverse);
    }
}
