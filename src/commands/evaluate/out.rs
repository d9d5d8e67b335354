//! The folder of a report.

use std::path::Path;

use crate::{
    commands::CommandError,
    evaluate::{
        Plots, Report, html,
        plot::{self, Shot},
    },
    files,
    pipeline::shown,
    text::json,
};

/// Writes report.json, report.html and each plot as SVG.
pub(super) fn write(
    folder: &Path,
    report: &Report,
    shots: &[Shot],
    legend: &str,
) -> Result<(), CommandError> {
    let plots = [
        ("roc", plot::roc(&report.labels)),
        ("precision-recall", plot::precision_recall(&report.labels)),
        ("reliability", plot::reliability(&report.labels)),
    ];
    let panel = (!shots.is_empty()).then(|| plot::panel(shots, legend));
    for (name, svg) in
        plots.iter().map(|(name, svg)| (*name, svg)).chain(panel.iter().map(|svg| ("heatmaps", svg)))
    {
        put(folder, &format!("{name}.svg"), svg.as_bytes())?;
    }
    let json = json::pretty(report)?;
    put(folder, "report.json", &json)?;
    let plots = Plots { curves: plots.into_iter().map(|(_, svg)| svg).collect(), panel };
    put(folder, "report.html", html(report, &plots).as_bytes())
}

/// How files of a report begin: an earlier report may be written over, and nothing else.
const BEGINNINGS: [(&str, &[u8]); 3] = [("svg", b"<svg"), ("json", b"{"), ("html", b"<!doctype html>")];

/// Writes a file whole, over that of an earlier report at most.
fn put(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), CommandError> {
    let path = folder.join(name);
    let ours: Vec<&[u8]> = BEGINNINGS
        .iter()
        .filter(|(ending, _)| name.ends_with(ending))
        .map(|(_, beginning)| *beginning)
        .collect();
    files::export(&path, bytes, &ours)
        .map_err(|error| CommandError::failed(format!("cannot write {}: {error}", shown(&path))))
}
