//! Loops over frames and centers, forward and back, on the threads of the pool that a [`Job`] brings along.
//!
//! Every row belongs to one worker and every sum keeps its order, so results are the same bits for any number of
//! threads.
//!
//! A file uses those that stand before it, none that comes later:
//!
//! | files | purpose |
//! |---|---|
//! | `average`, `output`, `checks`, `worker_cache`, `job`, `interrupt` | what a call asks for, in what numbers, and who may stop it |
//! | `queue` | pieces of work that threads share, merged in their order |
//! | `prepared`, `batch`, `walk` | frames prepared in batches, centers visited in chunks |
//! | `lists`, `gradients` | what a chunk leaves behind |
//! | `worker` | buffers of a thread: the sites and coefficients of one center |
//! | `means` | sums over the centers of a frame |
//! | `transform`, `sparse`, `pullback`, `jacobian`, `deformation`, `neighbors` | the calculations |
//! | `project` | blocks of derivatives times directions |
//! | `whole_frames` | the same calculations for fingerprints of whole frames |
//! | `kept`, `pipeline`, `fused` | features and gradients in one pass |
//! | `kernel_sum`, `evaluate` | the same for a function that is known here: sums of kernels |
//! | `matching`, `manhattan`, `farthest` | rows among each other: similarities of structures, samples |

mod average;
mod batch;
mod checks;
mod deformation;
mod evaluate;
mod farthest;
mod fused;
mod gradients;
mod interrupt;
mod jacobian;
mod job;
mod kept;
mod kernel_sum;
mod lists;
mod manhattan;
mod matching;
mod means;
mod neighbors;
mod output;
mod pipeline;
mod prepared;
mod project;
mod pullback;
mod queue;
mod sparse;
mod transform;
mod walk;
mod whole_frames;
mod worker;
mod worker_cache;

pub use average::{Average, n_rows};
pub use batch::PreparedFrames;
pub use deformation::{Deformation, Deformed};
pub use evaluate::evaluate;
pub use farthest::{FarthestPoints, farthest_points};
pub use fused::{AdjointFunction, Fused};
pub use interrupt::RowCounter;
pub use jacobian::{Jacobian, JacobianPattern, prepare_frames};
pub use job::Job;
pub use kernel_sum::{KernelSum, KernelSumBuffers};
pub use manhattan::{manhattan, manhattan_pullback};
pub use matching::{Matching, Similarities, match_structures};
pub use neighbors::{NeighborList, neighbors};
pub use output::RowElement;
pub use project::{Blocks, Directions, Weights, project};
pub use pullback::{AdjointRows, Pullback, pullback};
pub use sparse::{SparseRows, transform_sparse};
pub use transform::{Motion, pushforward, transform, transform_into_zeros, transform_prepared};
pub use whole_frames::{jacobian_frames, pullback_frames, pushforward_frames, transform_frames};
pub use worker_cache::WorkerCache;
