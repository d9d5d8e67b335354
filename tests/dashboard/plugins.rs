//! The plugins in the dashboard: how they are, their commands, another try.

use crate::dashboard::fixture::Desk;
use cxr_triage::{
    session::protocol::{NoticeLevel, Request, Update},
    store::{
        Cell, Mark, Marks, PluginAction, PluginColumn, PluginCommand, PluginRecord, PluginRequest,
        PluginState, StudyDetail,
    },
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

/// A plugin of the ward: a bed for each study, a tag and a sentence for one.
fn ward(state: PluginState) -> PluginRecord {
    PluginRecord {
        name: "ward".to_owned(),
        state,
        columns: vec![PluginColumn { title: "Bed".to_owned(), width: 5 }],
        filters: vec!["Near the door".to_owned(), "Upstairs".to_owned()],
        ..PluginRecord::default()
    }
}

fn with_beds(mut studies: Vec<StudyDetail>) -> Vec<StudyDetail> {
    let mark = |text: &str| Mark { plugin: "ward".to_owned(), text: text.to_owned() };
    for (detail, bed) in studies.iter_mut().zip(["12", "3", "", "101"]) {
        let mut marks = Marks::default();
        if !bed.is_empty() {
            let cell = Cell { plugin: "ward".to_owned(), title: "Bed".to_owned(), text: bed.to_owned() };
            marks.cells.push(cell);
        }
        if bed == "12" {
            (marks.tags, marks.notes) =
                (vec![mark("ICU"), mark("portable")], vec![mark("ask for the old films")]);
            marks.filters.push(mark("Near the door"));
        }
        detail.study.marks = marks;
    }
    studies
}

fn desk_of_the_ward(width: u16, height: u16) -> Desk {
    let mut desk = Desk::empty(width, height);
    desk.tell(Update::Plugins(vec![ward(PluginState::Running)]));
    desk.arrive(with_beds(crate::dashboard::fixture::morning()));
    desk
}

#[test]
fn what_a_plugin_writes_stands_in_the_list_and_beside_the_findings() {
    let desk = desk_of_the_ward(160, 40);
    assert_snapshot!(desk.screen(160, 40));
}

#[test]
fn a_column_of_a_plugin_comes_and_goes_with_it_and_stays_away_once_taken_out() {
    let columns = |desk: &Desk| -> Vec<&str> {
        desk.state.columns().iter().map(|column| column.name()).filter(|name| name.contains('.')).collect()
    };
    let mut desk = desk_of_the_ward(160, 40);
    assert_eq!(columns(&desk), ["ward.Bed"]);
    desk.tell(Update::Plugins(vec![ward(PluginState::Off)]));
    assert!(columns(&desk).is_empty());
    desk.tell(Update::Plugins(vec![ward(PluginState::Running)]));
    assert_eq!(columns(&desk), ["ward.Bed"]);

    // It stands after the nine usual ones; space takes it out of the list.
    desk.press("C j j j j j j j j j space esc");
    assert!(columns(&desk).is_empty());
    desk.tell(Update::Plugins(vec![PluginRecord { calls: 7, ..ward(PluginState::Running) }]));
    assert!(columns(&desk).is_empty(), "it came back though somebody took it away");
}

#[test]
fn the_list_is_sorted_and_filtered_by_what_plugins_write() {
    let listed =
        |desk: &Desk| -> Vec<i64> { desk.state.worklist().rows().iter().map(|row| row.id).collect() };
    let mut desk = desk_of_the_ward(160, 40);
    let all = listed(&desk);
    desk.press("C j j j j j j j j j enter esc");
    let sorted: Vec<i64> = listed(&desk);
    let beds: Vec<String> = {
        let rows = desk.state.worklist().rows();
        rows.iter()
            .map(|row| row.marks().cell("ward", "Bed").to_owned())
            .filter(|bed| !bed.is_empty())
            .collect()
    };
    assert_eq!(beds, ["3", "12", "101"], "numbers by their size, what is empty last");
    assert_eq!(sorted.len(), all.len());

    for (keys, count) in
        [("/ t a g : i c u enter", 1), ("/ p l u g i n : N tab enter", 1), ("/ p l u g i n : U tab enter", 0)]
    {
        let mut desk = desk_of_the_ward(160, 40);
        desk.press(keys);
        assert_eq!(listed(&desk).len(), count, "{keys}: {}", desk.state.typed_filter());
    }
}

#[test]
fn hidden_names_hide_what_plugins_may_have_written() {
    let mut desk = desk_of_the_ward(160, 40);
    desk.press("N");
    let screen = desk.screen(160, 40);
    assert!(!screen.contains("old films") && !screen.contains("101"), "{screen}");
}
