//! Which films the heatmap panel shows, and their pictures.

use std::path::Path;

use image::RgbImage;

use super::{evaluated::Evaluated, kept::Record};
use crate::{
    evaluate::{Rect, plot::Shot},
    guard::guarded,
    picture::render,
    pipeline::{read, shown},
};

/// Pictures on the panel.
const MOST: usize = 12;
/// Labels that are shown where there are no boxes: three films each.
const LABELS: usize = 4;
/// The side of a picture.
const SIDE: u32 = 460;

/// A film to be drawn.
struct Choice<'a> {
    film: usize,
    record: &'a Record,
    label: usize,
    what: &'static str,
    boxes: Vec<Rect>,
}

/// Chooses films and draws them; with them comes what the panel says of the choice. A film that has gone
/// meanwhile is left out.
pub(super) fn take(evaluated: &Evaluated<'_>) -> (Vec<Shot>, String) {
    let (choices, legend) = if evaluated.boxes.is_empty() {
        let legend = "of the labels with most films: the highest score with the finding, the highest without it, \
                      the lowest with it";
        (by_truth(evaluated), legend)
    } else {
        (
            by_box(evaluated),
            "films with boxes (blue), the highest probability of each label first, hit or miss",
        )
    };
    let mut shots = Vec::new();
    for choice in choices.into_iter().take(MOST) {
        let path = evaluated.inputs.folder.join(&evaluated.inputs.joined[choice.film].0);
        let Some(picture) = guarded(|| draw(evaluated, &path, choice.label)).flatten() else { continue };
        let name = evaluated.inputs.joined[choice.film].0.file_name().unwrap_or_default();
        let probability = probability(choice.record, choice.label).unwrap_or_default();
        shots.push(Shot {
            title: format!("{} {}", evaluated.rules.labels[choice.label].label, choice.what),
            caption: format!("{} · probability {probability:.3}", shown(name.as_ref())),
            picture,
            boxes: choice.boxes,
        });
    }
    (shots, legend.to_owned())
}

/// A film with its heatmap; none for a film that has gone, or that is no longer what it was.
fn draw(evaluated: &Evaluated<'_>, path: &Path, label: usize) -> Option<RgbImage> {
    let film = cxr_film::decode(&read(path).ok()?.content).ok()?;
    let input = evaluated.model.prepare(&film).ok()?;
    let findings = evaluated.model.infer(&[input]).ok()?.pop()?;
    Some(render(&film, Some((&findings.heatmap, label)), (SIDE, SIDE)))
}

fn probability(record: &Record, label: usize) -> Option<f32> {
    record.probabilities.as_ref()?.get(label).copied()
}

/// Boxed films, one of each label in turn, the most probable first: chosen by what the model said, never by
/// how well its map lies.
fn by_box<'a>(evaluated: &Evaluated<'a>) -> Vec<Choice<'a>> {
    let mut of_label: Vec<Vec<Choice<'a>>> = (0..evaluated.rules.labels.len()).map(|_| Vec::new()).collect();
    for &(film, record) in &evaluated.films.counted {
        for (label, choices) in of_label.iter_mut().enumerate() {
            let of_film = evaluated.boxes.get(&film).into_iter().flatten().filter(|b| b.label == label);
            let boxes: Vec<Rect> = of_film.filter_map(|b| b.on(evaluated.box_size(record))).collect();
            if !boxes.is_empty() {
                choices.push(Choice { film, record, label, what: "", boxes });
            }
        }
    }
    for choices in &mut of_label {
        choices.sort_by(|a, b| {
            let value = |choice: &Choice<'_>| probability(choice.record, choice.label).unwrap_or_default();
            value(b).total_cmp(&value(a))
        });
        // Taken from the end.
        choices.reverse();
    }
    let mut chosen = Vec::new();
    while chosen.len() < MOST && of_label.iter().any(|choices| !choices.is_empty()) {
        chosen.extend(of_label.iter_mut().filter_map(Vec::pop));
    }
    chosen
}

/// For the labels with most positives, validated ones first: the highest true, the highest false, the
/// lowest true.
fn by_truth<'a>(evaluated: &Evaluated<'a>) -> Vec<Choice<'a>> {
    let cases = evaluated.cases();
    let with = |label: usize| cases.iter().filter(|case| case.truths[label] == Some(true)).count();
    let mut labels: Vec<usize> = (0..evaluated.rules.labels.len()).filter(|&label| with(label) > 0).collect();
    labels.sort_by_key(|&label| (!evaluated.rules.labels[label].validated, std::cmp::Reverse(with(label))));
    let mut choices = Vec::new();
    for label in labels.into_iter().take(LABELS) {
        let mut pick = |wanted: bool, highest: bool, what: &'static str| {
            let of_kind = cases
                .iter()
                .zip(&evaluated.films.counted)
                .filter(|(case, _)| case.truths[label] == Some(wanted));
            let key = |case: &crate::evaluate::Case<'_>| {
                if highest { case.probabilities[label] } else { -case.probabilities[label] }
            };
            let best = of_kind.max_by(|(a, _), (b, _)| key(a).total_cmp(&key(b)));
            if let Some((_, &(film, record))) = best {
                let is_new = !choices.iter().any(|c: &Choice<'_>| c.film == film && c.label == label);
                if is_new {
                    choices.push(Choice { film, record, label, what, boxes: Vec::new() });
                }
            }
        };
        pick(true, true, "· with it, highest");
        pick(false, true, "· without it, highest");
        pick(true, false, "· with it, lowest");
    }
    choices
}
