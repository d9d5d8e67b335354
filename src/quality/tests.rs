//! Each gate by what it lets through and what not.

use super::*;

/// A square film of these greys, with side `side`.
fn film(side: u32, grey: impl Fn(u32, u32) -> u8) -> Film {
    let display: Vec<u8> =
        (0..side).flat_map(|y| (0..side).map(move |x| (x, y))).map(|(x, y)| grey(x, y)).collect();
    Film::of_grey(side, side, display)
}

/// Bright in the middle and below, dark at the sides: the coarse shape of a chest.
fn chest(x: u32, y: u32) -> u8 {
    let across = 100 - x.abs_diff(128) * 100 / 128;
    u8::try_from(20 + across + y * 80 / 256 + (x * 7 + y * 13) % 9).unwrap()
}

fn gate_of(film: &Film) -> Option<Gate> {
    let all_hold =
        Gates { small: Action::Hold, flat: Action::Hold, clipped: Action::Hold, ..Gates::default() };
    inspect(film, &all_hold).err().map(|held| held.gate)
}

/// modality, body part, view, orientation, frames, the gate that holds it
type HeaderCase = (&'static str, &'static str, &'static str, &'static str, u32, Option<Gate>);

#[test]
fn headers_pass_or_are_held_with_the_value_named() {
    let cases: [HeaderCase; 24] = [
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
        let held = inspect_header(&header, &Gates::default()).err();
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
        let listed = held.reason.contains(": listed with its study, not scored");
        assert_eq!(listed, held.gate.lists_beside(), "{}", held.reason);
    }
}

/// Returns what a header with these attributes comes to: the gate that holds the film, or that warns of it.
fn outcome(set: fn(&mut Header)) -> (Option<Gate>, Option<Gate>) {
    let mut header =
        Header { modality: "DX".into(), body_part_examined: "CHEST".into(), ..Header::default() };
    set(&mut header);
    match inspect_header(&header, &Gates::default()) {
        Ok(warnings) => (None, warnings.first().map(|warning| warning.gate)),
        Err(held) => (Some(held.gate), None),
    }
}

#[test]
fn views_and_parts_are_told_by_codes_and_descriptions_where_words_are_missing() {
    type Case = (&'static str, fn(&mut Header), Option<Gate>, Option<Gate>);
    let (view, part) = (Some(Gate::View), Some(Gate::BodyPart));
    let cases: [Case; 22] = [
        ("oblique", |h| h.view_position = "LAO".into(), view, None),
        ("MIMIC's OBL", |h| h.view_position = "OBL".into(), view, None),
        ("PadChest's lateral", |h| h.view_position = "L".into(), view, None),
        ("a decubitus with its beam", |h| h.view_position = "AP LLD".into(), view, None),
        ("an apical view", |h| h.view_position = "AP AXIAL".into(), None, view),
        ("the view of a study", |h| h.view_position = "PA LAT".into(), None, view),
        ("both sides", |h| h.view_position = "PA BILATERAL".into(), None, None),
        ("a code alone", |h| h.view_code = "399173006".into(), view, None),
        (
            "a code against the word",
            |h| (h.view_position, h.view_code) = ("PA".into(), "R-102CD".into()),
            None,
            view,
        ),
        (
            "a table across the beam",
            |h| {
                h.view_position = "AP".into();
                h.view_modifiers = vec!["111069".into(), "Crosstable".into()];
            },
            view,
            None,
        ),
        (
            "a slanting beam",
            |h| (h.view_position, h.view_modifiers) = ("AP".into(), vec!["R-10242".into()]),
            None,
            view,
        ),
        ("a series", |h| h.series_description = "CHEST LATERAL".into(), view, None),
        ("a protocol", |h| h.protocol_name = "Thorax seitlich".into(), view, None),
        ("a series of both", |h| h.series_description = "CHEST PA AND LATERAL".into(), None, None),
        ("a series of several", |h| h.series_description = "LATERAL + OBLIQUE".into(), None, view),
        ("a frontal series", |h| h.series_description = "CHEST PA".into(), None, None),
        (
            "a series against the view",
            |h| (h.view_position, h.series_description) = ("PA".into(), "CHEST LATERAL".into()),
            None,
            view,
        ),
        ("a study", |h| h.study_description = "CHEST LATERAL".into(), None, view),
        (
            "a study with a lateral",
            |h| (h.view_position, h.study_description) = ("PA".into(), "CHEST LATERAL".into()),
            None,
            None,
        ),
        ("words that nobody knows", |h| h.body_part_examined = "XYZ".into(), None, part),
        (
            "a region's code",
            |h| (h.body_part_examined, h.anatomic_region_code) = (String::new(), "T-D9200".into()),
            part,
            None,
        ),
        (
            "a region for an unknown word",
            |h| (h.body_part_examined, h.anatomic_region) = ("RX 1".into(), "Chest".into()),
            None,
            None,
        ),
    ];
    for (what, set, held, warned) in cases {
        assert_eq!(outcome(set), (held, warned), "{what}");
    }
}

#[test]
fn a_site_may_add_modalities() {
    let gates = Gates { allow_modalities: vec!["RG".into(), "RF".into()], ..Gates::default() };
    let of = |modality: &str| Header { modality: modality.into(), ..Header::default() };
    assert_eq!(inspect_header(&of("rf"), &gates), Ok(vec![]));
    let held = inspect_header(&of("CT"), &gates).unwrap_err();
    assert!(held.reason.contains("CR and DX, RG, RF films"), "{}", held.reason);
}

#[test]
fn a_hip_is_held_as_a_hip_even_if_its_pixels_cannot_be_read() {
    let reason = "The compression is not read yet.".to_owned();
    let with_part = |part: &str| {
        let header = Header { body_part_examined: part.into(), ..Header::default() };
        DecodeError { reason: reason.clone(), header: Some(Box::new(header)) }
    };
    assert_eq!(hold(&with_part("HIP"), &Gates::default()).gate, Gate::BodyPart);

    let nameless = DecodeError { reason: reason.clone(), header: None };
    for unreadable in [with_part("CHEST"), nameless] {
        let held = hold(&unreadable, &Gates::default());
        assert_eq!((held.gate, held.reason), (Gate::Unreadable, reason.clone()));
    }
    let lenient = Gates { body_part: Action::Off, ..Gates::default() };
    assert_eq!(hold(&with_part("HIP"), &lenient).gate, Gate::Unreadable);
}

#[test]
fn pictures_pass_or_are_held() {
    let noise = |x: u32, y: u32| u8::try_from((x * 7919 + y * 104_729) % 5).unwrap();
    let cases = [
        ("a chest", film(256, chest), None),
        ("its negative", film(256, |x, y| 255 - chest(x, y)), Some(Gate::Inverted)),
        ("a dim chest", film(256, |x, y| chest(x, y) / 5), None),
        ("black", film(256, |_, _| 0), Some(Gate::Blank)),
        ("white with a marker", film(256, |x, y| if x < 20 && y < 20 { 0 } else { 255 }), Some(Gate::Blank)),
        ("noise", film(256, |x, y| 128 + noise(x, y)), Some(Gate::Blank)),
        ("a chest in a tenth of the scale", film(256, |x, y| chest(x, y) / 9), Some(Gate::Flat)),
        (
            "that with a marker",
            film(256, |x, y| if x < 9 && y < 9 { 255 } else { chest(x, y) / 9 }),
            Some(Gate::Flat),
        ),
        ("a preview", film(199, chest), Some(Gate::Small)),
        ("a black third", film(256, |x, y| if y < 80 { 0 } else { chest(x, y) }), Some(Gate::Clipped)),
        ("burnt out below", film(256, |x, y| if y > 240 { 255 } else { chest(x, y) }), Some(Gate::Clipped)),
    ];
    for (what, film, gate) in cases {
        assert_eq!(gate_of(&film), gate, "{what}");
    }
}

#[test]
fn a_colour_photograph_is_held_and_a_coloured_mark_is_not() {
    for (coloured_percent, gate) in [(0, None), (3, None), (60, Some(Gate::Colour))] {
        let mut film = film(256, chest);
        film.header.coloured_percent = coloured_percent;
        assert_eq!(gate_of(&film), gate, "{coloured_percent} %");
    }
}

#[test]
fn what_could_not_be_used_is_said_beside_the_findings_and_in_the_reason_of_a_gate() {
    let doubt = "Window Width \"wide\" is no number, so the film is shown without a window.";
    let with_doubt = |grey: fn(u32, u32) -> u8| Film { warnings: vec![doubt.to_owned()], ..film(256, grey) };
    let warnings = inspect(&with_doubt(chest), &Gates::default()).unwrap();
    assert_eq!(warnings, [Warning { gate: Gate::Reading, sentence: doubt.to_owned() }]);

    let held = inspect(&with_doubt(|x, y| 255 - chest(x, y)), &Gates::default()).unwrap_err();
    assert!(held.gate == Gate::Inverted && held.reason.ends_with(doubt), "{}", held.reason);
    let limits = Limits { cut_off: 1.0, turned_cut_off: 0.5 };
    let far = Some(Distance { value: 2.0, turned: 0.1, limits });
    let held = inspect_distance(far, &warnings, &Gates::default()).unwrap_err();
    assert!(held.reason.ends_with(doubt), "{}", held.reason);
    let held = inspect_distance(far, &[], &Gates::default()).unwrap_err();
    assert!(!held.reason.contains("read wrongly"), "{}", held.reason);
}

#[test]
fn each_gate_holds_warns_or_is_off_as_the_site_says() {
    let mut hip = film(100, |x, y| 255 - chest(x, y));
    hip.header = Header { body_part_examined: "HIP".into(), ..Header::default() };
    let gates = |action| Gates { body_part: action, small: action, inverted: action, ..Gates::default() };

    assert_eq!(inspect(&hip, &gates(Action::Hold)).unwrap_err().gate, Gate::BodyPart);
    let warnings = inspect(&hip, &gates(Action::Warn)).unwrap();
    let named: Vec<Gate> = warnings.iter().map(|warning| warning.gate).collect();
    assert_eq!(named, [Gate::BodyPart, Gate::Inverted, Gate::Small]);
    assert!(warnings[0].sentence.contains("HIP"), "{}", warnings[0].sentence);
    assert_eq!(inspect(&hip, &gates(Action::Off)), Ok(vec![]));
}

#[test]
fn what_is_far_from_the_training_films_is_held_with_both_numbers() {
    let limits = Limits { cut_off: 31.0, turned_cut_off: 0.5 };
    let distance = |value| Some(Distance { value, turned: 0.1, limits });
    let held = inspect_distance(distance(57.0), &[], &Gates::default()).unwrap_err();
    assert_eq!(held.gate, Gate::OutOfDistribution);
    assert!(held.reason.contains("distance 57.00, cut-off 31.00"), "{}", held.reason);
    for near in [distance(31.0), distance(2.0), None] {
        assert_eq!(inspect_distance(near, &[], &Gates::default()), Ok(None), "{near:?}");
    }
    for odd in [f32::NAN, f32::INFINITY] {
        inspect_distance(distance(odd), &[], &Gates::default()).expect_err("it is not near");
        let turned = Some(Distance { value: 2.0, turned: odd, limits });
        inspect_distance(turned, &[], &Gates::default()).expect_err("it is not upright");
    }
    let off = Gates { out_of_distribution: Action::Off, ..Gates::default() };
    assert_eq!(inspect_distance(distance(57.0), &[], &off), Ok(None));
    let warn = Gates { out_of_distribution: Action::Warn, ..Gates::default() };
    assert_eq!(inspect_distance(distance(57.0), &[], &warn).unwrap().unwrap().gate, Gate::OutOfDistribution);
}

#[test]
fn a_film_on_its_head_is_held_with_a_sentence_of_its_own() {
    let limits = Limits { cut_off: 1.6, turned_cut_off: 0.55 };
    let held = |value, turned| {
        inspect_distance(Some(Distance { value, turned, limits }), &[], &Gates::default())
            .map_err(|held| held.reason)
    };
    let reason = held(1.1, 0.93).unwrap_err();
    assert!(reason.contains("on its head") && reason.contains("0.93, cut-off 0.55"), "{reason}");
    assert!(held(1.7, 0.93).unwrap_err().contains("distance 1.70"), "what is no chest has nothing to turn");
    assert_eq!(held(1.6, 0.55), Ok(None));
}
