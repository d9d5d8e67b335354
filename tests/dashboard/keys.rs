//! What keys and messages do, as tables of cases.

use crate::dashboard::fixture::{Desk, morning, noon, study};
use cxr_triage::{
    dashboard::{Help, Message, View},
    session::protocol::{NoticeLevel, Request, Update},
    store::Status,
};
use jiff::SignedDuration;
use ratatui::layout::Size;

/// What a person would say of the screen.
#[derive(Debug, PartialEq)]
struct Facts {
    study: i64,
    film: usize,
    label: Option<&'static str>,
    heatmap: bool,
    view: View,
    help: bool,
    quit: bool,
}

/// The first study of the morning, as it comes up.
const START: Facts = Facts {
    study: 1,
    film: 0,
    label: Some("Effusion"),
    heatmap: true,
    view: View::Worklist,
    help: false,
    quit: false,
};

#[test]
fn keys_do_what_the_help_says() {
    let pneumothorax = Some("Pneumothorax");
    for (keys, expected) in [
        ("", START),
        ("j", Facts { study: 2, label: pneumothorax, ..START }),
        ("down", Facts { study: 2, label: pneumothorax, ..START }),
        ("j k", START),
        ("k", START),
        ("G", Facts { study: 12, label: None, ..START }),
        ("G j", Facts { study: 12, label: None, ..START }),
        ("end home", START),
        ("pagedown pageup", START),
        ("h", Facts { heatmap: false, ..START }),
        ("h h", START),
        ("]", Facts { label: Some("Atelectasis"), ..START }),
        ("] [ [", START),
        // A choice of label belongs to its study.
        ("] j k", START),
        // The weakest label is the last, and the last stays.
        ("] ] ] ] ] ] ] ] ] ]", Facts { label: Some("Nodule"), ..START }),
        ("tab", START),
        ("j j tab", Facts { study: 3, film: 1, label: None, ..START }),
        ("j j tab tab", Facts { study: 3, label: Some("Mass"), ..START }),
        ("j j shift-tab", Facts { study: 3, film: 1, label: None, ..START }),
        ("enter", Facts { view: View::Film, ..START }),
        ("enter enter", START),
        ("enter esc", START),
        ("enter j", Facts { study: 2, label: pneumothorax, view: View::Film, ..START }),
        ("?", Facts { help: true, ..START }),
        ("? j j h d", Facts { help: true, ..START }),
        ("? esc", START),
        ("? q", START),
        ("q", Facts { quit: true, ..START }),
        ("ctrl-c", Facts { quit: true, ..START }),
        ("? ctrl-c", Facts { quit: true, help: true, ..START }),
        // Keys one after the other; what fits no longer one is let go of.
        ("G g g", START),
        ("G g", Facts { study: 12, label: None, ..START }),
        ("g x j", Facts { study: 2, label: pneumothorax, ..START }),
        ("g ctrl-c", Facts { quit: true, ..START }),
        (": h e a t enter", Facts { heatmap: false, ..START }),
        (": h e a t esc", START),
        (": j j q", START),
        (": q u i t enter", Facts { quit: true, ..START }),
        ("d", Facts { study: 2, label: pneumothorax, ..START }),
        ("x", START),
    ] {
        let mut desk = Desk::morning(120, 40);
        desk.press(keys);
        let state = &desk.state;
        let seen = Facts {
            study: desk.selected().unwrap_or(0),
            film: state.film_index(),
            label: expected.label.filter(|label| state.selected_label() == Some(label)),
            heatmap: state.heatmap_is_on(),
            view: state.view(),
            help: state.panel::<Help>().is_some(),
            quit: desk.has_quit,
        };
        assert_eq!(seen, expected, "after `{keys}`, label {:?}", state.selected_label());
        assert_eq!(state.selected_label().is_some(), expected.label.is_some(), "after `{keys}`");
    }
}

#[test]
fn a_change_of_status_is_sent_and_can_be_taken_back() {
    use Status::{Done, New, Seen};
    for (keys, sent) in [
        ("space", vec![(1, Seen)]),
        ("space space", vec![(1, Seen), (1, New)]),
        // Looking at the film large is seeing it; closing it is nothing.
        ("enter enter", vec![(1, Seen)]),
        ("enter enter enter", vec![(1, Seen)]),
        ("d d", vec![(1, Done), (2, Done)]),
        ("d u", vec![(1, Done), (1, New)]),
        ("space d u u u", vec![(1, Seen), (1, Done), (1, Seen), (1, New)]),
        ("u", vec![]),
    ] {
        let mut desk = Desk::morning(120, 40);
        desk.press(keys);
        let statuses: Vec<_> = desk
            .sent
            .iter()
            .filter_map(|request| match request {
                Request::Status(id, status) => Some((*id, *status)),
                Request::TakeBack(id, handling) => Some((*id, handling.status)),
                _ => None,
            })
            .collect();
        assert_eq!(statuses, sent, "after `{keys}`");
    }
}

#[test]
fn a_held_film_is_asked_for_once_and_nothing_else_is() {
    for (keys, sent) in [
        ("S", vec![]),
        ("G S", vec![121]),
        ("G S S", vec![121]),
        ("j j S", vec![]),
        ("j j tab S tab S", vec![31]),
    ] {
        let mut desk = Desk::morning(120, 40);
        desk.press(keys);
        let asked: Vec<_> = desk
            .sent
            .iter()
            .filter_map(|request| match request {
                Request::Score(film) => Some(*film),
                _ => None,
            })
            .collect();
        assert_eq!(asked, sent, "after `{keys}`");
        assert!(desk.state.notice().is_some(), "after `{keys}` nothing says what happens");
    }
    let mut desk = Desk::morning(120, 40);
    desk.press("G S");
    assert!(desk.screen(120, 40).contains("anna asked at 14:02 for its score: waiting"));
    if let Some(film) = desk.studies.get_mut(&12).and_then(|detail| detail.films.first_mut()) {
        (film.decoded, film.on_request) = (false, None);
    }
    desk.press("k j");
    desk.sent.clear();
    desk.press("S");
    assert!(desk.sent.is_empty(), "a file without a picture cannot be scored: {:?}", desk.sent);
}

#[test]
fn a_study_that_was_done_by_mistake_comes_back() {
    let mut desk = Desk::morning(120, 40);
    let before = desk.state.worklist().len();
    desk.press("d");
    assert_eq!(desk.state.worklist().len(), before - 1);
    desk.press("u");
    assert_eq!(desk.state.worklist().len(), before);
}

#[test]
fn an_arrival_never_moves_the_selection_off_its_study() {
    for keys in ["", "j j", "G", "G k k"] {
        for size in [(120, 40), (80, 24), (60, 20), (40, 10)] {
            let mut desk = Desk::morning(size.0, size.1);
            desk.press(keys);
            let selected = desk.selected();
            for id in 100..140 {
                desk.arrive(vec![study(id, "NEW^ONE", 0, &[("Pneumothorax", 0.9)])]);
                desk.settle();
            }
            assert_eq!(desk.selected(), selected, "after `{keys}` at {size:?}");
            let marked = desk.screen(size.0, size.1).lines().filter(|line| line.starts_with("\"│▸")).count();
            assert!(marked >= 1, "the selection left the screen after `{keys}` at {size:?}");
        }
    }
}

#[test]
fn only_the_study_where_the_selection_stops_is_asked_for() {
    let mut desk = Desk::morning(120, 40);
    desk.sent.clear();
    let down = "j".parse::<cxr_triage::dashboard::Key>().expect("a key");
    for _ in 0..5 {
        desk.handle(Message::Key(down.into()));
    }
    desk.settle();
    let details = desk.sent.iter().filter(|request| matches!(request, Request::Detail(_))).count();
    let pictures = desk.sent.iter().filter(|request| matches!(request, Request::Picture(_))).count();
    assert_eq!((details, pictures), (1, 1), "{:?}", desk.sent);
}

#[test]
fn the_old_picture_stays_until_the_new_one_is_there_and_says_so() {
    let mut desk = Desk::morning(120, 40);
    desk.makes_pictures = false;
    desk.press("j");
    let shown = desk.state.gallery().shown().map(|(request, _)| request.film);
    assert_eq!(shown, Some(10), "the film of the first study");
    assert!(desk.state.gallery().is_loading());
    assert!(desk.screen(120, 40).contains("previous film shown, loading this one"));
    // Back to a picture that is kept: nothing is asked for, nothing loads.
    desk.sent.clear();
    desk.press("k");
    assert!(!desk.state.gallery().is_loading());
    assert!(!desk.sent.iter().any(|request| matches!(request, Request::Picture(_))), "{:?}", desk.sent);
}

#[test]
fn pictures_are_asked_for_anew_when_the_terminal_changes_its_size() {
    let mut desk = Desk::morning(120, 40);
    let width = |desk: &Desk| desk.state.gallery().shown().map(|(request, _)| request.width);
    let before = width(&desk);
    desk.handle(Message::Resized(Size::new(80, 24), None));
    desk.settle();
    assert!(width(&desk) < before, "{:?} after {before:?}", width(&desk));
}

#[test]
fn an_answer_for_a_study_that_is_no_longer_selected_changes_nothing() {
    let mut desk = Desk::morning(120, 40);
    desk.press("j");
    let late = morning().swap_remove(0);
    desk.tell(Update::Detail(Box::new(late)));
    assert_eq!(desk.state.detail().map(|detail| detail.study.id), Some(2));
}

#[test]
fn information_fades_and_errors_stay_until_they_are_put_away() {
    for (level, fades) in
        [(NoticeLevel::Info, true), (NoticeLevel::Warning, false), (NoticeLevel::Error, false)]
    {
        let mut desk = Desk::morning(120, 40);
        desk.notice(level, "something happened");
        desk.handle(Message::Clock(noon() + SignedDuration::from_secs(3)));
        assert!(desk.state.notice().is_some(), "{level:?} is there after three seconds");
        desk.handle(Message::Clock(noon() + SignedDuration::from_secs(60)));
        assert_eq!(desk.state.notice().is_none(), fades, "{level:?} after a minute");
        desk.press("esc");
        assert!(desk.state.notice().is_none(), "{level:?} after esc");
    }
}

#[test]
fn nothing_is_drawn_while_nothing_changes() {
    let mut desk = Desk::morning(120, 40);
    desk.state.take_stale();
    desk.handle(Message::Clock(noon() + SignedDuration::from_secs(10)));
    desk.tell(Update::Health(crate::dashboard::fixture::health()));
    desk.settle();
    assert!(!desk.state.is_stale(), "ten seconds and the same health");
    desk.handle(Message::Clock(noon() + SignedDuration::from_secs(61)));
    assert!(desk.state.is_stale(), "a minute: the waits have grown");
}

#[test]
fn the_end_of_the_pipeline_is_said() {
    let mut desk = Desk::morning(120, 40);
    desk.handle(Message::FeedClosed);
    assert!(desk.screen(120, 40).contains("The pipeline behind this dashboard has stopped"));
}

#[test]
fn every_size_and_every_state_draws() {
    for width in (1..200).step_by(7) {
        for height in (1..60).step_by(5) {
            for keys in ["", "enter", "?", "G", "j j tab", "g", ":", ": x q z"] {
                let mut desk = Desk::morning(width, height);
                desk.press(keys);
                let screen = desk.screen(width, height);
                assert_eq!(screen.lines().count(), usize::from(height), "{width}x{height} after `{keys}`");
            }
        }
    }
}
