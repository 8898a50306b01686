//! What descriptors promise to whoever asks them directly: one program, since each would compile every kernel anew.

#[path = "../common/mod.rs"]
mod common;

mod blocks;
mod gradients;
mod pair_matrix;
mod refusals;
mod stops;
