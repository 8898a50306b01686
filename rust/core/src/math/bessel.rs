//! Modified spherical Bessel functions of the first kind, scaled: `f_l(z) = exp(-z) i_l(z)`.

/// Writes `f_0 ..= f_{l_max}` of `z >= 0` into `f`, whose length is `l_max + 1`.
///
/// Relative error below 1e-15 wherever the function exceeds 1e-290: a series near zero, upward recurrence where it
/// is stable, and ratios by downward recurrence in between.
pub fn scaled(z: f64, f: &mut [f64]) {
    let l_max = f.len() - 1;
    if z <= 1e-3 {
        series(z, f);
    } else if z > (0.5 * ((l_max + 1) * (l_max + 1)) as f64).max(30.0) {
        upward(z, f);
    } else {
        downward(z, f);
    }
}

/// Derivatives of `f_0 ..= f_{l_max}`, from `f_0 ..= f_{l_max + 1}`: `(l f_{l-1} + (l+1) f_{l+1}) / (2l+1) - f_l`,
/// the form that cancels nothing at small `z`.
pub fn scaled_derivative(f: &[f64], df: &mut [f64]) {
    for l in 0..df.len() {
        let below = if l == 0 { 0.0 } else { l as f64 * f[l - 1] };
        df[l] = (below + (l + 1) as f64 * f[l + 1]) / (2 * l + 1) as f64 - f[l];
    }
}

fn series(z: f64, f: &mut [f64]) {
    let h = 0.5 * z * z;
    let mut leading = (-z).exp();
    for (l, value) in f.iter_mut().enumerate() {
        let odd = (2 * l + 1) as f64;
        *value = leading * (1.0 + h / (odd + 2.0) * (1.0 + h / (2.0 * (odd + 4.0)) * (1.0 + h / (3.0 * (odd + 6.0)))));
        leading *= z / (odd + 2.0);
    }
}

fn upward(z: f64, f: &mut [f64]) {
    let e = (-2.0 * z).exp();
    f[0] = (1.0 - e) / (2.0 * z);
    if f.len() > 1 {
        f[1] = ((1.0 + e) - (1.0 - e) / z) / (2.0 * z);
    }
    for l in 2..f.len() {
        f[l] = f[l - 2] - (2 * l - 1) as f64 / z * f[l - 1];
    }
}

fn downward(z: f64, f: &mut [f64]) {
    let l_max = f.len() - 1;
    let start = l_max + 20 + (6.5 * z.sqrt()) as usize;
    let mut ratio = 0.0;
    for l in (1..=start).rev() {
        ratio = z / ((2 * l + 1) as f64 + z * ratio);
        if l <= l_max {
            f[l] = ratio;
        }
    }
    f[0] = -(-2.0 * z).exp_m1() / (2.0 * z);
    for l in 1..=l_max {
        f[l] *= f[l - 1];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_ways_meet() {
        for l_max in [0, 1, 4, 9, 20] {
            for (z, other) in [(1e-3, downward as fn(f64, &mut [f64])), (250.0, upward)] {
                let (mut a, mut b) = (vec![0.0; l_max + 1], vec![0.0; l_max + 1]);
                if z < 1.0 {
                    series(z, &mut a);
                } else {
                    downward(z, &mut a);
                }
                other(z, &mut b);
                for (l, (x, y)) in a.iter().zip(&b).enumerate() {
                    assert!((x - y).abs() <= 2e-15 * x.abs(), "l = {l}, z = {z}: {x} and {y}");
                }
            }
        }
    }

    #[test]
    fn the_derivative_is_the_difference() {
        let h = 1e-4;
        for z in [0.02, 0.7, 5.0, 40.0] {
            let at = |z: f64| {
                let mut f = [0.0; 8];
                scaled(z, &mut f);
                f
            };
            let mut df = [0.0; 7];
            scaled_derivative(&at(z), &mut df);
            for (l, derivative) in df.iter().enumerate() {
                let five =
                    (at(z - 2.0 * h)[l] - 8.0 * at(z - h)[l] + 8.0 * at(z + h)[l] - at(z + 2.0 * h)[l]) / (12.0 * h);
                assert!((derivative - five).abs() < 1e-11, "l = {l}, z = {z}");
            }
        }
    }

    #[test]
    fn values_are_those_of_multi_precision_arithmetic() {
        let tables = crate::golden::tables();
        let (x, exact) = (&tables["ilexp_x"], &tables["ilexp_f"]);
        for (row, x) in x.data.iter().enumerate() {
            let mut f = [0.0; 21];
            scaled(x * x, &mut f);
            for (l, (value, exact)) in f.iter().zip(exact.row(row)).enumerate() {
                assert!((value - exact).abs() <= 3e-15 * exact.abs() + 1e-300, "x = {x}, l = {l}: {value} and {exact}");
            }
        }
    }

    #[test]
    fn zero_is_a_delta() {
        let mut f = [1.0; 4];
        scaled(0.0, &mut f);
        assert_eq!(f, [1.0, 0.0, 0.0, 0.0]);
    }
}
