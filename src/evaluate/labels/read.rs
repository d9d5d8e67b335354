//! From the bytes of a label file to rows.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    LabelError, LabelSet, Row, Shape, Truth, boxes, canonical,
    columns::{Columns, plain, quoted},
    nearest,
    patients::{self, Guess},
    readers,
    table::Table,
    truths::{self, Chosen, TruthChoice},
};
use crate::text::clean;

/// Reads a label file. `known`: the model's labels, of which those that the file speaks of are taken, in
/// their order, and others are noted with the nearest name; without it every finding of the file is taken.
/// `choice`: whose labels count where the file has several.
///
/// # Errors
/// Any [`LabelError`].
pub fn read(bytes: &[u8], known: Option<&[&str]>, choice: TruthChoice<'_>) -> Result<LabelSet, LabelError> {
    let mut table = Table::parse(bytes)?;
    if let Some((kind, columns)) = boxes::of(&table.header) {
        return Err(LabelError::Boxes { kind, columns: quoted(columns.into_iter()) });
    }
    let columns = Columns::of(&table.header)?;
    if table.lines.is_empty() {
        return Err(LabelError::Empty);
    }
    let mut notes: Vec<String> = readers::agree(&mut table, &columns).into_iter().collect();
    let (shape, findings, truths) = match truths::choose(&table, &columns, known, choice)? {
        Chosen::Joined(joined) => {
            let (findings, truths) = joined_names(&table, joined, known, &mut notes)?;
            (Shape::Joined, findings, truths)
        }
        Chosen::Columns(chosen) => {
            let (findings, truths) = finding_columns(&table, &chosen, known, &mut notes)?;
            (Shape::Columns, findings, truths)
        }
    };
    let mut rows = Vec::with_capacity(table.lines.len());
    for ((line, cells), truths) in table.lines.iter().zip(truths) {
        let filled = |column: Option<usize>| column.map(|n| cells[n].clone()).filter(|cell| !cell.is_empty());
        if let Some(film) = filled(Some(columns.film)) {
            let (patient, view, split) =
                (filled(columns.patient), filled(columns.view), filled(columns.split));
            rows.push(Row { line: *line, film, patient, view, split, truths, cells: cells.clone() });
        } else {
            notes.push(format!("line {line} names no film and was left out"));
        }
    }
    let patients_from = match columns.patient {
        Some(n) => Some(format!("column `{}`", table.header[n])),
        None => patients::guess(&mut rows).map(|guess| match guess {
            Guess::Path => "folders named patient… in the films' paths".to_owned(),
            Guess::Name => "the digits before _ in the films' names".to_owned(),
        }),
    };
    Ok(LabelSet { shape, columns: table.header, findings, rows, notes, patients_from })
}

type Findings = (Vec<String>, Vec<Vec<Truth>>);

fn joined_names(
    table: &Table,
    column: usize,
    known: Option<&[&str]>,
    notes: &mut Vec<String>,
) -> Result<Findings, LabelError> {
    let seen: BTreeSet<String> = table.joined_names(column).map(str::to_owned).collect();
    let findings: Vec<String> = match known {
        None => seen.iter().cloned().collect(),
        Some(known) => {
            let meant: BTreeSet<&str> = seen.iter().filter_map(|name| canonical(name, known)).collect();
            note_renamed(seen.iter().map(String::as_str), known, notes);
            note_unknown(seen.iter().map(String::as_str), known, notes);
            if meant.is_empty() {
                let columns = quoted(seen.iter().map(String::as_str));
                let nearest = nearly(seen.iter().map(String::as_str), known);
                return Err(LabelError::NoFindings {
                    columns,
                    labels: quoted(known.iter().copied()),
                    nearest,
                });
            }
            known.iter().filter(|name| meant.contains(*name)).map(|name| (*name).to_owned()).collect()
        }
    };
    let all: Vec<&str> = findings.iter().map(String::as_str).collect();
    let truths = table.lines.iter().map(|(_, cells)| {
        // An empty cell says nothing; `No Finding` says that nothing is there.
        let silent = cells[column].is_empty();
        let there: Vec<&str> = names(&cells[column]).filter_map(|name| canonical(name, &all)).collect();
        let truth = |finding: &&str| match (silent, there.contains(finding)) {
            (true, _) => Truth::Blank,
            (false, true) => Truth::Present,
            (false, false) => Truth::Absent,
        };
        all.iter().map(truth).collect()
    });
    let truths = truths.collect();
    Ok((findings, truths))
}

/// The names in a cell that joins them by `|`.
fn names(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('|').map(str::trim).filter(|name| !name.is_empty() && plain(name) != "nofinding")
}

impl Table {
    /// All names in a column that joins them.
    pub(super) fn joined_names(&self, column: usize) -> impl Iterator<Item = &str> {
        self.lines.iter().flat_map(move |(_, cells)| names(&cells[column]))
    }

    /// Whether every cell of a column says yes, no, uncertain or nothing, and not all nothing.
    pub(super) fn holds_truths(&self, column: usize) -> bool {
        let cells = || self.lines.iter().map(|(_, cells)| &cells[column]);
        cells().all(|cell| Truth::read(cell).is_some()) && cells().any(|cell| !cell.is_empty())
    }
}

/// `columns`: those that may be findings, with the findings' names.
fn finding_columns(
    table: &Table,
    columns: &[(usize, String)],
    known: Option<&[&str]>,
    notes: &mut Vec<String>,
) -> Result<Findings, LabelError> {
    let name = |n: usize| table.header[n].as_str();
    let with_truths = || columns.iter().filter(|(n, _)| table.holds_truths(*n));
    let mut taken: Vec<(String, usize)> = Vec::new();
    match known {
        None => taken.extend(with_truths().map(|(n, finding)| (finding.clone(), *n))),
        Some(known) => {
            let mut places: BTreeMap<&str, usize> = BTreeMap::new();
            for (n, finding) in columns {
                let Some(label) = canonical(finding, known) else { continue };
                if let Some(first) = places.insert(label, *n) {
                    let (first, second) = (name(first).to_owned(), name(*n).to_owned());
                    return Err(LabelError::Twice { first, second });
                }
            }
            taken.extend(known.iter().filter_map(|label| Some(((*label).to_owned(), *places.get(label)?))));
            let others: Vec<&str> = with_truths().map(|(_, finding)| finding.as_str()).collect();
            note_renamed(others.iter().copied(), known, notes);
            note_unknown(others.into_iter(), known, notes);
        }
    }
    if let (Some(known), true) = (known, taken.is_empty()) {
        let labels = quoted(known.iter().copied());
        let columns = quoted(table.header.iter().map(String::as_str));
        let nearest = nearly(table.header.iter().map(String::as_str), known);
        return Err(LabelError::NoFindings { columns, labels, nearest });
    }
    let read_line = |(line, cells): &(u64, Vec<String>)| {
        let cell = |(_, n): &(String, usize)| {
            Truth::read(&cells[*n]).ok_or_else(|| LabelError::Cell {
                line: *line,
                column: name(*n).to_owned(),
                value: cells[*n].clone(),
            })
        };
        taken.iter().map(cell).collect::<Result<Vec<_>, _>>()
    };
    let truths = table.lines.iter().map(read_line).collect::<Result<_, _>>()?;
    Ok((taken.into_iter().map(|(name, _)| name).collect(), truths))
}

fn note_renamed<'a>(names: impl Iterator<Item = &'a str>, known: &[&str], notes: &mut Vec<String>) {
    for name in names {
        if let Some(label) = canonical(name, known).filter(|label| plain(label) != plain(name)) {
            notes.push(format!("`{name}` is read as the model's `{label}`"));
        }
    }
}

fn note_unknown<'a>(names: impl Iterator<Item = &'a str>, known: &[&str], notes: &mut Vec<String>) {
    for name in names.filter(|name| canonical(name, known).is_none()) {
        let near = nearest(name, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        notes.push(format!("the model has no label `{name}`: left out{near}"));
    }
}

/// Which names are nearly a label, as a question; empty if none is.
fn nearly<'a>(names: impl Iterator<Item = &'a str>, known: &[&str]) -> String {
    let near = names.filter_map(|name| Some(format!("`{}` for `{}`", nearest(name, known)?, clean(name))));
    match near.collect::<Vec<_>>().as_slice() {
        [] => String::new(),
        near => format!("; did you mean {}?", near.join(", ")),
    }
}
