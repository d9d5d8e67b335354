//! Results on their way, in the dashboard: whether they arrived, and another try.

use cxr_triage::{
    dashboard::Site,
    session::protocol::{Request, Update},
    store::Status,
    study::{Sending, SendingState},
};

use crate::dashboard::fixture::{Desk, noon};

fn sending(study: i64, destination: &str, state: SendingState) -> Sending {
    Sending { id: study, study, destination: destination.to_owned(), version: 1, state }
}

fn desk() -> Desk {
    let mut desk = Desk::morning(110, 34);
    desk.configure(Site { destinations: vec!["archive".to_owned(), "pacs".to_owned()], ..Site::default() });
    desk
}

#[test]
fn the_findings_say_whether_the_result_arrived() {
    let mut desk = desk();
    let id = desk.selected().unwrap();
    let mut detail = desk.studies[&id].clone();
    detail.sendings = vec![
        sending(id, "archive", SendingState::Sent { at: noon(), remark: String::new() }),
        sending(id, "pacs", SendingState::Failing { why: "A700 out of resources".to_owned(), next: noon() }),
    ];
    desk.tell(Update::Detail(Box::new(detail)));
    let screen = desk.screen(110, 34);
    assert!(screen.contains("archive: sent 14:02"), "{screen}");
    assert!(screen.contains("pacs: failed: A700 out of resources"), "{screen}");
}

#[test]
fn a_result_is_sent_by_a_key_and_one_in_trouble_is_tried_again() {
    let mut desk = desk();
    let id = desk.selected().unwrap();
    desk.press("R");
    let why = "no connection".to_owned();
    desk.tell(Update::Sendings(vec![
        sending(99, "pacs", SendingState::GivenUp { at: noon(), why }),
        sending(98, "pacs", SendingState::Sent { at: noon(), remark: String::new() }),
    ]));
    let screen = desk.screen(110, 34);
    assert!(screen.contains("not sent") && screen.contains("given up 14:02: no connection"), "{screen}");
    assert!(!screen.contains("study 98"), "what has arrived is no trouble: {screen}");
    desk.press("j enter j enter esc");
    let asked: Vec<&Request> = desk
        .sent
        .iter()
        .filter(|request| matches!(request, Request::Send(..) | Request::Sendings(_)))
        .collect();
    assert_eq!(
        asked,
        [
            &Request::Sendings(true),
            &Request::Send(id, "pacs".to_owned()),
            &Request::Send(99, "pacs".to_owned()),
            &Request::Sendings(false),
        ]
    );
}

#[test]
fn nothing_is_sent_before_it_is_known_what_was_sent() {
    // The detail has not come yet.
    let mut desk = desk();
    desk.is_answered = false;
    desk.press("j R enter");
    let screen = desk.screen(110, 34);
    assert!(screen.contains("archive") && !screen.contains("not sent"), "{screen}");
    // Another station is done with the study, and another one is selected under the panel.
    let mut other = self::desk();
    let id = other.selected().unwrap();
    other.press("R");
    assert!(other.screen(110, 34).contains("not sent"));
    let mut row = other.studies[&id].study.clone();
    row.set_status(Status::Done, "ben", noon());
    row.revision += 100;
    other.tell(Update::Studies(vec![row]));
    other.settle();
    assert_ne!(other.selected(), Some(id));
    other.press("enter");
    let screen = other.screen(110, 34);
    assert!(screen.contains("archive") && !screen.contains("not sent"), "{screen}");
    for desk in [desk, other] {
        assert!(!desk.sent.iter().any(|request| matches!(request, Request::Send(..))));
    }
}

#[test]
fn without_a_destination_it_is_said_how_to_have_one() {
    let mut desk = Desk::morning(110, 34);
    desk.press("R enter");
    assert!(desk.screen(110, 34).contains("no destination is configured"));
    assert!(!desk.sent.iter().any(|request| matches!(request, Request::Send(..))));
}
