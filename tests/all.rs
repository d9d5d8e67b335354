//! What a user would miss, one module a part of the program. One program links once where a dozen would link a dozen
//! times; `cargo test --release --test all network::` runs one part.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "the helpers of tests fail and skip like tests"
)]
#![expect(clippy::duplicate_mod, reason = "the behaviours of the store are tested on both databases")]

mod architecture;
mod cli;
mod config_files;
mod dashboard;
mod evaluation;
mod film;
mod hosts;
mod intake;
mod model_parity;
mod network;
mod packaging;
mod plugin_host;
mod ports;
mod postgres;
mod results;
mod ssh;
mod store_behaviours;
mod support;
mod terminal;
mod weights_import;
