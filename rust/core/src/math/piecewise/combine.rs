//! Linear combinations of rows that are as many packs long.

use crate::simd::{Isa, Kernel, LANES, Lanes};

/// `out[i] = Σ_j matrix[i][j] rows[j]`, the last row first: of coefficients that fall off, the smallest are added first.
pub fn combine<const ROWS: usize>(
    matrix: &[[f64; ROWS]],
    rows: &[[f64; LANES]],
    n_packs: usize,
    out: &mut [[f64; LANES]],
) {
    Isa::detect().run(Combined { matrix, rows, n_packs, out });
}

struct Combined<'a, const ROWS: usize> {
    matrix: &'a [[f64; ROWS]],
    rows: &'a [[f64; LANES]],
    n_packs: usize,
    out: &'a mut [[f64; LANES]],
}

impl<const ROWS: usize> Kernel for Combined<'_, ROWS> {
    type Output = ();
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { matrix, rows, n_packs, out } = self;
        for (factors, out) in matrix.iter().zip(out.chunks_exact_mut(n_packs)) {
            let mut first = 0;
            while first + 4 <= n_packs {
                packs::<V, 4, ROWS>(factors, rows, n_packs, first, out);
                first += 4;
            }
            for pack in first..n_packs {
                packs::<V, 1, ROWS>(factors, rows, n_packs, pack, out);
            }
        }
    }
}

/// So many packs of one combination.
#[inline(always)]
fn packs<V: Lanes, const PACKS: usize, const ROWS: usize>(
    factors: &[f64; ROWS],
    rows: &[[f64; LANES]],
    n_packs: usize,
    first: usize,
    out: &mut [[f64; LANES]],
) {
    let mut sums = [V::zero(); PACKS];
    let mut j = ROWS;
    while j > 0 {
        j -= 1;
        let (row, factor) = (&rows[j * n_packs + first..][..PACKS], V::splat(factors[j]));
        for k in 0..PACKS {
            sums[k] = V::load(&row[k]).mul_add(factor, sums[k]);
        }
    }
    for k in 0..PACKS {
        sums[k].store(&mut out[first + k]);
    }
}
