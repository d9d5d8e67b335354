//! Fetching published weights: into a part file that a broken connection leaves for the next try, checked
//! against the published hash before anything is done with it.

mod error;
mod part;
#[cfg(test)]
mod tests;

use std::{
    io::{self, Read},
    time::Duration,
};

pub use error::{PullError, PullErrorKind};
pub use part::{Part, PartFile};
use ureq::{
    Agent, Body,
    http::{Response, StatusCode, header},
    tls::{RootCerts, TlsConfig},
};

/// How long a server may be silent.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(20);
/// Connections that brought something and broke before we give up for now.
const TRIES: usize = 5;
/// Where nobody said how long the file is: more than any weights here have.
const LARGEST: u64 = 4 << 30;

/// A file to be fetched.
#[derive(Debug, Clone, Copy)]
pub struct Pull<'a> {
    /// The address.
    pub url: &'a str,
    /// How long the file is, where that is known.
    pub bytes: Option<u64>,
    /// SHA-256 of the file, hex, where that is known.
    pub sha256: Option<&'a str>,
    /// The preset that it is of, for what errors say to do.
    pub preset: &'a str,
}

/// How far a fetch has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that are here.
    pub have: u64,
    /// Bytes in all, where that is known.
    pub total: Option<u64>,
}

impl Pull<'_> {
    /// Fetches what is missing of the file. `watch` is told how far it is, and stops it by saying false;
    /// what has come stays for the next time. At the end the part holds the whole file, and its hash has
    /// been checked.
    ///
    /// # Errors
    /// [`PullError`], whose kind says what to do.
    pub fn run(&self, part: &mut dyn Part, watch: &mut dyn FnMut(Progress) -> bool) -> Result<(), PullError> {
        self.fetch(part, watch).and_then(|()| self.check(part)).map_err(|kind| PullError {
            url: self.url.to_owned(),
            preset: self.preset.to_owned(),
            kind,
        })
    }

    fn fetch(
        &self,
        part: &mut dyn Part,
        watch: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<(), PullErrorKind> {
        let agent = agent(self.url.starts_with("https://"));
        let mut tries = TRIES;
        loop {
            let before = part.have().map_err(PullErrorKind::Write)?;
            if Some(before) == self.bytes {
                return Ok(());
            }
            if self.bytes.is_some_and(|bytes| before > bytes) {
                part.open(0).map_err(PullErrorKind::Write)?;
                continue;
            }
            match self.attempt(&agent, before, part, watch) {
                Err(PullErrorKind::Cut { have, .. }) if have > before && tries > 1 => tries -= 1,
                // What we have cannot be continued: from the beginning, once.
                Err(PullErrorKind::Status(code))
                    if before > 0 && code == StatusCode::RANGE_NOT_SATISFIABLE.as_u16() =>
                {
                    part.open(0).map_err(PullErrorKind::Write)?;
                }
                outcome => return outcome,
            }
        }
    }

    /// One request.
    fn attempt(
        &self,
        agent: &Agent,
        have: u64,
        part: &mut dyn Part,
        watch: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<(), PullErrorKind> {
        let mut request = agent.get(self.url);
        if have > 0 {
            request = request.header(header::RANGE, format!("bytes={have}-"));
        }
        let response = request.call().map_err(|error| PullErrorKind::Unreachable(Box::new(error)))?;
        let status = response.status();
        let start = match status {
            StatusCode::OK => 0,
            StatusCode::PARTIAL_CONTENT if range_start(&response) == Some(have) => have,
            // A server that answers another range than was asked for: begin again.
            StatusCode::PARTIAL_CONTENT => {
                return Err(PullErrorKind::Status(StatusCode::RANGE_NOT_SATISFIABLE.as_u16()));
            }
            other => return Err(PullErrorKind::Status(other.as_u16())),
        };
        let rest = response.body().content_length();
        let total = self.bytes.or(rest.map(|rest| start.saturating_add(rest)));
        let most = self.bytes.unwrap_or(LARGEST);
        let mut file = part.open(start).map_err(PullErrorKind::Write)?;
        let mut body = response.into_body().into_with_config().limit(u64::MAX).reader();
        let mut have = start;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            if !watch(Progress { have, total }) {
                return Err(PullErrorKind::Stopped);
            }
            let count = match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(PullErrorKind::Cut { have, total, source }),
            };
            have += count as u64;
            if have > most {
                return Err(PullErrorKind::TooLong { most });
            }
            file.write_all(&buffer[..count]).and_then(|()| file.flush()).map_err(PullErrorKind::Write)?;
        }
        match total {
            Some(total) if have < total => Err(PullErrorKind::Cut {
                have,
                total: Some(total),
                source: io::Error::other("the connection ended"),
            }),
            _ => Ok(()),
        }
    }

    fn check(&self, part: &mut dyn Part) -> Result<(), PullErrorKind> {
        let Some(wanted) = self.sha256 else { return Ok(()) };
        let found = part.sha256().map_err(PullErrorKind::Write)?;
        if found == wanted {
            return Ok(());
        }
        // Nothing of it can be trusted: the next try begins anew.
        part.open(0).map_err(PullErrorKind::Write)?;
        Err(PullErrorKind::Hash { wanted: wanted.to_owned(), found })
    }
}

/// Follows redirects, and the proxy that the environment names (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`);
/// trusts the certificates that the machine trusts, for a hospital's proxy signs with its own. With `encrypted`, no
/// redirect leads to a connection that is not.
fn agent(encrypted: bool) -> Agent {
    Agent::config_builder()
        .https_only(encrypted)
        .http_status_as_error(false)
        .user_agent(concat!("cxr-triage/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(ANSWER_TIMEOUT))
        .timeout_per_read(Some(ANSWER_TIMEOUT))
        .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
        .build()
        .new_agent()
}

/// Returns where the answer begins: "bytes 100-199/200".
fn range_start(response: &Response<Body>) -> Option<u64> {
    let range = response.headers().get(header::CONTENT_RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes ")?.split_once('-')?.0.trim().parse().ok()
}
