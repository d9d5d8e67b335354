//! After a change of thresholds: what is not done is judged again, from the stored probabilities.

use jiff::Timestamp;
use serde_json::json;

use super::{
    FilmId, Store, StoreError, StudyId, StudyRow,
    audit::{NewEvent, log},
    change::about,
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
    /// See [`super::StoreErrorKind`]; then nothing has changed.
    pub fn reassess(&mut self, rules: &Rules, now: Timestamp) -> Result<Vec<StudyRow>, StoreError> {
        self.write(|transaction| {
            let rules_id = intern_rules(transaction, rules, now)?;
            let due = due(transaction, rules, rules_id)?;
            let mut changed: Vec<StudyRow> = Vec::new();
            let mut films = 0_usize;
            for of_study in due.chunk_by(|a, b| a.0 == b.0) {
                let mut judged = 0;
                for &(_, film) in of_study {
                    judged += usize::from(judge_again(transaction, film, rules, rules_id)?);
                }
                films += judged;
                if let (true, Some(&(id, _))) = (judged > 0, of_study.first()) {
                    changed.push(settle(transaction, id, rules_id, now)?);
                }
            }
            if films > 0 {
                let detail = json!({
                    "model": rules.model, "rules": rules_id, "films": films, "studies": changed.len(),
                });
                log(transaction, &NewEvent { detail, ..NewEvent::of(AuditKind::Thresholds) }, now)?;
            }
            Ok(changed)
        })
    }
}

/// The films that other rules judged, by study.
fn due(connection: &Connection, rules: &Rules, rules_id: i64) -> sql::Result<Vec<(StudyId, FilmId)>> {
    connection
        .prepare_cached(&format!(
            "SELECT films.study, films.id
             FROM films JOIN studies ON studies.id = films.study JOIN models ON models.id = films.model
             WHERE films.state = 'scored' AND films.rules <> ?1 AND models.name = ?2 AND {OPEN}
             ORDER BY films.study, films.id",
        ))?
        .query_map((rules_id, &rules.model), |row| Ok((row.get(0)?, row.get(1)?)))?
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
