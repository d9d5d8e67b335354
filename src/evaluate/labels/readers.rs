//! Tables with a row for each reader of a film, as VinDr's `image_labels_train.csv` has them: what most readers say
//! counts.

use std::collections::BTreeMap;

use super::{
    Truth,
    columns::{Columns, plain},
    table::Table,
};

/// Names that a column of readers goes by, in the form of [`plain`].
const READER: &[&str] =
    &["radid", "readerid", "reader", "radiologistid", "radiologist", "annotatorid", "annotator"];

type Line = (u64, Vec<String>);

/// Makes one row of the rows that several readers have for a film. Says so, if there are such.
pub(super) fn agree(table: &mut Table, columns: &Columns) -> Option<String> {
    let reader = table.header.iter().position(|name| READER.contains(&plain(name).as_str()))?;
    let mut films: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    for line in std::mem::take(&mut table.lines) {
        films.entry(line.1[columns.film].clone()).or_default().push(line);
    }
    let most = films.values().map(Vec::len).max().unwrap_or_default();
    let (mut ties, mut tied_films) = (0_usize, 0_usize);
    for lines in films.into_values() {
        let (line, ties_here) = joined(lines, reader, columns);
        ties += ties_here;
        tied_films += usize::from(ties_here > 0);
        table.lines.extend(line);
    }
    table.lines.sort_by_key(|(line, _)| *line);
    (most > 1).then(|| {
        let open = match ties {
            0 => String::new(),
            ties => {
                format!("; as many for as against a finding count as unknown: {ties} on {tied_films} films")
            }
        };
        let name = &table.header[reader];
        format!(
            "it has a row for each reader (`{name}`, up to {most} a film): what most of them say counts{open}"
        )
    })
}

/// The rows of one film as one, and how many findings its readers are split over. Where a film is not named, or
/// somebody has no name, nothing is known of readers.
fn joined(mut lines: Vec<Line>, reader: usize, columns: &Columns) -> (Vec<Line>, usize) {
    let is_named = |(_, cells): &Line| !cells[columns.film].is_empty() && !cells[reader].is_empty();
    if lines.len() < 2 || !lines.iter().all(is_named) {
        return (lines, 0);
    }
    let mut ties = 0;
    for &column in &columns.others {
        let cells: Vec<&str> = lines.iter().map(|(_, cells)| cells[column].as_str()).collect();
        let Some(truths) = cells.iter().map(|cell| Truth::read(cell)).collect::<Option<Vec<_>>>() else {
            // What is no truth is found and named when the row is read.
            let odd = cells.iter().find(|cell| Truth::read(cell).is_none()).map(|cell| (*cell).to_owned());
            lines[0].1[column] = odd.unwrap_or_default();
            continue;
        };
        let votes = |wanted| truths.iter().filter(|truth| **truth == wanted).count();
        let (present, absent, unsure) =
            (votes(Truth::Present), votes(Truth::Absent), votes(Truth::Uncertain));
        ties += usize::from(present == absent && present > 0);
        let agreed = match present.cmp(&absent) {
            std::cmp::Ordering::Greater => "1",
            std::cmp::Ordering::Less => "0",
            std::cmp::Ordering::Equal if present == 0 && unsure > 0 => "-1",
            std::cmp::Ordering::Equal => "",
        };
        agreed.clone_into(&mut lines[0].1[column]);
    }
    lines.truncate(1);
    (lines, ties)
}
