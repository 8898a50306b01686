//! Functions of distance: G1, G2 and G3.

use super::function::Radial;
use super::plan::{NO_COLUMN, SpherePlan};
use super::sphere::CutoffSphere;
use crate::simd::{Kernel, LANES, Lanes, at, exp};

/// `g f` and its derivative for the eight sites of a pack.
#[inline(always)]
fn term<V: Lanes>(shape: Radial, sphere: &CutoffSphere, pack: usize) -> (V, V) {
    let start = pack * LANES;
    let (f, df) = (at::<V>(&sphere.value, start), at::<V>(&sphere.derivative, start));
    match shape {
        Radial::Cutoff => (f, df),
        Radial::Gaussian { eta, shift } => {
            let offset = at::<V>(&sphere.r, start) - V::splat(shift);
            let g = exp(offset * offset * V::splat(-eta));
            (g * f, g * (offset * V::splat(-2.0 * eta)).mul_add(f, df))
        }
        Radial::Cosine { kappa } => {
            let r: &[f64] = &sphere.r[start..start + LANES];
            let (mut sines, mut cosines) = ([0.0; LANES], [0.0; LANES]);
            for lane in 0..LANES {
                (sines[lane], cosines[lane]) = (kappa * r[lane]).sin_cos();
            }
            let (sine, cosine) = (V::load(&sines), V::load(&cosines));
            (cosine * f, cosine * df - sine * f * V::splat(kappa))
        }
    }
}

/// Writes the sums.
pub struct RadialValues<'a> {
    pub plan: &'a SpherePlan,
    pub sphere: &'a CutoffSphere,
    pub row: &'a mut [f64],
}

impl Kernel for RadialValues<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { plan, sphere, row } = self;
        for radial in &plan.radial {
            for (segment, &column) in radial.columns.iter().enumerate() {
                if column != NO_COLUMN {
                    let mut sum = V::zero();
                    for pack in sphere.packs(segment) {
                        sum += term::<V>(radial.shape, sphere, pack).0;
                    }
                    row[column as usize] = sum.sum();
                }
            }
        }
    }
}

/// Writes the sums and their derivatives along displacements.
pub struct RadialTangent<'a> {
    pub plan: &'a SpherePlan,
    pub sphere: &'a CutoffSphere,
    /// Derivative of the distance in each slot.
    pub distance_tangents: &'a [f64],
    pub row: &'a mut [f64],
    pub row_tangent: &'a mut [f64],
}

impl Kernel for RadialTangent<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { plan, sphere, distance_tangents, row, row_tangent } = self;
        for radial in &plan.radial {
            for (segment, &column) in radial.columns.iter().enumerate() {
                if column != NO_COLUMN {
                    let (mut sum, mut tangent) = (V::zero(), V::zero());
                    for pack in sphere.packs(segment) {
                        let (value, derivative) = term::<V>(radial.shape, sphere, pack);
                        sum += value;
                        tangent = derivative.mul_add(at::<V>(distance_tangents, pack * LANES), tangent);
                    }
                    row[column as usize] = sum.sum();
                    row_tangent[column as usize] = tangent.sum();
                }
            }
        }
    }
}

/// Writes, for each slot, the derivative of `Σ adjoint · sums` with respect to its distance.
pub struct RadialPullback<'a> {
    pub plan: &'a SpherePlan,
    pub sphere: &'a CutoffSphere,
    pub adjoint: &'a [f64],
    pub derivatives: &'a mut [f64],
}

impl Kernel for RadialPullback<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { plan, sphere, adjoint, derivatives } = self;
        let derivatives = derivatives.as_chunks_mut::<LANES>().0;
        for segment in 0..sphere.segments.len() {
            for pack in sphere.packs(segment) {
                let mut sum = V::zero();
                for radial in &plan.radial {
                    let column = radial.columns[segment];
                    if column != NO_COLUMN {
                        let weight = V::splat(adjoint[column as usize]);
                        sum = term::<V>(radial.shape, sphere, pack).1.mul_add(weight, sum);
                    }
                }
                sum.store(&mut derivatives[pack]);
            }
        }
    }
}

/// Writes the derivative of one function with respect to the distance of each slot.
pub struct RadialDerivatives<'a> {
    pub shape: Radial,
    pub sphere: &'a CutoffSphere,
    pub out: &'a mut [f64],
}

impl Kernel for RadialDerivatives<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        for (pack, out) in self.out.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
            term::<V>(self.shape, self.sphere, pack).1.store(out);
        }
    }
}
