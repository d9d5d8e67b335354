//! People over SSH: a real sshd on the loopback network, with its own configuration, host key and port, and OpenSSH's own
//! clients. It takes root, for sshd asks who owns its files; where it cannot be done, that is said, and the tests are
//! skipped.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "the helpers of tests fail and skip like tests")]

mod attempts;
mod connection;
mod host;
mod sessions;
