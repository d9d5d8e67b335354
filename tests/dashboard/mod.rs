//! The dashboard from keys to screen, with a terminal in memory.

mod fixture;

mod bytes;
mod handling;
mod keys;
mod names;
mod picture;
mod plain;
mod plugins;
mod results;
mod roles;
mod screens;
mod senders;
mod shift;
mod similar;
mod slow_line;
mod soak;
mod spread;
mod themes;
mod workbench;
mod worklist;
