//! The functions that one factor of a power spectrum brings.

use crate::simd::LANES;

/// Label of a function of a factor: species and radial index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    /// Channel of the species; `None` where it is summed over.
    pub species: Option<usize>,
    /// Place among the radial functions; `None` where it is summed over.
    pub radial: Option<usize>,
}

impl Label {
    fn of(species: usize, radial: usize) -> Self {
        Self { species: Some(species), radial: Some(radial) }
    }
}

/// The functions of one factor of the power spectrum: all radial functions, or sums of groups of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Factor {
    /// Group of each radial function; `None` where every function is its own.
    groups: Option<Vec<usize>>,
    labels: Vec<Label>,
}

impl Factor {
    /// Every radial function of species that have `n_max` of them.
    pub fn all(n_max: &[usize]) -> Self {
        let label = |(species, &n): (usize, &usize)| (0..n).map(move |radial| Label::of(species, radial));
        Self { groups: None, labels: n_max.iter().enumerate().flat_map(label).collect() }
    }

    /// The `n_max` radial functions of each of `n_species` species, summed over the labels that are not kept.
    pub fn summed(n_species: usize, n_max: usize, keeps_species: bool, keeps_radial: bool) -> Self {
        if keeps_species && keeps_radial {
            return Self::all(&vec![n_max; n_species]);
        }
        let n_kept = if keeps_radial { n_max } else { 1 };
        let s_kept = if keeps_species { n_species } else { 1 };
        let group =
            |z: usize, a: usize| (if keeps_species { z } else { 0 }) * n_kept + if keeps_radial { a } else { 0 };
        let groups = (0..n_species).flat_map(|z| (0..n_max).map(move |a| (z, a))).map(|(z, a)| group(z, a)).collect();
        let label = |k: usize| Label {
            species: keeps_species.then_some(k / n_kept),
            radial: keeps_radial.then_some(k % n_kept),
        };
        Self { groups: Some(groups), labels: (0..n_kept * s_kept).map(label).collect() }
    }

    /// Number of functions.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Label of function `k`.
    pub fn label(&self, k: usize) -> Label {
        self.labels[k]
    }

    /// Labels of all functions.
    pub fn labels(&self) -> impl Iterator<Item = Label> + '_ {
        self.labels.iter().copied()
    }

    /// The functions of each species.
    pub fn species(&self) -> Vec<std::ops::Range<usize>> {
        let species = |label: &Label| label.species.unwrap_or(0);
        let start = |own: usize| self.labels.partition_point(|label| species(label) < own);
        let n_species = self.labels.last().map_or(0, |label| species(label) + 1);
        (0..n_species).map(|own| start(own)..start(own + 1)).collect()
    }

    /// The function that a radial function is part of.
    #[inline(always)]
    pub fn function(&self, k: usize) -> usize {
        self.groups.as_ref().map_or(k, |groups| groups[k])
    }

    /// Functions that radial functions of one species may be part of: these themselves, or all where functions are sums.
    pub fn touched_by(&self, species: &std::ops::Range<usize>) -> std::ops::Range<usize> {
        if self.groups.is_none() { species.clone() } else { 0..self.len() }
    }

    /// Number of radial functions, which may be more than that of the functions.
    pub fn n_functions(&self) -> usize {
        self.groups.as_ref().map_or(self.len(), Vec::len)
    }

    /// Whether functions are sums of radial functions.
    pub fn is_summed(&self) -> bool {
        self.groups.is_some()
    }

    /// Number of functions, rounded up to whole packs.
    pub fn stride(&self) -> usize {
        self.len().next_multiple_of(LANES)
    }

    /// The coefficients of this factor, `[lm][function]` in rows of [`Self::stride`]: those given, in rows of `stride`, or
    /// their sums in `buffer` where functions are sums.
    pub fn gather<'a>(&self, coefficients: &'a [f64], stride: usize, buffer: &'a mut [f64]) -> &'a [f64] {
        let Some(groups) = &self.groups else { return coefficients };
        buffer.fill(0.0);
        for (sums, row) in buffer.chunks_exact_mut(self.stride()).zip(coefficients.chunks_exact(stride)) {
            self.add(0, &row[..groups.len()], sums);
        }
        buffer
    }

    /// Adds to the adjoints of the coefficients, in rows of `stride`, those of the sums: [`Self::gather`] transposed.
    pub fn spread(&self, sums: &[f64], stride: usize, coefficients: &mut [f64]) {
        for (sums, row) in sums.chunks_exact(self.stride()).zip(coefficients.chunks_exact_mut(stride)) {
            match &self.groups {
                Some(groups) => row.iter_mut().zip(groups).for_each(|(c, &group)| *c += sums[group]),
                None => row.iter_mut().zip(sums).for_each(|(c, sum)| *c += sum),
            }
        }
    }

    /// Adds the functions of one species, `first..`, to those of this factor.
    pub fn add(&self, first: usize, functions: &[f64], sums: &mut [f64]) {
        for (k, f) in (first..).zip(functions) {
            sums[self.function(k)] += f;
        }
    }
}
