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
        // Every segment may leave a pack unfilled, and whoever looks at eight slots from any slot on finds eight.
        let most = environment.len() + LANES * (n_segments + 1);
        self.segments.clear();
        memory::reserve(PURPOSE, &mut self.segments, n_segments)?;
        for column in self.columns() {
            memory::resize(PURPOSE, column, most, 0.0)?;
        }
        memory::resize(PURPOSE, &mut self.site, most, 0)?;
        let (mut next, mut slot) = (0, 0);
        for segment in 0..n_segments {
            let start = slot;
            while next < environment.len() && (plan.merged || usize::from(environment.channel[next]) == segment) {
                let r = environment.r[next];
                if r < plan.r_cut {
                    self.site[slot] = next as u32;
                    (self.x[slot], self.y[slot], self.z[slot]) =
                        (environment.dx[next], environment.dy[next], environment.dz[next]);
                    self.r[slot] = r;
                    self.inverse[slot] = if r > 0.0 { 1.0 / r } else { 0.0 };
                    self.value[slot] = if plan.merged { weights[usize::from(environment.channel[next])] } else { 1.0 };
                    slot += 1;
                }
                next += 1;
            }
            self.segments.push(start..slot);
            slot = self.leave_empty(slot..slot.next_multiple_of(LANES));
        }
        let end = self.leave_empty(slot..slot + LANES);
        self.columns().into_iter().for_each(|column| column.truncate(end));
        self.site.truncate(end);
        crate::simd::Isa::detect().run(CutoffOfSites { plan, sphere: self });
        Ok(())
    }

    fn columns(&mut self) -> [&mut Vec<f64>; 7] {
        let Self { x, y, z, r, inverse, value, derivative, .. } = self;
        [x, y, z, r, inverse, value, derivative]
    }

    /// Empties some slots, and returns the next one.
    fn leave_empty(&mut self, slots: Range<usize>) -> usize {
        for column in self.columns() {
            column[slots.clone()].iter_mut().for_each(|entry| *entry = 0.0);
        }
        self.site[slots.clone()].iter_mut().for_each(|site| *site = 0);
        slots.end
    }

    /// Whether two segments have pairs of sites.
    pub fn has_pairs(&self, (a, b): (usize, usize)) -> bool {
        let (a_sites, b_sites) = (self.segments[a].len(), self.segments[b].len());
        if a == b { a_sites > 1 } else { a_sites > 0 && b_sites > 0 }
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
