//! `kill -9` at any moment: every film is in the store once.

use std::collections::HashSet;

use cxr_triage::store::{FilmState, Store};

use crate::support::{Bench, is};

const FILMS: u32 = 12;

#[test]
fn every_film_is_there_once_however_often_the_program_is_killed() {
    let bench = Bench::new();
    for seed in 0..FILMS {
        bench.film(&format!("{seed}.png"), seed);
    }
    // Killed after so many events: before the first film, within a batch, between results.
    for events in [1, 2, 5, 13, 14, 15, 16, 17, 18, 19] {
        let mut watch = bench.watch(&["--once"]);
        for _ in 0..events {
            if watch.next().is_none() {
                break;
            }
        }
        watch.child.kill().unwrap();
    }
    let (events, code) = bench.watch(&["--once"]).rest();
    assert_eq!(code, Some(0));
    assert!(is(events.last().unwrap(), "idle"));

    let store = Store::open(&bench.store()).unwrap();
    let studies = store.studies_since(0).unwrap();
    let films: Vec<_> =
        studies.iter().flat_map(|study| store.detail(study.id).unwrap().unwrap().films).collect();
    let distinct: HashSet<_> = films.iter().map(|film| film.sha256.clone()).collect();
    assert_eq!((films.len(), distinct.len()), (FILMS as usize, FILMS as usize));
    assert!(films.iter().all(|film| matches!(film.state, FilmState::Scored { .. })));
    assert_eq!(store.counts().unwrap().queued, 0);
}
