//! What plugins' hooks bring about, saved once.

use cxr_triage::store::{Lane, PluginAction, PluginOutcome, PluginRequest, PluginWork};

use super::support::{Bench, at};
use crate::plugin_host::support;

fn page(cursor: i64, after: Option<i64>, answered: &[i64]) -> PluginWork {
    PluginWork { cursor, after, answered: answered.to_vec(), ..support::page() }
}

fn pages(bench: &Bench) -> u64 {
    bench.store.outbox_of("pager").unwrap().0
}

fn save(bench: &mut Bench, work: &PluginWork) -> PluginOutcome {
    bench.store.save_plugin_work(work, at(0)).unwrap()
}

#[test]
fn what_was_saved_by_a_try_whose_answer_was_lost_is_not_saved_again() {
    let mut bench = Bench::new();
    assert!(!save(&mut bench, &page(3, None, &[])).is_stale);
    let work = page(7, Some(3), &[]);
    assert_eq!((save(&mut bench, &work).is_stale, pages(&bench)), (false, 2));
    // Whoever heard nothing of that tries again, and whoever comes from another place is not taken either.
    for work in [work, page(9, Some(3), &[]), page(9, Some(8), &[])] {
        assert_eq!((save(&mut bench, &work).is_stale, pages(&bench)), (true, 2));
        assert_eq!(bench.store.plugin_cursor("pager").unwrap(), Some(7));
    }
    assert_eq!((save(&mut bench, &page(9, Some(7), &[])).is_stale, pages(&bench)), (false, 3));
    let waiting = bench.store.waiting_deliveries(Lane::Programs, at(0)).unwrap();
    assert_eq!(waiting.len(), 1, "one destination");
}

#[test]
fn a_request_is_answered_once() {
    let mut bench = Bench::new();
    save(&mut bench, &page(3, None, &[]));
    let request = PluginRequest { plugin: "pager".to_owned(), action: PluginAction::Enable };
    bench.store.request_plugin(&request, "anna", at(0)).unwrap();
    let id = bench.store.plugin_requests("pager").unwrap()[0].0;
    save(&mut bench, &page(3, Some(3), &[id]));
    save(&mut bench, &page(3, Some(3), &[id]));
    assert_eq!(pages(&bench), 2);
    assert!(bench.store.plugin_requests("pager").unwrap().is_empty());
}
