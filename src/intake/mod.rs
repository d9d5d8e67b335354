//! The inbox: which files are there, which are complete, which are new. Reads folders, never pixels,
//! and changes nothing in the inbox.

use std::path::PathBuf;

/// A complete file that the pipeline has not been given before in this size and with this time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Absolute path.
    pub path: PathBuf,
    /// Length in bytes.
    pub size: u64,
    /// Modification time, nanoseconds since 1970.
    pub modified_ns: i64,
}
