//! Rows that cannot be read: a word of another version, broken JSON, a number out of its range. Each costs itself
//! alone, and is named where people look: in the log, and as a message of the process that came upon it.

use std::{collections::BTreeMap, fmt::Display, sync::Mutex};

use super::{
    Store,
    sql::{self, Connection, Params, Row, ValueError, ValueRef},
};
use crate::{guard::unquoted, lock::lock, text::clean};

/// Sentences that are kept for one store: whoever sees so many needs no more to act.
const MOST: usize = 200;

/// The sentences found in the stores of this process.
static FOUND: Mutex<BTreeMap<String, Vec<String>>> = Mutex::new(BTreeMap::new());

impl Store {
    /// Sentences about rows of this store that could not be read, but for the first `known` of them.
    #[must_use]
    pub fn unreadable(&self, known: usize) -> Vec<String> {
        let found = lock(&FOUND);
        let of_store = self.connection.name().and_then(|name| found.get(&name));
        of_store.and_then(|sentences| sentences.get(known..)).unwrap_or_default().to_vec()
    }
}

/// Whether an error is about what a row holds, and not about the store.
pub(super) fn is_about_a_row(error: &sql::Error) -> bool {
    matches!(
        error,
        sql::Error::Value(
            ValueError::FromSqlConversionFailure(..)
                | ValueError::InvalidColumnType(..)
                | ValueError::IntegralValueOutOfRange(..)
                | ValueError::Utf8Error(..)
        )
    )
}

/// Such an error in words, up to the first quotation mark: what stands there is the row's, and may be a patient's name.
pub(super) fn in_words(error: &sql::Error) -> String {
    clean(&unquoted(&error.to_string()))
}

/// The rows of a query that can be read. One that cannot is named, by `table` and its first column, and left out.
pub(super) fn rows<T>(
    connection: &Connection,
    table: &str,
    sql: &str,
    params: impl Params,
    mut read: impl FnMut(&Row<'_>) -> sql::Result<T>,
) -> sql::Result<Vec<T>> {
    let mut query = connection.prepare_cached(sql)?;
    let mut rows = query.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        match read(&row) {
            Err(error) if is_about_a_row(&error) => name(connection, table, number(&row), &error),
            read => found.push(read?),
        }
    }
    Ok(found)
}

fn number(row: &Row<'_>) -> String {
    match row.get_ref(0) {
        Ok(ValueRef::Integer(number)) => number.to_string(),
        Ok(ValueRef::Text(text)) => clean(&String::from_utf8_lossy(text)),
        _ => "without a number".to_owned(),
    }
}

/// Names a row that cannot be read.
pub(super) fn name(connection: &Connection, table: &str, number: impl Display, error: &sql::Error) {
    let sentence = format!(
        "Row {number} of the table {table} in the store cannot be read ({}): it is left out, the rest goes on. Restore the \
         store from a backup, or report this message.",
        in_words(error)
    );
    let Some(store) = connection.name() else { return };
    let mut found = lock(&FOUND);
    let of_store = found.entry(store).or_default();
    if of_store.len() < MOST && !of_store.contains(&sentence) {
        tracing::error!("{sentence}");
        of_store.push(sentence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_row_holds_is_not_repeated() {
        for json in [r#"{"times": "DOE^JANE"}"#, r#""DOE^JANE""#, r#"{"DOE^JANE": 1}"#] {
            let error = serde_json::from_str::<Vec<u32>>(json).unwrap_err();
            let failed =
                ValueError::FromSqlConversionFailure(3, rusqlite::types::Type::Text, Box::new(error));
            let words = in_words(&failed.into());
            assert!(words.contains("at index: 3") && !words.contains("DOE"), "{words}");
        }
    }
}
