//! What is known of those who send films by DICOM.

use cxr_triage::{
    store::{NewEvent, SenderNews},
    study::AuditKind,
};
use jiff::civil::date;
use serde_json::json;

use super::support::{Bench, at};

fn films(title: &str, films: u64) -> SenderNews {
    SenderNews { title: title.to_owned(), address: "10.0.0.1".to_owned(), films, ..SenderNews::default() }
}

fn refusal(title: &str, reason: &str) -> SenderNews {
    SenderNews { refusals: 1, reason: Some(reason.to_owned()), ..films(title, 0) }
}

#[test]
fn a_senders_films_are_counted_by_the_day_and_its_last_refusal_is_known() {
    let mut bench = Bench::new();
    let (monday, tuesday) = (date(2026, 3, 2), date(2026, 3, 3));
    let detail = json!({ "sender": "CR-1", "films": 2 });
    let event = NewEvent { detail, ..NewEvent::of(AuditKind::Delivered) };
    bench.store.note_senders(&[films("CR-1", 2)], &[event], (monday, at(1)), at(1)).unwrap();
    bench
        .store
        .note_senders(&[films("CR-1", 3), refusal("CT-2", "not on the list")], &[], (monday, at(2)), at(2))
        .unwrap();
    bench.store.note_senders(&[refusal("CR-1", "no room")], &[], (tuesday, at(3)), at(3)).unwrap();
    let senders = bench.store.senders(tuesday).unwrap();
    let [cr, ct] = &senders[..] else { panic!("{senders:?}") };
    assert_eq!((cr.title.as_str(), cr.films, cr.films_today), ("CR-1", 5, 0));
    assert_eq!(
        (cr.last_film, cr.last_refusal, cr.reason.as_deref()),
        (Some(at(2)), Some(at(3)), Some("no room"))
    );
    assert_eq!((ct.title.as_str(), ct.films, ct.refusals, ct.last_film), ("CT-2", 0, 1, None));
    bench.store.note_senders(&[films("CR-1", 4)], &[], (tuesday, at(4)), at(4)).unwrap();
    let cr = bench.store.senders(tuesday).unwrap().remove(0);
    assert_eq!((cr.films, cr.films_today, cr.reason.as_deref()), (9, 4, Some("no room")));
    let told = bench.store.events(0, 100).unwrap();
    assert!(told.iter().any(|event| event.kind == AuditKind::Delivered && event.detail["films"] == 2));
}

#[test]
fn news_that_are_said_again_for_want_of_an_answer_count_once() {
    let mut bench = Bench::new();
    let today = date(2026, 3, 2);
    let news = [films("CR-1", 2), refusal("CT-2", "not on the list")];
    let events = [NewEvent::of(AuditKind::Delivered)];
    for written in [1, 2] {
        bench.store.note_senders(&news, &events, (today, at(1)), at(written)).unwrap();
    }
    bench.store.note_senders(&[films("CR-1", 3)], &events, (today, at(2)), at(3)).unwrap();
    let senders = bench.store.senders(today).unwrap();
    let [cr, ct] = &senders[..] else { panic!("{senders:?}") };
    assert_eq!((cr.films, cr.films_today, cr.seen, ct.refusals), (5, 5, at(2), 1));
    assert_eq!(bench.count_kind(AuditKind::Delivered.word()), 2);
}

#[test]
fn made_up_titles_do_not_crowd_out_a_sender_that_brought_films() {
    let mut bench = Bench::new();
    let today = date(2026, 3, 2);
    bench.store.note_senders(&[films("CR-1", 1)], &[], (today, at(1)), at(1)).unwrap();
    for number in 0..500 {
        let news = refusal(&format!("SCAN-{number}"), "not on the list");
        bench.store.note_senders(&[news], &[], (today, at(2 + number)), at(2 + number)).unwrap();
    }
    let senders = bench.store.senders(today).unwrap();
    assert_eq!(senders.len(), 200);
    assert!(senders.iter().any(|sender| sender.title == "CR-1"));
}
