//! Smooth functions as polynomials of high degree on a few long panels: everything that rounding leaves of them, and
//! quick to take anywhere.
//!
//! A function that is an integral costs much at every place. Here it is looked at in a few places once, and the search
//! for a table, which looks at it in thousands, asks the panels.

use std::ops::Range;

use super::basis::{chebyshev_transform, nodes};
use super::combine::combine;
use super::extent::Extent;
use crate::simd::LANES;
use crate::{Error, Stop, memory};

/// Coefficients of a panel. One that is [`WIDTHS`] long follows a Gaussian to 1e-17.
const DEGREES: usize = 24;
/// Length of a panel, in units of the length over which the functions change.
const WIDTHS: f64 = 2.4;
/// A panel follows the functions where no more than this part of the largest value is beyond its last coefficients.
const RESOLVED: f64 = 2e-16;
/// Below this part of the largest value, coefficients that no longer fall off are what rounding has left.
const ROUGH: f64 = 1e-13;
/// Times that panels are halved at most.
const MOST_HALVINGS: usize = 4;

/// Functions on `[0, r_max]`.
#[derive(Debug)]
pub struct Panels<'a> {
    /// Lengths of groups of functions that are used together.
    groups: &'a [usize],
    n_packs: usize,
    count: usize,
    /// Length of a panel.
    width: f64,
    /// `[panel][degree][pack]`: coefficients of Chebyshev polynomials, as in [`chebyshev_transform`].
    coefficients: Vec<[f64; LANES]>,
}

impl<'a> Panels<'a> {
    /// Follows `function(r, values)`, which writes the values of all functions at `r` and changes as a Gaussian of the
    /// width `length_scale` does. `groups` are the lengths of consecutive groups of functions.
    ///
    /// # Errors
    /// [`Error::Interrupted`], [`Error::Memory`].
    pub fn new(
        r_max: f64,
        length_scale: f64,
        groups: &'a [usize],
        stop: &Stop<'_>,
        function: &impl Fn(f64, &mut [f64]),
    ) -> Result<Self, Error> {
        let mut n_panels = (r_max / (WIDTHS * length_scale)).ceil().clamp(1.0, super::MAX_INTERVALS as f64) as usize;
        let mut panels = Self::interpolate(r_max, n_panels, groups, stop, function)?;
        for _ in 0..MOST_HALVINGS {
            if panels.resolves() {
                break;
            }
            n_panels *= 2;
            panels = Self::interpolate(r_max, n_panels, groups, stop, function)?;
        }
        Ok(panels)
    }

    fn interpolate(
        r_max: f64,
        n_panels: usize,
        groups: &'a [usize],
        stop: &Stop<'_>,
        function: &impl Fn(f64, &mut [f64]),
    ) -> Result<Self, Error> {
        let width = r_max / n_panels as f64;
        let n_functions = groups.iter().sum::<usize>();
        let n_packs = n_functions.div_ceil(LANES);
        let mut coefficients = memory::zeros("table of radial functions", n_panels * DEGREES * n_packs)?;
        let mut samples = vec![[0.0; LANES]; DEGREES * n_packs];
        let (nodes, transform) = (nodes::<DEGREES>(), chebyshev_transform::<DEGREES>());
        for (panel, coefficients) in coefficients.chunks_exact_mut(DEGREES * n_packs).enumerate() {
            for (node, values) in nodes.iter().zip(samples.chunks_exact_mut(n_packs)) {
                stop.check()?;
                function(place(width, panel, *node), &mut values.as_flattened_mut()[..n_functions]);
            }
            combine(&transform, &samples, n_packs, coefficients);
        }
        Ok(Self { groups, n_packs, count: n_panels, width, coefficients })
    }

    /// Number of packs that [`Self::evaluate`] writes.
    pub fn n_packs(&self) -> usize {
        self.n_packs
    }

    /// Lengths of groups of functions that are used together.
    pub fn groups(&self) -> &'a [usize] {
        self.groups
    }

    /// Where the last panel ends.
    pub fn r_max(&self) -> f64 {
        self.width * self.count as f64
    }

    /// Writes the values of all functions at `r`, in whole packs.
    pub fn evaluate(&self, r: f64, values: &mut [[f64; LANES]]) {
        let panel = ((r / self.width) as usize).min(self.count - 1);
        let t = 2.0 * (r - panel as f64 * self.width) / self.width - 1.0;
        let mut chebyshev = [1.0; DEGREES];
        chebyshev[1] = t;
        for j in 2..DEGREES {
            chebyshev[j] = 2.0 * t * chebyshev[j - 1] - chebyshev[j - 2];
        }
        let size = DEGREES * self.n_packs;
        let rows = &self.coefficients[panel * size..][..size];
        combine(&[chebyshev], rows, self.n_packs, values);
    }

    /// Whether nothing is left beyond the last coefficients, or nothing but rounding: then they do not fall off.
    fn resolves(&self) -> bool {
        let [last, before] = [DEGREES - 2, DEGREES - 6].map(|first| self.share(first..first + 2));
        let beyond = last * (last / before.max(f64::MIN_POSITIVE)).sqrt();
        beyond <= RESOLVED || (last < ROUGH && last > 0.25 * before)
    }

    /// The largest coefficient of these degrees, in units of the largest of a group.
    fn share(&self, degrees: Range<usize>) -> f64 {
        let mut extent = Extent::new(self.groups, self.n_packs);
        let nothing = vec![[0.0; LANES]; self.n_packs];
        for (row, coefficients) in self.coefficients.chunks_exact(self.n_packs).enumerate() {
            let counts = degrees.contains(&(row % DEGREES));
            extent.compare(coefficients, if counts { &nothing } else { coefficients });
        }
        extent.largest_error()
    }
}

/// The distance at `t`, which runs from -1 to 1 over a panel.
fn place(width: f64, panel: usize, t: f64) -> f64 {
    panel as f64 * width + 0.5 * width * (1.0 + t)
}
