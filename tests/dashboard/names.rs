//! Names that are kept off the screen: by the key, and because nobody is at the keys.

use std::path::Path;

use cxr_triage::{
    dashboard::{Message, Site},
    intake::unmounted,
    session::protocol::{NoticeLevel, Update},
    store::{PluginRecord, PluginState},
    study::{Sending, SendingState},
};
use insta::assert_snapshot;
use jiff::SignedDuration;

use super::shift::shift;
use crate::dashboard::fixture::{Desk, morning, noon};

/// The patient's name as other programs write it.
const NAME: &str = "DOE^JANE";

/// A morning on which everybody wrote the name down: the archive in its answer, a plugin in its fault, a person in a note;
/// and the film that is shown cannot be read, for the given reason.
fn desk(reason: &str) -> Desk {
    let mut desk = Desk::empty(160, 50);
    desk.configure(Site {
        destinations: vec!["archive".to_owned(), "pacs".to_owned()],
        hide_names_after: Some(SignedDuration::from_mins(5)),
        ..Site::default()
    });
    desk.broken.insert(10, reason.to_owned());
    desk.shift = Some(shift());
    let study = morning().remove(0);
    let id = study.study.id;
    desk.arrive(vec![study]);
    desk.settle();
    let sending = |destination: &str, state| Sending {
        id: 1,
        study: id,
        destination: destination.to_owned(),
        version: 1,
        state,
    };
    let mut detail = desk.studies[&id].clone();
    detail.sendings = vec![
        sending("archive", SendingState::Sent { at: noon(), remark: format!("{NAME} is known here") }),
        sending("pacs", SendingState::Failing { why: format!("no {NAME} here"), next: noon() }),
    ];
    desk.tell(Update::Detail(Box::new(detail.clone())));
    desk.tell(Update::Sendings(detail.sendings));
    desk.tell(Update::Plugins(vec![PluginRecord {
        name: "icu".to_owned(),
        state: PluginState::Off,
        fault: format!("icu.luau:12: bad name {NAME}"),
        ..PluginRecord::default()
    }]));
    desk
}

#[test]
fn nothing_that_others_wrote_of_a_patient_stays_on_the_screen_when_names_are_hidden() {
    let by_key: fn(&mut Desk) = |desk| desk.press("N");
    let by_time: fn(&mut Desk) = |desk| desk.handle(Message::Clock(noon() + SignedDuration::from_mins(6)));
    let (by_path, elsewhere) =
        ("inbox/film-10.dcm holds another film by now.", "/old/DOE.dcm cannot be read: it is a folder.");
    for (part, reason, keys, secret, told) in [
        ("an answer beside the findings", "", "", NAME, "pacs: failed: (hidden with the names)"),
        ("a remark beside the findings", "", "", NAME, "archive: sent 14:02 (hidden with the names)"),
        ("an answer in the list of results", "", "R", NAME, "(hidden with the names), next try"),
        ("a plugin's fault", "", "P", NAME, "(hidden with the names)"),
        ("a plugin's fault among the shift's", "", "o", NAME, "icu: switched off, (hidden with the names)"),
        ("the film's path", by_path, "", "film-10.dcm", "holds another film by now."),
        ("another path", elsewhere, "", "DOE.dcm", "No picture: (hidden with the names)"),
    ] {
        for hide in [by_key, by_time] {
            let mut desk = desk(reason);
            desk.press(keys);
            let screen = desk.screen(160, 50);
            assert!(screen.contains(secret), "{part} is not shown:\n{screen}");
            desk.press("esc");
            hide(&mut desk);
            assert!(desk.state.hides_names());
            desk.press(keys);
            let screen = desk.screen(160, 50);
            assert!(!screen.contains(secret), "{part} stays:\n{screen}");
            assert!(screen.contains(told), "{part}: `{told}` is not in\n{screen}");
        }
    }
}

#[test]
fn a_message_does_not_stay_when_its_reader_hides_names() {
    let mut desk = desk("");
    desk.notice(NoticeLevel::Error, &format!("no {NAME} here"));
    assert!(desk.screen(160, 50).contains(NAME));
    desk.press("N");
    assert!(!desk.screen(160, 50).contains(NAME));
}

#[test]
fn an_inbox_that_is_not_mounted_is_told_in_place_of_the_picture_and_names_nobody() {
    let why = unmounted(Path::new("er:film-10.dcm")).expect("the inbox `er` is mounted nowhere");
    let mut desk = Desk::empty(120, 40);
    desk.broken.insert(10, format!("{why}; its findings stay."));
    desk.arrive(morning());
    desk.settle();
    assert_snapshot!(desk.screen(120, 40));
    desk.press("N");
    assert!(desk.screen(120, 40).contains("inbox er is not mounted on this host"));
}
