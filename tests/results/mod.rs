//! Results as other programs read them: validators, viewers and toolkits. Where a peer is not installed, its tests say so
//! and are skipped.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // helpers of tests may panic and print

mod dcmtk;
mod support;
mod toolkits;
mod validators;
