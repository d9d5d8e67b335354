//! The inbox: what is new in it, and when it is complete.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test's helpers may fail the test")]

mod inbox;
mod start_stop;
mod support;
