//! Real solid harmonics as polynomials, for orbitals of any degree.

/// `c x^i y^j z^k`
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Term {
    /// `[i, j, k]`
    pub power: [usize; 3],
    /// `c`
    pub factor: f64,
}

/// A polynomial of three variables.
pub type Polynomial = Vec<Term>;

fn add(polynomial: &mut Polynomial, power: [usize; 3], factor: f64) {
    match polynomial.iter_mut().find(|term| term.power == power) {
        Some(term) => term.factor += factor,
        None => polynomial.push(Term { power, factor }),
    }
}

/// The product of two polynomials.
pub fn product(a: &[Term], b: &[Term]) -> Polynomial {
    let mut out = Polynomial::new();
    for s in a {
        for t in b {
            add(&mut out, std::array::from_fn(|axis| s.power[axis] + t.power[axis]), s.factor * t.factor);
        }
    }
    out.retain(|term| term.factor != 0.0);
    out
}

fn factorial(n: usize) -> f64 {
    (1..=n).map(|k| k as f64).product()
}

fn binomial(n: usize, k: usize) -> f64 {
    if k > n { 0.0 } else { factorial(n) / (factorial(k) * factorial(n - k)) }
}

/// The harmonics of degree `l`; x, y, z for `l = 1`. Each is scaled so that a Gaussian times it has unit length.
pub fn solid(l: usize) -> Vec<Polynomial> {
    if l == 1 {
        let axis = |axis: usize| {
            let mut power = [0; 3];
            power[axis] = 1;
            normalized(vec![Term { power, factor: 1.0 }], 1)
        };
        return (0..3).map(axis).collect();
    }
    let mut all = Vec::new();
    for m in 0..=l {
        let height = height(l, m);
        // Real and imaginary part of (x + iy)^m.
        let (mut even, mut odd) = (Polynomial::new(), Polynomial::new());
        for k in 0..=m {
            let sign = if k % 4 < 2 { 1.0 } else { -1.0 };
            let part = if k % 2 == 0 { &mut even } else { &mut odd };
            add(part, [m - k, k, 0], sign * binomial(m, k));
        }
        all.push(normalized(product(&even, &height), l));
        if m > 0 {
            all.push(normalized(product(&odd, &height), l));
        }
    }
    all
}

/// What multiplies `(x ± iy)^m`: a polynomial of `z` and `r²` of degree `l - m`.
fn height(l: usize, m: usize) -> Polynomial {
    let mut out = Polynomial::new();
    for k in 0..=(l - m) / 2 {
        let sign = if k % 2 == 0 { 1.0 } else { -1.0 };
        let factor =
            sign * binomial(l, k) * binomial(2 * l - 2 * k, l) * factorial(l - 2 * k) / factorial(l - 2 * k - m);
        let mut term = vec![Term { power: [0, 0, l - 2 * k - m], factor }];
        for _ in 0..k {
            let square = |axis: usize| {
                let mut power = [0; 3];
                power[axis] = 2;
                Term { power, factor: 1.0 }
            };
            term = product(&term, &[square(0), square(1), square(2)]);
        }
        term.iter().for_each(|term| add(&mut out, term.power, term.factor));
    }
    out
}

/// `He_k(0)`
fn hermite_at_zero(k: usize) -> f64 {
    if k % 2 == 1 { 0.0 } else { (1..k).step_by(2).map(|odd| -(odd as f64)).product() }
}

/// Scales `polynomial` so that the overlap of an orbital with itself is one; see [`super::integrals`].
fn normalized(mut polynomial: Polynomial, l: usize) -> Polynomial {
    let square = product(&polynomial, &polynomial);
    let at_zero = |term: &Term| term.factor * term.power.iter().map(|&k| hermite_at_zero(k)).product::<f64>();
    let overlap = square.iter().map(at_zero).sum::<f64>() * (-0.5_f64).powi(l as i32);
    polynomial.iter_mut().for_each(|term| term.factor /= overlap.sqrt());
    polynomial
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_as_should_be_and_all_are_harmonic() {
        for l in 0..=6 {
            let all = solid(l);
            assert_eq!(all.len(), 2 * l + 1);
            for polynomial in &all {
                let mut laplacian = Polynomial::new();
                for term in polynomial {
                    assert_eq!(term.power.iter().sum::<usize>(), l);
                    for axis in 0..3 {
                        if term.power[axis] >= 2 {
                            let mut power = term.power;
                            power[axis] -= 2;
                            let twice = term.power[axis] * (term.power[axis] - 1);
                            add(&mut laplacian, power, term.factor * twice as f64);
                        }
                    }
                }
                let size = polynomial.iter().map(|term| term.factor.abs()).fold(0.0, f64::max);
                assert!(laplacian.iter().all(|term| term.factor.abs() < 1e-12 * size), "l = {l}");
            }
        }
    }

    #[test]
    fn d_functions_are_those_of_the_books() {
        let d = solid(2);
        let entry =
            |m: usize, power: [usize; 3]| d[m].iter().find(|term| term.power == power).map_or(0.0, |term| term.factor);
        // 2 z² - x² - y², xz, yz, x² - y², xy
        assert!((entry(0, [0, 0, 2]) + 2.0 * entry(0, [2, 0, 0])).abs() < 1e-15);
        assert!((entry(1, [1, 0, 1]) - 2.0).abs() < 1e-15);
        assert!((entry(2, [0, 1, 1]) - 2.0).abs() < 1e-15);
        assert!((entry(3, [2, 0, 0]) - 1.0).abs() < 1e-15);
        assert!((entry(4, [1, 1, 0]) - 2.0).abs() < 1e-15);
    }
}
