//! Rows of a query, one after the other.

use rusqlite::types::Type;

use super::{FromSql, FromSqlError, Result, ValueError, ValueRef, server::Cell};

/// The rows of a query.
pub(in crate::store) enum Rows<'s> {
    /// Of a file: read as they are asked for.
    Sqlite(rusqlite::Rows<'s>),
    /// Of a server: all are there.
    Server {
        /// Those that were not asked for yet.
        left: std::vec::IntoIter<tokio_postgres::Row>,
        /// The last one that was.
        current: Option<tokio_postgres::Row>,
    },
}

impl Rows<'_> {
    pub(super) fn of_server(rows: Vec<tokio_postgres::Row>) -> Self {
        Self::Server { left: rows.into_iter(), current: None }
    }

    /// The next row; none after the last one.
    pub(in crate::store) fn next(&mut self) -> Result<Option<Row<'_>>> {
        match self {
            Self::Sqlite(rows) => Ok(rows.next()?.map(Row::Sqlite)),
            Self::Server { left, current } => {
                *current = left.next();
                Ok(current.as_ref().map(Row::Server))
            }
        }
    }
}

/// The rows of a query, each as what a function made of it.
pub(in crate::store) struct MappedRows<'s, F> {
    rows: Rows<'s>,
    read: F,
}

impl<'s, F> MappedRows<'s, F> {
    pub(super) fn new(rows: Rows<'s>, read: F) -> Self {
        Self { rows, read }
    }
}

impl<T, F: FnMut(&Row<'_>) -> Result<T>> Iterator for MappedRows<'_, F> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.rows.next() {
            Ok(row) => row.map(|row| (self.read)(&row)),
            Err(error) => Some(Err(error)),
        }
    }
}

/// One row.
pub(in crate::store) enum Row<'r> {
    /// Of a file.
    Sqlite(&'r rusqlite::Row<'r>),
    /// Of a server.
    Server(&'r tokio_postgres::Row),
}

impl Row<'_> {
    /// A column's value as it is.
    pub(in crate::store) fn get_ref(&self, column: impl Column) -> Result<ValueRef<'_>> {
        let at = column.of(self)?;
        match self {
            Self::Sqlite(row) => Ok(row.get_ref(at)?),
            Self::Server(row) => match row.try_get::<_, Cell<'_>>(at) {
                Ok(cell) => Ok(cell.0),
                Err(error) => {
                    Err(ValueError::FromSqlConversionFailure(at, Type::Null, Box::new(error)).into())
                }
            },
        }
    }

    /// A column's value as one of ours.
    pub(in crate::store) fn get<C: Column, T: FromSql>(&self, column: C) -> Result<T> {
        let at = column.of(self)?;
        let value = self.get_ref(at)?;
        let kind = value.data_type();
        Ok(T::column_result(value).map_err(|error| match error {
            FromSqlError::InvalidType => ValueError::InvalidColumnType(at, self.name_of(at), kind),
            FromSqlError::OutOfRange(number) => ValueError::IntegralValueOutOfRange(at, number),
            FromSqlError::Utf8Error(error) => ValueError::Utf8Error(at, error),
            FromSqlError::Other(error) => ValueError::FromSqlConversionFailure(at, kind, error),
            error => ValueError::FromSqlConversionFailure(at, kind, Box::new(error)),
        })?)
    }

    fn name_of(&self, at: usize) -> String {
        match self {
            Self::Sqlite(row) => row.as_ref().column_name(at).unwrap_or_default().to_owned(),
            Self::Server(row) => row.columns().get(at).map_or("", |column| column.name()).to_owned(),
        }
    }
}

/// A column of a row, by its place or its name.
pub(in crate::store) trait Column: Copy {
    /// Its place.
    fn of(&self, row: &Row<'_>) -> Result<usize>;
}

impl Column for usize {
    fn of(&self, _row: &Row<'_>) -> Result<usize> {
        Ok(*self)
    }
}

impl Column for &str {
    fn of(&self, row: &Row<'_>) -> Result<usize> {
        match row {
            Row::Sqlite(row) => Ok(row.as_ref().column_index(self)?),
            Row::Server(row) => {
                let found = row.columns().iter().position(|column| column.name() == *self);
                Ok(found.ok_or_else(|| ValueError::InvalidColumnName((*self).to_owned()))?)
            }
        }
    }
}
