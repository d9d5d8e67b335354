//! Films with their labels, patients and roles, as they are to be trained on.

use std::path::{Path, PathBuf};

use super::cache::Record;
use crate::{
    commands::{
        CommandError,
        cli::TrainArgs,
        labelled::{bytes, check_against, first, labels_of, meet, patient, wrong},
    },
    evaluate::labels::{LabelSet, Row, canonical, nearest},
    hash::sha256,
    model::Sample,
    pipeline::shown,
    train::{Role, Roles, is_kept_back, is_trained, refuse_leaks, roles},
};

/// The films of a folder that a label file speaks of.
#[derive(Debug)]
pub(super) struct Films {
    pub(super) folder: PathBuf,
    /// Each film, as it lies below the folder, with its row and what it is for; none that is to be left alone.
    pub(super) films: Vec<(PathBuf, Row, Role)>,
    pub(super) findings: Vec<String>,
    /// The column that says what films are for, and its place; none: folds are dealt.
    pub(super) column: Option<(String, usize)>,
    /// SHA-256 of the label file, hex.
    pub(super) labels_sha256: String,
    pub(super) notes: Vec<String>,
}

impl Films {
    /// Reads the labels, finds the films, and checks that no patient is on both sides of a split, or in `--against`.
    pub(super) fn gather(args: &TrainArgs, ignore: &[String]) -> Result<Self, CommandError> {
        let file = args.labels.as_path();
        let content = bytes(file)?;
        let mut set = labels_of(&content, file, None, args.truth.as_deref())?;
        choose(&mut set, &args.only, file)?;
        if set.findings.is_empty() {
            return Err(CommandError::usage(format!(
                "{}: no column says of films whether a finding is there: 1, 0, or empty for unknown",
                shown(file)
            )));
        }
        let column = column(args.split_column.as_deref(), &set, file)?;
        let unlabelled = "films in the folder have no labels and are left out";
        let met = meet(&args.films, (&set, file), ignore, unlabelled)?;
        let mut notes = std::mem::take(&mut set.notes);
        notes.extend(met.notes);
        let mut films: Vec<(PathBuf, Row, Role)> =
            met.joined.into_iter().map(|(film, row)| (film, row, Role::Train(None))).collect();
        if let Some((name, place)) = &column {
            let values: Vec<&str> = films.iter().map(|(_, row, _)| row.cells[*place].as_str()).collect();
            let known: Vec<Option<String>> = films.iter().map(|(_, row, _)| patient(row, None)).collect();
            let found = roles_of(name, &values, &known)?;
            notes.extend(note(name, &found));
            films.iter_mut().zip(found.of_film).for_each(|((_, _, role), found)| *role = found);
            films.retain(|(_, _, role)| *role != Role::Leave);
        }
        if let Some(against) = &args.against {
            let rows: Vec<&Row> = films.iter().map(|(_, row, _)| row).collect();
            check_against(rows, (&set, file), against, None, "")?;
        }
        Ok(Self {
            folder: args.films.clone(),
            films,
            findings: set.findings,
            column,
            labels_sha256: sha256(&content),
            notes,
        })
    }
}

/// Leaves only the findings that are asked for.
fn choose(set: &mut LabelSet, only: &[String], file: &Path) -> Result<(), CommandError> {
    if only.is_empty() {
        return Ok(());
    }
    let known: Vec<&str> = set.findings.iter().map(String::as_str).collect();
    let mut places = Vec::with_capacity(only.len());
    for name in only {
        let found =
            canonical(name.trim(), &known).and_then(|name| known.iter().position(|known| *known == name));
        let Some(place) = found else {
            let near = nearest(name, &known).map(|near| format!("; did you mean `{near}`?"));
            let names: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            return Err(CommandError::usage(format!(
                "--only: {} has no finding `{name}`{}: there are {}",
                shown(file),
                near.unwrap_or_default(),
                first(&names)
            )));
        };
        if !places.contains(&place) {
            places.push(place);
        }
    }
    set.findings = places.iter().map(|&place| known[place].to_owned()).collect();
    for row in &mut set.rows {
        row.truths = places.iter().map(|&place| row.truths[place]).collect();
    }
    Ok(())
}

/// The column that says what films are for: the one that is named, else the file's own, if it says which films to train on.
fn column(named: Option<&str>, set: &LabelSet, file: &Path) -> Result<Option<(String, usize)>, CommandError> {
    if let Some(name) = named {
        let place = set.column(name).map_err(|error| wrong(file, &error))?;
        return Ok(Some((set.columns[place].clone(), place)));
    }
    let says = |row: &Row| row.split.as_deref().is_some_and(is_trained);
    let place = set.rows.iter().any(says).then(|| set.column("split").ok()).flatten();
    if place.is_none() && set.rows.iter().any(|row| row.split.as_deref().is_some_and(is_kept_back)) {
        return Err(CommandError::usage(format!(
            "{}: column `Split` keeps films back from training, and none of its values says which ones to train \
             on: let these begin with `train`, or name another column with --split-column",
            shown(file)
        )));
    }
    Ok(place.map(|place| (set.columns[place].clone(), place)))
}

fn roles_of(column: &str, values: &[&str], patients: &[Option<String>]) -> Result<Roles, CommandError> {
    let patients: Vec<Option<&str>> = patients.iter().map(Option::as_deref).collect();
    Ok(roles(column, values, &patients)?)
}

/// The note for a person about the column that divides the films.
fn note(column: &str, roles: &Roles) -> Option<String> {
    let left = roles.of_film.iter().filter(|role| **role == Role::Leave).count();
    let names: Vec<String> = roles.left.iter().map(|name| format!("`{name}`")).collect();
    (left > 0)
        .then(|| format!("{left} films are left alone, as column `{column}` says of them: {}", first(&names)))
}

/// A film that was read.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) path: PathBuf,
    pub(super) row: Row,
    pub(super) role: Role,
    /// The patient; none where neither label file nor header says it.
    pub(super) patient: Option<String>,
    pub(super) sha256: String,
    pub(super) pooled: Vec<f32>,
    pub(super) sample: Option<Sample>,
}

impl Seen {
    /// None for a film that is held.
    pub(super) fn of(path: PathBuf, row: &Row, role: Role, record: Record) -> Option<Self> {
        Some(Self {
            path,
            row: row.clone(),
            role,
            patient: patient(row, record.patient.as_deref()),
            sha256: record.sha256,
            pooled: record.pooled?,
            sample: record
                .upright
                .zip(record.misplaced)
                .map(|(upright, misplaced)| Sample { upright, misplaced }),
        })
    }

    /// The patient that the film counts for; one of an unknown patient counts for itself.
    pub(super) fn owner(&self) -> String {
        self.patient.clone().unwrap_or_else(|| format!("film {}", self.sha256))
    }
}

/// Refuses patients on both sides of a split whom only the films' headers name, and copies of one film there.
pub(super) fn check_leaks(films: &Films, seen: &[Seen]) -> Result<(), CommandError> {
    let Some((name, place)) = &films.column else { return Ok(()) };
    let values: Vec<&str> = seen.iter().map(|film| film.row.cells[*place].as_str()).collect();
    refuse_leaks(name, &values, &seen.iter().map(|film| film.patient.as_deref()).collect::<Vec<_>>())?;
    refuse_leaks(name, &values, &seen.iter().map(|film| Some(film.sha256.as_str())).collect::<Vec<_>>())?;
    Ok(())
}
