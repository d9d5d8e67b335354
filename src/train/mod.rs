//! Learning from labelled films: the last layer of a network is trained anew on what the network sees in them.
//!
//! Pure computing over plain data: what a film's features are, and where the new model goes, others know.
//!
//! ```text
//! features, truths ──folds of patients──▶ out-of-fold scores ──▶ strength of the penalty, AUCs, thresholds
//!        └────────────all films────────▶ logistic regression of each label ──▶ Head
//! ```

pub mod block;
mod error;
mod folds;
mod head;
mod lbfgs;
mod logistic;
mod outcome;
#[cfg(test)]
mod peer_tests;
mod roles;
mod scale;
mod weighting;

pub use error::TrainError;
pub use folds::{FOLDS, folds, held_out};
pub use head::{Examples, Fitted, fit, steps};
pub use outcome::{LabelOutcome, Measuring, outcomes};
pub use roles::{Role, Roles, is_kept_back, is_trained, refuse_leaks, roles};
pub use weighting::Weighting;
