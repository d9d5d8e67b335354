//! Copies of a store in a file, and the first start on one.

use std::fs;

use cxr_triage::{
    intake::Arrival,
    store::{Store, StoreErrorKind},
    study::AuditKind,
};
use rusqlite::Connection;

use super::support::{Bench, at, scored};

#[test]
fn a_backup_is_made_while_others_write_and_checked_by_the_first_start_on_it() {
    let mut bench = Bench::new();
    bench.record("a", &scored("a", [0.1; 3]), at(0));
    let to = bench.path.with_file_name("backup.db");
    // Somebody has begun to write, and goes on afterwards.
    let mut other = Connection::open(&bench.path).unwrap();
    let writing = other.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
    bench.store.back_up(&to, at(5)).unwrap();
    writing.commit().unwrap();
    bench.record("b", &scored("b", [0.1; 3]), at(6));

    let beside: Vec<_> =
        fs::read_dir(to.parent().unwrap()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert!(beside.iter().all(|name| !name.to_string_lossy().starts_with("backup.db.")), "{beside:?}");
    let error = bench.store.back_up(&to, at(7)).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::ReadOnly, "an earlier backup is not written over");

    let mut copy = Store::open(&to).unwrap();
    let counts = copy.counts().unwrap();
    assert_eq!((counts.scored_films, counts.queued), (1, 0));
    let restored = || Store::open(&to).unwrap().events(0, 100).unwrap();
    let told = restored().iter().filter(|event| event.kind == AuditKind::Restored).count();
    assert_eq!(told, 1, "the second start has nothing to check");
    let arrival = Arrival { path: "c".into(), size: 1, modified_ns: 1 };
    assert_eq!(copy.receive(&[arrival], at(8)).unwrap().len(), 1, "work goes on in it");
}

#[test]
fn a_backup_that_is_damaged_is_refused_by_the_start() {
    let mut bench = Bench::new();
    for number in 0..200 {
        let name = format!("film {number}");
        bench.record(&name, &scored(&name, [0.1; 3]), at(number));
    }
    let to = bench.path.with_file_name("backup.db");
    bench.store.back_up(&to, at(500)).unwrap();
    let mut bytes = fs::read(&to).unwrap();
    let half = bytes.len() / 2;
    bytes[half..half + 16_384].fill(0x5a);
    fs::write(&to, bytes).unwrap();
    let error = Store::open(&to).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Corrupt, "{error}");
    assert!(error.to_string().contains("put back the last backup"), "{error}");
}
