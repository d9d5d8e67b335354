//! The list and what people do with it, as tables of keys and what comes of them.

use crate::dashboard::fixture::{Desk, mixed_up, morning, noon, study};
use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use cxr_triage::{
    dashboard::{FilterLine, Message, SavedViews, Site},
    session::protocol::{Request, Update},
    store::{Status, StudyId},
    study::Severity,
};
use insta::assert_snapshot;
use jiff::SignedDuration;

/// The studies in the list, in their order.
fn listed(desk: &Desk) -> Vec<StudyId> {
    desk.state.worklist().rows().iter().map(|row| row.id).collect()
}

/// What was asked of the store, but for details and pictures.
fn deeds(desk: &Desk) -> Vec<String> {
    let deed = |request: &Request| match request {
        Request::Status(id, status) => Some(format!("{id} {}", status.word())),
        Request::Acknowledge(id) => Some(format!("{id} acknowledged")),
        Request::TakeBack(id, handling) => {
            let known = if handling.acknowledged.is_some() { " acknowledged" } else { "" };
            Some(format!("{id} back to {}{known}", handling.status.word()))
        }
        Request::Note(id, text) => Some(format!("{id} note {text}")),
        Request::Who(name) => Some(format!("{name} is here")),
        _ => None,
    };
    desk.sent.iter().filter_map(deed).collect()
}

#[test]
fn views_filters_and_orders_list_what_they_say() {
    let all: Vec<StudyId> = vec![1, 2, 3, 4, 6, 7, 5, 9, 10, 8, 11, 12];
    for (keys, expected) in [
        ("", all.clone()),
        ("2", vec![1, 2, 3, 4, 6, 7, 5, 9, 10, 11, 12]),
        ("3", vec![1, 2]),
        ("4", vec![11, 12]),
        ("5", vec![]),
        ("6", all.clone()),
        ("3 1", all.clone()),
        ("D", vec![]),
        ("D D", all.clone()),
        ("3 D D", vec![1, 2]),
        ("d 5", vec![1]),
        ("/ e f f u enter", vec![1, 9]),
        ("/ e f f u esc", all.clone()),
        ("/ e f f u enter esc", all.clone()),
        ("/ e f f u enter 3", vec![1]),
        ("/ b a n d : h e l d enter", vec![11, 12]),
        ("/ w a i t > 9 0 m enter", vec![7, 8]),
        ("/ s c o r e > 0 . 7 5 enter", vec![1, 2, 3]),
        // A mistake leaves the list as it was.
        ("/ s c o r e > 0 . 7 5 x", vec![1, 2, 3]),
        // What may become a field's name does not empty the list on the way there; enter means it.
        ("/ s c o r e > 0 . 7 5 space s t a", vec![1, 2, 3]),
        ("/ s c o r e > 0 . 7 5 space s t a enter", vec![]),
        // Tab completes.
        ("/ s t a tab s e tab enter", vec![8]),
        ("/ c a r d tab enter", vec![5, 10]),
        // Whoever asks for done ones in a view of open ones wants to see them.
        ("d / s t a t u s : d o n e enter", vec![1]),
        ("s w", vec![8, 7, 2, 4, 11, 3, 1, 9, 5, 12, 6, 10]),
        ("s w s w", vec![10, 6, 12, 5, 9, 1, 3, 11, 4, 2, 7, 8]),
        ("3 s p", vec![1, 2]),
        ("s w s r", all.clone()),
    ] {
        let mut desk = Desk::morning(120, 40);
        desk.press(keys);
        assert_eq!(listed(&desk), expected, "after `{keys}`");
    }
}

#[test]
fn the_selection_stays_on_its_study_through_views_orders_and_filters() {
    for keys in ["2", "s w", "s p s p", "/ p n e u backspace", "C esc", "3 1", "N"] {
        let mut desk = Desk::morning(120, 40);
        desk.press("j");
        desk.press(keys);
        assert_eq!(desk.selected(), Some(2), "after `{keys}`");
    }
}

#[test]
fn what_people_do_is_sent_and_can_be_taken_back() {
    for (keys, expected) in [
        ("c", vec!["1 claimed"]),
        ("c c", vec!["1 claimed", "1 seen"]),
        ("c u", vec!["1 claimed", "1 back to new"]),
        ("a", vec!["1 acknowledged"]),
        ("a a", vec!["1 acknowledged"]),
        ("a u", vec!["1 acknowledged", "1 back to new"]),
        ("a c u", vec!["1 acknowledged", "1 claimed", "1 back to new acknowledged"]),
        // Only what is critical is acknowledged.
        ("j j a", vec![]),
        ("A a A a", vec!["2 acknowledged", "1 acknowledged"]),
        ("3 / m a s s enter A a", vec!["1 acknowledged"]),
        ("n h i enter esc", vec!["1 note hi"]),
        ("n h i esc", vec![]),
        ("n enter j space", vec!["2 seen"]),
        ("@ b e n enter c", vec!["ben is here", "1 claimed"]),
        ("@ enter @ esc", vec![]),
    ] {
        let mut desk = Desk::morning(120, 40);
        desk.press(keys);
        assert_eq!(deeds(&desk), expected, "after `{keys}`");
    }
}

#[test]
fn a_study_of_another_person_is_taken_over_with_a_word() {
    let mut desk = Desk::morning(120, 40);
    let mut theirs = morning().remove(0);
    (theirs.study.status, theirs.study.status_by) = (Status::Claimed, "ben".to_owned());
    desk.arrive(vec![theirs]);
    desk.settle();
    assert!(desk.screen(120, 40).contains("claimed by ben"));
    desk.press("c");
    assert!(desk.screen(120, 40).contains("Claimed from ben: DOE, JANE."));
    desk.press("u");
    assert!(desk.screen(120, 40).contains("the study is claimed by ben again"));
}

#[test]
fn an_undo_does_not_silence_what_has_begun_to_ring_since() {
    let mut desk = Desk::morning(120, 40);
    desk.press("a c");
    let mut worse = morning().remove(0);
    worse.study.top = Some("Pneumothorax".to_owned());
    worse.study.revision = 500;
    desk.arrive(vec![worse]);
    desk.press("u");
    assert!(desk.screen(120, 40).contains("Not taken back: DOE, JANE has begun to ring since."));
    assert!(desk.state.worklist().selected().is_some_and(|row| row.is_alarm()));
    assert_eq!(deeds(&desk), ["1 acknowledged", "1 claimed"]);
}

#[test]
fn the_bell_rings_until_every_critical_study_is_acknowledged() {
    let mut desk = Desk::morning(120, 40);
    assert_eq!(desk.rung, 1, "two critical studies were there at the start");
    let after = |minutes: i64| Message::Clock(noon() + SignedDuration::from_mins(minutes));
    desk.handle(after(0));
    assert_eq!(desk.rung, 1);
    desk.handle(after(1));
    assert_eq!(desk.rung, 2, "a minute later it rings again");
    desk.handle(after(-60));
    desk.handle(after(-60));
    assert_eq!(desk.rung, 3, "a clock that is set back by an hour does not silence it");
    desk.press("a A a");
    desk.handle(after(5));
    assert_eq!(desk.rung, 3, "both are acknowledged");
    desk.arrive(vec![study(90, "NEW^ONE", 0, &[("Mass", 0.2)])]);
    assert_eq!(desk.rung, 3, "what is not critical does not ring");
    desk.arrive(vec![study(91, "NEW^TWO", 0, &[("Mass", 0.99)])]);
    assert_eq!(desk.rung, 4, "a critical one rings at once");
    desk.configure(Site { bell: None, ..Site::default() });
    desk.handle(after(60));
    assert_eq!(desk.rung, 4, "the site switched it off");
}

#[test]
fn a_critical_study_is_flagged_wherever_the_list_stands() {
    let mut desk = Desk::morning(100, 24);
    desk.press("5");
    let header = desk.screen(100, 24).lines().next().map(str::to_owned).unwrap_or_default();
    assert!(header.contains("! 2 to acknowledge"), "{header}");
    desk.press("A");
    assert_eq!(desk.selected(), Some(1), "it is found from any view");
    desk.press("a A a");
    assert!(!desk.screen(100, 24).contains("to acknowledge"));
}

#[test]
fn no_name_and_no_number_is_on_the_screen_while_they_are_hidden() {
    for keys in ["N", "N enter", "N n", "N C esc", "/ d o e enter N", "N d", "N ?", "N s p", "N 1"] {
        let mut desk = Desk::morning(160, 40);
        desk.configure(Site { columns: cxr_triage::dashboard::Column::ALL.into(), ..Site::default() });
        desk.press(keys);
        let screen = desk.screen(160, 40).to_lowercase();
        for name in ["doe", "jane", "山田", "ramirez", "p0001", "smith", "film-1", "00000150", "00000506"] {
            assert!(!screen.contains(name), "{name} after `{keys}`:\n{screen}");
        }
        desk.press("esc esc N");
        assert!(desk.screen(160, 40).contains("RAMIREZ"), "they come back after `{keys}`");
    }
}

#[test]
fn it_is_asked_who_is_at_the_keys_where_an_account_is_shared() {
    let mut desk = Desk::morning(80, 24);
    desk.state = desk.state.with_who("ward3").asking_who();
    assert!(desk.screen(80, 24).contains("Who is at the keys?"));
    desk.press("e v a enter");
    assert_eq!(deeds(&desk), ["eva is here"]);
    desk.press("c");
    assert!(desk.state.worklist().selected().is_some_and(|row| row.status == Status::Claimed));
}

#[test]
fn columns_are_chosen_and_moved() {
    let mut desk = Desk::morning(120, 40);
    let names = |desk: &Desk| desk.state.columns().iter().map(|column| column.name()).collect::<Vec<_>>();
    desk.press("C space");
    assert_eq!(names(&desk)[..2], ["band", "finding"]);
    desk.press("j J");
    assert_eq!(names(&desk)[..2], ["finding", "band"]);
    desk.press("enter");
    assert_eq!(desk.state.worklist().order().column.name(), "band");
    desk.press("esc");
    assert!(desk.state.open_panel().is_none());
    // A list without columns there is none.
    desk.press("C");
    for _ in 0..20 {
        desk.press("space j");
    }
    assert!(!names(&desk).is_empty());
}

#[test]
fn a_site_brings_its_views_and_its_keys_while_the_program_runs() {
    let mut desk = Desk::morning(120, 40);
    let mut views = SavedViews::default();
    views.add("Masses", "mass").expect("a filter");
    desk.configure(Site { views, ..Site::default() });
    desk.press("6");
    assert_eq!(listed(&desk), [3, 4]);
    assert!(desk.screen(120, 40).contains("Masses 1/2"));
}

/// A dashboard that has not yet heard from its session.
fn unopened() -> Desk {
    let size = ratatui::layout::Size::new(120, 40);
    let (theme, canvas) =
        (cxr_triage::dashboard::Theme::standard(), cxr_triage::dashboard::Canvas::halfblocks());
    let mut desk = Desk::empty(120, 40);
    desk.state = cxr_triage::dashboard::State::new(noon(), jiff::tz::TimeZone::UTC, size, theme, canvas);
    desk
}

#[test]
fn a_study_that_was_chosen_while_the_store_is_still_being_read_stays_selected() {
    let mut desk = unopened();
    let mut pages = morning();
    let worst = pages.remove(0);
    desk.arrive(pages);
    desk.settle();
    desk.press("j");
    let chosen = desk.selected();
    desk.arrive(vec![worst]);
    desk.settle();
    assert_eq!((desk.selected(), listed(&desk)[0]), (chosen, 1));
}

#[test]
fn the_worst_study_is_selected_however_a_store_is_read_at_the_start() {
    let mut desk = unopened();
    let mut pages = morning();
    pages.reverse();
    for page in pages {
        desk.arrive(vec![page]);
        desk.settle();
    }
    assert_eq!(desk.selected(), Some(1));
    // From here on the selection stays where it is.
    desk.tell(Update::Health(crate::dashboard::fixture::health()));
    desk.arrive(vec![study(99, "NEW^ONE", 0, &[("Mass", 0.999)])]);
    assert_eq!((desk.selected(), listed(&desk)[0]), (Some(1), 99));
}

fn mouse(desk: &mut Desk, kind: MouseEventKind, column: u16, row: u16) {
    desk.handle(Message::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
    desk.settle();
}

#[test]
fn the_mouse_selects_sorts_and_scrolls() {
    let mut desk = Desk::morning(120, 40);
    let click = MouseEventKind::Down(MouseButton::Left);
    // Two lines of header, the pane's border, the headings: the first study stands in line 4.
    mouse(&mut desk, click, 10, 6);
    assert_eq!(desk.selected(), Some(3));
    let heading =
        desk.screen(120, 40).lines().nth(3).and_then(|line| line.find("waits").map(|at| (at, line.len())));
    assert!(heading.is_some());
    mouse(&mut desk, click, 56, 3);
    assert_eq!(desk.state.worklist().order().column.name(), "waits");
    assert_eq!(desk.selected(), Some(3), "sorting keeps the selection");
    // The rule over the held studies is no study.
    let mut desk = Desk::morning(120, 40);
    mouse(&mut desk, click, 10, 14);
    assert_eq!(desk.selected(), Some(1));
    mouse(&mut desk, click, 10, 15);
    assert_eq!(desk.selected(), Some(11));
    let mut desk = Desk::morning(60, 12);
    mouse(&mut desk, MouseEventKind::ScrollDown, 10, 7);
    assert!(desk.state.worklist().offset() > 0);
    mouse(&mut desk, MouseEventKind::ScrollUp, 10, 7);
    assert_eq!(desk.state.worklist().offset(), 0);
    // An overlay is not clicked through.
    desk.press("?");
    let before = desk.selected();
    mouse(&mut desk, click, 10, 6);
    assert_eq!(desk.selected(), before);
}

#[test]
fn the_shell_is_given_back_and_the_screen_drawn_anew_afterwards() {
    let mut desk = Desk::morning(80, 24);
    desk.press("ctrl-z");
    assert_eq!(desk.suspended, 1);
    desk.state.take_stale();
    desk.handle(Message::Continued);
    assert!(desk.state.is_stale());
}

#[test]
fn pasted_text_goes_into_the_filter_only_while_one_is_typed() {
    let mut desk = Desk::morning(120, 40);
    desk.handle(Message::Pasted("qd".to_owned()));
    assert_eq!((desk.has_quit, deeds(&desk).len()), (false, 0));
    desk.press("/");
    desk.handle(Message::Pasted("P0003".to_owned()));
    assert!(desk.state.panel::<FilterLine>().is_some());
    assert_eq!(listed(&desk), [3]);
}

#[test]
fn bands_are_counted_in_the_view_that_is_open() {
    let mut desk = Desk::morning(120, 40);
    desk.press("4");
    let count = |band| desk.state.worklist().count(band);
    assert_eq!((count(Severity::Held), count(Severity::Urgent), count(Severity::Critical)), (2, 0, 0));
}

#[test]
fn a_filter_is_typed() {
    let mut desk = Desk::morning(80, 24);
    desk.press("/ s c o r e > 0 . 7 5 space s t a");
    assert_snapshot!(desk.screen(80, 24));
}

#[test]
fn a_mistake_in_a_filter_is_pointed_at() {
    let mut desk = Desk::morning(120, 40);
    desk.press("/ e f f space s c o r > 1");
    assert_snapshot!(desk.screen(120, 40));
}

#[test]
fn a_word_that_is_being_typed_is_completed_and_not_yet_wrong() {
    for (keys, offered, wrong) in [
        ("/ b a n d : c r i", Some("tab: critical"), None),
        ("/ b a n d :", Some("tab: critical"), None),
        ("/ b a n d : c r x", None, Some("none of critical, urgent")),
        ("/ b a n d : c r x space s t a", None, Some("none of critical, urgent")),
    ] {
        let mut desk = Desk::morning(120, 40);
        desk.press(keys);
        let screen = desk.screen(120, 40);
        for text in [offered, wrong].into_iter().flatten() {
            assert!(screen.contains(text), "{keys}: {screen}");
        }
        assert_eq!(screen.contains("none of"), wrong.is_some(), "{keys}: {screen}");
    }
}

#[test]
fn the_columns_over_the_list() {
    let mut desk = Desk::morning(80, 24);
    desk.press("s w C j");
    assert_snapshot!(desk.screen(80, 24));
}

#[test]
fn notes_over_the_list() {
    let mut desk = Desk::morning(80, 24);
    desk.press("n c a l l e d enter w a r d");
    assert_snapshot!(desk.screen(80, 24));
}

#[test]
fn a_number_that_stands_on_two_films_is_told_beside_the_findings_and_names_nobody_while_names_are_hidden() {
    let mut desk = Desk::empty(120, 40);
    desk.arrive(vec![mixed_up()]);
    desk.settle();
    let screen = desk.screen(120, 40);
    for words in ["The study 1.2.826.1#2 of another", "roe.dcm", "another picture"] {
        assert!(screen.contains(words), "{words} is not on {screen}");
    }
    desk.press("N");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("A study of another patient") && !screen.contains("roe.dcm"), "{screen}");
}

#[test]
fn names_are_hidden() {
    let mut desk = Desk::morning(120, 40);
    desk.press("N");
    assert_snapshot!(desk.screen(120, 40));
}

#[test]
fn the_shift_on_a_wide_screen() {
    let mut desk = Desk::morning(200, 60);
    desk.press("c j a n o k enter esc j space");
    assert_snapshot!(desk.screen(200, 60));
}
