//! Real numbers of 32 digits, eight at a time: each is the sum of two doubles (T. J. Dekker, Numer. Math. 18, 224, 1971).
//!
//! An operation takes some ten to twenty of doubles, hence a thirtieth of the time that [`Extended`] needs for one of
//! eight. There is no more range than doubles have: what under- or overflows shows in what is made of it.

use std::ops::{Add, Mul, Neg, Sub};
use std::sync::OnceLock;

use super::extended::Extended;
use crate::simd::{LANES, Lanes};

/// Relative error of a sum or a product.
pub const EPSILON: f64 = 5e-32;

/// Eight numbers `high + low`, in which `high` is the sum rounded to a double.
#[derive(Debug, Clone, Copy)]
pub struct DoubleDouble<V> {
    high: V,
    low: V,
}

impl<V: Lanes> DoubleDouble<V> {
    /// The same double in all lanes.
    #[inline(always)]
    pub fn splat(value: f64) -> Self {
        Self { high: V::splat(value), low: V::zero() }
    }

    /// A number for each lane, rounded.
    #[inline(always)]
    pub fn from_lanes(numbers: &[Extended; LANES]) -> Self {
        let parts = numbers.map(parts);
        Self { high: V::load(&parts.map(|[high, _]| high)), low: V::load(&parts.map(|[_, low]| low)) }
    }

    /// Doubles, exactly.
    #[inline(always)]
    pub fn from_doubles(doubles: V) -> Self {
        Self { high: doubles, low: V::zero() }
    }

    /// The same number in all lanes, rounded.
    #[inline(always)]
    pub fn from_extended(number: Extended) -> Self {
        let [high, low] = parts(number);
        Self { high: V::splat(high), low: V::splat(low) }
    }

    /// Rounded to doubles.
    #[inline(always)]
    pub fn to_doubles(self) -> V {
        self.high
    }

    /// This number in lanes where `chosen` is one, and one in those where it is zero.
    #[inline(always)]
    pub fn or_one(self, chosen: V) -> Self {
        Self { high: chosen.mul_add(self.high, V::splat(1.0) - chosen), low: chosen * self.low }
    }

    /// Two doubles whose sum is that of `large` and `small`, the larger first.
    #[inline(always)]
    fn ordered(large: V, small: V) -> Self {
        let high = large + small;
        Self { high, low: small - (high - large) }
    }

    /// The product of two doubles, exactly.
    #[inline(always)]
    fn product(a: V, b: V) -> Self {
        let high = a * b;
        Self { high, low: -a.product_error(b, high) }
    }

    /// One over this number.
    #[inline(always)]
    pub fn recip(self) -> Self {
        let guess = Self::from_doubles(V::splat(1.0) / self.high);
        guess + guess * (Self::splat(1.0) - self * guess)
    }

    /// The square root of a positive number.
    #[inline(always)]
    pub fn sqrt(self) -> Self {
        let inverse = V::splat(1.0) / self.high.sqrt();
        let root = Self::from_doubles(self.high * inverse);
        let rest = (self - root * root).high;
        root + Self::from_doubles(V::splat(0.5) * rest * inverse)
    }

    /// `e` to this power, to 30 digits; what is beyond ±700 is taken for ±700.
    #[inline(always)]
    pub fn exp(self) -> Self {
        let Constants { ln_2, inverse_factorials } = constants();
        let x = Self { high: self.high.max(V::splat(-700.0)).min(V::splat(700.0)), low: self.low };
        // As in `simd::exp`: the sum with a large number rounds to an integer and holds it in its last bits.
        let shifted = x.high.mul_add(V::splat(std::f64::consts::LOG2_E), V::splat(MAGIC));
        let n = shifted - V::splat(MAGIC);
        let rest = Self::ordered(n.neg_mul_add(V::splat(ln_2[0]), x.high), x.low);
        let rest = rest - (Self::product(n, V::splat(ln_2[1])) + Self::from_doubles(n * V::splat(ln_2[2])));
        let rest = Self { high: rest.high * V::splat(SHRINK), low: rest.low * V::splat(SHRINK) };
        // Terms from the seventh on are below the last digit of a double.
        let mut tail = V::zero();
        for [high, _] in inverse_factorials[DOUBLE..].iter().rev() {
            tail = tail.mul_add(rest.high, V::splat(*high));
        }
        let mut sum = Self::from_doubles(tail);
        for [high, low] in inverse_factorials[..DOUBLE].iter().rev() {
            sum = sum * rest + Self { high: V::splat(*high), low: V::splat(*low) };
        }
        for _ in 0..HALVINGS {
            sum = sum * sum;
        }
        let power = shifted.shift_into_exponent();
        Self { high: sum.high * power, low: sum.low * power }
    }

    /// The sum over the lanes, in all lanes.
    #[inline(always)]
    pub fn sum_of_lanes(self) -> Self {
        let (high, low) = (self.high.to_array(), self.low.to_array());
        let mut sum = Self::splat(0.0);
        for (high, low) in high.into_iter().zip(low) {
            sum = sum + Self { high: V::splat(high), low: V::splat(low) };
        }
        sum
    }
}

/// Adding this leaves `n + 1023` in the last bits, for integers `n`.
const MAGIC: f64 = 6755399441055744.0 + 1023.0;
/// Halvings of the argument of the exponential, and their product.
const HALVINGS: usize = 5;
const SHRINK: f64 = 1.0 / 32.0;
/// Terms of its series, and those that need more than doubles.
const TERMS: usize = 14;
const DOUBLE: usize = 7;

struct Constants {
    /// In three parts, the first of which times any exponent is exact.
    ln_2: [f64; 3],
    inverse_factorials: [[f64; 2]; TERMS],
}

/// Constants that are computed once.
fn constants() -> &'static Constants {
    static CONSTANTS: OnceLock<Constants> = OnceLock::new();
    CONSTANTS.get_or_init(|| {
        let first = 0.6931471803691238;
        let [second, third] = parts(Extended::from(2.0).ln() - Extended::from(first));
        let mut factorial = Extended::ONE;
        let inverse_factorials = std::array::from_fn(|k| {
            factorial = factorial * Extended::from(k.max(1));
            parts(factorial.recip())
        });
        Constants { ln_2: [first, second, third], inverse_factorials }
    })
}

/// The two doubles whose sum is nearest.
fn parts(number: Extended) -> [f64; 2] {
    let high = number.to_f64();
    [high, (number - Extended::from(high)).to_f64()]
}

impl<V: Lanes> Add for DoubleDouble<V> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let sum = self.high + other.high;
        let part = sum - self.high;
        let lost = (self.high - (sum - part)) + (other.high - part);
        Self::ordered(sum, lost + (self.low + other.low))
    }
}

impl<V: Lanes> Neg for DoubleDouble<V> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self { high: -self.high, low: -self.low }
    }
}

impl<V: Lanes> Sub for DoubleDouble<V> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl<V: Lanes> Mul for DoubleDouble<V> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let product = Self::product(self.high, other.high);
        Self::ordered(product.high, self.low.mul_add(other.high, self.high.mul_add(other.low, product.low)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Isa, Kernel};

    /// What every operation makes of pairs of numbers, as two doubles each.
    struct Operations<'a>(&'a [[Extended; 2]]);

    impl Kernel for Operations<'_> {
        type Output = Vec<[[f64; 2]; 6]>;
        #[inline(always)]
        fn run<V: Lanes>(self) -> Self::Output {
            let both = |x: DoubleDouble<V>| [x.high.to_array()[3], x.low.to_array()[3]];
            let results = |[a, b]: &[Extended; 2]| {
                let [a, b] = [*a, *b].map(DoubleDouble::<V>::from_extended);
                [both(a + b), both(a - b), both(a * b), both(b.recip()), both((b * b).sqrt()), both(a.exp())]
            };
            self.0.iter().map(results).collect()
        }
    }

    #[test]
    fn operations_are_right_to_thirty_digits_on_every_processor() {
        let irrational = Extended::from(2.0).sqrt();
        let numbers =
            [-650.0, -33.1, -0.7, -1e-20, 1e-9, 0.3, 2.0, 17.0, 300.0].map(|x| Extended::from(x) * irrational);
        let pairs: Vec<[Extended; 2]> = numbers.iter().flat_map(|&a| numbers.map(|b| [a, b])).collect();
        for isa in Isa::ALL {
            for (&[a, b], found) in pairs.iter().zip(isa.run(Operations(&pairs))) {
                let exact = [a + b, a - b, a * b, b.recip(), b.abs(), a.exp()];
                // A sum is right to the last digits of what is added.
                let size = [a.abs() + b.abs(), a.abs() + b.abs(), exact[2], exact[3], exact[4], exact[5]];
                for (k, [high, low]) in found.into_iter().enumerate() {
                    if k == 5 && !(-480.0..480.0).contains(&a.to_f64()) {
                        continue;
                    }
                    let error = (Extended::from(high) + Extended::from(low) - exact[k]).abs();
                    let limit = size[k].abs() * Extended::from(if k == 5 { 1e-30 } else { 10.0 * EPSILON });
                    assert!(error <= limit, "{isa:?}, operation {k} of {a:?} and {b:?}: {:e}", error.to_f64());
                }
            }
        }
    }
}
