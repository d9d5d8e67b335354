//! Why there can be no dashboard.

use std::io;

/// Why the dashboard could not be shown, or ended.
#[derive(Debug, thiserror::Error)]
pub enum DashboardError {
    /// Input or output is a file, a pipe or nothing.
    #[error(
        "the dashboard needs a terminal, and this is none (input or output goes elsewhere); run it in a terminal, or add --headless for one line of JSON per event"
    )]
    NotATerminal,
    /// The terminal says that it can only print lines.
    #[error(
        "the dashboard needs a terminal that can place text, and TERM is `{0}`; set TERM to what your terminal is, or add --headless for one line of JSON per event"
    )]
    DumbTerminal(String),
    /// The threads behind it have ended for good.
    #[error("{0}")]
    Ended(String),
    /// The terminal failed.
    #[error("{doing} failed: {source}; if the terminal is still there, run `reset`, then start again")]
    Terminal {
        /// The step that failed.
        doing: &'static str,
        /// The cause.
        source: io::Error,
    },
}

impl DashboardError {
    pub(super) fn taking_over(source: io::Error) -> Self {
        Self::Terminal { doing: "taking over the terminal", source }
    }

    pub(super) fn drawing(source: io::Error) -> Self {
        Self::Terminal { doing: "drawing on the terminal", source }
    }

    pub(super) fn reading(source: io::Error) -> Self {
        Self::Terminal { doing: "reading from the terminal", source }
    }
}
