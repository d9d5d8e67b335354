//! The dashboard from keys to screen, with a terminal in memory.

mod fixture;

mod bytes;
mod handling;
mod keys;
mod picture;
mod plain;
mod plugins;
mod results;
mod screens;
mod shift;
mod soak;
mod spread;
mod themes;
mod workbench;
mod worklist;
