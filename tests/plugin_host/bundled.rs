//! The plugins that come with the program, as the documents say to set them up.

use cxr_triage::{
    plugin::{Limits, Source, StudyView, Vm},
    store::PluginState,
    study::Severity,
};
use jiff::{SignedDuration, Timestamp};

use crate::{
    plugin_host::support::{Scene, files, until},
    store_behaviours::support::scored,
};

#[test]
fn each_is_in_order_and_not_on_by_surprise() {
    assert_eq!(Source::bundled_names().count(), 5);
    for name in Source::bundled_names() {
        let source = Source::bundled(name).unwrap();
        let vm = Vm::load(&source, &Default::default(), Limits::default())
            .unwrap_or_else(|fault| panic!("{fault}"));
        vm.self_test(&StudyView::recorded()).unwrap_or_else(|fault| panic!("{fault}"));
        assert!(!vm.description().description.is_empty());
    }
    let config = cxr_triage::config::parse("", None).unwrap().config.plugins;
    assert!(cxr_triage::plugin::enabled("plugins".as_ref(), &config).is_empty());
    assert_ne!(StudyView::recorded(), StudyView::default(), "the recorded study cannot be read");
}

#[test]
fn portable_first_raises_what_the_header_calls_portable() {
    let mut scene = Scene::new(
        &[],
        "[plugins]\nenabled = [\"portable-first\"]\n[plugins.portable-first]\nwords = [\"ICU\"]",
    );
    scene.start();
    let mut outcome = scored("a", [0.1; 3]);
    if let Some(header) = outcome.header.as_mut() {
        header.study_description = "chest icu bed 4".to_owned();
    }
    let (_, portable) = scene.bench.record("a", &outcome, Timestamp::now());
    let other = scene.study("b", [0.1; 3]);
    let row = scene.row(portable.id);
    assert_eq!(row.severity, Severity::Urgent);
    assert_eq!(
        (row.marks.cell("portable-first", "Portable"), row.marks.tags[0].text.as_str()),
        ("yes", "portable")
    );
    assert!(row.marks.matches("portable-first", "Portable films"));
    assert_eq!(scene.row(other).severity, Severity::Routine);
}

#[test]
fn unseen_critical_speaks_up_once_a_round() {
    let mut scene = Scene::new(&[], "[plugins]\nenabled = [\"unseen-critical\"]");
    scene.start();
    let long_ago = Timestamp::now() - SignedDuration::from_mins(25);
    scene.bench.record("a", &scored("a", [0.95, 0.1, 0.1]), long_ago);
    scene.critical("just now");
    let notices = until(|| {
        let calls = scene.record("unseen-critical").calls;
        (calls > 8).then(|| scene.bench.store.notices_since(0).unwrap())
    });
    let notices = notices.unwrap();
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(notices[0].text.starts_with("Critical and unseen for 25 min: "), "{notices:?}");
}

#[test]
fn csv_log_writes_a_line_when_complete_and_when_done() {
    let toml = "[plugins]\nenabled = [\"csv-log\"]\nexports = \"out\"\n[plugins.csv-log]\nallow = [\"write\"]\nfile = \"ward\"";
    let mut scene = Scene::new(&[], toml);
    scene.start();
    let study = scene.critical("a");
    scene.bench.store.complete_quiet(SignedDuration::ZERO, Timestamp::now()).unwrap();
    scene.bench.store.set_status(study, cxr_triage::store::Status::Done, "jane", Timestamp::now()).unwrap();
    scene.settle();
    let names = files(&scene.path("out"));
    assert!(names.len() == 1 && names[0].starts_with("ward-"), "{names:?}");
    let text = std::fs::read_to_string(scene.path("out").join(&names[0])).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[0].starts_with("time,study,event,") && lines[1].contains(",complete,critical,"), "{text}");
    assert!(lines[2].contains(",done,critical,") && !text.contains("jane"), "{text}");
}

#[test]
fn route_critical_copies_the_film_once_under_a_name_without_a_name() {
    let toml = "[plugins]\nenabled = [\"route-critical\"]\ncopy_to = { ct = \"ct\" }\n[plugins.route-critical]\nallow = [\"copy\"]";
    let mut scene = Scene::new(&[], toml);
    std::fs::create_dir(scene.path("ct")).unwrap();
    scene.start();
    let film = scene.path("DOE^JANE.png");
    std::fs::write(&film, "a film").unwrap();
    let sha256 = sha256("a film");
    let outcome = cxr_triage::store::Outcome { sha256: sha256.clone(), ..scored("film", [0.95, 0.1, 0.1]) };
    scene.bench.record(film.to_str().unwrap(), &outcome, Timestamp::now());
    scene.bench.store.complete_quiet(SignedDuration::ZERO, Timestamp::now()).unwrap();
    scene.settle();
    assert_eq!(files(&scene.path("ct")), [format!("{}.png", &sha256[..16])]);
    // Whoever reads the folder takes it away; a restart does not bring it again.
    std::fs::remove_file(scene.path("ct").join(format!("{}.png", &sha256[..16]))).unwrap();
    scene.stop();
    scene.start();
    scene.settle();
    assert!(files(&scene.path("ct")).is_empty());
    assert_eq!(scene.record("route-critical").state, PluginState::Running);
}

fn sha256(text: &str) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
