//! How much a picture may ask for.

/// The most that a picture may ask for; more is [`Error::TooLarge`](super::Error::TooLarge).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Samples of all components together.
    pub samples: u64,
    /// Components.
    pub components: u16,
}
