//! Overlaps of Gaussian orbitals on two sites, and their gradients.
//!
//! With `D = R_i - R_j`, widths `σ_i`, `σ_j`, `t = σ_i² + σ_j²` and `q = 2 σ_i σ_j / t`, two s orbitals overlap by
//! `S = q^(3/2) exp(-D² / 2t)`. Those of higher degree are derivatives of that (Hobson's theorem):
//!
//! `⟨l m | l' m'⟩ = (-1)^l (σ_i/√t)^l (σ_j/√t)^l' S · H`,
//!
//! where `H` is the product of the two solid harmonics with every power `x^k` replaced by the Hermite polynomial
//! `He_k(D_x/√t)`, as for `y` and `z`. A derivative by `D_x` raises the index of `He(D_x/√t)` by one, with a factor
//! `-1/√t`. For s and p orbitals all of this is written out.

use super::Shell;
use super::harmonics::{Polynomial, product, solid};
use crate::descriptors::pair_matrix::{MatrixElements, PairBlocks, SitePacks};
use crate::simd::{LANES, Lanes, exp};

/// Highest angular momentum of an orbital.
pub const MAX_L: usize = 6;
/// Hermite polynomials that are needed: both degrees, and one more for the gradient.
const N_HERMITE: usize = 2 * MAX_L + 2;
const SQRT_2: f64 = std::f64::consts::SQRT_2;

/// Orbitals on every site.
#[derive(Debug, Clone)]
pub struct Orbitals {
    shells: Vec<Placed>,
    /// Widths that shells have, one a channel.
    widths: Vec<Vec<f64>>,
    /// Number of orbitals.
    n: usize,
    /// For each pair of degrees the harmonics multiplied, where they are not written out: `[m][m']`.
    products: Vec<Vec<Polynomial>>,
}

/// A shell, and where its orbitals and its width are.
#[derive(Debug, Clone, Copy)]
struct Placed {
    l: usize,
    first: usize,
    width: usize,
}

/// Quantities of a pack of pairs of sites that depend on the two Gaussian widths alone.
struct Gauss<V> {
    /// `D`
    separation: [V; 3],
    /// `1/t`, `q`, `σ_i`, `σ_j`
    inverse: V,
    q: V,
    own: V,
    other: V,
    /// `S`; zero where there is no site.
    s: V,
    /// `S` for gradients: zero where there is no site, and for a site with itself.
    ds: V,
}

impl Orbitals {
    /// Arranges `shells`.
    pub fn new(shells: &[Shell]) -> Self {
        let mut widths: Vec<Vec<f64>> = Vec::new();
        let mut n = 0;
        let mut placed = Vec::new();
        for shell in shells {
            let width = widths.iter().position(|known| *known == shell.width).unwrap_or_else(|| {
                widths.push(shell.width.clone());
                widths.len() - 1
            });
            placed.push(Placed { l: shell.l, first: n, width });
            n += 2 * shell.l + 1;
        }
        let degrees: Vec<usize> = shells.iter().map(|shell| shell.l).collect();
        let harmonics: Vec<Vec<Polynomial>> = (0..=MAX_L).map(solid).collect();
        let pairs = |l: usize, m: usize| {
            let wanted = (l > 1 || m > 1) && degrees.contains(&l) && degrees.contains(&m);
            let all = || harmonics[l].iter().flat_map(|a| harmonics[m].iter().map(|b| product(a, b))).collect();
            if wanted { all() } else { Vec::new() }
        };
        let products = (0..=MAX_L).flat_map(|l| (0..=MAX_L).map(move |m| (l, m))).map(|(l, m)| pairs(l, m)).collect();
        Self { shells: placed, widths, n, products }
    }
}

impl MatrixElements for Orbitals {
    const NAME: &'static str = "om";

    fn n_orbitals(&self) -> usize {
        self.n
    }

    fn n_quantities(&self) -> usize {
        self.widths.len()
    }

    fn quantity(&self, place: usize, channel: u8) -> f64 {
        self.widths[place][usize::from(channel)]
    }

    #[inline(always)]
    fn blocks<V: Lanes>(&self, sites: &SitePacks, a: usize, pack: usize, derivatives: bool, blocks: &mut PairBlocks) {
        for i in 0..self.widths.len() {
            for j in 0..self.widths.len() {
                let gauss = gauss::<V>(sites, a, pack, [i, j]);
                self.of_widths(i, j, derivatives, &gauss, blocks);
            }
        }
    }
}

/// [`Gauss`] of the pairs of site `a` with the sites in `pack`, for widths number `i` and `j`.
#[inline(always)]
fn gauss<V: Lanes>(sites: &SitePacks, a: usize, pack: usize, [i, j]: [usize; 2]) -> Gauss<V> {
    let mut separation = [V::zero(); 3];
    let mut square = V::zero();
    for axis in 0..3 {
        let position = &sites.position[axis];
        separation[axis] = V::splat(position.as_flattened()[a]) - V::load(&position[pack]);
        square = separation[axis].mul_add(separation[axis], square);
    }
    let mut apart = sites.mask[pack];
    if a / LANES == pack {
        apart[a % LANES] = 0.0;
    }
    let own = V::splat(sites.quantities[i].as_flattened()[a]);
    let other = V::load(&sites.quantities[j][pack]);
    let inverse = V::splat(1.0) / own.mul_add(own, other * other);
    let q = (own + own) * other * inverse;
    let s = exp(square * inverse * V::splat(-0.5)) * (q * q.sqrt());
    let (s, ds) = (s * V::load(&sites.mask[pack]), s * V::load(&apart));
    Gauss { separation, inverse, q, own, other, s, ds }
}

impl Orbitals {
    /// The blocks of all shells of these widths.
    #[inline(always)]
    fn of_widths<V: Lanes>(&self, i: usize, j: usize, derivatives: bool, gauss: &Gauss<V>, blocks: &mut PairBlocks) {
        for first in &self.shells {
            for second in &self.shells {
                if first.width == i && second.width == j {
                    let start = first.first * self.n + second.first;
                    match (first.l, second.l) {
                        (0, 0) => s_s(gauss, derivatives, start, blocks),
                        (0, 1) => s_p(gauss, derivatives, start, 1, false, blocks),
                        (1, 0) => s_p(gauss, derivatives, start, self.n, true, blocks),
                        (1, 1) => p_p(gauss, derivatives, start, self.n, blocks),
                        (l, m) => self.any((l, m), gauss, derivatives, start, blocks),
                    }
                }
            }
        }
    }

    /// Any two shells, by Hermite polynomials.
    #[inline(always)]
    fn any<V: Lanes>(
        &self,
        (l, m): (usize, usize),
        gauss: &Gauss<V>,
        derivatives: bool,
        start: usize,
        blocks: &mut PairBlocks,
    ) {
        let root = gauss.inverse.sqrt();
        let mut hermite = [[V::splat(1.0); N_HERMITE]; 3];
        for axis in 0..3 {
            let x = gauss.separation[axis] * root;
            hermite[axis][1] = x;
            for k in 1..=l + m {
                let below = hermite[axis][k - 1] * V::splat(k as f64);
                hermite[axis][k + 1] = x * hermite[axis][k] - below;
            }
        }
        let mut factor = V::splat(if l % 2 == 0 { 1.0 } else { -1.0 });
        for _ in 0..l {
            factor = factor * gauss.own * root;
        }
        for _ in 0..m {
            factor = factor * gauss.other * root;
        }
        let derivative = -(factor * gauss.ds * root);
        let factor = factor * gauss.s;
        let width = 2 * m + 1;
        for (place, polynomial) in self.products[l * (MAX_L + 1) + m].iter().enumerate() {
            let at = start + place / width * self.n + place % width;
            let mut sum = V::zero();
            let mut sums = [V::zero(); 3];
            for term in polynomial {
                let [i, j, k] = term.power;
                let (x, y, z) = (hermite[0][i], hermite[1][j], hermite[2][k]);
                let c = V::splat(term.factor);
                let (xy, cz) = (x * y, c * z);
                sum = xy.mul_add(cz, sum);
                if derivatives {
                    sums[0] = (hermite[0][i + 1] * y).mul_add(cz, sums[0]);
                    sums[1] = (hermite[1][j + 1] * x).mul_add(cz, sums[1]);
                    sums[2] = (hermite[2][k + 1] * xy).mul_add(c, sums[2]);
                }
            }
            (sum * factor).store(&mut blocks.values[at]);
            if derivatives {
                for axis in 0..3 {
                    (sums[axis] * derivative).store(&mut blocks.derivatives[axis][at]);
                }
            }
        }
    }
}

/// `S`
#[inline(always)]
fn s_s<V: Lanes>(gauss: &Gauss<V>, derivatives: bool, at: usize, blocks: &mut PairBlocks) {
    gauss.s.store(&mut blocks.values[at]);
    if derivatives {
        let factor = -(gauss.ds * gauss.inverse);
        for c in 0..3 {
            (gauss.separation[c] * factor).store(&mut blocks.derivatives[c][at]);
        }
    }
}

/// `⟨s|p_a⟩ = √2 σ_j/t D_a S`; `⟨p_a|s⟩`, if `transposed`, with `-σ_i` in place of `σ_j`.
#[inline(always)]
fn s_p<V: Lanes>(
    gauss: &Gauss<V>,
    derivatives: bool,
    start: usize,
    stride: usize,
    transposed: bool,
    blocks: &mut PairBlocks,
) {
    let width = if transposed { -gauss.own } else { gauss.other };
    let factor = width * gauss.inverse * V::splat(SQRT_2);
    for a in 0..3 {
        let at = start + a * stride;
        (gauss.separation[a] * factor * gauss.s).store(&mut blocks.values[at]);
        if derivatives {
            let factor = factor * gauss.ds;
            let part = factor * gauss.separation[a] * gauss.inverse;
            for c in 0..3 {
                let straight = if a == c { factor } else { V::zero() };
                part.neg_mul_add(gauss.separation[c], straight).store(&mut blocks.derivatives[c][at]);
            }
        }
    }
}

/// `⟨p_a|p_b⟩ = q (δ_ab - D_a D_b / t) S`
#[inline(always)]
fn p_p<V: Lanes>(gauss: &Gauss<V>, derivatives: bool, start: usize, stride: usize, blocks: &mut PairBlocks) {
    let Gauss { separation, inverse, q, s, ds, .. } = *gauss;
    let factor = q * s;
    let derivative = -(q * ds * inverse);
    for a in 0..3 {
        for b in 0..3 {
            let at = start + a * stride + b;
            let product = separation[a] * separation[b] * inverse;
            let angle = V::splat(if a == b { 1.0 } else { 0.0 }) - product;
            (angle * factor).store(&mut blocks.values[at]);
            if derivatives {
                for c in 0..3 {
                    // δ_ac D_b + δ_bc D_a + (δ_ab - D_a D_b / t) D_c
                    let mut sum = angle * separation[c];
                    if a == c {
                        sum += separation[b];
                    }
                    if b == c {
                        sum += separation[a];
                    }
                    (sum * derivative).store(&mut blocks.derivatives[c][at]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptors::{CenterKind, Environment};
    use crate::math::cutoff::SquareCutoff;
    use crate::simd::{Isa, Kernel};

    /// The blocks of the first site with all others: written out, and by Hermite polynomials.
    struct ClosedAndGeneral<'a>(&'a Orbitals, &'a SitePacks, [&'a mut PairBlocks; 2]);

    impl Kernel for ClosedAndGeneral<'_> {
        type Output = ();
        #[inline(always)]
        fn run<V: Lanes>(self) {
            let Self(orbitals, sites, [closed, any]) = self;
            orbitals.blocks::<V>(sites, 0, 0, true, closed);
            for first in &orbitals.shells {
                for second in &orbitals.shells {
                    let gauss = gauss::<V>(sites, 0, 0, [first.width, second.width]);
                    let start = first.first * orbitals.n + second.first;
                    orbitals.any((first.l, second.l), &gauss, true, start, any);
                }
            }
        }
    }

    #[test]
    fn what_is_written_out_is_what_polynomials_say() {
        let shell = |l: usize, factor: f64| Shell { l, width: vec![0.5 * factor, 0.9 * factor] };
        let mut orbitals = Orbitals::new(&[shell(0, 1.0), shell(1, 1.0), shell(1, 1.4)]);
        for (l, m) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let (left, right) = (solid(l), solid(m));
            let all = left.iter().flat_map(|a| right.iter().map(|b| product(a, b))).collect();
            orbitals.products[l * (MAX_L + 1) + m] = all;
        }
        let column = |seed: f64| (0..6).map(|k| (seed * f64::from(k + 1)).sin()).collect::<Vec<_>>();
        let [dx, dy, dz] = [column(1.3), column(2.1), column(3.7)];
        let r: Vec<f64> = (0..6).map(|k| dx[k].hypot(dy[k]).hypot(dz[k])).collect();
        let environment = Environment {
            volume: 0.0,
            center: CenterKind::Atom(Some(0)),
            channel: &[0, 0, 0, 1, 1, 1],
            dx: &dx,
            dy: &dy,
            dz: &dz,
            r: &r,
        };
        let mut sites = SitePacks::default();
        let quantity = |place, channel| orbitals.quantity(place, channel);
        sites.fill(&environment, SquareCutoff::new(3.0, 2), orbitals.n_quantities(), quantity).unwrap();
        for isa in [Isa::Baseline, Isa::Avx2, Isa::Avx512] {
            let (mut closed, mut any) = (PairBlocks::new(7).unwrap(), PairBlocks::new(7).unwrap());
            isa.run(ClosedAndGeneral(&orbitals, &sites, [&mut closed, &mut any]));
            for at in 0..49 {
                let pairs = closed.derivatives.iter().zip(&any.derivatives).map(|(a, b)| (a[at], b[at]));
                for (a, b) in pairs.chain([(closed.values[at], any.values[at])]) {
                    assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-15), "{at}: {a:?} {b:?}");
                }
                assert!(
                    closed.derivatives.iter().all(|derivatives| derivatives[at][0] == 0.0 && derivatives[at][7] == 0.0)
                );
            }
            // A shell overlaps with itself on one site, and nothing does with what fills up.
            assert!((0..7).all(|o| (closed.values[8 * o][0] - 1.0).abs() < 1e-15 && closed.values[8 * o][7] == 0.0));
        }
    }
}
