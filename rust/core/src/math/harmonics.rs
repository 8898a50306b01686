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

use crate::simd::{LANES, Lanes, SiteLanes};

/// Recurrences up to one degree.
///
/// Recurrences run along columns of one `m`; rows of harmonics are in the usual order, `l * l + l + m`, so that those
/// of one degree lie side by side.
#[derive(Debug, Clone)]
pub struct Harmonics {
    l_max: usize,
    /// `R_m^m`.
    diagonal: Vec<f64>,
    /// Factors of `z R_l^m` and of `-R_{l-1}^m` in `R_{l+1}^m`, column by column.
    recurrence: Vec<[f64; 2]>,
    norms: Vec<f64>,
}

/// Unit vectors of the sites of a block.
pub type Directions = [SiteLanes; 3];

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
        let norms = (0..(l_max + 1) * (l_max + 1)).map(norm).collect();
        Self { l_max, diagonal, recurrence, norms }
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

    /// Degree of each row.
    pub fn degrees(&self) -> impl Iterator<Item = usize> {
        (0..=self.l_max).flat_map(|l| std::iter::repeat_n(l, 2 * l + 1))
    }

    /// Writes `angular[l] · Y_lm / N_lm` of sites `8 pack .. 8 pack + 8`.
    #[inline(always)]
    pub fn values<V: Lanes>(&self, pack: usize, directions: &Directions, angular: &[SiteLanes], out: &mut [SiteLanes]) {
        let [x, y, z] = load_directions::<V>(pack, directions);
        let (mut c, mut s) = (V::splat(1.0), V::zero());
        for m in 0..=self.l_max {
            let factors = &self.recurrence[self.column(m)..][..self.l_max + 1 - m];
            let mut column = LegendreColumn::start(self.diagonal[m], z);
            for ((factors, angular), place) in factors.iter().zip(&angular[m..]).zip(OrderRows::new(m)) {
                let scaled = column.next(*factors) * angular.load(pack);
                out[place.cosine].store(pack, scaled * c);
                if m > 0 {
                    out[place.sine].store(pack, scaled * s);
                }
            }
            (c, s) = (y.neg_mul_add(s, x * c), y.mul_add(c, x * s));
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
            let mut column = LegendreColumn::start(self.diagonal[m], z);
            let out = &mut table.r[place + LEADING * (m + 1)..][..length];
            for (factors, r) in self.recurrence[place..][..length].iter().zip(out) {
                column.next(*factors).store(r);
            }
            c.store(&mut table.c[m]);
            s.store(&mut table.s[m]);
            (c, s) = (y.neg_mul_add(s, x * c), y.mul_add(c, x * s));
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
        angular: &[SiteLanes],
        out: [&mut [SiteLanes]; 3],
    ) {
        let [x, y, _] = load_directions::<V>(pack, directions);
        let [out_x, out_y, out_z] = out;
        for m in 0..=self.l_max {
            let (c, s) = (V::load(&table.c[m]), V::load(&table.s[m]));
            let before = m.saturating_sub(1);
            let (c1, s1, order) = (V::load(&table.c[before]), V::load(&table.s[before]), V::splat(m as f64));
            let (own, next) = (self.table_column(m, table), self.table_column(m + 1, table));
            for ((k, a), place) in angular[m..=self.l_max].iter().enumerate().zip(OrderRows::new(m)) {
                let a = a.load::<V>(pack);
                let [r, level, up] = [V::load(&own[k + 2]), V::load(&own[k + 1]), V::load(&next[k])];
                let inward = -(up * a);
                let azimuthal = r * a * order;
                let level = level * a;
                let (dx, dy) = (inward * x, inward * y);
                let row = place.cosine;
                out_x[row].store(pack, dx.mul_add(c, azimuthal * c1));
                out_y[row].store(pack, dy.mul_add(c, -(azimuthal * s1)));
                out_z[row].store(pack, level * c);
                if m > 0 {
                    let row = place.sine;
                    out_x[row].store(pack, dx.mul_add(s, azimuthal * s1));
                    out_y[row].store(pack, dy.mul_add(s, azimuthal * c1));
                    out_z[row].store(pack, level * s);
                }
            }
        }
    }

    /// The sums over `lm` that a gradient needs, of `Y = Y_lm / N_lm` and two adjoints `a_lm` and `b_lm` a site:
    ///
    /// `[Σ angular[l] a ∂_x Y, ... ∂_y Y, ... ∂_z Y, Σ (angular[l] b + derivative[l] a) Y]`
    #[inline(always)]
    pub fn pullback<V: Lanes>(
        &self,
        pack: usize,
        directions: &Directions,
        table: &Legendre,
        [angular, derivative]: [&[SiteLanes]; 2],
        [a, b]: [&[SiteLanes]; 2],
    ) -> [V; 4] {
        let [x, y, _] = load_directions::<V>(pack, directions);
        let (mut gx, mut gy, mut gz, mut radial, mut inward) = (V::zero(), V::zero(), V::zero(), V::zero(), V::zero());
        for m in 0..=self.l_max {
            let columns = [self.table_column(m, table), self.table_column(m + 1, table)];
            let angular_factors = [&angular[m..=self.l_max], &derivative[m..=self.l_max]];
            let (c, s) = (V::load(&table.c[m]), V::load(&table.s[m]));
            let with_c = OrderSums::<V>::new(
                pack,
                columns,
                angular_factors,
                [a, b],
                OrderRows::new(m).map(|place| place.cosine),
            );
            if m == 0 {
                radial = with_c.value.mul_add(c, radial);
                gz = with_c.level.mul_add(c, gz);
                inward = with_c.up.mul_add(c, inward);
                continue;
            }
            let with_s =
                OrderSums::<V>::new(pack, columns, angular_factors, [a, b], OrderRows::new(m).map(|place| place.sine));
            radial = with_c.value.mul_add(c, with_s.value.mul_add(s, radial));
            gz = with_c.level.mul_add(c, with_s.level.mul_add(s, gz));
            inward = with_c.up.mul_add(c, with_s.up.mul_add(s, inward));
            let factor = V::splat(m as f64);
            let (c1, s1) = (V::load(&table.c[m - 1]), V::load(&table.s[m - 1]));
            gx = with_c.azimuthal.mul_add(c1, with_s.azimuthal * s1).mul_add(factor, gx);
            gy = with_c.azimuthal.neg_mul_add(s1, with_s.azimuthal * c1).mul_add(factor, gy);
        }
        [x.neg_mul_add(inward, gx), y.neg_mul_add(inward, gy), gz, radial]
    }
}

/// The places `l * l + l ± m` of one column, from `l = m` upward.
struct OrderRows {
    next: OrderRow,
    step: usize,
}

/// `l * l + l + m` and `l * l + l - m`.
#[derive(Clone, Copy)]
struct OrderRow {
    cosine: usize,
    sine: usize,
}

impl OrderRows {
    #[inline(always)]
    fn new(m: usize) -> Self {
        Self { next: OrderRow { cosine: m * (m + 2), sine: m * m }, step: 2 * m + 2 }
    }
}

impl Iterator for OrderRows {
    type Item = OrderRow;

    #[inline(always)]
    fn next(&mut self) -> Option<OrderRow> {
        let place = self.next;
        self.next = OrderRow { cosine: place.cosine + self.step, sine: place.sine + self.step };
        self.step += 2;
        Some(place)
    }
}

/// The sums over `l` of one column, before `C_m` and `S_m` come in.
struct OrderSums<V> {
    /// `Σ R_l^m (angular b + derivative a)`
    value: V,
    /// `Σ R_l^m angular a`
    azimuthal: V,
    /// `Σ R_{l-1}^m angular a`
    level: V,
    /// `Σ R_{l-1}^{m+1} angular a`
    up: V,
}

impl<V: Lanes> OrderSums<V> {
    /// Over the degrees from `m`, of this column and the next, with the angular factors and adjoints of those degrees.
    #[inline(always)]
    fn new(
        pack: usize,
        [own, next]: [&[[f64; LANES]]; 2],
        [angular, derivative]: [&[SiteLanes]; 2],
        [a, b]: [&[SiteLanes]; 2],
        rows: impl Iterator<Item = usize>,
    ) -> Self {
        let mut sums = Self { value: V::zero(), azimuthal: V::zero(), level: V::zero(), up: V::zero() };
        let legendre = own[LEADING..].iter().zip(&own[LEADING - 1..]).zip(next);
        let terms = legendre.zip(angular.iter().zip(derivative)).zip(rows);
        for ((((r, level), up), (angular, derivative)), row) in terms {
            let (a, b, angular) = (a[row].load::<V>(pack), b[row].load::<V>(pack), angular.load::<V>(pack));
            let (r, scaled) = (V::load(r), a * angular);
            sums.value = r.mul_add(angular.mul_add(b, a * derivative.load(pack)), sums.value);
            sums.azimuthal = r.mul_add(scaled, sums.azimuthal);
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
struct LegendreColumn<V> {
    z: V,
    older: V,
    newer: V,
}

impl<V: Lanes> LegendreColumn<V> {
    #[inline(always)]
    fn start(diagonal: f64, z: V) -> Self {
        Self { z, older: V::zero(), newer: V::splat(diagonal) }
    }

    /// `R_l^m`, and on to the next degree with its factors.
    #[inline(always)]
    fn next(&mut self, [forward, back]: [f64; 2]) -> V {
        let value = self.newer;
        self.newer = self.older.neg_mul_add(V::splat(back), self.z * V::splat(forward) * value);
        self.older = value;
        value
    }
}

#[cfg(test)]
mod tests;
