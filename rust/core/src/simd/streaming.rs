//! Stores past the caches: what comes after them.

/// What was [streamed](super::Lanes::stream) before comes before all that is written after: so another thread that sees
/// the one sees the other.
pub fn fence() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every processor of this architecture has the instruction.
    unsafe {
        std::arch::x86_64::_mm_sfence();
    }
}
