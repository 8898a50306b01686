//! The sites within one cutoff, in columns.

use std::ops::Range;

use super::limits::PURPOSE;
use super::plan::SpherePlan;
use crate::descriptors::Environment;
use crate::math::cutoff::Cutoff;
use crate::simd::{Kernel, LANES, Lanes, at};
use crate::{Error, memory};

/// Sites in slots. Every segment begins a pack; slots between segments are empty: they count for nothing.
#[derive(Debug, Clone, Default)]
pub struct CutoffSphere {
    /// Slots of each segment.
    pub segments: Vec<Range<usize>>,
    /// The site in each slot; 0 in empty ones.
    pub site: Vec<u32>,
    pub x: Vec<f64>,
    pub y: Vec<f64>,
    pub z: Vec<f64>,
    pub r: Vec<f64>,
    /// `1 / r`; zero where there is no direction.
    pub inverse: Vec<f64>,
    /// Cutoff function times weight; zero in empty slots.
    pub value: Vec<f64>,
    /// Derivative of `value` with respect to the distance.
    pub derivative: Vec<f64>,
}

impl CutoffSphere {
    /// Takes the sites in.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn fill(&mut self, plan: &SpherePlan, weights: &[f64], environment: &Environment<'_>) -> Result<(), Error> {
        let n_segments = plan.angular.len();
        // Every segment may leave a pack unfilled, and one follows the last.
        let most = environment.len() + LANES * (n_segments + 1);
        self.segments.clear();
        memory::reserve(PURPOSE, &mut self.segments, n_segments)?;
        for column in self.columns() {
            column.clear();
            memory::reserve(PURPOSE, column, most)?;
        }
        self.site.clear();
        memory::reserve(PURPOSE, &mut self.site, most)?;
        let mut next = 0;
        for segment in 0..n_segments {
            let start = self.site.len();
            while next < environment.len() && (plan.merged || usize::from(environment.channel[next]) == segment) {
                let r = environment.r[next];
                if r < plan.r_cut {
                    let weight = if plan.merged { weights[usize::from(environment.channel[next])] } else { 1.0 };
                    let inverse = if r > 0.0 { 1.0 / r } else { 0.0 };
                    self.push(next as u32, [environment.dx[next], environment.dy[next], environment.dz[next]]);
                    self.r.push(r);
                    self.inverse.push(inverse);
                    self.value.push(weight);
                }
                next += 1;
            }
            self.segments.push(start..self.site.len());
            self.pad(self.site.len().next_multiple_of(LANES));
        }
        // Whoever looks at eight slots from any slot on finds eight.
        self.pad(self.site.len() + LANES);
        self.derivative.resize(self.site.len(), 0.0);
        crate::simd::Isa::detect().run(CutoffOfSites { plan, sphere: self });
        Ok(())
    }

    fn columns(&mut self) -> [&mut Vec<f64>; 7] {
        let Self { x, y, z, r, inverse, value, derivative, .. } = self;
        [x, y, z, r, inverse, value, derivative]
    }

    fn push(&mut self, site: u32, [x, y, z]: [f64; 3]) {
        self.site.push(site);
        self.x.push(x);
        self.y.push(y);
        self.z.push(z);
    }

    fn pad(&mut self, length: usize) {
        self.site.resize(length, 0);
        for column in [&mut self.x, &mut self.y, &mut self.z, &mut self.r, &mut self.inverse, &mut self.value] {
            column.resize(length, 0.0);
        }
    }

    /// The vector to the site in a slot.
    #[inline(always)]
    pub fn vector(&self, slot: usize) -> [f64; 3] {
        [self.x[slot], self.y[slot], self.z[slot]]
    }

    /// The packs of a segment.
    #[inline(always)]
    pub fn packs(&self, segment: usize) -> Range<usize> {
        let Range { start, end } = self.segments[segment];
        start / LANES..end.div_ceil(LANES)
    }
}

/// Multiplies weights by the cutoff function.
struct CutoffOfSites<'a> {
    plan: &'a SpherePlan,
    sphere: &'a mut CutoffSphere,
}

impl Kernel for CutoffOfSites<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let CutoffSphere { r, value, derivative, .. } = self.sphere;
        let (values, derivatives) = (value.as_chunks_mut::<LANES>().0, derivative.as_chunks_mut::<LANES>().0);
        for (pack, (value, derivative)) in values.iter_mut().zip(derivatives).enumerate() {
            let weight = V::load(value);
            let (f, df) = self.plan.cutoff.at(at::<V>(r, pack * LANES));
            (f * weight).store(value);
            (df * weight).store(derivative);
        }
    }
}
