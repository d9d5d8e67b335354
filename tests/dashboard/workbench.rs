//! The threshold workbench: keys, what they ask for, and what a person sees.

use crate::dashboard::fixture::Desk;
use cxr_triage::{
    dashboard::Workbench,
    session::protocol::{BenchRequest, BenchUpdate, Request, Update},
    study::{Mark, Setting, ThresholdChange},
};
use insta::assert_snapshot;

fn bench(desk: &Desk) -> Option<&Workbench> {
    desk.state.panel()
}

fn set(alert: Option<f64>, critical: Option<f64>) -> Setting {
    Setting { alert, critical }
}

/// What was asked to be written: label, alert, critical.
fn saves(desk: &Desk) -> Vec<Vec<(String, Setting)>> {
    let of = |changes: &Vec<ThresholdChange>| changes.iter().map(|it| (it.label.clone(), it.to)).collect();
    desk.sent
        .iter()
        .filter_map(|request| match request {
            Request::Bench(BenchRequest::Save(changes)) => Some(of(changes)),
            _ => None,
        })
        .collect()
}

#[test]
fn keys_move_the_thresholds_of_the_chosen_label() {
    use Mark::{Alert, Critical};
    // keys; chosen label, threshold that they move, setting of the chosen label, labels that differ
    for (keys, chosen, mark, setting, changed) in [
        ("", 0, Alert, set(None, None), 0),
        ("right", 0, Alert, set(Some(0.31), None), 1),
        ("right left", 0, Alert, set(Some(0.3), None), 1),
        ("h h .", 0, Alert, set(Some(0.281), None), 1),
        (">", 0, Alert, set(Some(0.35), None), 1),
        ("down < < < < < < < <", 1, Alert, set(Some(0.001), None), 1),
        ("tab <", 0, Critical, set(None, Some(0.67)), 1),
        ("tab tab l", 0, Alert, set(Some(0.31), None), 1),
        ("l down l", 1, Alert, set(Some(0.31), None), 2),
        ("up", 0, Alert, set(None, None), 0),
        ("G j j j j j j j j j j j", 7, Alert, set(None, None), 0),
        // A critical that was set holds alert back.
        ("tab < < < < < < < tab >", 0, Alert, set(Some(0.35), Some(0.37)), 1),
        ("tab < < < < < < < tab > > >", 0, Alert, set(Some(0.37), Some(0.37)), 1),
        ("l tab l r", 0, Critical, set(None, None), 0),
        // Steps in one direction or both are one change; another label or threshold begins a new one.
        ("l l l u", 0, Alert, set(None, None), 0),
        ("l tab l l u", 0, Critical, set(Some(0.31), None), 1),
        ("l tab l l u u", 0, Critical, set(None, None), 0),
        ("l r u", 0, Alert, set(Some(0.31), None), 1),
        ("u", 0, Alert, set(None, None), 0),
    ] {
        let mut desk = Desk::morning(80, 24);
        desk.press("t");
        desk.press(keys);
        let open = bench(&desk).unwrap_or_else(|| panic!("closed after `{keys}`"));
        let seen = (open.chosen(), open.mark(), open.settings()[open.chosen()], open.changes().len());
        assert_eq!(seen, (chosen, mark, setting, changed), "after `{keys}`");
        assert!(!open.is_counting(), "after `{keys}` the numbers are those of what is proposed");
    }
}

#[test]
fn nothing_is_written_before_somebody_says_so_and_a_save_can_be_taken_back() {
    let label = |setting| vec![("Atelectasis".to_owned(), setting)];
    let (down, own) = (label(set(Some(0.29), None)), label(set(None, None)));
    for (keys, written, is_open) in [
        ("left", vec![], true),
        ("enter", vec![], true),
        ("left enter", vec![down.clone()], true),
        ("left ctrl-s ctrl-s", vec![down.clone()], true),
        ("left enter u", vec![down.clone(), own.clone()], true),
        ("left enter u u", vec![down.clone(), own.clone()], true),
        // The last save is remembered when the workbench was closed.
        ("left enter esc t u", vec![down.clone(), own.clone()], true),
        // What is not saved is taken back first.
        ("left enter left u", vec![down.clone()], true),
        ("left enter left u u", vec![down.clone(), own.clone()], true),
        ("esc", vec![], false),
        ("left esc", vec![], true),
        ("left esc esc", vec![], false),
        ("left esc enter esc", vec![down.clone()], false),
        ("left esc left esc", vec![], true),
        ("left u esc", vec![], false),
        ("t", vec![], false),
    ] {
        let mut desk = Desk::morning(80, 24);
        desk.press("t");
        desk.press(keys);
        assert_eq!(saves(&desk), written, "after `{keys}`");
        assert_eq!(bench(&desk).is_some(), is_open, "after `{keys}`");
        assert!(!desk.has_quit, "after `{keys}`");
    }
}

#[test]
fn a_save_that_is_refused_says_why_and_loses_nothing() {
    let mut desk = Desk::morning(80, 24);
    desk.workbench.refuses =
        Some("Not saved: no configuration file is in use. Run `cxr-triage config init`, then save again.");
    desk.press("t left enter");
    let screen = desk.screen(80, 24);
    assert!(screen.contains("✖ Not saved: no configuration file is in use."), "{screen}");
    assert!(screen.contains("then save again."), "to its end: {screen}");
    assert!(screen.contains("enter save"), "{screen}");
    assert_eq!(bench(&desk).map(|bench| bench.changes().len()), Some(1));
    // Taking a save back can be refused too, and can be tried again.
    desk.workbench.refuses = None;
    desk.press("enter");
    desk.workbench.refuses = Some("Not saved: the disk is full");
    desk.press("u");
    desk.workbench.refuses = None;
    desk.press("u");
    assert_eq!(saves(&desk).last().map(|changes| changes[0].1), Some(set(None, None)));
}

#[test]
fn what_others_save_meanwhile_is_taken_over_and_what_is_proposed_stays() {
    let mut desk = Desk::morning(120, 40);
    desk.press("t left");
    let mut theirs = desk.workbench.bench.clone().unwrap();
    theirs.labels[2].site = set(Some(0.5), None);
    desk.tell(Update::Bench(Box::new(BenchUpdate::Bench(theirs))));
    let open = bench(&desk).unwrap();
    assert_eq!((open.settings()[0], open.settings()[2]), (set(Some(0.29), None), set(Some(0.5), None)));
    let labels: Vec<String> = open.changes().into_iter().map(|change| change.label).collect();
    assert_eq!(labels, ["Atelectasis"]);
}

#[test]
fn the_numbers_stay_until_the_new_ones_are_there() {
    let mut desk = Desk::morning(120, 40);
    desk.press("t");
    desk.workbench.counts = false;
    desk.press("< <");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("counting …") && screen.contains("0.300→0.200"), "{screen}");
    assert!(bench(&desk).unwrap().found().unwrap().moves.is_empty(), "those of before");
}

#[test]
fn the_workbench_at_120x40() {
    let mut desk = Desk::morning(120, 40);
    desk.press("t down < < < tab < < < tab");
    assert_snapshot!(desk.screen(120, 40));
}

#[test]
fn the_workbench_at_80x24_with_hidden_names() {
    let mut desk = Desk::morning(80, 24);
    desk.press("N t > > esc");
    assert_snapshot!(desk.screen(80, 24));
}

#[test]
fn a_site_without_studies_is_told_so() {
    let mut desk = Desk::empty(80, 24);
    desk.workbench.past.clear();
    desk.press("t down left");
    assert_snapshot!(desk.screen(80, 24));
}

#[test]
fn a_workbench_that_cannot_be_opened_says_why() {
    let mut desk = Desk::morning(80, 24);
    desk.workbench.bench = Err("The configuration cannot be read: line 3: this is not TOML".to_owned());
    desk.press("t");
    let screen = desk.screen(80, 24);
    assert!(screen.contains("The configuration cannot be read: line 3"), "{screen}");
    desk.press("left tab r u enter down esc");
    assert!(bench(&desk).is_none());
}

#[test]
fn studies_that_nobody_opened_have_no_waits() {
    let mut desk = Desk::morning(120, 40);
    desk.workbench.past.iter_mut().for_each(|study| study.opened = None);
    desk.press("t < <");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("how long they would wait cannot be told"), "{screen}");
}

#[test]
fn no_size_of_a_terminal_brings_it_down() {
    for (width, height) in [(40, 10), (60, 20), (61, 12), (80, 24), (200, 60), (300, 100)] {
        let mut desk = Desk::morning(width, height);
        desk.press("t < < pagedown pagedown pageup tab >");
        desk.screen(width, height);
    }
}
