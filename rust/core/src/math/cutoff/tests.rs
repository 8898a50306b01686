//! Every cutoff function against its definition, and at its ends.

use super::*;
use crate::simd::{Isa, Kernel};

const R_CUT: f64 = 4.8;

const ALL: [CutoffFunction; 9] = [
    CutoffFunction::Hard,
    CutoffFunction::Cosine,
    CutoffFunction::Tanh,
    CutoffFunction::NormalizedTanh,
    CutoffFunction::Exponential,
    CutoffFunction::Polynomial(1),
    CutoffFunction::Polynomial(2),
    CutoffFunction::Polynomial(3),
    CutoffFunction::Polynomial(4),
];

/// The definition.
fn naive(function: CutoffFunction, alpha: f64, r_cut: f64, r: f64) -> f64 {
    let x = ((r - alpha * r_cut) / (r_cut - alpha * r_cut)).max(0.0);
    match function {
        CutoffFunction::Hard => 1.0,
        CutoffFunction::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * x).cos()),
        CutoffFunction::Tanh => (1.0 - r / r_cut).tanh().powi(3),
        CutoffFunction::NormalizedTanh => (1.0 - r / r_cut).tanh().powi(3) / 1f64.tanh().powi(3),
        CutoffFunction::Exponential => (1.0 - 1.0 / (1.0 - x * x)).exp(),
        CutoffFunction::Polynomial(1) => 1.0 - x * x * (3.0 - 2.0 * x),
        CutoffFunction::Polynomial(2) => 1.0 - x.powi(3) * (10.0 - 15.0 * x + 6.0 * x * x),
        CutoffFunction::Polynomial(3) => 1.0 - x.powi(4) * (35.0 - 84.0 * x + 70.0 * x * x - 20.0 * x.powi(3)),
        CutoffFunction::Polynomial(_) => {
            1.0 - x.powi(5) * (126.0 - 420.0 * x + 540.0 * x * x - 315.0 * x.powi(3) + 70.0 * x.powi(4))
        }
    }
}

/// Value and derivative of a cutoff function at one distance.
struct At<'a, C>(&'a C, f64);

impl<C: Cutoff> Kernel for At<'_, C> {
    type Output = (f64, f64);
    #[inline(always)]
    fn run<V: Lanes>(self) -> Self::Output {
        let (value, derivative) = self.0.at(V::splat(self.1));
        (value.to_array()[0], derivative.to_array()[0])
    }
}

/// Value and derivative of a named cutoff function, found from the square of a distance.
struct OfSquare<'a>(&'a NamedCutoff, f64);

impl Kernel for OfSquare<'_> {
    type Output = (f64, f64);
    #[inline(always)]
    fn run<V: Lanes>(self) -> Self::Output {
        let (value, derivative) = self.0.of_square(V::splat(self.1 * self.1));
        (value.to_array()[0], (derivative * V::splat(self.1)).to_array()[0])
    }
}

#[test]
fn named_functions_are_those_of_the_definition() {
    for isa in [Isa::Baseline, Isa::Avx2, Isa::Avx512] {
        for function in ALL {
            for alpha in [0.0, 0.3] {
                let cutoff = NamedCutoff::new(function, alpha, 4.8);
                for k in 1..200 {
                    let r = 4.8 * f64::from(k) / 200.0 + 1e-3;
                    let (a, b) = (isa.run(At(&cutoff, r)), isa.run(OfSquare(&cutoff, r)));
                    let f = |r| naive(function, alpha, 4.8, r);
                    // The polynomials of the definition cancel near the cutoff.
                    let tolerance = if matches!(function, CutoffFunction::Polynomial(_)) { 5e-13 } else { 4e-15 };
                    let apart = (a.0 - f(r)).abs().max((b.0 - f(r)).abs());
                    assert!(apart < tolerance, "{function:?} at {r}: off by {apart:.1e}");
                    assert!((a.1 - b.1).abs() < 1e-14, "{function:?} at {r}: derivatives {} and {}", a.1, b.1);
                    let h = 1e-3;
                    if (r - alpha * 4.8).abs() < 3.0 * h || r + 2.0 * h > 4.8 {
                        continue;
                    }
                    let derivative = (f(r - 2.0 * h) - 8.0 * f(r - h) + 8.0 * f(r + h) - f(r + 2.0 * h)) / (12.0 * h);
                    assert!((a.1 - derivative).abs() < 1e-9, "{function:?} at {r}: {} and {derivative}", a.1);
                }
            }
        }
    }
}

#[test]
fn ends_are_finite() {
    for function in ALL {
        let cutoff = NamedCutoff::new(function, 0.0, 5.0);
        for r in [0.0, 1e-200, 5.0 * (1.0 - 1e-16), 5.0] {
            for (value, derivative) in [Isa::detect().run(At(&cutoff, r)), Isa::detect().run(OfSquare(&cutoff, r))] {
                assert!(value.is_finite() && derivative.is_finite(), "{function:?} at {r}");
            }
        }
    }
}

#[test]
fn half_a_wave_is_exact_at_its_ends() {
    for isa in [Isa::Baseline, Isa::Avx2, Isa::Avx512] {
        let cutoff = CosineCutoff::new(3.0, 1.0);
        for k in 0_u8..16 {
            let x = f64::from(k) / 15.0;
            let angle = std::f64::consts::PI * ((2.0 + x) - 2.0);
            let (value, derivative) = isa.run(At(&cutoff, 2.0 + x));
            assert!((value - 0.5 * (1.0 + angle.cos())).abs() < 3e-16, "{x}");
            assert!((derivative + 0.5 * std::f64::consts::PI * angle.sin()).abs() < 1e-15, "{x}");
        }
        for (r, value) in [(0.0, 1.0), (1.5, 1.0), (2.0, 1.0), (3.0, 0.0)] {
            assert_eq!(isa.run(At(&cutoff, r)), (value, 0.0), "{r}");
        }
    }
}

#[test]
fn powers_are_those_of_the_definition() {
    for r in [0.0, 1e-9, 0.3, 2.2, 4.0, 4.7999] {
        let x = r / R_CUT;
        for n in 0_u8..5 {
            let (value, derivative) = Isa::detect().run(At(&SquareCutoff::new(R_CUT, u32::from(n)), r));
            let (base, inner) = (1.0 - x * x, -2.0 * x / R_CUT);
            assert!((value - base.powi(i32::from(n))).abs() < 1e-15, "{r}");
            let expected = if n == 0 { 0.0 } else { f64::from(n) * base.powi(i32::from(n) - 1) * inner };
            assert!((derivative - expected).abs() < 1e-15, "{r}: {derivative} and {expected}");
        }
        for a in [0.0, 0.7, 1.0, 2.5] {
            let (value, derivative) = Isa::detect().run(At(&CubicCutoff::new(R_CUT, a), r));
            let (base, inner) = (1.0 - 3.0 * x * x + 2.0 * x * x * x, 6.0 * (x * x - x) / R_CUT);
            // The definition cancels near the cutoff.
            assert!((value - base.powf(a)).abs() < 1e-9, "{r}");
            let expected = if a == 0.0 { 0.0 } else { a * base.powf(a - 1.0) * inner };
            assert!((derivative - expected).abs() < 1e-6, "{r}: {derivative} and {expected}");
        }
    }
}

/// Whether value and derivative meet one and zero where the function begins to fall, at `start`, and zero and zero at
/// the cutoff, as fast as the function says.
fn meets_its_ends<C: Cutoff + std::fmt::Debug>(cutoff: &C, start: Option<f64>) {
    let at = |r: f64| Isa::detect().run(At(cutoff, r));
    if let Some(start) = start {
        for r in [0.0, 0.5 * start, start] {
            let (value, derivative) = at(r);
            assert!(
                (value - 1.0).abs() < 4e-16 && derivative.abs() < 4e-16,
                "{cutoff:?} at {r}: {value}, {derivative}"
            );
        }
        // Nothing jumps, neither the value nor the derivative.
        let (value, derivative) = at(start + 1e-6);
        assert!(
            (value - 1.0).abs() < 1e-10 && derivative.abs() < 1e-4,
            "{cutoff:?} after {start}: {value}, {derivative}"
        );
    }
    let Some(n) = cutoff.smoothness() else {
        assert_eq!(at(R_CUT - 1e-12), (1.0, 0.0), "{cutoff:?} promises nothing at the cutoff");
        return;
    };
    let [(far, far_derivative), (near, near_derivative)] = [0.02, 0.01].map(|h| at(R_CUT - h));
    assert!(near >= 0.0 && near_derivative <= 0.0, "{cutoff:?} rises");
    // The value falls as a power of what is left, which is above `n`, by one at most; the derivative by one less.
    let powers = [(far / near).log2(), 1.0 + (far_derivative / near_derivative).log2()];
    let least = f64::from(n.min(20));
    for power in powers {
        let most = if n == u8::MAX { f64::INFINITY } else { least + 1.1 };
        assert!(power > least + 0.01 && power < most, "{cutoff:?} ends as power {power}, said to be above {least}");
    }
}

#[test]
fn all_are_as_smooth_at_both_ends_as_they_say() {
    for function in ALL {
        for alpha in [0.0, 0.3] {
            // The hyperbolic tangent falls from the center on, and knows no start.
            let start = match function {
                CutoffFunction::Tanh | CutoffFunction::NormalizedTanh => None,
                _ => Some(alpha * R_CUT),
            };
            meets_its_ends(&NamedCutoff::new(function, alpha, R_CUT), start);
        }
    }
    for width in [0.3, 1.0, R_CUT] {
        meets_its_ends(&CosineCutoff::new(R_CUT, width), Some(R_CUT - width));
    }
    for exponent in [0, 1, 2, 3, 7] {
        meets_its_ends(&SquareCutoff::new(R_CUT, exponent), Some(0.0));
    }
    // At half and below, soap_turbo's function ends with a derivative that is not zero: nothing but the value is promised.
    for exponent in [0.0, 0.3, 0.5, 0.7, 1.0, 2.0, 3.5] {
        meets_its_ends(&CubicCutoff::new(R_CUT, exponent), Some(0.0));
    }
}
