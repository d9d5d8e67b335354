//! Reloads, restarts, being enabled and not.

use cxr_triage::store::PluginState;

use crate::plugin_host::support::{Scene, plugin};

fn tagging(tag: &str) -> String {
    plugin(
        "living",
        &format!("permissions = {{ 'tag' }}, on_study = function() return {{ tag = '{tag}' }} end"),
    )
    .replace("\"1\"", &format!("\"{tag}\""))
}

#[test]
fn a_changed_file_takes_over_and_a_broken_one_does_not() {
    let mut scene = Scene::new(&[("living", &tagging("one"))], "");
    scene.start();
    let first = scene.critical("a");
    scene.write("living", &tagging("two"));
    scene.wait("living", |record| record.version == "two");
    let second = scene.critical("b");
    scene.write("living", "return {\n api = 1,\n name = = }");
    let record = scene.wait("living", |record| record.state == PluginState::Old);
    assert!(record.fault.starts_with("living.luau:3: "), "{}", record.fault);
    let third = scene.critical("c");
    let tags = [first, second, third].map(|study| scene.row(study).marks.tags[0].text.clone());
    assert_eq!(tags, ["one", "two", "two"]);
    scene.write("living", &tagging("three"));
    assert_eq!(scene.wait("living", |record| record.version == "three").fault, "");
}

#[test]
fn a_hundred_changes_in_a_row_end_with_the_last() {
    let mut scene = Scene::new(&[("living", &tagging("v0"))], "");
    scene.start();
    for round in 1..=100 {
        scene.write("living", &tagging(&format!("v{round}")));
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let record = scene.wait("living", |record| record.version == "v100");
    assert_eq!((record.state, record.failures), (PluginState::Running, 0));
    assert!(record.memory < 4 << 20, "{} bytes are held", record.memory);
}

#[test]
fn what_happened_while_the_program_was_away_is_not_missed() {
    let mut scene = Scene::new(&[("living", &tagging("x"))], "");
    scene.start();
    scene.critical("a");
    scene.stop();
    let away = scene.critical("while it was away");
    assert!(scene.row(away).marks.tags.is_empty());
    scene.start();
    scene.settle();
    assert_eq!(scene.row(away).marks.tags.len(), 1);
}

#[test]
fn a_plugin_that_is_new_begins_with_what_comes() {
    let mut scene = Scene::new(&[], "");
    let before = scene.critical("before");
    scene.write("living", &tagging("x"));
    scene.config.enabled.push("living".to_owned());
    scene.start();
    let after = scene.critical("after");
    assert!(scene.row(before).marks.tags.is_empty(), "it acted on what was there before it");
    assert_eq!(scene.row(after).marks.tags.len(), 1);
}

#[test]
fn columns_of_what_was_there_before_are_filled() {
    let inside = "permissions = { 'column' },
        columns = { { title = 'N', value = function(study) return study.id end } },
        filters = { { title = 'All', matches = function() return true end } }";
    let mut scene = Scene::new(&[("cols", &plugin("cols", inside))], "");
    let studies: Vec<i64> = (0..120).map(|number| scene.critical(&format!("film {number}"))).collect();
    scene.start();
    for study in studies {
        let filled = crate::plugin_host::support::until(|| {
            let marks = scene.row(study).marks;
            (marks.cell("cols", "N") == study.to_string() && marks.matches("cols", "All")).then_some(())
        });
        assert!(filled.is_some(), "study {study}");
    }
}

#[test]
fn a_plugin_in_a_folder_finds_its_own_files_and_no_others() {
    let mut scene = Scene::new(&[], "[plugins]\nenabled = [\"house\"]");
    let house = scene.path("plugins/house");
    std::fs::create_dir(&house).unwrap();
    std::fs::write(house.join("words.luau"), "return { tag = 'from a file' }").unwrap();
    let main = "local words = require('./words')\nreturn { api = 1, name = 'house', version = '1', permissions = { 'tag' },\n\
                on_study = function() return { tag = words.tag } end }";
    std::fs::write(house.join("main.luau"), main).unwrap();
    scene.start();
    let study = scene.critical("a");
    assert_eq!(scene.row(study).marks.tags[0].text, "from a file");
    std::os::unix::fs::symlink("/etc/passwd", house.join("evil.luau")).unwrap();
    let record = scene.wait("house", |record| record.state == PluginState::Old);
    assert!(record.fault.contains("a link in it leads out of its folder"), "{}", record.fault);
}

#[test]
fn a_name_that_nobody_has_is_said() {
    let mut scene = Scene::new(&[], "[plugins]\nenabled = [\"no-such\"]");
    scene.start();
    let record = scene.record("no-such");
    assert_eq!(record.state, PluginState::Broken);
    assert!(record.fault.contains("no plugin of that name comes with the program"), "{}", record.fault);
}

#[test]
fn what_happens_while_the_plugin_is_being_loaded_waits_for_it() {
    let mut scene = Scene::new(&[("living", &tagging("x"))], "");
    scene.start_at_once();
    let studies: Vec<i64> = (0..30).map(|number| scene.critical(&format!("film {number}"))).collect();
    for study in studies {
        assert_eq!(scene.row(study).marks.tags.len(), 1, "study {study} was missed");
    }
}

#[test]
fn what_was_saved_by_a_try_whose_answer_was_lost_is_not_done_again() {
    let inside = "permissions = { 'write' }, on_study = function(study)
        return { write = 'studies.csv', text = study.id .. '\\n' }
    end";
    let site = "[plugins]\nexports = \"exports\"\n[plugins.log]\nallow = [\"write\"]";
    let mut scene = Scene::new(&[("log", &plugin("log", inside))], site);
    let newest = |scene: &Scene| scene.bench.store.newest_event().unwrap();
    scene.critical("before it was there");
    let events = newest(&scene);
    scene.start();
    let first = scene.critical("a");
    // As if the store had saved what comes of the next study, and the answer had been lost on its way.
    scene.bench.raw(&format!("UPDATE plugins SET cursor = {}", newest(&scene) + events));
    scene.critical("b");
    let third = scene.critical("c");
    let written = std::fs::read_to_string(scene.path("exports/studies.csv")).unwrap();
    assert_eq!(written, format!("{first}\n{third}\n"));
}

/// Fills the outbox of the plugin `log` with what goes to another destination, whose time has not come.
fn fill_outbox(scene: &Scene) {
    scene.bench.raw(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9500)
         INSERT INTO outbox (id, time, plugin, kind, target, content, key, state, due)
         SELECT 1000 + i, 0, 'log', 'webhook', 'https://nobody.invalid/', '{}', 'k' || i, 'waiting', 9000000000000000000
         FROM n",
    );
}

fn empty_outbox(scene: &Scene) {
    scene.bench.raw("UPDATE outbox SET state = 'done' WHERE id > 1000");
}

#[test]
fn a_full_outbox_is_told_beside_what_else_is_wrong_with_a_plugin_and_hides_none_of_it() {
    let inside = "permissions = { 'tag' }, on_study = function(study)
        if study.id == 1 then error('no such ward') end
        return { tag = 'seen' }
    end";
    let mut scene = Scene::new(&[("log", &plugin("log", inside))], "");
    scene.start();
    scene.critical("a");
    let fault = scene.wait("log", |record| !record.fault.is_empty()).fault;
    assert!(fault.contains("no such ward"), "{fault}");
    fill_outbox(&scene);
    scene.critical_at_once("b");
    let full = scene.wait("log", |record| record.fault.contains("outbox is full")).fault;
    assert!(full.starts_with(&fault), "{full}");
    empty_outbox(&scene);
    let third = scene.critical("c");
    assert_eq!(scene.tags(third), ["seen"]);
    assert_eq!(scene.wait("log", |record| !record.fault.contains("outbox is full")).fault, fault);
}

#[test]
fn a_plugin_that_is_switched_off_says_why_also_where_its_outbox_is_full() {
    // Its study of the trial is number 42.
    let inside = "permissions = { 'tag' }, on_study = function(study)
        if study.id ~= 42 then error('no such ward') end
    end";
    let mut scene = Scene::new(&[("log", &plugin("log", inside))], "");
    scene.limits.failures = 1;
    scene.start();
    scene.critical("a");
    let off = scene.wait("log", |record| record.state == PluginState::Off);
    assert!(off.fault.contains("switched off after 1 failures"), "{}", off.fault);
    fill_outbox(&scene);
    scene.critical_at_once("b");
    // Many looks long.
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(scene.record("log").fault, off.fault);
    empty_outbox(&scene);
    scene.critical("c");
    assert_eq!(scene.record("log").fault, off.fault);
}

#[test]
fn a_plugin_whose_outbox_is_full_waits_and_misses_nothing() {
    let inside = "permissions = { 'write' }, on_study = function(study)
        return { write = 'studies.csv', text = study.id .. '\\n' }
    end";
    let site = "[plugins]\nexports = \"exports\"\n[plugins.log]\nallow = [\"write\"]";
    let mut scene = Scene::new(&[("log", &plugin("log", inside))], site);
    scene.start();
    let first = scene.critical("a");
    fill_outbox(&scene);
    let second = scene.critical_at_once("b");
    scene.wait("log", |record| record.fault.contains("outbox is full"));
    empty_outbox(&scene);
    let third = scene.critical("c");
    let written = std::fs::read_to_string(scene.path("exports/studies.csv")).unwrap();
    assert_eq!(written, format!("{first}\n{second}\n{third}\n"));
}
