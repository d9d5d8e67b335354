//! The gates that ask the header. Each gives its reason for refusing, or nothing.

use crate::film::Header;

/// The modalities of projection films of the chest (PS3.3 C.7.3.1.1.1).
const MODALITIES: [&str; 2] = ["CR", "DX"];

/// What a Body Part Examined that includes the chest contains: CHEST, THORAX, LUNG of PS3.16 Annex L,
/// combinations (CHESTABDOMEN), and the words that European consoles are set up with.
const CHEST: [&str; 6] = ["CHEST", "THORAX", "TORAX", "TORACE", "LUNG", "POUMON"];

/// The words of lateral, decubitus and oblique views (PS3.3 C.8.7.1, C.8.11.5), whole.
const NOT_FRONTAL: [&str; 9] = ["LL", "RL", "LLD", "RLD", "LLO", "RLO", "LLAT", "RLAT", "OBLIQUE"];

pub(super) fn modality(header: &Header) -> Option<String> {
    let modality = &header.modality;
    let refused = !modality.is_empty() && !is_any_of(modality, &MODALITIES);
    refused.then(|| {
        format!("Modality is {modality}, and only CR and DX films are scored: take it out of the feed to this inbox.")
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
    if is_lateral(view) {
        return Some(format!(
            "The view is {view}, and only frontal films (PA, AP) are scored: read it with its study."
        ));
    }
    // In an upright or lying frontal film rows run to the patient's left or right, in a lateral one to
    // the front or back (Patient Orientation, PS3.3 C.7.6.1.1.1). Asked only where the view is not told.
    let orientation = &header.patient_orientation;
    let sideways = view.is_empty() && orientation.starts_with(['A', 'P', 'a', 'p']);
    sideways.then(|| {
        format!("Patient Orientation is {orientation}, that of a lateral view, and only frontal films are scored: read it with its study.")
    })
}

fn is_lateral(view: &str) -> bool {
    view.to_uppercase()
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| NOT_FRONTAL.contains(&word) || word.starts_with("LAT") || word.ends_with("LATERAL"))
}

fn is_any_of(value: &str, allowed: &[&str]) -> bool {
    allowed.iter().any(|allowed| value.eq_ignore_ascii_case(allowed))
}

#[cfg(test)]
mod tests {
    use crate::{
        film::{Header, Unreadable},
        quality::{Gate, hold, inspect_header},
    };

    /// modality, body part, view, orientation, frames, the gate that holds it
    type Case = (&'static str, &'static str, &'static str, &'static str, u32, Option<Gate>);

    #[test]
    fn headers_pass_or_are_held_with_the_value_named() {
        let cases: [Case; 24] = [
            ("", "", "", "", 1, None),
            ("CR", "CHEST", "PA", r"L\F", 1, None),
            ("DX", "Thorax", "AP", "", 1, None),
            ("DX", "CHESTABDOMEN", "antero-posterior", "", 1, None),
            ("DX", "LUNG", "postero-anterior", "", 1, None),
            ("dx", "TORAX", "", r"R\F", 1, None),
            ("CT", "CHEST", "", "", 1, Some(Gate::Modality)),
            ("MG", "", "", "", 1, Some(Gate::Modality)),
            ("RF", "CHEST", "PA", "", 1, Some(Gate::Modality)),
            ("CR", "HIP", "", "", 1, Some(Gate::BodyPart)),
            ("DX", "RIBCAGE", "", "", 1, Some(Gate::BodyPart)),
            ("DX", "ABDOMEN", "AP", "", 1, Some(Gate::BodyPart)),
            ("CR", "CHEST", "LL", "", 1, Some(Gate::View)),
            ("CR", "CHEST", "RL", "", 1, Some(Gate::View)),
            ("CR", "CHEST", "LATERAL", "", 1, Some(Gate::View)),
            ("CR", "CHEST", "Lat", "", 1, Some(Gate::View)),
            ("CR", "CHEST", "LLD", "", 1, Some(Gate::View)),
            ("CR", "CHEST", "RLO", "", 1, Some(Gate::View)),
            ("DX", "CHEST", "left lateral", "", 1, Some(Gate::View)),
            ("DX", "CHEST", "X-TABLE LAT", "", 1, Some(Gate::View)),
            ("DX", "CHEST", "", r"A\F", 1, Some(Gate::View)),
            ("DX", "CHEST", "", r"P\F", 1, Some(Gate::View)),
            ("DX", "CHEST", "PA", r"P\F", 1, None),
            ("DX", "CHEST", "PA", "", 20, Some(Gate::Frames)),
        ];
        for (modality, body_part, view, orientation, frames, gate) in cases {
            let header = Header {
                modality: modality.into(),
                body_part_examined: body_part.into(),
                view_position: view.into(),
                patient_orientation: orientation.into(),
                frames,
                ..Header::default()
            };
            let held = inspect_header(&header).err();
            assert_eq!(held.as_ref().map(|held| held.gate), gate, "{header:?}");
            let Some(held) = held else { continue };
            let named = match held.gate {
                Gate::Modality => modality,
                Gate::BodyPart => body_part,
                Gate::View if view.is_empty() => orientation,
                Gate::View => view,
                _ => "20",
            };
            assert!(held.reason.contains(named) && held.reason.ends_with('.'), "{}", held.reason);
        }
    }

    #[test]
    fn a_hip_is_held_as_a_hip_even_if_its_pixels_cannot_be_read() {
        let reason = "The compression is not read yet.".to_owned();
        let hip = Header { body_part_examined: "HIP".into(), ..Header::default() };
        let held = hold(&Unreadable { reason: reason.clone(), header: Some(Box::new(hip)) });
        assert_eq!(held.gate, Gate::BodyPart);

        let chest = Header { body_part_examined: "CHEST".into(), ..Header::default() };
        for header in [Some(Box::new(chest)), None] {
            let held = hold(&Unreadable { reason: reason.clone(), header });
            assert_eq!((held.gate, held.reason), (Gate::Unreadable, reason.clone()));
        }
    }
}
