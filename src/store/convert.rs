//! How our words, times and paths look in SQL.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Status,
    sql::{
        self, FromSql, FromSqlError, FromSqlResult, Row, ToSql, ToSqlOutput, Value, ValueError, ValueRef,
        ValueResult,
    },
};
use crate::{intake::split, quality::Gate, study::Severity, text::clean};

/// A time: microseconds since 1970, UTC.
#[derive(Debug, Clone, Copy)]
pub(super) struct Micros(pub(super) Timestamp);

impl ToSql for Micros {
    fn to_sql(&self) -> ValueResult<ToSqlOutput<'_>> {
        Ok(self.0.as_microsecond().into())
    }
}

impl FromSql for Micros {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Timestamp::from_microsecond(value.as_i64()?).map(Self).map_err(FromSqlError::other)
    }
}

/// A path: text, or its bytes where it is not UTF-8, so that every file can be found again.
#[derive(Debug, Clone)]
pub(super) struct Place(pub(super) PathBuf);

impl Place {
    pub(super) fn to_value(path: &Path) -> Value {
        match path.to_str() {
            Some(text) => Value::Text(text.to_owned()),
            None => Value::Blob(path.as_os_str().as_encoded_bytes().to_vec()),
        }
    }

    pub(super) fn of_bytes(bytes: &[u8]) -> PathBuf {
        path_of_bytes(bytes)
    }

    /// Returns the file name, for people.
    pub(super) fn shown_name(&self) -> String {
        let path = split(&self.0).map_or(self.0.as_path(), |(_, below)| below);
        path.file_name().map(|name| clean(&name.to_string_lossy())).unwrap_or_default()
    }
}

impl FromSql for Place {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value {
            ValueRef::Blob(bytes) => Ok(Self(path_of_bytes(bytes))),
            // Text whose bytes are none is a path all the same.
            text => text.as_bytes().map(|bytes| Self(path_of_bytes(bytes))),
        }
    }
}

#[cfg(unix)]
fn path_of_bytes(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
fn path_of_bytes(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

impl ToSql for Severity {
    fn to_sql(&self) -> ValueResult<ToSqlOutput<'_>> {
        Ok(self.word().into())
    }
}

impl FromSql for Severity {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        known(value, Self::from_word)
    }
}

impl ToSql for Status {
    fn to_sql(&self) -> ValueResult<ToSqlOutput<'_>> {
        Ok(self.word().into())
    }
}

impl FromSql for Status {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        known(value, Self::from_word)
    }
}

impl ToSql for Gate {
    fn to_sql(&self) -> ValueResult<ToSqlOutput<'_>> {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::String(word)) => Ok(word.into()),
            Ok(other) => Ok(other.to_string().into()),
            Err(error) => Err(ValueError::ToSqlConversionFailure(error.into())),
        }
    }
}

impl FromSql for Gate {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        known(value, |word| serde_json::from_value(word.into()).ok())
    }
}

/// Reads a word, or says which word nobody here knows.
fn known<T>(value: ValueRef<'_>, read: impl FnOnce(&str) -> Option<T>) -> FromSqlResult<T> {
    let word = value.as_str()?;
    read(word).ok_or_else(|| FromSqlError::other(UnknownWordError(word.to_owned())))
}

#[derive(Debug, thiserror::Error)]
#[error("this version does not know the word {0:?}")]
struct UnknownWordError(String);

/// A value as JSON text.
pub(super) fn to_json(value: &impl Serialize) -> sql::Result<String> {
    serde_json::to_string(value).map_err(|error| ValueError::ToSqlConversionFailure(error.into()).into())
}

/// JSON text as a value.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?).map(Self).map_err(FromSqlError::other)
    }
}

/// Reads a row's columns one after the other, so that a struct's fields and the column list of its
/// query can be compared by eye, and 100,000 rows need no look-up by name.
pub(super) struct Columns<'a, 'b> {
    row: &'a Row<'b>,
    at: usize,
}

impl<'a, 'b> Columns<'a, 'b> {
    pub(super) fn of(row: &'a Row<'b>) -> Self {
        Self { row, at: 0 }
    }

    pub(super) fn next<T: FromSql>(&mut self) -> sql::Result<T> {
        let at = self.at;
        self.at += 1;
        self.row.get(at)
    }

    pub(super) fn next_time(&mut self) -> sql::Result<Timestamp> {
        self.next::<Micros>().map(|time| time.0)
    }

    pub(super) fn next_time_if_any(&mut self) -> sql::Result<Option<Timestamp>> {
        Ok(self.next::<Option<Micros>>()?.map(|time| time.0))
    }
}
