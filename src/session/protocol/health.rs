//! The state of intake, queue and engine.

use jiff::Timestamp;

use crate::health::HostsFacts;

/// Whether this process owns the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// It reads the inbox and scores.
    Owner,
    /// Another process does; this one shows what that one writes.
    Follower,
}

/// The state of the pipeline that feeds the list.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// Owner or follower.
    pub position: Position,
    /// The inbox's path.
    pub inbox: String,
    /// The fault that keeps films from coming or from being scored, while it lasts.
    pub fault: Option<String>,
    /// Files waiting to be decoded or scored.
    pub queued: usize,
    /// The file at which the engine works, if any.
    pub working_on: Option<String>,
    /// Films a second over the last minute of work; none when idle.
    pub films_per_second: Option<f64>,
    /// "cpu", "cuda:0".
    pub device: String,
    /// The model's name.
    pub model: String,
    /// A sentence that goes with the model, always shown (the starter's banner); or empty.
    pub banner: String,
    /// When the last film arrived.
    pub last_arrival: Option<Timestamp>,
    /// Set when no film has come for the site's feed-alarm time in working hours.
    pub feed_alarm: Option<String>,
    /// The reasons why the program is not ready, as its owner last judged them: sentences for the shift panel.
    pub reasons: Vec<String>,
    /// The workers of a store that several hosts share.
    pub hosts: HostsFacts,
}
