//! Lengths of the vectors that were found.

use super::super::Isa;
use super::available;

/// Squares below this, 2^-1000, lose digits: vectors so short, of less than 1e-150, have no length and no direction.
const SMALLEST: f64 = 9.332636185032189e-302;

/// Replaces `r` by the lengths of the vectors, squared, summed and rounded as [`select`](super::select) did.
///
/// # Panics
/// If the arrays differ in length.
pub fn lengths(isa: Isa, dx: &[f64], dy: &[f64], dz: &[f64], r: &mut Vec<f64>) {
    r.clear();
    r.resize(dx.len(), 0.0);
    match available(isa) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has AVX-512.
        Isa::Avx512 => unsafe { lengths_avx512(dx, dy, dz, r) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has AVX2.
        Isa::Avx2 => unsafe { lengths_avx2(dx, dy, dz, r) },
        _ => lengths_baseline(dx, dy, dz, r),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl")]
fn lengths_avx512(dx: &[f64], dy: &[f64], dz: &[f64], r: &mut [f64]) {
    lengths_baseline(dx, dy, dz, r);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn lengths_avx2(dx: &[f64], dy: &[f64], dz: &[f64], r: &mut [f64]) {
    lengths_baseline(dx, dy, dz, r);
}

#[allow(clippy::inline_always)] // Compiled for the instructions of each caller.
#[inline(always)]
fn lengths_baseline(dx: &[f64], dy: &[f64], dz: &[f64], r: &mut [f64]) {
    assert!(dy.len() == dx.len() && dz.len() == dx.len() && r.len() == dx.len());
    for (((x, y), z), r) in dx.iter().zip(dy).zip(dz).zip(r) {
        let square = (x * x + y * y) + z * z;
        *r = if square < SMALLEST { 0.0 } else { square.sqrt() };
    }
}
