//! Species that are there: around a center that sees three of five species, most products are zero.
//!
//! Of a center are multiplied the functions of species that have coefficients at all. What that leaves of a row, its
//! *stretches*, is worked out once for each set of species.

use std::borrow::Cow;
use std::ops::Range;

use super::super::limits::PURPOSE;
use super::super::selection::Selection;
use super::kernels::{FactorFunctions, PowerSpectrumProducts};
use super::{Divisor, PowerSpectrum, PowerSpectrumScratch, Unnormalized};
use crate::descriptors::RowStretches;
use crate::simd::{Isa, Kernel, LANES, Lanes, scale};
use crate::{Error, Stop, memory};

/// Sets of species that are remembered.
const MOST_SETS: usize = 32;

/// The features of the present center, and what is known of the sets of species met so far.
#[derive(Debug, Default)]
pub struct PresentScratch {
    /// Bits of the coefficients of each function.
    bits: Vec<u64>,
    /// Species of the left factor, then of the right one, that have coefficients.
    species: Vec<bool>,
    sets: Vec<SpeciesSet>,
    /// The set whose stretches hold something.
    set: Option<usize>,
    /// Coefficients of the functions that are there.
    coefficients: [Vec<f64>; 2],
    /// Products, zero outside of those that are there.
    products: Vec<f64>,
    /// Features before normalization, zero outside of the stretches.
    pub(super) row: Vec<f64>,
}

/// A set of species.
#[derive(Debug)]
struct SpeciesSet {
    species: Vec<bool>,
    /// Functions of either factor, among all of its functions.
    functions: [Vec<u32>; 2],
    /// Features that are not zero for want of a species, in their order; no two touch.
    stretches: Vec<Range<usize>>,
}

/// Rows longer than this are written where they belong at once, rather than beside it first.
const LONG: usize = 1 << 20;

impl PowerSpectrum {
    /// Writes the features.
    ///
    /// # Errors
    /// [`Error::Interrupted`], [`Error::Memory`].
    pub fn contract(
        &self,
        coefficients: &[f64],
        scratch: &mut PowerSpectrumScratch,
        row: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        if self.prefers_stretches() {
            self.contract_in_stretches(coefficients, scratch, stop)?.write(row);
            return Ok(());
        }
        let row = self.fill_constant(row, self.constant.unwrap_or(0.0));
        let Unnormalized { norm, unit, .. } = self.before_normalization(coefficients, scratch, row, stop)?;
        scratch.divisor = Divisor::of(norm, unit);
        if let Some(norm) = norm {
            scale(1.0 / norm, row);
        }
        Ok(())
    }

    /// Whether rows are made in stretches first.
    pub fn prefers_stretches(&self) -> bool {
        self.layout.n_features() <= LONG
    }

    /// The features in stretches.
    ///
    /// # Errors
    /// [`Error::Interrupted`], [`Error::Memory`].
    pub fn contract_in_stretches<'a>(
        &self,
        coefficients: &[f64],
        scratch: &'a mut PowerSpectrumScratch,
        stop: &Stop<'_>,
    ) -> Result<RowStretches<'a>, Error> {
        let Unnormalized { norm, unit, .. } = self.present_before_normalization(coefficients, scratch, stop)?;
        scratch.divisor = Divisor::of(norm, unit);
        let PresentScratch { sets, set, row, .. } = &scratch.present;
        let stretches = set.map_or(&[][..], |set| &sets[set].stretches);
        Ok(RowStretches { values: row, stretches, factor: norm.map_or(1.0, |norm| 1.0 / norm), last: self.constant })
    }

    /// As [`Self::before_normalization`], of species that are there; the row is that of `scratch.present`.
    pub(super) fn present_before_normalization<'a>(
        &self,
        coefficients: &'a [f64],
        scratch: &mut PowerSpectrumScratch,
        stop: &Stop<'_>,
    ) -> Result<Unnormalized<'a>, Error> {
        let norm = self.present_row(coefficients, scratch, stop)?;
        if norm.is_none()
            && let Some((unit, scaled)) = self.rescaled(coefficients)
        {
            let norm = self.present_row(&scaled, scratch, stop)?;
            return Ok(Unnormalized { norm, unit, coefficients: Cow::Owned(scaled) });
        }
        Ok(Unnormalized { norm, unit: 1.0, coefficients: Cow::Borrowed(coefficients) })
    }

    /// Writes the stretches of a row as they are before normalization; returns the row's length if it is to be
    /// normalized, and has all its digits.
    fn present_row(
        &self,
        coefficients: &[f64],
        scratch: &mut PowerSpectrumScratch,
        stop: &Stop<'_>,
    ) -> Result<Option<f64>, Error> {
        let PowerSpectrumScratch { sums, tile, present, .. } = scratch;
        let factors = self.gather(coefficients, sums);
        self.find_species(factors, present)?;
        self.know_species(present, stop)?;
        let PresentScratch { sets, set: Some(set), coefficients, products, row, .. } = present else { return Ok(None) };
        let SpeciesSet { functions, stretches, .. } = &sets[*set];
        let mut strides = self.strides();
        let mut terms = [factors];
        let is_whole = functions.iter().zip(&self.all).all(|(some, all)| some.len() == all.len());
        if !is_whole {
            for side in 0..if self.layout.symmetric { 1 } else { 2 } {
                let stride = functions[side].len().next_multiple_of(LANES);
                memory::resize(PURPOSE, &mut coefficients[side], self.n_harmonics() * stride + LANES, 0.0)?;
                let (from, out) = ((factors[side], strides[side]), (coefficients[side].as_mut_slice(), stride));
                Isa::detect().run(Compact { from, out, functions: &functions[side] });
                strides[side] = stride;
            }
            let [left, right] = &*coefficients;
            terms = [[left, if self.layout.symmetric { left } else { right }]];
            if self.layout.symmetric {
                strides[1] = strides[0];
            }
        }
        let factors = [0, 1].map(|side| FactorFunctions { places: &functions[side], stride: strides[side] });
        let out = if self.layout.selection.is_some() { &mut *products } else { &mut *row };
        Isa::detect().run(PowerSpectrumProducts { spectrum: self, factors, terms: &terms, tile, out, stop })?;
        if let Some(selection) = &self.layout.selection {
            stretches.iter().for_each(|stretch| selection.apply_to(stretch.clone(), products, row));
        }
        Ok(self.length(Isa::detect().run(SquareOf { row, stretches })))
    }

    /// Which species have coefficients.
    fn find_species(&self, factors: [&[f64]; 2], present: &mut PresentScratch) -> Result<(), Error> {
        present.species.clear();
        memory::reserve(PURPOSE, &mut present.species, self.species[0].len() + self.species[1].len())?;
        for (side, stride) in self.strides().into_iter().enumerate() {
            if side == 1 && self.layout.symmetric {
                present.species.extend_from_within(..);
                break;
            }
            memory::resize(PURPOSE, &mut present.bits, stride, 0)?;
            let bits = &mut present.bits[..stride];
            Isa::detect().run(BitsOfFunctions { coefficients: factors[side], bits });
            let is_there = |functions: &Range<usize>| bits[functions.clone()].iter().any(|&bits| bits != 0);
            present.species.extend(self.species[side].iter().map(is_there));
        }
        Ok(())
    }

    /// Looks up what is known of the species that were found, or works it out, and clears what others have left.
    fn know_species(&self, present: &mut PresentScratch, stop: &Stop<'_>) -> Result<(), Error> {
        let PresentScratch { species, sets, set, products, row, .. } = present;
        let is_same = |known: &SpeciesSet| known.species == *species;
        if set.is_some_and(|set| is_same(&sets[set])) {
            return Ok(());
        }
        memory::resize(PURPOSE, row, self.layout.n_features(), 0.0)?;
        if let Some(last) = set.take() {
            sets[last].stretches.iter().for_each(|stretch| row[stretch.clone()].fill(0.0));
        }
        match &self.layout.selection {
            Some(Selection::Sums { .. }) => memory::refill(PURPOSE, products, self.layout.n_products(), 0.0)?,
            Some(Selection::Columns(_)) => memory::resize(PURPOSE, products, self.layout.n_products(), 0.0)?,
            None => {}
        }
        let place = if let Some(place) = sets.iter().position(is_same) {
            place
        } else {
            if sets.len() >= MOST_SETS {
                sets.clear();
            }
            let found = self.species_set(species, stop)?;
            memory::reserve(PURPOSE, sets, 1)?;
            sets.push(found);
            sets.len() - 1
        };
        *set = Some(place);
        Ok(())
    }

    fn species_set(&self, species: &[bool], stop: &Stop<'_>) -> Result<SpeciesSet, Error> {
        let (left, right) = species.split_at(self.species[0].len());
        let mut functions = [Vec::new(), Vec::new()];
        for ((functions, all), present) in functions.iter_mut().zip(&self.species).zip([left, right]) {
            let ranges = || all.iter().zip(present).filter(|(_, present)| **present).map(|(range, _)| range);
            memory::reserve(PURPOSE, functions, ranges().map(ExactSizeIterator::len).sum())?;
            functions.extend(ranges().flat_map(|range| range.start as u32..range.end as u32));
        }
        let mut products = Vec::new();
        let n_degrees = self.layout.n_degrees();
        let n_right = functions[1].len();
        for (n, &full) in functions[0].iter().enumerate() {
            stop.check_after(n_right)?;
            let (others, place) = self.layout.row(full as usize);
            for &other in &functions[1][self.layout.others(n, n_right)] {
                let start = place + (other as usize - others.start) * n_degrees;
                extend(&mut products, start..start + n_degrees)?;
            }
        }
        let stretches = match &self.layout.selection {
            None => products,
            Some(selection) => {
                let mut is_there = memory::zeros(PURPOSE, self.layout.n_products())?;
                products.into_iter().for_each(|range| is_there[range].fill(true));
                let mut stretches = Vec::new();
                for column in 0..selection.n_rows() {
                    if selection.needs_any(column, &is_there) {
                        extend(&mut stretches, column..column + 1)?;
                    }
                }
                stretches
            }
        };
        Ok(SpeciesSet { species: memory::collect(PURPOSE, species.iter().copied())?, functions, stretches })
    }
}

/// Adds a stretch behind all others, or to the last.
fn extend(stretches: &mut Vec<Range<usize>>, next: Range<usize>) -> Result<(), Error> {
    match stretches.last_mut() {
        Some(last) if last.end == next.start => last.end = next.end,
        _ => {
            memory::reserve(PURPOSE, stretches, 1)?;
            stretches.push(next);
        }
    }
    Ok(())
}

/// Writes for each function all bits but the sign that any of its coefficients has: none where all are zero.
struct BitsOfFunctions<'a> {
    coefficients: &'a [f64],
    bits: &'a mut [u64],
}

impl Kernel for BitsOfFunctions<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let stride = self.bits.len();
        for (pack, bits) in self.bits.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
            let mut any = [0; LANES];
            for row in self.coefficients.chunks_exact(stride) {
                let own = &row.as_chunks::<LANES>().0[pack];
                any = std::array::from_fn(|lane| any[lane] | own[lane].to_bits() << 1);
            }
            *bits = any;
        }
    }
}

/// Moves the coefficients of some functions together, `[lm][function]`, each with the length of an `lm`.
struct Compact<'a> {
    from: (&'a [f64], usize),
    out: (&'a mut [f64], usize),
    functions: &'a [u32],
}

impl Kernel for Compact<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { from: (from, from_stride), out: (out, out_stride), functions } = self;
        // Eight functions that follow each other move together, and more than they are does no harm: what comes next
        // is written over it.
        let mut start = 0;
        while let Some(&first) = functions.get(start) {
            let n = functions[start..].iter().zip(first..).take_while(|(a, b)| **a == *b).count().min(LANES);
            let rows = out.chunks_exact_mut(out_stride).zip(from.chunks_exact(from_stride));
            for (out, from) in rows {
                let (out, from) = (&mut out[start..], &from[first as usize..]);
                match (out.first_chunk_mut(), from.first_chunk()) {
                    (Some(out), Some(from)) => V::load(from).store(out),
                    _ => out.iter_mut().zip(from).take(n).for_each(|(out, from)| *out = *from),
                }
            }
            start += n;
        }
    }
}

/// The square of the length of a row that is zero outside of some stretches: the bits of the sum over all of it.
struct SquareOf<'a> {
    row: &'a [f64],
    stretches: &'a [Range<usize>],
}

impl Kernel for SquareOf<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<V: Lanes>(self) -> f64 {
        const GROUP: usize = 4 * LANES;
        let Self { row, stretches } = self;
        let whole = row.len() / LANES * LANES;
        let mut sums = [V::zero(); 4];
        let mut done = 0;
        for stretch in stretches {
            let start = (stretch.start / GROUP * GROUP).max(done);
            let end = stretch.end.next_multiple_of(GROUP).min(whole);
            if start >= end {
                continue;
            }
            for group in row[start..end].as_chunks::<LANES>().0.chunks(4) {
                for (sum, x) in sums.iter_mut().zip(group) {
                    let x = V::load(x);
                    *sum = x.mul_add(x, *sum);
                }
            }
            done = end;
        }
        let rest: f64 = row[whole..].iter().map(|x| x * x).sum();
        (sums[0] + sums[1] + (sums[2] + sums[3])).sum() + rest
    }
}
