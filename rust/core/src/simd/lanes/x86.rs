//! Lanes in the vector registers of x86-64.

#[allow(clippy::wildcard_imports)]
use std::arch::x86_64::*;

use super::{Capacity, HalfLanes, LANES, Lanes, begins_a_line};

/// Lanes in one 512-bit register.
#[derive(Clone, Copy)]
pub struct Avx512(__m512d);

operators! {
    Avx512,
    // SAFETY: as in `splat`.
    Add add |a, b| Self(unsafe { _mm512_add_pd(a.0, b.0) });
    // SAFETY: as in `splat`.
    Sub sub |a, b| Self(unsafe { _mm512_sub_pd(a.0, b.0) });
    // SAFETY: as in `splat`.
    Mul mul |a, b| Self(unsafe { _mm512_mul_pd(a.0, b.0) });
    // SAFETY: as in `splat`.
    Div div |a, b| Self(unsafe { _mm512_div_pd(a.0, b.0) });
}

impl Lanes for Avx512 {
    const CAPACITY: Capacity = Capacity::Values32;
    type Half = Half;

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
    fn stream(self, to: &mut [f64; LANES]) {
        if !begins_a_line(to) {
            return self.store(to);
        }
        // SAFETY: as in `splat`; the array is eight writable numbers, which begin at a multiple of 64 bytes.
        unsafe { _mm512_stream_pd(to.as_mut_ptr(), self.0) }
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
    fn product_error(self, factor: Self, product: Self) -> Self {
        self.neg_mul_add(factor, product)
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
    #[inline(always)]
    fn sums(r: [Self; LANES]) -> Self {
        // SAFETY: as in `splat`.
        unsafe {
            // Rows 0 and 1, 2 and 3, and so on, in turns; then four; then all.
            let (a, b) = (pairs(r[0].0, r[1].0), pairs(r[2].0, r[3].0));
            let (c, d) = (pairs(r[4].0, r[5].0), pairs(r[6].0, r[7].0));
            Self(quarter_sums(quarter_sums(a, b), quarter_sums(c, d)))
        }
    }
    #[inline(always)]
    fn lower(self) -> Half {
        // SAFETY: as in `splat`.
        Half(unsafe { _mm512_castpd512_pd256(self.0) })
    }
    #[inline(always)]
    fn widen(half: Half) -> Self {
        // SAFETY: as in `splat`; halves exist only beside wholes.
        Self(unsafe { _mm512_zextpd256_pd512(half.0) })
    }
}

/// Eight numbers past the caches, where they go to the beginning of a line, with what every processor of this
/// architecture has.
#[inline(always)]
pub(super) fn stream_pairs(lanes: [f64; LANES], to: &mut [f64; LANES]) {
    if !begins_a_line(to) {
        *to = lanes;
        return;
    }
    for (i, pair) in lanes.as_chunks::<2>().0.iter().enumerate() {
        // SAFETY: SSE2 is part of the architecture; pairs of the array are writable and begin at multiples of 16 bytes.
        unsafe { _mm_stream_pd(to.as_mut_ptr().add(2 * i), _mm_set_pd(pair[1], pair[0])) };
    }
}

/// Sums of neighboring lanes, those of both inputs in turns.
#[inline]
#[target_feature(enable = "avx512f")]
fn pairs(a: __m512d, b: __m512d) -> __m512d {
    _mm512_add_pd(_mm512_unpacklo_pd(a, b), _mm512_unpackhi_pd(a, b))
}

/// Sums of neighboring pairs of lanes, first those of `a`, then those of `b`.
#[inline]
#[target_feature(enable = "avx512f")]
fn quarter_sums(a: __m512d, b: __m512d) -> __m512d {
    _mm512_add_pd(_mm512_shuffle_f64x2::<0x88>(a, b), _mm512_shuffle_f64x2::<0xdd>(a, b))
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

/// The sums over the lanes of each of four.
#[inline]
#[target_feature(enable = "avx2")]
fn sums_of_four(a: Avx2, b: Avx2, c: Avx2, d: Avx2) -> __m256d {
    let ab = _mm256_hadd_pd(_mm256_add_pd(a.0, a.1), _mm256_add_pd(b.0, b.1));
    let cd = _mm256_hadd_pd(_mm256_add_pd(c.0, c.1), _mm256_add_pd(d.0, d.1));
    let (straight, crossed) = (_mm256_blend_pd::<0b1100>(ab, cd), _mm256_permute2f128_pd::<0x21>(ab, cd));
    _mm256_add_pd(straight, crossed)
}

/// Lanes in two 256-bit registers.
#[derive(Clone, Copy)]
pub struct Avx2(__m256d, __m256d);

operators! {
    Avx2,
    // SAFETY: as in `splat`.
    Add add |a, b| unsafe { Self(_mm256_add_pd(a.0, b.0), _mm256_add_pd(a.1, b.1)) };
    // SAFETY: as in `splat`.
    Sub sub |a, b| unsafe { Self(_mm256_sub_pd(a.0, b.0), _mm256_sub_pd(a.1, b.1)) };
    // SAFETY: as in `splat`.
    Mul mul |a, b| unsafe { Self(_mm256_mul_pd(a.0, b.0), _mm256_mul_pd(a.1, b.1)) };
    // SAFETY: as in `splat`.
    Div div |a, b| unsafe { Self(_mm256_div_pd(a.0, b.0), _mm256_div_pd(a.1, b.1)) };
}

impl Lanes for Avx2 {
    const CAPACITY: Capacity = Capacity::Values8;
    type Half = Half;

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
    fn stream(self, to: &mut [f64; LANES]) {
        if !begins_a_line(to) {
            return self.store(to);
        }
        // SAFETY: as in `splat`; the array is eight writable numbers, which begin at a multiple of 64 bytes.
        unsafe {
            _mm256_stream_pd(to.as_mut_ptr(), self.0);
            _mm256_stream_pd(to.as_mut_ptr().add(4), self.1);
        }
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
    fn product_error(self, factor: Self, product: Self) -> Self {
        self.neg_mul_add(factor, product)
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
    #[inline(always)]
    fn sums(r: [Self; LANES]) -> Self {
        // SAFETY: as in `splat`.
        unsafe {
            let (a, b) = (sums_of_four(r[0], r[1], r[2], r[3]), sums_of_four(r[4], r[5], r[6], r[7]));
            Self(a, b)
        }
    }
    #[inline(always)]
    fn lower(self) -> Half {
        Half(self.0)
    }
    #[inline(always)]
    fn widen(half: Half) -> Self {
        Self(half.0, Half::zero().0)
    }
}

/// Four lanes in one 256-bit register.
#[derive(Clone, Copy)]
pub struct Half(__m256d);

operators! {
    half Half,
    // SAFETY: as in `zero`.
    Add add |a, b| Self(unsafe { _mm256_add_pd(a.0, b.0) });
    // SAFETY: as in `zero`.
    Mul mul |a, b| Self(unsafe { _mm256_mul_pd(a.0, b.0) });
}

impl HalfLanes for Half {
    #[inline(always)]
    fn zero() -> Self {
        // SAFETY: this type is found only through `Lanes::Half`, inside `run_avx2` and `run_avx512`, which run only where
        // AVX2 and FMA were found.
        Self(unsafe { _mm256_setzero_pd() })
    }
    #[inline(always)]
    fn load(from: &[f64; LANES]) -> Self {
        // SAFETY: as in `zero`; the first four numbers of the array are readable, and the load asks for no alignment.
        Self(unsafe { _mm256_loadu_pd(from.as_ptr()) })
    }
    #[inline(always)]
    fn store(self, to: &mut [f64; LANES]) {
        // SAFETY: as in `zero`; the first four numbers of the array are writable, and the store asks for no alignment.
        unsafe { _mm256_storeu_pd(to.as_mut_ptr(), self.0) }
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        // SAFETY: as in `zero`.
        Self(unsafe { _mm256_fmadd_pd(self.0, factor.0, term.0) })
    }
}
