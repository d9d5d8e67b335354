//! A row of the worklist, from SQL and back. Its columns come from its fields, in their order.

use std::sync::LazyLock;

use super::{
    StudyId, StudyRow,
    columns::{TableRow, Written},
    sql::{self, Connection, Hint, OptionalExtension, Row, params_from_iter},
    unreadable::{in_words, is_about_a_row, name},
};

/// Reads a row of [`select_studies`].
pub(super) fn study_row(row: &Row<'_>) -> sql::Result<StudyRow> {
    StudyRow::read_all(row)
}

/// A query for whole study rows, for [`study_row`] to read.
pub(super) fn select_studies(rest: &str) -> String {
    static SELECT: LazyLock<String> = LazyLock::new(|| format!("SELECT {} FROM studies ", StudyRow::all()));
    format!("{}{rest}", *SELECT)
}

/// Reads a row, or as much of it as can be read: a study must not vanish from the list because of one word. It stands
/// there as held then, and the reason says why.
pub(super) fn study_row_or_remains(connection: &Connection, row: &Row<'_>) -> sql::Result<StudyRow> {
    match study_row(row) {
        Err(error) if is_about_a_row(&error) => {
            let id: StudyId = row.get("id")?;
            name(connection, "studies", id, &error);
            let part = StudyRow::readable_part(row);
            let why = in_words(&error);
            Ok(StudyRow {
                held_films: part.held_films.max(1),
                held_reason: format!("What the store knows of this study cannot be read: {why}"),
                ..part
            })
        }
        read => read,
    }
}

/// One study, if it is there.
pub(super) fn study_if_any(connection: &Connection, study: StudyId) -> sql::Result<Option<StudyRow>> {
    connection.prepare_cached(&select_studies("WHERE id = ?1"))?.query_row([study], study_row).optional()
}

/// One study that must be there, for a change that derives its row anew: what cannot be read of it is made new.
pub(super) fn study(connection: &Connection, study: StudyId) -> sql::Result<StudyRow> {
    study_or_remains(connection, study)?.ok_or_else(|| sql::ValueError::QueryReturnedNoRows.into())
}

/// One study, if it is there, or as much of it as can be read.
pub(super) fn study_or_remains(connection: &Connection, study: StudyId) -> sql::Result<Option<StudyRow>> {
    connection
        .prepare_cached(&select_studies("WHERE id = ?1"))?
        .query_row([study], |row| study_row_or_remains(connection, row))
        .optional()
}

/// The newest revision of any study; 0 in an empty store.
pub(super) fn newest_revision(connection: &Connection) -> sql::Result<i64> {
    connection
        .prepare_cached("SELECT coalesce(max(revision), 0) FROM studies")?
        .query_row([], |row| row.get(0))
}

/// Writes a changed study back under the next revision. Key and arrivals belong to the films' arrival
/// and are not written here.
pub(super) fn save(connection: &Connection, row: &mut StudyRow) -> sql::Result<()> {
    static UPDATE: LazyLock<String> = LazyLock::new(|| {
        let (set, id) = StudyRow::set_kept();
        format!("UPDATE studies SET {set} WHERE id = ?{id}")
    });
    row.revision = newest_revision(connection)? + 1;
    connection.hint(Hint::List);
    let mut values = Vec::new();
    row.write_columns(Some(Written::Kept), &mut values)?;
    values.push(row.id.into());
    connection.prepare_cached(&UPDATE)?.execute(params_from_iter(values))?;
    Ok(())
}

/// Lets those who follow the store see that something about a study has changed.
pub(super) fn touch(connection: &Connection, study: StudyId) -> sql::Result<()> {
    connection.hint(Hint::List);
    connection
        .prepare_cached(
            "UPDATE studies SET revision = (SELECT max(revision) + 1 FROM studies) WHERE id = ?1",
        )?
        .execute([study])?;
    Ok(())
}
