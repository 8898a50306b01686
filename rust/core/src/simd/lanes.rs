//! Eight numbers that are added, multiplied and moved together.

/// Numbers in one value of a [`Lanes`] type.
pub const LANES: usize = 8;

mod sealed {
    /// Only this room makes lanes: their methods are sound where [`super::super::Isa::run`] put them, nowhere else.
    pub trait Sealed {}
    impl Sealed for super::Portable {}
    #[cfg(target_arch = "x86_64")]
    impl Sealed for super::Avx2 {}
    #[cfg(target_arch = "x86_64")]
    impl Sealed for super::Avx512 {}
}

/// Eight `f64` in as many registers as the processor needs for them.
///
/// The only values of these types outside this room are those a [`super::Kernel`] is given, so that their
/// instructions run only where they were found to exist.
pub trait Lanes: Copy + sealed::Sealed {
    /// Registers that one value of this type takes; there are [`Self::REGISTERS`] of them.
    const WIDTH: usize;
    /// Vector registers of the processor.
    const REGISTERS: usize;

    /// The same number in every lane.
    fn splat(value: f64) -> Self;
    /// Lane by lane from memory.
    fn load(from: &[f64; LANES]) -> Self;
    /// Lane by lane to memory.
    fn store(self, to: &mut [f64; LANES]);
    /// `self + other`
    fn add(self, other: Self) -> Self;
    /// `self - other`
    fn sub(self, other: Self) -> Self;
    /// `self · other`
    fn mul(self, other: Self) -> Self;
    /// `self / other`
    fn div(self, other: Self) -> Self;
    /// `self · factor + term`, rounded once where the processor can.
    fn mul_add(self, factor: Self, term: Self) -> Self;
    /// `term - self · factor`, rounded once where the processor can.
    fn neg_mul_add(self, factor: Self, term: Self) -> Self;
    /// The larger of the two; no lane may be NaN.
    fn max(self, other: Self) -> Self;
    /// The smaller of the two; no lane may be NaN.
    fn min(self, other: Self) -> Self;
    /// The square root.
    fn sqrt(self) -> Self;
    /// The float whose exponent bits are the last eleven bits of the mantissa, with its last bit first among those of
    /// the exponent: every bit moves up by 52. What [`super::exp`] makes powers of two with.
    fn shift_into_exponent(self) -> Self;
    /// Lane `i` of output `k` is lane `k` of input `i`.
    fn transpose(rows: [Self; LANES]) -> [Self; LANES];

    /// Zero in every lane.
    #[inline(always)]
    fn zero() -> Self {
        Self::splat(0.0)
    }

    /// `-self`
    #[inline(always)]
    fn negated(self) -> Self {
        Self::zero().sub(self)
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

/// Lanes in plain Rust, for the compiler to place.
#[derive(Clone, Copy)]
pub struct Portable([f64; LANES]);

impl Portable {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        Self(std::array::from_fn(|i| f(self.0[i], other.0[i])))
    }
}

impl Lanes for Portable {
    const WIDTH: usize = 4;
    const REGISTERS: usize = 16;

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
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.zip(other, |a, b| a / b)
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        // Not `f64::mul_add`: without the instruction that is a library call.
        self.mul(factor).add(term)
    }
    #[inline(always)]
    fn neg_mul_add(self, factor: Self, term: Self) -> Self {
        term.sub(self.mul(factor))
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
}

#[cfg(target_arch = "x86_64")]
pub use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    #[allow(clippy::wildcard_imports)]
    use std::arch::x86_64::*;

    use super::{LANES, Lanes};

    /// Lanes in one 512-bit register.
    #[derive(Clone, Copy)]
    pub struct Avx512(__m512d);

    impl Lanes for Avx512 {
        const WIDTH: usize = 1;
        const REGISTERS: usize = 32;

        #[inline(always)]
        fn splat(value: f64) -> Self {
            // SAFETY: values of this type exist only inside `run_avx512`, which runs only where AVX-512 was found.
            Self(unsafe { _mm512_set1_pd(value) })
        }
        #[inline(always)]
        fn load(from: &[f64; LANES]) -> Self {
            // SAFETY: as in `splat`; the array is eight readable numbers, and the load asks for no alignment.
            Self(unsafe { _mm512_loadu_pd(from.as_ptr()) })
        }
        #[inline(always)]
        fn store(self, to: &mut [f64; LANES]) {
            // SAFETY: as in `splat`; the array is eight writable numbers, and the store asks for no alignment.
            unsafe { _mm512_storeu_pd(to.as_mut_ptr(), self.0) }
        }
        #[inline(always)]
        fn add(self, other: Self) -> Self {
            // SAFETY: as in `splat`.
            Self(unsafe { _mm512_add_pd(self.0, other.0) })
        }
        #[inline(always)]
        fn sub(self, other: Self) -> Self {
            // SAFETY: as in `splat`.
            Self(unsafe { _mm512_sub_pd(self.0, other.0) })
        }
        #[inline(always)]
        fn mul(self, other: Self) -> Self {
            // SAFETY: as in `splat`.
            Self(unsafe { _mm512_mul_pd(self.0, other.0) })
        }
        #[inline(always)]
        fn div(self, other: Self) -> Self {
            // SAFETY: as in `splat`.
            Self(unsafe { _mm512_div_pd(self.0, other.0) })
        }
        #[inline(always)]
        fn mul_add(self, factor: Self, term: Self) -> Self {
            // SAFETY: as in `splat`.
            Self(unsafe { _mm512_fmadd_pd(self.0, factor.0, term.0) })
        }
        #[inline(always)]
        fn neg_mul_add(self, factor: Self, term: Self) -> Self {
            // SAFETY: as in `splat`.
            Self(unsafe { _mm512_fnmadd_pd(self.0, factor.0, term.0) })
        }
        #[inline(always)]
        fn max(self, other: Self) -> Self {
            // SAFETY: as in `splat`.
            Self(unsafe { _mm512_max_pd(self.0, other.0) })
        }
        #[inline(always)]
        fn min(self, other: Self) -> Self {
            // SAFETY: as in `splat`.
            Self(unsafe { _mm512_min_pd(self.0, other.0) })
        }
        #[inline(always)]
        fn sqrt(self) -> Self {
            // SAFETY: as in `splat`.
            Self(unsafe { _mm512_sqrt_pd(self.0) })
        }
        #[inline(always)]
        fn shift_into_exponent(self) -> Self {
            // SAFETY: as in `splat`.
            Self(unsafe { _mm512_castsi512_pd(_mm512_slli_epi64::<52>(_mm512_castpd_si512(self.0))) })
        }
        #[inline(always)]
        fn transpose(r: [Self; LANES]) -> [Self; LANES] {
            // SAFETY: as in `splat`.
            unsafe {
                // Pairs of rows, then quarters, then halves.
                let (a0, a1) = (_mm512_unpacklo_pd(r[0].0, r[1].0), _mm512_unpackhi_pd(r[0].0, r[1].0));
                let (b0, b1) = (_mm512_unpacklo_pd(r[2].0, r[3].0), _mm512_unpackhi_pd(r[2].0, r[3].0));
                let (c0, c1) = (_mm512_unpacklo_pd(r[4].0, r[5].0), _mm512_unpackhi_pd(r[4].0, r[5].0));
                let (d0, d1) = (_mm512_unpacklo_pd(r[6].0, r[7].0), _mm512_unpackhi_pd(r[6].0, r[7].0));
                let (k0, k2, k4, k6) = quarters(a0, b0, c0, d0);
                let (k1, k3, k5, k7) = quarters(a1, b1, c1, d1);
                [Self(k0), Self(k1), Self(k2), Self(k3), Self(k4), Self(k5), Self(k6), Self(k7)]
            }
        }
    }

    /// Every fourth pair of lanes of four registers, from the first, second, third and last.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn quarters(a: __m512d, b: __m512d, c: __m512d, d: __m512d) -> (__m512d, __m512d, __m512d, __m512d) {
        let (ab_even, ab_odd) = (_mm512_shuffle_f64x2::<0x88>(a, b), _mm512_shuffle_f64x2::<0xdd>(a, b));
        let (cd_even, cd_odd) = (_mm512_shuffle_f64x2::<0x88>(c, d), _mm512_shuffle_f64x2::<0xdd>(c, d));
        (
            _mm512_shuffle_f64x2::<0x88>(ab_even, cd_even),
            _mm512_shuffle_f64x2::<0x88>(ab_odd, cd_odd),
            _mm512_shuffle_f64x2::<0xdd>(ab_even, cd_even),
            _mm512_shuffle_f64x2::<0xdd>(ab_odd, cd_odd),
        )
    }

    /// The transpose of four rows.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn transpose_four(a: __m256d, b: __m256d, c: __m256d, d: __m256d) -> [__m256d; 4] {
        let (ab_even, ab_odd) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
        let (cd_even, cd_odd) = (_mm256_unpacklo_pd(c, d), _mm256_unpackhi_pd(c, d));
        [
            _mm256_permute2f128_pd::<0x20>(ab_even, cd_even),
            _mm256_permute2f128_pd::<0x20>(ab_odd, cd_odd),
            _mm256_permute2f128_pd::<0x31>(ab_even, cd_even),
            _mm256_permute2f128_pd::<0x31>(ab_odd, cd_odd),
        ]
    }

    /// Lanes in two 256-bit registers.
    #[derive(Clone, Copy)]
    pub struct Avx2(__m256d, __m256d);

    impl Lanes for Avx2 {
        const WIDTH: usize = 2;
        const REGISTERS: usize = 16;

        #[inline(always)]
        fn splat(value: f64) -> Self {
            // SAFETY: values of this type exist only inside `run_avx2`, which runs only where AVX2 and FMA were found.
            let half = unsafe { _mm256_set1_pd(value) };
            Self(half, half)
        }
        #[inline(always)]
        fn load(from: &[f64; LANES]) -> Self {
            // SAFETY: as in `splat`; the array is eight readable numbers, and the loads ask for no alignment.
            unsafe { Self(_mm256_loadu_pd(from.as_ptr()), _mm256_loadu_pd(from.as_ptr().add(4))) }
        }
        #[inline(always)]
        fn store(self, to: &mut [f64; LANES]) {
            // SAFETY: as in `splat`; the array is eight writable numbers, and the stores ask for no alignment.
            unsafe {
                _mm256_storeu_pd(to.as_mut_ptr(), self.0);
                _mm256_storeu_pd(to.as_mut_ptr().add(4), self.1);
            }
        }
        #[inline(always)]
        fn add(self, other: Self) -> Self {
            // SAFETY: as in `splat`.
            unsafe { Self(_mm256_add_pd(self.0, other.0), _mm256_add_pd(self.1, other.1)) }
        }
        #[inline(always)]
        fn sub(self, other: Self) -> Self {
            // SAFETY: as in `splat`.
            unsafe { Self(_mm256_sub_pd(self.0, other.0), _mm256_sub_pd(self.1, other.1)) }
        }
        #[inline(always)]
        fn mul(self, other: Self) -> Self {
            // SAFETY: as in `splat`.
            unsafe { Self(_mm256_mul_pd(self.0, other.0), _mm256_mul_pd(self.1, other.1)) }
        }
        #[inline(always)]
        fn div(self, other: Self) -> Self {
            // SAFETY: as in `splat`.
            unsafe { Self(_mm256_div_pd(self.0, other.0), _mm256_div_pd(self.1, other.1)) }
        }
        #[inline(always)]
        fn mul_add(self, factor: Self, term: Self) -> Self {
            // SAFETY: as in `splat`.
            unsafe { Self(_mm256_fmadd_pd(self.0, factor.0, term.0), _mm256_fmadd_pd(self.1, factor.1, term.1)) }
        }
        #[inline(always)]
        fn neg_mul_add(self, factor: Self, term: Self) -> Self {
            // SAFETY: as in `splat`.
            unsafe { Self(_mm256_fnmadd_pd(self.0, factor.0, term.0), _mm256_fnmadd_pd(self.1, factor.1, term.1)) }
        }
        #[inline(always)]
        fn max(self, other: Self) -> Self {
            // SAFETY: as in `splat`.
            unsafe { Self(_mm256_max_pd(self.0, other.0), _mm256_max_pd(self.1, other.1)) }
        }
        #[inline(always)]
        fn min(self, other: Self) -> Self {
            // SAFETY: as in `splat`.
            unsafe { Self(_mm256_min_pd(self.0, other.0), _mm256_min_pd(self.1, other.1)) }
        }
        #[inline(always)]
        fn sqrt(self) -> Self {
            // SAFETY: as in `splat`.
            unsafe { Self(_mm256_sqrt_pd(self.0), _mm256_sqrt_pd(self.1)) }
        }
        #[inline(always)]
        fn shift_into_exponent(self) -> Self {
            // SAFETY: as in `splat`.
            unsafe {
                Self(
                    _mm256_castsi256_pd(_mm256_slli_epi64::<52>(_mm256_castpd_si256(self.0))),
                    _mm256_castsi256_pd(_mm256_slli_epi64::<52>(_mm256_castpd_si256(self.1))),
                )
            }
        }
        #[inline(always)]
        fn transpose(r: [Self; LANES]) -> [Self; LANES] {
            // SAFETY: as in `splat`.
            let [a, b, c, d] = unsafe {
                [
                    transpose_four(r[0].0, r[1].0, r[2].0, r[3].0),
                    transpose_four(r[4].0, r[5].0, r[6].0, r[7].0),
                    transpose_four(r[0].1, r[1].1, r[2].1, r[3].1),
                    transpose_four(r[4].1, r[5].1, r[6].1, r[7].1),
                ]
            };
            [
                Self(a[0], b[0]),
                Self(a[1], b[1]),
                Self(a[2], b[2]),
                Self(a[3], b[3]),
                Self(c[0], d[0]),
                Self(c[1], d[1]),
                Self(c[2], d[2]),
                Self(c[3], d[3]),
            ]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Isa, Kernel};
    use super::{LANES, Lanes};

    struct Transpose([[f64; LANES]; LANES]);

    impl Kernel for Transpose {
        type Output = [[f64; LANES]; LANES];
        #[inline(always)]
        fn run<V: Lanes>(self) -> Self::Output {
            V::transpose(self.0.map(|row| V::load(&row))).map(V::to_array)
        }
    }

    #[test]
    fn transpose_exchanges_rows_and_lanes() {
        let rows: [[f64; LANES]; LANES] = std::array::from_fn(|i| std::array::from_fn(|k| (10 * i + k) as f64));
        let expected: [[f64; LANES]; LANES] = std::array::from_fn(|k| std::array::from_fn(|i| rows[i][k]));
        for isa in [Isa::Baseline, Isa::Avx2, Isa::Avx512] {
            assert_eq!(isa.run(Transpose(rows)), expected, "{isa:?}");
        }
    }
}
