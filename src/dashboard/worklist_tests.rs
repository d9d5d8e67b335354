use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::store::Marks;

/// A listed study; `id` also makes its key, so that ties are broken by it.
fn row(id: StudyId, severity: Severity, score: f64) -> StudyRow {
    let at = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(id);
    StudyRow {
        id,
        key: format!("{id:04}"),
        patient_id: String::new(),
        patient_name: String::new(),
        accession_number: String::new(),
        description: String::new(),
        view: String::new(),
        file_name: String::new(),
        study_time: None,
        first_arrival: at,
        last_arrival: at,
        complete: true,
        scored_films: 1,
        held_films: 0,
        listed_films: 0,
        severity,
        assessed: severity,
        score: Some(score),
        top: None,
        promoted_at: None,
        outside: None,
        was_critical_until: None,
        status: Status::New,
        status_by: String::new(),
        status_at: None,
        model: String::new(),
        held_reason: String::new(),
        marks: Marks::default(),
        revision: 1,
    }
}

fn ids(list: &Worklist) -> Vec<StudyId> {
    list.rows().iter().map(|row| row.id).collect()
}

fn listed(rows: Vec<StudyRow>) -> Worklist {
    let mut list = Worklist::default();
    list.apply(rows);
    list
}

#[test]
fn the_sickest_stands_on_top_and_held_studies_at_the_bottom() {
    let list = listed(vec![
        row(1, Severity::Held, 0.0),
        row(2, Severity::Routine, 0.4),
        row(3, Severity::Critical, 0.9),
        row(4, Severity::Urgent, 0.7),
        row(5, Severity::Critical, 0.95),
    ]);
    assert_eq!(ids(&list), [5, 3, 4, 2, 1]);
    assert_eq!(list.held_from(), 4);
    let counts = Severity::ALL.map(|band| list.count(band));
    assert_eq!(counts, [1, 1, 1, 2], "held, routine, urgent, critical");
}

#[test]
fn done_studies_and_studies_without_films_leave_the_list() {
    let mut list = listed((1..=3).map(|id| row(id, Severity::Urgent, 0.6)).collect());
    list.apply(vec![StudyRow { status: Status::Done, ..row(1, Severity::Urgent, 0.6) }]);
    list.apply(vec![StudyRow { scored_films: 0, ..row(2, Severity::Urgent, 0.6) }]);
    assert_eq!(ids(&list), [3]);
}

#[test]
fn an_older_revision_changes_nothing() {
    let mut list = listed(vec![StudyRow { revision: 5, ..row(1, Severity::Critical, 0.9) }]);
    list.apply(vec![StudyRow { revision: 4, ..row(1, Severity::Routine, 0.1) }]);
    assert_eq!(list.selected().map(|row| row.severity), Some(Severity::Critical));
}

#[test]
fn an_arrival_above_leaves_the_selection_on_its_study() {
    let mut list = listed((1..=9).map(|id| row(id, Severity::Urgent, 0.6)).collect());
    list.select(4);
    list.apply(vec![row(50, Severity::Critical, 0.9)]);
    assert_eq!(list.selected().map(|row| row.id), Some(5));
    list.keep_visible(6);
    assert_eq!((list.offset(), list.selected_index()), (0, Some(5)), "the arrival comes into view");
}

#[test]
fn a_scrolled_list_keeps_its_selected_row_where_it_is_on_the_screen() {
    let mut list = listed((1..=30).map(|id| row(id, Severity::Urgent, 0.6)).collect());
    list.select(20);
    list.keep_visible(10);
    let on_screen = list.selected_index().unwrap() - list.offset();
    list.apply((50..53).map(|id| row(id, Severity::Critical, 0.9)).collect());
    list.keep_visible(10);
    assert_eq!(list.selected().map(|row| row.id), Some(21));
    assert_eq!(list.selected_index().unwrap() - list.offset(), on_screen);
}

#[test]
fn when_the_selected_study_leaves_the_nearest_is_selected() {
    for (selected, next) in [(0, 2), (2, 4), (4, 4)] {
        let mut list = listed((1..=5).map(|id| row(id, Severity::Urgent, 0.6)).collect());
        list.select(selected);
        let leaving = list.selected().map(|row| (**row).clone()).unwrap();
        list.apply(vec![StudyRow { status: Status::Done, ..leaving }]);
        assert_eq!(list.selected().map(|row| row.id), Some(next), "after row {selected} left");
    }
}

fn changes() -> impl Strategy<Value = Vec<Vec<StudyRow>>> {
    let one = (1..40_i64, 0..4_usize, 0..8_u8, 0..6_u8).prop_map(|(id, band, score, fate)| StudyRow {
        status: if fate == 0 { Status::Done } else { Status::New },
        score: (fate != 1).then_some(f64::from(score) / 8.0),
        ..row(id, Severity::ALL[band], 0.0)
    });
    proptest::collection::vec(proptest::collection::vec(one, 0..90), 1..8)
}

proptest! {
    /// Moving rows one by one and sorting anew must never disagree, whatever happens.
    #[test]
    fn the_list_is_always_in_order_complete_and_scrolled_to_its_selection(
        changes in changes(), rows in 1_usize..20, select in 0_usize..40,
    ) {
        let mut list = Worklist::default();
        let mut expected: HashMap<StudyId, StudyRow> = HashMap::new();
        for batch in changes {
            for row in &batch {
                expected.insert(row.id, row.clone());
            }
            list.apply(batch);
            list.keep_visible(rows);
            let listed = expected.values().filter(|row| row.status != Status::Done && !row.is_gone()).count();
            prop_assert_eq!(list.len(), listed);
            prop_assert!(list.rows().is_sorted_by(|a, b| rank(a) < rank(b)));
            if let Some(index) = list.selected_index() {
                prop_assert!(index >= list.offset() && index < list.offset() + rows);
            }
            prop_assert_eq!(list.selected().is_some(), listed > 0);
            list.select(select);
        }
    }
}

#[test]
fn a_done_study_is_found_in_the_done_view_and_comes_back_from_it() {
    let mut list = listed((1..=3).map(|id| row(id, Severity::Urgent, 0.6)).collect());
    let done = StudyRow { status: Status::Done, revision: 2, ..row(2, Severity::Urgent, 0.6) };
    list.apply(vec![done]);
    assert_eq!(ids(&list), [1, 3]);
    list.turn_over();
    assert_eq!((ids(&list), list.selected().map(|row| row.id)), (vec![2], Some(2)));
    let again = StudyRow { status: Status::Seen, revision: 3, ..row(2, Severity::Urgent, 0.6) };
    list.apply(vec![again]);
    assert!(list.is_empty());
    list.turn_over();
    assert_eq!(ids(&list), [1, 2, 3]);
}
