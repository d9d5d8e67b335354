//! After a change of thresholds: what is not done is judged again, from the stored probabilities.

use jiff::Timestamp;
use serde_json::json;

use super::{
    FilmId, Store, StoreError, StudyId, StudyRow,
    audit::{NewEvent, log},
    change::{AT_A_TIME, PartialChangeError, about},
    condition::OPEN,
    findings::{findings, note_best, update_finding},
    rollup::recombine,
    row::{save, study},
    rules::intern_rules,
    sql::{self, Connection},
    unreadable::{is_about_a_row, name},
};
use crate::study::{AuditKind, Cause, Rules, assess};

impl Store {
    /// Judges again, by `rules`, the films that their model scored in studies that are not done;
    /// returns the studies that changed. Films that these rules judged already cost nothing, so it may
    /// be called at every start.
    ///
    /// A critical study that nobody has acknowledged (status new) and that is critical no more says
    /// until when it was. Films of a model of that name with other labels keep their judgement.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`], with the studies that changed all the same; the rest does at the next call.
    pub fn reassess(&mut self, rules: &Rules, now: Timestamp) -> Result<Vec<StudyRow>, PartialChangeError> {
        let (mut changed, mut after) = (Vec::new(), StudyId::MIN);
        loop {
            match self.reassess_page(rules, after, now) {
                Ok(page) => {
                    changed.extend(page.changed);
                    match page.last.filter(|_| page.studies >= AT_A_TIME) {
                        Some(last) => after = last,
                        None => return Ok(changed),
                    }
                }
                Err(error) => return Err(PartialChangeError { changed, error }),
            }
        }
    }

    /// Judges the next studies again, and notes in the audit how many that were.
    fn reassess_page(&mut self, rules: &Rules, after: StudyId, now: Timestamp) -> Result<Page, StoreError> {
        if after > StudyId::MIN {
            self.renew_duty()?;
        }
        self.write(|transaction| {
            let rules_id = intern_rules(transaction, rules, now)?;
            let page = judge_page(transaction, (rules, rules_id), after, now)?;
            if page.films > 0 {
                let (films, studies) = (page.films, page.changed.len());
                let detail =
                    json!({ "model": rules.model, "rules": rules_id, "films": films, "studies": studies });
                log(transaction, &NewEvent { detail, ..NewEvent::of(AuditKind::Thresholds) }, now)?;
            }
            Ok(page)
        })
    }
}

/// The studies that were judged again in one transaction.
#[derive(Default)]
struct Page {
    /// The studies that were looked at, and the last of them.
    studies: usize,
    last: Option<StudyId>,
    /// The films that were judged by other rules.
    films: usize,
    changed: Vec<StudyRow>,
}

/// Judges the films of the next studies.
fn judge_page(
    connection: &Connection,
    (rules, rules_id): (&Rules, i64),
    after: StudyId,
    now: Timestamp,
) -> sql::Result<Page> {
    let mut page = Page::default();
    for of_study in due(connection, rules, rules_id, after)?.chunk_by(|a, b| a.0 == b.0) {
        let mut judged = 0;
        for &(study, film) in of_study {
            page.last = Some(study);
            judged += usize::from(judge_again(connection, film, rules, rules_id)?);
        }
        page.studies += 1;
        page.films += judged;
        if let (true, Some(id)) = (judged > 0, page.last) {
            page.changed.push(settle(connection, id, rules_id, now)?);
        }
    }
    Ok(page)
}

/// The films that other rules judged, by study, of as many studies as are judged at a time.
fn due(
    connection: &Connection,
    rules: &Rules,
    rules_id: i64,
    after: StudyId,
) -> sql::Result<Vec<(StudyId, FilmId)>> {
    let due = format!(
        "films JOIN studies ON studies.id = films.study JOIN models ON models.id = films.model
         WHERE films.state = 'scored' AND films.rules <> ?1 AND models.name = ?2 AND {OPEN} AND films.study > ?3
           AND studies.id > ?3"
    );
    let sql = format!(
        "SELECT films.study, films.id FROM {due} AND films.study <= (
             SELECT max(study) FROM (SELECT DISTINCT films.study AS study FROM {due} ORDER BY films.study LIMIT ?4) AS page)
         ORDER BY films.study, films.id"
    );
    let page = i64::try_from(AT_A_TIME).unwrap_or(i64::MAX);
    connection
        .prepare_cached(&sql)?
        .query_map((rules_id, &rules.model, after, page), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Judges one film again and writes what changed; `false` if the rules are not for its labels.
fn judge_again(connection: &Connection, film: FilmId, rules: &Rules, rules_id: i64) -> sql::Result<bool> {
    let old = match findings(connection, film) {
        Err(error) if is_about_a_row(&error) => {
            name(connection, "films", film, &error);
            return Ok(false);
        }
        old => old?,
    };
    let labels = rules.labels.iter().map(|rule| rule.label.as_str());
    if !labels.eq(old.iter().map(|finding| finding.label.as_str())) {
        return Ok(false);
    }
    // The stored numbers came from f32 and go back to the same ones.
    let probabilities: Vec<f32> = old.iter().map(|finding| finding.probability as f32).collect();
    let new = assess(&probabilities, rules).findings;
    for (position, (new, old)) in (0_i64..).zip(new.iter().zip(&old)) {
        if new != old {
            update_finding(connection, film, position, new)?;
        }
    }
    note_best(connection, film, &new)?;
    connection.prepare_cached("UPDATE films SET rules = ?2 WHERE id = ?1")?.execute((film, rules_id))?;
    Ok(true)
}

/// Brings a study's line up to date with its films' new judgement.
fn settle(connection: &Connection, id: StudyId, rules_id: i64, now: Timestamp) -> sql::Result<StudyRow> {
    let mut row = study(connection, id)?;
    let before = row.severity;
    recombine(connection, &mut row, Cause::Thresholds, now)?;
    save(connection, &mut row)?;
    if row.severity != before {
        let detail = json!({ "before": before, "severity": row.severity, "rules": rules_id });
        log(connection, &NewEvent { detail, ..about(AuditKind::Reassessed, &row) }, now)?;
    }
    Ok(row)
}
