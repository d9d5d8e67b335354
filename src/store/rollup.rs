//! What a study's films make of its line in the worklist.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::{
    FilmId, Status, StudyRow,
    convert::{Columns, Json, Micros, Place},
    films::findings,
    study_time::study_time,
};
use crate::{
    film::Header,
    quality::Gate,
    text::clean,
    triage::{Finding, Severity, StudyAssessment, combine, reported},
};

/// A film that stands in the list.
struct Member {
    film: FilmId,
    decoded: bool,
    has_header: bool,
    file_name: String,
    /// What refused it, if it is held.
    gate: Option<Gate>,
    held_reason: Option<String>,
    /// The image for presentation of its exposure is scored.
    is_aside: bool,
    model: Option<String>,
    finished_at: Timestamp,
}

impl Member {
    fn counts(&self) -> bool {
        self.gate.is_none() && !self.is_aside
    }

    /// Whether it belongs beside a scored film, and nothing is amiss.
    fn lists_beside(&self) -> bool {
        self.is_aside || self.gate.is_some_and(Gate::lists_beside)
    }
}

/// Derives everything in `row` that comes from the study's films. Does not save it.
///
/// A study that no film is left of keeps who it was about, so that it can be named, and shows no film.
pub(super) fn recombine(connection: &Connection, row: &mut StudyRow) -> rusqlite::Result<()> {
    let members = members(connection, row)?;
    let mut scored = Vec::new();
    for member in members.iter().filter(|member| member.counts()) {
        scored.push((member.film, findings(connection, member.film)?));
    }
    let last_scored = members.iter().filter(|m| m.counts()).max_by_key(|m| (m.finished_at, m.film));
    row.model = last_scored.and_then(|member| member.model.clone()).unwrap_or_default();
    // A lateral by itself is a study that nobody scored; beside a scored film it is as it should be.
    let (beside, amiss): (Vec<&Member>, Vec<&Member>) =
        members.iter().filter(|member| !member.counts()).partition(|member| member.lists_beside());
    let listed = if scored.is_empty() { &[] } else { beside.as_slice() };
    let held = if scored.is_empty() { beside.as_slice() } else { &[] };
    row.scored_films = count(scored.len());
    row.listed_films = count(listed.len());
    row.held_films = count(amiss.len() + held.len());
    let first_held = amiss.iter().chain(held).find_map(|member| member.held_reason.clone());
    row.held_reason = first_held.unwrap_or_default();
    if let Some(first) = members.first() {
        row.file_name.clone_from(&first.file_name);
    }
    identify(connection, &members, row)?;
    judge(row, &combine(scored.iter().map(|(_, findings)| findings.as_slice())));
    row.view = match top_film(&scored, row) {
        Some(film) => header(connection, film)?.view_position,
        None => String::new(),
    };
    Ok(())
}

/// Takes over an assessment; the reported severity is what promotion and outside priority make of it.
fn judge(row: &mut StudyRow, assessment: &StudyAssessment) {
    row.assessed = assessment.severity;
    row.score = assessment.score;
    row.top.clone_from(&assessment.top);
    report(row);
}

/// Brings the reported severity up to date with what it depends on.
pub(super) fn report(row: &mut StudyRow) {
    let floor = row.outside.as_ref().map(|outside| outside.floor);
    let before = row.severity;
    row.severity = reported(row.assessed, floor, row.promoted_at.is_some());
    // What becomes critical anew, somebody has to take note of anew.
    if row.severity == Severity::Critical && before != Severity::Critical {
        row.acknowledged = None;
    }
    if row.severity == Severity::Critical {
        row.was_critical_until = None;
    }
}

/// Notes until when a study was critical that is so no more and that nobody has acknowledged.
pub(super) fn note_fall(row: &mut StudyRow, before: Severity, now: Timestamp) {
    let fell = before == Severity::Critical && row.severity != Severity::Critical;
    if fell && row.status == Status::New {
        row.was_critical_until = Some(now);
    }
}

/// The scored film with the study's top finding; the first one if nothing ranks.
pub(super) fn top_film(scored: &[(FilmId, Vec<Finding>)], row: &StudyRow) -> Option<FilmId> {
    let is_top = |finding: &Finding| {
        finding.rank
            && finding.severity == row.assessed
            && Some(finding.score) == row.score
            && Some(&finding.label) == row.top.as_ref()
    };
    scored.iter().find(|(_, findings)| findings.iter().any(is_top)).or(scored.first()).map(|(film, _)| *film)
}

/// Patient and study, from the first film that decoded; a broken one's header only where there is none.
fn identify(connection: &Connection, members: &[Member], row: &mut StudyRow) -> rusqlite::Result<()> {
    let named = |decoded: bool| members.iter().find(move |m| m.has_header && m.decoded == decoded);
    let Some(member) = named(true).or_else(|| named(false)) else {
        return Ok(());
    };
    let header = header(connection, member.film)?;
    row.study_time = study_time(&header.study_date, &header.study_time);
    row.patient_id = header.patient_id;
    row.patient_name = header.patient_name;
    row.accession_number = header.accession_number;
    row.description = header.study_description;
    Ok(())
}

fn members(connection: &Connection, row: &StudyRow) -> rusqlite::Result<Vec<Member>> {
    connection
        .prepare_cached(
            "SELECT films.id, films.decoded, films.header IS NOT NULL, files.path, films.gate, films.reason,
                    films.exposure_of IS NOT NULL, models.name, films.finished_at
             FROM films JOIN files ON files.id = films.file LEFT JOIN models ON models.id = films.model
             WHERE films.study = ?1 AND films.state <> 'superseded' ORDER BY films.id",
        )?
        .query_map([row.id], |row| {
            let mut columns = Columns::of(row);
            Ok(Member {
                film: columns.next()?,
                decoded: columns.next()?,
                has_header: columns.next()?,
                file_name: shown_name(&columns.next::<Place>()?),
                gate: columns.next()?,
                held_reason: columns.next()?,
                is_aside: columns.next()?,
                model: columns.next()?,
                finished_at: columns.next::<Micros>()?.0,
            })
        })?
        .collect()
}

fn shown_name(path: &Place) -> String {
    path.0.file_name().map(|name| clean(&name.to_string_lossy())).unwrap_or_default()
}

fn header(connection: &Connection, film: FilmId) -> rusqlite::Result<Header> {
    let header: Option<Option<Json<Header>>> = connection
        .prepare_cached("SELECT header FROM films WHERE id = ?1")?
        .query_row([film], |row| row.get(0))
        .optional()?;
    Ok(header.flatten().map_or_else(Header::default, |header| header.0))
}

fn count(films: usize) -> u32 {
    u32::try_from(films).unwrap_or(u32::MAX)
}
