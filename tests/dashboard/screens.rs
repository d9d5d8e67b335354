//! Whole screens, as a person sees them.

use crate::dashboard::fixture::{Desk, health};
use cxr_triage::session::protocol::{Health, NoticeLevel, Position, Update};
use insta::assert_snapshot;

#[test]
fn the_morning_at_120x40() {
    assert_snapshot!(Desk::morning(120, 40).screen(120, 40));
}

#[test]
fn the_morning_at_200x50() {
    let mut desk = Desk::morning(200, 50);
    desk.press("j j j");
    assert_snapshot!(desk.screen(200, 50));
}

#[test]
fn the_morning_at_80x24() {
    let mut desk = Desk::morning(80, 24);
    desk.press("j j");
    assert_snapshot!(desk.screen(80, 24));
}

#[test]
fn the_morning_at_60x20() {
    let mut desk = Desk::morning(60, 20);
    desk.press("G");
    assert_snapshot!(desk.screen(60, 20));
}

#[test]
fn a_terminal_too_small_says_what_it_needs() {
    assert_snapshot!(Desk::morning(30, 8).screen(30, 8));
}

#[test]
fn the_help_over_the_list() {
    let mut desk = Desk::morning(100, 30);
    desk.press("?");
    assert_snapshot!(desk.screen(100, 30));
}

#[test]
fn the_palette_finds_actions() {
    let mut desk = Desk::morning(80, 24);
    desk.press(": f i l m down");
    assert_snapshot!(desk.screen(80, 24));
}

#[test]
fn what_may_follow_a_key_is_shown() {
    let mut desk = Desk::morning(80, 24);
    desk.press("g");
    assert_snapshot!(desk.screen(80, 24));
}

#[test]
fn the_large_film_of_a_study_with_two_films() {
    let mut desk = Desk::morning(120, 30);
    desk.press("j j enter");
    assert_snapshot!(desk.screen(120, 30));
}

#[test]
fn a_lateral_is_there_with_its_sentence_and_nothing_is_amiss() {
    let mut desk = Desk::morning(120, 30);
    desk.press("j j");
    let list = desk.screen(120, 30);
    assert!(list.contains("1 more film listed, not scored") && !list.contains("film held"), "{list}");
    desk.press("tab enter");
    let film = desk.screen(120, 30);
    assert!(film.contains("Lateral: listed with its study, not scored.") && !film.contains("Held"), "{film}");
}

#[test]
fn a_held_film_says_why_and_is_shown_nevertheless() {
    let mut desk = Desk::morning(80, 24);
    desk.press("G k");
    assert_snapshot!(desk.screen(80, 24));
}

#[test]
fn what_a_gate_said_of_a_scored_film_stands_above_its_findings() {
    let mut desk = Desk::empty(100, 24);
    let mut detail = crate::dashboard::fixture::morning().remove(0);
    detail.films[0].warnings = vec!["The film has only 190 x 180 pixels.".to_owned()];
    desk.arrive(vec![detail]);
    desk.settle();
    let screen = desk.screen(100, 24);
    let line = |text: &str| screen.lines().position(|line| line.contains(text));
    let warning = line("The film has only 190 x 180 pixels.");
    assert!(warning.is_some() && warning < line("97.0%"), "{screen}");
}

#[test]
fn a_film_that_does_not_decode_says_so() {
    let mut desk = Desk::morning(80, 24);
    desk.broken.insert(121, "the file ends after 3 of 8 strips".to_owned());
    desk.press("G");
    assert_snapshot!(desk.screen(80, 24));
}

#[test]
fn an_empty_list_tells_how_to_feed_it() {
    let mut desk = Desk::empty(80, 24);
    desk.tell(Update::Health(Health { queued: 0, working_on: None, films_per_second: None, ..health() }));
    assert_snapshot!(desk.screen(80, 24));
}

#[test]
fn a_follower_says_so() {
    let mut desk = Desk::morning(100, 24);
    desk.tell(Update::Health(Health { position: Position::Follower, ..health() }));
    assert_snapshot!(desk.screen(100, 24));
}

#[test]
fn alarms_and_errors_are_in_plain_sight() {
    let mut desk = Desk::morning(100, 24);
    desk.tell(Update::Health(Health {
        feed_alarm: Some("No film since 12:58: is the sender still connected?".to_owned()),
        fault: Some(
            "The inbox cannot be read: permission denied; give the user `triage` read access.".to_owned(),
        ),
        ..health()
    }));
    desk.notice(NoticeLevel::Error, "config.toml, line 12: alert must be under 1; the old settings stay");
    desk.settle();
    assert_snapshot!(desk.screen(100, 24));
}
