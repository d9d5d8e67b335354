//! Why a codestream is not decoded.

/// The fault of a codestream, as the end of "it cannot be decoded, ...".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Neither a codestream nor a JP2 file.
    #[error("it does not begin as JPEG 2000 does")]
    NotJpeg2000,
    /// The bytes end before the picture does.
    #[error("it breaks off in {0}")]
    Truncated(&'static str),
    /// The bytes contradict the standard or themselves.
    #[error("{0}")]
    Damaged(&'static str),
    /// Legal, and beyond this decoder.
    #[error("{0}")]
    Unsupported(&'static str),
    /// High-throughput JPEG 2000 (ITU-T T.814), whose code-blocks are coded in another way.
    #[error("its code-blocks are of the high-throughput kind")]
    HighThroughput,
    /// More pixels, components or work than [`Limits`](super::Limits) grant.
    #[error("{0}")]
    TooLarge(&'static str),
}

/// The result of each step of decoding.
pub(super) type Result<T> = std::result::Result<T, Error>;
