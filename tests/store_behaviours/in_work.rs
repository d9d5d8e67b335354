//! What was in work when the program died: tried last and alone, and held only for deaths of its own.

use cxr_triage::{
    quality::Gate,
    store::{FilmState, Finished, Requested, Store},
};

use super::support::{Bench, at, scored};

const QUIET: [f32; 3] = [0.1, 0.1, 0.1];

/// The queue: path, and whether it is to be tried alone.
fn queue(bench: &Bench) -> Vec<(String, bool)> {
    let queued = bench.store.queued(100).unwrap();
    queued.into_iter().map(|due| (due.arrival.path.display().to_string(), due.alone)).collect()
}

fn named(names: &[(&str, bool)]) -> Vec<(String, bool)> {
    names.iter().map(|(name, alone)| ((*name).to_owned(), *alone)).collect()
}

#[test]
fn films_that_were_in_work_at_a_death_come_last_and_alone_and_later_ones_after_them() {
    let mut bench = Bench::new();
    let files: Vec<_> = ["a", "b", "c"].map(|name| bench.receive(name, at(0))).to_vec();
    bench.store.begin_work(&files[..2]).unwrap();
    bench.store.finish(files[1], &scored("b", QUIET), at(1)).unwrap();
    // The program dies; the next start finds the same.
    bench.store = Store::open(&bench.place).unwrap();
    assert_eq!(bench.store.put_back_interrupted().unwrap(), 1, "`b` was done");
    bench.receive("d", at(2));
    assert_eq!(queue(&bench), named(&[("c", false), ("a", true), ("d", false)]));
    let others = bench.store.queued_for_all(100).unwrap();
    assert!(others.len() == 2 && others.iter().all(|due| !due.alone), "{others:?}");
    assert_eq!(bench.store.put_back_interrupted().unwrap(), 0);
    // However often it dies while that one is tried: nothing counts but its place.
    for _ in 0..30 {
        bench.store.begin_work(&files[..1]).unwrap();
        bench.store.put_back_interrupted().unwrap();
    }
    assert_eq!(queue(&bench), named(&[("c", false), ("d", false), ("a", true)]));
    assert_eq!(bench.store.put_behind(files[0], true).unwrap(), 1);
}

#[test]
fn an_end_in_order_leaves_no_trace() {
    let mut bench = Bench::new();
    let file = bench.receive("a", at(0));
    bench.store.begin_work(&[file]).unwrap();
    bench.store.end_work().unwrap();
    assert_eq!(bench.store.put_back_interrupted().unwrap(), 0);
    assert_eq!(queue(&bench), named(&[("a", false)]));
}

#[test]
fn several_that_are_tried_alone_take_turns() {
    let mut bench = Bench::new();
    let files: Vec<_> = ["a", "b"].map(|name| bench.receive(name, at(0))).to_vec();
    bench.store.begin_work(&files).unwrap();
    bench.store.put_back_interrupted().unwrap();
    assert_eq!(bench.store.put_behind(files[0], false).unwrap(), 0);
    assert_eq!(queue(&bench), named(&[("b", true), ("a", true)]));
    assert_eq!(bench.store.put_behind(files[1], true).unwrap(), 1);
    assert_eq!(queue(&bench), named(&[("a", true), ("b", true)]));
}

#[test]
fn a_film_that_stopped_the_program_is_held_under_every_name_until_a_person_has_it_tried_again() {
    let mut bench = Bench::new();
    let file = bench.receive("a", at(0));
    let row =
        bench.store.hold_stopper(file, "x", "It stopped the program three times.", at(1)).unwrap().unwrap();
    assert_eq!((row.held_films, row.held_reason.as_str()), (1, "It stopped the program three times."));
    assert!(bench.store.hold_stopper(file, "x", "Again.", at(1)).unwrap().is_none(), "it is not queued");
    assert!(bench.store.is_known("a".as_ref(), 7, 1).unwrap(), "a restart would try it again");
    let film = bench.store.detail(row.id).unwrap().unwrap().films.remove(0);
    assert!(matches!(&film.state, FilmState::Held(held) if held.gate == Gate::Crash));
    assert_eq!(
        bench.store.film_by_sha256("x").unwrap(),
        Some(film.id),
        "the same bytes would be tried again"
    );

    // The first time it does it again, the second time it is scored.
    let request = |store: &mut Store| store.request_score(film.id, "anna", at(2)).unwrap();
    assert!(matches!(request(&mut bench.store), Requested::Queued(_)));
    assert!(matches!(request(&mut bench.store), Requested::Refused(_)), "it waits already");
    assert_eq!(queue(&bench), named(&[("a", true)]));
    assert_eq!(bench.store.put_behind(file, true).unwrap(), 1, "it is counted anew");
    bench.store.hold_stopper(file, "x", "And again.", at(3)).unwrap().unwrap();
    let row = bench.store.studies_since(0).unwrap().remove(0);
    assert_eq!((row.held_films, row.held_reason.as_str()), (1, "And again."));

    request(&mut bench.store);
    let finished = bench.store.finish(file, &scored("x", QUIET), at(4)).unwrap();
    assert!(matches!(finished, Finished::Recorded { .. }));
    assert_eq!(bench.list(), [("sha256:x".to_owned(), 1, 0)]);
    assert!(queue(&bench).is_empty());
    assert_eq!((bench.count_kind("requested"), bench.count_kind("superseded")), (2, 1));
}
