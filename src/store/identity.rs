//! Films and studies that bear one number: which film is a copy, which takes a broken one's place, which row of a
//! Study Instance UID is whose, and what is to be told of the rest. [`crate::study`] decides; this brings it what the
//! store knows. Each question reads a few rows of an index, however many films bear one number.

use jiff::Timestamp;

use super::{
    FilmId, Outcome, Store, StoreError, StudyId,
    convert::{Columns, Json, Place},
    join::join_study,
    sql::{self, Connection, Row, ToSql},
};
use crate::study::{Claim, Clash, Difference, MOST_CLASHES, Patient, row_key, row_of};
use cxr_film::Header;

/// Films of one number, or rows of one study, that are compared with a new film, at most.
const MOST_COMPARED: u32 = 64;

impl Store {
    /// Returns the clashes of a study: other patients' studies of its Study Instance UID, then
    /// other films that bear a number of its films'. At most a few of each.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn clashes_of_study(&self, study: StudyId) -> Result<Vec<Clash>, StoreError> {
        self.read(|view| {
            let mut clashes = studies_of_others(view, study)?;
            clashes.extend(film_clashes_where(view, "clashes.study = ?1", study)?);
            Ok(clashes)
        })
    }

    /// Returns the clashes of one film: other patients' studies of its study's Study Instance UID, then other films
    /// that bear its SOP Instance UID.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn clashes_of_film(&self, film: FilmId) -> Result<Vec<Clash>, StoreError> {
        self.read(|view| {
            let study = view
                .prepare_cached("SELECT study FROM films WHERE id = ?1")?
                .query_row([film], |row| row.get(0))?;
            let mut clashes = studies_of_others(view, study)?;
            clashes.extend(film_clashes(view, film)?);
            Ok(clashes)
        })
    }
}

/// Another patient's rows of the Study Instance UID of a study, a few.
pub(super) fn studies_of_others(connection: &Connection, study: StudyId) -> sql::Result<Vec<Clash>> {
    connection
        .prepare_cached(
            "SELECT studies.key FROM study_patients AS own
             JOIN study_patients AS other ON other.uid = own.uid AND other.study <> own.study
             JOIN studies ON studies.id = other.study
             WHERE own.study = ?1 AND studies.scored_films + studies.held_films > 0
             ORDER BY other.number LIMIT ?2",
        )?
        .query_map((study, MOST_CLASHES), |row| Ok(Clash::Study { key: row.get(0)? }))?
        .collect()
}

/// Other films that bear the number of a film, a few.
pub(super) fn film_clashes(connection: &Connection, film: FilmId) -> sql::Result<Vec<Clash>> {
    film_clashes_where(connection, "clashes.film = ?1", film)
}

fn film_clashes_where(connection: &Connection, of: &str, id: i64) -> sql::Result<Vec<Clash>> {
    let query = format!(
        "SELECT files.path, studies.key, clashes.patient, clashes.of_study, clashes.pixels
         FROM clashes JOIN films AS own ON own.id = clashes.film JOIN films AS other ON other.id = clashes.other
         JOIN files ON files.id = other.file JOIN studies ON studies.id = other.study
         WHERE {of} AND own.state <> 'superseded' AND other.state <> 'superseded'
         ORDER BY clashes.film, clashes.other LIMIT ?2"
    );
    connection
        .prepare_cached(&query)?
        .query_map((id, MOST_CLASHES), |row| {
            let mut columns = Columns::of(row);
            Ok(Clash::Film {
                file_name: columns.next::<Place>()?.shown_name(),
                study: columns.next()?,
                difference: Difference {
                    patient: columns.next()?,
                    study: columns.next()?,
                    pixels: columns.next()?,
                },
            })
        })?
        .collect()
}

/// A film that bears a number that is asked about.
struct Namesake {
    film: FilmId,
    study: StudyId,
    claim: Claim,
}

/// Reads `id, study, decoded, header, pixels` of a film.
fn namesake(row: &Row<'_>) -> sql::Result<Namesake> {
    let mut columns = Columns::of(row);
    let (film, study, decoded) = (columns.next()?, columns.next()?, columns.next()?);
    let header: Option<Json<Header>> = columns.next()?;
    let pixels: Option<String> = columns.next()?;
    let header = header.map_or_else(Header::default, |header| header.0);
    Ok(Namesake {
        film,
        study,
        claim: Claim { pixels: pixels.unwrap_or_default(), ..Claim::of(&header, decoded) },
    })
}

fn namesakes(connection: &Connection, query: &str, values: &[&dyn ToSql]) -> sql::Result<Vec<Namesake>> {
    connection.prepare_cached(query)?.query_map(values, namesake)?.collect()
}

/// The film that a film with this claim is once more, if it is there: the same number, and nothing that tells the two
/// apart.
pub(super) fn repeated(connection: &Connection, claim: &Claim) -> sql::Result<Option<FilmId>> {
    if claim.sop_instance_uid.is_empty() {
        return Ok(None);
    }
    let number = &claim.sop_instance_uid;
    let known = if claim.pixels.is_empty() {
        namesakes(
            connection,
            "SELECT id, study, decoded, header, pixels FROM films
             WHERE sop_instance_uid = ?1 AND decoded = 1 LIMIT ?2",
            &[number, &MOST_COMPARED],
        )?
    } else {
        namesakes(
            connection,
            "SELECT id, study, decoded, header, pixels FROM films
             WHERE sop_instance_uid = ?1 AND pixels = ?3 AND decoded = 1
             UNION ALL
             SELECT id, study, decoded, header, pixels FROM films
             WHERE sop_instance_uid = ?1 AND pixels IS NULL AND decoded = 1 LIMIT ?2",
            &[number, &MOST_COMPARED, &claim.pixels],
        )?
    };
    Ok(known.into_iter().find(|known| claim.repeats(&known.claim)).map(|known| known.film))
}

/// The broken films, with their studies, whose place a film with this claim takes by its number.
pub(super) fn replaced(connection: &Connection, claim: &Claim) -> sql::Result<Vec<(FilmId, StudyId)>> {
    if claim.sop_instance_uid.is_empty() || !claim.decoded {
        return Ok(Vec::new());
    }
    let broken = namesakes(
        connection,
        "SELECT id, study, decoded, header, pixels FROM films
         WHERE sop_instance_uid = ?1 AND decoded = 0 AND state = 'held' LIMIT ?2",
        &[&claim.sop_instance_uid, &MOST_COMPARED],
    )?;
    let replaced = broken.into_iter().filter(|broken| claim.replaces(&broken.claim));
    Ok(replaced.map(|broken| (broken.film, broken.study)).collect())
}

/// Notes which other films bear a new film's number, on both sides; returns the studies whose films have something to
/// tell that they had not before.
pub(super) fn note_clashes(
    connection: &Connection,
    film: FilmId,
    study: StudyId,
    claim: &Claim,
) -> sql::Result<Vec<StudyId>> {
    if claim.sop_instance_uid.is_empty() {
        return Ok(Vec::new());
    }
    let others = namesakes(
        connection,
        "SELECT id, study, decoded, header, pixels FROM films
         WHERE sop_instance_uid = ?1 AND id <> ?2 AND state <> 'superseded' LIMIT ?3",
        &[&claim.sop_instance_uid, &film, &MOST_CLASHES],
    )?;
    let mut told = Vec::new();
    for other in others {
        let difference = claim.difference(&other.claim);
        if difference.is_none() {
            continue;
        }
        note_clash(connection, (film, study), other.film, difference)?;
        let known: u32 = connection
            .prepare_cached("SELECT count(*) FROM clashes WHERE film = ?1")?
            .query_row([other.film], |row| row.get(0))?;
        if known < MOST_CLASHES {
            note_clash(connection, (other.film, other.study), film, difference)?;
            told.push(other.study);
        }
    }
    Ok(told)
}

fn note_clash(
    connection: &Connection,
    (film, study): (FilmId, StudyId),
    other: FilmId,
    difference: Difference,
) -> sql::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO clashes (film, other, study, patient, of_study, pixels) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((film, other, study, difference.patient, difference.study, difference.pixels))?;
    Ok(())
}

/// A row that bears a Study Instance UID.
struct PatientRow {
    number: u32,
    patient: Patient,
}

/// The study that an outcome's film joins: by its Study Instance UID that of its patient, made if it is not there.
/// Returns the other patients' studies too where they have something to tell that they had not before.
pub(super) fn join(
    connection: &Connection,
    outcome: &Outcome,
    arrival: Timestamp,
) -> sql::Result<(StudyId, Vec<StudyId>)> {
    let header = outcome.header.as_ref().filter(|header| !header.study_instance_uid.is_empty());
    let Some(header) = header else {
        return Ok((join_study(connection, &outcome.study_key, arrival)?, Vec::new()));
    };
    let (uid, patient) = (header.study_instance_uid.as_str(), Patient::of(header));
    let rows = patient_rows(connection, uid, &patient)?;
    let known: Vec<Patient> = rows.iter().map(|row| row.patient.clone()).collect();
    if let Some(row) = row_of(&patient, &known).and_then(|place| rows.get(place)) {
        learn(connection, uid, row, &patient)?;
        return Ok((join_study(connection, &row_key(uid, row.number), arrival)?, Vec::new()));
    }
    let number: u32 = connection
        .prepare_cached("SELECT coalesce(max(number), 0) + 1 FROM study_patients WHERE uid = ?1")?
        .query_row([uid], |row| row.get(0))?;
    let study = join_study(connection, &row_key(uid, number), arrival)?;
    connection
        .prepare_cached(
            "INSERT INTO study_patients (uid, number, study, patient_id, name, birth_date)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((uid, number, study, &patient.id, &patient.name, &patient.birth_date))?;
    Ok((study, first_others(connection, uid, number)?))
}

/// The rows that may be a patient's. A row with another ID never is, so that those need not be read.
fn patient_rows(connection: &Connection, uid: &str, patient: &Patient) -> sql::Result<Vec<PatientRow>> {
    let query = if patient.id.is_empty() {
        "SELECT number, patient_id, name, birth_date FROM study_patients
         WHERE uid = ?1 AND patient_id >= ?2 ORDER BY number LIMIT ?3"
    } else {
        "SELECT number, patient_id, name, birth_date FROM study_patients
         WHERE uid = ?1 AND patient_id IN ('', ?2) ORDER BY patient_id DESC, number LIMIT ?3"
    };
    connection
        .prepare_cached(query)?
        .query_map((uid, &patient.id, MOST_COMPARED), |row| {
            let mut columns = Columns::of(row);
            let number = columns.next()?;
            let [id, name, birth_date] = [columns.next()?, columns.next()?, columns.next()?];
            Ok(PatientRow { number, patient: Patient { id, name, birth_date } })
        })?
        .collect()
}

/// Keeps what a film says of its row's patient that the films before it did not.
fn learn(connection: &Connection, uid: &str, row: &PatientRow, patient: &Patient) -> sql::Result<()> {
    let mut known = row.patient.clone();
    known.learn(patient);
    if known == row.patient {
        return Ok(());
    }
    connection
        .prepare_cached(
            "UPDATE study_patients SET patient_id = ?3, name = ?4, birth_date = ?5 WHERE uid = ?1 AND number = ?2",
        )?
        .execute((uid, row.number, known.id, known.name, known.birth_date))?;
    Ok(())
}

/// The studies that name the row with that number among their first few others.
fn first_others(connection: &Connection, uid: &str, number: u32) -> sql::Result<Vec<StudyId>> {
    if number > MOST_CLASHES + 1 {
        return Ok(Vec::new());
    }
    connection
        .prepare_cached("SELECT study FROM study_patients WHERE uid = ?1 AND number < ?2")?
        .query_map((uid, number), |row| row.get(0))?
        .collect()
}
