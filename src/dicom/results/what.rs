//! The kinds of results.

use dicom_dictionary_std::uids;
use serde::Deserialize;

/// A kind of result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// A structured report.
    Sr,
    /// A secondary capture.
    Sc,
}

impl What {
    /// Its word in the configuration.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sr => "sr",
            Self::Sc => "sc",
        }
    }

    /// The SOP Class UID of its objects.
    #[must_use]
    pub fn sop_class_uid(self) -> &'static str {
        match self {
            Self::Sr => uids::COMPREHENSIVE3_DSR_STORAGE,
            Self::Sc => uids::SECONDARY_CAPTURE_IMAGE_STORAGE,
        }
    }

    /// The modality of its series.
    pub(super) fn modality(self) -> &'static str {
        match self {
            Self::Sr => "SR",
            // Not that of a film: a PACS that sends it back here must not have it scored.
            Self::Sc => "OT",
        }
    }

    /// The number and the description of its series, behind those of films.
    pub(super) fn series(self) -> (&'static str, &'static str) {
        match self {
            Self::Sr => ("9801", "AI triage - not for diagnosis"),
            Self::Sc => ("9802", "AI heatmap - not for diagnosis"),
        }
    }
}
