//! The program in a pseudo-terminal.

mod pictures;
mod session;
mod show;
