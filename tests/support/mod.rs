//! Helpers of more than one part of the tests: the program as people run it, terminals, and the peers that are installed.

pub(crate) mod orthanc;
pub(crate) mod peers;
pub(crate) mod program;
pub(crate) mod terminal;
