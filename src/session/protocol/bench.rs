//! The threshold workbench's requests, and the answers to them.

use crate::study::{Bench, Sample, Setting, ThresholdChange, WhatIf};

/// A request of the threshold workbench.
#[derive(Debug, Clone, PartialEq)]
pub enum BenchRequest {
    /// Read the thresholds and the last studies.
    Open,
    /// Read again whether the thresholds have changed.
    Reread,
    /// Work out what these settings, one a label, would have done. Only the last request counts.
    Try(Vec<Setting>),
    /// Write these into the configuration.
    Save(Vec<ThresholdChange>),
}

/// An answer to the threshold workbench.
#[derive(Debug, Clone, PartialEq)]
pub enum BenchUpdate {
    /// It is open: the thresholds, and what can be said of the last studies.
    Opened(Bench, Sample),
    /// The thresholds were changed elsewhere.
    Bench(Bench),
    /// The settings, one a label, and what they would have made of the last studies.
    Tried(Vec<Setting>, Box<WhatIf>),
    /// The changes are written; what is in force now, and what went wrong beside it.
    Saved(Bench, Vec<ThresholdChange>, Option<String>),
    /// Nothing was written: why, and what to do.
    Refused(String),
    /// It cannot be opened: why.
    Failed(String),
}
