//! The rules of a study that a query must know, so that it reads an index and not every study. The rule itself is a
//! function of [`crate::study`]; a test holds each of these to it over all combinations.

/// The study has films: it [is not gone](crate::study::StudyRow::is_gone).
pub(super) const LISTED: &str = "scored_films + held_films > 0";

/// The study is not done.
pub(super) const OPEN: &str = "status <> 'done'";

/// The study has films and nobody has opened it: it [is unseen](crate::study::StudyRow::is_unseen).
pub(super) const UNSEEN: &str = "status = 'new' AND scored_films + held_films > 0";

/// Waiting may promote the study: all those that [the rule](crate::study::StudyRow::promote_if_overdue) does promote,
/// and few others.
pub(super) const PROMOTABLE: &str =
    "status = 'new' AND promoted_at IS NULL AND severity IN ('routine', 'urgent')";

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::*;
    use crate::{
        store::{
            OutsidePriority, Status, StudyRow,
            migrations::{MIGRATIONS, migrate},
            row::{save, select_studies, study_row},
            sql::Connection,
        },
        study::{Acknowledged, Cause, Severity, StudyAssessment},
    };

    /// A study of every kind that the rules tell apart, in a store.
    fn studies() -> (Connection, Vec<StudyRow>) {
        let connection: Connection = rusqlite::Connection::open_in_memory().unwrap().into();
        migrate(&connection, MIGRATIONS).unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let mut rows = Vec::new();
        let floors = [None, Some(Severity::Urgent), Some(Severity::Critical)];
        for (number, status) in Status::ALL.into_iter().cycle().take(4 * 4 * 3 * 2 * 2 * 2).enumerate() {
            let mut at = number / 4;
            let mut one_of = |choices: usize| {
                let choice = at % choices;
                at /= choices;
                choice
            };
            let (assessed, floor) = (Severity::ALL[one_of(4)], floors[one_of(3)]);
            let (promoted, acknowledged, films) = (one_of(2) == 1, one_of(2) == 1, one_of(2) as u32);
            let id: i64 = connection
                .prepare_cached(
                    "INSERT INTO studies (key, first_arrival, last_arrival) VALUES (?1, 0, 0) RETURNING id",
                )
                .unwrap()
                .query_row([number.to_string()], |row| row.get(0))
                .unwrap();
            let select = select_studies("WHERE id = ?1");
            let mut row = connection.prepare_cached(&select).unwrap().query_row([id], study_row).unwrap();
            row.outside = floor.map(|floor| OutsidePriority { floor, source: "STAT".to_owned() });
            row.promoted_at = promoted.then_some(now);
            row.take_assessment(
                &StudyAssessment { severity: assessed, ..StudyAssessment::HELD },
                Cause::Films,
                now,
            );
            row.acknowledged = acknowledged.then(|| Acknowledged { by: "anna".to_owned(), at: now });
            (row.status, row.scored_films) = (status, films);
            save(&connection, &mut row).unwrap();
            rows.push(row);
        }
        (connection, rows)
    }

    #[test]
    fn each_condition_of_a_query_is_the_rule() {
        let (connection, rows) = studies();
        let late = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(9);
        type Rule = fn(&StudyRow) -> bool;
        let rules: [(&str, Rule); 3] = [
            (LISTED, |row| !row.is_gone()),
            (OPEN, |row| row.status != Status::Done),
            (UNSEEN, StudyRow::is_unseen),
        ];
        let holds = |condition: &str, row: &StudyRow| -> bool {
            let sql = format!("SELECT {condition} FROM studies WHERE id = ?1");
            connection.prepare_cached(&sql).unwrap().query_row([row.id], |row| row.get(0)).unwrap()
        };
        let mut promoted = 0;
        for row in &rows {
            for (condition, rule) in rules {
                assert_eq!(holds(condition, row), rule(row), "{condition}: {row:?}");
            }
            if row.clone().promote_if_overdue(SignedDuration::from_hours(1), late) {
                promoted += 1;
                assert!(holds(PROMOTABLE, row), "the rule promotes what the query leaves out: {row:?}");
            }
        }
        let asked = rows.iter().filter(|row| holds(PROMOTABLE, row)).count();
        assert!(promoted > 0 && asked <= 2 * promoted, "{asked} are asked about for {promoted}");
    }
}
