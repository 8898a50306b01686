//! Tridiagonal to diagonal with vectors, by the implicit QL iteration with Wilkinson's shift.
//!
//! The rotations of several sweeps are collected and then applied together to a strip of columns that stays in the
//! first-level cache.

use super::PURPOSE;
use super::matrix::Matrix;
use crate::simd::{Kernel, LANES, Lanes};
use crate::{Error, Stop, memory};

/// An entry beside the diagonal that is smaller than this, where the largest of the matrix is one, is taken for zero.
pub(super) const NEGLIGIBLE: f64 = f64::EPSILON / 8.0;
/// Squares that are smaller than this have lost digits to underflow, and are of nothing that counts.
const NOTHING: f64 = 1e-280;
/// Sweeps for each eigenvalue, on average, before the iteration is given up; two are usual.
pub(super) const MAX_SWEEPS: usize = 60;
/// Rotations that are collected before they are applied.
const COLLECTED: usize = 2048;

/// The first place from `first` on, after which the matrix falls apart; `small(k)`: nothing couples `k - 1` and `k`.
#[inline(always)]
pub(super) fn end_of_block(first: usize, n: usize, small: impl Fn(usize) -> bool) -> usize {
    (first + 1..n).find(|&k| small(k)).unwrap_or(n) - 1
}

/// One rotation of two neighboring rows.
#[derive(Debug, Clone, Copy, Default)]
struct Rotation {
    c: f64,
    s: f64,
}

/// Rotations of consecutive pairs of rows, from the last pair to the first.
#[derive(Debug, Clone, Copy)]
struct Sweep {
    /// The first row.
    first: usize,
    /// The last row.
    last: usize,
}

/// Rotations that are still to be applied.
#[derive(Debug, Clone, Default)]
pub struct Rotations {
    rotations: Vec<Rotation>,
    sweeps: Vec<Sweep>,
}

/// Replaces `diagonal` by the eigenvalues of the tridiagonal matrix, in no order, and applies to the rows of `vectors`
/// what was done to it; `beside` holds, from its second entry on, the entries beside the diagonal, and is lost.
pub struct Diagonalize<'a> {
    pub diagonal: &'a mut [f64],
    pub beside: &'a mut [f64],
    pub vectors: &'a mut Matrix,
    pub rotations: &'a mut Rotations,
    pub stop: &'a Stop<'a>,
}

impl Kernel for Diagonalize<'_> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn run<V: Lanes>(self) -> Result<(), Error> {
        let Self { diagonal, beside, vectors, rotations, stop } = self;
        let n = diagonal.len();
        rotations.rotations.clear();
        memory::reserve(PURPOSE, &mut rotations.rotations, (COLLECTED + n).min(MAX_SWEEPS * n * n))?;
        rotations.sweeps.clear();
        memory::reserve(PURPOSE, &mut rotations.sweeps, COLLECTED.min(MAX_SWEEPS * n))?;
        let mut sweeps_left = MAX_SWEEPS * n;
        let mut first = 0;
        while first < n {
            let last = end_of_block(first, n, |k| beside[k].abs() <= NEGLIGIBLE);
            if last == first || sweeps_left == 0 {
                first += 1;
                continue;
            }
            sweeps_left -= 1;
            if rotations.rotations.len() + last - first > COLLECTED {
                apply::<V>(rotations, vectors, stop)?;
            }
            let begun = rotations.rotations.len();
            let begins = sweep(&mut diagonal[first..=last], &mut beside[first..=last], &mut rotations.rotations);
            if rotations.rotations.len() > begun {
                rotations.sweeps.push(Sweep { first: first + begins, last });
            }
        }
        apply::<V>(rotations, vectors, stop)
    }
}

/// One sweep over an unreduced block; `e[k]` couples `k - 1` and `k`, `e[0]` is not touched. Returns the first row that
/// was rotated.
#[inline(always)]
fn sweep(d: &mut [f64], e: &mut [f64], rotations: &mut Vec<Rotation>) -> usize {
    let m = d.len() - 1;
    let shift = (d[1] - d[0]) / (2.0 * e[1]);
    let length = (shift * shift + 1.0).sqrt();
    let mut g = d[m] - d[0] + e[1] / (shift + if shift < 0.0 { -length } else { length });
    let (mut s, mut c, mut p) = (1.0, 1.0, 0.0);
    for i in (0..m).rev() {
        let (f, b) = (s * e[i + 1], c * e[i + 1]);
        let square = f * f + g * g;
        if square < NOTHING {
            // The block falls apart here, before the sweep is over.
            if i + 1 < m {
                e[i + 2] = 0.0;
            }
            d[i + 1] -= p;
            return i + 1;
        }
        let inverse = 1.0 / square.sqrt();
        if i + 1 < m {
            e[i + 2] = square * inverse;
        }
        s = f * inverse;
        c = g * inverse;
        g = d[i + 1] - p;
        let r = (d[i] - g) * s + 2.0 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        rotations.push(Rotation { c, s });
    }
    d[0] -= p;
    e[1] = g;
    0
}

/// Applies all collected rotations to the rows.
#[inline(always)]
fn apply<V: Lanes>(rotations: &mut Rotations, rows: &mut Matrix, stop: &Stop<'_>) -> Result<(), Error> {
    let n_packs = rows.n_packs();
    let mut pack = 0;
    while pack < n_packs {
        stop.check_after(LANES * rotations.rotations.len())?;
        let width = (n_packs - pack).min(4);
        match width {
            4 => strip::<V, 4>(rotations, rows, pack),
            3 => strip::<V, 3>(rotations, rows, pack),
            2 => strip::<V, 2>(rotations, rows, pack),
            _ => strip::<V, 1>(rotations, rows, pack),
        }
        pack += width;
    }
    rotations.rotations.clear();
    rotations.sweeps.clear();
    Ok(())
}

/// Applies all collected rotations to `PACKS` packs of columns.
#[inline(always)]
fn strip<V: Lanes, const PACKS: usize>(rotations: &Rotations, rows: &mut Matrix, pack: usize) {
    let stride = rows.stride();
    let mut rest = rotations.rotations.as_slice();
    for sweep in &rotations.sweeps {
        let (these, others) = rest.split_at((sweep.last - sweep.first).min(rest.len()));
        rest = others;
        let all = &mut rows.all_mut()[sweep.first * stride..(sweep.last + 1) * stride];
        let mut lower = [V::zero(); PACKS];
        let (_, last) = all.split_at(all.len() - stride);
        for p in 0..PACKS {
            lower[p] = V::load(&last.as_chunks::<LANES>().0[pack + p]);
        }
        let mut window = all;
        for rotation in these {
            let (above, below) = window.split_at_mut(window.len() - stride);
            let (c, s) = (V::splat(rotation.c), V::splat(rotation.s));
            let upper = &above[above.len() - stride..].as_chunks::<LANES>().0[pack..pack + PACKS];
            let below = &mut below.as_chunks_mut::<LANES>().0[pack..pack + PACKS];
            for p in 0..PACKS {
                let upper = V::load(&upper[p]);
                lower[p].mul_add(c, upper * s).store(&mut below[p]);
                lower[p] = lower[p].neg_mul_add(s, upper * c);
            }
            window = above;
        }
        for p in 0..PACKS {
            lower[p].store(&mut window.as_chunks_mut::<LANES>().0[pack + p]);
        }
    }
}
