//! Sections that are read as parts of a whole file, since their mistakes point into it.

mod plugins;
mod receive;
mod retention;
mod send;
