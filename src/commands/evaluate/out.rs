//! The folder of a report.

use std::{fs, io::Write, path::Path};

use crate::{
    commands::Failure,
    evaluate::{
        Plots, Report, html,
        plot::{self, Shot},
    },
    pipeline::shown,
    private_file,
    text::json,
};

/// Writes report.json, report.html and each plot as SVG and PNG.
pub(super) fn write(folder: &Path, report: &Report, shots: &[Shot], legend: &str) -> Result<(), Failure> {
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
        if let Some(png) = plot::png(svg) {
            put(folder, &format!("{name}.png"), &png)?;
        }
    }
    let json = json::pretty(report)?;
    put(folder, "report.json", &json)?;
    let plots = Plots { curves: plots.into_iter().map(|(_, svg)| svg).collect(), panel };
    put(folder, "report.html", html(report, &plots).as_bytes())
}

/// Writes beside and renames, so that nobody reads half a file.
fn put(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), Failure> {
    let beside = folder.join(format!(".{name}.tmp"));
    let written = private_file::create(&beside)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&beside, folder.join(name)));
    written.map_err(|error| {
        let _ = fs::remove_file(&beside);
        Failure::failed(format!("cannot write {}: {error}", shown(&folder.join(name))))
    })
}
