//! The gates that ask the header. Each gives its reason for refusing, or nothing.

use super::terms::{self, Part, View, Views};
use cxr_film::Header;

/// The modalities of projection films of the chest (PS3.3 C.7.3.1.1.1).
const MODALITIES: [&str; 2] = ["CR", "DX"];

pub(super) fn modality(header: &Header, also: &[String]) -> Option<String> {
    let modality = &header.modality;
    let mut scored = MODALITIES.into_iter().chain(also.iter().map(String::as_str));
    let refused = !modality.is_empty() && !scored.any(|scored| modality.eq_ignore_ascii_case(scored));
    refused.then(|| {
        let also: String = also.iter().map(|modality| format!(", {}", crate::text::clean(modality))).collect();
        format!("Modality is {modality}, and only CR and DX{also} films are scored: take it out of the feed to this inbox.")
    })
}

pub(super) fn body_part(header: &Header) -> Option<String> {
    let (name, part) = told_part(header)?;
    (part == Some(Part::Other)).then(|| {
        format!(
            "{name}, not the chest: if the film does show a chest, correct the examination at the console."
        )
    })
}

/// Words for a body part that are in no table.
pub(super) fn unknown_body_part(header: &Header) -> Option<String> {
    let (name, part) = told_part(header)?;
    part.is_none()
        .then(|| format!("{name}, which this program does not know: see that the film shows a chest."))
}

/// The body part that the header tells, and what it is known as. What is examined is asked first; where that is empty
/// or unknown, the anatomic region, by its code before its words.
fn told_part(header: &Header) -> Option<(String, Option<Part>)> {
    let Header { body_part_examined: examined, anatomic_region: region, anatomic_region_code: code, .. } =
        header;
    let examined_name = format!("Body Part Examined is {examined}");
    if let Some(part) = terms::part(examined) {
        return Some((examined_name, Some(part)));
    }
    let by_region = terms::part_of_code(code).or_else(|| terms::part(region));
    match (by_region, examined.is_empty()) {
        (Some(part), _) => {
            let region = if region.is_empty() { code } else { region };
            Some((format!("Anatomic Region is {region}"), Some(part)))
        }
        (None, false) => Some((examined_name, None)),
        (None, true) => None,
    }
}

pub(super) fn frames(header: &Header) -> Option<String> {
    let frames = header.frames;
    (frames > 1)
        .then(|| format!("The file has {frames} frames, and a film has one: send single-frame CR or DX."))
}

pub(super) fn view(header: &Header) -> Option<String> {
    sources(header).into_iter().find_map(|source| source.refusal())
}

/// Words of a view that is not frontal, where others say that it is, or that may mean another film of the study.
pub(super) fn doubtful_view(header: &Header) -> Option<String> {
    sources(header).into_iter().find_map(|source| source.doubt())
}

/// One attribute's word on the view.
struct Source {
    name: String,
    views: Views,
    /// Enough to hold the film.
    decides: bool,
}

impl Source {
    /// A lateral beside a frontal view in one attribute is the name of a study; oblique, decubitus and special views
    /// are often given with the way of the beam ("AP LLD").
    fn is_certain(&self) -> bool {
        let is_pair = self.views.frontal && matches!(self.views.other, Some(View::Lateral | View::Axial));
        self.decides && !is_pair
    }

    fn refusal(&self) -> Option<String> {
        let kind = kind_of(self.views.other?);
        self.is_certain().then(|| {
            format!(
                "{kind}: listed with its study, not scored. {}, and only frontal films (PA, AP) are scored.",
                self.name
            )
        })
    }

    fn doubt(&self) -> Option<String> {
        let kind = kind_of(self.views.other?).to_lowercase();
        (!self.is_certain()).then(|| {
            format!(
                "{}, so this may be no plain frontal film ({kind}): look at it before its score.",
                self.name
            )
        })
    }
}

/// Reads the view from the header (PS3.3 C.8.7.1, C.8.11.5), attribute by attribute. View Position decides; where it
/// says nothing its code, then Patient Orientation, then the description of the film itself. The description of a
/// study only raises a doubt.
fn sources(header: &Header) -> Vec<Source> {
    let mut sources = Vec::new();
    let is_told = |sources: &[Source]| sources.iter().any(|source| source.views.is_told());
    let mut say = |name: String, views: Views| {
        let decides = !is_told(&sources);
        sources.push(Source { name, views, decides });
    };
    let Header { view_position, view_code, patient_orientation, .. } = header;
    say(format!("Its view is {view_position}"), terms::views(view_position));
    say(format!("Its View Code is {view_code}"), terms::view_of_code(view_code));
    say(format!("Its Patient Orientation is {patient_orientation}"), oriented(patient_orientation));
    let told = is_told(&sources);
    for (name, text, of_the_film) in [
        ("Series Description", &header.series_description, true),
        ("Protocol Name", &header.protocol_name, true),
        ("Study Description", &header.study_description, false),
    ] {
        let (views, several) = terms::described(text);
        let names_both = views.frontal && !matches!(views.other, Some(View::Oblique | View::Decubitus));
        // That of a study speaks of its other films, too.
        if names_both || told && !of_the_film {
            continue;
        }
        let decides = of_the_film && !several && !is_told(&sources);
        sources.push(Source { name: format!("Its {name} is {text}"), views, decides });
    }
    sources.extend(header.view_modifiers.iter().map(|modifier| modified(modifier)));
    sources
}

/// Returns the view that a modifier stands for, whatever it modifies.
fn modified(modifier: &str) -> Source {
    let by_code = terms::view_of_code(modifier);
    let views = if by_code.is_told() { by_code } else { terms::views(modifier) };
    // A slanting beam, as for the apices, leaves it frontal.
    let decides = !matches!(views.other, Some(View::Axial | View::Special));
    Source { name: format!("Its View Modifier is {modifier}"), views, decides }
}

/// In an upright or lying frontal film rows run to the patient's left or right, in a lateral one to
/// the front or back (Patient Orientation, PS3.3 C.7.6.1.1.1).
fn oriented(orientation: &str) -> Views {
    let sideways = orientation.starts_with(['A', 'P', 'a', 'p']);
    let frontal = orientation.starts_with(['L', 'R', 'l', 'r']);
    Views { frontal, other: sideways.then_some(View::Lateral) }
}

fn kind_of(view: View) -> &'static str {
    match view {
        View::Lateral => "Lateral",
        View::Oblique => "Oblique",
        View::Decubitus => "Decubitus",
        View::Axial => "Axial",
        View::Frontal | View::Lying | View::Special => "Special view",
    }
}
