//! The gates that ask the header. Each gives its reason for refusing, or nothing.

use crate::film::Header;

/// The modalities of projection films of the chest (PS3.3 C.7.3.1.1.1).
const MODALITIES: [&str; 2] = ["CR", "DX"];

/// What a Body Part Examined that includes the chest contains: CHEST, THORAX, LUNG of PS3.16 Annex L,
/// combinations (CHESTABDOMEN), and the words that European consoles are set up with.
const CHEST: [&str; 6] = ["CHEST", "THORAX", "TORAX", "TORACE", "LUNG", "POUMON"];

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
    let part = &header.body_part_examined;
    let upper = part.to_uppercase();
    let refused = !part.is_empty() && !CHEST.iter().any(|chest| upper.contains(chest));
    refused.then(|| {
        format!("Body Part Examined is {part}, not the chest: if the film does show a chest, correct the examination at the console.")
    })
}

pub(super) fn frames(header: &Header) -> Option<String> {
    let frames = header.frames;
    (frames > 1)
        .then(|| format!("The file has {frames} frames, and a film has one: send single-frame CR or DX."))
}

pub(super) fn view(header: &Header) -> Option<String> {
    let view = &header.view_position;
    if let Some(kind) = other_view(view) {
        return Some(listed(kind, &format!("Its view is {view}")));
    }
    // In an upright or lying frontal film rows run to the patient's left or right, in a lateral one to
    // the front or back (Patient Orientation, PS3.3 C.7.6.1.1.1). Asked only where the view is not told.
    let orientation = &header.patient_orientation;
    let sideways = view.is_empty() && orientation.starts_with(['A', 'P', 'a', 'p']);
    sideways.then(|| listed("Lateral", &format!("Its Patient Orientation is {orientation}")))
}

fn listed(kind: &str, because: &str) -> String {
    format!(
        "{kind}: listed with its study, not scored. {because}, and only frontal films (PA, AP) are scored."
    )
}

/// What a view is called that is not frontal, by its words (PS3.3 C.8.7.1, C.8.11.5).
fn other_view(view: &str) -> Option<&'static str> {
    let view = view.to_uppercase();
    let mut words = view.split(|c: char| !c.is_alphanumeric());
    words.find_map(|word| match word {
        "LLD" | "RLD" => Some("Decubitus"),
        "LLO" | "RLO" | "OBLIQUE" => Some("Oblique"),
        "LL" | "RL" | "LLAT" | "RLAT" => Some("Lateral"),
        word => (word.starts_with("LAT") || word.ends_with("LATERAL")).then_some("Lateral"),
    })
}
