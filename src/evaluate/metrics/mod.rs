//! The worth of a score: pure functions over scores and truths.
//!
//! Curves and points are computed from [`Ranked`], the distinct scores from the highest to the lowest with how
//! many positives and negatives have each. Ties are so treated once, in one place. What patients decide, intervals,
//! is computed from [`Clustered`], films with the number of their patient.

mod calibration;
mod clusters;
mod normal;
mod paired;
mod precision;
mod predictive;
mod ranked;
mod roc;
mod threshold;

pub use calibration::{BINS, Bin, Calibration};
pub use clusters::{Clustered, Counted, Scored, share};
pub use paired::{Delong, Mcnemar, Pair, delong, mcnemar};
pub use precision::PrPoint;
pub use predictive::{Likely, Predictive, predictive};
pub use ranked::{Ranked, Step};
pub use roc::{Auc, Operating, RocPoint};
pub use threshold::{AtThreshold, Share, wilson};

/// The normal quantile of a two-sided 95 % interval.
pub const Z95: f64 = 1.959_963_984_540_054;

#[cfg(test)]
mod tests;
