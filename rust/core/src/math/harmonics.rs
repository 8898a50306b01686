//! Real spherical harmonics of several directions at once, from Cartesian recurrences: no angles and no poles.
//!
//! With `C_m + i S_m = (x + i y)^m` and the reduced solid Legendre functions
//!
//! ```text
//! R_m^m = (2m-1)!! / (2m)!,    (l-m)(l+m) R_l^m = (2l-1) z R_{l-1}^m - R_{l-2}^m      (on the unit sphere)
//! ```
//!
//! the harmonics are `Y_{l,m} = N_lm R_l^m C_m` and `Y_{l,-m} = N_lm R_l^m S_m`. In this scaling their Cartesian
//! gradients, read as homogeneous polynomials, need no coefficients at all:
//!
//! ```text
//! ∂_z (R_l^m C_m) = R_{l-1}^m C_m,      ∂_x (R_l^m C_m) = -x R_{l-1}^{m+1} C_m + m R_l^m C_{m-1},   ...
//! ```
//!
//! The factors `N_lm` ([`Harmonics::norms`]) belong to `lm` alone and are applied to sums over sites, once a center.

use crate::simd::{LANES, Lanes, Row};

/// Recurrences up to one degree.
///
/// Rows of harmonics come by columns, in the order in which the recurrences run: for each `m` the rows of `C_m`, from
/// `l = m` to `l_max`, then (but for `m = 0`) those of `S_m`. [`Harmonics::order`] tells the `lm` of each row.
#[derive(Debug, Clone)]
pub struct Harmonics {
    l_max: usize,
    /// `R_m^m`.
    diagonal: Vec<f64>,
    /// Factors of `z R_l^m` and of `-R_{l-1}^m` in `R_{l+1}^m`, column by column.
    recurrence: Vec<[f64; 2]>,
    /// `l * l + l + m` of each row.
    order: Vec<usize>,
    norms: Vec<f64>,
}

/// Unit vectors of the sites of a block.
pub type Directions = [Row; 3];

/// `R_l^m` of eight sites, and `C_m`, `S_m`: kept for the gradients.
#[derive(Debug, Clone)]
pub struct Legendre {
    /// Column by column, each after [`LEADING`] zeros: what `R_{l-1}^m` is for `l = m`, and `R_{l-1}^{m+1}` for that
    /// and the next degree. One column more holds only them.
    r: Vec<[f64; LANES]>,
    c: Vec<[f64; LANES]>,
    s: Vec<[f64; LANES]>,
}

/// Zeros before each column.
const LEADING: usize = 2;

impl Harmonics {
    /// Prepares degrees `0..=l_max`.
    pub fn new(l_max: usize) -> Self {
        let mut diagonal = vec![1.0];
        for m in 1..=l_max {
            // (2m-1)!! / (2m)! = 1 / (2^m m!)
            diagonal.push(diagonal[m - 1] / (2 * m) as f64);
        }
        let column = |m: usize| (m..=l_max).map(move |l| (l, m));
        let factors = |(l, m): (usize, usize)| {
            let scale = 1.0 / ((l + 1 - m) * (l + 1 + m)) as f64;
            [(2 * l + 1) as f64 * scale, scale]
        };
        let recurrence = (0..=l_max).flat_map(column).map(factors).collect();
        let rows = |m: usize| {
            let cosines = column(m).map(|(l, m)| l * l + l + m);
            let sines = column(m).map(|(l, m)| l * l + l - m);
            cosines.chain(sines.take(if m == 0 { 0 } else { usize::MAX }))
        };
        let order: Vec<usize> = (0..=l_max).flat_map(rows).collect();
        let norms = order.iter().map(|&lm| norm(lm)).collect();
        Self { l_max, diagonal, recurrence, order, norms }
    }

    /// Largest degree.
    pub fn l_max(&self) -> usize {
        self.l_max
    }

    /// Number of harmonics, `(l_max + 1)²`.
    pub fn len(&self) -> usize {
        self.norms.len()
    }

    /// Never: there is always the harmonic of degree zero.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// `l * l + l + m` of each row.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// `N_lm` of each row.
    pub fn norms(&self) -> &[f64] {
        &self.norms
    }

    /// Room for [`Self::tabulate`].
    pub fn legendre(&self) -> Legendre {
        let lanes = |n| vec![[0.0; LANES]; n];
        Legendre {
            r: lanes(self.recurrence.len() + LEADING * (self.l_max + 2)),
            c: lanes(self.l_max + 1),
            s: lanes(self.l_max + 1),
        }
    }

    /// First entry of column `m` in the recurrences.
    #[inline(always)]
    fn column(&self, m: usize) -> usize {
        m * (2 * self.l_max + 3 - m) / 2
    }

    /// Column `m` of the table, leading zeros included.
    #[inline(always)]
    fn table_column<'a>(&self, m: usize, table: &'a Legendre) -> &'a [[f64; LANES]] {
        &table.r[self.column(m) + LEADING * m..][..self.l_max + 1 + LEADING - m]
    }

    /// Rows of `C_m`, and where those of `S_m` begin.
    #[inline(always)]
    fn rows(&self, m: usize) -> (std::ops::Range<usize>, usize) {
        let length = self.l_max + 1 - m;
        // Two rows for every entry of the columns before, but one for the first column.
        let start = if m == 0 { 0 } else { 2 * self.column(m) - (self.l_max + 1) };
        (start..start + length, start + length)
    }

    /// Degree of each row.
    pub fn degrees(&self) -> impl Iterator<Item = usize> {
        self.order.iter().map(|lm| lm.isqrt())
    }

    /// Writes `angular[l] · Y_lm / N_lm` of sites `8 pack .. 8 pack + 8`.
    #[inline(always)]
    pub fn values<V: Lanes>(&self, pack: usize, directions: &Directions, angular: &[Row], out: &mut [Row]) {
        let [x, y, z] = load_directions::<V>(pack, directions);
        let (mut c, mut s) = (V::splat(1.0), V::zero());
        for m in 0..=self.l_max {
            let (cosines, sines) = self.rows(m);
            let factors = &self.recurrence[self.column(m)..][..cosines.len()];
            let mut column = Column::start(self.diagonal[m], z);
            let angular = &angular[m..=self.l_max];
            if m == 0 {
                for ((factors, angular), out) in factors.iter().zip(angular).zip(&mut out[cosines]) {
                    out.store(pack, column.next(*factors).mul(angular.load(pack)));
                }
            } else {
                let (out_c, out_s) = out[cosines.start..].split_at_mut(sines - cosines.start);
                for (((factors, angular), out_c), out_s) in factors.iter().zip(angular).zip(out_c).zip(out_s) {
                    let scaled = column.next(*factors).mul(angular.load(pack));
                    out_c.store(pack, scaled.mul(c));
                    out_s.store(pack, scaled.mul(s));
                }
            }
            (c, s) = (y.neg_mul_add(s, x.mul(c)), y.mul_add(c, x.mul(s)));
        }
    }

    /// Keeps `R`, `C` and `S` of sites `8 pack .. 8 pack + 8` for the two methods below.
    #[inline(always)]
    pub fn tabulate<V: Lanes>(&self, pack: usize, directions: &Directions, table: &mut Legendre) {
        let [x, y, z] = load_directions::<V>(pack, directions);
        let (mut c, mut s) = (V::splat(1.0), V::zero());
        for m in 0..=self.l_max {
            let place = self.column(m);
            let length = self.l_max + 1 - m;
            let mut column = Column::start(self.diagonal[m], z);
            let out = &mut table.r[place + LEADING * (m + 1)..][..length];
            for (factors, r) in self.recurrence[place..][..length].iter().zip(out) {
                column.next(*factors).store(r);
            }
            c.store(&mut table.c[m]);
            s.store(&mut table.s[m]);
            (c, s) = (y.neg_mul_add(s, x.mul(c)), y.mul_add(c, x.mul(s)));
        }
    }

    /// Writes the Cartesian gradients of `angular[l] · Y_lm / N_lm`, the harmonic read as a homogeneous polynomial
    /// of degree `l` at the unit vector and `angular` as a constant.
    #[inline(always)]
    pub fn gradients<V: Lanes>(
        &self,
        pack: usize,
        directions: &Directions,
        table: &Legendre,
        angular: &[Row],
        out: [&mut [Row]; 3],
    ) {
        let [x, y, _] = load_directions::<V>(pack, directions);
        let [out_x, out_y, out_z] = out;
        for m in 0..=self.l_max {
            let (cosines, sines) = self.rows(m);
            let (c, s) = (V::load(&table.c[m]), V::load(&table.s[m]));
            let before = m.saturating_sub(1);
            let (c1, s1, turns) = (V::load(&table.c[before]), V::load(&table.s[before]), V::splat(m as f64));
            for (k, l) in (m..=self.l_max).enumerate() {
                let a = angular[l].load::<V>(pack);
                let (own, next) = (self.table_column(m, table), self.table_column(m + 1, table));
                let [r, level, up] = [V::load(&own[k + 2]), V::load(&own[k + 1]), V::load(&next[k])];
                let inward = up.mul(a).negated();
                let turn = r.mul(a).mul(turns);
                let level = level.mul(a);
                let (dx, dy) = (inward.mul(x), inward.mul(y));
                let row = cosines.start + k;
                out_x[row].store(pack, dx.mul_add(c, turn.mul(c1)));
                out_y[row].store(pack, dy.mul_add(c, turn.mul(s1).negated()));
                out_z[row].store(pack, level.mul(c));
                if m > 0 {
                    let row = sines + k;
                    out_x[row].store(pack, dx.mul_add(s, turn.mul(s1)));
                    out_y[row].store(pack, dy.mul_add(s, turn.mul(c1)));
                    out_z[row].store(pack, level.mul(s));
                }
            }
        }
    }

    /// The sums over `lm` that a gradient needs, of `Y = Y_lm / N_lm` and two adjoints `a_lm` and `b_lm` a site:
    ///
    /// `[Σ angular[l] a ∂_x Y, ... ∂_y Y, ... ∂_z Y, Σ (angular[l] b + slope[l] a) Y]`
    #[inline(always)]
    pub fn pullback<V: Lanes>(
        &self,
        pack: usize,
        directions: &Directions,
        table: &Legendre,
        [angular, slope]: [&[Row]; 2],
        [a, b]: [&[Row]; 2],
    ) -> [V; 4] {
        let [x, y, _] = load_directions::<V>(pack, directions);
        let (mut gx, mut gy, mut gz, mut radial, mut inward) =
            (V::zero(), V::zero(), V::zero(), V::zero(), V::zero());
        for m in 0..=self.l_max {
            let (cosines, sines) = self.rows(m);
            let length = cosines.len();
            let columns = [self.table_column(m, table), self.table_column(m + 1, table)];
            let profiles = [&angular[m..=self.l_max], &slope[m..=self.l_max]];
            let (c, s) = (V::load(&table.c[m]), V::load(&table.s[m]));
            let with_c = Sums::<V>::new(pack, columns, profiles, [&a[cosines.clone()], &b[cosines]]);
            if m == 0 {
                radial = with_c.value.mul_add(c, radial);
                gz = with_c.level.mul_add(c, gz);
                inward = with_c.up.mul_add(c, inward);
                continue;
            }
            let with_s = Sums::<V>::new(pack, columns, profiles, [&a[sines..][..length], &b[sines..][..length]]);
            radial = with_c.value.mul_add(c, with_s.value.mul_add(s, radial));
            gz = with_c.level.mul_add(c, with_s.level.mul_add(s, gz));
            inward = with_c.up.mul_add(c, with_s.up.mul_add(s, inward));
            let factor = V::splat(m as f64);
            let (c1, s1) = (V::load(&table.c[m - 1]), V::load(&table.s[m - 1]));
            gx = with_c.turn.mul_add(c1, with_s.turn.mul(s1)).mul_add(factor, gx);
            gy = with_c.turn.neg_mul_add(s1, with_s.turn.mul(c1)).mul_add(factor, gy);
        }
        [x.neg_mul_add(inward, gx), y.neg_mul_add(inward, gy), gz, radial]
    }
}

/// The sums over `l` of one column, before `C_m` and `S_m` come in.
struct Sums<V> {
    /// `Σ R_l^m (angular b + slope a)`
    value: V,
    /// `Σ R_l^m angular a`
    turn: V,
    /// `Σ R_{l-1}^m angular a`
    level: V,
    /// `Σ R_{l-1}^{m+1} angular a`
    up: V,
}

impl<V: Lanes> Sums<V> {
    /// Over the degrees from `m`, of this column and the next, with the profiles and adjoints of those degrees.
    #[inline(always)]
    fn new(
        pack: usize,
        [own, next]: [&[[f64; LANES]]; 2],
        [angular, slope]: [&[Row]; 2],
        [a, b]: [&[Row]; 2],
    ) -> Self {
        let mut sums = Self { value: V::zero(), turn: V::zero(), level: V::zero(), up: V::zero() };
        let legendre = own[LEADING..].iter().zip(&own[LEADING - 1..]).zip(next);
        let terms = legendre.zip(angular.iter().zip(slope)).zip(a.iter().zip(b));
        for ((((r, level), up), (angular, slope)), (a, b)) in terms {
            let (a, angular) = (a.load::<V>(pack), angular.load::<V>(pack));
            let (r, scaled) = (V::load(r), a.mul(angular));
            sums.value = r.mul_add(angular.mul_add(b.load(pack), a.mul(slope.load(pack))), sums.value);
            sums.turn = r.mul_add(scaled, sums.turn);
            sums.level = V::load(level).mul_add(scaled, sums.level);
            sums.up = V::load(up).mul_add(scaled, sums.up);
        }
        sums
    }
}

#[inline(always)]
fn load_directions<V: Lanes>(pack: usize, directions: &Directions) -> [V; 3] {
    [directions[0].load(pack), directions[1].load(pack), directions[2].load(pack)]
}

/// `N_lm`, with the sign `(-1)^m` of the usual convention.
fn norm(lm: usize) -> f64 {
    let l = lm.isqrt();
    let m = (lm as f64 - (l * l + l) as f64).abs() as usize;
    let zonal = ((2 * l + 1) as f64 / (4.0 * std::f64::consts::PI)).sqrt();
    let factorial = |n: usize| (1..=n).map(|k| k as f64).product::<f64>();
    if m == 0 {
        return zonal * factorial(l);
    }
    // (l+m)! sqrt(2 (l-m)! / (l+m)!)
    let size = zonal * (2.0 * factorial(l - m)).sqrt() * factorial(l + m).sqrt();
    if m.is_multiple_of(2) { size } else { -size }
}

/// `R_l^m` of one `m`, from `l = m` upward.
struct Column<V> {
    z: V,
    older: V,
    newer: V,
}

impl<V: Lanes> Column<V> {
    #[inline(always)]
    fn start(diagonal: f64, z: V) -> Self {
        Self { z, older: V::zero(), newer: V::splat(diagonal) }
    }

    /// `R_l^m`, and on to the next degree with its factors.
    #[inline(always)]
    fn next(&mut self, [forward, back]: [f64; 2]) -> V {
        let value = self.newer;
        self.newer = self.older.neg_mul_add(V::splat(back), self.z.mul(V::splat(forward)).mul(value));
        self.older = value;
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Isa, Kernel};

    /// Values and gradients of `angular[l] Y_lm`, norms included, in the first lane.
    struct Evaluate<'a>(&'a Harmonics, [f64; 3], &'a [Row]);

    impl Kernel for Evaluate<'_> {
        type Output = (Vec<f64>, [Vec<f64>; 3]);
        #[inline(always)]
        fn run<V: Lanes>(self) -> Self::Output {
            let Self(harmonics, u, angular) = self;
            let directions = u.map(|x| Row([x; crate::simd::BLOCK]));
            let rows = || vec![Row::ZERO; harmonics.len()];
            let (mut values, mut gradient) = (rows(), [rows(), rows(), rows()]);
            let mut table = harmonics.legendre();
            harmonics.values::<V>(0, &directions, angular, &mut values);
            harmonics.tabulate::<V>(0, &directions, &mut table);
            let [dx, dy, dz] = &mut gradient;
            harmonics.gradients::<V>(0, &directions, &table, angular, [dx, dy, dz]);
            let lane = |rows: &[Row]| -> Vec<f64> {
                let mut by_degree = vec![0.0; harmonics.len()];
                for ((row, norm), &lm) in rows.iter().zip(harmonics.norms()).zip(harmonics.order()) {
                    by_degree[lm] = row.0[0] * norm;
                }
                by_degree
            };
            (lane(&values), gradient.each_ref().map(|rows| lane(rows)))
        }
    }

    fn evaluate(isa: Isa, l_max: usize, u: [f64; 3]) -> (Vec<f64>, [Vec<f64>; 3]) {
        let angular = vec![Row([1.0; crate::simd::BLOCK]); l_max + 1];
        isa.run(Evaluate(&Harmonics::new(l_max), u, &angular))
    }

    const DIRECTIONS: [[f64; 3]; 4] = [[0.48, -0.6, 0.64], [0.0, 0.0, 1.0], [0.0, 0.0, -1.0], [-0.8, 0.6, 0.0]];

    #[test]
    fn degrees_up_to_two_are_those_of_the_textbook() {
        let expected = [
            0.28209479,
            0.29316151,
            0.31270561,
            -0.23452921,
            -0.31465395,
            0.4195386,
            0.07216159,
            -0.33563088,
            -0.07079714,
        ];
        let (values, _) = evaluate(Isa::detect(), 2, [0.48, -0.6, 0.64]);
        for (value, expected) in values.iter().zip(expected) {
            assert!((value - expected).abs() < 1e-8, "{values:?}");
        }
    }

    #[test]
    fn the_addition_theorem_holds_in_every_degree() {
        for isa in [Isa::Baseline, Isa::Avx2, Isa::Avx512] {
            for u in DIRECTIONS {
                let (values, gradient) = evaluate(isa, 20, u);
                for l in 0..=20_usize {
                    let lm = l * l..(l + 1) * (l + 1);
                    let sum: f64 = values[lm.clone()].iter().map(|y| y * y).sum();
                    let expected = (2 * l + 1) as f64 / (4.0 * std::f64::consts::PI);
                    assert!((sum / expected - 1.0).abs() < 1e-13, "l = {l}");
                    // Euler: u · ∂Y = l Y
                    for k in lm {
                        let radial: f64 = (0..3).map(|i| u[i] * gradient[i][k]).sum();
                        assert!((radial - l as f64 * values[k]).abs() < 1e-12, "lm = {k}");
                    }
                }
            }
        }
    }

    #[test]
    fn gradients_are_differences_along_the_sphere() {
        let h = 1e-3;
        let u = [0.48, -0.6, 0.64];
        for tangent in [[0.8, 0.64, 0.0], [0.64, 0.0, -0.48]] {
            let at = |step: f64| {
                let moved: [f64; 3] = std::array::from_fn(|i| u[i] + step * tangent[i]);
                let r = moved.iter().map(|x| x * x).sum::<f64>().sqrt();
                let (values, _) = evaluate(Isa::detect(), 6, moved.map(|x| x / r));
                // r^l Y(u) is the homogeneous polynomial.
                let degree = |k: usize| k.isqrt() as i32;
                values.iter().enumerate().map(|(k, y)| y * r.powi(degree(k))).collect::<Vec<_>>()
            };
            let (_, gradient) = evaluate(Isa::detect(), 6, u);
            let [far_back, back, ahead, far_ahead] = [-2.0 * h, -h, h, 2.0 * h].map(at);
            for k in 0..49 {
                let slope: f64 = (0..3).map(|i| tangent[i] * gradient[i][k]).sum();
                let five = (far_back[k] - 8.0 * back[k] + 8.0 * ahead[k] - far_ahead[k]) / (12.0 * h);
                assert!((slope - five).abs() < 1e-8, "lm = {k}: {slope} {five}");
            }
        }
    }

    /// The pullback of random adjoints against the gradients themselves.
    struct Pull<'a>(&'a Harmonics, [f64; 3]);

    impl Kernel for Pull<'_> {
        type Output = ([f64; 4], [f64; 4]);
        #[inline(always)]
        fn run<V: Lanes>(self) -> Self::Output {
            let Self(harmonics, u) = self;
            let block = |x: f64| Row([x; crate::simd::BLOCK]);
            let directions = u.map(block);
            let some =
                |n: usize, seed: f64| -> Vec<Row> { (0..n).map(|k| block((seed * (k + 1) as f64).sin())).collect() };
            let degrees = harmonics.l_max() + 1;
            let (angular, slope) = (some(degrees, 1.3), some(degrees, 2.1));
            let (a, b) = (some(harmonics.len(), 0.7), some(harmonics.len(), 3.7));
            let mut table = harmonics.legendre();
            harmonics.tabulate::<V>(1, &directions, &mut table);
            let got = harmonics.pullback::<V>(1, &directions, &table, [&angular, &slope], [&a, &b]);
            let rows = || vec![Row::ZERO; harmonics.len()];
            let (mut dx, mut dy, mut dz, mut y) = (rows(), rows(), rows(), rows());
            harmonics.gradients::<V>(1, &directions, &table, &angular, [&mut dx, &mut dy, &mut dz]);
            harmonics.values::<V>(1, &directions, &vec![block(1.0); degrees], &mut y);
            let mut expected = [0.0; 4];
            for (k, l) in harmonics.degrees().enumerate() {
                expected[0] += a[k].0[8] * dx[k].0[8];
                expected[1] += a[k].0[8] * dy[k].0[8];
                expected[2] += a[k].0[8] * dz[k].0[8];
                expected[3] += (angular[l].0[8] * b[k].0[8] + slope[l].0[8] * a[k].0[8]) * y[k].0[8];
            }
            (got.map(|v| v.to_array()[0]), expected)
        }
    }

    #[test]
    fn pullback_is_the_transpose_of_the_gradients() {
        for isa in [Isa::Baseline, Isa::Avx2, Isa::Avx512] {
            for u in DIRECTIONS {
                let (got, expected) = isa.run(Pull(&Harmonics::new(7), u));
                for (x, y) in got.iter().zip(expected) {
                    assert!((x - y).abs() < 1e-14, "{got:?} {expected:?}");
                }
            }
        }
    }
}
