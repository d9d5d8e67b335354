//! The findings of films, in and out of SQL.

use std::sync::LazyLock;

use super::{
    FilmId,
    columns::{TableRow, Written},
    sql::{self, Connection, params_from_iter, places},
};
use crate::study::{Finding, combine};

/// Findings that one statement writes, at most.
const AT_ONCE: usize = 200;

/// Writes the findings of a film, and [by what it competes](note_best) with its study's other films.
pub(super) fn insert(connection: &Connection, film: FilmId, findings: &[Finding]) -> sql::Result<()> {
    // Many in one statement: on a server each costs a way there and back.
    let width = Finding::columns().len() + 2;
    let mut position = 0_i64;
    for some in findings.chunks(AT_ONCE) {
        let mut values = Vec::with_capacity(some.len() * width);
        for finding in some {
            values.extend([film.into(), position.into()]);
            finding.write_columns(None, &mut values)?;
            position += 1;
        }
        let sql = format!(
            "INSERT INTO findings (film, position, {}) VALUES {}",
            Finding::all(),
            places(some.len(), width)
        );
        connection.prepare_cached(&sql)?.execute(params_from_iter(values))?;
    }
    note_best(connection, film, findings)
}

/// Reads the findings of a film, in the model's label order; empty for a held one.
pub(super) fn findings(connection: &Connection, film: FilmId) -> sql::Result<Vec<Finding>> {
    static SELECT: LazyLock<String> = LazyLock::new(|| {
        format!("SELECT {} FROM findings WHERE film = ?1 ORDER BY position", Finding::all())
    });
    connection.prepare_cached(&SELECT)?.query_map([film], Finding::read_all)?.collect()
}

/// Writes a finding that was judged again.
pub(super) fn update_finding(
    connection: &Connection,
    film: FilmId,
    position: i64,
    finding: &Finding,
) -> sql::Result<()> {
    static UPDATE: LazyLock<String> = LazyLock::new(|| {
        let (set, film) = Finding::set_kept();
        format!("UPDATE findings SET {set} WHERE film = ?{film} AND position = ?{}", film + 1)
    });
    let mut values = Vec::new();
    finding.write_columns(Some(Written::Kept), &mut values)?;
    values.extend([film.into(), position.into()]);
    connection.prepare_cached(&UPDATE)?.execute(params_from_iter(values))?;
    Ok(())
}

/// Notes down, beside a film's findings, by what it competes with its study's other films.
pub(super) fn note_best(connection: &Connection, film: FilmId, findings: &[Finding]) -> sql::Result<()> {
    let assessment = combine([findings]);
    let band = assessment.score.map(|_| assessment.severity as i64);
    connection.prepare_cached("UPDATE films SET band = ?2, best = ?3 WHERE id = ?1")?.execute((
        film,
        band,
        assessment.score,
    ))?;
    Ok(())
}
