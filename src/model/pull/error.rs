//! Why weights could not be fetched.

use std::{fmt, io};

/// Why weights could not be fetched. Where no network leads to them, the message says how to bring them
/// by hand.
#[derive(Debug)]
pub struct PullError {
    /// The address.
    pub url: String,
    /// The preset that the file is of.
    pub preset: String,
    /// What went wrong.
    pub trouble: Trouble,
}

/// What went wrong with a fetch.
#[derive(Debug)]
pub enum Trouble {
    /// No connection, or none that was answered.
    Unreachable(String),
    /// The server's answer is not the file.
    Status(u16),
    /// The connection broke; what has come is kept.
    Cut {
        /// Bytes that have come.
        have: u64,
        /// Bytes in all, where known.
        total: Option<u64>,
        /// The system's reason.
        reason: String,
    },
    /// The server sends more than the file has.
    TooLong {
        /// What the file has.
        most: u64,
    },
    /// What came is not the published file.
    Hash {
        /// The published hash.
        wanted: String,
        /// That of what came.
        found: String,
    },
    /// The part cannot be written or read.
    Write(io::Error),
    /// Somebody asked to stop.
    Stopped,
}

impl std::error::Error for PullError {}

impl fmt::Display for PullError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, preset, trouble } = self;
        let again = format!("run `cxr-triage weights pull {preset}` again: it goes on where it stopped");
        let url = crate::text::clean(url);
        let by_hand = format!(
            "or fetch {url} with a browser on a machine that reaches it, and run `cxr-triage weights import FILE \
             --preset {preset}` here"
        );
        match trouble {
            Trouble::Unreachable(reason) => write!(
                out,
                "{url} cannot be reached ({reason}): check the network and the proxy (HTTPS_PROXY), or set `mirror` \
                 under [weights] in the configuration; {by_hand}"
            ),
            Trouble::Status(404 | 410) => write!(
                out,
                "{url} is not there (404): check `mirror` under [weights] in the configuration; {by_hand}"
            ),
            Trouble::Status(code @ (401 | 403 | 407)) => write!(
                out,
                "{url} is not given to us (status {code}): a proxy or a firewall stands before it; {by_hand}"
            ),
            Trouble::Status(code) => {
                write!(out, "{url} cannot be had now (status {code}): try again later; {by_hand}")
            }
            Trouble::Cut { have, total: Some(total), reason } => {
                write!(
                    out,
                    "the connection broke after {have} of {total} bytes ({reason}): {again}; {by_hand}"
                )
            }
            Trouble::Cut { have, total: None, reason } => {
                write!(out, "the connection broke after {have} bytes ({reason}): {again}; {by_hand}")
            }
            Trouble::TooLong { most } => write!(
                out,
                "{url} sends more than the {most} bytes that the file has: it is another file; check `mirror` under \
                 [weights] in the configuration; {by_hand}"
            ),
            Trouble::Hash { wanted, found } => write!(
                out,
                "what came from {url} is not the published file (sha256 {found}, published {wanted}) and was thrown \
                 away: try once more, and if it is the same again, something on the way changes files; {by_hand}"
            ),
            Trouble::Write(error) if error.kind() == io::ErrorKind::StorageFull => {
                write!(out, "the disk is full: free some space, then {again}")
            }
            Trouble::Write(error) => write!(out, "the file cannot be written or read ({error}): {again}"),
            Trouble::Stopped => write!(out, "stopped: {again}"),
        }
    }
}
