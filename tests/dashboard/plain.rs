//! The dashboard as lines, for a screen reader.

use crate::dashboard::fixture::{health, held, mixed_up, morning, noon, study};
use cxr_triage::{
    dashboard::{Plain, Reply, Site},
    session::protocol::{Health, Period, Request, Update},
    store::Status,
};
use jiff::tz::TimeZone;

fn desk() -> Plain {
    let mut plain = Plain::new(TimeZone::UTC, &Site::default());
    let rows = morning().into_iter().map(|detail| detail.study).collect();
    assert_eq!(plain.take(Update::Studies(rows), noon()), [""; 0], "the start is told as a whole");
    let told = plain.take(Update::Health(health()), noon());
    assert!(told[0].contains("starter") && told[1].starts_with("12 studies: 2 critical"), "{told:?}");
    plain
}

#[test]
fn what_arrives_is_one_line_band_first_and_said_once() {
    let mut plain = desk();
    let arrival = study(20, "ROE^RICHARD", 0, &[("Pneumothorax", 0.99)]).study;
    let lines = plain.take(Update::Studies(vec![arrival.clone()]), noon());
    assert_eq!(lines, ["14:02 critical, to acknowledge: ROE, RICHARD, Pneumothorax 0.99, place 1, study 20"]);
    assert_eq!(plain.take(Update::Studies(vec![arrival]), noon()), [""; 0]);
    let refused = held(21, "POE^EDGAR", 0, "a lateral film").study;
    let lines = plain.take(Update::Studies(vec![refused]), noon());
    assert_eq!(lines, ["14:02 held: POE, EDGAR, a lateral film, study 21"]);
}

#[test]
fn lists_and_findings_come_on_request() {
    let mut plain = desk();
    let Reply { lines, .. } = plain.command("list 2", noon());
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[1], "critical, to acknowledge: DOE, JANE, Effusion 0.98, place 1, study 1, waits 12m");
    assert_eq!(plain.command("show 1", noon()).requests, [Request::Detail(1)]);
    let detail = Box::new(morning().remove(0));
    let lines = plain.take(Update::Detail(detail.clone()), noon());
    assert_eq!(lines[2], "  Effusion: score 0.98, probability 97.0 percent, critical");
    assert!(lines.iter().any(|line| line.ends_with("not validated")), "{lines:?}");
    assert_eq!(plain.take(Update::Detail(detail), noon()), [""; 0], "only when asked for");
}

#[test]
fn a_number_that_stands_on_two_films_is_told_beside_the_findings() {
    let mut plain = desk();
    plain.command("show 1", noon());
    let lines = plain.take(Update::Detail(Box::new(mixed_up())), noon());
    let warnings: Vec<_> = lines.iter().filter(|line| line.starts_with("  warning: ")).collect();
    assert_eq!(warnings.len(), 2, "{lines:?}");
    assert!(warnings[0].contains("1.2.826.1#2") && warnings[1].contains("roe.dcm"), "{warnings:?}");
}

#[test]
fn what_is_typed_does_what_it_says_or_says_why_not() {
    let mut plain = desk();
    assert_eq!(plain.command("done 3", noon()).requests, [Request::Status(3, Status::Done)]);
    assert_eq!(plain.command(" seen  3 ", noon()).requests, [Request::Status(3, Status::Seen)]);
    assert_eq!(plain.command("claim 3", noon()).requests, [Request::Status(3, Status::Claimed)]);
    assert_eq!(plain.command("ack 1", noon()).requests, [Request::Acknowledge(1)]);
    let note = Request::Note(3, "asked for a lateral".to_owned());
    assert_eq!(plain.command("note 3  asked for  a lateral", noon()).requests, [note]);
    assert!(plain.command("quit", noon()).quits);
    for (typed, said) in [
        ("done", "done needs a number"),
        ("done x", "done needs a number"),
        ("note 3", "note needs a text"),
        ("ack", "ack needs a number"),
        ("show 99", "there is no study 99"),
        ("frobnicate", "there is no command frobnicate"),
        ("state", "watching ./inbox"),
    ] {
        let lines = plain.command(typed, noon()).lines;
        assert!(lines[0].starts_with(said), "{typed}: {lines:?}");
    }
    assert_eq!(plain.command("", noon()), Reply::default());
}

#[test]
fn no_line_can_drive_a_terminal() {
    let mut plain = desk();
    let mut lines = plain.command("list 100", noon()).lines;
    lines.extend(plain.command("\u{1b}[2J", noon()).lines);
    assert!(lines.iter().all(|line| !line.contains(char::is_control)), "{lines:?}");
}

#[test]
fn how_the_shift_goes_is_told_once_on_request() {
    let mut plain = desk();
    let shift = || Update::Shift(Period::Today, Box::new(crate::dashboard::shift::shift()));
    assert_eq!(plain.take(shift(), noon()), [""; 0], "nobody asked");
    let Reply { lines, requests, .. } = plain.command("shift", noon());
    assert!(lines.is_empty());
    assert!(matches!(requests.as_slice(), [Request::Shift(Some(_)), Request::Shift(None)]), "{requests:?}");
    assert_eq!(
        plain.take(shift(), noon()),
        [
            "today: 89 films came, 80 scored, 412 waiting",
            "films held: 7 films today: 4 not frontal, 2 unreadable, 1 unlike the training films",
            "files left out, 3: 1 unfinished, 2 lists or notes",
            "critical: 2 unseen, the longest 47m, study 2; 12 seen, half within 4m, nine tenths within 11m",
            "urgent: 5 unseen, the longest 1h35, study 7",
            "routine: 2 unseen, the longest 8m, study 9; 31 seen, half within 38m, nine tenths within 2h50",
            "held: 2 unseen, the longest 31m, study 11",
        ]
    );
    assert_eq!(plain.take(shift(), noon()), [""; 0]);
}

#[test]
fn the_shift_of_several_hosts_tells_who_works_and_why_it_is_not_ready() {
    let mut plain = desk();
    let hosts = crate::dashboard::shift::workers(8);
    let _ = plain.take(Update::Health(Health { reasons: hosts.faults(), hosts, ..health() }), noon());
    let _ = plain.command("shift", noon());
    let shift = Update::Shift(Period::Today, Box::new(crate::dashboard::shift::shift()));
    let told = plain.take(shift, noon());
    let reason = "not ready: the worker on er7 (process 4007) has not been heard of for 1 min 35 s: others have its films; \
                  start it again";
    assert_eq!(told[7], reason, "{told:?}");
    let first = "worker er7: starter 0.2.0, cpu fp32, 3.4 films/s, 807 films, last heard of 1 min 35 s ago";
    assert_eq!((told.len(), told[8].as_str()), (16, first), "{told:?}");
    assert!(told[9].ends_with("last heard of 2 s ago; duties: studies, plugins"), "{told:?}");
}
