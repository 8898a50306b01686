//! Real numbers of some 70 digits, for what is done once per parameter set and loses half of them.
//!
//! The arithmetic is that of the crate `dashu-float`; this module fixes one precision and adds the symmetric
//! eigenproblem.

use std::ops::{Add, Div, Mul, Neg, Sub};

use dashu_float::FBig;
use dashu_float::round::mode::HalfEven;

/// Bits of the significand.
const PRECISION: usize = 240;

/// A real number of fixed, high precision.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
pub struct Extended(FBig<HalfEven, 2>);

impl Extended {
    /// The square root of a number that is not negative; zero for one that is.
    #[must_use]
    pub fn sqrt(&self) -> Self {
        if self.0 <= FBig::<HalfEven, 2>::ZERO { Self::from(0.0) } else { Self(self.0.sqrt()) }
    }

    /// `e` to this power.
    #[must_use]
    pub fn exp(&self) -> Self {
        Self(self.0.exp())
    }

    /// Without its sign.
    #[must_use]
    pub fn abs(&self) -> Self {
        if self.0 < FBig::<HalfEven, 2>::ZERO { -self } else { self.clone() }
    }

    /// The circle's constant.
    pub fn pi() -> Self {
        Self(FBig::pi(PRECISION))
    }

    /// Rounded to the nearest `f64`.
    pub fn to_f64(&self) -> f64 {
        self.0.to_f64().value()
    }
}

impl From<f64> for Extended {
    /// Exact for finite numbers; zero for others.
    fn from(value: f64) -> Self {
        let exact = FBig::<HalfEven, 2>::try_from(value).unwrap_or(FBig::ZERO);
        Self(exact.with_precision(PRECISION).value())
    }
}

impl From<usize> for Extended {
    fn from(value: usize) -> Self {
        Self::from(value as f64)
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident) => {
        impl $trait for &Extended {
            type Output = Extended;
            fn $method(self, other: Self) -> Extended {
                Extended((&self.0).$method(&other.0))
            }
        }
        impl $trait for Extended {
            type Output = Extended;
            fn $method(self, other: Self) -> Extended {
                Extended(self.0.$method(other.0))
            }
        }
        impl $trait<&Extended> for Extended {
            type Output = Extended;
            fn $method(self, other: &Extended) -> Extended {
                Extended(self.0.$method(&other.0))
            }
        }
    };
}

operator!(Add, add);
operator!(Sub, sub);
operator!(Mul, mul);
operator!(Div, div);

impl Neg for &Extended {
    type Output = Extended;
    fn neg(self) -> Extended {
        Extended(-self.0.clone())
    }
}

/// A dense matrix, row by row.
pub type Matrix = Vec<Vec<Extended>>;

/// `a b`
pub fn product(a: &Matrix, b: &Matrix) -> Matrix {
    a.iter().map(|row| (0..b[0].len()).map(|j| dot(row.iter(), b.iter().map(|r| &r[j]))).collect()).collect()
}

/// Rounded to `f64`, row by row.
pub fn rounded(a: &Matrix) -> Vec<f64> {
    a.iter().flatten().map(Extended::to_f64).collect()
}

/// `Σ a b`
fn dot<'a>(a: impl Iterator<Item = &'a Extended>, b: impl Iterator<Item = &'a Extended>) -> Extended {
    a.zip(b).fold(Extended::from(0.0), |sum, (x, y)| sum + x * y)
}

/// `|S|^(-1/2)` of a symmetric matrix, the inverse square root where it is positive definite.
///
/// Jacobi's rotations: slow, and accurate to the last of our digits for the sizes of a radial basis.
pub fn inverse_square_root(s: &Matrix) -> Matrix {
    let n = s.len();
    let (values, vectors) = symmetric_eigen(s);
    let scale: Vec<Extended> = values.iter().map(|v| Extended::from(1.0) / v.abs().sqrt()).collect();
    (0..n)
        .map(|i| {
            (0..n)
                .map(|j| (0..n).fold(Extended::from(0.0), |sum, k| sum + &vectors[i][k] * &scale[k] * &vectors[j][k]))
                .collect()
        })
        .collect()
}

/// Eigenvalues, and eigenvectors as columns.
fn symmetric_eigen(s: &Matrix) -> (Vec<Extended>, Matrix) {
    let n = s.len();
    let mut a = s.clone();
    let mut v: Matrix =
        (0..n).map(|i| (0..n).map(|j| Extended::from(if i == j { 1.0 } else { 0.0 })).collect()).collect();
    // Convergence is quadratic: 30 sweeps are never needed, and the loop ends when nothing is left to rotate.
    for _ in 0..30 {
        let mut rotated = false;
        for p in 0..n {
            for q in p + 1..n {
                rotated |= rotate(&mut a, &mut v, p, q);
            }
        }
        if !rotated {
            break;
        }
    }
    ((0..n).map(|i| a[i][i].clone()).collect(), v)
}

/// Makes `a[p][q]` vanish by a rotation; `false` if it is negligible beside its diagonal already.
fn rotate(a: &mut Matrix, v: &mut Matrix, p: usize, q: usize) -> bool {
    let negligible = Extended::from(2f64.powi(-(PRECISION as i32) - 10));
    let size = (&a[p][p] * &a[q][q]).abs().sqrt() * negligible;
    if a[p][q].abs() <= size {
        return false;
    }
    let one = Extended::from(1.0);
    let theta = (&a[q][q] - &a[p][p]) / (Extended::from(2.0) * &a[p][q]);
    let t_abs = &one / &(theta.abs() + (&theta * &theta + &one).sqrt());
    let t = if theta < Extended::from(0.0) { -&t_abs } else { t_abs };
    let c = &one / &(&t * &t + &one).sqrt();
    let s = &t * &c;
    let turn = |x: &mut Extended, y: &mut Extended| {
        let (new_x, new_y) = (&c * &*x - &s * &*y, &s * &*x + &c * &*y);
        (*x, *y) = (new_x, new_y);
    };
    for row in a.iter_mut().chain(v.iter_mut()) {
        let (left, right) = row.split_at_mut(q);
        turn(&mut left[p], &mut right[0]);
    }
    let (above, below) = a.split_at_mut(q);
    for (x, y) in above[p].iter_mut().zip(below[0].iter_mut()) {
        turn(x, y);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inverse_square_root_of_a_hilbert_matrix_keeps_its_digits() {
        let n = 16;
        let s: Matrix =
            (0..n).map(|i| (0..n).map(|j| Extended::from(1.0) / Extended::from(i + j + 1)).collect()).collect();
        let w = inverse_square_root(&s);
        let identity = rounded(&product(&product(&w, &s), &w));
        for (k, &entry) in identity.iter().enumerate() {
            let expected = if k % (n + 1) == 0 { 1.0 } else { 0.0 };
            assert!((entry - expected).abs() < 1e-40_f64.max(f64::EPSILON), "entry {k} is {entry}");
        }
    }
}
