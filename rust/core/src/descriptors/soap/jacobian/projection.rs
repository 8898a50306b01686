//! Projection of the derivatives on the row: the component that normalization removes.

use super::products::{NOTHING, ProductDerivatives, ProductRange, Repeated, lanes_at, packs_of, repeat};
use super::terms::N_TERMS;
use crate::simd::{Kernel, LANES, Lanes};

/// The dot products of `row` with the derivatives along each axis, without the derivatives.
///
/// The functions that meet one function enter with what they bring alone, `Σ p_knl b'_k` and so on, summed over packs
/// that begin at the same degree; what that function brings is multiplied with the sums. So the derivatives can be
/// written once, and finished.
pub struct RowProjection<'a> {
    pub products: &'a ProductDerivatives<'a>,
    /// What they are multiplied with.
    pub scale: f64,
    /// With room after its end.
    pub row: &'a [f64],
}

impl Kernel for RowProjection<'_> {
    type Output = [f64; 3];

    #[inline(always)]
    fn run<V: Lanes>(self) -> [f64; 3] {
        let Self { products, scale, row } = self;
        let (layout, n_degrees) = (products.layout, products.layout.n_degrees());
        let mut sums = ProjectionSums { radial: V::zero(), tangential: [V::zero(); 3] };
        let mut repeated = NOTHING;
        for ProductRange { n, others, place, .. } in products.ranges(usize::MAX) {
            let place_of = |other: usize| &row[place + (other - others.start) * n_degrees..];
            let terms = products.left.from(n * n_degrees);
            if !layout.symmetric {
                repeat::<V>(terms, n_degrees, 1.0, false, &mut repeated);
                sums.add_part(products, &repeated, others.clone(), place_of(others.start));
                continue;
            }
            repeat::<V>(terms, n_degrees, std::f64::consts::SQRT_2, false, &mut repeated);
            // Function `n` is the first or the last of a row.
            let different = if others.start == n { n + 1..others.end } else { others.start..n };
            let touched = products.touched_with(n, &different);
            if !touched.is_empty() {
                sums.add_part(products, &repeated, touched.clone(), place_of(touched.start));
            }
            if products.touched.contains(&n) {
                sums.add_square(products, n, place_of(n));
            }
        }
        let radial = sums.radial.sum();
        std::array::from_fn(|axis| scale * (radial * products.unit[axis] + sums.tangential[axis].sum()))
    }
}

/// Dot products with what is along the direction of a site, and with the rest along each axis.
struct ProjectionSums<V> {
    radial: V,
    tangential: [V; 3],
}

impl<V: Lanes> ProjectionSums<V> {
    /// Products of the repeated function with `others`, the first of which is the first of `row`.
    #[inline(always)]
    fn add_part(
        &mut self,
        products: &ProductDerivatives<'_>,
        repeated: &Repeated,
        others: std::ops::Range<usize>,
        row: &[f64],
    ) {
        let n_degrees = products.layout.n_degrees();
        let (length, step) = (others.len() * n_degrees, LANES % n_degrees);
        let n_packs = length.div_ceil(LANES);
        let right = packs_of(products.right.from(others.start * n_degrees), n_packs);
        let row = &row.as_chunks::<LANES>().0[..n_packs];
        let last = V::load(&FIRST[length - (n_packs - 1) * LANES]);
        let mut offset = 0;
        for first in 0..n_packs.min(n_degrees) {
            let mut others = [V::zero(); N_TERMS];
            let mut i = first;
            while i < n_packs {
                let mut p = V::load(&row[i]);
                if i + 1 == n_packs {
                    p *= last;
                }
                for kind in 0..N_TERMS {
                    others[kind] = p.mul_add(V::load(&right[kind][i]), others[kind]);
                }
                i += n_degrees;
            }
            let left = lanes_at::<V>(repeated, offset);
            self.radial = left[1].mul_add(others[2], left[2].mul_add(others[1], self.radial));
            for axis in 0..3 {
                let crossed = left[3 + axis].mul_add(others[0], self.tangential[axis]);
                self.tangential[axis] = left[0].mul_add(others[3 + axis], crossed);
            }
            offset += step;
            offset -= if offset >= n_degrees { n_degrees } else { 0 };
        }
    }

    /// The product of a function with itself, the first of `row`.
    #[inline(always)]
    fn add_square(&mut self, products: &ProductDerivatives<'_>, n: usize, row: &[f64]) {
        let n_degrees = products.layout.n_degrees();
        let n_packs = n_degrees.div_ceil(LANES);
        let own = packs_of(products.right.from(n * n_degrees), n_packs);
        let row = &row.as_chunks::<LANES>().0[..n_packs];
        for i in 0..n_packs {
            let twice = V::splat(2.0) * V::load(&FIRST[(n_degrees - i * LANES).min(LANES)]) * V::load(&row[i]);
            let weighted = twice * V::load(&own[0][i]);
            self.radial = (twice * V::load(&own[1][i])).mul_add(V::load(&own[2][i]), self.radial);
            for axis in 0..3 {
                self.tangential[axis] = weighted.mul_add(V::load(&own[3 + axis][i]), self.tangential[axis]);
            }
        }
    }
}

/// Ones in the first lanes, by their number.
const FIRST: [[f64; LANES]; LANES + 1] = {
    let mut masks = [[0.0; LANES]; LANES + 1];
    let mut count = 0;
    while count <= LANES {
        let mut lane = 0;
        while lane < count {
            masks[count][lane] = 1.0;
            lane += 1;
        }
        count += 1;
    }
    masks
};
