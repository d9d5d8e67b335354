//! The program in a pseudo-terminal.

pub(crate) mod alarms;
mod pictures;
mod session;
mod show;
