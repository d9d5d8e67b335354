//! Why weights could not be fetched.

use std::{error::Error, fmt, io};

/// Why weights could not be fetched. Where no network leads to them, the message says how to bring them
/// by hand.
#[derive(Debug)]
pub struct PullError {
    /// The address.
    pub url: String,
    /// The preset that the file is of.
    pub preset: String,
    /// The kind, which a caller can act on.
    pub kind: PullErrorKind,
}

/// The kinds that a caller can act on.
#[derive(Debug)]
pub enum PullErrorKind {
    /// No connection, or none that was answered.
    Unreachable(Box<ureq::Error>),
    /// The server's answer is not the file.
    Status(u16),
    /// The connection broke; what has come is kept.
    Cut {
        /// Bytes that have come.
        have: u64,
        /// Bytes in all, where known.
        total: Option<u64>,
        /// The system's reason.
        source: io::Error,
    },
    /// The server sends more than the file has.
    TooLong {
        /// Bytes of the file.
        most: u64,
    },
    /// The file that came is not the published one.
    Hash {
        /// The published hash.
        wanted: String,
        /// The hash of the file that came.
        found: String,
    },
    /// The part cannot be written or read.
    Write(io::Error),
    /// Somebody asked to stop.
    Stopped,
}

impl Error for PullError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            PullErrorKind::Unreachable(error) => Some(error),
            PullErrorKind::Cut { source, .. } | PullErrorKind::Write(source) => Some(source),
            PullErrorKind::Status(_)
            | PullErrorKind::TooLong { .. }
            | PullErrorKind::Hash { .. }
            | PullErrorKind::Stopped => None,
        }
    }
}

impl fmt::Display for PullError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, preset, kind } = self;
        let again = format!("run `cxr-triage weights pull {preset}` again: it goes on where it stopped");
        let url = crate::text::clean(url);
        let by_hand = format!(
            "or fetch {url} with a browser on a machine that reaches it, and run `cxr-triage weights import FILE \
             --preset {preset}` here"
        );
        match kind {
            PullErrorKind::Unreachable(reason) => write!(
                out,
                "{url} cannot be reached ({reason}): check the network and the proxy (HTTPS_PROXY), or set `mirror` \
                 under [weights] in the configuration; {by_hand}"
            ),
            PullErrorKind::Status(404 | 410) => write!(
                out,
                "{url} is not there (404): check `mirror` under [weights] in the configuration; {by_hand}"
            ),
            PullErrorKind::Status(code @ (401 | 403 | 407)) => write!(
                out,
                "{url} is not given to us (status {code}): a proxy or a firewall stands before it; {by_hand}"
            ),
            PullErrorKind::Status(code) => {
                write!(out, "{url} cannot be had now (status {code}): try again later; {by_hand}")
            }
            PullErrorKind::Cut { have, total: Some(total), source } => {
                write!(
                    out,
                    "the connection broke after {have} of {total} bytes ({source}): {again}; {by_hand}"
                )
            }
            PullErrorKind::Cut { have, total: None, source } => {
                write!(out, "the connection broke after {have} bytes ({source}): {again}; {by_hand}")
            }
            PullErrorKind::TooLong { most } => write!(
                out,
                "{url} sends more than the {most} bytes that the file has: it is another file; check `mirror` under \
                 [weights] in the configuration; {by_hand}"
            ),
            PullErrorKind::Hash { wanted, found } => write!(
                out,
                "what came from {url} is not the published file (sha256 {found}, published {wanted}) and was thrown \
                 away: try once more, and if it is the same again, something on the way changes files; {by_hand}"
            ),
            PullErrorKind::Write(error) if error.kind() == io::ErrorKind::StorageFull => {
                write!(out, "the disk is full: free some space, then {again}")
            }
            PullErrorKind::Write(error) => {
                write!(out, "the file cannot be written or read ({error}): {again}")
            }
            PullErrorKind::Stopped => write!(out, "stopped: {again}"),
        }
    }
}
