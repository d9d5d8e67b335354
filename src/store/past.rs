//! The studies that came, with what their films were scored with: for the question what other thresholds would
//! have made of them.

use super::{
    Store, StoreError, StudyId,
    convert::{Columns, Micros},
    sql::{self, Connection},
    unreadable::rows,
};
use crate::study::{AuditKind, PastStudy, Rules};

impl Store {
    /// The last studies, at most `most`, that the model of `rules` scored, the oldest first, done ones among them.
    /// Films that do not count for their study, that another model scored, or one of that name with other labels,
    /// are left out.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn past_studies(&self, rules: &Rules, most: u32) -> Result<Vec<PastStudy>, StoreError> {
        self.read(|view| {
            // By number, which is the order of arrival, for there is an index of it. The first change of a study's
            // status is somebody's opening it.
            let sql = "SELECT id, key, first_arrival, outside_floor,
                            (SELECT min(time) FROM events WHERE events.study = studies.id AND kind = ?3)
                     FROM studies WHERE scored_films > 0 AND model = ?1 ORDER BY id DESC LIMIT ?2";
            let mut studies: Vec<PastStudy> =
                rows(view, "studies", sql, (&rules.model, most, AuditKind::Status.word()), |row| {
                    let mut columns = Columns::of(row);
                    Ok(PastStudy {
                        study: columns.next()?,
                        key: columns.next()?,
                        since: columns.next_time()?,
                        outside: columns.next()?,
                        opened: columns.next::<Option<Micros>>()?.map(|time| time.0),
                        films: Vec::new(),
                    })
                })?;
            for study in &mut studies {
                study.films = probabilities(view, study.study, rules)?;
            }
            studies.retain(|study| !study.films.is_empty());
            studies.sort_by_key(|study| (study.since, study.study));
            Ok(studies)
        })
    }
}

/// The probabilities of a study's scored films, a film each, in the order of the rules' labels.
fn probabilities(view: &Connection, study: StudyId, rules: &Rules) -> sql::Result<Vec<Vec<f32>>> {
    let mut query = view.prepare_cached(
        "SELECT films.id, findings.label, findings.probability
         FROM films JOIN models ON models.id = films.model JOIN findings ON findings.film = films.id
         WHERE films.study = ?1 AND films.state = 'scored' AND films.exposure_of IS NULL AND models.name = ?2
         ORDER BY films.id, findings.position",
    )?;
    let mut rows = query.query((study, &rules.model))?;
    let mut films: Vec<(i64, bool, Vec<f32>)> = Vec::new();
    while let Some(row) = rows.next()? {
        let film = row.get(0)?;
        if films.last().is_none_or(|(last, ..)| *last != film) {
            films.push((film, true, Vec::with_capacity(rules.labels.len())));
        }
        let Some((_, fits, probabilities)) = films.last_mut() else { continue };
        let rule = rules.labels.get(probabilities.len());
        *fits &=
            rule.is_some_and(|rule| row.get_ref(1).is_ok_and(|it| it.as_str() == Ok(rule.label.as_str())));
        // The stored numbers came from f32 and go back to the same ones.
        probabilities.push(row.get::<_, f64>(2)? as f32);
    }
    let labels = rules.labels.len();
    films.retain(|(_, fits, probabilities)| *fits && probabilities.len() == labels);
    Ok(films.into_iter().map(|(.., probabilities)| probabilities).collect())
}
