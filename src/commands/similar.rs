//! `similar`: the films of the store that are most like one, of other patients. It prints no patient's name.

use std::io::Write;

use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use super::{
    CommandError,
    cli::{GlobalArgs, SimilarArgs},
    output::{Lean, stdout, table},
    screen,
    setup::Setup,
};
use crate::{
    guard::guarded,
    model::{Embedder, Model, ModelError},
    pipeline::{BROKE_DOWN, read, shown},
    quality,
    similar::{Asked, FeatureReader, SimilarError, nearest},
    store::{Store, StudyRow},
    study::{Finding, Patient, SimilarFilm, in_order},
};

/// Findings of a film in the table.
const FINDINGS: usize = 3;

/// The JSON object; docs/similar.md says what its fields are.
#[derive(Serialize)]
struct Report<'a> {
    file: String,
    model: &'a str,
    model_sha256: &'a str,
    similar: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    film: i64,
    study: i64,
    study_key: Option<&'a str>,
    distance: f32,
    severity: &'a str,
    score: Option<f64>,
    status: &'a str,
    first_arrival: Timestamp,
    study_time: Option<jiff::civil::DateTime>,
    notes: u32,
    findings: Vec<EntryFinding<'a>>,
}

#[derive(Serialize)]
struct EntryFinding<'a> {
    label: &'a str,
    probability: f64,
    score: f64,
    severity: &'a str,
}

/// Runs `similar`.
pub(super) fn run(args: &SimilarArgs, global: &GlobalArgs) -> Result<(), CommandError> {
    let setup = Setup::new(global)?;
    let (model, rules) = setup.model_and_rules()?;
    let order = screen::findings_order(&setup.loaded, &rules)?;
    let place = setup.store_that_is_there()?;
    let store = Store::open(&place)?;
    let id = setup.features_id(model.manifest())?;
    let embedder = setup.embedder()?;
    let manifest = embedder.as_ref().map_or(model.manifest(), Embedder::manifest);
    let reader = FeatureReader::open(&place, &id).map_err(SimilarError::from)?.ok_or_else(|| {
        CommandError::failed(format!(
            "this host has no features of films by the model {} for the store {place}: `cxr-triage watch` on it makes them \
             here while nothing waits to be scored, unless [similar] keep is false",
            manifest.name
        ))
    })?;
    let asked = ask(&store, &model, embedder.as_ref(), &setup, args)?;
    let found = nearest(&store, &reader, &asked, args.top)?;
    let mut out = stdout();
    if args.json {
        out.json(&Report {
            file: shown(&args.file),
            model: &manifest.name,
            model_sha256: &manifest.sha256,
            similar: found.iter().map(entry).collect(),
        })?;
    } else if found.is_empty() {
        writeln!(out, "no other patient's film is there to compare with")?;
    } else {
        print(&mut out, &found, &order)?;
    }
    out.flush()?;
    Ok(())
}

/// The film as the store is asked about it.
fn ask(
    store: &Store,
    model: &Model,
    embedder: Option<&Embedder>,
    setup: &Setup,
    args: &SimilarArgs,
) -> Result<Asked, CommandError> {
    let fail = |why: &dyn std::fmt::Display| {
        CommandError::failed(format!("{} cannot be compared: {why}", shown(&args.file)))
    };
    let bytes = read(&args.file).map_err(|error| fail(&error))?;
    let known = store.film_by_sha256(&bytes.sha256)?;
    // A person asks: gates that would only warn are not heard here.
    let gates = setup.config().quality.warning_only();
    let film = cxr_film::decode_within_limit(bytes.content).map_err(|unreadable| fail(&unreadable))?;
    let features = guarded(|| -> Result<Vec<f32>, String> {
        quality::inspect(&film, &gates).map_err(|held| held.reason)?;
        let told = |error: ModelError| error.to_string();
        match embedder {
            Some(embedder) => {
                let features = embedder.features(&film, &|| false).map_err(told)?;
                features.ok_or_else(|| BROKE_DOWN.to_owned())
            }
            None => {
                let findings =
                    model.prepare(&film).and_then(|input| model.infer(&[input])).map_err(told)?.pop();
                Ok(findings.ok_or("the model gave no result")?.features)
            }
        }
    });
    let features = features.unwrap_or_else(|| Err(BROKE_DOWN.to_owned())).map_err(|why| fail(&why))?;
    let known = known.map(|film| store.compared_film(film)).transpose()?.flatten();
    let (study, patient) = match known {
        Some(known) => (Some(known.study), known.patient),
        None => (None, Patient::of(&film.header)),
    };
    Ok(Asked { features, study, patient })
}

fn entry(film: &SimilarFilm) -> Entry<'_> {
    let StudyRow { id, key, severity, score, status, first_arrival, study_time, notes, .. } = &film.study;
    Entry {
        film: film.film,
        study: *id,
        // A folder's name may be a patient's.
        study_key: Some(key.as_str()).filter(|key| !key.starts_with("folder:")),
        distance: film.distance,
        severity: severity.word(),
        score: *score,
        status: status.word(),
        first_arrival: *first_arrival,
        study_time: *study_time,
        notes: *notes,
        findings: film.findings.iter().map(finding).collect(),
    }
}

fn finding(Finding { label, probability, score, severity, .. }: &Finding) -> EntryFinding<'_> {
    EntryFinding { label, probability: *probability, score: *score, severity: severity.word() }
}

fn print(out: &mut impl Write, found: &[SimilarFilm], order: &[String]) -> std::io::Result<()> {
    let columns = [
        ("STUDY", Lean::Right),
        ("FILM", Lean::Right),
        ("DISTANCE", Lean::Right),
        ("SEVERITY", Lean::Left),
        ("STATUS", Lean::Left),
        ("CAME", Lean::Left),
        ("FINDINGS", Lean::Left),
    ];
    let zone = TimeZone::system();
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|film| {
            let findings = in_order(&film.findings, order);
            let told = findings.iter().take(FINDINGS).map(|it| format!("{} {:.2}", it.label, it.score));
            vec![
                film.study.id.to_string(),
                film.film.to_string(),
                format!("{:.4}", film.distance),
                film.study.severity.word().to_owned(),
                film.study.status.word().to_owned(),
                zone.to_datetime(film.study.first_arrival).strftime("%Y-%m-%d %H:%M").to_string(),
                told.collect::<Vec<_>>().join(", "),
            ]
        })
        .collect();
    table(out, &columns, &rows)
}
