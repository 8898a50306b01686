//! The allocator: that of the system, and a reserve for small requests.
//!
//! What grows with the input is asked for where it can be told no (`isoprint_core::memory`). Small things remain, most
//! of them in libraries: a message, a queue of threads. Where not even these can be had, a Rust program ends at once.
//! So a reserve is kept while there is enough memory, and given back to the system when something small is refused. From
//! then on everything that can be told no is told so, which ends the call with a `MemoryError`; the next call begins with
//! filling the reserve again. What is spare of earlier results (`buffers`) is given up before anything is refused.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use isoprint_core::memory;

use crate::buffers;

/// Bytes of the largest request that is small: radial integrals, which are bounded and ask without an answer, need 143 kB.
const SMALL: usize = 1 << 18;

/// Layout of the reserve: room for all that is still asked for while a call ends. Nobody writes there, so that no memory
/// is used for it, only addresses.
const RESERVE_LAYOUT: Layout = Layout::new::<[u8; 4 << 20]>();

static RESERVE: AtomicPtr<u8> = AtomicPtr::new(ptr::null_mut());

/// The system's allocator, and the reserve.
struct WithReserve;

#[global_allocator]
static ALLOCATOR: WithReserve = WithReserve;

// SAFETY: every question goes to the system's allocator as it is, once or more often, and its last answer is given.
unsafe impl GlobalAlloc for WithReserve {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the promises that the system's allocator asks for.
        ask(layout.size(), || unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        ask(layout.size(), || unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above; where it was refused, what is at `old` is as it was.
        ask(size, || unsafe { System.realloc(old, layout, size) })
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(old, layout) }
    }
}

#[inline]
fn ask(size: usize, system: impl Fn() -> *mut u8) -> *mut u8 {
    let mut found = system();
    if found.is_null() && buffers::release() {
        found = system();
    }
    if found.is_null() && size <= SMALL {
        release_reserve();
        return system();
    }
    found
}

/// Gives the reserve back to the system, and lets all requests that can be refused be refused.
#[cold]
fn release_reserve() {
    memory::set_scarce(true);
    let reserve = RESERVE.swap(ptr::null_mut(), Ordering::AcqRel);
    if !reserve.is_null() {
        // SAFETY: it came from there with this layout, and who swaps it out owns it.
        unsafe { System.dealloc(reserve, RESERVE_LAYOUT) };
    }
}

/// Fills the reserve, if it is not full.
///
/// # Errors
/// [`isoprint_core::Error::Memory`] if there is not even so much.
pub fn fill_reserve() -> Result<(), isoprint_core::Error> {
    if !RESERVE.load(Ordering::Acquire).is_null() {
        return Ok(());
    }
    // SAFETY: its size is not zero.
    let reserve = unsafe { System.alloc(RESERVE_LAYOUT) };
    if reserve.is_null() {
        return Err(memory::refusal::<u8>("reserve of memory", RESERVE_LAYOUT.size()));
    }
    let other = RESERVE.compare_exchange(ptr::null_mut(), reserve, Ordering::AcqRel, Ordering::Acquire);
    if other.is_err() {
        // SAFETY: nobody else has seen it.
        unsafe { System.dealloc(reserve, RESERVE_LAYOUT) };
    }
    memory::set_scarce(false);
    Ok(())
}
