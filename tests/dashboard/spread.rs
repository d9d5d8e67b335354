//! How a film stands among the last ones of its model, and the order of its findings.

use crate::dashboard::fixture::{Desk, noon};
use cxr_triage::{
    dashboard::{Site, Theme},
    session::protocol::Request,
    store::Spread,
};
use insta::assert_snapshot;
use jiff::SignedDuration;

/// So many films, most of them low, a few high.
fn films(count: u16) -> Spread {
    let values = (0..count).map(|at| {
        let part = f32::from(at) / f32::from(count);
        part * part * part
    });
    let of = |label: &str, shift: f32| {
        let label = label.to_owned();
        values.clone().map(move |value| (label.clone(), (value * (1.0 - shift) + shift).clamp(0.0, 1.0)))
    };
    let labels =
        [("Effusion", 0.0), ("Pneumothorax", 0.1), ("Mass", 0.0), ("Infiltration", 0.3), ("Nodule", 0.0)];
    Spread::new("starter", &"0".repeat(64), labels.into_iter().flat_map(|(label, shift)| of(label, shift)))
}

fn desk(width: u16, height: u16, count: u16) -> Desk {
    let mut desk = Desk::empty(width, height);
    desk.spread = Some(films(count));
    desk.arrive(crate::dashboard::fixture::morning());
    desk.settle();
    desk
}

#[test]
fn distributions_stand_beside_the_bars_at_120x40() {
    assert_snapshot!(desk(120, 40, 412).screen(120, 40));
}

#[test]
fn on_a_narrow_screen_the_words_stay_at_80x24() {
    let desk = desk(80, 24, 412);
    let screen = desk.screen(80, 24);
    assert!(!screen.contains('●'), "no room for a distribution:\n{screen}");
    assert_snapshot!(screen);
}

#[test]
fn distributions_are_legible_in_ascii_and_without_colour() {
    let mut desk = desk(120, 40, 412);
    desk.paint(Theme { ascii: true, ..Theme::monochrome() });
    desk.settle();
    let screen = desk.screen(120, 40);
    let findings: Vec<&str> = screen.lines().filter(|line| line.contains('%')).collect();
    assert!(!findings.is_empty() && findings.iter().all(|line| !line.contains(['●', '▁', '▇'])), "{screen}");
    assert!(findings.iter().any(|line| line.contains('@') && line.contains('=')), "{screen}");
    assert_snapshot!(screen);
}

#[test]
fn the_selected_label_is_compared_in_words() {
    for (count, keys, words) in [
        (412, "", "of the last 412 films"),
        (412, "] ] ] ] ] ] ]", "higher than"),
        (5, "", "too few films yet to compare it with"),
    ] {
        let mut desk = desk(120, 40, count);
        desk.press(keys);
        let screen = desk.screen(120, 40);
        let border = screen.lines().find(|line| line.contains("films") && line.contains('╰'));
        assert!(border.is_some_and(|line| line.contains(words)), "{count} films, {keys}:\n{screen}");
        assert_eq!(screen.contains('●'), count >= 20, "{count} films:\n{screen}");
    }
}

#[test]
fn films_of_another_model_are_not_compared_with() {
    let mut desk = Desk::empty(120, 40);
    desk.spread =
        Some(Spread::new("xrv-all", &"1".repeat(64), (0..99).map(|_| ("Effusion".to_owned(), 0.5))));
    desk.arrive(crate::dashboard::fixture::morning());
    desk.settle();
    let screen = desk.screen(120, 40);
    assert!(!screen.contains('●') && !screen.contains("last 99"), "{screen}");
}

#[test]
fn the_last_films_are_asked_for_once_a_model() {
    let mut desk = desk(120, 40, 412);
    desk.press("j j k G g g");
    let asked = desk.sent.iter().filter(|request| matches!(request, Request::Spread { .. })).count();
    assert_eq!(asked, 1);
    desk.handle(cxr_triage::dashboard::Message::Clock(noon() + SignedDuration::from_mins(5)));
    assert_eq!(desk.sent.iter().filter(|request| matches!(request, Request::Spread { .. })).count(), 1);
}

#[test]
fn findings_stand_in_the_sites_order() {
    let mut desk = desk(120, 40, 412);
    let labels = |desk: &Desk| {
        desk.state.findings().iter().take(3).map(|finding| finding.label.clone()).collect::<Vec<_>>()
    };
    let by_score = labels(&desk);
    let order = vec!["Nodule".to_owned(), "Mass".to_owned()];
    desk.configure(Site { findings_order: order, ..Site::default() });
    assert_eq!(labels(&desk)[..2], ["Nodule", "Mass"]);
    assert_eq!(labels(&desk)[2], by_score[0], "the rest by score");
}
