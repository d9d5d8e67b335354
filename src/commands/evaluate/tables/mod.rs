//! The report as tables on standard output.

use std::io::{self, Write};

mod comparison;
mod groups;
mod thresholds;

use crate::{
    commands::output::{Lean, table},
    evaluate::{
        HeldFilm, LabelReport, Localisation, Report, SOURCES,
        metrics::{Likely, Share},
    },
};

/// Held and unread films that are named; the report holds all.
const NAMED: usize = 10;

/// Writes everything but the curves.
pub(super) fn write(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let set = &report.set;
    let patients = set.patients.map_or_else(String::new, |n| format!(" of {n} patients"));
    writeln!(
        out,
        "{}: {} films{patients} in the figures, {} held, {} could not be read\n",
        report.model.name,
        set.scored,
        report.held.len(),
        report.unread.len()
    )?;
    for note in &report.notes {
        writeln!(out, "note: {note}")?;
    }
    let warnings = || report.groups.iter().flat_map(|column| &column.warnings);
    for warning in warnings() {
        writeln!(out, "warning: {warning}")?;
    }
    if !report.notes.is_empty() || warnings().next().is_some() {
        writeln!(out)?;
    }
    discrimination(out, report)?;
    elsewhere(out, &report.labels)?;
    writeln!(out)?;
    at_thresholds(out, &report.labels)?;
    predictive(out, &report.labels)?;
    for column in &report.groups {
        groups::write(out, column)?;
    }
    if let Some(comparison) = &report.comparison {
        comparison::write(out, &report.model.name, comparison)?;
    }
    localisation(out, &report.localisation)?;
    if let Some(thresholds) = &report.thresholds {
        thresholds::write(out, thresholds)?;
    }
    films(out, "held", &report.held)?;
    films(out, "could not be read", &report.unread)
}

/// A count of films, and of their patients where these are fewer or more than nothing.
fn of_patients(films: u64, patients: Option<u64>) -> String {
    patients.map_or_else(|| films.to_string(), |patients| format!("{films} of {patients}"))
}

fn discrimination(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let labels = &report.labels;
    let columns = [
        ("LABEL", Lean::Left),
        ("WITH", Lean::Right),
        ("WITHOUT", Lean::Right),
        ("AUC [95 %]", Lean::Left),
        ("PUBLISHED", Lean::Left),
        ("AP [95 %]", Lean::Left),
        ("ECE", Lean::Right),
        ("BRIER", Lean::Right),
    ];
    let row = |label: &LabelReport| {
        let calibration = label.calibration.as_ref();
        let auc = match (&label.undefined, label.auc) {
            (None, Some(auc)) => with_interval(auc.value, auc.interval),
            (Some(reason), _) => reason.clone(),
            (None, None) => none(),
        };
        vec![
            label.label.clone(),
            of_patients(label.positives, label.patients.map(|of| of.with)),
            of_patients(label.negatives, label.patients.map(|of| of.without)),
            auc,
            label.published.map_or_else(none, |known| with_interval(known.auc, known.interval)),
            label
                .average_precision
                .map_or_else(none, |ap| with_interval(ap, label.average_precision_interval)),
            number(calibration.map(|c| c.ece)),
            number(calibration.map(|c| c.brier)),
        ]
    };
    table(out, &columns, &labels.iter().map(row).collect::<Vec<_>>())?;
    if let Some(mean) = report.macro_mean {
        let auc = with_interval(mean.auc, mean.interval);
        writeln!(out, "\nMean AUC of {} labels: {auc}", mean.labels)?;
    }
    let whose = match report.intervals.by {
        "patient" => "WITH and WITHOUT: films of patients. Intervals: by patient",
        _ => "Intervals: by film, for nothing says which patients the films are of",
    };
    writeln!(out, "{whose}, {} draws.", report.intervals.draws)
}

/// Writes the predictive values of an alert where findings are as frequent as somebody says.
fn predictive(out: &mut impl Write, labels: &[LabelReport]) -> io::Result<()> {
    let columns = [
        ("LABEL", Lean::Left),
        ("PREVALENCE", Lean::Right),
        ("PPV [95 %]", Lean::Left),
        ("NPV [95 %]", Lean::Left),
    ];
    let likely =
        |likely: Option<Likely>| likely.map_or_else(none, |it| with_interval(it.value, Some(it.interval)));
    let row = |label: &LabelReport| {
        let it = label.predictive?;
        Some(vec![label.label.clone(), it.prevalence.to_string(), likely(it.positive), likely(it.negative)])
    };
    let rows: Vec<Vec<String>> = labels.iter().filter_map(row).collect();
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    table(out, &columns, &rows)
}

/// Writes the figures that others published beside those that were measured here.
fn elsewhere(out: &mut impl Write, labels: &[LabelReport]) -> io::Result<()> {
    let row = |label: &LabelReport| {
        let auc = label.auc.filter(|_| !label.elsewhere.is_empty())?;
        let mut cells = vec![label.label.clone(), format!("{:.3}", auc.value)];
        cells.extend(label.elsewhere.iter().map(ToString::to_string));
        Some(cells)
    };
    let rows: Vec<Vec<String>> = labels.iter().filter_map(row).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let mut columns = vec![("AUC", Lean::Left), ("HERE", Lean::Right)];
    columns.extend(SOURCES.iter().map(|&source| (source, Lean::Right)));
    writeln!(out, "\nPublished by others on ChestX-ray14, each on films and a split of its own:")?;
    table(out, &columns, &rows)
}

fn at_thresholds(out: &mut impl Write, labels: &[LabelReport]) -> io::Result<()> {
    let columns = [
        ("LABEL", Lean::Left),
        ("THRESHOLD", Lean::Right),
        ("SENSITIVITY [95 %]", Lean::Left),
        ("SPECIFICITY [95 %]", Lean::Left),
        ("YOUDEN", Lean::Right),
        ("SENS", Lean::Right),
        ("SPEC", Lean::Right),
    ];
    let row = |label: &LabelReport| {
        vec![
            label.label.clone(),
            format!("{:.4}", label.at_threshold.threshold),
            share(label.at_threshold.sensitivity),
            share(label.at_threshold.specificity),
            label.youden.map_or_else(none, |point| format!("{:.4}", point.threshold)),
            number(label.youden.map(|point| point.sensitivity)),
            number(label.youden.map(|point| point.specificity)),
        ]
    };
    table(out, &columns, &labels.iter().map(row).collect::<Vec<_>>())
}

fn localisation(out: &mut impl Write, rows: &[Localisation]) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let columns = [
        ("HEATMAP", Lean::Left),
        ("FILMS", Lean::Right),
        ("BOX SHARE", Lean::Right),
        ("POINTING (chance, centre)", Lean::Left),
        ("IOU (chance, centre)", Lean::Left),
        ("IOBB (chance, centre)", Lean::Left),
    ];
    let row = |row: &Localisation| {
        let three = |a: f64, b: f64, c: f64| format!("{a:.3} ({b:.3}, {c:.3})");
        let (h, r, c) = (row.heatmap, row.random, row.centre);
        vec![
            row.label.clone(),
            row.films.to_string(),
            format!("{:.3}", row.box_share),
            three(h.pointing, r.pointing, c.pointing),
            three(h.iou, r.iou, c.iou),
            three(h.iobb, r.iobb, c.iobb),
        ]
    };
    writeln!(out)?;
    table(out, &columns, &rows.iter().map(row).collect::<Vec<_>>())
}

fn films(out: &mut impl Write, what: &str, films: &[HeldFilm]) -> io::Result<()> {
    if films.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    for film in films.iter().take(NAMED) {
        writeln!(out, "{what}: {}: {}", film.film, film.reason)?;
    }
    if films.len() > NAMED {
        writeln!(out, "{what}: {} more", films.len() - NAMED)?;
    }
    Ok(())
}

fn share(share: Option<Share>) -> String {
    share.map_or_else(none, |share| with_interval(share.value, Some(share.interval)))
}

fn with_interval(value: f64, interval: Option<[f64; 2]>) -> String {
    match interval {
        Some([low, high]) => format!("{value:.3} [{low:.3}, {high:.3}]"),
        None => format!("{value:.3}"),
    }
}

fn percent(share: Option<Share>) -> String {
    share.map_or_else(none, |share| format!("{:.1} %", share.value * 100.0))
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(none, |value| format!("{value:.3}"))
}

fn none() -> String {
    "-".to_owned()
}
