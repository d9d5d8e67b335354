//! Events that the receiver tells.

use std::{net::IpAddr, path::PathBuf, time::Duration};

/// Something that happened at the receiver.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The address that the other side has.
    pub address: IpAddr,
    /// Its AE title, harmless to show; empty where it has not said one.
    pub title: String,
    /// The kind of event.
    pub kind: EventKind,
}

/// The kinds of event.
#[derive(Debug, Clone, PartialEq)]
pub enum EventKind {
    /// A peer tried whether we are there, and was answered.
    Echoed,
    /// A film is on disk, and its sender was told so.
    Stored {
        /// The file.
        file: PathBuf,
        /// Bytes of the data set.
        bytes: u64,
        /// The transfer syntax's UID.
        syntax: String,
        /// Whether the very same film lay there already.
        again: bool,
    },
    /// A film was not taken, and its sender was told so.
    NotStored {
        /// The status that it was told.
        status: u16,
        /// Why, a sentence without a full stop.
        reason: String,
    },
    /// Some of what a sender proposed was refused, and the association goes on.
    Limited {
        /// The film or sender that was refused, and why.
        reason: String,
    },
    /// An association was refused.
    Refused {
        /// Why, and what to do.
        reason: String,
    },
    /// A connection came to nothing: what connected asked for no association.
    Stray {
        /// The stray connection's mistake.
        reason: String,
    },
    /// An association ended.
    Ended {
        /// How many films it brought.
        films: u64,
        /// How many were not taken.
        failed: u64,
        /// How many bytes the films had.
        bytes: u64,
        /// How long it lasted.
        lasted: Duration,
        /// Why it ended before the sender released it; none: the sender said that it has nothing more to send, which is
        /// a hint that its studies are complete.
        broken: Option<String>,
    },
}
