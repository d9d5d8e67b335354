//! The report as tables on standard output.

use std::io::{self, Write};

use crate::{
    commands::output::{Lean, table},
    evaluate::{HeldFilm, LabelReport, Localisation, Report, SOURCES, Thresholds, metrics::Share},
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
    if !report.notes.is_empty() {
        writeln!(out)?;
    }
    discrimination(out, &report.labels)?;
    elsewhere(out, &report.labels)?;
    writeln!(out)?;
    at_thresholds(out, &report.labels)?;
    localisation(out, &report.localisation)?;
    if let Some(thresholds) = &report.thresholds {
        proposals(out, thresholds)?;
    }
    films(out, "held", &report.held)?;
    films(out, "could not be read", &report.unread)
}

fn discrimination(out: &mut impl Write, labels: &[LabelReport]) -> io::Result<()> {
    let columns = [
        ("LABEL", Lean::Left),
        ("WITH", Lean::Right),
        ("WITHOUT", Lean::Right),
        ("AUC [95 %]", Lean::Left),
        ("PUBLISHED", Lean::Left),
        ("AP", Lean::Right),
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
            label.positives.to_string(),
            label.negatives.to_string(),
            auc,
            label.published.map_or_else(none, |known| with_interval(known.auc, known.interval)),
            number(label.average_precision),
            number(calibration.map(|c| c.ece)),
            number(calibration.map(|c| c.brier)),
        ]
    };
    table(out, &columns, &labels.iter().map(row).collect::<Vec<_>>())
}

/// What others published, beside what was measured here.
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

fn proposals(out: &mut impl Write, thresholds: &Thresholds) -> io::Result<()> {
    let columns = [
        ("LABEL", Lean::Left),
        ("NOW", Lean::Right),
        ("SENS", Lean::Right),
        ("SPEC", Lean::Right),
        ("ALARMS", Lean::Right),
        ("PROPOSED", Lean::Right),
        ("SENS [95 %]", Lean::Left),
        ("SPEC [95 %]", Lean::Left),
        ("ALARMS", Lean::Right),
        ("", Lean::Left),
    ];
    // Alarms a day where the films a day are known, else of a hundred films.
    let alarms = |share: Option<Share>| match (share, thresholds.films_per_day) {
        (None, _) => none(),
        (Some(share), Some(films)) => format!("{:.1}/day", share.value * films),
        (Some(share), None) => format!("{:.1} %", share.value * 100.0),
    };
    let value = |share: Option<Share>| number(share.map(|share| share.value));
    let rows: Vec<Vec<String>> = thresholds
        .proposals
        .iter()
        .map(|proposal| {
            let then = proposal.then.as_ref();
            vec![
                proposal.label.clone(),
                format!("{:.4}", proposal.now.threshold),
                value(proposal.now.sensitivity),
                value(proposal.now.specificity),
                alarms(proposal.alarms_now),
                then.map_or_else(none, |at| at.threshold.to_string()),
                then.map_or_else(none, |at| share(at.sensitivity)),
                then.map_or_else(none, |at| share(at.specificity)),
                alarms(proposal.alarms_then),
                proposal
                    .not_written
                    .as_ref()
                    .map_or_else(String::new, |reason| format!("not written: {reason}")),
            ]
        })
        .collect();
    writeln!(out)?;
    table(out, &columns, &rows)?;
    writeln!(
        out,
        "At least one ranking label alerts on {} of the films now, on {} with what would be written.",
        percent(thresholds.any_alarm_now),
        percent(thresholds.any_alarm_then)
    )?;
    writeln!(out, "Chosen and measured on the same films: expect a little less on others.")
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
