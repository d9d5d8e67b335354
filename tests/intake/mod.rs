//! The inbox: what is new in it, and when it is complete.

mod inbox;
mod start_stop;
mod support;
