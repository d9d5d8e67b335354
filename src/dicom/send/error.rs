//! Why something could not be sent, in words for the person who looks after it.

use std::io;

use dicom_dictionary_std::uids;
use dicom_ul::pdu::{
    AssociationRJ, AssociationRJServiceProviderASCEReason as Acse,
    AssociationRJServiceProviderPresentationReason as Presentation, AssociationRJServiceUserReason as User,
    AssociationRJSource as Source,
};

use super::{CalledEntity, Verdict};
use crate::dicom::printable;

/// Why something could not be sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The host's name is not known.
    #[error("the name {host} cannot be looked up ({source})")]
    Name {
        /// The name.
        host: String,
        /// The operating system's words.
        source: io::Error,
    },
    /// There is no connection to the host.
    #[error("no connection to {host} ({source})")]
    Connect {
        /// Host and port.
        host: String,
        /// The operating system's words.
        source: io::Error,
    },
    /// A certificate cannot bear such a name.
    #[error("`{0}` is no name that a certificate can bear: give it one with `tls_name`")]
    TlsName(String),
    /// TLS cannot be begun.
    #[error("no secure connection ({0})")]
    Tls(rustls::Error),
    /// The association was rejected: why, and what to do.
    #[error("it rejected the association: {0}")]
    Rejected(String),
    /// A class of objects was not accepted.
    #[error("it takes no {class}: {why}")]
    NotTaken {
        /// The class, in words.
        class: String,
        /// Why.
        why: &'static str,
    },
    /// An object was refused.
    #[error("{0}")]
    Refused(Verdict),
    /// The connection broke, or the other side broke the protocol.
    #[error("{why}, after we had {after}")]
    Broken {
        /// The last thing that we did.
        after: &'static str,
        /// The reason.
        why: String,
    },
}

/// Says why an association was rejected (PS3.8 table 9-21), and what to do.
pub(super) fn rejection(rejected: &AssociationRJ, to: &CalledEntity) -> String {
    match &rejected.source {
        Source::ServiceUser(User::CalledAETitleNotRecognized) => {
            format!("it is not called {}: correct `aet`", to.aet)
        }
        Source::ServiceUser(User::CallingAETitleNotRecognized) => {
            let calling = &to.calling_aet;
            format!("it does not know {calling}: enter this AE title there, or correct `calling_aet`")
        }
        Source::ServiceUser(User::ApplicationContextNameNotSupported) => "it does not speak DICOM".to_owned(),
        Source::ServiceProviderASCE(Acse::ProtocolVersionNotSupported) => {
            "it speaks another version of the protocol".to_owned()
        }
        Source::ServiceProviderPresentation(Presentation::LocalLimitExceeded) => {
            "it has too many associations already".to_owned()
        }
        Source::ServiceProviderPresentation(Presentation::TemporaryCongestion) => "it is too busy".to_owned(),
        Source::ServiceUser(User::NoReasonGiven | User::Reserved(_))
        | Source::ServiceProviderASCE(Acse::NoReasonGiven)
        | Source::ServiceProviderPresentation(Presentation::Reserved(_)) => "it gives no reason".to_owned(),
    }
}

/// A class of objects as people call it.
pub(super) fn class_words(uid: &str) -> String {
    match uid {
        uids::COMPREHENSIVE3_DSR_STORAGE => "structured reports (Comprehensive 3D SR)".to_owned(),
        uids::SECONDARY_CAPTURE_IMAGE_STORAGE => "secondary captures".to_owned(),
        uids::VERIFICATION => "echoes (Verification)".to_owned(),
        other => printable(other, 64),
    }
}
