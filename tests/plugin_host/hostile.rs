//! Plugins that mean harm, beside one that works: the list goes on, the fault is named.

use cxr_triage::store::PluginState;

use crate::plugin_host::support::{Scene, plugin};

const GOOD: &str = "permissions = { 'tag' }, on_study = function() return { tag = 'seen' } end";

#[test]
fn a_plugin_that_fails_again_and_again_is_switched_off_and_the_others_go_on() {
    // What it does; what the fault says.
    let cases = [
        ("on_study = function(study) if study.id ~= 42 then while true do end end end", "longer than 100 ms"),
        (
            "on_study = function(study) if study.id ~= 42 then error('\\27[2Jno') end end",
            "evil.luau:1: [2Jno",
        ),
        (
            "on_study = function(study) if study.id ~= 42 then local t = {} while true do t[#t + 1] = table.create(1e4, 0) end end end",
            "memory",
        ),
        (
            "on_study = function(study) if study.id ~= 42 then
             string.find(string.rep('a', 4e6), string.rep('a', 2e6) .. 'b', 1, true) end end",
            "longer than 100 ms in one step",
        ),
        (
            "permissions = { 'tag' }, on_study = function(study)
             if study.id ~= 42 then return table.create(1e6, { tag = 'x' }) end end",
            "1000000 effects",
        ),
        (
            "permissions = { 'column' }, columns = { { title = 'x', value = function(study) if study.id ~= 42 then return 0/0 end end } }",
            "not a number",
        ),
    ];
    for (inside, says) in cases {
        let mut scene = Scene::new(&[("evil", &plugin("evil", inside)), ("good", &plugin("good", GOOD))], "");
        scene.start();
        let studies: Vec<i64> = (0..6).map(|number| scene.critical(&format!("film {number}"))).collect();
        let record = scene.wait("evil", |record| record.state == PluginState::Off);
        assert!(record.fault.contains(says) && record.fault.contains("5 failures"), "{inside}: {record:?}");
        assert_eq!(record.failures, 5, "{inside}");
        for study in studies {
            assert_eq!(scene.row(study).marks.tags.len(), 1, "{inside}: the good plugin stood still");
        }
        assert!(record.memory < 8 << 20, "{inside}: {} bytes are held", record.memory);
    }
}

#[test]
fn a_hook_of_the_clock_that_throws_is_a_fault_and_not_the_end() {
    // On the recorded study it works: it fails when it is called for the first time in earnest.
    let inside = "on_critical_waiting = function(study) if study.id ~= 42 then error('late') end end";
    let mut scene = Scene::new(&[("late", &plugin("late", inside)), ("good", &plugin("good", GOOD))], "");
    scene.start();
    scene.critical("a");
    let record = scene.wait("late", |record| record.state == PluginState::Off);
    assert!(record.fault.contains("late.luau:1: late (in on_critical_waiting)"), "{record:?}");
    let study = scene.critical("b");
    assert_eq!(scene.row(study).marks.tags.len(), 1);
}

#[test]
fn a_switched_off_plugin_can_be_tried_again() {
    let inside = "permissions = { 'tag' }, on_study = function(study)
        if #study.findings == 0 and study.id ~= 42 and study.top == 'Effusion' then error('no') end
        return { tag = 'works' } end";
    let mut scene = Scene::new(&[("moody", &plugin("moody", inside))], "");
    scene.start();
    for number in 0..5 {
        scene.critical(&format!("film {number}"));
    }
    scene.wait("moody", |record| record.state == PluginState::Off);
    let request = cxr_triage::store::PluginRequest {
        plugin: "moody".to_owned(),
        action: cxr_triage::store::PluginAction::Enable,
    };
    scene.bench.store.request_plugin(&request, "jane", jiff::Timestamp::now()).unwrap();
    let record = scene.wait("moody", |record| record.state == PluginState::Running);
    assert_eq!(record.fault, "");
    let study = scene.study("mass", [0.1, 0.95, 0.1]);
    assert_eq!(scene.row(study).marks.tags[0].text, "works");
}
