//! Memory for large results, which comes back when a result is dropped and serves the next one.
//!
//! The system clears every page that it hands out, which takes as long as filling it. So the memory of a result is kept
//! as *spare* once the last array that looks at it is gone: the latest [`SLOTS`] pieces at most, and no more bytes than
//! a limit. Spare memory is never one that an array still sees: the object that owns it is the base of all of them. The
//! system may take the contents of spare huge pages back when it lacks memory; and where a request is refused, all that
//! is spare is given up and the request is made again.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, TryLockError};

use isoprint_core::Error;
use numpy::ndarray::{ArrayView3, Ix3};
use numpy::{Element, PyArray};
use pyo3::prelude::*;

use crate::arrays::Precision;
#[cfg(target_os = "linux")]
use crate::pages;
use crate::{errors, memory};

/// Every buffer starts at a multiple of this, so that no store of 512 bits crosses a line of the cache.
const ALIGNMENT: usize = 64;

/// Bytes from which on pages are asked for, which the system hands out filled with zeros.
const PAGES: usize = 1 << 17;

/// Bytes of a huge page, which is cleared at once.
pub const HUGE_PAGE: usize = 1 << 21;

/// Spare buffers at most.
const SLOTS: usize = 8;

/// Bytes of all spare buffers at most, where the environment does not say, and the part of the machine's memory.
const MOST_SPARE: usize = 1 << 30;
const SHARE: u128 = 16;

/// The environment variable with the limit, in bytes.
const VARIABLE: &str = "ISOPRINT_SPARE_MEMORY";

/// Memory of a result, all of whose bytes are initialized.
struct Buffer {
    start: NonNull<u8>,
    size: usize,
}

// SAFETY: the memory is nobody else's, and is not looked at through the pointer here.
unsafe impl Send for Buffer {}
// SAFETY: as above.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// A buffer of this size; `None` where that is refused.
    fn new(size: usize) -> Option<Self> {
        let found = Self::ask(size);
        if found.is_none() && release() {
            return Self::ask(size);
        }
        found
    }

    fn ask(size: usize) -> Option<Self> {
        #[cfg(target_os = "linux")]
        if size >= PAGES {
            return pages::map(size).map(|start| Self { start, size });
        }
        // SAFETY: the size is not zero.
        let start = unsafe { System.alloc_zeroed(Self::layout(size)?) };
        NonNull::new(start).map(|start| Self { start, size })
    }

    fn layout(size: usize) -> Option<Layout> {
        Layout::from_size_align(size, ALIGNMENT).ok()
    }

    /// Lets the system have the contents, if it needs memory before they are written to again.
    fn offer(&self) {
        #[cfg(target_os = "linux")]
        if self.size >= HUGE_PAGE {
            pages::offer(self.start, self.size);
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        #[cfg(target_os = "linux")]
        if self.size >= PAGES {
            // SAFETY: so much was mapped there, and nobody sees it any more.
            unsafe { pages::unmap(self.start, self.size) };
            return;
        }
        if let Some(layout) = Self::layout(self.size) {
            // SAFETY: it came from there with this layout.
            unsafe { System.dealloc(self.start.as_ptr(), layout) };
        }
    }
}

/// Whole pages, and up to an eighth more than asked for: results of about one size can follow each other.
fn rounded(bytes: usize) -> Option<usize> {
    let step = (bytes.checked_next_power_of_two()? / 16).max(ALIGNMENT);
    let step = if bytes >= PAGES { step.max(1 << 16) } else { step };
    bytes.max(1).checked_next_multiple_of(step)
}

/// Spare buffers, and when each of them became one.
struct Spare {
    buffers: [Option<(u64, Buffer)>; SLOTS],
    clock: u64,
}

/// Nobody waits for this lock: who finds it in use asks the system, as does a child of `fork` that inherits it locked.
static SPARE: Mutex<Spare> = Mutex::new(Spare { buffers: [const { None }; SLOTS], clock: 0 });

/// The limit in bytes, and one more; 0 where nobody has set one yet.
static LIMIT: AtomicUsize = AtomicUsize::new(0);

/// Asks the spare buffers, unless somebody else does.
fn spare<R>(ask: impl FnOnce(&mut Spare) -> R) -> Option<R> {
    match SPARE.try_lock() {
        Ok(mut spare) => Some(ask(&mut spare)),
        Err(TryLockError::Poisoned(poisoned)) => Some(ask(&mut poisoned.into_inner())),
        Err(TryLockError::WouldBlock) => None,
    }
}

impl Spare {
    fn bytes(&self) -> usize {
        self.buffers.iter().flatten().map(|(_, buffer)| buffer.size).sum()
    }

    /// The smallest buffer that has this size, unless it is so much larger that most of it would lie idle.
    fn take(&mut self, size: usize) -> Option<Buffer> {
        let fits = |slot: &&mut Option<(u64, Buffer)>| {
            slot.as_ref().is_some_and(|(_, buffer)| (size..=size.saturating_mul(2)).contains(&buffer.size))
        };
        let size_of = |slot: &&mut Option<(u64, Buffer)>| slot.as_ref().map(|(_, buffer)| buffer.size);
        self.buffers.iter_mut().filter(fits).min_by_key(size_of)?.take().map(|(_, buffer)| buffer)
    }

    /// Puts a buffer into an empty place; where there is none, or the limit would be passed, takes out the oldest instead.
    fn put(&mut self, buffer: &mut Option<Buffer>, limit: usize) -> Option<Buffer> {
        let size = buffer.as_ref()?.size;
        if let Some(place) = self.buffers.iter().position(Option::is_none)
            && self.bytes().saturating_add(size) <= limit
        {
            self.clock += 1;
            self.buffers[place] = buffer.take().map(|buffer| (self.clock, buffer));
            return None;
        }
        self.take_oldest()
    }

    fn take_oldest(&mut self) -> Option<Buffer> {
        let since = |slot: &&mut Option<(u64, Buffer)>| slot.as_ref().map(|(since, _)| *since);
        let oldest = self.buffers.iter_mut().filter(|slot| slot.is_some()).min_by_key(since)?;
        oldest.take().map(|(_, buffer)| buffer)
    }
}

/// A buffer of at least so many bytes.
fn obtain(bytes: usize) -> Option<Buffer> {
    let size = rounded(bytes)?;
    spare(|spare| spare.take(size)).flatten().or_else(|| Buffer::new(size))
}

/// Makes a buffer spare, if the limit lets it.
fn keep(buffer: Buffer) {
    let limit = limit();
    if buffer.size > limit {
        return;
    }
    buffer.offer();
    let mut buffer = Some(buffer);
    // What makes room is given back while others may ask.
    while let Some(Some(oldest)) = spare(|spare| spare.put(&mut buffer, limit)) {
        drop(oldest);
    }
}

/// Gives all spare memory back to the system; says whether there was some.
pub fn release() -> bool {
    let all = spare(|spare| std::mem::replace(&mut spare.buffers, [const { None }; SLOTS]));
    all.is_some_and(|all| all.iter().any(Option::is_some))
}

fn limit() -> usize {
    match LIMIT.load(Ordering::Relaxed) {
        0 => {
            let limit = requested_limit().ok().flatten().unwrap_or_else(default_limit);
            LIMIT.store(limit.saturating_add(1), Ordering::Relaxed);
            limit
        }
        more => more - 1,
    }
}

fn default_limit() -> usize {
    usize::try_from(memory::limit() / SHARE).map_or(MOST_SPARE, |share| share.min(MOST_SPARE))
}

/// The limit that the environment asks for.
///
/// # Errors
/// Where that is no number.
pub fn requested_limit() -> Result<Option<usize>, String> {
    match std::env::var(VARIABLE) {
        Ok(value) if !value.trim().is_empty() => value.trim().parse().map(Some).map_err(|_| {
            format!("{VARIABLE} is {value:?}; give the bytes of spare memory at most as a number, 0 for none")
        }),
        _ => Ok(None),
    }
}

/// Bytes that are kept for the next result at most.
#[pyfunction]
pub fn get_spare_limit() -> usize {
    limit()
}

/// Sets how many bytes are kept at most, and gives back what is more.
#[pyfunction]
pub fn set_spare_limit(n_bytes: usize) {
    LIMIT.store(n_bytes.saturating_add(1), Ordering::Relaxed);
    let oldest = |spare: &mut Spare| if spare.bytes() > n_bytes { spare.take_oldest() } else { None };
    while let Some(Some(oldest)) = spare(oldest) {
        drop(oldest);
    }
}

/// Bytes that are kept now.
#[pyfunction]
pub fn spare_memory() -> usize {
    spare(|spare| spare.bytes()).unwrap_or(0)
}

/// Gives back all that is kept.
#[pyfunction]
pub fn release_spare_memory() {
    release();
}

/// Base of the arrays that look at a buffer; when the last of them is gone, the buffer is spare.
#[pyclass(frozen)]
struct BufferOwner(Option<Buffer>);

impl Drop for BufferOwner {
    fn drop(&mut self) {
        if let Some(buffer) = self.0.take() {
            keep(buffer);
        }
    }
}

/// An array whose entries may be anything, to be filled; a refusal names the size and the alternatives.
#[pyfunction]
pub fn buffer(py: Python<'_>, shape: [usize; 3], dtype: Precision) -> PyResult<Bound<'_, PyAny>> {
    match dtype {
        Precision::Single => allocate::<f32>(py, shape),
        Precision::Double => allocate::<f64>(py, shape),
    }
}

fn allocate<T: Float>(py: Python<'_>, shape: [usize; 3]) -> PyResult<Bound<'_, PyAny>> {
    let bytes = shape.iter().map(|&length| length as u128).product::<u128>() * size_of::<T>() as u128;
    let refusal = || {
        let remedy = "use pullback or pushforward, fewer centers, or dtype=\"float32\"";
        errors::to_python(&Error::Memory { what: "derivatives", bytes, remedy })
    };
    if bytes > memory::limit() {
        return Err(refusal());
    }
    let buffer = usize::try_from(bytes).ok().and_then(obtain).ok_or_else(refusal)?;
    let start = buffer.start.cast::<T>();
    let owner = Bound::new(py, BufferOwner(Some(buffer)))?;
    // SAFETY: the buffer is aligned for every number, initialized, at least as long as the shape says, and stays where
    // it is until its owner is dropped, which the array keeps alive; nobody else writes there.
    Ok(unsafe {
        let view = ArrayView3::from_shape_ptr(Ix3(shape[0], shape[1], shape[2]), start.as_ptr());
        PyArray::borrow_from_array(&view, owner.into_any()).into_any()
    })
}

/// A number of which all bytes that there are make one.
trait Float: Element {}

impl Float for f32 {}
impl Float for f64 {}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty() -> Spare {
        Spare { buffers: [const { None }; SLOTS], clock: 0 }
    }

    fn put(spare: &mut Spare, size: usize, limit: usize) -> Vec<usize> {
        let mut buffer = Buffer::new(size);
        std::iter::from_fn(|| spare.put(&mut buffer, limit)).map(|buffer| buffer.size).collect()
    }

    #[test]
    fn sizes_are_rounded_by_an_eighth_at_most() {
        for bytes in [1, 64, 65, 1000, PAGES, PAGES + 1, 3 << 20, (5 << 20) + 7, 1 << 30] {
            let size = rounded(bytes).expect("an address");
            assert!(size >= bytes && size.is_multiple_of(ALIGNMENT));
            assert!(size - bytes <= (bytes / 8).max(1 << 16).max(ALIGNMENT), "{bytes} {size}");
            assert_eq!(rounded(size), Some(size));
        }
        assert_eq!(rounded(0), Some(ALIGNMENT));
        assert_eq!(rounded(usize::MAX), None);
    }

    #[test]
    fn buffers_are_aligned_and_zero() {
        for size in [64, 4096, PAGES, HUGE_PAGE, HUGE_PAGE + PAGES] {
            let buffer = Buffer::new(size).expect("some megabytes");
            let aligned = if cfg!(target_os = "linux") && size >= HUGE_PAGE { HUGE_PAGE } else { ALIGNMENT };
            assert_eq!(buffer.start.align_offset(aligned), 0);
            // SAFETY: it is that long, and initialized.
            assert!(unsafe { std::slice::from_raw_parts(buffer.start.as_ptr(), size) }.iter().all(|byte| *byte == 0));
            buffer.offer();
        }
        assert!(Buffer::new(isize::MAX as usize / 2).is_none());
    }

    #[test]
    fn the_smallest_that_fits_is_taken_and_the_oldest_make_room() {
        let mut spare = empty();
        for size in [64, 512, 256, 128] {
            assert_eq!(put(&mut spare, size, 1000), [0; 0]);
        }
        assert_eq!(spare.bytes(), 960);
        assert_eq!(put(&mut spare, 384, 1000), [64, 512]);
        assert_eq!(spare.take(200).map(|buffer| buffer.size), Some(256));
        assert_eq!(spare.take(200).map(|buffer| buffer.size), Some(384));
        assert!(spare.take(50).is_none(), "most of it would lie idle");
        assert_eq!(spare.take(64).map(|buffer| buffer.size), Some(128));
        assert!(spare.take_oldest().is_none());
        for _ in 0..SLOTS {
            assert_eq!(put(&mut spare, 64, 1000), [0; 0]);
        }
        assert_eq!(put(&mut spare, 128, 1000), [64]);
    }
}
