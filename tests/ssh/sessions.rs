//! What people see and do who come in.

use std::time::Instant;

use cxr_triage::{store::Status, study::AuditKind};

use super::{connection::Connection, host::Host};
use crate::{
    support::terminal::{KITTY, PLAIN, SIXEL},
    terminal::alarms::CRITICAL,
};

#[test]
fn people_come_in_see_films_work_on_one_list_and_leave_traces() {
    let Some(host) = Host::start() else { return };
    let (anna, bert) = (host.person("ANNA", "triage"), host.person("BERT", "triage"));
    let print = host.fingerprint(&anna);

    // The list and the picture, by both protocols.
    let mut one = Connection::open(&host, &anna, SIXEL);
    one.wait_for("role triage");
    one.wait("sixels", |connection| connection.has(b"\x1bP"));
    let mut two = Connection::open(&host, &bert, KITTY);
    two.wait_for("role triage");
    two.wait("kitty's picture", |connection| connection.has(b"\x1b_Gq=2"));

    // What one does, the other sees.
    one.type_keys("c");
    two.wait_for("by ANNA");
    two.type_keys("c");
    one.wait_for("by BERT");

    // Another size: the list is drawn for it.
    one.resize(90, 30);
    one.wait("the footer in the last line", |connection| {
        connection.contents().lines().nth(29).is_some_and(|line| line.contains("role triage"))
    });

    // No way to a shell, and no other name.
    one.type_keys("\u{1a}@");
    one.type_keys("?");
    one.wait_for("the worst study");
    assert!(!one.contents().contains("who is at the keys"), "{}", one.contents());
    // Apart, or they are alt and q.
    one.type_keys("\u{1b}");
    one.wait("the help to close", |connection| !connection.contents().contains("the worst study"));
    one.type_keys("q");
    let (code, screen) = one.end();
    assert_eq!(code, 0, "{screen}");
    two.lose();

    let logouts = host.wait_for(AuditKind::Logout, 2);
    let why = |name: &str| {
        let of_person = logouts.iter().find(|event| event.actor == name).unwrap();
        of_person.detail["why"].as_str().unwrap().to_owned()
    };
    assert_eq!((why("ANNA").as_str(), why("BERT").as_str()), ("left", "the connection ended"));
    let logins = host.audit(AuditKind::Login);
    assert_eq!(logins.iter().map(|event| event.actor.as_str()).collect::<Vec<_>>(), ["ANNA", "BERT"]);
    assert_eq!(
        (&logins[0].detail["address"], &logins[0].detail["role"]),
        (&"127.0.0.1".into(), &"triage".into())
    );
    let claimed = host.audit(AuditKind::Status);
    for event in [&logins[0], &claimed[0], &host.audit(AuditKind::Shown)[0]] {
        assert_eq!(
            (event.actor.as_str(), &event.detail["key"]),
            ("ANNA", &print.as_str().into()),
            "{event:?}"
        );
    }
    assert_eq!((host.study().status, host.study().status_by.as_str()), (Status::Claimed, "BERT"));
}

#[test]
fn title_and_notice_of_an_alarm_reach_the_terminal_of_whoever_came_in() {
    let config = format!("[dashboard]\ntitle = true\ndesktop_notice = \"osc9\"\n{CRITICAL}");
    let Some(host) = Host::configured(&config) else { return };
    let anna = host.person("ANNA", "triage");
    let mut connection = Connection::open(&host, &anna, PLAIN);
    let notice = "\u{1b}]9;cxr-triage: 1 critical study to acknowledge\u{1b}\\";
    connection.wait("the notice", |connection| connection.has(notice.as_bytes()));
    connection.wait("the title", |connection| connection.has("\u{1b}]2;1! cxr-triage\u{1b}\\".as_bytes()));
    connection.type_until("a", "the title without it", |connection| {
        connection.has("\u{1b}]2;cxr-triage\u{1b}\\".as_bytes())
    });
    connection.type_keys("q");
    assert_eq!(connection.end().0, 0);
}

#[test]
fn who_looks_on_sees_no_name_and_changes_nothing() {
    let Some(host) = Host::start() else { return };
    let key = host.person("CARL", "view");
    let before = host.study();
    let name = before.patient_name.split('^').next().unwrap().to_owned();
    assert!(name.len() > 2);
    let mut connection = Connection::open(&host, &key, PLAIN);
    connection.wait_for("role view");
    connection.wait_for("study 1");
    connection
        .type_until("c", "the refusal", |connection| connection.contents().contains("your role is view"));
    for keys in ["N", "d", "a", "n", "S", "t", " ", "\r", "\r"] {
        connection.type_keys(keys);
    }
    assert!(connection.never_had(&name), "{name}");
    connection.type_keys("q");
    let (code, _) = connection.end();
    assert_eq!(code, 0);
    assert_eq!(host.study(), before);
}

#[test]
fn a_key_that_is_removed_ends_its_session_with_a_message_and_another_role_counts_at_once() {
    let Some(host) = Host::start() else { return };
    let (anna, bert) = (host.person("ANNA", "view"), host.person("BERT", "admin"));
    let mut one = Connection::open(&host, &anna, PLAIN);
    one.wait_for("role view");
    let mut two = Connection::open(&host, &bert, PLAIN);
    two.wait_for("role admin");

    host.users(&["add", "ANNA", "--key", anna.with_extension("pub").to_str().unwrap(), "--role", "triage"]);
    one.wait_for("Your role is triage now");

    let removed = host.users(&["remove", "ANNA"]);
    assert!(removed.status.success());
    let at = Instant::now();
    let (code, screen) = one.end();
    println!("the session ended {:?} after its key was removed", at.elapsed());
    assert_eq!(code, 1);
    assert!(screen.contains("is no longer on the list of people"), "{screen}");
    // The other one goes on.
    two.type_keys("?");
    two.wait_for("role admin");
    let why = host.wait_for(AuditKind::Logout, 1)[0].detail["why"].to_string();
    assert!(why.contains(&host.fingerprint(&anna)), "{why}");
    // Who changed the list, and how, is in the audit too.
    let changed = host.audit(AuditKind::PersonChanged);
    let of_anna = changed.iter().filter(|event| event.detail["person"] == "ANNA");
    let roles: Vec<_> = of_anna.map(|event| (&event.detail["role_before"], &event.detail["role"])).collect();
    let none = serde_json::Value::Null;
    assert_eq!(
        roles,
        [(&none, &"view".into()), (&"view".into(), &"triage".into()), (&"triage".into(), &none)]
    );
    assert_eq!(changed.last().unwrap().detail["keys_before"], serde_json::json!([host.fingerprint(&anna)]));
    // And nobody comes in by it again.
    let (code, screen) = Connection::without_answers(&host, &anna, &[]).end();
    assert_eq!(code, 255, "{screen}");
    assert!(screen.contains("Permission denied"), "{screen}");
}
