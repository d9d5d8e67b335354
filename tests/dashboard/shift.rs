//! The shift panel: what it shows, and where its keys lead.

// Clippy knows a test by its attribute, and these are only what tests stand on.
use std::collections::BTreeMap;

use crate::dashboard::fixture::{Desk, health, noon};
use cxr_triage::{
    dashboard::Message,
    health::{HostsFacts, WorkerFacts},
    intake::LeftOut,
    quality::Gate,
    session::protocol::{Health, Period, Position, Request, Update},
    store::{PluginRecord, PluginState, Seen, Shift, Unseen},
    study::Severity,
};
use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};
use ratatui::layout::Size;

fn ago(minutes: i64) -> Timestamp {
    noon() - SignedDuration::from_mins(minutes)
}

/// The morning's shift: it is 14:02, and the day began with a quiet night.
pub(crate) fn shift() -> Shift {
    let hour = |ago: i64| {
        "2026-03-02T14:00:00Z".parse::<Timestamp>().expect("a time") - SignedDuration::from_hours(ago)
    };
    let films = [0, 2, 7, 21, 24, 13, 9, 6, 3, 1, 0, 0, 1, 0, 2, 0, 0, 1, 3, 5, 8, 11, 14, 9];
    let seen = |studies, median, most| Seen {
        studies,
        median: SignedDuration::from_mins(median),
        most: SignedDuration::from_mins(most),
    };
    let unseen = |studies, oldest, minutes| Unseen { studies, oldest, since: ago(minutes) };
    Shift {
        since: "2026-03-02T00:00:00Z".parse().expect("a time"),
        hours: (0..24).rev().map(|at| (hour(at), films[usize::try_from(at).expect("small")])).collect(),
        arrived: 89,
        scored: 80,
        held: vec![(Gate::View, 4), (Gate::Unreadable, 2), (Gate::OutOfDistribution, 1)],
        unseen: BTreeMap::from([
            (Severity::Critical, unseen(2, 2, 47)),
            (Severity::Urgent, unseen(5, 7, 95)),
            (Severity::Routine, unseen(2, 9, 8)),
            (Severity::Held, unseen(2, 11, 31)),
        ]),
        seen: BTreeMap::from([(Severity::Critical, seen(12, 4, 11)), (Severity::Routine, seen(31, 38, 170))]),
        seen_all: Some(seen(43, 22, 150)),
        queued: 412,
        queued_since: Some(ago(3)),
        last_minute: 200,
        device: "cpu fp32".to_owned(),
        left_out: LeftOut { unfinished: 1, text: 2, ..LeftOut::default() },
    }
}

fn plugins() -> Vec<PluginRecord> {
    let record = |name: &str, state| PluginRecord { name: name.to_owned(), state, ..PluginRecord::default() };
    vec![
        PluginRecord { waiting: 3, ..record("csv-log", PluginState::Running) },
        PluginRecord {
            fault: "icu.luau:12: attempt to index nil".to_owned(),
            failures: 5,
            ..record("icu", PluginState::Off)
        },
        record("never", PluginState::Stopped),
    ]
}

fn desk(width: u16, height: u16) -> Desk {
    let mut desk = Desk::morning(width, height);
    desk.shift = Some(shift());
    desk.tell(Update::Plugins(plugins()));
    desk.press("esc o");
    desk
}

#[test]
fn the_shift_at_120x40() {
    assert_snapshot!(desk(120, 40).screen(120, 40));
}

#[test]
fn the_shift_at_80x24() {
    assert_snapshot!(desk(80, 24).screen(80, 24));
}

#[test]
fn the_shift_at_60x20_in_ascii_without_colour() {
    assert_snapshot!(desk(60, 20).ascii_screen(60, 20));
}

#[test]
fn a_shift_in_which_nothing_happened() {
    let mut desk = Desk::empty(80, 24);
    desk.tell(Update::Health(Health { queued: 0, working_on: None, films_per_second: None, ..health() }));
    desk.shift = Some(Shift {
        hours: shift().hours.into_iter().map(|(hour, _)| (hour, 0)).collect(),
        arrived: 0,
        scored: 0,
        held: Vec::new(),
        unseen: BTreeMap::new(),
        seen: BTreeMap::new(),
        seen_all: None,
        queued: 0,
        queued_since: None,
        last_minute: 0,
        ..shift()
    });
    desk.press("o");
    assert_snapshot!(desk.screen(80, 24));
}

#[test]
fn the_panel_says_why_the_program_is_not_ready_and_nothing_while_it_is() {
    let mut desk = Desk::empty(100, 40);
    desk.shift = Some(shift());
    desk.press("o");
    assert!(!desk.screen(100, 40).contains("Health"));
    let reasons = ["the disk of the store has 0.4 GiB left", "no film has come for 42 min"];
    desk.tell(Update::Health(Health { reasons: reasons.map(str::to_owned).into(), ..health() }));
    let screen = desk.screen(100, 40);
    for words in ["Health", reasons[0], reasons[1]] {
        assert!(screen.contains(words), "{screen}");
    }
}

/// The workers of a store that so many hosts share; one of them, in the middle, is not heard of.
pub(crate) fn workers(count: u32) -> HostsFacts {
    let worker = |number: u32| WorkerFacts {
        host: format!("er{number}"),
        process: 4_000 + number,
        model: "starter".to_owned(),
        version: "0.2.0".to_owned(),
        device: "cpu fp32".to_owned(),
        alive: number != 7,
        silent_seconds: if number == 7 { 95 } else { 2 },
        films: 800 + u64::from(number),
        films_per_second: Some(3.4),
        duties: if number == 1 { ["studies", "plugins"].map(str::to_owned).into() } else { Vec::new() },
        ..WorkerFacts::default()
    };
    HostsFacts { workers: (1..=count).map(worker).collect(), ..HostsFacts::default() }
}

/// The desk of a site with 32 workers of which one is lost.
fn desk_of_many(width: u16, height: u16) -> Desk {
    let mut desk = desk(width, height);
    let hosts = workers(32);
    desk.tell(Update::Health(Health { reasons: hosts.faults(), hosts, ..health() }));
    desk
}

#[test]
fn the_shift_of_many_workers_at_120x50() {
    assert_snapshot!(desk_of_many(120, 50).screen(120, 50));
}

#[test]
fn the_shift_of_many_workers_at_80x24() {
    assert_snapshot!(desk_of_many(80, 24).screen(80, 24));
}

#[test]
fn of_many_workers_the_lost_one_comes_first_and_health_falls_off_nowhere() {
    for (width, height) in (60..140).step_by(9).flat_map(|width| (20..50).step_by(3).map(move |h| (width, h)))
    {
        let screen = desk_of_many(width, height).screen(width, height);
        let all = ["Health", "the worker on er7", "31 at work, 1 not heard of"];
        for words in all.iter().take(if height < 24 { 2 } else { 3 }) {
            assert!(screen.contains(words), "{screen}");
        }
        let place = |words| screen.find(words).unwrap_or(usize::MAX);
        assert!(!screen.contains("er1: ") || place("er7: ") < place("er1: "), "{screen}");
    }
    assert!(desk_of_many(120, 40).screen(120, 40).contains("and 27 more"));
}

#[test]
fn enter_goes_to_the_study_that_waits_longest() {
    for (keys, selected) in [
        ("o enter", 2),
        ("o j enter", 7),
        ("o j j enter", 9),
        ("o j j j enter", 11),
        // Over all bands.
        ("o j j j j enter", 7),
        ("o j j j j j j k enter", 11),
        // Whatever the list was narrowed to.
        ("/ d o e enter o enter", 2),
        ("5 o j enter", 7),
    ] {
        let mut desk = Desk::morning(80, 24);
        desk.shift = Some(shift());
        desk.press(keys);
        assert_eq!((desk.selected(), desk.state.open_panel().is_none()), (Some(selected), true), "{keys}");
    }
}

#[test]
fn it_is_counted_while_it_is_open_and_no_longer() {
    let mut desk = Desk::morning(80, 24);
    desk.shift = Some(shift());
    desk.press("j o tab tab tab esc");
    let asked: Vec<Option<Period>> = desk
        .sent
        .iter()
        .filter_map(|request| match request {
            Request::Shift(watch) => Some(watch.as_ref().map(|watch| watch.period)),
            _ => None,
        })
        .collect();
    use Period::{Hours12, Hours24, Today};
    assert_eq!(asked, [Some(Today), Some(Hours12), Some(Hours24), Some(Today), None]);
}

#[test]
fn numbers_of_another_time_are_not_shown_as_this_ones() {
    let mut desk = desk(80, 24);
    desk.shift = None;
    assert!(desk.screen(80, 24).contains("89 films today"));
    desk.press("tab");
    let screen = desk.screen(80, 24);
    assert!(screen.contains("the last 12 hours") && screen.contains("counting"), "{screen}");
    desk.tell(Update::Shift(Period::Hours12, Box::new(Shift { arrived: 1, ..shift() })));
    let screen = desk.screen(80, 24);
    assert!(screen.contains("1 film in the last 12 hours"), "{screen}");
    // An answer that comes too late.
    desk.tell(Update::Shift(Period::Today, Box::new(shift())));
    assert!(!desk.screen(80, 24).contains("89 films"));
}

#[test]
fn a_follower_tells_the_owners_device_and_a_patient_is_hidden_with_the_names() {
    let mut desk = desk(80, 24);
    desk.tell(Update::Health(Health { position: Position::Follower, films_per_second: None, ..health() }));
    let screen = desk.screen(80, 24);
    assert!(screen.contains("cpu fp32, 80 films scored today"), "{screen}");
    // 412 at 200 a minute.
    assert!(screen.contains("empty in about 2m"), "{screen}");
    assert!(screen.contains("LANGE, OTTO"), "{screen}");
    desk.press("esc N o");
    let screen = desk.screen(80, 24);
    assert!(!screen.contains("LANGE") && screen.contains("study 7"), "{screen}");
}

#[test]
fn a_wait_grows_while_the_panel_is_open() {
    let mut desk = desk(80, 24);
    assert!(desk.screen(80, 24).contains("47m"));
    desk.handle(Message::Clock(noon() + SignedDuration::from_mins(1)));
    assert!(desk.state.is_stale() && desk.screen(80, 24).contains("48m"));
}

#[test]
fn it_is_drawn_at_every_size() {
    for (width, height) in
        (30..140).step_by(7).flat_map(|width| (6..50).step_by(4).map(move |height| (width, height)))
    {
        let mut desk = desk(80, 24);
        desk.handle(Message::Resized(Size::new(width, height), None));
        desk.settle();
        let screen = desk.screen(width, height);
        assert!(!screen.is_empty() && (width < 60 || height < 20 || screen.contains("Engine")), "{screen}");
    }
}
