//! The lines around the panes: header, messages, keys.

pub(in crate::dashboard) mod footer;
pub(in crate::dashboard) mod header;
pub(in crate::dashboard) mod which_key;
