//! The plugins in the dashboard: how they are, their commands, another try.

use crate::fixture::Desk;
use cxr_triage::{
    dashboard::{NoticeLevel, Request, Update},
    store::{PluginAction, PluginCommand, PluginRecord, PluginRequest, PluginState},
};
use insta::assert_snapshot;

fn records() -> Vec<PluginRecord> {
    let command = PluginCommand { title: "Copy this study's films".to_owned(), key: "alt-c".to_owned() };
    let record = |name: &str, state| PluginRecord { name: name.to_owned(), state, ..PluginRecord::default() };
    vec![
        PluginRecord {
            fault: "icu.luau:12: attempt to index nil (in on_study)".to_owned(),
            failures: 5,
            ..record("icu", PluginState::Off)
        },
        record("never", PluginState::Stopped),
        PluginRecord {
            calls: 1_204,
            micros: 45_752,
            memory: 215_040,
            waiting: 3,
            missing: vec!["copy".to_owned()],
            commands: vec![command],
            ..record("route-critical", PluginState::Running)
        },
    ]
}

fn desk() -> Desk {
    let mut desk = Desk::morning(80, 24);
    desk.tell(Update::Plugins(records()));
    desk
}

#[test]
fn the_plugins_over_the_list() {
    let mut desk = desk();
    desk.press("P");
    assert_snapshot!(desk.screen(80, 24));
}

#[test]
fn keys_reach_the_plugins() {
    let run = |study| PluginRequest {
        plugin: "route-critical".to_owned(),
        action: PluginAction::Run { command: "Copy this study's films".to_owned(), study },
    };
    let again = PluginRequest { plugin: "icu".to_owned(), action: PluginAction::Enable };
    for (keys, expected) in [
        ("alt-c", Some(run(1))),
        ("j alt-c", Some(run(2))),
        ("P enter", Some(again)),
        ("P j enter", None),
        ("P j j j j enter", Some(run(1))),
        (": c o p y enter", Some(run(1))),
        ("P esc alt-c", Some(run(1))),
        ("P alt-c", None),
    ] {
        let mut desk = desk();
        desk.press(keys);
        let asked = desk.sent.iter().find_map(|request| match request {
            Request::Plugin(request) => Some(request.clone()),
            _ => None,
        });
        assert_eq!(asked, expected, "{keys}");
    }
}

#[test]
fn a_plugin_that_is_switched_off_says_so_once() {
    let mut desk = Desk::morning(80, 24);
    let running: Vec<PluginRecord> =
        records().into_iter().map(|record| PluginRecord { state: PluginState::Running, ..record }).collect();
    desk.tell(Update::Plugins(running));
    assert_eq!(desk.state.notice(), None);
    desk.tell(Update::Plugins(records()));
    let notice = desk.state.notice().cloned();
    let text = "Plugin icu, switched off: icu.luau:12: attempt to index nil (in on_study)";
    assert_eq!(notice.map(|notice| (notice.level, notice.text)), Some((NoticeLevel::Error, text.to_owned())));
    desk.press("esc");
    desk.tell(Update::Plugins(records()));
    assert_eq!(desk.state.notice(), None, "it is said again though nothing has changed");
}
