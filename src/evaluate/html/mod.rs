//! `report.html`: one file that needs nothing else, to read, print and send.

use std::fmt::{self, Display, Write};

mod comparison;
mod groups;
mod thresholds;

use super::{
    HOT, HeldFilm, LabelReport, Localisation, Report, SOURCES, SOURCES_IN_FULL,
    metrics::{Likely, Share},
    plot::escape,
};

const STYLE: &str = include_str!("report.css");
/// Held films that are listed; `report.json` holds all.
const LISTED: usize = 200;

/// The plots as SVG, in the order in which they are shown.
#[derive(Debug, Clone, Default)]
pub struct Plots {
    /// ROC, precision-recall, reliability.
    pub curves: Vec<String>,
    /// Films with heatmaps, if there are any.
    pub panel: Option<String>,
}

/// The report as one HTML file.
#[must_use]
pub fn html(report: &Report, plots: &Plots) -> String {
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut page, report, plots);
    page
}

fn write(page: &mut String, report: &Report, plots: &Plots) -> fmt::Result {
    let title = format!("Evaluation of {}", escape(&report.model.name));
    write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
    )?;
    if !report.model.banner.is_empty() {
        writeln!(page, "<p class=\"banner\">{}</p>", escape(&report.model.banner))?;
    }
    facts(page, report)?;
    to_know_first(page, report)?;
    labels(page, report)?;
    predictive(page, &report.labels)?;
    elsewhere(page, &report.labels)?;
    for column in &report.groups {
        groups::write(page, column)?;
    }
    if let Some(comparison) = &report.comparison {
        comparison::write(page, &report.model.name, comparison)?;
    }
    if let Some(proposed) = &report.thresholds {
        thresholds::write(page, proposed)?;
    }
    writeln!(page, "<h2>Curves</h2>")?;
    for svg in &plots.curves {
        writeln!(page, "<figure>{svg}</figure>")?;
    }
    localisation(page, &report.localisation)?;
    if let Some(svg) = &plots.panel {
        writeln!(page, "<figure>{svg}</figure>")?;
    }
    films(
        page,
        "Held films",
        "A gate held these; they are in no figure unless the facts above say so.",
        &report.held,
    )?;
    films(page, "Files that could not be read", "", &report.unread)?;
    writeln!(
        page,
        "<footer>cxr-triage {}, {}. For research and workflow triage; not a medical device.</footer>\n\
         </main>\n</body>\n</html>",
        escape(report.version),
        escape(&report.made)
    )
}

/// Warnings, then notes.
fn to_know_first(page: &mut String, report: &Report) -> fmt::Result {
    let warnings = report.groups.iter().flat_map(|column| &column.warnings);
    let warnings: Vec<String> =
        warnings.map(|warning| format!("<strong>Warning</strong> {}", escape(warning))).collect();
    let notes = report.notes.iter().map(|note| escape(note).to_string());
    let all: Vec<String> = warnings.into_iter().chain(notes).collect();
    if all.is_empty() {
        return Ok(());
    }
    writeln!(page, "<h2>To know first</h2>\n<ul>")?;
    for item in all {
        writeln!(page, "<li>{item}</li>")?;
    }
    writeln!(page, "</ul>")
}

fn facts(page: &mut String, report: &Report) -> fmt::Result {
    let (model, set) = (&report.model, &report.set);
    let split = set.split.as_ref().map_or_else(String::new, |split| format!(", split {split}"));
    let patients = set.patients.map_or_else(String::new, |n| format!(" of {n} patients"));
    let held = match (report.held.len(), set.held_scored) {
        (0, _) => "none".to_owned(),
        (n, true) => format!("{n}, scored and counted all the same"),
        (n, false) => format!("{n}, left out of all figures"),
    };
    let rows = [
        ("Model", format!("{} ({})", model.title, model.name)),
        ("Weights", format!("SHA-256 {}", model.sha256)),
        ("Computed on", model.device.clone()),
        (
            "Films",
            format!("{} films{patients} in the figures; {} in {}", set.scored, set.films, set.films_folder),
        ),
        (
            "Labels",
            format!("{}{split}: {} rows, {} of them with a film", set.labels_file, set.rows, set.joined),
        ),
        ("Held by a gate", held),
        ("-1 and empty cells", format!("{}; {}", set.uncertain, set.blank)),
    ];
    writeln!(page, "<table class=\"facts\">")?;
    for (name, fact) in rows {
        writeln!(page, "<tr><th scope=\"row\">{name}</th><td>{}</td></tr>", escape(&fact))?;
    }
    writeln!(page, "</table>")
}

fn labels(page: &mut String, report: &Report) -> fmt::Result {
    writeln!(page, "<h2>Labels</h2>\n<div class=\"wide\"><table class=\"figures\">")?;
    head(
        page,
        &[
            "Label",
            "With",
            "Without",
            "AUC [95 %]",
            "Published AUC",
            "AP [95 %]",
            "Threshold",
            "Sensitivity [95 %]",
            "Specificity [95 %]",
            "Youden's point <span>(sens. / spec.)</span>",
            "ECE",
            "Brier",
        ],
    )?;
    for label in &report.labels {
        let class = if label.validated { "" } else { " class=\"dim\"" };
        write!(page, "<tr{class}><th scope=\"row\">{}</th>", escape(&label.label))?;
        let patients = label.patients;
        write!(
            page,
            "<td>{}</td><td>{}</td>",
            of_patients(label.positives, patients.map(|of| of.with)),
            of_patients(label.negatives, patients.map(|of| of.without))
        )?;
        if let Some(reason) = &label.undefined {
            write!(page, "<td colspan=\"9\" class=\"undefined\">{}</td>", escape(reason))?;
        } else {
            for cell in cells(label) {
                write!(page, "<td>{cell}</td>")?;
            }
        }
        writeln!(page, "</tr>")?;
    }
    let mean = report.macro_mean.map_or_else(String::new, |mean| {
        format!("<p>Mean AUC of {} labels: {}</p>\n", mean.labels, with_interval(mean.auc, mean.interval))
    });
    let whose = match report.intervals.by {
        "patient" => "Intervals are by patient",
        _ => "Intervals are by film, for nothing says which patients the films are of",
    };
    writeln!(
        page,
        "</table></div>\n{mean}<p class=\"small\">Dimmed labels are not validated for the model. With, without: films, and \
         of how many patients. {whose}: AUC and AP by {} draws of patients with all their films, shares after Wilson on the \
         effective number of films. Sensitivity, specificity: at the threshold in force. ECE: ten bins of equal width. \
         Published: {}</p>",
        report.intervals.draws,
        escape(if report.model.evaluation.is_empty() { "nothing" } else { &report.model.evaluation })
    )
}

/// Writes the table of what an alert means where findings are as frequent as somebody says.
fn predictive(page: &mut String, labels: &[LabelReport]) -> fmt::Result {
    if labels.iter().all(|label| label.predictive.is_none()) {
        return Ok(());
    }
    let likely =
        |likely: Option<Likely>| likely.map_or_else(none, |it| with_interval(it.value, Some(it.interval)));
    writeln!(page, "<h2>What an alert means</h2>\n<div class=\"wide\"><table class=\"figures\">")?;
    head(page, &["Label", "Prevalence", "PPV [95 %]", "NPV [95 %]"])?;
    for (label, it) in labels.iter().filter_map(|label| Some((label, label.predictive?))) {
        writeln!(
            page,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(&label.label),
            it.prevalence,
            likely(it.positive),
            likely(it.negative)
        )?;
    }
    writeln!(
        page,
        "</table></div>\n<p class=\"small\">PPV: of films that alert, those that have the finding; NPV: of the others, \
         those that are without it; at the threshold in force, where so many of all films have it as is given.</p>"
    )
}

/// Writes the table of what others published, beside what was measured here.
fn elsewhere(page: &mut String, labels: &[LabelReport]) -> fmt::Result {
    let known = |label: &&LabelReport| label.auc.is_some() && !label.elsewhere.is_empty();
    if !labels.iter().any(|label| known(&label)) {
        return Ok(());
    }
    writeln!(
        page,
        "<h2>Published by others on ChestX-ray14</h2>\n<div class=\"wide\"><table class=\"figures\">"
    )?;
    head(page, &[&["AUC", "Here"], SOURCES.as_slice()].concat())?;
    for label in labels.iter().filter(known) {
        write!(page, "<tr><th scope=\"row\">{}</th>", escape(&label.label))?;
        write!(page, "<td>{}</td>", number(label.auc.map(|auc| auc.value)))?;
        for known in &label.elsewhere {
            write!(page, "<td>{known}</td>")?;
        }
        writeln!(page, "</tr>")?;
    }
    writeln!(
        page,
        "</table></div>\n<p class=\"small\">Each on films and a split of its own, so small differences say nothing. \
         {}.</p>",
        escape(SOURCES_IN_FULL)
    )
}

/// Returns the cells of a label's row after its counts.
fn cells(label: &LabelReport) -> [String; 9] {
    let auc = label.auc.map_or_else(none, |auc| with_interval(auc.value, auc.interval));
    let published = label.published.map_or_else(none, |known| with_interval(known.auc, known.interval));
    let youden = label.youden.map_or_else(none, |point| {
        format!("{:.3} <span>{:.3} / {:.3}</span>", point.threshold, point.sensitivity, point.specificity)
    });
    let calibration = label.calibration.as_ref();
    [
        auc,
        published,
        label.average_precision.map_or_else(none, |ap| with_interval(ap, label.average_precision_interval)),
        format!("{:.4}", label.at_threshold.threshold),
        share(label.at_threshold.sensitivity),
        share(label.at_threshold.specificity),
        youden,
        number(calibration.map(|c| c.ece)),
        number(calibration.map(|c| c.brier)),
    ]
}

fn localisation(page: &mut String, rows: &[Localisation]) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(page, "<h2>Heatmaps and boxes</h2>\n<div class=\"wide\"><table class=\"figures\">")?;
    head(
        page,
        &[
            "Label",
            "Films",
            "Box share",
            "Pointing",
            "by chance",
            "centre",
            "IoU",
            "by chance",
            "centre",
            "IoBB",
            "by chance",
            "centre",
        ],
    )?;
    for row in rows {
        write!(page, "<tr><th scope=\"row\">{}</th><td>{}</td>", escape(&row.label), row.films)?;
        let (h, r, c) = (row.heatmap, row.random, row.centre);
        let values =
            [row.box_share, h.pointing, r.pointing, c.pointing, h.iou, r.iou, c.iou, h.iobb, r.iobb, c.iobb];
        for value in values {
            write!(page, "<td>{value:.3}</td>")?;
        }
        writeln!(page, "</tr>")?;
    }
    writeln!(
        page,
        "</table></div>\n<p class=\"small\">Pointing: the map's peak lies in a box. IoU, IoBB: the part of the map at {HOT} \
         or more of its maximum against the boxes, over their union, over the hot part itself. By chance: the mean of 20 \
         random maps of the same grid a film. Centre: a blob in the middle of every film. A map of so few cells is a \
         coarse hint, not a localisation.</p>"
    )
}

fn films(page: &mut String, title: &str, explanation: &str, films: &[HeldFilm]) -> fmt::Result {
    if films.is_empty() {
        return Ok(());
    }
    writeln!(page, "<details><summary>{title}: {}</summary>\n<p>{explanation}</p>\n<ul>", films.len())?;
    for film in films.iter().take(LISTED) {
        writeln!(page, "<li><code>{}</code> {}</li>", escape(&film.film), escape(&film.reason))?;
    }
    if films.len() > LISTED {
        writeln!(page, "<li>and {} more, in report.json</li>", films.len() - LISTED)?;
    }
    writeln!(page, "</ul></details>")
}

fn head(page: &mut String, titles: &[&str]) -> fmt::Result {
    write!(page, "<tr>")?;
    for title in titles {
        write!(page, "<th scope=\"col\">{title}</th>")?;
    }
    writeln!(page, "</tr>")
}

/// A number of films, and of how many patients they are.
fn of_patients(films: u64, patients: Option<u64>) -> String {
    patients.map_or_else(|| films.to_string(), |patients| format!("{films} <span>of {patients}</span>"))
}

fn with_interval(value: f64, interval: Option<[f64; 2]>) -> String {
    match interval {
        Some([low, high]) => format!("{value:.3} <span>[{low:.3}, {high:.3}]</span>"),
        None => format!("{value:.3}"),
    }
}

fn share(share: Option<Share>) -> String {
    share.map_or_else(none, |share| with_interval(share.value, Some(share.interval)))
}

fn none() -> String {
    "–".to_owned()
}

fn number(value: Option<impl Display>) -> String {
    value.map_or_else(none, |value| format!("{value:.3}"))
}
