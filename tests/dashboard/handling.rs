//! A change of a study on the screen, before the store has answered, is the change that the store makes.

use std::collections::BTreeMap;

use crate::dashboard::fixture::Desk;
use cxr_triage::{
    session::protocol::Request,
    store::{StudyId, StudyRow},
};
use proptest::prelude::*;

/// The studies as they are shown, without the store's revision.
fn shown(desk: &Desk) -> BTreeMap<StudyId, StudyRow> {
    let rows = desk.state.worklist().ranked().iter().map(|row| StudyRow { revision: 0, ..row.study() });
    rows.map(|row| (row.id, row)).collect()
}

/// The studies as they are saved.
fn saved(desk: &Desk) -> BTreeMap<StudyId, StudyRow> {
    let rows = desk.studies.values().map(|detail| StudyRow { revision: 0, ..detail.study.clone() });
    rows.map(|row| (row.id, row)).collect()
}

/// The changes that the store was asked for.
fn changes(desk: &Desk) -> Vec<&Request> {
    let is_change = |request: &&Request| {
        matches!(request, Request::Status(..) | Request::Acknowledge(_) | Request::TakeBack(..))
    };
    desk.sent.iter().filter(is_change).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_shown_at_once_is_what_is_saved(
        keys in prop::collection::vec(prop::sample::select(vec!["space", "c", "a", "d", "u", "j", "k", "A", "D"]), 0..20),
    ) {
        let keys = keys.join(" ");
        let mut answered = Desk::morning(120, 40);
        answered.press(&keys);
        let mut alone = Desk::morning(120, 40);
        alone.is_answered = false;
        alone.press(&keys);
        prop_assert_eq!(changes(&answered), changes(&alone), "after `{}`", keys);
        prop_assert_eq!(shown(&alone), saved(&answered), "after `{}`", keys);
        prop_assert_eq!(shown(&answered), saved(&answered), "after `{}`", keys);
    }
}
