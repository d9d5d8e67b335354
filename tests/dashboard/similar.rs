//! "Like this": what the panel shows of similar films, and where its keys lead.

use cxr_triage::{
    dashboard::View,
    session::protocol::{NoSimilarError, Request, SimilarFilm},
    store::{FilmState, Note, Status, StudyId},
};
use insta::assert_snapshot;
use ratatui::layout::Size;

use crate::dashboard::fixture::{Desk, noon, study};
use cxr_triage::{dashboard::Message, session::protocol::Update};

/// A film of that study as the store knows it.
fn like(desk: &Desk, id: StudyId, distance: f32) -> SimilarFilm {
    let detail = &desk.studies[&id];
    let film = &detail.films[0];
    let FilmState::Scored { findings, .. } = &film.state else { panic!("a scored film") };
    SimilarFilm {
        film: film.id,
        study: detail.study.clone(),
        findings: findings.clone(),
        notes: detail.notes.clone(),
        distance,
    }
}

/// The morning's list, and five studies that are like the first one. One of them is done.
fn desk(width: u16, height: u16) -> Desk {
    let mut desk = Desk::morning(width, height);
    let mut done = study(20, "PETIT^LUC", 2880, &[("Effusion", 0.93)]);
    (done.study.status, done.study.status_by) = (Status::Done, "ben".to_owned());
    let text = "known effusion, drained on Monday".to_owned();
    done.notes = vec![Note { author: "ben".to_owned(), time: noon(), text }];
    desk.arrive(vec![done]);
    desk.settle();
    let found = [(20, 0.012), (2, 0.034), (4, 0.101), (8, 0.2), (9, 0.31)];
    let found = found.map(|(id, distance)| like(&desk, id, distance)).into();
    let Some(asked) = desk.state.film().map(|film| film.id) else { panic!("a film") };
    desk.similar.insert(asked, Ok(found));
    desk.press("L");
    desk
}

/// The films of the picture on the screen.
fn shown(desk: &Desk) -> Option<(i64, Option<i64>)> {
    desk.state.gallery().shown().map(|(request, _)| (request.film, request.prior))
}

#[test]
fn similar_films_at_120x40() {
    assert_snapshot!(desk(120, 40).screen(120, 40));
}

#[test]
fn similar_films_at_80x24_without_names() {
    let mut desk = desk(80, 24);
    desk.press("esc N L j");
    let screen = desk.screen(80, 24);
    for name in ["PETIT", "山田", "OKORO", "00000150", "drained", "P0008"] {
        assert!(!screen.contains(name), "{name}: {screen}");
    }
    assert_snapshot!(screen);
}

#[test]
fn the_chosen_film_stands_beside_the_selected_one_and_leaves_with_the_panel() {
    let mut desk = desk(120, 40);
    let film = desk.state.film().expect("a film").id;
    assert_eq!(shown(&desk), Some((film, Some(200))));
    assert!(desk.screen(120, 40).contains("right: another patient, coarse hint"));
    desk.press("j j");
    assert_eq!(shown(&desk), Some((film, Some(40))));
    desk.press("esc");
    assert_eq!(shown(&desk), Some((film, None)));
    let asked = desk.sent.iter().filter(|request| matches!(request, Request::Similar(_))).count();
    assert_eq!(asked, 1);
}

/// Of those that are in sight, in one sheet; the text alone where there is no room beside it.
#[test]
fn each_has_its_small_picture_where_there_is_room() {
    let sheet = |desk: &Desk| desk.state.sheet().shown().map(|(request, _)| request.sheet.clone());
    let mut desk = desk(120, 24);
    assert_eq!(sheet(&desk), Some(vec![200, 20, 40]));
    desk.press("G");
    assert_eq!(sheet(&desk), Some(vec![40, 80, 90]), "the chosen one is among them");
    desk.handle(Message::Resized(Size::new(44, 24), None));
    desk.settle();
    assert_eq!(sheet(&desk), None);
    desk.handle(Message::Resized(Size::new(120, 24), None));
    desk.settle();
    assert!(sheet(&desk).is_some());
    desk.press("esc");
    assert_eq!(sheet(&desk), None);
}

#[test]
fn no_film_stands_beside_another_one_than_it_was_found_for() {
    let mut desk = desk(120, 40);
    let id = desk.selected().unwrap();
    // Another station is done with the study: another one is selected under the panel.
    let mut row = desk.studies[&id].study.clone();
    row.set_status(Status::Done, "ben", noon());
    row.revision += 100;
    desk.tell(Update::Studies(vec![row]));
    desk.settle();
    let film = desk.state.film().expect("a film").id;
    assert_ne!(desk.selected(), Some(id));
    assert_eq!(shown(&desk), Some((film, None)));
}

#[test]
fn enter_goes_to_the_study_whatever_list_is_open() {
    for (keys, selected) in [("enter", 20), ("j enter", 2), ("G enter", 9), ("j k enter", 20)] {
        let mut desk = desk(80, 24);
        desk.press(keys);
        assert_eq!((desk.selected(), desk.state.open_panel().is_none()), (Some(selected), true), "{keys}");
    }
    // From a list that does not have it.
    let mut desk = Desk::morning(80, 24);
    desk.press("3");
    let asked = desk.state.film().expect("a film").id;
    let found = vec![like(&desk, 9, 0.2)];
    desk.similar.insert(asked, Ok(found));
    desk.press("L enter");
    assert_eq!(desk.selected(), Some(9));
}

#[test]
fn it_says_why_there_is_nothing_to_show() {
    let mut desk = Desk::morning(80, 24);
    desk.press("L");
    assert!(desk.screen(80, 24).contains("No other patient's film"));
    desk.press("esc");
    let asked = desk.state.film().expect("a film").id;
    desk.similar.insert(asked, Err(NoSimilarError("The features are not there yet.".to_owned())));
    desk.press("L");
    assert!(desk.screen(80, 24).contains("The features are not there yet."));
    // A held film has no features.
    desk.press("esc G L");
    assert!(desk.state.open_panel().is_none());
    assert!(desk.screen(80, 24).contains("held film cannot be compared"));
}

#[test]
fn a_late_answer_about_another_film_changes_nothing() {
    let mut desk = Desk::morning(80, 24);
    desk.is_answered = false;
    desk.press("L");
    assert!(desk.screen(80, 24).contains("looking"));
    desk.is_answered = true;
    let answer = cxr_triage::session::protocol::Similar { film: 4711, neighbours: Ok(Vec::new()) };
    desk.tell(cxr_triage::session::protocol::Update::Similar(answer));
    assert!(desk.screen(80, 24).contains("looking"));
}

#[test]
fn it_is_drawn_at_every_size_and_from_the_film_view() {
    let mut desk = desk(120, 40);
    for (width, height) in
        (30..140).step_by(7).flat_map(|width| (6..50).step_by(4).map(move |height| (width, height)))
    {
        desk.handle(Message::Resized(Size::new(width, height), None));
        desk.settle();
        assert!(!desk.screen(width, height).is_empty());
    }
    let mut desk = Desk::morning(80, 24);
    desk.press("enter L");
    assert_eq!(desk.state.view(), View::Worklist, "beside the film there is no room");
    let mut desk = Desk::morning(120, 40);
    desk.press("enter L");
    assert_eq!(desk.state.view(), View::Film);
}
