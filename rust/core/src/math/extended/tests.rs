//! Operations undo each other, doubles are exact, and what has no value is zero.

use super::{Extended, PRECISION};

/// Numbers of all sizes and signs whose bits run to the end.
fn samples() -> Vec<Extended> {
    let mut samples = vec![Extended::ONE, Extended::from(-3.0), Extended::from(1.0 - f64::EPSILON)];
    for (k, size) in [1e-30, 0.3, 1.0, 7.25, 1e25].into_iter().enumerate() {
        let number = Extended::from(size) / Extended::from(7 + 6 * k);
        samples.extend([number, -number, number.abs().sqrt(), Extended::ONE + number]);
    }
    samples
}

/// Whether two numbers agree to all but the last few of their bits.
fn agree(a: Extended, b: Extended) -> bool {
    (a - b).abs() <= a.abs().max(b.abs()).scaled(5 - PRECISION)
}

#[test]
fn operations_undo_each_other() {
    for a in samples() {
        for b in samples() {
            assert!(agree(a * b / b, a), "{a:?} {b:?}");
            assert!(agree(a / b, (b / a).recip()));
            assert_eq!(a + b, b + a);
            assert_eq!(a - b, -(b - a));
            assert_eq!(a - a, Extended::ZERO);
            let bound = (a.abs() + b.abs()).scaled(5 - PRECISION);
            assert!((a + b - b - a).abs() <= bound, "{a:?} {b:?}");
            assert!(((a + b) * (a - b) - (a * a - b * b)).abs() <= bound * (a.abs() + b.abs()));
        }
        assert!(agree(a.abs().sqrt() * a.abs().sqrt(), a.abs()));
        assert!(agree(a.powi(5), a * a * a * a * a));
    }
}

#[test]
fn doubles_are_exact() {
    for a in [0.1, -2.5, 3e-200, 7e200, 1.0 + f64::EPSILON, f64::MIN_POSITIVE, 5e-324] {
        assert_eq!(Extended::from(a).to_f64(), a);
        for b in [0.7, -1e-3, 12345.678, 0.1] {
            // One operation in 256 bits, rounded, is that operation in doubles.
            let (x, y) = (Extended::from(a), Extended::from(b));
            assert_eq!((x + y).to_f64(), a + b);
            if a.abs() > 1e-290 {
                assert_eq!((x * y).to_f64(), a * b);
                assert_eq!((x / y).to_f64(), a / b);
            }
            assert_eq!(x < y, a < b);
        }
    }
}

#[test]
fn what_has_no_value_is_zero() {
    let zero = Extended::ZERO;
    assert_eq!(Extended::ONE / zero, zero);
    assert_eq!(Extended::from(-1.0).sqrt(), zero);
    assert_eq!(Extended::from(f64::NAN), zero);
    assert_eq!(zero * Extended::ONE, zero);
    assert_eq!(zero + Extended::from(1e-90), Extended::from(1e-90));
    assert_eq!((-zero).to_f64(), 0.0);
}
