//! The last dense block of a network, trained together with its last layer by gradient descent. What comes before the
//! block stays as it is and is computed elsewhere.
//!
//! ```text
//! maps before the block ─▶ Block ─▶ loss ─▶ gradients (Candle) ─▶ AdamW ─▶ average of the weights
//!     └── of an augmented film, anew each time          after each epoch: AUC of the average ─▶ best, state on disk
//! ```

mod adamw;
mod augment;
mod network;
#[cfg(test)]
mod peer_tests;
mod state;
mod trainer;

pub use augment::augmented;
pub use network::{BatchNorm, Block, BlockShape};
pub use state::State;
pub use trainer::{Best, BlockExamples, EpochReport, Maps, Options, train};
