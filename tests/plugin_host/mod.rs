//! Plugins in the running host, with a real store: what they bring about, what they cannot, and what a
//! restart or a broken server leaves of it.

mod bombs;
mod bundled;
mod effects;
mod ending;
mod hostile;
mod living;
mod programs;
mod results;
pub(crate) mod support;
mod webhooks;
