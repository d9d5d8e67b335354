//! Why a connection came to an end before its peer released it.

use std::io;

use dicom_ul::pdu::{AbortRQServiceProviderReason as Reason, AbortRQSource, Pdu};

/// The end of a connection, in words that follow "the peer" or stand alone.
#[derive(Debug, thiserror::Error)]
pub(in crate::dicom) enum WireError {
    /// The peer closed the connection, or it broke.
    #[error("the connection was closed")]
    Closed,
    /// The peer took too long.
    #[error("nothing came in time")]
    Silent,
    /// The peer aborted the association.
    #[error("the other side aborted it ({0})")]
    Aborted(&'static str),
    /// The peer speaks another language than DICOM.
    #[error("{0}")]
    Foreign(&'static str),
    /// The TLS handshake failed, or a record did.
    #[error("TLS: {0}")]
    Tls(rustls::Error),
    /// The peer broke the protocol.
    #[error("{0}")]
    Protocol(&'static str, Reason),
    /// The network failed in another way.
    #[error("{0}")]
    Network(io::Error),
}

impl WireError {
    /// A value in a PDU that cannot be.
    pub(in crate::dicom) fn invalid(what: &'static str) -> Self {
        Self::Protocol(what, Reason::InvalidPduParameter)
    }

    /// A PDU that has no place at this point.
    pub(in crate::dicom) fn unexpected(what: &'static str) -> Self {
        Self::Protocol(what, Reason::UnexpectedPdu)
    }

    /// Returns the abort that the peer is told with, where it would understand one.
    pub(in crate::dicom) fn abort(&self) -> Option<Pdu> {
        let reason = match self {
            Self::Protocol(_, reason) => reason.clone(),
            Self::Silent => Reason::ReasonNotSpecified,
            _ => return None,
        };
        Some(Pdu::AbortRQ { source: AbortRQSource::ServiceProvider(reason) })
    }
}

impl From<io::Error> for WireError {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{
            BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, TimedOut, UnexpectedEof,
        };
        match error.kind() {
            TimedOut => Self::Silent,
            BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected | UnexpectedEof => Self::Closed,
            _ => match error.downcast::<rustls::Error>() {
                Ok(tls) => Self::Tls(tls),
                Err(error) => Self::Network(error),
            },
        }
    }
}
