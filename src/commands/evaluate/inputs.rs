//! The files that an evaluation begins with: labels, films, boxes, and how they meet.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

mod by;
pub(super) mod training;

pub(super) use by::By;
use training::Training;

use crate::{
    commands::{
        CommandError,
        cli::EvaluateArgs,
        output::is_watched,
        scan::films_under,
        unread::{UnreadFiles, told},
    },
    evaluate::{
        FilmBox,
        labels::{self, LabelError, LabelSet, Row, TruthChoice, join},
        read_boxes,
    },
    files::{self, Expected},
    hash::sha256,
    model::Manifest,
    pipeline::shown,
};

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

fn labels_of(
    content: &[u8],
    path: &Path,
    known: Option<&[&str]>,
    truth: Option<&str>,
) -> Result<LabelSet, CommandError> {
    let choice = truth.map_or(TruthChoice::Ask, TruthChoice::Named);
    labels::read(content, known, choice).map_err(|error| wrong(path, &error))
}

/// Films with their rows, and what a person should know of how they met.
#[derive(Debug)]
pub(super) struct Inputs {
    pub(super) folder: PathBuf,
    /// How many films the folder holds.
    pub(super) films: usize,
    /// Each film, as it lies below the folder, with its row.
    pub(super) joined: Vec<(PathBuf, Row)>,
    pub(super) findings: Vec<String>,
    /// The columns that films are grouped by.
    pub(super) by: Vec<By>,
    /// SHA-256 of the label file, hex.
    pub(super) labels_sha256: String,
    /// Films that the model was trained on, as the label file or the model says.
    pub(super) training: usize,
    pub(super) rows: usize,
    pub(super) notes: Vec<String>,
}

/// Reads the labels, finds the films, joins them, and checks that no patient is in `--against`.
pub(super) fn gather(
    args: &EvaluateArgs,
    manifest: &Manifest,
    ignore: &[String],
) -> Result<Inputs, CommandError> {
    let (Some(folder), Some(labels_file)) = (&args.films, &args.labels) else {
        return Err(CommandError::usage("name the films with --films and the labels with --labels"));
    };
    let known: Vec<&str> = manifest.labels.iter().map(|label| label.name.as_str()).collect();
    let content = bytes(labels_file)?;
    let mut set = labels_of(&content, labels_file, Some(&known), args.truth.as_deref())?;
    let by = By::find(&args.by, &set)
        .map_err(|error| CommandError::usage(format!("--by: {}: {error}", shown(labels_file))))?;
    if let Some(split) = &args.split {
        set.keep_split(split).map_err(|error| wrong(labels_file, &error))?;
    }
    if let Some(against) = &args.against {
        check_against(&set, labels_file, against, args.against_split.as_deref())?;
    }
    if !folder.is_dir() {
        return Err(CommandError::usage(format!("{} is not a folder of films", shown(folder))));
    }
    let mut faults = UnreadFiles::new(std::slice::from_ref(folder));
    let files = films_under(std::slice::from_ref(folder), ignore, &mut faults).files;
    faults.end()?;
    let films: Vec<PathBuf> =
        files.iter().map(|file| file.strip_prefix(folder).unwrap_or(file).to_owned()).collect();
    let joined = join(&films, &set.rows);
    if joined.pairs.is_empty() {
        return Err(nothing_joined(folder, labels_file, &films, &set));
    }
    let mut notes = set.notes;
    let mut note = |names: &[String], says: &str| {
        if !names.is_empty() {
            notes.push(format!("{} {says}: {}", names.len(), first(names)));
        }
    };
    note(&joined.missing, "films of the label file are not in the folder");
    let unlabelled = match &args.split {
        None => "films in the folder have no labels and are not scored",
        Some(_) => "films in the folder have no labels in this split and are not scored",
    };
    note(&joined.unlabelled, unlabelled);
    note(&joined.ambiguous, "films cannot be told apart by name and are left out");
    note(&joined.conflicting, "films have rows that contradict each other and are left out");
    if joined.repeated > 0 {
        notes.push(format!("{} rows repeat another one", joined.repeated));
    }
    if joined.by_stem > 0 {
        notes.push(format!("{} films were found by their names without the ending", joined.by_stem));
    }
    let pairs: Vec<(PathBuf, Row)> =
        joined.pairs.iter().map(|&(film, row)| (films[film].clone(), set.rows[row].clone())).collect();
    let labels_sha256 = sha256(&content);
    let training = Training { manifest, labels_sha256: &labels_sha256 };
    notes.extend(training.note(args.split.as_deref(), &pairs));
    Ok(Inputs {
        training: training.count(&pairs),
        folder: folder.clone(),
        films: films.len(),
        joined: pairs,
        findings: set.findings,
        by,
        labels_sha256,
        rows: set.rows.len(),
        notes,
    })
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

/// Refuses a set that shares patients with another: a model knows those that it was trained on.
fn check_against(
    set: &LabelSet,
    file: &Path,
    against: &Path,
    split: Option<&str>,
) -> Result<(), CommandError> {
    // Only its patients are asked for.
    let mut other =
        labels::read(&bytes(against)?, None, TruthChoice::Any).map_err(|error| wrong(against, &error))?;
    if let Some(split) = split {
        other.keep_split(split).map_err(|error| wrong(against, &error))?;
    }
    for (set, file) in [(set, file), (&other, against)] {
        if set.patients_from.is_none() {
            return Err(CommandError::usage(format!(
                "{}: nothing says which patient a film is of, so --against cannot be checked; add a column \
                 PatientId",
                shown(file)
            )));
        }
    }
    let found = labels::overlap(&set.rows, &other.rows);
    if found.shared.is_empty() {
        return Ok(());
    }
    Err(CommandError::failed(format!(
        "{} of the {} patients in {} are in {} too{}: what a model has seen says nothing of how good it is. \
         Take their films out of one of the sets, or choose a split with --split or --against-split",
        found.shared.len(),
        found.first,
        shown(file),
        shown(against),
        if is_watched() { format!(" ({})", first(&found.shared)) } else { String::new() }
    )))
}

/// Boxes by the film's place among those that were joined.
pub(super) type Boxes = HashMap<usize, Vec<FilmBox>>;

/// Boxes by the film's place in `joined`, and what there is to say of those left out.
pub(super) fn boxes(
    path: &Path,
    known: &[&str],
    joined: &[(PathBuf, Row)],
) -> Result<(Boxes, Vec<String>), CommandError> {
    let (boxes, mut notes) = read_boxes(&bytes(path)?, known).map_err(|error| wrong(path, &error))?;
    let row = |b: &FilmBox| Row {
        line: b.line,
        film: b.film.clone(),
        patient: None,
        view: None,
        split: None,
        truths: Vec::new(),
        cells: Vec::new(),
    };
    let rows: Vec<Row> = boxes.iter().map(row).collect();
    let films: Vec<&PathBuf> = joined.iter().map(|(film, _)| film).collect();
    let met = join(&films, &rows);
    let mut by_film: HashMap<usize, Vec<FilmBox>> = HashMap::new();
    for (film, row) in met.pairs {
        let of_film = boxes.iter().filter(|b| b.film == rows[row].film);
        by_film.entry(film).or_default().extend(of_film.cloned());
    }
    if by_film.is_empty() {
        return Err(CommandError::usage(format!(
            "{}: none of its films is among those evaluated",
            shown(path)
        )));
    }
    let left: usize = boxes.len() - by_film.values().map(Vec::len).sum::<usize>();
    if left > 0 {
        notes.push(format!("{left} boxes are on films that are not evaluated"));
    }
    Ok((by_film, notes))
}
