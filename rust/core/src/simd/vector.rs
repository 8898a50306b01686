//! Long rows: dot products and sums, in the same order on every processor with the same lanes.

use super::{Isa, Kernel, LANES, Lanes};

/// `a · b`
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    Isa::detect().run(Dot(a, b))
}

/// `sum += factor · part`, over as many numbers as both have.
pub fn add_scaled(factor: f64, part: &[f64], sum: &mut [f64]) {
    Isa::detect().run(AddScaled(factor, part, sum));
}

/// Whether no entry is infinite or no number.
pub fn all_finite(entries: &[f64]) -> bool {
    Isa::detect().run(AllFinite(entries))
}

struct AllFinite<'a>(&'a [f64]);

impl Kernel for AllFinite<'_> {
    type Output = bool;

    #[inline(always)]
    fn run<V: Lanes>(self) -> bool {
        let (entries, rest) = self.0.as_chunks::<LANES>();
        // Zero times a number is zero, and anything else is not.
        let mut sums = [V::zero(); 4];
        for entries in entries.chunks(4) {
            for (sum, entry) in sums.iter_mut().zip(entries) {
                *sum = V::load(entry).mul_add(V::zero(), *sum);
            }
        }
        let sum = (sums[0] + sums[1] + (sums[2] + sums[3])).sum();
        sum == 0.0 && rest.iter().all(|x| x.is_finite())
    }
}

/// `row *= factor`
pub fn scale(factor: f64, row: &mut [f64]) {
    Isa::detect().run(Scale(factor, row));
}

struct Scale<'a>(f64, &'a mut [f64]);

impl Kernel for Scale<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let (row, rest) = self.1.as_chunks_mut::<LANES>();
        for row in row {
            (V::load(row) * V::splat(self.0)).store(row);
        }
        rest.iter_mut().for_each(|x| *x *= self.0);
    }
}

/// `to = factor · from`, over as many numbers as both have.
pub fn scaled(factor: f64, from: &[f64], to: &mut [f64]) {
    Isa::detect().run(Scaled(factor, from, to));
}

struct Scaled<'a>(f64, &'a [f64], &'a mut [f64]);

impl Kernel for Scaled<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self(factor, from, to) = self;
        let ((from, from_rest), (to, to_rest)) = (from.as_chunks::<LANES>(), to.as_chunks_mut::<LANES>());
        for (to, from) in to.iter_mut().zip(from) {
            (V::load(from) * V::splat(factor)).store(to);
        }
        to_rest.iter_mut().zip(from_rest).for_each(|(to, from)| *to = factor * from);
    }
}

struct Dot<'a>(&'a [f64], &'a [f64]);

impl Kernel for Dot<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<V: Lanes>(self) -> f64 {
        let ((a, a_rest), (b, b_rest)) = (self.0.as_chunks::<LANES>(), self.1.as_chunks::<LANES>());
        let mut sums = [V::zero(); 4];
        for (a, b) in a.chunks(4).zip(b.chunks(4)) {
            for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
                *sum = V::load(a).mul_add(V::load(b), *sum);
            }
        }
        let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
        (sums[0] + sums[1] + (sums[2] + sums[3])).sum() + rest
    }
}

struct AddScaled<'a>(f64, &'a [f64], &'a mut [f64]);

impl Kernel for AddScaled<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self(factor, part, sum) = self;
        let ((part, part_rest), (sum, sum_rest)) = (part.as_chunks::<LANES>(), sum.as_chunks_mut::<LANES>());
        for (sum, part) in sum.iter_mut().zip(part) {
            V::load(part).mul_add(V::splat(factor), V::load(sum)).store(sum);
        }
        sum_rest.iter_mut().zip(part_rest).for_each(|(sum, part)| *sum += factor * part);
    }
}

/// `sum += factor · part`, number by number, over as many as all have.
pub fn add_products(factors: &[f64], parts: &[f64], sum: &mut [f64]) {
    Isa::detect().run(AddProducts(factors, parts, sum));
}

struct AddProducts<'a>(&'a [f64], &'a [f64], &'a mut [f64]);

impl Kernel for AddProducts<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self(factors, parts, sum) = self;
        let ((factors, factors_rest), (parts, parts_rest)) = (factors.as_chunks::<LANES>(), parts.as_chunks::<LANES>());
        let (sum, sum_rest) = sum.as_chunks_mut::<LANES>();
        for (sum, (factor, part)) in sum.iter_mut().zip(factors.iter().zip(parts)) {
            V::load(part).mul_add(V::load(factor), V::load(sum)).store(sum);
        }
        let rest = factors_rest.iter().zip(parts_rest);
        sum_rest.iter_mut().zip(rest).for_each(|(sum, (factor, part))| *sum += factor * part);
    }
}

/// `sum -= Σ parts`, of the same length each.
pub fn subtract_all(parts: &[&[f64]], sum: &mut [f64]) {
    Isa::detect().run(SubtractAll { parts, sum });
}

struct SubtractAll<'a> {
    parts: &'a [&'a [f64]],
    sum: &'a mut [f64],
}

impl Kernel for SubtractAll<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { parts, sum } = self;
        for four in parts.chunks(4) {
            match *four {
                [a, b, c, d] => subtract::<V, 4>([a, b, c, d], sum),
                [a, b, c] => subtract::<V, 3>([a, b, c], sum),
                [a, b] => subtract::<V, 2>([a, b], sum),
                [a] => subtract::<V, 1>([a], sum),
                _ => {}
            }
        }
    }
}

#[inline(always)]
fn subtract<V: Lanes, const COUNT: usize>(parts: [&[f64]; COUNT], sum: &mut [f64]) {
    let (sum, rest) = sum.as_chunks_mut::<LANES>();
    let n_packs = sum.len();
    let mut packs = [&[][..]; COUNT];
    let mut rests = [&[][..]; COUNT];
    for k in 0..COUNT {
        let (part, part_rest) = parts[k].as_chunks::<LANES>();
        (packs[k], rests[k]) = (&part[..n_packs], part_rest);
    }
    for i in 0..n_packs {
        let mut total = V::load(&sum[i]);
        for part in packs {
            total -= V::load(&part[i]);
        }
        total.store(&mut sum[i]);
    }
    for (i, sum) in rest.iter_mut().enumerate() {
        *sum = rests.iter().fold(*sum, |total, part| total - part[i]);
    }
}

/// Parts that [`add_outer`] adds at a time.
pub const OUTER_PARTS: usize = 4;

/// `sums[i] += Σ_k levers[k][i] · parts[k]`, for the three thirds of `sums`, each as long as every part; of the parts
/// only the first [`OUTER_PARTS`] count.
pub fn add_outer(levers: &[[f64; 3]], parts: &[&[f64]], sums: &mut [f64]) {
    Isa::detect().run(AddOuter { levers, parts, sums });
}

struct AddOuter<'a> {
    levers: &'a [[f64; 3]],
    parts: &'a [&'a [f64]],
    sums: &'a mut [f64],
}

impl Kernel for AddOuter<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { levers, parts, sums } = self;
        match (levers, parts) {
            ([a, b, c, d, ..], [p, q, r, s, ..]) => outer::<V, 4>([*a, *b, *c, *d], [p, q, r, s], sums),
            ([a, b, c], [p, q, r]) => outer::<V, 3>([*a, *b, *c], [p, q, r], sums),
            ([a, b], [p, q]) => outer::<V, 2>([*a, *b], [p, q], sums),
            ([a], [p]) => outer::<V, 1>([*a], [p], sums),
            _ => {}
        }
    }
}

#[inline(always)]
fn outer<V: Lanes, const COUNT: usize>(levers: [[f64; 3]; COUNT], parts: [&[f64]; COUNT], sums: &mut [f64]) {
    let (x, rest) = sums.split_at_mut(sums.len() / 3);
    let (y, z) = rest.split_at_mut(x.len());
    let mut thirds = [x.as_chunks_mut::<LANES>(), y.as_chunks_mut::<LANES>(), z.as_chunks_mut::<LANES>()];
    let n_packs = thirds[0].0.len();
    assert!(thirds.iter().all(|(packs, _)| packs.len() == n_packs));
    let mut packs = [&[][..]; COUNT];
    let mut rests = [&[][..]; COUNT];
    let mut factors = [[V::zero(); 3]; COUNT];
    for k in 0..COUNT {
        let (part, part_rest) = parts[k].as_chunks::<LANES>();
        (packs[k], rests[k]) = (&part[..n_packs], part_rest);
        factors[k] = levers[k].map(|lever| V::splat(lever));
    }
    for i in 0..n_packs {
        let parts: [V; COUNT] = std::array::from_fn(|k| V::load(&packs[k][i]));
        for axis in 0..3 {
            let sum = &mut thirds[axis].0[i];
            let mut total = V::load(sum);
            for k in 0..COUNT {
                total = parts[k].mul_add(factors[k][axis], total);
            }
            total.store(sum);
        }
    }
    for (axis, (_, rest)) in thirds.iter_mut().enumerate() {
        for (i, sum) in rest.iter_mut().enumerate() {
            *sum = (0..COUNT).fold(*sum, |total, k| total + levers[k][axis] * rests[k][i]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outer_products_of_every_count_and_length() {
        let levers = [[1.0, -2.0, 0.5], [0.0, 3.0, 4.0], [-1.0, 0.25, 2.0], [8.0, 1.0, -4.0]];
        for n in [0, 1, 7, 8, 19, 40] {
            let parts: Vec<Vec<f64>> = (0..4).map(|k| (0..n).map(|i| f64::from(10 * k + i)).collect()).collect();
            for count in 0..=4 {
                let some: Vec<&[f64]> = parts[..count].iter().map(Vec::as_slice).collect();
                let mut sums = vec![1.0; 3 * n as usize];
                add_outer(&levers[..count], &some, &mut sums);
                for (axis, third) in sums.chunks_exact(n.max(1) as usize).enumerate() {
                    for (i, sum) in third.iter().enumerate() {
                        let expected: f64 = (0..count).map(|k| levers[k][axis] * parts[k][i]).sum();
                        assert_eq!(*sum, 1.0 + expected, "{axis} {i} {count} {n}");
                    }
                }
            }
        }
    }

    #[test]
    fn rows_of_every_length() {
        for n in [0, 1, 7, 8, 31, 32, 33, 100] {
            let a: Vec<f64> = (0..n).map(|k| f64::from(k) + 0.5).collect();
            let b: Vec<f64> = (0..n).map(|k| 3.0 - f64::from(k)).collect();
            let exact: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
            assert!((dot(&a, &b) - exact).abs() <= 1e-12 * exact.abs());
            let mut sum = b.clone();
            add_scaled(-2.0, &a, &mut sum);
            assert!(sum.iter().zip(a.iter().zip(&b)).all(|(sum, (a, b))| *sum == b - 2.0 * a));
            add_products(&a, &a, &mut sum);
            assert!(sum.iter().zip(a.iter().zip(&b)).all(|(sum, (a, b))| *sum == b - 2.0 * a + a * a));
            assert!(all_finite(&a));
            for (k, bad) in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].into_iter().cycle().enumerate().take(a.len()) {
                let mut spoiled = a.clone();
                spoiled[k] = bad;
                assert!(!all_finite(&spoiled));
            }
            for count in 0..6 {
                let mut left = b.clone();
                subtract_all(&vec![a.as_slice(); count], &mut left);
                assert!(left.iter().zip(a.iter().zip(&b)).all(|(left, (a, b))| *left == b - count as f64 * a));
            }
            scale(0.5, &mut sum);
            assert!(sum.iter().zip(a.iter().zip(&b)).all(|(sum, (a, b))| *sum == 0.5 * (b - 2.0 * a + a * a)));
        }
    }
}
