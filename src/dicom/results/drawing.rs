//! The picture of a secondary capture: the film with its heatmap, and around it, so that nothing of the film is hidden, what
//! it is and is not.
//!
//! ```text
//! R              NOT FOR DIAGNOSIS              L
//! ┌─────────────────────────────────────────────┐
//! │ film, heatmap of the foremost finding        │
//! └─────────────────────────────────────────────┘
//! CRITICAL Pneumothorax 0.93 (alert 0.40, critical 0.85)
//! ```

use image::{Rgb, RgbImage, imageops};

use super::{FilmResult, Outcome, ResultsError, StudyResult, object::PROGRAM};
use crate::{
    model::Heatmap,
    picture::{
        self,
        lettering::{LETTER, wrapped, write},
        sides,
    },
    study::{Finding, Severity},
    text::clean,
};
use cxr_film::Film;

/// The film is shrunk to this width and height.
const MOST: u32 = 1024;
/// The picture is at least so wide, that its sentences can be read.
const LEAST: u32 = 512;
/// Pictures wider than this have letters of twice the size.
const LARGE: u32 = 900;
/// Pixels between text and edge.
const MARGIN: u32 = 8;
const TITLE: &str = "NOT FOR DIAGNOSIS";
const GROUND: [u8; 3] = [24; 3];
const PLAIN: [u8; 3] = [225; 3];
const WARNING: [u8; 3] = [255, 214, 90];
const CRITICAL: [u8; 3] = [255, 120, 110];

/// Draws a scored film.
pub(super) fn draw(
    result: &StudyResult,
    shown: &FilmResult,
    film: &Film,
    heatmap: Option<&Heatmap>,
) -> Result<RgbImage, ResultsError> {
    let Outcome::Scored { findings, model } = &shown.outcome else { return Err(ResultsError::Held) };
    let reached = shown.reached();
    let foremost = reached.first().copied();
    let label =
        foremost.and_then(|foremost| findings.iter().position(|finding| finding.label == foremost.label));
    let heat = heatmap.zip(label).filter(|(map, label)| map.grid(*label).is_some());
    let panel = picture::render(film, heat, (MOST, MOST));
    let width = panel.width().max(LEAST);
    let scale = if width > LARGE { 2 } else { 1 };
    let mut lines = Vec::new();
    if let (Some((map, label)), Some(finding)) = (heat, foremost) {
        let is_flat = map.grid(label).is_none_or(|grid| grid.iter().all(|heat| *heat <= 0.0));
        let what = if is_flat { "points nowhere" } else { "a coarse hint, not a contour" };
        lines.push((format!("Heatmap: {}, {what}", clean(&finding.label)), PLAIN));
    }
    lines.extend(reached.iter().map(|finding| (told(finding), colour(finding.severity))));
    if reached.is_empty() {
        lines.push((
            "No label reached its alert threshold. What is not named may be there.".to_owned(),
            PLAIN,
        ));
    }
    lines.extend(shown.warnings.iter().map(|warning| (format!("Warning: {}", clean(warning)), WARNING)));
    lines.push((
        format!(
            "{PROGRAM} {}, model {}, {}. Research and worklist triage only: not a diagnosis.",
            crate::VERSION,
            clean(&model.name),
            result.at.strftime("%Y-%m-%d %H:%M")
        ),
        PLAIN,
    ));
    Ok(framed(&panel, width, scale, shown.source.header(), &lines))
}

fn told(finding: &Finding) -> String {
    format!(
        "{} {} {:.2} (alert {:.2}, critical {:.2})",
        finding.severity.word().to_uppercase(),
        clean(&finding.label),
        finding.probability,
        finding.threshold,
        finding.critical
    )
}

fn colour(severity: Severity) -> [u8; 3] {
    match severity {
        Severity::Critical => CRITICAL,
        Severity::Urgent => WARNING,
        Severity::Routine | Severity::Held => PLAIN,
    }
}

/// The panel between its title, with the patient's sides, and lines of text.
fn framed(
    panel: &RgbImage,
    width: u32,
    scale: u32,
    header: &cxr_film::Header,
    lines: &[(String, [u8; 3])],
) -> RgbImage {
    let letter = LETTER * scale;
    let letters = ((width - 2 * MARGIN) / letter) as usize;
    let wrapped: Vec<(String, [u8; 3])> = lines
        .iter()
        .flat_map(|(text, colour)| wrapped(text, letters).into_iter().map(move |line| (line, *colour)))
        .collect();
    let pitch = letter + letter / 2;
    let (above, below) =
        (2 * letter + 2 * MARGIN, u32::try_from(wrapped.len()).unwrap_or(0) * pitch + 2 * MARGIN);
    let mut picture = RgbImage::from_pixel(width, above + panel.height() + below, Rgb(GROUND));
    let left = (width - panel.width()) / 2;
    imageops::replace(&mut picture, panel, i64::from(left), i64::from(above));

    let title_width = u32::try_from(TITLE.len()).unwrap_or(0) * 2 * letter;
    write(&mut picture, TITLE, (width.saturating_sub(title_width) / 2, MARGIN), 2 * scale, WARNING);
    if let Some((left_side, right_side)) = sides(&header.patient_orientation) {
        let right = width.saturating_sub(2 * letter + MARGIN);
        write(&mut picture, &left_side.to_string(), (MARGIN, MARGIN), 2 * scale, PLAIN);
        write(&mut picture, &right_side.to_string(), (right, MARGIN), 2 * scale, PLAIN);
    }
    let mut y = above + panel.height() + MARGIN;
    for (line, colour) in wrapped {
        write(&mut picture, &line, (MARGIN, y), scale, colour);
        y += pitch;
    }
    picture
}
