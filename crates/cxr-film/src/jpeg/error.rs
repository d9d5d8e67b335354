//! Why a JPEG is not decoded.

/// A fault of a JPEG, as the end of "it cannot be decoded, ...".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// The bytes end before the picture does.
    #[error("it breaks off in {0}")]
    Truncated(&'static str),
    /// The bytes contradict the standard or themselves.
    #[error("{0}")]
    Damaged(&'static str),
    /// Legal, and beyond this decoder.
    #[error("{0}")]
    Unsupported(&'static str),
    /// More samples than the caller grants.
    #[error("it has more pixels than a film")]
    TooLarge,
}

/// The outcome of a step of decoding.
pub(super) type Result<T> = std::result::Result<T, Error>;
