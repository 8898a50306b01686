//! The Python face of isoprint-core: translation, no mathematics.
//!
//! * `door` is the only way from Python to work: it lets other Python threads run, lends threads, listens to Ctrl-C.
//! * `threads` decides how many threads that are.
//! * `arrays` borrows numpy arrays as slices, and says what is wrong with those it cannot borrow.
//! * `read` makes the parameters of a descriptor out of a mapping; `compression` takes a sparse matrix in arrays.
//! * `descriptor` is what all descriptors have in common, and `descriptors` is a class for each.
//! * `frame_descriptor` is what all fingerprints of whole frames have in common.
//! * `fused` asks Python in the middle of the work.
//! * `evaluate` knows the function itself, and asks nobody.
//! * `neighbors` is the neighbor search without a descriptor; `similarity` compares rows, whatever made them.
//! * `project` multiplies blocks of derivatives with directions.
//! * `buffers` is the memory of large results, which serves one after the other; `pages` asks Linux for it.
//! * `memory` knows what no array can exceed, `errors` gives every error its Python name, and `allocator` sees to it that
//!   there is memory left to raise it.

#![deny(unsafe_code)]
// Python's keywords arrive one by one, and by value.
#![allow(clippy::too_many_arguments, clippy::needless_pass_by_value)]

use isoprint_core::simd::Isa;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

mod allocator;
mod arrays;
mod buffers;
mod compression;
mod descriptor;
mod descriptors;
mod door;
mod errors;
mod evaluate;
mod frame_descriptor;
mod fused;
mod memory;
mod neighbors;
#[cfg(target_os = "linux")]
mod pages;
mod project;
mod read;
mod similarity;
mod threads;

// The classes are frozen and what is global is atomic or locked, so nothing here leans on the GIL.
#[pymodule(gil_used = false)]
mod _core {
    #[pymodule_export]
    use crate::buffers::{buffer, get_spare_limit, release_spare_memory, set_spare_limit, spare_memory};
    #[pymodule_export]
    use crate::descriptor::Prepared;
    #[pymodule_export]
    use crate::errors::ParameterError;
    #[pymodule_export]
    use crate::evaluate::KernelSum;
    #[pymodule_export]
    use crate::neighbors::{KnownNeighbors, neighbors};
    #[pymodule_export]
    use crate::project::{Directions, project_blocks};
    #[pymodule_export]
    use crate::similarity::{farthest_points, manhattan, match_structures};
    #[pymodule_export]
    use crate::threads::{get_num_threads, isa, set_num_threads};

    use super::{
        Bound, Isa, PyModule, PyModuleMethods, PyResult, PyValueError, allocator, buffers, descriptors, errors,
    };

    /// The version of the workspace, which is written in its `Cargo.toml` and nowhere else.
    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        // Whoever asks for other instructions wants to be sure of getting them.
        Isa::requested().map_err(|error| PyValueError::new_err(error.to_string()))?;
        buffers::requested_limit().map_err(PyValueError::new_err)?;
        allocator::fill_reserve().map_err(|error| errors::to_python(&error))?;
        descriptors::add_to(module)?;
        module.add("MAX_FUNCTIONS", isoprint_core::descriptors::soap::MAX_FUNCTIONS)?;
        module.add("MAX_ROWS", isoprint_core::descriptors::pair_matrix::MAX_ROWS)?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
