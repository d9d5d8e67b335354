//! The program in a pseudo-terminal.

mod alarms;
mod pictures;
mod session;
mod show;
