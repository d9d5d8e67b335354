//! Files whose disk or share does not answer: held, and tried again by themselves.

use cxr_triage::store::{FileId, Status};
use jiff::{SignedDuration, Timestamp};

use super::support::{Bench, at, scored};

const WHY: &str = "The disk does not answer.";

fn seconds(seconds: i64) -> Timestamp {
    at(0) + SignedDuration::from_secs(seconds)
}

fn tries(bench: &Bench) -> Vec<(FileId, u32)> {
    bench.store.queued(10).unwrap().into_iter().map(|due| (due.file, due.tries)).collect()
}

#[test]
fn a_file_that_does_not_answer_is_held_and_queued_again_ever_more_seldom() {
    let mut bench = Bench::new();
    let file = bench.receive("film.dcm", at(0));
    let held = bench.store.unanswered(file, WHY, at(0)).unwrap().expect("people are told");
    assert_eq!((held.held_films, held.held_reason.as_str()), (1, WHY));
    let mut now = 0;
    for (tried, wait) in (1..).zip([10, 20, 40, 80, 160, 320, 600, 600]) {
        assert_eq!(bench.store.retry_unanswered(seconds(now + wait - 1)).unwrap(), 0);
        assert_eq!(tries(&bench), []);
        now += wait;
        assert_eq!(bench.store.retry_unanswered(seconds(now)).unwrap(), 1);
        assert_eq!(tries(&bench), [(file, tried)], "a new turn");
        assert_eq!(bench.store.unanswered(file, WHY, seconds(now)).unwrap(), None, "no news");
    }
    bench.store.retry_unanswered(seconds(now + 600)).unwrap();
    bench.store.finish(file, &scored("x", [0.1; 3]), seconds(now + 601)).unwrap();
    assert_eq!(bench.list(), [("sha256:x".to_owned(), 1, 0)], "its entry gave way to the film");
    assert_eq!(bench.store.retry_unanswered(at(10_000)).unwrap(), 0);
}

#[test]
fn a_study_that_somebody_called_done_stays_done_while_its_file_does_not_answer() {
    let mut bench = Bench::new();
    let file = bench.receive("film.dcm", at(0));
    let study = bench.store.unanswered(file, WHY, at(0)).unwrap().unwrap().id;
    bench.store.set_status(study, Status::Done, "Ines", at(1)).unwrap();
    bench.store.retry_unanswered(at(2)).unwrap();
    bench.store.unanswered(file, WHY, at(2)).unwrap();
    assert_eq!(bench.store.detail(study).unwrap().unwrap().study.status, Status::Done);
}

#[test]
fn a_file_that_was_put_off_before_the_clock_was_set_back_is_tried_again_at_once() {
    let mut bench = Bench::new();
    let file = bench.receive("film.dcm", at(0));
    bench.store.unanswered(file, WHY, at(600)).unwrap();
    assert_eq!(bench.store.retry_unanswered(at(0)).unwrap(), 1);
    assert_eq!(tries(&bench), [(file, 1)]);
}
