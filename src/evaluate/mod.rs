//! How good a model is on a labelled set: metrics, thresholds, localisation, plots and reports.
//!
//! Pure computing and drawing over plain data. Knows nothing of terminals, and nothing of how a film
//! gets its probabilities: `commands::evaluate` brings both together.

pub mod metrics;
