//! `retention`: deletes what `[retention]` says, or says what would be deleted and why.

use std::{
    convert::Infallible,
    io::Write,
    path::{Path, PathBuf},
};

use crossbeam_channel::{Receiver, never};
use jiff::{SignedDuration, Timestamp};

use super::{
    CommandError,
    cli::{GlobalArgs, RetentionArgs},
    output::{is_seen, stdout},
    setup::Setup,
};
use crate::{
    config::{Config, Retention},
    files::is_filled,
    health::disk,
    retention::{Deletion, Doomed, decide, delete, is_owned},
    store::{Duty, DutyKind, FileId, Store, StoreError, StudyId},
    supervise::is_closed,
    text::{shown, unnamed},
};

/// A clock that is off by more leaves the age of everything in doubt.
pub(super) const DOUBTFUL: SignedDuration = SignedDuration::from_hours(1);
/// Films that are looked at in one run, at most, and that are deleted between two looks at the disk.
const PAGE: usize = 10_000;
const BATCH: usize = 64;
/// Studies whose patients are forgotten in one transaction.
const STUDIES: usize = 64;
/// Studies whose patients are forgotten in one run, at most.
const STUDIES_AT_ONCE: u32 = 10_000;
/// Files that are looked at once more in one run, whether they are those of patients that were forgotten before.
const FILES_AT_ONCE: u32 = 20_000;

/// Runs `retention`.
pub(super) fn run(args: &RetentionArgs, global: &GlobalArgs) -> Result<(), CommandError> {
    let setup = Setup::new(global)?;
    let config = setup.config();
    let mut out = stdout();
    if config.retention == Retention::default() {
        writeln!(out, "nothing is set under [retention]: nothing is ever deleted")?;
        return Ok(());
    }
    let mut store = Store::open(setup.store_that_is_there()?)?;
    let duty = store.duty_by_hand(DutyKind::Retention)?;
    if let Some(doubt) = doubt(&duty) {
        return Err(CommandError::failed(doubt));
    }
    store.serve(&duty);
    let now = store.now();
    let (doomed, to_forget) = plan(&store, &config.retention, now)?;
    for Doomed { film, why } in &doomed {
        writeln!(out, "film {}: {why}", told(&film.path))?;
    }
    if args.dry_run {
        writeln!(
            out,
            "{} films and the patients' data of {} studies would go",
            doomed.len(),
            to_forget.len()
        )?;
        return Ok(());
    }
    let outcome = apply(&mut store, config, &doomed, &to_forget, &never())?;
    let mut looked_to = 0;
    while forget_more_paths(&mut store, config, &mut looked_to)? {}
    for stays in &outcome.stay {
        writeln!(out, "{stays}")?;
    }
    writeln!(
        out,
        "{} films and the patients' data of {} studies are gone",
        outcome.deleted,
        to_forget.len()
    )?;
    if outcome.failed == 0 {
        return Ok(());
    }
    Err(CommandError::failed(format!("{} films could not be deleted", outcome.failed)))
}

/// The sentence for a clock by which nobody knows how old anything is, if this host's, or the server's, is one.
pub(super) fn doubt(duty: &Duty) -> Option<&'static str> {
    (duty.clock_ahead().abs() > DOUBTFUL).then_some(
        "this host's clock is off by more than an hour against the database server's, and one of both is wrong: nothing is \
         deleted until they are in step",
    )
}

/// A film's path for standard output: as it is on a terminal; else, where it may become somebody's mail, its hash.
fn told(path: &Path) -> String {
    if is_seen() { shown(path) } else { unnamed(path) }
}

/// Applies the retention while the program runs, until `end` says that it ends. `looked_to`: the file up to which those of
/// forgotten patients were looked at once more.
pub(super) fn keep(store: &mut Store, config: &Config, looked_to: &mut FileId, end: &Receiver<Infallible>) {
    if config.retention == Retention::default() {
        return;
    }
    let now = store.now();
    let outcome = plan(store, &config.retention, now).and_then(|(doomed, to_forget)| {
        let outcome = apply(store, config, &doomed, &to_forget, end)?;
        if !is_closed(end) {
            forget_more_paths(store, config, looked_to)?;
        }
        Ok(outcome)
    });
    match outcome {
        Ok(outcome) if outcome.deleted > 0 || outcome.failed > 0 => {
            tracing::info!(deleted = outcome.deleted, failed = outcome.failed, "the retention was applied");
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "the retention cannot be applied now; it is tried again"),
    }
}

/// Finds the films that are to go now, and the studies whose patients are.
fn plan(
    store: &Store,
    policy: &Retention,
    now: Timestamp,
) -> Result<(Vec<Doomed>, Vec<StudyId>), StoreError> {
    let mut doomed = Vec::new();
    if policy.films.is_some() || policy.min_free.is_some() {
        for folder in policy.folders.iter().filter(|folder| is_filled(folder)) {
            // As it is named, and as it is.
            let names: Vec<PathBuf> =
                [Some(folder.clone()), folder.canonicalize().ok()].into_iter().flatten().collect();
            let films = store.done_films(now, PAGE, |path| is_owned(path, &names))?;
            doomed.extend(decide(films, policy, &disk("films", folder), now));
        }
    }
    let before = |age: SignedDuration| now.checked_sub(age).unwrap_or(Timestamp::MIN);
    let to_forget = match policy.results {
        Some(age) => store.studies_to_forget(before(age), STUDIES_AT_ONCE)?,
        None => Vec::new(),
    };
    Ok((doomed, to_forget))
}

/// The result of a run.
#[derive(Default)]
struct Outcome {
    deleted: usize,
    failed: usize,
    /// Films that stay, and why: a line each.
    stay: Vec<String>,
}

fn apply(
    store: &mut Store,
    config: &Config,
    doomed: &[Doomed],
    to_forget: &[StudyId],
    end: &Receiver<Infallible>,
) -> Result<Outcome, StoreError> {
    let folders = real_folders(&config.retention);
    let has_ended = || is_closed(end);
    let mut outcome = Outcome::default();
    for batch in doomed.chunks(BATCH).take_while(|_| !has_ended()) {
        for Doomed { film, why } in batch {
            match delete(film, &folders, |film| store.knows_of(&film.path, &film.seen_by)) {
                Ok(Deletion::Gone) => {
                    store.note_deleted(std::slice::from_ref(film), why, store.now())?;
                    outcome.deleted += 1;
                }
                Ok(Deletion::Stays(why)) => {
                    outcome.stay.push(format!("film {} stays: {why}", told(&film.path)));
                }
                Err(error) => {
                    tracing::warn!(%error, file = unnamed(&film.path), "a film could not be deleted");
                    outcome.failed += 1;
                }
            }
        }
    }
    for studies in to_forget.chunks(STUDIES).take_while(|_| !has_ended()) {
        store.forget_patients(studies, store.now())?;
    }
    Ok(outcome)
}

/// Looks at the next files once more, whether they are those of patients that were forgotten before, and have gone since or
/// can be judged by this host; returns whether there are more. Behind the last one it begins anew.
fn forget_more_paths(store: &mut Store, config: &Config, after: &mut FileId) -> Result<bool, StoreError> {
    if config.retention.results.is_none() {
        return Ok(false);
    }
    let last = store.forget_more_paths(*after, FILES_AT_ONCE)?;
    *after = last.unwrap_or_default();
    Ok(last.is_some())
}

/// The folders as they really are; one that is away is left out.
fn real_folders(policy: &Retention) -> Vec<PathBuf> {
    policy.folders.iter().filter_map(|folder| folder.canonicalize().ok()).collect()
}
