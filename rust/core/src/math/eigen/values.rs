//! Tridiagonal to diagonal without vectors, by the implicit QL iteration without square roots of Pal, Walker and Kahan.
//!
//! (B. N. Parlett, *The Symmetric Eigenvalue Problem*, section 8.15.) Each step of a sweep waits for a division of the
//! step before. So that the processor has more to do than to wait, several sweeps run at once, one behind the other.

use super::iterate::{MAX_SWEEPS, NEGLIGIBLE, end_of_block};

/// Squares of entries beside the diagonal that are taken for zero.
const SMALL: f64 = NEGLIGIBLE * NEGLIGIBLE;
/// Below this `p` the next one is taken from its limit: far below the rounding errors of squares above [`SMALL`], and
/// far enough from underflow that no product loses digits.
const NOTHING: f64 = 1e-140;
/// Sweeps that run at once: more find nothing to do in the time that one waits.
const SWEEPS: usize = 4;
/// Steps between two of them: a step reads what was written by the last two steps of the sweep before.
const BEHIND: usize = 2;

/// Replaces `diagonal` by the eigenvalues of the tridiagonal matrix, in no order. `square` holds, from its second entry
/// on, the squares of the entries beside the diagonal, and one entry more, which is only written; it is lost.
pub fn values(diagonal: &mut [f64], square: &mut [f64]) {
    let n = diagonal.len();
    let mut sweeps_left = MAX_SWEEPS * n;
    let mut first = 0;
    while first < n {
        let last = end_of_block(first, n, |k| square[k] <= SMALL);
        if last == first || sweeps_left == 0 {
            first += 1;
            continue;
        }
        sweeps_left -= 1;
        let (d, e) = (&mut diagonal[first..=last], &mut square[first..=last + 1]);
        let shifts = of_first_two(d, e[1]);
        match last - first {
            1 => {
                (d[0], d[1]) = shifts.into();
                e[1] = 0.0;
            }
            // Too short to hold them all.
            m if m < BEHIND * SWEEPS => sweep::<1>(d, e, shifts),
            _ => sweep::<SWEEPS>(d, e, shifts),
        }
    }
}

/// The eigenvalues of the first two rows; the first of them is nearer to the first diagonal entry.
#[inline(always)]
fn of_first_two(d: &[f64], square: f64) -> [f64; 2] {
    let root = square.sqrt();
    let slope = (d[1] - d[0]) / (2.0 * root);
    let length = (slope * slope + 1.0).sqrt();
    let apart = root / (slope + if slope < 0.0 { -length } else { length });
    [d[0] - apart, d[1] + apart]
}

/// `COUNT` sweeps over an unreduced block, whose shifts take turns; `e[k]` is the square of what couples `k - 1` and
/// `k`, and there is one more of them.
#[inline(always)]
fn sweep<const COUNT: usize>(d: &mut [f64], e: &mut [f64], shifts: [f64; 2]) {
    let m = d.len() - 1;
    let mut chases = [Chase::default(); COUNT];
    for (k, chase) in chases.iter_mut().enumerate() {
        chase.shift = shifts[k % 2];
    }
    // The times at which all are on their way: nobody begins, nobody ends.
    let (begun, end) = (BEHIND * (COUNT - 1) + 1, m + BEHIND * (COUNT - 1));
    let some = |chases: &mut [Chase; COUNT], d: &mut [f64], e: &mut [f64], time: usize| {
        for (k, chase) in chases.iter_mut().enumerate() {
            let Some(steps) = time.checked_sub(BEHIND * k).filter(|&steps| steps < m) else { continue };
            if steps == 0 {
                chase.begin(d[m]);
            }
            chase.step(d, e, m - 1 - steps);
            if steps == m - 1 {
                chase.end(d, e);
            }
        }
    };
    for time in 0..begun {
        some(&mut chases, d, e, time);
    }
    for time in begun..m - 1 {
        for (k, chase) in chases.iter_mut().enumerate() {
            chase.step(d, e, m - 1 + BEHIND * k - time);
        }
    }
    for time in begun.max(m - 1)..end {
        some(&mut chases, d, e, time);
    }
}

/// One sweep on its way, in the letters of Parlett; `p = γ²/c`.
#[derive(Debug, Clone, Copy, Default)]
struct Chase {
    shift: f64,
    gamma: f64,
    p: f64,
    c: f64,
    s: f64,
}

impl Chase {
    /// Begins below a last diagonal entry.
    #[inline(always)]
    fn begin(&mut self, last: f64) {
        let gamma = last - self.shift;
        (self.gamma, self.p, self.c, self.s) = (gamma, gamma * gamma, 1.0, 0.0);
    }

    /// Rotates rows `i` and `i + 1`. From one step to the next lead a sum, a product and a division, no more.
    #[inline(always)]
    fn step(&mut self, d: &mut [f64], e: &mut [f64], i: usize) {
        let Self { shift, gamma, p, c, s } = *self;
        let (alpha, beside) = (d[i], e[i + 1]);
        if beside <= SMALL {
            self.fall_apart(d, e, i);
            return;
        }
        let r = p + beside;
        e[i + 2] = s * r;
        let inverse = 1.0 / r;
        // r times the next γ
        let product = p * (alpha - shift) - beside * gamma;
        self.gamma = product * inverse;
        d[i + 1] = gamma + (alpha - self.gamma);
        self.p = if p > NOTHING { product * product / (r * p) } else { limit(c, beside) };
        self.c = p * inverse;
        self.s = beside * inverse;
    }

    /// The sweep before has cut the block between `i` and `i + 1`: this one ends there, and begins again.
    #[cold]
    #[inline(never)]
    fn fall_apart(&mut self, d: &mut [f64], e: &mut [f64], i: usize) {
        e[i + 2] = self.s * self.p;
        d[i + 1] = self.gamma + self.shift;
        self.begin(d[i]);
    }

    /// After the step that rotated the first two rows.
    #[inline(always)]
    fn end(&self, d: &mut [f64], e: &mut [f64]) {
        e[1] = self.s * self.p;
        d[0] = self.shift + self.gamma;
    }
}

/// The next `p` where this one vanishes. A call, so that the processor guesses and does not wait for the comparison.
#[cold]
#[inline(never)]
fn limit(c: f64, beside: f64) -> f64 {
    c * beside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_may_meet_a_block_that_the_one_before_has_cut() {
        let n = 20;
        for cut in 1..n {
            for shifts in [[1.0, 1.0], [1.0, 0.9]] {
                let mut d = vec![1.0; n];
                let mut e: Vec<f64> = (0..=n).map(|k| if k == cut { 0.0 } else { 0.01 + 0.001 * k as f64 }).collect();
                (e[0], e[n]) = (0.0, 0.0);
                // The traces of the matrix and of its square.
                let traces = |d: &[f64], e: &[f64]| {
                    let squares: f64 = d.iter().map(|x| x * x).sum();
                    [d.iter().sum(), squares + 2.0 * e[1..n].iter().sum::<f64>()]
                };
                let before = traces(&d, &e);
                sweep::<SWEEPS>(&mut d, &mut e, shifts);
                let after = traces(&d, &e);
                assert!((0..2).all(|k| (after[k] - before[k]).abs() < 1e-13), "{cut}: {before:?} {after:?}");
                assert!(e[1..].iter().all(|&square| square >= 0.0));
            }
        }
    }
}
