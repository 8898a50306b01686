//! Pages of Linux: huge ones where they can be had, and contents that the system may take back.

#![allow(unsafe_code)]

use std::ptr::{self, NonNull};
use std::sync::OnceLock;

use crate::buffers::HUGE_PAGE;

/// Zeros; from the start of a huge page on, where there is one of them at least, and in huge pages where these can
/// be had.
pub fn map(size: usize) -> Option<NonNull<u8>> {
    let huge = size >= HUGE_PAGE;
    let mapped = size.checked_add(if huge { HUGE_PAGE } else { 0 })?;
    let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping touches no memory that is in use.
    let start = unsafe { libc::mmap(ptr::null_mut(), mapped, access, kind, -1, 0) };
    if start == libc::MAP_FAILED {
        return None;
    }
    let start = start.cast::<u8>();
    if huge {
        let before = start.addr().wrapping_neg() % HUGE_PAGE;
        // SAFETY: both ends lie in what was just mapped and are whole pages; the rest is mapped.
        unsafe {
            let aligned = start.add(before);
            if before > 0 {
                libc::munmap(start.cast(), before);
            }
            if before < HUGE_PAGE {
                libc::munmap(aligned.add(size).cast(), HUGE_PAGE - before);
            }
            // What may be refused: small pages will do.
            libc::madvise(aligned.cast(), size, libc::MADV_HUGEPAGE);
            return NonNull::new(aligned);
        }
    }
    NonNull::new(start)
}

/// Whether there are huge pages; read once.
fn exist() -> bool {
    static EXIST: OnceLock<bool> = OnceLock::new();
    *EXIST.get_or_init(|| {
        let modes = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled");
        modes.is_ok_and(|modes| !modes.contains("[never]"))
    })
}

/// Says of all huge pages that their contents, initialized as before or zeros, do not matter. To say it of small ones
/// costs a tenth of what it costs to clear them, and would be paid after every result.
pub fn offer(start: NonNull<u8>, size: usize) {
    if !exist() {
        return;
    }
    // SAFETY: these bytes are ours and hold nothing that anybody wants; what was taken reads as zeros.
    unsafe { libc::madvise(start.as_ptr().cast(), size - size % HUGE_PAGE, libc::MADV_FREE) };
}

/// Gives pages back.
///
/// # Safety
/// They came from [`map`] with this size, and nobody looks at them again.
pub unsafe fn unmap(start: NonNull<u8>, size: usize) {
    // SAFETY: the caller says so.
    unsafe { libc::munmap(start.as_ptr().cast(), size) };
}
