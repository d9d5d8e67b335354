//! The program as its users run it: the built binary, real folders, exit codes, output.

mod bad_input;
mod clean;
mod dicom;
mod evaluate;
mod faults;
mod flood;
mod health;
mod identity;
mod kill;
mod leaving;
mod manual;
mod names;
mod plugins;
mod reading;
mod scan;
mod server_store;
mod show;
mod similar;
pub(crate) mod support;
mod train;
mod upkeep;
mod watch;
mod working_folder;
