//! Whole numbers of lattice vectors, added without losing digits.

// Whole numbers are compared, which are exact.
#![allow(clippy::float_cmp)]

/// From here on every `f64` is an integer.
pub(super) const INTEGERS: f64 = 4503599627370496.0;

/// `start + Σ coefficients · vectors`, the rounding errors of every product and sum collected and added at the end.
pub(super) fn combine(start: [f64; 3], coefficients: [f64; 3], vectors: &[[f64; 3]; 3]) -> [f64; 3] {
    let mut result = start;
    for (xyz, sum) in result.iter_mut().enumerate() {
        let mut lost = 0.0;
        for (coefficient, vector) in coefficients.iter().zip(vectors).filter(|(coefficient, _)| **coefficient != 0.0) {
            let product = coefficient * vector[xyz];
            lost += coefficient.mul_add(vector[xyz], -product);
            let before = *sum;
            *sum += product;
            let added = *sum - before;
            lost += (before - (*sum - added)) + (product - added);
        }
        *sum += lost;
    }
    result
}

/// The largest integer not above `x`; zero for NaN.
///
/// The processors of the baseline have no instruction for `f64::floor`, and a call costs more than this.
#[inline]
pub(crate) fn floor(x: f64) -> f64 {
    if x.abs() >= INTEGERS {
        return x;
    }
    let truncated = x as i64 as f64;
    if truncated > x { truncated - 1.0 } else { truncated }
}

#[cfg(test)]
mod tests {
    use super::floor;

    #[test]
    fn floor_is_floor() {
        for x in [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, -1.5, 1e15 + 0.5, -1e15 - 0.5, 1e300, -1e300] {
            assert_eq!(floor(x), x.floor());
        }
        assert_eq!(floor(f64::NAN), 0.0);
    }
}
