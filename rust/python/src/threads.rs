//! Number of threads of a call.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use isoprint_core::simd::Isa;
use pyo3::prelude::*;

/// Read afresh at every call, because joblib sets the second one in its workers when they already run.
const VARIABLES: [&str; 2] = ["RAYON_NUM_THREADS", "OMP_NUM_THREADS"];

/// More than this helps nobody, could bring the machine down, and changes no result.
const MOST: usize = 1024;

/// Number of threads that `set_num_threads` was given; 0 if none.
static EXPLICIT: AtomicUsize = AtomicUsize::new(0);

/// The number of processors we may use, with the process that asked in the upper half: a child of `fork` may have
/// been pinned to fewer. It is remembered because asking reads several files; in an atomic, because no lock survives a fork.
static AVAILABLE: AtomicU64 = AtomicU64::new(0);

/// The number of threads to use where the caller asked for `wanted`, 0 meaning any number.
pub fn resolve(wanted: usize) -> usize {
    let threads = match (wanted, EXPLICIT.load(Ordering::Relaxed)) {
        (0, 0) => from_surroundings(),
        (0, explicit) => explicit,
        (wanted, _) => wanted,
    };
    threads.min(MOST)
}

/// The smallest of the environment variables and the processors we may use.
fn from_surroundings() -> usize {
    let limits = VARIABLES.iter().filter_map(|name| parse(&std::env::var(name).ok()?));
    limits.fold(available(), usize::min)
}

/// `"4"` and `"4,2"` (one number per level of nesting) mean 4; nonsense and 0 mean nothing.
fn parse(value: &str) -> Option<usize> {
    let first = value.split(',').next()?;
    first.trim().parse().ok().filter(|&threads| threads > 0)
}

fn available() -> usize {
    let process = u64::from(std::process::id()) << 32;
    let known = AVAILABLE.load(Ordering::Relaxed);
    if known & !0xffff_ffff == process && known != process {
        return (known ^ process) as usize;
    }
    let found = std::thread::available_parallelism().map_or(1, usize::from);
    AVAILABLE.store(process | found as u64, Ordering::Relaxed);
    found
}

/// The number of threads that `threads=0` stands for.
#[pyfunction]
pub fn get_num_threads() -> usize {
    resolve(0)
}

/// Sets the number of threads that `threads=0` stands for, in the whole process; 0 goes back to the environment.
#[pyfunction]
pub fn set_num_threads(n: usize) {
    // Whoever restores the default should not freeze it.
    let explicit = if n == from_surroundings() { 0 } else { n };
    EXPLICIT.store(explicit, Ordering::Relaxed);
}

/// The instruction set the kernels run on: `"avx512"`, `"avx2"` or `"baseline"`.
#[pyfunction]
pub fn isa() -> &'static str {
    Isa::detect().name()
}

/// By this symbol threadpoolctl tells our library from others of the same file name.
#[allow(unsafe_code)]
mod exported {
    /// [`super::get_num_threads`] for C.
    // SAFETY: the prefix makes the name ours alone.
    #[unsafe(no_mangle)]
    pub extern "C" fn isoprint_get_num_threads() -> usize {
        super::get_num_threads()
    }

    /// [`super::set_num_threads`] for C.
    // SAFETY: as above.
    #[unsafe(no_mangle)]
    pub extern "C" fn isoprint_set_num_threads(n: usize) {
        super::set_num_threads(n);
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_variable_may_hold_a_list_or_nonsense() {
        assert_eq!(parse("4"), Some(4));
        assert_eq!(parse(" 3 , 2"), Some(3));
        for nonsense in ["", "0", "-1", "many", ",2", "2.5"] {
            assert_eq!(parse(nonsense), None, "{nonsense}");
        }
    }
}
