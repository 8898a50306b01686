//! The type, its four operations and the square root.

use std::cmp::Ordering;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

/// Words of 64 bits in the significand.
const WORDS: usize = 4;

/// Bits of the significand.
pub const PRECISION: i64 = 64 * WORDS as i64;

/// A real number of fixed, high precision: 256 bits, each operation right to a unit or two of the last.
///
/// There are no infinities: dividing by zero gives zero, as does the root of a negative number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extended {
    negative: bool,
    exponent: i64,
    /// Least significant word first. The value is `words / 2^256 · 2^exponent`; the highest bit is set except in zero.
    words: [u64; WORDS],
}

/// A significand with a word to spare below it, so that differences lose nothing.
type Wide = [u64; WORDS + 1];

impl Extended {
    /// Zero.
    pub const ZERO: Self = Self { negative: false, exponent: 0, words: [0; WORDS] };

    /// One.
    pub const ONE: Self = Self { negative: false, exponent: 1, words: [0, 0, 0, 1 << 63] };

    /// Whether this is zero: the highest bit of all other numbers is set.
    fn is_zero(&self) -> bool {
        self.words[WORDS - 1] == 0
    }

    /// Without its sign.
    #[must_use]
    pub fn abs(self) -> Self {
        Self { negative: false, ..self }
    }

    /// Times a power of two, exactly.
    #[must_use]
    pub fn scaled(self, power: i64) -> Self {
        if self.is_zero() { self } else { Self { exponent: self.exponent + power, ..self } }
    }

    /// The power of two next above the absolute value.
    pub(super) fn exponent(self) -> i64 {
        self.exponent
    }

    /// One over this number; zero for zero.
    #[must_use]
    pub fn recip(self) -> Self {
        if self.is_zero() {
            return self;
        }
        let fraction = Self { exponent: 0, ..self };
        let mut inverse = Self::from(1.0 / fraction.to_f64());
        // Newton doubles the digits: 53, 106, 212, 424 bits.
        for _ in 0..3 {
            inverse += inverse * (Self::ONE - fraction * inverse);
        }
        inverse.scaled(-self.exponent)
    }

    /// The square root of a number that is not negative; zero for one that is.
    #[must_use]
    pub fn sqrt(self) -> Self {
        if self.negative || self.is_zero() {
            return Self::ZERO;
        }
        let odd = self.exponent.rem_euclid(2);
        let fraction = Self { exponent: odd, ..self };
        let mut inverse = Self::from(1.0 / fraction.to_f64().sqrt());
        for _ in 0..3 {
            inverse += (inverse * (Self::ONE - fraction * inverse * inverse)).scaled(-1);
        }
        let root = fraction * inverse;
        let root = root + (inverse * (fraction - root * root)).scaled(-1);
        root.scaled((self.exponent - odd) / 2)
    }

    /// An integer power, by squaring.
    #[must_use]
    pub fn powi(self, mut power: usize) -> Self {
        let (mut square, mut product) = (self, Self::ONE);
        while power > 0 {
            if power % 2 == 1 {
                product = product * square;
            }
            square = square * square;
            power /= 2;
        }
        product
    }

    /// Rounded to the nearest `f64`.
    pub fn to_f64(self) -> f64 {
        let sticky = u64::from(self.words[..WORDS - 1].iter().any(|&word| word != 0));
        let top = (self.words[WORDS - 1] | sticky) as f64;
        let size = libm::ldexp(top, (self.exponent - 64).clamp(-5000, 5000) as i32);
        if self.negative { -size } else { size }
    }

    /// `wide / 2^320 · 2^exponent`, brought into the form of the type.
    fn normalized(negative: bool, mut exponent: i64, mut wide: Wide) -> Self {
        if wide == [0; WORDS + 1] {
            return Self::ZERO;
        }
        while wide[WORDS] == 0 {
            wide = std::array::from_fn(|k| if k == 0 { 0 } else { wide[k - 1] });
            exponent -= 64;
        }
        let gap = wide[WORDS].leading_zeros();
        let wide = shifted_left(wide, gap);
        Self { negative, exponent: exponent - i64::from(gap), words: std::array::from_fn(|k| wide[k + 1]) }
    }

    fn wide(&self) -> Wide {
        std::array::from_fn(|k| if k == 0 { 0 } else { self.words[k - 1] })
    }
}

/// Up by less than a word. Two shifts, because one by 64 would be none.
fn shifted_left(w: Wide, bits: u32) -> Wide {
    std::array::from_fn(|k| (w[k] << bits) | if k == 0 { 0 } else { w[k - 1] >> 1 >> (63 - bits) })
}

/// Down by any number of bits. Words move one place at a time: they stay in registers, and one place is rare.
fn shifted_right(mut w: Wide, bits: u32) -> Wide {
    for _ in 0..bits / 64 {
        w = std::array::from_fn(|k| if k == WORDS { 0 } else { w[k + 1] });
    }
    let bits = bits % 64;
    std::array::from_fn(|k| (w[k] >> bits) | if k == WORDS { 0 } else { w[k + 1] << 1 << (63 - bits) })
}

impl Add for Extended {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let (large, small) = if self.exponent >= other.exponent { (self, other) } else { (other, self) };
        let gap = large.exponent - small.exponent;
        // Zero has the exponent of one half: it may come first.
        if large.is_zero() {
            return small;
        }
        if small.is_zero() || gap >= PRECISION + 64 {
            return large;
        }
        let (mut x, y) = (large.wide(), shifted_right(small.wide(), gap as u32));
        if large.negative == small.negative {
            let mut carry = false;
            for (x, y) in x.iter_mut().zip(y) {
                let (sum, first) = x.overflowing_add(y);
                let (sum, second) = sum.overflowing_add(u64::from(carry));
                (*x, carry) = (sum, first || second);
            }
            if carry {
                x = shifted_right(x, 1);
                x[WORDS] |= 1 << 63;
            }
            return Self::normalized(large.negative, large.exponent + i64::from(carry), x);
        }
        let borrow = subtract(&mut x, &y);
        if borrow {
            // Equal exponents and the second was larger: take the complement.
            let mut complement = [0; WORDS + 1];
            subtract(&mut complement, &x);
            x = complement;
        }
        Self::normalized(large.negative != borrow, large.exponent, x)
    }
}

/// `x -= y`; whether something had to be borrowed from above.
fn subtract(x: &mut Wide, y: &Wide) -> bool {
    let mut borrow = false;
    for (x, y) in x.iter_mut().zip(y) {
        let (difference, first) = x.overflowing_sub(*y);
        let (difference, second) = difference.overflowing_sub(u64::from(borrow));
        (*x, borrow) = (difference, first || second);
    }
    borrow
}

impl Mul for Extended {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        if self.is_zero() || other.is_zero() {
            return Self::ZERO;
        }
        let mut product = [0_u64; 2 * WORDS];
        for (i, &a) in self.words.iter().enumerate() {
            let mut carry = 0;
            for (j, &b) in other.words.iter().enumerate() {
                let sum = u128::from(a) * u128::from(b) + u128::from(product[i + j]) + u128::from(carry);
                product[i + j] = sum as u64;
                carry = (sum >> 64) as u64;
            }
            product[i + WORDS] = carry;
        }
        let high = std::array::from_fn(|k| product[k + WORDS - 1]);
        Self::normalized(self.negative != other.negative, self.exponent + other.exponent, high)
    }
}

impl Div for Extended {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let inverse = other.recip();
        let quotient = self * inverse;
        quotient + inverse * (self - quotient * other)
    }
}

impl Neg for Extended {
    type Output = Self;
    fn neg(self) -> Self {
        Self { negative: !self.negative && !self.is_zero(), ..self }
    }
}

impl Sub for Extended {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl AddAssign for Extended {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::iter::Sum for Extended {
    fn sum<I: Iterator<Item = Self>>(numbers: I) -> Self {
        numbers.fold(Self::ZERO, |sum, number| sum + number)
    }
}

impl PartialOrd for Extended {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Extended {
    fn cmp(&self, other: &Self) -> Ordering {
        let difference = *self - *other;
        match difference {
            Self::ZERO => Ordering::Equal,
            Self { negative: true, .. } => Ordering::Less,
            _ => Ordering::Greater,
        }
    }
}

impl From<f64> for Extended {
    /// Exact for finite numbers; zero for others.
    fn from(value: f64) -> Self {
        if value == 0.0 || !value.is_finite() {
            return Self::ZERO;
        }
        let (fraction, exponent) = libm::frexp(value.abs());
        let top = libm::ldexp(fraction, 64) as u64;
        Self { negative: value < 0.0, exponent: i64::from(exponent), words: [0, 0, 0, top] }
    }
}

impl From<usize> for Extended {
    fn from(value: usize) -> Self {
        Self::from(value as f64)
    }
}
