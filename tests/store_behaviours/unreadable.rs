//! A row that cannot be read costs itself, by name, and nothing else.

use super::support::{Bench, at, dicom, scored};
use crate::postgres::Backend;
use cxr_triage::{
    quality::Gate,
    store::{
        DeliveryKind, Due, FilmState, Finished, Lane, NewDelivery, PluginEffect, PluginRecord, PluginWork,
        Status, Store, StoreErrorKind, Waiting,
    },
    study::Severity,
};

/// Three studies: the second is about to be spoiled.
fn three() -> (Bench, [i64; 3]) {
    let mut bench = Bench::new();
    let mut studies = [0; 3];
    for (study, name) in studies.iter_mut().zip(["a", "b", "c"]) {
        let film = dicom(scored(name, [0.9, 0.1, 0.1]), &format!("1.{name}"), &format!("2.{name}"));
        *study = bench.record(&format!("{name}.dcm"), &film, at(0)).1.id;
    }
    (bench, studies)
}

/// Whether a database can hold what a statement spoils a row with: a server checks that text is text.
fn can_be(statement: &str) -> bool {
    super::BACKEND == Backend::File || !statement.contains("CAST(x'ff' AS TEXT)")
}

fn spoil(bench: &Bench, statement: &str) {
    bench.raw(statement);
}

fn named(bench: &Bench, table: &str) -> bool {
    let found = bench.store.unreadable(0);
    found.iter().any(|sentence| sentence.contains(&format!("of the table {table} ")))
}

#[test]
fn a_study_that_cannot_be_read_stands_on_the_list_and_says_so() {
    for (column, value) in [
        ("severity", "'dire'"),
        ("assessed", "''"),
        ("outside_source = 'x', outside_floor", "'sky'"),
        ("promoted_at", "9223372036854775807"),
        ("first_arrival", "-9223372036854775807"),
        ("scored_films", "5000000000"),
        ("held_films", "99999999999"),
        ("status_by", "CAST(x'ff' AS TEXT)"),
        ("marks", "'{'"),
    ] {
        if !can_be(value) {
            continue;
        }
        let (bench, [first, spoiled, last]) = three();
        spoil(&bench, &format!("UPDATE studies SET {column} = {value} WHERE id = {spoiled}"));
        let case = format!("{column} = {value}");
        for rows in [
            bench.store.studies_since(0).unwrap(),
            bench.store.studies_page(0, 10).unwrap(),
            bench.store.open_studies_after(0, 10).unwrap(),
        ] {
            let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
            assert_eq!(ids, [first, spoiled, last], "{case}");
            assert!(rows.iter().all(|row| !row.is_gone()), "{case}");
            // What plugins put beside a study is worth no warning.
            let says = rows[1].held_reason.contains("cannot be read") && named(&bench, "studies");
            assert!(says || column == "marks", "{case}: {:?}", rows[1]);
            assert_eq!(rows[2].severity, Severity::Critical, "{case}");
        }
        let detail = bench.store.detail(spoiled).unwrap().unwrap();
        assert_eq!(detail.films.len(), 1, "{case}: its films are there");
        assert!(bench.store.counts().is_ok() && bench.store.critical_unseen(9).is_ok(), "{case}");
        let question = cxr_triage::store::ShiftQuestion { since: at(-9), hours: vec![at(-9)], now: at(9) };
        assert!(bench.store.shift(&question).is_ok(), "{case}");
        assert!(bench.store.past_studies(&super::support::usual_rules(), 9).is_ok(), "{case}");
        let Bench { mut store, .. } = bench;
        assert!(store.promote_overdue(jiff::SignedDuration::from_mins(1), at(9)).is_ok(), "{case}");
        assert!(store.complete_quiet(jiff::SignedDuration::from_mins(1), at(9)).is_ok(), "{case}");
        assert!(store.set_status(last, Status::Seen, "Ines", at(9)).unwrap().is_some(), "{case}");
    }
}

#[test]
fn what_a_person_does_with_a_spoiled_study_is_refused_and_a_new_film_mends_it() {
    let (mut bench, [_, spoiled, _]) = three();
    spoil(&bench, &format!("UPDATE studies SET severity = 'dire' WHERE id = {spoiled}"));
    let error = bench.store.set_status(spoiled, Status::Done, "Ines", at(1)).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Row, "{error}");
    let film = dicom(scored("b2", [0.6, 0.1, 0.1]), "1.b", "2.b2");
    let (_, row) = bench.record("b2.dcm", &film, at(1));
    assert_eq!((row.id, row.severity, row.scored_films), (spoiled, Severity::Critical, 2));
    assert!(bench.store.set_status(spoiled, Status::Done, "Ines", at(2)).unwrap().is_some());
}

#[test]
fn a_film_that_cannot_be_read_costs_itself_alone() {
    for statement in [
        "UPDATE films SET header = '{' WHERE sha256 = 'b'",
        "UPDATE films SET header = '{\"rows\": \"many\"}' WHERE sha256 = 'b'",
        "UPDATE films SET gate = 'of-a-newer-version', reason = 'x' WHERE sha256 = 'b'",
        "UPDATE films SET warnings = 'no list' WHERE sha256 = 'b'",
        "UPDATE findings SET severity = 'dire' WHERE film = (SELECT id FROM films WHERE sha256 = 'b')",
        "UPDATE findings SET label = CAST(x'ff' AS TEXT) WHERE film = (SELECT id FROM films WHERE sha256 = 'b')",
    ] {
        if !can_be(statement) {
            continue;
        }
        let (mut bench, [_, spoiled, _]) = three();
        spoil(&bench, statement);
        let detail = bench.store.detail(spoiled).unwrap().unwrap();
        let FilmState::Held(held) = &detail.films[0].state else {
            panic!("{statement}: {:?}", detail.films[0])
        };
        assert!(held.gate == Gate::Unreadable && held.reason.contains("cannot be read"), "{statement}");
        assert!(named(&bench, "films"), "{statement}");
        // The study takes more films, and those count.
        let film = dicom(scored("b2", [0.6, 0.1, 0.1]), "1.b", "2.b2");
        let (_, row) = bench.record("b2.dcm", &film, at(1));
        assert_eq!(row.id, spoiled, "{statement}");
        assert!(row.scored_films >= 1 && row.severity >= Severity::Urgent, "{statement}: {row:?}");
        assert!(bench.store.reassess(&super::support::rules(0.4, 0.7), at(2)).is_ok(), "{statement}");
        assert!(bench.store.detail_with(spoiled, &[], 9).unwrap().unwrap().films.len() == 2, "{statement}");
        assert!(bench.store.spread("starter", &"ab".repeat(32), 9).is_ok(), "{statement}");
    }
}

#[test]
fn a_spoiled_header_of_an_image_for_processing_stops_no_other() {
    let (mut bench, _) = three();
    spoil(&bench, "UPDATE films SET header = 'x' WHERE sha256 = 'b'");
    let mut film = dicom(scored("b2", [0.6, 0.1, 0.1]), "1.b", "2.b2");
    film.header.as_mut().unwrap().presentation_intent_type = "FOR PRESENTATION".to_owned();
    assert!(matches!(bench.finish("b2.dcm", &film, at(1)), Finished::Recorded { .. }));
}

#[test]
fn whoever_follows_the_audit_gets_past_a_spoiled_event() {
    for change in [
        "detail = '{'",
        "time = 9223372036854775807",
        "kind = CAST(x'ff' AS TEXT)",
        "actor = CAST(x'ff' AS TEXT)",
    ] {
        if !can_be(change) {
            continue;
        }
        let (bench, _) = three();
        let all = bench.store.events(0, 100).unwrap();
        let spoiled = all[all.len() / 2].id;
        spoil(&bench, &format!("UPDATE events SET {change} WHERE id = {spoiled}"));
        let ids = |events: &[cxr_triage::store::AuditEvent]| {
            events.iter().map(|event| event.id).collect::<Vec<_>>()
        };
        assert_eq!(ids(&bench.store.events(0, 100).unwrap()), ids(&all), "{change}");
        let one = bench.store.events(spoiled - 1, 1).unwrap();
        assert_eq!((one[0].id, one[0].study, one[0].kind.known()), (spoiled, None, None), "{change}");
        assert!(named(&bench, "events"), "{change}");
    }
}

fn deliver(store: &mut Store, target: &str) {
    let delivery = NewDelivery {
        study: None,
        kind: DeliveryKind::Write,
        target: target.to_owned(),
        content: "{}".to_owned(),
        once: None,
    };
    let work = PluginWork {
        plugin: "ward".to_owned(),
        effects: vec![PluginEffect::Send(delivery)],
        ..PluginWork::default()
    };
    store.save_plugin_work(&work, at(0)).unwrap();
}

#[test]
fn a_spoiled_delivery_is_given_up_and_the_next_is_made() {
    for change in ["plan = CAST(x'ff' AS TEXT)", "attempts = -1", "time = 9223372036854775807"] {
        if !can_be(change) {
            continue;
        }
        let mut bench = Bench::new();
        deliver(&mut bench.store, "one.txt");
        deliver(&mut bench.store, "two.txt");
        spoil(&bench, &format!("UPDATE outbox SET {change} WHERE target = 'one.txt'"));
        let due = |bench: &Bench| -> Vec<Due> {
            let waiting = bench.store.waiting_deliveries(Lane::Files, at(1)).unwrap();
            let due = |waiting: Waiting| bench.store.due_deliveries(&waiting.destination, at(1), 9).unwrap();
            waiting.into_iter().flat_map(due).collect()
        };
        let found = due(&bench);
        let [Due::Unreadable { id, why }, Due::Delivery(next)] = &found[..] else {
            panic!("{change}: {found:?}")
        };
        assert_eq!(next.target, "two.txt", "{change}");
        bench.store.give_up_unreadable(*id, why, at(1)).unwrap();
        assert_eq!(due(&bench).len(), 1);
        assert_eq!(bench.count_kind("given-up"), 1, "{change}");
    }
}

#[test]
fn a_spoiled_record_of_a_plugin_is_a_broken_plugin_and_hides_no_other() {
    let mut bench = Bench::new();
    for name in ["one", "two"] {
        bench
            .store
            .save_plugin(&PluginRecord { name: name.to_owned(), ..PluginRecord::default() }, at(0))
            .unwrap();
    }
    spoil(&bench, "UPDATE plugins SET record = '{\"state\": \"dancing\"}' WHERE name = 'one'");
    let plugins = bench.store.plugins().unwrap();
    let names: Vec<&str> = plugins.iter().map(|plugin| plugin.name.as_str()).collect();
    assert_eq!(names, ["one", "two"]);
    assert!(plugins[0].fault.contains("cannot be read") && named(&bench, "plugins"));
}

#[test]
fn spoiled_files_and_notes_cost_themselves_alone() {
    let (mut bench, [first, ..]) = three();
    for name in ["q1", "q2"] {
        bench.receive(name, at(1));
    }
    spoil(&bench, "UPDATE files SET tries = -1 WHERE path = 'q1'");
    let queued = bench.store.queued(9).unwrap();
    assert_eq!(queued.len(), 1);
    assert!(queued[0].arrival.path.ends_with("q2") && named(&bench, "files"));
    // A path of bytes that are no text is a path all the same.
    let odd = match super::BACKEND {
        Backend::File => "CAST(x'ff' AS TEXT)",
        Backend::Server => "'\\xff'",
    };
    spoil(&bench, &format!("UPDATE files SET path = {odd} WHERE path = 'q2'"));
    assert_eq!(bench.store.queued(9).unwrap().len(), 1);
    for text in ["one", "two"] {
        bench.store.add_note(first, text, "Ines", at(1)).unwrap();
    }
    spoil(&bench, "UPDATE notes SET time = 9223372036854775807 WHERE text = 'one'");
    assert_eq!(bench.store.detail(first).unwrap().unwrap().notes.len(), 1);
}
