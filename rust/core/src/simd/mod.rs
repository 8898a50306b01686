//! Eight lanes at a time on whatever the processor offers; the only module with `unsafe`.
//!
//! A [`Kernel`] is written once over [`Lanes`] and compiled three times: for AVX-512, for AVX2 with FMA, and for
//! whatever the target of the build promises. [`Isa::run`] calls the best one this processor has. A kernel itself needs no
//! `unsafe` and lives with the mathematics it serves.

#![allow(unsafe_code)]

mod exp;
pub mod gemm;
mod isa;
mod lane_array;
mod lanes;
mod pack;
mod packs;
mod select;
mod streaming;
mod vector;

pub use exp::exp;
pub use isa::{Isa, Kernel, VARIABLE};
pub use lane_array::{LaneArray, SITES_PER_BLOCK, SiteLanes};
pub use lanes::{Capacity, HALF, HalfLanes, LANES, Lanes};
pub use pack::{Pack, at};
pub use packs::{Packs, ends_in_half};
pub use select::{Candidates, Found, Points, lengths, select};
pub use streaming::fence;
pub use vector::{OUTER_PARTS, add_outer, add_products, add_scaled, all_finite, dot, scale, scaled, subtract_all};
