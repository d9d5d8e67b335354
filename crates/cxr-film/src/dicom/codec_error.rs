//! Why a compressed frame is not decoded.

use super::{Refusal, jpeg, open::syntax_name};
use crate::text::clean;

/// Why a frame gives no samples.
#[derive(Debug)]
pub(super) enum CodecError {
    /// Bytes are missing.
    CutShort,
    /// Bytes contradict each other.
    Damaged(String),
    /// Legal, and read by no decoder here.
    Unsupported(String),
    /// More work than a film needs.
    TooMuch,
}

impl CodecError {
    pub(super) fn sentence(self, syntax: &str) -> Refusal {
        let name = syntax_name(syntax);
        match self {
            Self::CutShort => {
                "The compressed picture breaks off before its end: its transfer was cut short; send the \
                               film again."
                    .to_owned()
            }
            Self::Damaged(cause) => format!(
                "The {name} picture cannot be decoded, for its bytes contradict each other ({}): check the sender, or \
                 have it send the film uncompressed.",
                clean(&cause)
            ),
            Self::Unsupported(kind) => format!(
                "The {name} picture is of a kind that is not read ({}): set the sender to JPEG 2000 or uncompressed.",
                clean(&kind)
            ),
            Self::TooMuch => {
                "The compressed picture asks for far more work than a film needs: check the sender."
                    .to_owned()
            }
        }
    }
}

impl From<jpeg::Error> for CodecError {
    fn from(error: jpeg::Error) -> Self {
        match error {
            jpeg::Error::Truncated(_) => Self::CutShort,
            jpeg::Error::Damaged(cause) => Self::Damaged(cause.to_owned()),
            jpeg::Error::Unsupported(kind) => Self::Unsupported(kind.to_owned()),
            jpeg::Error::TooLarge => Self::TooMuch,
        }
    }
}

impl From<cxr_jpeg2000::Error> for CodecError {
    fn from(error: cxr_jpeg2000::Error) -> Self {
        match error {
            cxr_jpeg2000::Error::Truncated(_) => Self::CutShort,
            cxr_jpeg2000::Error::Unsupported(kind) => Self::Unsupported(kind.to_owned()),
            cxr_jpeg2000::Error::TooLarge(_) => Self::TooMuch,
            other => Self::Damaged(other.to_string()),
        }
    }
}
