//! What people do beside the status: critical findings are acknowledged, notes written, changes taken
//! back. Who and when is in the audit.

use cxr_triage::{
    store::{Acknowledged, Status},
    study::{AuditKind, Severity},
};
use proptest::prelude::*;

use super::support::{Bench, at, dicom, scored};

/// The kinds, actors and details of the events that people caused.
fn deeds(bench: &Bench) -> Vec<(String, String)> {
    let events = bench.store.events(0, 100).unwrap();
    let by_people = events.into_iter().filter(|event| event.actor != "pipeline");
    by_people.map(|event| (event.kind.word().to_owned(), event.actor)).collect()
}

#[test]
fn a_critical_study_is_an_alarm_until_a_person_acknowledges_it() {
    let mut bench = Bench::new();
    let (_, row) = bench.record("a", &scored("x", [0.99; 3]), at(0));
    assert!(row.severity == Severity::Critical && row.is_alarm());
    // To look at it is not to take note of it.
    let seen = bench.store.set_status(row.id, Status::Seen, "anna", at(1)).unwrap().unwrap();
    assert!(seen.is_alarm());
    let known = bench.store.acknowledge(row.id, "anna", at(2)).unwrap().unwrap();
    assert_eq!(known.acknowledged, Some(Acknowledged { by: "anna".into(), at: at(2) }));
    assert!(!known.is_alarm());
    assert_eq!(bench.store.acknowledge(row.id, "ben", at(3)).unwrap(), None, "the first name stays");
    assert_eq!(bench.store.acknowledge(99, "ben", at(3)).unwrap(), None);
    let kinds = [("status".into(), "anna".into()), ("acknowledged".into(), "anna".into())];
    assert_eq!(deeds(&bench), kinds);
}

#[test]
fn what_is_not_critical_needs_no_acknowledgement() {
    let mut bench = Bench::new();
    let (_, row) = bench.record("a", &scored("x", [0.1; 3]), at(0));
    assert!(!row.is_alarm());
    assert_eq!(bench.store.acknowledge(row.id, "anna", at(1)).unwrap(), None);
}

#[test]
fn who_claims_a_study_or_calls_it_done_knows_of_it() {
    for (status, knows) in [(Status::Seen, false), (Status::Claimed, true), (Status::Done, true)] {
        let mut bench = Bench::new();
        let (_, row) = bench.record("a", &scored("x", [0.99; 3]), at(0));
        let row = bench.store.set_status(row.id, status, "anna", at(1)).unwrap().unwrap();
        assert_eq!(row.acknowledged.is_some(), knows, "{status:?}");
    }
}

#[test]
fn a_study_that_becomes_critical_anew_is_an_alarm_again() {
    let mut bench = Bench::new();
    let (_, row) = bench.record("a", &dicom(scored("x", [0.99, 0.1, 0.1]), "1.2", "1.2.1"), at(0));
    bench.store.acknowledge(row.id, "anna", at(1)).unwrap();
    let (_, same) = bench.record("b", &dicom(scored("y", [0.2, 0.1, 0.1]), "1.2", "1.2.2"), at(2));
    assert!(!same.is_alarm(), "a harmless film changes nothing");
    let (_, other) = bench.record("c", &dicom(scored("z", [0.1, 0.999, 0.1]), "1.2", "1.2.3"), at(3));
    assert!(other.is_alarm(), "another critical finding: {:?}", other.top);
}

#[test]
fn taking_back_restores_whose_deed_it_was_and_tells_the_audit() {
    let mut bench = Bench::new();
    let (_, row) = bench.record("a", &scored("x", [0.99; 3]), at(0));
    let claimed = bench.store.set_status(row.id, Status::Claimed, "anna", at(1)).unwrap().unwrap();
    bench.store.set_status(row.id, Status::Done, "ben", at(2)).unwrap();
    let back = bench.store.take_back(row.id, &claimed.handling(), "ben", at(3)).unwrap().unwrap();
    assert_eq!(
        (back.status, back.status_by.as_str(), back.status_at),
        (Status::Claimed, "anna", Some(at(1)))
    );
    assert_eq!(back.acknowledged.clone().map(|known| known.by), Some("anna".to_owned()));
    assert_eq!(bench.store.take_back(row.id, &back.handling(), "ben", at(4)).unwrap(), None);
    let back = bench.store.take_back(row.id, &row.handling(), "ben", at(5)).unwrap().unwrap();
    assert!(back.status == Status::New && back.is_alarm(), "it rings again");
    let kinds: Vec<_> = deeds(&bench).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["status", "status", "taken_back", "taken_back"]);
}

#[test]
fn notes_stay_in_their_order_and_out_of_the_audit() {
    let mut bench = Bench::new();
    let (_, row) = bench.record("a", &scored("x", [0.1; 3]), at(0));
    bench.store.add_note(row.id, "called \u{1b}[2Jthe ward", "anna", at(1)).unwrap();
    let noted = bench.store.add_note(row.id, "Jane Doe is in theatre", "ben", at(2)).unwrap().unwrap();
    assert_eq!(noted.notes, 2);
    assert!(noted.revision > row.revision, "followers hear of it");
    assert_eq!(bench.store.add_note(row.id, " \u{7} ", "ben", at(3)).unwrap(), None, "nothing to note");
    assert_eq!(bench.store.add_note(99, "nobody", "ben", at(3)).unwrap(), None);
    let notes = bench.store.detail(row.id).unwrap().unwrap().notes;
    let told: Vec<_> =
        notes.iter().map(|note| (note.author.as_str(), note.time, note.text.as_str())).collect();
    assert_eq!(told[1], ("ben", at(2), "Jane Doe is in theatre"));
    assert!(!told[0].2.contains('\u{1b}'));
    let events = bench.store.events(0, 100).unwrap();
    assert!(events.iter().all(|event| !event.detail.to_string().contains("Doe")));
    assert_eq!(events.iter().filter(|event| event.kind == AuditKind::Note).count(), 2);
}

#[test]
fn two_dashboards_on_one_store_follow_each_other() {
    let mut bench = Bench::new();
    let (_, row) = bench.record("a", &scored("x", [0.99; 3]), at(0));
    let mut other = cxr_triage::store::Store::open(&bench.place).unwrap();
    let known = other.revision().unwrap();
    bench.store.set_status(row.id, Status::Claimed, "anna", at(1)).unwrap();
    let changed = other.studies_since(known).unwrap();
    assert_eq!(changed.len(), 1);
    assert_eq!((changed[0].status_by.as_str(), changed[0].is_alarm()), ("anna", false));
    let known = changed[0].revision;
    other.add_note(row.id, "seen by me too", "ben", at(2)).unwrap();
    let changed = bench.store.studies_since(known).unwrap();
    assert_eq!(changed.iter().map(|row| row.notes).collect::<Vec<_>>(), [1]);
}

/// Something that people do, or a film that comes.
#[derive(Debug, Clone)]
enum Step {
    Status(Status, &'static str),
    Acknowledge(&'static str),
    Undo,
    Film([f32; 3]),
}

fn step() -> impl Strategy<Value = Step> {
    let who = || prop::sample::select(vec!["anna", "ben"]);
    let film = prop::sample::select(vec![[0.99, 0.1, 0.1], [0.1, 0.999, 0.1], [0.6, 0.1, 0.1]]);
    prop_oneof![
        3 => (prop::sample::select(Status::ALL.to_vec()), who()).prop_map(|(status, by)| Step::Status(status, by)),
        2 => who().prop_map(Step::Acknowledge),
        2 => Just(Step::Undo),
        1 => film.prop_map(Step::Film),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// As a dashboard: it changes the row that it shows at once, and sends the change.
    #[test]
    fn what_a_dashboard_shows_at_once_is_what_the_store_saves(steps in prop::collection::vec(step(), 0..16)) {
        let mut bench = Bench::new();
        let film = |number: usize, probabilities: [f32; 3]| {
            dicom(scored(&format!("film {number}"), probabilities), "1.2", &format!("1.2.{number}"))
        };
        let (_, mut shown) = bench.record("first", &film(1, [0.99, 0.1, 0.1]), at(0));
        let mut undo = Vec::new();
        for (number, step) in (2..).zip(&steps) {
            let now = at(number);
            let before = shown.handling();
            match step {
                Step::Status(status, who) => {
                    undo.push(before);
                    shown.set_status(*status, who, now);
                    bench.store.set_status(shown.id, *status, who, now).unwrap();
                }
                Step::Acknowledge(who) => {
                    undo.push(before);
                    shown.acknowledge(who, now);
                    bench.store.acknowledge(shown.id, who, now).unwrap();
                }
                Step::Undo => {
                    let Some(handling) = undo.pop() else { continue };
                    shown.take_back(&handling);
                    bench.store.take_back(shown.id, &handling, "anna", now).unwrap();
                }
                Step::Film(probabilities) => {
                    let (_, study) = bench.record(&format!("{number}"), &film(number as usize, *probabilities), now);
                    shown = study;
                }
            }
            let saved = bench.store.detail(shown.id).unwrap().unwrap().study;
            shown.revision = saved.revision;
            prop_assert_eq!(&shown, &saved, "after {:?} of {:?}", step, steps);
        }
    }
}
