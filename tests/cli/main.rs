//! The program as its users run it: the built binary, real folders, exit codes, output.

mod bad_input;
mod kill;
mod scan;
mod support;
mod watch;
