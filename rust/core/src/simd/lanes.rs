//! Eight numbers that are added, multiplied and moved together.

use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign};

/// Numbers in one value of a [`Lanes`] type.
pub const LANES: usize = 8;
/// Numbers in one value of a [`HalfLanes`] type.
pub const HALF: usize = LANES / 2;

mod sealed {
    /// Only this module makes lanes: their methods are sound where [`super::super::Isa::run`] put them, nowhere else.
    pub trait Sealed {}
    impl Sealed for super::Portable {}
    impl Sealed for super::PortableHalf {}
    #[cfg(target_arch = "x86_64")]
    impl Sealed for super::Avx2 {}
    #[cfg(target_arch = "x86_64")]
    impl Sealed for super::Avx512 {}
    #[cfg(target_arch = "x86_64")]
    impl Sealed for super::x86::Half {}
}

/// Number of values of eight lanes that the vector registers of a processor hold together. It decides how large the
/// tiles of a kernel are, whose sums must stay in registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capacity {
    /// 32 registers of 512 bits, one a value.
    Values32,
    /// 16 registers of 256 bits, two a value.
    Values8,
    /// 16 registers of 128 bits, four a value.
    Values4,
}

/// Eight `f64` in as many registers as the processor needs for them.
///
/// The only values of these types outside this module are those a [`super::Kernel`] is given, so that their
/// instructions run only where they were found to exist.
///
/// Sums, differences, products and quotients are written with operators, lane by lane, each rounded by itself; what is
/// rounded once says so: [`Self::mul_add`].
pub trait Lanes:
    Copy
    + sealed::Sealed
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
{
    /// Number of values of this type that the processor's vector registers hold together.
    const CAPACITY: Capacity;
    /// Half of the lanes.
    type Half: HalfLanes;

    /// One number in every lane.
    fn splat(value: f64) -> Self;
    /// Lane by lane from memory.
    fn load(from: &[f64; LANES]) -> Self;
    /// Lane by lane to memory.
    fn store(self, to: &mut [f64; LANES]);
    /// Lane by lane to memory that nobody reads soon: past the caches, where it begins at a multiple of 64 bytes. Other
    /// threads may not see it before [`fence`](super::fence()).
    fn stream(self, to: &mut [f64; LANES]);
    /// `self · factor + term`, rounded once where the processor can.
    fn mul_add(self, factor: Self, term: Self) -> Self;
    /// `term - self · factor`, rounded once where the processor can.
    fn neg_mul_add(self, factor: Self, term: Self) -> Self;
    /// What rounding has added to `product`, which is `self · factor` rounded: the product itself is the difference.
    ///
    /// Exact where no part of it under- or overflows (T. J. Dekker, Numer. Math. 18, 224, 1971).
    #[inline(always)]
    fn product_error(self, factor: Self, product: Self) -> Self {
        let halves = |x: Self| {
            let scaled = x * Self::splat(134_217_729.0);
            let high = scaled - (scaled - x);
            (high, x - high)
        };
        let ((a, b), (c, d)) = (halves(self), halves(factor));
        (((product - a * c) - a * d) - b * c) - b * d
    }
    /// The larger of the two; no lane may be NaN.
    fn max(self, other: Self) -> Self;
    /// The smaller of the two; no lane may be NaN.
    fn min(self, other: Self) -> Self;
    /// The square root.
    fn sqrt(self) -> Self;
    /// The float whose exponent bits are the last eleven bits of the mantissa, with its last bit first among those of
    /// the exponent: every bit moves up by 52. What [`exp`](super::exp()) makes powers of two with.
    fn shift_into_exponent(self) -> Self;
    /// Lane `i` of output `k` is lane `k` of input `i`.
    fn transpose(rows: [Self; LANES]) -> [Self; LANES];
    /// Lane `k` is the sum over the lanes of input `k`.
    fn sums(rows: [Self; LANES]) -> Self;

    /// The first four lanes.
    fn lower(self) -> Self::Half;
    /// Four lanes, and zeros in the others.
    fn widen(half: Self::Half) -> Self;

    /// Zero in every lane.
    #[inline(always)]
    fn zero() -> Self {
        Self::splat(0.0)
    }

    /// The lanes as numbers.
    #[inline(always)]
    fn to_array(self) -> [f64; LANES] {
        let mut lanes = [0.0; LANES];
        self.store(&mut lanes);
        lanes
    }

    /// The sum of all lanes, always in the same order.
    #[inline(always)]
    fn sum(self) -> f64 {
        let [a, b, c, d, e, f, g, h] = self.to_array();
        ((a + e) + (c + g)) + ((b + f) + (d + h))
    }
}

/// Four `f64`, in half of the registers of a [`Lanes`] type: for the end of a row that does not fill its last pack. With
/// the same numbers in the same order, they give the bits that eight lanes give.
///
/// Where the registers are as wide as eight lanes, some processors still take half the time for half of one, and none
/// takes longer.
pub trait HalfLanes: Copy + sealed::Sealed + Add<Output = Self> + Mul<Output = Self> {
    /// Zero in every lane.
    fn zero() -> Self;
    /// The first four numbers of a pack.
    fn load(from: &[f64; LANES]) -> Self;
    /// To the first four numbers of a pack.
    fn store(self, to: &mut [f64; LANES]);
    /// As [`Lanes::mul_add`].
    fn mul_add(self, factor: Self, term: Self) -> Self;
}

/// The operators of a type, from what each does lane by lane.
macro_rules! operators {
    (half $lanes:ty, $($operator:ident $method:ident |$one:ident, $other:ident| $result:expr;)*) => {
        $(impl std::ops::$operator for $lanes {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                let ($one, $other) = (self, other);
                $result
            }
        })*
    };
    ($lanes:ty, $($rest:tt)*) => {
        operators! { half $lanes, $($rest)* }

        impl std::ops::Neg for $lanes {
            type Output = Self;

            #[inline(always)]
            fn neg(self) -> Self {
                <Self as Lanes>::zero() - self
            }
        }

        impl std::ops::AddAssign for $lanes {
            #[inline(always)]
            fn add_assign(&mut self, other: Self) {
                *self = *self + other;
            }
        }

        impl std::ops::SubAssign for $lanes {
            #[inline(always)]
            fn sub_assign(&mut self, other: Self) {
                *self = *self - other;
            }
        }

        impl std::ops::MulAssign for $lanes {
            #[inline(always)]
            fn mul_assign(&mut self, other: Self) {
                *self = *self * other;
            }
        }
    };
}

/// Whether this is where a line of the caches begins.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn begins_a_line(to: &[f64; LANES]) -> bool {
    to.as_ptr().addr().is_multiple_of(64)
}

/// Lanes in plain Rust, for the compiler to place.
#[derive(Clone, Copy)]
pub struct Portable([f64; LANES]);

impl Portable {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        Self(std::array::from_fn(|i| f(self.0[i], other.0[i])))
    }
}

operators! {
    Portable,
    Add add |a, b| a.zip(b, |a, b| a + b);
    Sub sub |a, b| a.zip(b, |a, b| a - b);
    Mul mul |a, b| a.zip(b, |a, b| a * b);
    Div div |a, b| a.zip(b, |a, b| a / b);
}

impl Lanes for Portable {
    // Sixteen registers of two numbers.
    const CAPACITY: Capacity = Capacity::Values4;
    type Half = PortableHalf;

    #[inline(always)]
    fn splat(value: f64) -> Self {
        Self([value; LANES])
    }
    #[inline(always)]
    fn load(from: &[f64; LANES]) -> Self {
        Self(*from)
    }
    #[inline(always)]
    fn store(self, to: &mut [f64; LANES]) {
        *to = self.0;
    }
    #[inline(always)]
    fn stream(self, to: &mut [f64; LANES]) {
        #[cfg(target_arch = "x86_64")]
        x86::stream_pairs(self.0, to);
        #[cfg(not(target_arch = "x86_64"))]
        self.store(to);
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        // Not `f64::mul_add`: without the instruction that is a library call.
        self * factor + term
    }
    #[inline(always)]
    fn neg_mul_add(self, factor: Self, term: Self) -> Self {
        term - self * factor
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.zip(other, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        self.zip(other, |a, b| if a < b { a } else { b })
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(std::array::from_fn(|i| self.0[i].sqrt()))
    }
    #[inline(always)]
    fn shift_into_exponent(self) -> Self {
        Self(std::array::from_fn(|i| f64::from_bits(self.0[i].to_bits() << 52)))
    }
    #[inline(always)]
    fn transpose(rows: [Self; LANES]) -> [Self; LANES] {
        std::array::from_fn(|k| Self(std::array::from_fn(|i| rows[i].0[k])))
    }
    #[inline(always)]
    fn sums(rows: [Self; LANES]) -> Self {
        Self(rows.map(Self::sum))
    }
    #[inline(always)]
    fn lower(self) -> PortableHalf {
        PortableHalf(std::array::from_fn(|i| self.0[i]))
    }
    #[inline(always)]
    fn widen(PortableHalf([a, b, c, d]): PortableHalf) -> Self {
        Self([a, b, c, d, 0.0, 0.0, 0.0, 0.0])
    }
}

/// Four lanes in plain Rust.
#[derive(Clone, Copy)]
pub struct PortableHalf([f64; HALF]);

operators! {
    half PortableHalf,
    Add add |a, b| Self(std::array::from_fn(|i| a.0[i] + b.0[i]));
    Mul mul |a, b| Self(std::array::from_fn(|i| a.0[i] * b.0[i]));
}

impl HalfLanes for PortableHalf {
    #[inline(always)]
    fn zero() -> Self {
        Self([0.0; HALF])
    }
    #[inline(always)]
    fn load(from: &[f64; LANES]) -> Self {
        Self(std::array::from_fn(|i| from[i]))
    }
    #[inline(always)]
    fn store(self, to: &mut [f64; LANES]) {
        to[..HALF].copy_from_slice(&self.0);
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        self * factor + term
    }
}

#[cfg(target_arch = "x86_64")]
pub use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(test)]
mod tests {
    use super::super::{Isa, Kernel};
    use super::{LANES, Lanes};

    struct TransposeLanes([[f64; LANES]; LANES]);

    impl Kernel for TransposeLanes {
        type Output = [[f64; LANES]; LANES];
        #[inline(always)]
        fn run<V: Lanes>(self) -> Self::Output {
            V::transpose(self.0.map(|row| V::load(&row))).map(V::to_array)
        }
    }

    struct SumLanes([[f64; LANES]; LANES]);

    impl Kernel for SumLanes {
        type Output = [f64; LANES];
        #[inline(always)]
        fn run<V: Lanes>(self) -> Self::Output {
            V::sums(self.0.map(|row| V::load(&row))).to_array()
        }
    }

    #[test]
    fn sums_are_those_of_rows() {
        // Powers of two: every other sum has other bits.
        let rows: [[f64; LANES]; LANES] =
            std::array::from_fn(|i| std::array::from_fn(|k| f64::from(1 << k) * [1.0, 257.0][i % 2] * (i + 1) as f64));
        for isa in [Isa::Baseline, Isa::Avx2, Isa::Avx512] {
            assert_eq!(isa.run(SumLanes(rows)), rows.map(|row| row.iter().sum()), "{isa:?}");
        }
    }

    #[test]
    fn transpose_exchanges_rows_and_lanes() {
        let rows: [[f64; LANES]; LANES] = std::array::from_fn(|i| std::array::from_fn(|k| (10 * i + k) as f64));
        let expected: [[f64; LANES]; LANES] = std::array::from_fn(|k| std::array::from_fn(|i| rows[i][k]));
        for isa in [Isa::Baseline, Isa::Avx2, Isa::Avx512] {
            assert_eq!(isa.run(TransposeLanes(rows)), expected, "{isa:?}");
        }
    }
}
