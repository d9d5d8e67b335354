//! Films and the label file that speaks of them, for what measures or trains a model.

use std::path::{Path, PathBuf};

use super::{
    CommandError,
    output::is_watched,
    scan::films_under,
    unread::{UnreadFiles, told},
};
use crate::{
    evaluate::labels::{self, LabelError, LabelSet, Row, TruthChoice, join},
    files::{self, Expected},
    hash::sha256,
    pipeline::shown,
    study::Patient,
};
use cxr_film::Header;

/// How many names a message holds.
pub(super) const NAMED: usize = 3;

/// The first names of a list, for a message.
pub(super) fn first(names: &[String]) -> String {
    let more = if names.len() > NAMED { format!(" and {} more", names.len() - NAMED) } else { String::new() };
    format!("{}{more}", names[..names.len().min(NAMED)].join(", "))
}

/// A file whose content is not what it should be.
pub(super) fn wrong(path: &Path, error: &LabelError) -> CommandError {
    let message = format!("{}: {error}", shown(path));
    match error {
        LabelError::Boxes { .. } => CommandError::failed(message),
        _ => CommandError::usage(message),
    }
}

pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, CommandError> {
    files::read(path, Expected::TABLE)
        .map_err(|error| CommandError::usage(format!("{} cannot be read: {error}", shown(path))))
}

/// A label file. `truth`: the name of the labels to take where it has several.
pub(super) fn labels(
    path: &Path,
    known: Option<&[&str]>,
    truth: Option<&str>,
) -> Result<LabelSet, CommandError> {
    labels_of(&bytes(path)?, path, known, truth)
}

/// [`labels`] of a file that was read before.
pub(super) fn labels_of(
    content: &[u8],
    path: &Path,
    known: Option<&[&str]>,
    truth: Option<&str>,
) -> Result<LabelSet, CommandError> {
    let choice = truth.map_or(TruthChoice::Ask, TruthChoice::Named);
    labels::read(content, known, choice).map_err(|error| wrong(path, &error))
}

/// Films of a folder with their rows, and what a person should know of how they met.
#[derive(Debug)]
pub(super) struct Met {
    /// How many films the folder holds.
    pub(super) films: usize,
    /// Each film, as it lies below the folder, with its row.
    pub(super) joined: Vec<(PathBuf, Row)>,
    pub(super) notes: Vec<String>,
}

/// Finds the films of a folder and joins them with the rows of a label file. `unlabelled` says of films without a row
/// what becomes of them.
pub(super) fn meet(
    folder: &Path,
    (set, labels_file): (&LabelSet, &Path),
    ignore: &[String],
    unlabelled: &str,
) -> Result<Met, CommandError> {
    if !folder.is_dir() {
        return Err(CommandError::usage(format!("{} is not a folder of films", shown(folder))));
    }
    let named = [folder.to_owned()];
    let mut faults = UnreadFiles::new(&named);
    let files = films_under(&named, ignore, &mut faults).files;
    faults.end()?;
    let films: Vec<PathBuf> =
        files.iter().map(|file| file.strip_prefix(folder).unwrap_or(file).to_owned()).collect();
    let joined = join(&films, &set.rows);
    if joined.pairs.is_empty() {
        return Err(nothing_joined(folder, labels_file, &films, set));
    }
    let mut notes = Vec::new();
    let mut note = |names: &[String], says: &str| {
        if !names.is_empty() {
            notes.push(format!("{} {says}: {}", names.len(), first(names)));
        }
    };
    note(&joined.missing, "films of the label file are not in the folder");
    note(&joined.unlabelled, unlabelled);
    note(&joined.ambiguous, "films cannot be told apart by name and are left out");
    note(&joined.conflicting, "films have rows that contradict each other and are left out");
    if joined.repeated > 0 {
        notes.push(format!("{} rows repeat another one", joined.repeated));
    }
    if joined.by_stem > 0 {
        notes.push(format!("{} films were found by their names without the ending", joined.by_stem));
    }
    let pairs =
        joined.pairs.iter().map(|&(film, row)| (films[film].clone(), set.rows[row].clone())).collect();
    Ok(Met { films: films.len(), joined: pairs, notes })
}

fn nothing_joined(folder: &Path, labels_file: &Path, films: &[PathBuf], set: &LabelSet) -> CommandError {
    let folder = shown(folder);
    let labels_file = shown(labels_file);
    match films.first() {
        None => CommandError::usage(format!("{folder} holds no films (PNG, JPEG, TIFF or DICOM)")),
        Some(film) => CommandError::usage(format!(
            "none of the {} films in {folder} is named in {labels_file}: the folder holds `{}`, the labels name \
             `{}`; films are joined by file name",
            films.len(),
            told(film, &[]),
            set.rows.first().map_or_else(|| "nothing".to_owned(), |row| told(Path::new(&row.film), &[]))
        )),
    }
}

/// Refuses rows of a label file that share patients with another one: a model knows those that it was trained on.
/// `way_out` says what else can be done than to take films out.
pub(super) fn check_against<'a>(
    rows: impl IntoIterator<Item = &'a Row>,
    set: (&LabelSet, &Path),
    against: &Path,
    split: Option<&str>,
    way_out: &str,
) -> Result<(), CommandError> {
    // Only its patients are asked for.
    let mut other =
        labels::read(&bytes(against)?, None, TruthChoice::Any).map_err(|error| wrong(against, &error))?;
    if let Some(split) = split {
        other.keep_split(split).map_err(|error| wrong(against, &error))?;
    }
    for (set, file) in [set, (&other, against)] {
        if set.patients_from.is_none() {
            return Err(CommandError::usage(format!(
                "{}: nothing says which patient a film is of, so --against cannot be checked; add a column \
                 PatientId",
                shown(file)
            )));
        }
    }
    let found = labels::overlap(rows, &other.rows);
    if found.shared.is_empty() {
        return Ok(());
    }
    Err(CommandError::failed(format!(
        "{} of the {} patients in {} are in {} too{}: what a model has seen says nothing of how good it is. \
         Take their films out of one of the sets{way_out}",
        found.shared.len(),
        found.first,
        shown(set.1),
        shown(against),
        if is_watched() { format!(" ({})", first(&found.shared)) } else { String::new() }
    )))
}

/// Names the patient of a film: as its row says, else by the hash of the Patient ID in its header.
pub(super) fn patient(row: &Row, of_header: Option<&str>) -> Option<String> {
    let said = row.patient.as_deref().map(labels::patient_key);
    said.or_else(|| of_header.map(|hash| format!("of the header: {hash}")))
}

/// A hash of the Patient ID in a header, which no file of ours needs to say in full; none where it names nobody.
pub(super) fn patient_hash(header: &Header) -> Option<String> {
    let patient = Patient::of(header).id;
    (!patient.is_empty()).then(|| sha256(patient)[..16].to_owned())
}
