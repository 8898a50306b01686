//! Small dense matrices.

use super::number::{Extended, PRECISION};

/// A dense matrix, row by row.
pub type ExtendedMatrix = Vec<Vec<Extended>>;

/// `a b`
pub fn product(a: &ExtendedMatrix, b: &ExtendedMatrix) -> ExtendedMatrix {
    let columns = transposed(b);
    a.iter().map(|row| columns.iter().map(|column| dot(row, column)).collect()).collect()
}

/// `aᵀ`
pub fn transposed(a: &ExtendedMatrix) -> ExtendedMatrix {
    let n_columns = a.first().map_or(0, Vec::len);
    (0..n_columns).map(|k| a.iter().map(|row| row[k]).collect()).collect()
}

/// `Σ a b`
pub fn dot(a: &[Extended], b: &[Extended]) -> Extended {
    a.iter().zip(b).map(|(&x, &y)| x * y).sum()
}

/// Rounded to `f64`, row by row.
pub fn rounded(a: &ExtendedMatrix) -> Vec<f64> {
    a.iter().flatten().map(|entry| entry.to_f64()).collect()
}

/// The lower triangle `𝓛` of a symmetric positive definite `S = 𝓛 𝓛ᵀ`.
pub fn cholesky(s: &ExtendedMatrix) -> ExtendedMatrix {
    let n = s.len();
    let mut lower: ExtendedMatrix = vec![vec![Extended::ZERO; n]; n];
    for j in 0..n {
        let pivot = (s[j][j] - dot(&lower[j][..j], &lower[j][..j])).sqrt();
        let inverse = pivot.recip();
        lower[j][j] = pivot;
        for i in j + 1..n {
            lower[i][j] = (s[i][j] - dot(&lower[i][..j], &lower[j][..j])) * inverse;
        }
    }
    lower
}

/// `𝓛⁻¹` of a lower triangle.
pub fn lower_inverse(lower: &ExtendedMatrix) -> ExtendedMatrix {
    let n = lower.len();
    let mut inverse: ExtendedMatrix = vec![vec![Extended::ZERO; n]; n];
    for j in 0..n {
        for i in j..n {
            let unit = if i == j { Extended::ONE } else { Extended::ZERO };
            let known: Extended = (j..i).map(|k| lower[i][k] * inverse[k][j]).sum();
            inverse[i][j] = (unit - known) / lower[i][i];
        }
    }
    inverse
}

/// `a⁻¹`, by Gauss and Jordan with rows exchanged.
pub fn inverse(a: &ExtendedMatrix) -> ExtendedMatrix {
    let n = a.len();
    let unit = |i, j| if i == j { Extended::ONE } else { Extended::ZERO };
    let mut rows: ExtendedMatrix =
        a.iter().enumerate().map(|(i, row)| row.iter().copied().chain((0..n).map(|j| unit(i, j))).collect()).collect();
    for k in 0..n {
        let largest = (k..n).max_by_key(|&i| rows[i][k].abs()).unwrap_or(k);
        rows.swap(k, largest);
        let scale = rows[k][k].recip();
        let pivot: Vec<Extended> = rows[k].iter().map(|&entry| entry * scale).collect();
        for (i, row) in rows.iter_mut().enumerate() {
            let factor = row[k];
            if i != k && factor != Extended::ZERO {
                for (entry, &above) in row[k..].iter_mut().zip(&pivot[k..]) {
                    // Much of the right half is zero for long.
                    if above != Extended::ZERO {
                        *entry = *entry - factor * above;
                    }
                }
            }
        }
        rows[k] = pivot;
    }
    rows.into_iter().map(|mut row| row.split_off(n)).collect()
}

/// The orthogonal factor `O` of a square `a = P O`, in which `P` is symmetric and positive definite.
///
/// If `a` is the Cholesky factor `𝓛` of `S`, then `S^(-1/2) = O 𝓛⁻¹`. Newton's iteration `X ← (γX + (γX)⁻ᵀ)/2`
/// with the scaling of Higham (SIAM J. Sci. Stat. Comput. 7, 1160, 1986).
pub fn orthogonal_factor(a: &ExtendedMatrix) -> ExtendedMatrix {
    let mut x = a.clone();
    // A dozen steps, more for the worst conditioned; the bound is never met.
    for _ in 0..200 {
        let y = transposed(&inverse(&x));
        let scale = (norms(&y) / norms(&x)).sqrt().sqrt();
        let (own, other) = (scale.scaled(-1), scale.recip().scaled(-1));
        let mut change = Extended::ZERO;
        for (x, y) in x.iter_mut().flatten().zip(y.iter().flatten()) {
            let next = own * *x + other * *y;
            change = change.max((next - *x).abs());
            *x = next;
        }
        // What is left is the square of this.
        if change < Extended::ONE.scaled(-PRECISION / 2) {
            break;
        }
    }
    x
}

/// Largest sum of absolute values of a row times that of a column.
fn norms(a: &ExtendedMatrix) -> Extended {
    let largest = |a: &ExtendedMatrix| {
        a.iter().map(|row| row.iter().map(|entry| entry.abs()).sum()).fold(Extended::ZERO, Extended::max)
    };
    largest(a) * largest(&transposed(a))
}

/// `|S|^(-1/2)` of a symmetric matrix, the inverse square root where it is positive definite.
///
/// Jacobi's rotations, which do not mind a rounded matrix that has lost its definiteness; [`orthogonal_factor`] of a
/// Cholesky factor is faster.
pub fn inverse_square_root(s: &ExtendedMatrix) -> ExtendedMatrix {
    let (values, vectors) = symmetric_eigen(s);
    let scale: Vec<Extended> = values.iter().map(|value| value.abs().sqrt().recip()).collect();
    let scaled: ExtendedMatrix =
        vectors.iter().map(|row| row.iter().zip(&scale).map(|(&entry, &scale)| entry * scale).collect()).collect();
    product(&scaled, &transposed(&vectors))
}

/// Eigenvalues, and eigenvectors as columns.
fn symmetric_eigen(s: &ExtendedMatrix) -> (Vec<Extended>, ExtendedMatrix) {
    let n = s.len();
    let mut a = s.clone();
    let mut v: ExtendedMatrix =
        (0..n).map(|i| (0..n).map(|j| if i == j { Extended::ONE } else { Extended::ZERO }).collect()).collect();
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
    ((0..n).map(|i| a[i][i]).collect(), v)
}

/// Makes `a[p][q]` vanish by a rotation; `false` if it is negligible beside its diagonal already.
fn rotate(a: &mut ExtendedMatrix, v: &mut ExtendedMatrix, p: usize, q: usize) -> bool {
    // A few bits above those of one operation, so that rounding is not rotated for ever.
    let size = (a[p][p] * a[q][q]).abs().sqrt().scaled(6 - PRECISION);
    if a[p][q].abs() <= size {
        return false;
    }
    let theta = (a[q][q] - a[p][p]) / a[p][q].scaled(1);
    let t_abs = (theta.abs() + (theta * theta + Extended::ONE).sqrt()).recip();
    let t = if theta < Extended::ZERO { -t_abs } else { t_abs };
    let c = (t * t + Extended::ONE).sqrt().recip();
    let s = t * c;
    let rotate = |x: &mut Extended, y: &mut Extended| (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
    for row in a.iter_mut().chain(v.iter_mut()) {
        let (left, right) = row.split_at_mut(q);
        rotate(&mut left[p], &mut right[0]);
    }
    let (above, below) = a.split_at_mut(q);
    for (x, y) in above[p].iter_mut().zip(below[0].iter_mut()) {
        rotate(x, y);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hilbert(n: usize) -> ExtendedMatrix {
        (0..n).map(|i| (0..n).map(|j| Extended::from(i + j + 1).recip()).collect()).collect()
    }

    fn assert_identity(a: &ExtendedMatrix, limit: f64) {
        for (i, row) in a.iter().enumerate() {
            for (j, entry) in row.iter().enumerate() {
                let expected = if i == j { Extended::ONE } else { Extended::ZERO };
                let error = (*entry - expected).abs().to_f64();
                assert!(error < limit, "entry {i}, {j} is off by {error}");
            }
        }
    }

    #[test]
    fn the_inverse_square_root_of_a_hilbert_matrix_keeps_its_digits() {
        let s = hilbert(16);
        let lower = cholesky(&s);
        let rotation = orthogonal_factor(&lower);
        assert_identity(&product(&rotation, &transposed(&rotation)), 1e-70);
        let root = product(&rotation, &lower_inverse(&lower));
        assert_identity(&product(&product(&root, &s), &transposed(&root)), 1e-45);
        let other = inverse_square_root(&s);
        for (entry, other) in root.iter().flatten().zip(other.iter().flatten()) {
            assert!((*entry - *other).abs() < Extended::from(1e-30), "{entry:?} and {other:?}");
        }
    }

    #[test]
    fn inverses_invert() {
        let s = hilbert(12);
        assert_identity(&product(&s, &inverse(&s)), 1e-55);
        let lower = cholesky(&s);
        assert_identity(&product(&lower_inverse(&lower), &lower), 1e-60);
        let exchanged: ExtendedMatrix = s.iter().rev().cloned().collect();
        assert_identity(&product(&inverse(&exchanged), &exchanged), 1e-55);
    }
}
