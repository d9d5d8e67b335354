use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::study::{Status, StudyRow};

/// A listed study; `id` also makes its key, so that ties are broken by it.
pub(in crate::dashboard) fn row(id: StudyId, severity: Severity, score: f64) -> StudyRow {
    let at = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(id);
    StudyRow {
        complete: true,
        scored_films: 1,
        severity,
        assessed: severity,
        score: Some(score),
        revision: 1,
        ..StudyRow::new(id, format!("{id:04}"), at)
    }
}

fn ids(list: &Worklist) -> Vec<StudyId> {
    list.rows().iter().map(|row| row.id).collect()
}

/// The list as the dashboard opens it: what is done is not in it.
fn open() -> Worklist {
    let mut list = Worklist::default();
    list.set_filter(filter("status:open"), Timestamp::UNIX_EPOCH);
    list
}

fn filter(text: &str) -> Filter {
    Filter::parse(text).unwrap()
}

fn listed(rows: Vec<StudyRow>) -> Worklist {
    let mut list = open();
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
fn a_list_from_another_store_drops_what_is_not_there_and_takes_lower_revisions() {
    let seen = |id, revision| StudyRow { revision, ..row(id, Severity::Urgent, 0.6) };
    let mut list = listed(vec![
        seen(1, 7),
        seen(2, 8),
        seen(3, 9),
        StudyRow { revision: 10, ..row(4, Severity::Critical, 0.9) },
    ]);
    list.select_study(2);
    list.begin_anew(&[2, 3].into());
    assert_eq!((ids(&list), list.total(), list.alarms()), (vec![2, 3], 2, 0));
    assert_eq!((list.count(Severity::Urgent), list.count(Severity::Critical)), (2, 0));
    assert_eq!(list.selected().map(|row| row.id), Some(2), "the selection stays");
    list.apply(vec![StudyRow { revision: 3, ..row(3, Severity::Critical, 0.9) }, seen(5, 4)]);
    assert_eq!(ids(&list), [3, 2, 5]);
    list.apply((10..200).map(|id| seen(id, id)).collect());
    assert_eq!((list.len(), list.total(), list.alarms()), (193, 193, 1));
    list.begin_anew(&[2].into());
    assert_eq!((ids(&list), list.selected().map(|row| row.id)), (vec![2], Some(2)));
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
        let leaving = list.selected().map(|row| row.study()).unwrap();
        list.apply(vec![StudyRow { status: Status::Done, ..leaving }]);
        assert_eq!(list.selected().map(|row| row.id), Some(next), "after row {selected} left");
    }
}

#[test]
fn a_done_study_is_found_in_the_done_view_and_comes_back_from_it() {
    let mut list = listed((1..=3).map(|id| row(id, Severity::Urgent, 0.6)).collect());
    let done = StudyRow { status: Status::Done, revision: 2, ..row(2, Severity::Urgent, 0.6) };
    list.apply(vec![done]);
    assert_eq!(ids(&list), [1, 3]);
    list.set_filter(filter("status:done"), Timestamp::UNIX_EPOCH);
    assert_eq!((ids(&list), list.selected().map(|row| row.id)), (vec![2], Some(2)));
    let again = StudyRow { status: Status::Seen, revision: 3, ..row(2, Severity::Urgent, 0.6) };
    list.apply(vec![again]);
    assert!(list.is_empty());
    list.set_filter(filter("status:open"), Timestamp::UNIX_EPOCH);
    assert_eq!(ids(&list), [1, 2, 3]);
}

#[test]
fn any_column_sorts_and_what_is_equal_keeps_its_rank() {
    let named =
        |id, name: &str, score| StudyRow { patient_name: name.into(), ..row(id, Severity::Urgent, score) };
    let mut list =
        listed(vec![named(1, "b", 0.9), named(2, "A", 0.6), named(3, "", 0.7), named(4, "B", 0.6)]);
    for (column, order, reversed) in [
        (Column::Rank, [1, 3, 2, 4], [4, 2, 3, 1]),
        (Column::Patient, [2, 1, 4, 3], [3, 1, 4, 2]),
        (Column::Score, [1, 3, 2, 4], [2, 4, 3, 1]),
        (Column::Waits, [1, 2, 3, 4], [4, 3, 2, 1]),
    ] {
        list.set_order(Order::by(column));
        assert_eq!(ids(&list), order, "{column:?}");
        list.set_order(list.order().then(column));
        assert_eq!(ids(&list), reversed, "{column:?}, the other way round");
    }
}

#[test]
fn time_brings_studies_into_a_filter() {
    let mut list = listed(vec![row(60, Severity::Urgent, 0.6)]);
    let at = |minutes| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
    list.set_filter(filter("waiting>30m"), at(10));
    assert!(list.is_empty());
    list.refresh(at(32));
    assert_eq!((ids(&list), list.selected().map(|row| row.id)), (vec![60], Some(60)));
}

#[test]
fn the_wheel_scrolls_and_takes_the_selection_along_at_the_edge() {
    let mut list = listed((1..=30).map(|id| row(id, Severity::Urgent, 0.6)).collect());
    list.select(5);
    list.scroll_by(3, 10);
    assert_eq!((list.offset(), list.selected_index()), (3, Some(5)));
    list.scroll_by(6, 10);
    assert_eq!((list.offset(), list.selected_index()), (9, Some(9)));
    list.scroll_by(99, 10);
    assert_eq!((list.offset(), list.selected_index()), (20, Some(20)));
    list.scroll_by(-99, 10);
    assert_eq!((list.offset(), list.selected_index()), (0, Some(9)));
}

const FILTERS: [&str; 6] =
    ["", "status:open", "status:done", "score>0.4", "band:held,critical", "waiting>5s 0"];

fn changes() -> impl Strategy<Value = Vec<Vec<StudyRow>>> {
    let one = (1..40_i64, 0..4_usize, 0..8_u8, 0..6_u8).prop_map(|(id, band, score, fate)| StudyRow {
        status: if fate == 0 { Status::Done } else { Status::New },
        score: (fate != 1).then_some(f64::from(score) / 8.0),
        scored_films: u32::from(fate != 2),
        // Texts that begin alike for longer than a key of sorting holds.
        description: format!("Chest, two views, portable, in bed, {}", id % 4),
        patient_name: if fate == 3 { String::new() } else { format!("name{}", id % 5) },
        ..row(id, Severity::ALL[band], 0.0)
    });
    proptest::collection::vec(proptest::collection::vec(one, 0..90), 1..8)
}

#[test]
fn a_long_list_is_made_in_slices_and_stays_as_it_was_until_it_is_whole() {
    let mut list =
        listed((1..=30).map(|id| row(id, Severity::Urgent, f64::from(u8::try_from(id).unwrap()))).collect());
    list.slice = Slice(8);
    list.select(3);
    list.set_order(Order::by(Column::Waits));
    assert_eq!((ids(&list)[0], list.order().is_rank(), list.is_unfinished()), (30, true, true));
    // Asked for once more before it is whole: the other way round.
    list.set_order(list.wanted_order().then(Column::Waits));
    assert!(list.wanted_order().reversed);
    list.set_filter(filter("score>20"), Timestamp::UNIX_EPOCH);
    assert_eq!([list.step(), list.step(), list.step(), list.step()], [false, false, false, true]);
    assert_eq!(ids(&list), (21..=30).rev().collect::<Vec<_>>());
    assert_eq!(list.selected().map(|row| row.id), Some(27), "the selection stays on its study");
    assert!(!list.is_unfinished() && !list.step());
}

proptest! {
    /// Moving rows one by one, merging many and sorting anew must never disagree, whatever happens.
    #[test]
    fn the_list_is_always_in_order_complete_and_scrolled_to_its_selection(
        changes in changes(), rows in 1_usize..20, select in 0_usize..40,
        filters in proptest::collection::vec(0..FILTERS.len(), 8),
        columns in proptest::collection::vec(0..Column::ALL.len(), 8),
        slice in 1_usize..50, slices in 0_usize..4,
    ) {
        let mut list = open();
        list.slice = Slice(slice);
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(20);
        let mut expected: HashMap<StudyId, StudyRow> = HashMap::new();
        for (step, batch) in changes.into_iter().enumerate() {
            for row in &batch {
                expected.insert(row.id, row.clone());
            }
            let wanted = filter(FILTERS[filters[step]]);
            list.set_filter(wanted.clone(), now);
            list.set_order(list.wanted_order().then(Column::ALL[columns[step]]));
            for _ in 0..slices {
                list.step();
            }
            // What changes meanwhile is taken into both the list that is shown and the one in the making.
            list.apply(batch);
            prop_assert!(list.rows().is_sorted_by(|a, b| list.order().compare(a, b).is_lt()));
            list.finish();
            list.keep_visible(rows);
            let passes = |row: &&StudyRow| !row.is_gone() && wanted.matches(&Row::from((*row).clone()), now);
            let listed: Vec<&StudyRow> = expected.values().filter(passes).collect();
            prop_assert_eq!(list.len(), listed.len());
            for band in Severity::ALL {
                let count = listed.iter().filter(|row| row.severity == band).count();
                prop_assert_eq!(list.count(band), count);
            }
            prop_assert!(list.rows().is_sorted_by(|a, b| list.order().compare(a, b).is_lt()));
            prop_assert!(list.ranked().is_sorted_by(|a, b| by_rank(a, b).is_lt()));
            if let Some(index) = list.selected_index() {
                prop_assert!(index >= list.offset() && index < list.offset() + rows);
            }
            prop_assert_eq!(list.selected().is_some(), !listed.is_empty());
            list.select(select);
        }
    }
}
