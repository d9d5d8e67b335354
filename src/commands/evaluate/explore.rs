//! `evaluate --explore`: what is in a labelled set.

use std::{
    io::{self, Write},
    path::Path,
};

use crate::{
    commands::{
        CommandError,
        cli::EvaluateArgs,
        labelled,
        output::{Lean, stdout, table},
    },
    evaluate::{self, Explored},
};

/// Pairs and patients that are named.
const NAMED: usize = 12;

/// Describes a label file.
pub(super) fn run(path: &Path, args: &EvaluateArgs) -> Result<(), CommandError> {
    let mut set = labelled::labels(path, None, args.truth.as_deref())?;
    if let Some(split) = &args.split {
        set.keep_split(split).map_err(|error| labelled::wrong(path, &error))?;
    }
    let explored = evaluate::explore(&set);
    let mut out = stdout();
    if args.json {
        out.json(&explored)?;
    } else {
        for note in &set.notes {
            writeln!(out, "note: {note}")?;
        }
        write(&mut out, &explored, set.patients_from.as_deref())?;
    }
    out.flush()?;
    Ok(())
}

fn write(out: &mut impl Write, set: &Explored, patients_from: Option<&str>) -> io::Result<()> {
    let share = |n: usize| format!("{:.1} %", 100.0 * n as f64 / set.films.max(1) as f64);
    match (set.patients, patients_from) {
        (Some(patients), Some(from)) => writeln!(
            out,
            "{} films of {patients} patients ({from}); at most {} of one",
            set.films, set.most_of_a_patient
        )?,
        _ => writeln!(out, "{} films; nothing says which patients they are of", set.films)?,
    }
    writeln!(out, "{} without any finding ({})\n", set.without_finding, share(set.without_finding))?;
    let columns = [
        ("FINDING", Lean::Left),
        ("WITH", Lean::Right),
        ("OF LABELLED", Lean::Right),
        ("ALONE", Lean::Right),
        ("WITHOUT", Lean::Right),
        ("UNCERTAIN", Lean::Right),
        ("EMPTY", Lean::Right),
    ];
    let rows: Vec<Vec<String>> = set
        .findings
        .iter()
        .map(|finding| {
            let labelled = (finding.present + finding.absent).max(1);
            vec![
                finding.finding.clone(),
                finding.present.to_string(),
                format!("{:.1} %", 100.0 * finding.present as f64 / labelled as f64),
                finding.alone.to_string(),
                finding.absent.to_string(),
                finding.uncertain.to_string(),
                finding.blank.to_string(),
            ]
        })
        .collect();
    table(out, &columns, &rows)?;
    if !set.pairs.is_empty() {
        let columns = [("TOGETHER", Lean::Left), ("FILMS", Lean::Right), ("TIMES CHANCE", Lean::Right)];
        let pair = |pair: &evaluate::Pair| {
            vec![
                format!("{} and {}", pair.first, pair.second),
                pair.together.to_string(),
                format!("{:.1}", pair.lift),
            ]
        };
        writeln!(out)?;
        table(out, &columns, &set.pairs.iter().take(NAMED).map(pair).collect::<Vec<_>>())?;
        if set.pairs.len() > NAMED {
            writeln!(out, "and {} more pairs", set.pairs.len() - NAMED)?;
        }
    }
    if !set.views.is_empty() {
        let views = set.views.iter().map(|(view, films)| format!("{view} {films} ({})", share(*films)));
        writeln!(out, "\nviews: {}", views.collect::<Vec<_>>().join(", "))?;
    }
    if !set.splits.is_empty() {
        let split = |(name, (films, patients)): (&String, &(usize, usize))| match set.patients {
            Some(_) => format!("{name} {films} films of {patients} patients"),
            None => format!("{name} {films} films"),
        };
        writeln!(out, "\nsplits: {}", set.splits.iter().map(split).collect::<Vec<_>>().join(", "))?;
        if set.patients.is_some() {
            match set.in_several_splits.len() {
                0 => writeln!(out, "no patient stands in more than one split")?,
                n => writeln!(
                    out,
                    "{n} patients stand in more than one split: {}",
                    labelled::first(&set.in_several_splits)
                )?,
            }
        }
    }
    if !set.repeated_films.is_empty() {
        let names = labelled::first(&set.repeated_films);
        writeln!(out, "\n{} films stand on more than one line: {names}", set.repeated_films.len())?;
    }
    Ok(())
}
