//! Stores past the caches, for results that are larger than these: a line that is written whole need not be fetched.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{_mm_set_pd, _mm_sfence, _mm_stream_pd};

use super::{LANES, Pack};

/// What was streamed before comes before all that is written after: so another thread that sees the one sees the other.
pub fn fence() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every processor of this architecture has the instruction.
    unsafe {
        _mm_sfence();
    }
}

/// Eight numbers past the caches with what every processor of the architecture has.
#[inline(always)]
pub(super) fn stream(lanes: [f64; LANES], to: &mut Pack) {
    #[cfg(target_arch = "x86_64")]
    for (i, pair) in lanes.as_chunks::<2>().0.iter().enumerate() {
        // SAFETY: every processor of this architecture has the instruction, and pairs of a pack are writable and lie at
        // multiples of 16 bytes.
        unsafe { _mm_stream_pd(to.0.as_mut_ptr().add(2 * i), _mm_set_pd(pair[1], pair[0])) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        to.0 = lanes;
    }
}
