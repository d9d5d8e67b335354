//! Which truth a label file tells, where it tells several: labels that a program found in reports beside those that
//! readers agreed on. To take one of them unasked could take the wrong one.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    LabelError, canonical,
    columns::{Columns, plain, quoted},
    table::Table,
};

/// The choice of the labels that count where a file has several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TruthChoice<'a> {
    /// Nobody said: several are an error that lists them.
    Ask,
    /// Those of that name.
    Named(&'a str),
    /// Any: only films and patients are asked for.
    Any,
}

/// The name of the truth that stands in columns called as the findings themselves.
const PLAIN: &str = "columns";

/// Words for where a label comes from, as column names have them beside the finding.
const SOURCES: &[&str] = &[
    "adjudicated",
    "adj",
    "annotator",
    "auto",
    "automatic",
    "chexbert",
    "chexpert",
    "consensus",
    "doctor",
    "expert",
    "gold",
    "groundtruth",
    "gt",
    "human",
    "label",
    "labels",
    "llm",
    "machine",
    "majority",
    "manual",
    "mined",
    "negbio",
    "nlp",
    "original",
    "physician",
    "rad",
    "radiologist",
    "radiologists",
    "reader",
    "reference",
    "report",
    "reports",
    "review",
    "reviewed",
    "silver",
    "text",
    "truth",
    "vote",
];

/// The columns to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Chosen {
    /// One column of joined names.
    Joined(usize),
    /// A column a finding, with the finding's name.
    Columns(Vec<(usize, String)>),
}

/// Chooses among the truths of a table. `known`: the labels that are asked for, if not all.
pub(super) fn choose(
    table: &Table,
    columns: &Columns,
    known: Option<&[&str]>,
    choice: TruthChoice<'_>,
) -> Result<Chosen, LabelError> {
    let mut truths = all(table, columns, known);
    let names: Vec<&str> = truths.iter().map(|(name, _)| name.as_str()).collect();
    let place = match choice {
        TruthChoice::Named(wanted) => {
            names.iter().position(|name| plain(name) == plain(wanted)).ok_or_else(|| LabelError::NoTruth {
                wanted: crate::text::clean(wanted),
                known: quoted(names.iter().copied()),
            })?
        }
        TruthChoice::Ask if truths.len() > 1 => {
            let describe = |(name, chosen): &(String, Chosen)| described(table, name, chosen);
            return Err(LabelError::Truths { choices: truths.iter().map(describe).collect() });
        }
        _ => 0,
    };
    Ok(truths.swap_remove(place).1)
}

fn described(table: &Table, name: &str, chosen: &Chosen) -> String {
    match chosen {
        Chosen::Joined(_) => format!("--truth \"{name}\": the names in that column"),
        Chosen::Columns(columns) => {
            let columns = columns.iter().map(|(n, _)| table.header[*n].as_str());
            format!("--truth \"{name}\": the columns {}", quoted(columns))
        }
    }
}

/// Every truth by name; at least one.
fn all(table: &Table, columns: &Columns, known: Option<&[&str]>) -> Vec<(String, Chosen)> {
    let mut truths: Vec<(String, Chosen)> = joined_columns(table, columns)
        .into_iter()
        .map(|n| (table.header[n].clone(), Chosen::Joined(n)))
        .collect();
    let is_joined = |n: usize| truths.iter().any(|(_, chosen)| *chosen == Chosen::Joined(n));
    let findings: Vec<usize> = columns.others.iter().copied().filter(|&n| !is_joined(n)).collect();
    let with_truths: Vec<usize> = findings.iter().copied().filter(|&n| table.holds_truths(n)).collect();
    let sources = by_source(table, &with_truths, known);
    let sourced: BTreeSet<usize> = sources.values().flatten().map(|(n, _)| *n).collect();
    // Columns that no other speaks against belong to each of the sources, and without sources are one themselves.
    let rest = |n: &&usize| !sourced.contains(*n);
    let plain_name = |n: &usize| (*n, table.header[*n].clone());
    if sources.is_empty() {
        let of_a_row = if truths.is_empty() { &findings } else { &with_truths };
        if truths.is_empty() || !of_a_row.is_empty() {
            truths.push((PLAIN.to_owned(), Chosen::Columns(of_a_row.iter().map(plain_name).collect())));
        }
        return truths;
    }
    for (source, mut columns) in sources {
        columns.extend(findings.iter().filter(rest).map(plain_name));
        columns.sort_unstable();
        truths.push((if source.is_empty() { PLAIN.to_owned() } else { source }, Chosen::Columns(columns)));
    }
    truths
}

/// The column of joined names, and others whose cells hold nothing but its names.
fn joined_columns(table: &Table, columns: &Columns) -> Vec<usize> {
    let Some(first) = columns.joined else { return Vec::new() };
    let names = |n: usize| table.joined_names(n).map(plain).collect::<BTreeSet<String>>();
    let of_first = names(first);
    let is_another = |&n: &usize| {
        let names = names(n);
        !names.is_empty() && !table.holds_truths(n) && names.is_subset(&of_first)
    };
    [first].into_iter().chain(columns.others.iter().copied().filter(is_another)).collect()
}

type Sources = BTreeMap<String, Vec<(usize, String)>>;

/// Columns that speak of one finding from several sources ("Mass" and "Mass_adjudicated", "nlp Mass" and "reader
/// Mass"), by source; a column called as the finding alone has an empty one.
fn by_source(table: &Table, columns: &[usize], known: Option<&[&str]>) -> Sources {
    let is_finding = |name: &str| known.is_none_or(|known| canonical(name, known).is_some());
    let key = |name: &str| known.and_then(|known| canonical(name, known)).map_or_else(|| plain(name), plain);
    // Every way to read a column: source, finding, column.
    let mut readings: Vec<(String, String, usize)> = Vec::new();
    for &n in columns {
        let name = table.header[n].as_str();
        let splits = splits(name).into_iter().chain([("", name)]);
        let splits = splits.filter(|(_, finding)| !plain(finding).is_empty() && is_finding(finding));
        readings.extend(splits.map(|(source, finding)| (plain(source), finding.to_owned(), n)));
    }
    let mut of_finding: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (source, finding, _) in &readings {
        of_finding.entry(key(finding)).or_default().insert(source);
    }
    // A word beside a finding is its source if it says so, or if it stands beside several.
    let contested = |finding: &str| of_finding.get(&key(finding)).is_some_and(|sources| sources.len() > 1);
    let mut beside: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (source, finding, _) in readings.iter().filter(|(_, finding, _)| contested(finding)) {
        beside.entry(source).or_default().insert(key(finding));
    }
    let is_word = |source: &str| SOURCES.contains(&source.trim_end_matches(|c: char| c.is_ascii_digit()));
    let is_source = |source: &str| {
        source.is_empty() || is_word(source) || beside.get(source).is_some_and(|of| of.len() > 1)
    };
    let mut sources = Sources::new();
    for (source, finding, n) in &readings {
        if contested(finding) && is_source(source) {
            let columns = sources.entry(source.clone()).or_default();
            // One name can be taken apart at two joints: "panel: Mass".
            if columns.iter().all(|(column, _)| column != n) {
                columns.push((*n, finding.clone()));
            }
        }
    }
    if sources.len() > 1 { sources } else { Sources::new() }
}

/// A name taken apart at each of its joints, as what stands before or behind the finding.
fn splits(name: &str) -> Vec<(&str, &str)> {
    let joints = name.char_indices().filter(|(_, c)| !c.is_alphanumeric());
    joints
        .flat_map(|(at, joint)| {
            let (before, behind) = (&name[..at], &name[at + joint.len_utf8()..]);
            [(before, behind), (behind, before)]
        })
        .map(|(source, finding)| (source, finding.trim_matches(|c: char| !c.is_alphanumeric())))
        .filter(|(source, finding)| !plain(source).is_empty() && !finding.is_empty())
        .collect()
}
