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
#[derive(Debug, Clone)]
pub struct Harmonics {
    l_max: usize,
    /// `R_m^m`.
    diagonal: Vec<f64>,
    /// Factors of `z R_{l-1}^m` and of `-R_{l-2}^m` in `R_l^m`, at `[triangle(l, m)]`.
    recurrence: Vec<[f64; 2]>,
    norms: Vec<f64>,
}

/// Unit vectors of the sites of a block.
pub type Directions = [Row; 3];

/// `R_l^m` and `C_m`, `S_m` of eight sites, kept for the gradients.
#[derive(Debug, Clone)]
pub struct Legendre {
    r: Vec<[f64; LANES]>,
    c: Vec<[f64; LANES]>,
    s: Vec<[f64; LANES]>,
}

#[inline(always)]
fn triangle(l: usize, m: usize) -> usize {
    l * (l + 1) / 2 + m
}

impl Harmonics {
    /// Prepares degrees `0..=l_max`.
    pub fn new(l_max: usize) -> Self {
        let mut diagonal = vec![1.0];
        for m in 1..=l_max {
            // (2m-1)!! / (2m)! = 1 / (2^m m!)
            diagonal.push(diagonal[m - 1] / (2 * m) as f64);
        }
        let mut recurrence = vec![[0.0; 2]; triangle(l_max + 1, 0)];
        for l in 1..=l_max {
            for m in 0..l {
                let scale = 1.0 / ((l - m) * (l + m)) as f64;
                recurrence[triangle(l, m)] = [(2 * l - 1) as f64 * scale, scale];
            }
        }
        let mut norms = vec![0.0; (l_max + 1) * (l_max + 1)];
        for l in 0..=l_max {
            let zonal = ((2 * l + 1) as f64 / (4.0 * std::f64::consts::PI)).sqrt();
            let factorial: f64 = (1..=l).map(|k| k as f64).product();
            norms[l * l + l] = zonal * factorial;
            // (l+m)! sqrt(2 (l-m)! / (l+m)!) = sqrt(2 (l-m)! (l+m)!), with the sign (-1)^m of the usual convention
            let mut squared = 2.0 * factorial * factorial;
            for m in 1..=l {
                squared *= (l + m) as f64 / (l - m + 1) as f64;
                let norm = if m % 2 == 0 { zonal } else { -zonal } * squared.sqrt();
                norms[l * l + l + m] = norm;
                norms[l * l + l - m] = norm;
            }
        }
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

    /// `N_lm` at `l * l + l + m`.
    pub fn norms(&self) -> &[f64] {
        &self.norms
    }

    /// Room for [`Self::tabulate`].
    pub fn legendre(&self) -> Legendre {
        Legendre {
            r: vec![[0.0; LANES]; self.recurrence.len()],
            c: vec![[0.0; LANES]; self.l_max + 1],
            s: vec![[0.0; LANES]; self.l_max + 1],
        }
    }

    /// Writes `angular[l] · Y_lm / N_lm` of sites `8 pack .. 8 pack + 8`.
    #[inline(always)]
    pub fn values<V: Lanes>(&self, pack: usize, directions: &Directions, angular: &[Row], out: &mut [Row]) {
        let [x, y, z] = directions.each_ref().map(|row| row.load::<V>(pack));
        let (mut c, mut s) = (V::splat(1.0), V::zero());
        for m in 0..=self.l_max {
            let mut column = Column::start(self, m, z);
            for l in m..=self.l_max {
                let scaled = column.next(l).mul(angular[l].load(pack));
                out[l * l + l - m].store(pack, scaled.mul(s));
                out[l * l + l + m].store(pack, scaled.mul(c));
            }
            (c, s) = (y.neg_mul_add(s, x.mul(c)), y.mul_add(c, x.mul(s)));
        }
    }

    /// Keeps `R`, `C` and `S` of sites `8 pack .. 8 pack + 8` for the two methods below.
    #[inline(always)]
    pub fn tabulate<V: Lanes>(&self, pack: usize, directions: &Directions, table: &mut Legendre) {
        let [x, y, z] = directions.each_ref().map(|row| row.load::<V>(pack));
        let (mut c, mut s) = (V::splat(1.0), V::zero());
        for m in 0..=self.l_max {
            let mut column = Column::start(self, m, z);
            for l in m..=self.l_max {
                column.next(l).store(&mut table.r[triangle(l, m)]);
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
        let [x, y, _] = directions.each_ref().map(|row| row.load::<V>(pack));
        let [out_x, out_y, out_z] = out;
        for l in 0..=self.l_max {
            let a = angular[l].load::<V>(pack);
            for m in 0..=l {
                let (c, s) = (V::load(&table.c[m]), V::load(&table.s[m]));
                let up = table.below::<V>(l, m + 1).mul(a);
                let level = table.below::<V>(l, m).mul(a);
                let (mut dxc, mut dyc) = (up.mul(x).mul(c).negated(), up.mul(y).mul(c).negated());
                let (mut dxs, mut dys) = (up.mul(x).mul(s).negated(), up.mul(y).mul(s).negated());
                if m > 0 {
                    let turn = V::load(&table.r[triangle(l, m)]).mul(a).mul(V::splat(m as f64));
                    let (c1, s1) = (V::load(&table.c[m - 1]), V::load(&table.s[m - 1]));
                    dxc = turn.mul_add(c1, dxc);
                    dyc = turn.neg_mul_add(s1, dyc);
                    dxs = turn.mul_add(s1, dxs);
                    dys = turn.mul_add(c1, dys);
                    out_x[l * l + l - m].store(pack, dxs);
                    out_y[l * l + l - m].store(pack, dys);
                    out_z[l * l + l - m].store(pack, level.mul(s));
                }
                out_x[l * l + l + m].store(pack, dxc);
                out_y[l * l + l + m].store(pack, dyc);
                out_z[l * l + l + m].store(pack, level.mul(c));
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
        let [x, y, _] = directions.each_ref().map(|row| row.load::<V>(pack));
        let (mut gx, mut gy, mut gz, mut radial, mut inward) = (V::zero(), V::zero(), V::zero(), V::zero(), V::zero());
        for m in 0..=self.l_max {
            // Everything that depends on l is summed before C_m and S_m come in.
            let (mut value_c, mut value_s, mut level_c, mut level_s) = (V::zero(), V::zero(), V::zero(), V::zero());
            let (mut up_c, mut up_s, mut turn_c, mut turn_s) = (V::zero(), V::zero(), V::zero(), V::zero());
            for l in m..=self.l_max {
                let (ac, bc) = (a[l * l + l + m].load::<V>(pack), b[l * l + l + m].load::<V>(pack));
                let (scale, scale_slope) = (angular[l].load::<V>(pack), slope[l].load::<V>(pack));
                let r = V::load(&table.r[triangle(l, m)]);
                let (turn, turned) = (r.mul(scale), r.mul(scale_slope));
                let level = table.below::<V>(l, m).mul(scale);
                let up = table.below::<V>(l, m + 1).mul(scale);
                value_c = turned.mul_add(ac, turn.mul_add(bc, value_c));
                level_c = level.mul_add(ac, level_c);
                up_c = up.mul_add(ac, up_c);
                if m > 0 {
                    let (as_, bs) = (a[l * l + l - m].load::<V>(pack), b[l * l + l - m].load::<V>(pack));
                    value_s = turned.mul_add(as_, turn.mul_add(bs, value_s));
                    level_s = level.mul_add(as_, level_s);
                    up_s = up.mul_add(as_, up_s);
                    turn_c = turn.mul_add(ac, turn_c);
                    turn_s = turn.mul_add(as_, turn_s);
                }
            }
            let (c, s) = (V::load(&table.c[m]), V::load(&table.s[m]));
            radial = value_c.mul_add(c, value_s.mul_add(s, radial));
            gz = level_c.mul_add(c, level_s.mul_add(s, gz));
            inward = up_c.mul_add(c, up_s.mul_add(s, inward));
            if m > 0 {
                let factor = V::splat(m as f64);
                let (c1, s1) = (V::load(&table.c[m - 1]), V::load(&table.s[m - 1]));
                gx = turn_c.mul_add(c1, turn_s.mul(s1)).mul_add(factor, gx);
                gy = turn_c.neg_mul_add(s1, turn_s.mul(c1)).mul_add(factor, gy);
            }
        }
        [x.neg_mul_add(inward, gx), y.neg_mul_add(inward, gy), gz, radial]
    }
}

/// `R_l^m` of one `m`, from `l = m` upward.
struct Column<'a, V> {
    harmonics: &'a Harmonics,
    m: usize,
    z: V,
    older: V,
    newer: V,
}

impl<'a, V: Lanes> Column<'a, V> {
    #[inline(always)]
    fn start(harmonics: &'a Harmonics, m: usize, z: V) -> Self {
        Self { harmonics, m, z, older: V::zero(), newer: V::splat(harmonics.diagonal[m]) }
    }

    /// `R_l^m`, to be asked for in the order of `l`.
    #[inline(always)]
    fn next(&mut self, l: usize) -> V {
        if l > self.m {
            let [forward, back] = self.harmonics.recurrence[triangle(l, self.m)];
            let next = self.older.neg_mul_add(V::splat(back), self.z.mul(V::splat(forward)).mul(self.newer));
            self.older = self.newer;
            self.newer = next;
        }
        self.newer
    }
}

impl Legendre {
    /// `R_{l-1}^m`, which is zero for `m > l - 1`.
    #[inline(always)]
    fn below<V: Lanes>(&self, l: usize, m: usize) -> V {
        if m < l { V::load(&self.r[triangle(l - 1, m)]) } else { V::zero() }
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
                rows.iter().zip(harmonics.norms()).map(|(row, norm)| row.0[0] * norm).collect()
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
            for k in 0..harmonics.len() {
                let l = k.isqrt();
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
