//! Plugins in the running host, with a real store: what they bring about, what they cannot, and what a
//! restart or a broken server leaves of it.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its scene has failed")]

mod bombs;
mod bundled;
mod effects;
mod ending;
mod hostile;
mod living;
mod programs;
#[expect(dead_code, reason = "those tests need more of it")]
#[path = "../store_behaviours/support.rs"]
mod store_support;
mod support;
mod webhooks;
