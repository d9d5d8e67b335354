//! The faults of a server, or of the way to it.

use std::{error::Error, fmt::Display, io, time::Duration};

use tokio_postgres::error::SqlState;

use crate::text::clean;

/// The kind of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Trouble {
    /// Nobody answers there, or no longer.
    Unreachable,
    /// The connection broke in the middle.
    Lost,
    /// The server does not let this user in.
    Password,
    /// TLS cannot be had as it is wanted.
    Secure,
    /// There is no such database or schema.
    NoDatabase,
    /// All connections of the server are taken.
    TooMany,
    /// Its disk is full.
    DiskFull,
    /// It takes no changes, as a replica.
    ReadOnly,
    /// This user may not do that there.
    Forbidden,
    /// Another one holds what is needed, or it takes too long.
    Busy,
    /// Its files are damaged.
    Corrupt,
    /// Anything else.
    Other,
}

/// A failure of a server, without values of rows.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub(in crate::store) struct ServerError {
    /// The kind of trouble.
    pub(in crate::store) trouble: Trouble,
    why: String,
    is_over: bool,
    is_late: bool,
}

impl ServerError {
    pub(in crate::store) fn new(trouble: Trouble, why: &impl Display) -> Self {
        Self { trouble, why: clean(&why.to_string()), is_over: false, is_late: false }
    }

    pub(in crate::store::sql) fn late(after: Duration) -> Self {
        let why = format!("it has not answered within {} s", after.as_secs());
        Self { is_over: true, is_late: true, ..Self::new(Trouble::Unreachable, &why) }
    }

    pub(in crate::store::sql) fn lost() -> Self {
        Self {
            is_over: true,
            ..Self::new(Trouble::Lost, &"the connection broke in the middle of a transaction")
        }
    }

    /// Takes over what the client says.
    pub(in crate::store::sql) fn of(error: &tokio_postgres::Error) -> Self {
        if let Some(said) = error.as_db_error() {
            let trouble = trouble_of(said.code());
            // Its detail holds values of rows: it stays there.
            let why = format!("{} ({})", said.message(), said.code().code());
            // A plan that was made before a migration has to be made anew, by a new connection.
            let is_over = trouble == Trouble::Lost || *said.code() == SqlState::FEATURE_NOT_SUPPORTED;
            return Self { is_over, ..Self::new(trouble, &why) };
        }
        let mut causes = Vec::new();
        let mut cause: Option<&(dyn Error + 'static)> = Some(error);
        let mut is_network = error.is_closed();
        while let Some(error) = cause {
            // What TLS finds wrong comes as an error of the network, too.
            let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
            is_network |= kind.is_some_and(|kind| {
                !matches!(kind, io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
            });
            causes.push(error.to_string());
            cause = error.source();
        }
        causes.dedup();
        let why = causes.join(": ");
        let trouble = match () {
            () if why.contains("password missing") || why.contains("authentication") => Trouble::Password,
            () if is_network || why.contains("timeout") => Trouble::Unreachable,
            () if why.contains("TLS") => Trouble::Secure,
            () => Trouble::Other,
        };
        Self { is_over: true, ..Self::new(trouble, &why) }
    }

    /// Whether the connection broke, or has to be made anew, so that what was asked may do on another one.
    pub(in crate::store::sql) fn breaks_off(&self) -> bool {
        self.is_over && !self.is_late
    }

    /// Whether the connection is of no more use.
    pub(in crate::store::sql) fn ends_connection(&self) -> bool {
        self.is_over
    }
}

/// Sorts a code of the server's by the kind of trouble (its manual, appendix A).
fn trouble_of(code: &SqlState) -> Trouble {
    match code.code() {
        "28000" | "28P01" => Trouble::Password,
        "3D000" | "3F000" => Trouble::NoDatabase,
        "53300" | "53400" => Trouble::TooMany,
        "53100" => Trouble::DiskFull,
        "25006" => Trouble::ReadOnly,
        "42501" => Trouble::Forbidden,
        "55P03" | "57014" | "40001" | "40P01" => Trouble::Busy,
        // It starts up or recovers.
        "57P03" => Trouble::Unreachable,
        "57P01" | "57P02" | "57P04" | "57P05" | "25P03" | "08000" | "08003" | "08006" | "08P01" => {
            Trouble::Lost
        }
        "XX001" | "XX002" => Trouble::Corrupt,
        _ => Trouble::Other,
    }
}
