//! The loops of Sinkhorn's algorithm, eight columns at a time. Rows are padded to whole packs.

use crate::simd::{Isa, Kernel, Lanes, Pack, exp};

/// Logarithm of what is as good as zero, with which columns beyond the last are filled.
pub const NOTHING: f64 = -1e290;

/// One step: `u = 1 / (n K v)` row by row, and with it `sums = Kᵀ u + padding` for the step to come.
pub struct Step<'a> {
    /// `K`, row by row.
    pub kernel: &'a [Pack],
    /// `v`, as many packs as a row has.
    pub v: &'a [Pack],
    /// One a row.
    pub u: &'a mut [f64],
    /// As many packs as a row has.
    pub sums: &'a mut [Pack],
    /// One beyond the last column, zero elsewhere: what keeps these lanes finite.
    pub padding: &'a Pack,
}

impl Kernel for Step<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { kernel, v, u, sums, padding } = self;
        match v.len() {
            1 => steps::<V, 1>(kernel, v, u, sums, padding),
            2 => steps::<V, 2>(kernel, v, u, sums, padding),
            3 => steps::<V, 3>(kernel, v, u, sums, padding),
            _ => long_steps::<V>(kernel, v, u, sums, padding),
        }
    }
}

/// With everything but the kernel in registers.
#[inline(always)]
fn steps<V: Lanes, const PACKS: usize>(kernel: &[Pack], v: &[Pack], u: &mut [f64], sums: &mut [Pack], padding: &Pack) {
    let v: [V; PACKS] = std::array::from_fn(|k| v[k].load());
    let mut total = [V::zero(); PACKS];
    total[PACKS - 1] = padding.load();
    let share = 1.0 / u.len() as f64;
    let (rows, _) = kernel.as_chunks::<PACKS>();
    for (row, u) in rows.iter().zip(u.iter_mut()) {
        let row: [V; PACKS] = std::array::from_fn(|k| row[k].load());
        let mut product = row[0] * v[0];
        for k in 1..PACKS {
            product = row[k].mul_add(v[k], product);
        }
        *u = share / product.sum();
        let factor = V::splat(*u);
        for k in 0..PACKS {
            total[k] = row[k].mul_add(factor, total[k]);
        }
    }
    for k in 0..PACKS {
        sums[k].store(total[k]);
    }
}

#[inline(always)]
fn long_steps<V: Lanes>(kernel: &[Pack], v: &[Pack], u: &mut [f64], sums: &mut [Pack], padding: &Pack) {
    let share = 1.0 / u.len() as f64;
    sums.fill(Pack::ZERO);
    if let Some(last) = sums.last_mut() {
        *last = *padding;
    }
    for (row, u) in kernel.chunks_exact(v.len()).zip(u.iter_mut()) {
        let mut products = [V::zero(); 4];
        for (row, v) in row.chunks(4).zip(v.chunks(4)) {
            for ((product, entry), v) in products.iter_mut().zip(row).zip(v) {
                *product = entry.load::<V>().mul_add(v.load(), *product);
            }
        }
        *u = share / ((products[0] + products[1]) + (products[2] + products[3])).sum();
        let factor = V::splat(*u);
        for (sum, entry) in sums.iter_mut().zip(row) {
            sum.store(entry.load::<V>().mul_add(factor, sum.load()));
        }
    }
}

/// `K = exp(S + row + column)` with `S = (C - 1) / α`.
pub struct Exponentials<'a> {
    /// `C`, row by row.
    pub similarity: &'a [Pack],
    /// `1 / α`.
    pub inverse: f64,
    /// Potentials of the rows, in logarithms.
    pub of_row: &'a [f64],
    /// Potentials of the columns.
    pub of_column: &'a [Pack],
    /// `K`.
    pub out: &'a mut [Pack],
}

impl Kernel for Exponentials<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let width = self.of_column.len();
        let (one, inverse) = (V::splat(1.0), V::splat(self.inverse));
        let rows = self.similarity.chunks_exact(width).zip(self.out.chunks_exact_mut(width)).zip(self.of_row);
        for ((row, out), of_row) in rows {
            let of_row = V::splat(*of_row);
            for ((value, out), of_column) in row.iter().zip(out).zip(self.of_column) {
                let exponent = (value.load::<V>() - one).mul_add(inverse, of_row) + of_column.load();
                // Potentials that are not those of a plan yet may be anything.
                out.store(exp(exponent.min(V::splat(700.0))));
            }
        }
    }
}

/// `log Σ_j exp(S_ij + column_j)` of each row.
pub struct LogSumsOfRows<'a> {
    /// `C`, row by row.
    pub similarity: &'a [Pack],
    /// `1 / α`.
    pub inverse: f64,
    /// Potentials of the columns.
    pub of_column: &'a [Pack],
    /// One a row.
    pub out: &'a mut [f64],
}

impl Kernel for LogSumsOfRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let width = self.of_column.len();
        let (one, inverse) = (V::splat(1.0), V::splat(self.inverse));
        for (row, out) in self.similarity.chunks_exact(width).zip(self.out) {
            let exponent = |k: usize| (row[k].load::<V>() - one).mul_add(inverse, self.of_column[k].load());
            let mut largest = exponent(0);
            for k in 1..width {
                largest = largest.max(exponent(k));
            }
            let largest = largest.to_array().into_iter().fold(f64::NEG_INFINITY, f64::max);
            let mut sum = V::zero();
            for k in 0..width {
                sum += exp(exponent(k) - V::splat(largest));
            }
            *out = largest + sum.sum().ln();
        }
    }
}

/// `log Σ_i exp(S_ij + row_i)` of each column.
pub struct LogSumsOfColumns<'a> {
    /// `C`, row by row.
    pub similarity: &'a [Pack],
    /// `1 / α`.
    pub inverse: f64,
    /// Potentials of the rows.
    pub of_row: &'a [f64],
    /// As many packs as a row has.
    pub out: &'a mut [Pack],
}

impl Kernel for LogSumsOfColumns<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let width = self.out.len();
        let (one, inverse) = (V::splat(1.0), V::splat(self.inverse));
        for (k, out) in self.out.iter_mut().enumerate() {
            let column = || self.similarity[k..].iter().step_by(width).zip(self.of_row);
            let exponent =
                |(value, of_row): (&Pack, &f64)| (value.load::<V>() - one).mul_add(inverse, V::splat(*of_row));
            let largest = column().map(exponent).fold(V::splat(f64::MIN), V::max);
            let mut sum = V::zero();
            for entry in column() {
                sum += exp(exponent(entry) - largest);
            }
            let (largest, sum) = (largest.to_array(), sum.to_array());
            *out = Pack(std::array::from_fn(|lane| largest[lane] + sum[lane].ln()));
        }
    }
}

/// `Σ u K v C`
pub struct Total<'a> {
    /// `C`, row by row.
    pub similarity: &'a [Pack],
    /// `K`.
    pub kernel: &'a [Pack],
    /// One a row.
    pub u: &'a [f64],
    /// As many packs as a row has.
    pub v: &'a [Pack],
}

impl Kernel for Total<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<V: Lanes>(self) -> f64 {
        let width = self.v.len();
        let rows = self.similarity.chunks_exact(width).zip(self.kernel.chunks_exact(width)).zip(self.u);
        let mut total = 0.0;
        for ((similarity, kernel), u) in rows {
            let mut sum = V::zero();
            for ((c, k), v) in similarity.iter().zip(kernel).zip(self.v) {
                sum = (c.load::<V>() * k.load()).mul_add(v.load(), sum);
            }
            total += u * sum.sum();
        }
        total
    }
}

/// Runs a kernel on the best that the processor has.
pub fn run<K: Kernel>(kernel: K) -> K::Output {
    Isa::detect().run(kernel)
}
