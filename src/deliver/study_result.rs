//! A study's result as objects, from the store and the films' files.

use jiff::tz::TimeZone;

use super::{attempt::Failure, film_file::film_bytes};
use crate::{
    config::Destination,
    dicom::results::{
        Algorithm, FilmResult, Object, Outcome, Sent, Source, StudyResult, What, digest as digest_of,
        secondary_capture, structured_report,
    },
    model::Heatmap,
    store::{FilmRow, FilmState, SendContent, SentObject, Store, StudyDetail},
};

/// Pictures of a study that are sent at most: those of its foremost films.
const MOST_PICTURES: usize = 8;

/// Returns a hash of what a destination is told of a study; none where there is nothing to tell.
pub(super) fn digest(detail: &StudyDetail, destination: &Destination) -> Option<String> {
    let films: Vec<_> = told(detail, destination).map(|film| (film, outcome(film))).collect();
    let says_something = destination.what.contains(&What::Sr) && !films.is_empty()
        || films.iter().any(|(_, outcome)| outcome.has_alert());
    says_something.then(|| {
        digest_of(films.iter().map(|(film, outcome)| (film.header.sop_instance_uid.as_str(), outcome)))
    })
}

/// The films that a destination is told of.
fn told<'a>(detail: &'a StudyDetail, destination: &Destination) -> impl Iterator<Item = &'a FilmRow> {
    let held = destination.held;
    detail.films.iter().filter(move |film| held || matches!(film.state, FilmState::Scored { .. }))
}

fn outcome(film: &FilmRow) -> Outcome {
    match &film.state {
        FilmState::Scored { findings, model, model_sha256, .. } => Outcome::Scored {
            findings: findings.clone(),
            model: Algorithm { name: model.clone(), sha256: model_sha256.clone() },
        },
        FilmState::Held(held) => Outcome::Held(held.reason.clone()),
    }
}

/// Makes the objects of a version of a study's result. `before`: those of the version before it.
pub(super) fn objects(
    store: &Store,
    detail: &StudyDetail,
    destination: &Destination,
    content: &SendContent,
    before: &[SentObject],
) -> Result<Vec<Object>, Failure> {
    let mut films: Vec<&FilmRow> = Vec::new();
    let mut results = Vec::new();
    let mut left_out = None;
    for film in told(detail, destination) {
        let source = match (Source::read(&film_bytes(store, film)?), &film.state) {
            (Ok(source), _) => source,
            // It will never be in a report, and holds back none of the others.
            (Err(error), FilmState::Held(_)) => {
                tracing::warn!(film = film.id, %error, "a held film is left out of a result");
                left_out.get_or_insert(error);
                continue;
            }
            (Err(error), FilmState::Scored { .. }) => return Err(Failure::for_good(error.to_string())),
        };
        films.push(film);
        results.push(FilmResult { source, outcome: outcome(film), warnings: film.warnings.clone() });
    }
    let report = before.iter().find(|sent| sent.what == What::Sr.word());
    let result = StudyResult {
        films: results,
        at: TimeZone::system().to_datetime(content.at),
        station: destination.calling_aet.clone(),
        version: content.version,
        predecessor: report.map(|sent| Sent {
            sop_instance_uid: sent.instance.clone(),
            series_instance_uid: sent.series.clone(),
        }),
    };
    let mut objects = Vec::new();
    if destination.what.contains(&What::Sr) && !films.is_empty() {
        objects.push(structured_report(&result).map_err(|error| Failure::for_good(error.to_string()))?);
    }
    if destination.what.contains(&What::Sc) {
        let alerts = result.films.iter().enumerate().filter(|(_, film)| film.outcome.has_alert());
        for (place, _) in alerts.take(MOST_PICTURES) {
            objects.push(picture(store, &result, place, films[place])?);
        }
    }
    if objects.is_empty() {
        let nothing = || "there is nothing to send: no film is scored, or none has a finding".to_owned();
        return Err(Failure::for_good(left_out.map_or_else(nothing, |error| error.to_string())));
    }
    Ok(objects)
}

fn picture(store: &Store, result: &StudyResult, place: usize, film: &FilmRow) -> Result<Object, Failure> {
    let for_good = |error: &dyn std::error::Error| Failure::for_good(error.to_string());
    let decoded = cxr_film::decode(&film_bytes(store, film)?).map_err(|error| for_good(&error))?;
    let stored = store.heatmap(film.id).map_err(|error| error.to_string())?;
    let heatmap = stored.and_then(|stored| Heatmap::from_bytes(&stored.bytes));
    secondary_capture(result, place, &decoded, heatmap.as_ref()).map_err(|error| for_good(&error))
}
