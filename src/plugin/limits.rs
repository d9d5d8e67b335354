//! How much a plugin may take.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The limits of one plugin. The defaults are in force everywhere but in tests.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Processor time of one call of a hook. A call takes microseconds: this is for the runaway.
    pub call: Duration,
    /// Processor time to run the file itself.
    pub load: Duration,
    /// Bytes that its VM may hold.
    pub memory: usize,
    /// Effects that one call may return.
    pub effects: usize,
    /// A hook that fails so often in a row switches its plugin off.
    pub failures: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            call: Duration::from_millis(250),
            load: Duration::from_secs(1),
            memory: 32 << 20,
            effects: 64,
            failures: 5,
        }
    }
}

/// Bytes of all files of a plugin.
pub(super) const SOURCE_BYTES: u64 = 1 << 20;
/// Files of a plugin.
pub(super) const SOURCE_FILES: usize = 64;
/// Columns, filters, commands, settings of a plugin: of each so many.
pub(super) const PARTS: usize = 16;
/// Characters of what stands in one line of the screen: a name, a tag, a cell, a title.
pub(super) const LINE: usize = 60;
/// Characters of a note, a notice, a setting, a message.
pub(super) const SENTENCE: usize = 500;
/// Bytes of what is sent or written by one effect.
pub(super) const BODY: usize = 64 << 10;
/// How deep tables may lie in one another.
pub(super) const DEPTH: usize = 8;
/// Values in one table that a plugin gives out, all depths together.
pub(super) const VALUES: usize = 2_000;
