//! What a dashboard offers a person who has logged in, and what it does while nobody is at the keys.

use cxr_triage::{
    config::DesktopNotice,
    dashboard::{Message, Site, action::ACTIONS},
    session::protocol::{Request, Update},
    study::PersonRole,
};
use jiff::SignedDuration;

use crate::dashboard::fixture::{Desk, morning, noon, study};

/// The morning's dashboard for a person of a role.
fn desk(role: PersonRole) -> Desk {
    let mut desk = Desk::empty(120, 50);
    desk.makes_pictures = false;
    desk.configure(Site { destinations: vec!["pacs".to_owned()], ..Site::default() });
    desk.arrive(morning());
    desk.tell(Update::Role(role));
    desk.settle();
    desk.sent.clear();
    desk
}

#[test]
fn no_key_asks_for_what_the_role_does_not_permit() {
    for role in PersonRole::ALL {
        for entry in ACTIONS {
            for view in ["", "enter "] {
                let mut desk = desk(role);
                desk.press(&format!("{view}{}", entry.keys[0]));
                // Whatever it opened: text, and the keys that do something there.
                desk.press("x enter right enter");
                for request in &desk.sent {
                    let permitted = request.permission().is_given_to(Some(role));
                    assert!(permitted, "{role:?}, {}: {request:?}", entry.name);
                }
                assert_eq!(desk.suspended, 0, "{role:?}, {}", entry.name);
            }
        }
    }
}

#[test]
fn footer_and_help_say_what_the_role_is_and_offer_nothing_else() {
    for (role, offered, not) in [
        (PersonRole::View, vec!["film"], vec!["seen", "done", "claim", "acknowledge"]),
        (PersonRole::Triage, vec!["film", "seen", "done"], vec![]),
        (PersonRole::Admin, vec!["film", "seen", "done"], vec![]),
    ] {
        let mut desk = desk(role);
        // The message about the role fades.
        desk.press("esc");
        let screen = desk.screen(120, 50);
        let footer = screen.lines().rev().find(|line| line.contains("role ")).unwrap().to_owned();
        assert!(footer.contains(&format!("role {}", role.word())), "{footer}");
        for word in offered {
            assert!(footer.contains(word), "{role:?}: {word} in {footer}");
        }
        for word in not {
            assert!(!footer.contains(word), "{role:?}: no {word} in {footer}");
        }
        desk.press("?");
        let mut help = desk.screen(120, 50);
        desk.press("pagedown pagedown pagedown pagedown");
        help.push_str(&desk.screen(120, 50));
        assert_eq!(help.contains("claimed: you are at it"), role >= PersonRole::Triage, "{help}");
        assert_eq!(help.contains("thresholds: try them"), role >= PersonRole::Admin, "{help}");
        assert!(!help.contains("back to the shell") && help.contains("does not permit"), "{help}");
    }
}

#[test]
fn who_looks_on_opens_a_film_without_marking_it_and_sees_no_name() {
    let mut desk = desk(PersonRole::View);
    desk.press("enter N");
    let screen = desk.screen(120, 50);
    assert!(!screen.contains("DOE") && screen.contains("Not done"), "{screen}");
    let is_change = |request: &&Request| request.changed_study().is_some();
    assert_eq!(desk.sent.iter().find(is_change), None);
}

#[test]
fn a_role_that_falls_closes_what_it_does_not_permit() {
    let mut desk = desk(PersonRole::Admin);
    desk.press("t");
    assert!(desk.state.open_panel().is_some());
    desk.tell(Update::Role(PersonRole::View));
    assert!(desk.state.open_panel().is_none() && desk.state.hides_names());
    // A higher one does not show names by itself.
    desk.tell(Update::Role(PersonRole::Triage));
    assert!(desk.state.hides_names() && desk.screen(120, 50).contains("N shows names"));
    desk.press("N");
    assert!(!desk.state.hides_names());
}

#[test]
fn a_role_that_changes_ends_what_was_watched_for_an_open_panel() {
    for (key, watched, ended) in [
        ("f", Request::Senders(true), Request::Senders(false)),
        ("R", Request::Sendings(true), Request::Sendings(false)),
    ] {
        let mut desk = desk(PersonRole::Admin);
        desk.press(key);
        assert_eq!(desk.sent.last(), Some(&watched));
        desk.tell(Update::Role(PersonRole::View));
        assert_eq!((desk.sent.last(), desk.state.open_panel().is_none()), (Some(&ended), true));
    }
}

#[test]
fn results_are_shown_to_everybody_and_sent_by_whom_the_role_permits() {
    for (role, sends) in [(PersonRole::View, false), (PersonRole::Triage, true), (PersonRole::Admin, true)] {
        let mut desk = desk(role);
        desk.press("R");
        let screen = desk.screen(120, 50);
        assert!(screen.contains("not sent"), "{screen}");
        assert_eq!(screen.contains("enter sends"), sends, "{role:?}: {screen}");
        desk.press("enter");
        assert_eq!(desk.sent.iter().any(|request| matches!(request, Request::Send(..))), sends, "{role:?}");
        assert_eq!(desk.screen(120, 50).contains("Not done: that is for the role triage or admin"), !sends);
    }
}

#[test]
fn names_are_hidden_when_nobody_is_at_the_keys() {
    let mut desk = Desk::morning(120, 50);
    let minutes = SignedDuration::from_mins;
    desk.configure(Site { hide_names_after: Some(minutes(5)), ..Site::default() });
    let after = |desk: &mut Desk, time: i64| {
        desk.handle(Message::Clock(noon() + minutes(time)));
        desk.screen(120, 50).contains("DOE")
    };
    assert!(after(&mut desk, 4));
    desk.press("j");
    assert!(after(&mut desk, 8), "a key was pressed");
    assert!(!after(&mut desk, 9));
    assert!(desk.screen(120, 50).contains("Names are hidden: nobody was at the keys for 5 min"));
    desk.press("j");
    assert!(!after(&mut desk, 10), "whoever comes is perhaps not the one who left");
    desk.press("N");
    assert!(after(&mut desk, 11));
    // The clock is set back: that hides nothing, and does not keep names up for ever.
    assert!(after(&mut desk, 1));
    assert!(!after(&mut desk, 6));
}

#[test]
fn an_alarm_is_told_in_the_title_and_on_the_desktop_and_names_nobody() {
    let mut desk = Desk::empty(120, 50);
    assert_eq!(desk.state.title(), None, "not asked for");
    desk.configure(Site { bell: None, title: true, desktop_notice: DesktopNotice::Osc9, ..Site::default() });
    assert_eq!(desk.state.title().as_deref(), Some("cxr-triage"));
    desk.arrive(morning());
    let alarms = desk.state.worklist().alarms();
    assert!(alarms > 1);
    assert_eq!(desk.state.title(), Some(format!("{alarms}! cxr-triage")));
    assert_eq!(desk.notices, [format!("{alarms} critical studies to acknowledge")]);
    desk.press("A a");
    assert_eq!(desk.state.title(), Some(format!("{}! cxr-triage", alarms - 1)));
    // Once for what is new, however long it rings.
    desk.handle(Message::Clock(noon() + SignedDuration::from_mins(3)));
    assert_eq!(desk.notices.len(), 1);
    desk.arrive(vec![study(77, "NEU^EVA", 0, &[("Effusion", 0.99)])]);
    assert_eq!((desk.notices.len(), desk.rung), (2, 0));
    assert!(!desk.notices.iter().any(|notice| notice.contains("NEU") || notice.contains("DOE")));
}
