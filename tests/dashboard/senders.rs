//! The feed panel: who sends films by DICOM, and why something is refused.

use crate::dashboard::fixture::{Desk, noon};
use cxr_triage::{
    dashboard::Message,
    session::protocol::{Request, Update},
    store::Sender,
};
use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};
use ratatui::layout::Size;

fn ago(minutes: i64) -> Timestamp {
    noon() - SignedDuration::from_mins(minutes)
}

fn sender(title: &str, address: &str, minutes: Option<i64>, today: u64) -> Sender {
    Sender {
        title: title.to_owned(),
        address: address.to_owned(),
        seen: ago(0),
        last_film: minutes.map(ago),
        films: today + 1_000,
        films_today: today,
        refusals: 0,
        last_refusal: None,
        reason: None,
    }
}

fn refused(sender: Sender, refusals: u64, minutes: i64, reason: &str) -> Sender {
    Sender { refusals, last_refusal: Some(ago(minutes)), reason: Some(reason.to_owned()), ..sender }
}

fn senders() -> Vec<Sender> {
    vec![
        sender("CR-1", "10.1.2.3", Some(12), 41),
        refused(
            sender("CT-2", "10.1.2.9", None, 0),
            3,
            3,
            "CT-2 is not on the list: add it to [receive.peers]",
        ),
        refused(
            sender("DX-ICU", "10.1.3.77", Some(95), 7),
            1,
            130,
            "a film was not taken (A700H): the disk of the inbox has less than 1.0 GiB free (`min_free` under [health])",
        ),
        refused(
            sender("", "fd00:0db8:85a3:0000:0000:8a2e:0370:7334", None, 0),
            12,
            2_000,
            "A sender without an AE title is not on the list: add it to [receive.peers]",
        ),
        sender("A TITLE OF 16 CH", "192.168.100.200", Some(6_000), 0),
    ]
}

fn desk(width: u16, height: u16) -> Desk {
    let mut desk = Desk::morning(width, height);
    desk.senders = Some(senders());
    desk.press("esc f");
    desk
}

#[test]
fn the_feed_at_120x40() {
    assert_snapshot!(desk(120, 40).screen(120, 40));
}

#[test]
fn the_feed_at_80x24() {
    assert_snapshot!(desk(80, 24).screen(80, 24));
}

#[test]
fn the_feed_at_60x20_in_ascii_without_colour() {
    assert_snapshot!(desk(60, 20).ascii_screen(60, 20));
}

#[test]
fn before_anybody_has_sent_anything_it_says_how_to_begin() {
    let mut desk = Desk::empty(80, 24);
    desk.press("f");
    assert!(desk.screen(80, 24).contains("reading"));
    desk.tell(Update::Senders(Vec::new()));
    assert!(desk.screen(80, 24).contains("docs/network.md"));
}

#[test]
fn it_is_watched_while_it_is_open_and_no_longer() {
    let mut desk = desk(80, 24);
    desk.press("f : f e e d enter q");
    let asked: Vec<bool> = desk
        .sent
        .iter()
        .filter_map(|request| match request {
            Request::Senders(is_open) => Some(*is_open),
            _ => None,
        })
        .collect();
    assert_eq!(asked, [true, false, true, false]);
    assert!(desk.state.open_panel().is_none() && !desk.has_quit);
    // An answer that comes too late opens nothing.
    desk.tell(Update::Senders(senders()));
    assert!(desk.state.open_panel().is_none());
}

#[test]
fn the_chosen_sender_stays_chosen_and_in_sight_whatever_comes() {
    let mut desk = Desk::morning(80, 12);
    desk.senders = Some((0..40).map(|at| sender(&format!("CR-{at:02}"), "10.1.2.3", Some(at), 1)).collect());
    desk.press("esc f");
    for _ in 0..25 {
        desk.press("j");
    }
    let chosen = |desk: &Desk| {
        let screen = desk.screen(80, 12);
        screen.lines().find(|line| line.contains('▸')).map(str::to_owned).unwrap_or_default()
    };
    assert!(chosen(&desk).contains("CR-25"), "{}", desk.screen(80, 12));
    let mut changed = desk.senders.clone().unwrap();
    let heard_of = changed.remove(30);
    changed.insert(0, heard_of);
    desk.tell(Update::Senders(changed));
    assert!(chosen(&desk).contains("CR-25"), "{}", desk.screen(80, 12));
    desk.tell(Update::Senders(senders()));
    assert!(chosen(&desk).contains("A TITLE"), "{}", desk.screen(80, 12));
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
        assert!(!screen.is_empty() && (width < 60 || height < 20 || screen.contains("CR-1")), "{screen}");
    }
}
