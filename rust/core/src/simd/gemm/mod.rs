//! The register-blocked products of a density expansion: small, thin, and the larger part of all time spent.
//!
//! Accumulators stay in registers while the loop runs over sites or functions, so the number of them decides the
//! speed. `tile` picks the count that fits the registers and leaves the least over; the functions are compiled for
//! each count they may be asked for.

use super::{Capacity, LANES, Lanes, ends_in_half};

/// Functions of one species at most, in packs.
pub const MAX_PACKS: usize = 3;
/// Rows beyond the last that a product may touch: the last tile may be all but one row too long, and the largest tile
/// has 27 rows.
pub const PADDING: usize = 28;

/// Packs that the products below are compiled for: 1, 2 and this many. Their last arm takes every larger count for
/// this one, which the compiler cannot see.
const COMPILED_PACKS: usize = 3;
const _: () = assert!(MAX_PACKS == COMPILED_PACKS, "more packs need kernels of their own in every match on n_packs");

/// Size of a tile: harmonics whose accumulators are in registers together, for `n_rows` of them with `n` functions each.
#[inline(always)]
fn tile<V: Lanes>(n_rows: usize, n: usize) -> usize {
    let sizes: &[usize] = match (V::CAPACITY, n.div_ceil(LANES), ends_in_half(n)) {
        (Capacity::Values32, 1, _) => &[27, 25, 24, 18, 16],
        (Capacity::Values32, 2, _) => &[13, 12, 11, 9, 8],
        (Capacity::Values32, _, _) => &[9, 8, 6],
        (Capacity::Values8, 1, true) => &[12, 11, 9, 8],
        (Capacity::Values8, 1, false) => &[6, 5],
        (Capacity::Values8, 2, true) => &[4, 3],
        (Capacity::Values8, 2, false) => &[3],
        (Capacity::Values4, 1, true) => &[5],
        (Capacity::Values8, _, _) | (_, 1, false) => &[2],
        _ => &[1],
    };
    let padded = |size: &usize| n_rows.div_ceil(*size) * size;
    sizes.iter().copied().min_by_key(padded).unwrap_or(1)
}

/// Calls `$function::<V, packs, whether the last is half, size>` for the runtime `$size`, one of the listed. Arguments
/// travel as one value, because the macro hands them on to a function of constant generics.
macro_rules! with_size {
    ($size:expr, [$($candidate:literal),*], $function:ident, $shape:tt, $arguments:tt) => {
        match $size {
            $($candidate => with_size!($function, $shape, $candidate, $arguments),)*
            _ => unreachable!("tile sizes are listed in `tile`"),
        }
    };
    ($function:ident, [$($shape:literal),*], $candidate:literal, $arguments:tt) => {
        $function::<V, $($shape,)* $candidate> $arguments
    };
}

/// Cuts the rows of each degree into tiles of nearly the same size, `most` at most: `(degree, first row, size)`.
fn tiles(l_max: usize, most: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..=l_max).flat_map(move |l| {
        let rows = 2 * l + 1;
        let count = rows.div_ceil(most);
        let start = move |k: usize| l * l + (k * rows).div_ceil(count);
        (0..count).map(move |k| (l, start(k), start(k + 1) - start(k)))
    })
}

// Behind the macro, which they use.
mod accumulate;
mod panels;
mod project;
#[cfg(test)]
mod tests;

pub use accumulate::{accumulate, accumulate_by_degree};
pub use panels::{PANEL, Panels, Tiles, padded};
pub use project::{project, project_by_degree};
