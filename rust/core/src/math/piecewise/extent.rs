//! How large functions get, and how wrong what stands for them.

use crate::simd::{Isa, Kernel, LANES, Lanes};

/// Largest value and largest error of each of many functions, which are used in groups.
pub struct Extent<'a> {
    groups: &'a [usize],
    values: Vec<[f64; LANES]>,
    errors: Vec<[f64; LANES]>,
}

impl<'a> Extent<'a> {
    /// For groups of these lengths, in so many packs together.
    pub fn new(groups: &'a [usize], n_packs: usize) -> Self {
        let zeros = vec![[0.0; LANES]; n_packs];
        Self { groups, values: zeros.clone(), errors: zeros }
    }

    /// Takes the values of all functions at one place, and what stands for them.
    pub fn compare(&mut self, exact: &[[f64; LANES]], approximate: &[[f64; LANES]]) {
        Isa::detect().run(Compare { extent: self, exact, approximate });
    }

    /// The largest error, in units of the largest value of its group.
    pub fn largest_error(&self) -> f64 {
        let mut pairs = self.errors.as_flattened().iter().zip(self.values.as_flattened());
        self.groups
            .iter()
            .map(|&length| {
                let largest = |(e, v): (f64, f64), (error, value): (&f64, &f64)| (e.max(*error), v.max(*value));
                let (error, value) = pairs.by_ref().take(length).fold((0.0, f64::MIN_POSITIVE), largest);
                error / value
            })
            .fold(0.0, f64::max)
    }
}

struct Compare<'a, 'b> {
    extent: &'a mut Extent<'b>,
    exact: &'a [[f64; LANES]],
    approximate: &'a [[f64; LANES]],
}

impl Kernel for Compare<'_, '_> {
    type Output = ();
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { extent, exact, approximate } = self;
        let largest = extent.values.iter_mut().zip(&mut extent.errors);
        for ((exact, approximate), (value, error)) in exact.iter().zip(approximate).zip(largest) {
            let (x, y) = (V::load(exact), V::load(approximate));
            magnitude(x).max(V::load(value)).store(value);
            magnitude(x - y).max(V::load(error)).store(error);
        }
    }
}

#[inline(always)]
fn magnitude<V: Lanes>(x: V) -> V {
    x.max(-x)
}
