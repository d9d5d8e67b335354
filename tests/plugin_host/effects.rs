//! What plugins can do to a study, and what they never can.

use std::fs;

use cxr_triage::{
    store::{Due, Lane, Status, Tried},
    study::{AuditKind, Severity},
};
use jiff::Timestamp;

use crate::plugin_host::support::{Scene, page, plugin, until};

#[test]
fn a_raise_is_shown_with_the_plugins_name_and_only_goes_up() {
    let text = plugin(
        "up",
        "permissions = { 'raise', 'tag', 'note', 'column' }, columns = { { title = 'Ward' } },
         on_study = function(study)
            return { { raise = 'urgent' }, { tag = 'a tag' }, { note = 'a note' }, { column = 'Ward', value = 3 } }
         end",
    );
    let mut scene = Scene::new(&[("up", &text)], "");
    scene.start();
    let (low, high) = (scene.study("low", [0.1; 3]), scene.critical("high"));
    let row = scene.row(low);
    assert_eq!((row.assessed, row.severity), (Severity::Routine, Severity::Urgent));
    assert_eq!(row.outside.unwrap().source, "up");
    assert_eq!(row.marks.tags[0].text, "a tag");
    assert_eq!(row.marks.notes[0].text, "a note");
    assert_eq!(row.marks.cell("up", "Ward"), "3");
    assert_eq!(scene.row(high).severity, Severity::Critical, "a raise to urgent lowered it");
    let raised: Vec<String> = scene
        .bench
        .store
        .events(0, 1_000)
        .unwrap()
        .into_iter()
        .filter(|event| event.kind == AuditKind::Raised)
        .map(|event| event.actor)
        .collect();
    assert!(raised.iter().all(|actor| actor == "up") && !raised.is_empty(), "{raised:?}");
}

#[test]
fn a_promotion_counts_once_however_often_it_is_asked_for() {
    let text =
        plugin("lift", "permissions = { 'raise' }, on_study = function() return { raise = 'promote' } end");
    let mut scene = Scene::new(&[("lift", &text)], "");
    scene.start();
    let study = scene.study("low", [0.1; 3]);
    scene.bench.store.complete_quiet(jiff::SignedDuration::ZERO, Timestamp::now()).unwrap();
    scene.settle();
    assert_eq!(scene.row(study).severity, Severity::Urgent);
    // Scored, and complete: it asked for both.
    scene.wait("lift", |record| record.calls >= 2);
    assert_eq!(scene.row(study).severity, Severity::Urgent);
}

#[test]
fn names_stay_hidden_unless_the_site_grants_them() {
    let text = plugin(
        "curious",
        "permissions = { 'note', 'patient' },
         on_study = function(study) return { note = study.patient and study.patient.study_uid or 'hidden' } end",
    );
    for (toml, seen) in [("", "hidden"), ("[plugins.curious]\nallow = [\"patient\"]", "sha256:secret")] {
        let mut scene = Scene::new(&[("curious", &text)], toml);
        scene.start();
        let study = scene.critical("secret");
        assert_eq!(scene.row(study).marks.notes[0].text, seen);
        assert_eq!(scene.record("curious").missing.is_empty(), seen != "hidden");
    }
}

#[test]
fn a_date_of_birth_in_free_text_stays_hidden_unless_the_site_grants_it() {
    use crate::store_behaviours::support::{dicom, scored};
    let text = plugin(
        "curious",
        "permissions = { 'note', 'patient' },
         on_study = function(study) return { note = study.films[1].series } end",
    );
    for (toml, seen) in [
        ("", "CHEST, born ***.***.***"),
        ("[plugins.curious]\nallow = [\"patient\"]", "CHEST, born 3.2.1961"),
    ] {
        let mut scene = Scene::new(&[("curious", &text)], toml);
        scene.start();
        let mut outcome = dicom(scored("a", [0.95, 0.1, 0.1]), "1.2.3", "1.2.3.4");
        if let Some(header) = &mut outcome.header {
            header.patient_birth_date = "19610203".to_owned();
            header.series_description = "CHEST, born 3.2.1961".to_owned();
        }
        let (_, row) = scene.bench.record("a", &outcome, Timestamp::now());
        scene.settle();
        assert_eq!(scene.row(row.id).marks.notes[0].text, seen);
    }
}

#[test]
fn what_the_site_does_not_allow_is_refused_and_counted() {
    let text = plugin(
        "greedy",
        "permissions = { 'write', 'webhook', 'copy', 'run' },
         on_study = function() return {
            { write = 'x.csv', text = 'x' }, { webhook = 'https://evil.example/' }, { copy = 'ct' }, { run = 'page' },
         } end",
    );
    for toml in ["", "[plugins.greedy]\nallow = [\"write\", \"webhook\", \"copy\", \"run\"]"] {
        let mut scene = Scene::new(&[("greedy", &text)], toml);
        scene.start();
        scene.critical("a");
        let record = scene.wait("greedy", |record| record.refused >= 4);
        assert_eq!((record.refused, record.failures), (4, 0), "{record:?}");
        assert_eq!(scene.bench.count_kind("plugin-refused"), 4);
    }
}

#[test]
fn files_and_copies_are_made_once_and_links_lead_nowhere() {
    let text = plugin(
        "out",
        "permissions = { 'write' },
         on_study = function(study) return {
            { write = 'log/a.csv', header = 'id\\n', text = study.id .. '\\n' },
            { write = 'once.csv', text = 'x', once = 'x' },
            { write = 'state.txt', text = tostring(study.id), replace = true },
            { write = 'link/x.csv', text = 'x' },
         } end",
    );
    let mut scene =
        Scene::new(&[("out", &text)], "[plugins]\nexports = \"out\"\n[plugins.out]\nallow = [\"write\"]");
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::create_dir(scene.path("out")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), scene.path("out/link")).unwrap();
    scene.start();
    let ids: Vec<i64> = ["a", "b", "c"].map(|bytes| scene.critical(bytes)).into();
    let read = |name: &str| std::fs::read_to_string(scene.path("out").join(name)).unwrap();
    assert_eq!(read("log/a.csv"), format!("id\n{}\n{}\n{}\n", ids[0], ids[1], ids[2]));
    assert_eq!(read("once.csv"), "x");
    assert_eq!(read("state.txt"), ids[2].to_string());
    assert!(crate::plugin_host::support::files(elsewhere.path()).is_empty(), "a link was followed");
    let record = scene.wait("out", |record| record.waiting > 0);
    assert!(record.waiting > 0, "what cannot be written waits and is visible");
}

#[test]
fn a_status_and_a_command_reach_the_plugin() {
    let text = plugin(
        "hands",
        "permissions = { 'tag' },
         on_status = function(study, change) return { tag = change.before .. ' to ' .. change.status } end,
         commands = { { title = 'Mark it', key = 'alt-m', run = function() return { tag = 'by hand' } end } }",
    );
    let mut scene = Scene::new(&[("hands", &text)], "");
    scene.start();
    let study = scene.critical("a");
    let before = scene.row(study).handling();
    scene.bench.store.set_status(study, Status::Seen, "jane", Timestamp::now()).unwrap();
    scene.settle();
    scene.bench.store.take_back(study, &before, "jane", Timestamp::now()).unwrap();
    scene.settle();
    let action = cxr_triage::store::PluginAction::Run { command: "Mark it".to_owned(), study };
    let request = cxr_triage::store::PluginRequest { plugin: "hands".to_owned(), action };
    scene.bench.store.request_plugin(&request, "jane", Timestamp::now()).unwrap();
    let tags = crate::plugin_host::support::until(|| {
        let tags: Vec<String> = scene.row(study).marks.tags.into_iter().map(|mark| mark.text).collect();
        (tags.len() == 3).then_some(tags)
    });
    assert_eq!(tags.unwrap(), ["new to seen", "seen to new", "by hand"]);
}

#[test]
fn what_was_half_written_when_the_program_died_is_finished_before_anything_else() {
    let mut scene = Scene::new(&[], "[plugins]\nexports = \"exports\"");
    fs::create_dir(scene.path("exports")).unwrap();
    fs::write(scene.path("exports/log.txt"), "half of").unwrap();
    let store = rusqlite::Connection::open(&scene.bench.path).unwrap();
    // The one that nobody began was asked for first.
    for (text, plan) in [("another\n", ""), ("half of it was there\n", r#"{ "offset": 0, "header": false }"#)]
    {
        let content = serde_json::json!({ "text": text, "header": "", "replace": false }).to_string();
        let sql = "INSERT INTO outbox (time, plugin, kind, target, content, key, state, due, plan)
                   VALUES (1, 'log', 'write', 'log.txt', ?1, ?2, 'waiting', 1, ?3)";
        store.execute(sql, (content, text, plan)).unwrap();
    }
    scene.start();
    scene.settle();
    let written = fs::read_to_string(scene.path("exports/log.txt")).unwrap();
    assert_eq!(written, "half of it was there\nanother\n");
}

#[test]
fn an_effect_comes_to_its_end_once() {
    let mut scene = Scene::new(&[], "");
    let work = page();
    let (store, now) = (&mut scene.bench.store, Timestamp::now());
    store.save_plugin_work(&work, now).unwrap();
    let earlier = now.checked_sub(jiff::SignedDuration::from_hours(2)).unwrap();
    let waiting = store.waiting_deliveries(Lane::Programs, earlier).unwrap().remove(0);
    assert!(waiting.due <= earlier, "the clock was set back");
    let page = waiting.destination;
    assert_eq!(store.due_deliveries(&page, earlier, 9).unwrap().len(), 1, "the clock was set back");
    let delivery = store.due_deliveries(&page, now, 9).unwrap().remove(0).delivery().unwrap();
    for tried in [Tried::Done(serde_json::json!({})), Tried::GivenUp("too late".to_owned())] {
        store.tried_delivery(&delivery, &tried, now).unwrap();
    }
    let ends = [AuditKind::Run, AuditKind::GivenUp].map(|kind| scene.bench.count_kind(kind.word()));
    assert_eq!(ends, [1, 0]);
}

#[test]
fn a_copy_is_of_films_that_decoded_alone_and_exports_are_their_owners() {
    use std::os::unix::fs::PermissionsExt;

    use crate::store_behaviours::support::{broken, dicom, scored};
    let text = plugin(
        "out",
        "permissions = { 'write', 'copy' },
         on_study = function(study) return { { copy = 'ct' }, { write = 'a.csv', text = 'x' },
            { write = 'b.txt', text = 'x', replace = true } } end",
    );
    let toml = "[plugins]\nexports = \"out\"\ncopy_to = { ct = \"ct\" }\n[plugins.out]\nallow = [\"write\", \"copy\"]";
    let mut scene = Scene::new(&[("out", &text)], toml);
    std::fs::create_dir(scene.path("ct")).unwrap();
    scene.start();
    let mut record = |name: &str, uid: &str, decodes: bool| {
        let path = scene.path(name);
        std::fs::write(&path, name).unwrap();
        let hash: String =
            sha2::Digest::finalize(sha2::Digest::chain_update(<sha2::Sha256 as sha2::Digest>::new(), name))
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
        let outcome = if decodes { scored(&hash, [0.95, 0.1, 0.1]) } else { broken(&hash) };
        let outcome = dicom(outcome, "1.2.3", uid);
        scene.bench.record(path.to_str().unwrap(), &outcome, Timestamp::now());
        hash
    };
    let whole = record("whole", "1.2.3.1", true);
    record("half", "1.2.3.2", false);
    // The film lies in a second file by now, and the first one has gone.
    let copy = scene.path("copy");
    std::fs::rename(scene.path("whole"), &copy).unwrap();
    let again = dicom(scored(&whole, [0.95, 0.1, 0.1]), "1.2.3", "1.2.3.1");
    scene.bench.finish(copy.to_str().unwrap(), &again, Timestamp::now());
    scene.settle();
    let copies = crate::plugin_host::support::until(|| {
        let copies = crate::plugin_host::support::files(&scene.path("ct"));
        (scene.bench.count_kind("copy") > 0).then_some(copies)
    });
    assert_eq!(copies.unwrap(), [format!("{}.dcm", &whole[..16])]);
    for file in
        [scene.path("out/a.csv"), scene.path("out/b.txt"), scene.path(&format!("ct/{}.dcm", &whole[..16]))]
    {
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file:?}");
    }
}

#[test]
fn the_secrets_of_a_webhook_are_in_no_list_and_no_audit() {
    let text = plugin(
        "page",
        "permissions = { 'webhook' }, on_study = function()
            return { { webhook = 'http://127.0.0.1:1/hook?token=s3cret' }, { webhook = 'https://u:s3cret@b.org/?s3cret' } } end",
    );
    let toml = "[plugins]\nwebhooks = [\"http://127.0.0.1:1/\"]\n[plugins.page]\nallow = [\"webhook\"]";
    let mut scene = Scene::new(&[("page", &text)], toml);
    scene.start();
    let (_, row) = scene.bench.record(
        "a",
        &crate::store_behaviours::support::scored("a", [0.95, 0.1, 0.1]),
        Timestamp::now(),
    );
    let record = scene.wait("page", |record| record.waiting > 0 && record.refused > 0);
    let due = || {
        let far = Timestamp::now() + jiff::SignedDuration::from_hours(1);
        let page = scene.bench.store.waiting_deliveries(Lane::Webhooks, far).unwrap().remove(0).destination;
        let due = scene.bench.store.due_deliveries(&page, far, 9).unwrap();
        due.into_iter().filter_map(Due::delivery).find(|delivery| delivery.attempts > 0)
    };
    let delivery = crate::plugin_host::support::until(due).expect("it was never tried");
    let audit = scene.bench.store.events(0, 1_000).unwrap();
    let told = format!("{record:?} {} {audit:?} {:?}", delivery.target, scene.row(row.id));
    assert!(!told.contains("s3cret") && told.contains("http://127.0.0.1:1"), "{told}");
    assert!(told.contains("https://b.org/ is not in `webhooks`"), "{told}");
}

#[test]
fn a_result_is_sent_where_the_site_allows_it_and_once_however_often_it_is_asked_for() {
    let text = plugin(
        "send",
        "permissions = { 'send' },
         on_study = function() return { { send = 'pacs' }, { send = 'elsewhere' } } end",
    );
    // Nobody listens there: what is wanted stays in the outbox.
    let site =
        "[send.pacs]\nhost = \"127.0.0.1\"\nport = 1\naet = \"PACS\"\n[plugins.send]\nallow = [\"send\"]";
    let mut scene = Scene::new(&[("send", &text)], site);
    scene.start();
    let study = scene.critical_at_once("a");
    scene.bench.store.complete_quiet(jiff::SignedDuration::ZERO, Timestamp::now()).unwrap();
    scene.wait("send", |record| record.calls >= 1);
    let of = |kind: AuditKind| {
        let events = scene.bench.store.events(0, 1_000).unwrap().into_iter();
        events.filter(move |event| event.kind == kind).collect::<Vec<_>>()
    };
    let some = |kind: AuditKind| until(|| Some(of(kind)).filter(|events| !events.is_empty())).unwrap();
    let asked = some(AuditKind::SendAsked);
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!((asked[0].actor.as_str(), asked[0].study), ("send", Some(study)));
    let refused = some(AuditKind::PluginRefused);
    assert!(
        refused[0].detail["why"].as_str().unwrap().contains("`[send.elsewhere]` is not in"),
        "{refused:?}"
    );
    let sendings = scene.bench.store.detail(study).unwrap().unwrap().sendings;
    assert_eq!(sendings.iter().map(|it| it.destination.as_str()).collect::<Vec<_>>(), ["pacs"]);
}

#[test]
fn a_destination_that_could_not_be_noted_is_noted_at_a_later_look() {
    let mut scene = Scene::new(&[], "");
    scene.start();
    let store = rusqlite::Connection::open(&scene.bench.path).unwrap();
    store.execute_batch("ALTER TABLE send_cursors RENAME TO away").unwrap();
    let site = "[send.pacs]\nhost = \"127.0.0.1\"\nport = 1\naet = \"PACS\"";
    scene.destinations = cxr_triage::config::parse(site, None).unwrap().config.send;
    scene.reconfigure();
    std::thread::sleep(std::time::Duration::from_millis(500));
    store.execute_batch("ALTER TABLE away RENAME TO send_cursors").unwrap();
    let followed =
        || store.query_row("SELECT target FROM send_cursors", [], |row| row.get::<_, String>(0)).ok();
    assert_eq!(until(followed).as_deref(), Some("pacs"));
}
