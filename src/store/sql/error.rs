//! The errors between a statement and its rows.

use super::fault::ServerError;

/// A value that does not fit, on its way into a statement or out of a row; and all that SQLite says.
pub(in crate::store) type ValueError = rusqlite::Error;

/// The result of turning a value of ours into one for a statement.
pub(in crate::store) type ValueResult<T> = std::result::Result<T, ValueError>;

/// The result of a statement.
pub(in crate::store) type Result<T> = std::result::Result<T, Error>;

/// The failure of a statement.
#[derive(Debug, thiserror::Error)]
pub(in crate::store) enum Error {
    /// A value does not fit, there is no row, or SQLite failed.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// A server, or the way to it, failed.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// A result came when its film was another worker's.
    #[error("the film is another worker's by now")]
    Late,
    /// A change came when the duty to make it was another process's.
    #[error("another process does this by now")]
    OffDuty,
}

impl Error {
    /// The code of SQLite's failure, if it is one.
    pub(in crate::store) fn sqlite_code(&self) -> Option<rusqlite::ErrorCode> {
        match self {
            Self::Value(error) => error.sqlite_error_code(),
            Self::Server(_) | Self::Late | Self::OffDuty => None,
        }
    }
}

/// Takes a missing row for an answer.
pub(in crate::store) trait OptionalExtension<T> {
    /// None if there is no row.
    fn optional(self) -> Result<Option<T>>;
}

impl<T> OptionalExtension<T> for Result<T> {
    fn optional(self) -> Result<Option<T>> {
        match self {
            Err(Error::Value(ValueError::QueryReturnedNoRows)) => Ok(None),
            read => read.map(Some),
        }
    }
}
