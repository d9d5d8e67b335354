//! `report.html`: one file that needs nothing else, to read, print and send.

use std::fmt::{self, Display, Write};

use super::{
    HOT, HeldFilm, LabelReport, Localisation, Report, SOURCES, SOURCES_IN_FULL, metrics::Share, plot::escape,
    report::Thresholds,
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
    if !report.notes.is_empty() {
        writeln!(page, "<h2>To know first</h2>\n<ul>")?;
        for note in &report.notes {
            writeln!(page, "<li>{}</li>", escape(note))?;
        }
        writeln!(page, "</ul>")?;
    }
    labels(page, report)?;
    elsewhere(page, &report.labels)?;
    if let Some(thresholds) = &report.thresholds {
        proposals(page, thresholds)?;
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
            "AP",
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
        write!(page, "<td>{}</td><td>{}</td>", label.positives, label.negatives)?;
        if let Some(reason) = &label.undefined {
            write!(page, "<td colspan=\"9\" class=\"undefined\">{}</td>", escape(reason))?;
        } else {
            for cell in cells(label) {
                write!(page, "<td>{cell}</td>")?;
            }
        }
        writeln!(page, "</tr>")?;
    }
    writeln!(
        page,
        "</table></div>\n<p class=\"small\">Dimmed labels are not validated for the model. AUC intervals: DeLong, on \
         the logit scale. Sensitivity, specificity: at the threshold in force, Wilson's intervals. Intervals are by \
         film: where patients repeat, the truth is wider. ECE: ten bins of equal width. Published: {}</p>",
        escape(if report.model.evaluation.is_empty() { "nothing" } else { &report.model.evaluation })
    )
}

/// What others published, beside what was measured here.
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

/// What stands in a label's row after its counts.
fn cells(label: &LabelReport) -> [String; 9] {
    let with_interval = |value: f64, interval: Option<[f64; 2]>| match interval {
        Some([low, high]) => format!("{value:.3} <span>[{low:.3}, {high:.3}]</span>"),
        None => format!("{value:.3}"),
    };
    let share = |share: Option<Share>| {
        share.map_or_else(none, |share| with_interval(share.value, Some(share.interval)))
    };
    let auc = label.auc.map_or_else(none, |auc| with_interval(auc.value, auc.interval));
    let published = label.published.map_or_else(none, |known| with_interval(known.auc, known.interval));
    let youden = label.youden.map_or_else(none, |point| {
        format!("{:.3} <span>{:.3} / {:.3}</span>", point.threshold, point.sensitivity, point.specificity)
    });
    let calibration = label.calibration.as_ref();
    [
        auc,
        published,
        number(label.average_precision),
        format!("{:.4}", label.at_threshold.threshold),
        share(label.at_threshold.sensitivity),
        share(label.at_threshold.specificity),
        youden,
        number(calibration.map(|c| c.ece)),
        number(calibration.map(|c| c.brier)),
    ]
}

fn proposals(page: &mut String, thresholds: &Thresholds) -> fmt::Result {
    writeln!(page, "<h2>Proposed thresholds</h2>\n<div class=\"wide\"><table class=\"figures\">")?;
    head(
        page,
        &[
            "Label",
            "Now",
            "Sens.",
            "Spec.",
            "Alarms per 100",
            "Proposed",
            "Sens.",
            "Spec.",
            "Alarms per 100",
            "",
        ],
    )?;
    let percent = |share: Option<Share>| share.map_or_else(none, |s| format!("{:.1}", s.value * 100.0));
    let value = |share: Option<Share>| number(share.map(|share| share.value));
    for proposal in &thresholds.proposals {
        write!(page, "<tr><th scope=\"row\">{}</th>", escape(&proposal.label))?;
        let cells = |at: Option<&super::metrics::AtThreshold>, alarms| {
            let threshold = at.map_or_else(none, |at| short(at.threshold));
            [
                threshold,
                value(at.and_then(|at| at.sensitivity)),
                value(at.and_then(|at| at.specificity)),
                percent(alarms),
            ]
        };
        let now = cells(Some(&proposal.now), proposal.alarms_now);
        for cell in now.into_iter().chain(cells(proposal.then.as_ref(), proposal.alarms_then)) {
            write!(page, "<td>{cell}</td>")?;
        }
        writeln!(
            page,
            "<td class=\"undefined\">{}</td></tr>",
            escape(proposal.not_written.as_deref().unwrap_or(""))
        )?;
    }
    writeln!(
        page,
        "</table></div>\n<p>At least one ranking label alerts on {} of 100 films now, on {} with what would be written. \
         These thresholds are chosen and measured on the same films: expect a little less on others.</p>",
        percent(thresholds.any_alarm_now),
        percent(thresholds.any_alarm_then)
    )
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

/// A threshold to four decimals, or to all that it has if they are more.
fn short(threshold: f64) -> String {
    let (four, all) = (format!("{threshold:.4}"), threshold.to_string());
    if all.len() > four.len() { all } else { four }
}

fn none() -> String {
    "–".to_owned()
}

fn number(value: Option<impl Display>) -> String {
    value.map_or_else(none, |value| format!("{value:.3}"))
}
