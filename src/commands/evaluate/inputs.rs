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
        labelled::{bytes, check_against, labels_of, meet, wrong},
    },
    evaluate::{
        FilmBox,
        labels::{Row, join},
        read_boxes,
    },
    hash::sha256,
    model::Manifest,
    pipeline::shown,
};

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
        let split = args.against_split.as_deref();
        let way_out = ", or choose a split with --split or --against-split";
        check_against(&set.rows, (&set, labels_file), against, split, way_out)?;
    }
    let unlabelled = match &args.split {
        None => "films in the folder have no labels and are not scored",
        Some(_) => "films in the folder have no labels in this split and are not scored",
    };
    let met = meet(folder, (&set, labels_file), ignore, unlabelled)?;
    let mut notes = set.notes;
    notes.extend(met.notes);
    let pairs = met.joined;
    let labels_sha256 = sha256(&content);
    let training = Training { manifest, labels_sha256: &labels_sha256 };
    notes.extend(training.note(args.split.as_deref(), &pairs));
    Ok(Inputs {
        training: training.count(&pairs),
        folder: folder.clone(),
        films: met.films,
        joined: pairs,
        findings: set.findings,
        by,
        labels_sha256,
        rows: set.rows.len(),
        notes,
    })
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
