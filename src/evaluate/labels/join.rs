//! Which film a line of a label file is about.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
};

use super::Row;
use crate::text::clean;

/// Films and rows, joined by name. Names in lists are in order and safe to show.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Joined {
    /// Places of a film and its row, in the order of the films.
    pub pairs: Vec<(usize, usize)>,
    /// Films that rows name and that are not there.
    pub missing: Vec<String>,
    /// Films that no row names.
    pub unlabelled: Vec<String>,
    /// Names that several films or rows have and that their folders do not tell apart: left out.
    pub ambiguous: Vec<String>,
    /// Films that several rows say different things about: left out.
    pub conflicting: Vec<String>,
    /// Rows that repeat another one.
    pub repeated: usize,
    /// Films that were found by their names without the ending (`.png` in the file, `.jpg` on disk).
    pub by_stem: usize,
}

/// Joins films, given as paths below their folder, with rows.
///
/// The file name decides. Where several films, or rows with different paths, have one name (CheXpert's
/// `view1_frontal.jpg`), their folders must agree, too: as far as both name folders, from the last up.
#[must_use]
pub fn join(films: &[impl AsRef<Path>], rows: &[Row]) -> Joined {
    let films: Vec<Vec<String>> = films.iter().map(|film| parts(&film.as_ref().to_string_lossy())).collect();
    let rows_parts: Vec<Vec<String>> = rows.iter().map(|row| parts(&row.film)).collect();
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut by_stem: HashMap<&str, Vec<usize>> = HashMap::new();
    for (n, film) in films.iter().enumerate() {
        by_name.entry(name(film)).or_default().push(n);
        by_stem.entry(stem(name(film))).or_default().push(n);
    }
    // Rows by what they name, and the films that may be meant.
    let mut groups: BTreeMap<&str, (Vec<usize>, &[usize])> = BTreeMap::new();
    let mut joined = Joined::default();
    for (n, row) in rows_parts.iter().enumerate() {
        let exact = by_name.get(name(row)).map(Vec::as_slice);
        let candidates = exact.or_else(|| by_stem.get(stem(name(row))).map(Vec::as_slice));
        groups.entry(name(row)).or_insert_with(|| (Vec::new(), candidates.unwrap_or_default())).0.push(n);
    }
    let mut rows_of: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    // Films that an ambiguous row may have meant: they are not without labels.
    let mut perhaps: BTreeSet<usize> = BTreeSet::new();
    for (named, (members, candidates)) in &groups {
        let alone = candidates.len() == 1 && members.iter().all(|&n| rows_parts[n] == rows_parts[members[0]]);
        for &row in members {
            let agree = |film: &&usize| alone || agree(&films[**film], &rows_parts[row]);
            let meant: Vec<usize> = candidates.iter().filter(agree).copied().collect();
            match meant.as_slice() {
                [] => joined.missing.push(clean(&rows[row].film)),
                [film] => {
                    joined.by_stem += usize::from(name(&films[*film]) != *named);
                    rows_of.entry(*film).or_default().push(row);
                }
                _ => {
                    joined.ambiguous.push(clean(&rows[row].film));
                    perhaps.extend(&meant);
                }
            }
        }
    }
    for (film, rows_here) in &rows_of {
        let shown = || clean(&films[*film].join("/"));
        let [first, others @ ..] = rows_here.as_slice() else { continue };
        if others.iter().all(|&other| rows[other].truths == rows[*first].truths) {
            // A flat film that rows of several folders may mean is nobody's.
            if others.iter().any(|&other| rows_parts[other] != rows_parts[*first]) {
                joined.ambiguous.push(shown());
            } else {
                joined.repeated += others.len();
                joined.pairs.push((*film, *first));
            }
        } else if others.iter().all(|&other| rows_parts[other] == rows_parts[*first]) {
            joined.conflicting.push(shown());
        } else {
            joined.ambiguous.push(shown());
        }
    }
    let nobodys = |film: &usize| !rows_of.contains_key(film) && !perhaps.contains(film);
    joined.unlabelled = (0..films.len()).filter(nobodys).map(|film| clean(&films[film].join("/"))).collect();
    joined.missing.sort();
    joined.missing.dedup();
    joined
}

fn parts(path: &str) -> Vec<String> {
    path.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").map(str::to_owned).collect()
}

fn name(parts: &[String]) -> &str {
    parts.last().map_or("", String::as_str)
}

fn stem(name: &str) -> &str {
    name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map_or(name, |(stem, _)| stem)
}

/// Whether two paths can be one: the folders of the shorter are the last ones of the longer.
fn agree(film: &[String], row: &[String]) -> bool {
    let folders = |path: &[String]| path.len().saturating_sub(1);
    let shared = folders(film).min(folders(row));
    let last = |path: &[String]| path[folders(path) - shared..folders(path)].to_vec();
    last(film) == last(row)
}
