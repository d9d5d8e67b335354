//! A second connection, as another process has it, sees every change.

use std::collections::BTreeMap;

use cxr_triage::store::{Status, Store, StudyRow};
use jiff::SignedDuration;

use super::support::{Bench, at, broken, dicom, rules, scored};
use crate::postgres::Backend;

/// What a follower keeps, and how it keeps it up to date.
struct Follower {
    store: Store,
    revision: i64,
    rows: BTreeMap<i64, StudyRow>,
}

impl Follower {
    fn new(bench: &Bench) -> Self {
        Self { store: Store::open(&bench.place).unwrap(), revision: 0, rows: BTreeMap::new() }
    }

    /// Fetches what is new; returns how many rows that were.
    fn follow(&mut self) -> usize {
        let changed = self.store.studies_since(self.revision).unwrap();
        for row in &changed {
            assert!(row.revision > self.revision, "revisions grow");
            self.revision = row.revision;
            if row.is_gone() {
                self.rows.remove(&row.id);
            } else {
                self.rows.insert(row.id, row.clone());
            }
        }
        assert_eq!(self.store.revision().unwrap(), self.revision);
        changed.len()
    }
}

#[test]
fn a_follower_sees_what_the_owner_does_and_the_other_way_round() {
    let mut bench = Bench::new();
    let mut follower = Follower::new(&bench);
    assert_eq!(follower.follow(), 0);

    bench.record("a", &broken("x"), at(0));
    bench.record("b", &dicom(scored("y", [0.9, 0.1, 0.1]), "1.2", "1.2.3"), at(0));
    assert_eq!((follower.follow(), follower.rows.len()), (2, 2));
    assert_eq!(follower.follow(), 0);

    bench.record("a", &scored("z", [0.1; 3]), at(1));
    assert_eq!(follower.follow(), 2, "one came, one left");
    let names = |follower: &Follower| follower.rows.values().map(|r| r.key.clone()).collect::<Vec<_>>();
    assert_eq!(names(&follower), ["1.2", "sha256:z"]);

    bench.store.complete_quiet(SignedDuration::from_mins(1), at(9)).unwrap();
    assert!(follower.follow() >= 2 && follower.rows.values().all(|row| row.complete));
    bench.store.reassess(&rules(0.5, 0.99), at(10)).unwrap();
    follower.follow();
    assert_eq!(follower.rows.values().filter(|row| row.was_critical_until == Some(at(10))).count(), 1);

    let study = *follower.rows.keys().next().unwrap();
    follower.store.set_status(study, Status::Seen, "ben", at(11)).unwrap();
    let owner_sees = bench.store.studies_since(follower.revision).unwrap();
    assert_eq!(
        (owner_sees.len(), owner_sees[0].status, owner_sees[0].status_by.as_str()),
        (1, Status::Seen, "ben")
    );
}

#[test]
fn the_version_moves_when_another_connection_writes_whatever_it_writes() {
    let mut bench = Bench::new();
    let follower = Follower::new(&bench);
    let version = follower.store.version().unwrap();
    assert_eq!(follower.store.version().unwrap(), version, "nobody wrote");
    // A queued file is no change of a study.
    bench.receive("a", at(0));
    let queued = follower.store.version().unwrap();
    assert_ne!(queued, version);
    bench.finish("a", &scored("x", [0.1; 3]), at(0));
    assert_ne!(follower.store.version().unwrap(), queued);
}

#[test]
fn two_processes_that_write_at_once_lose_nothing() {
    let mut bench = Bench::new();
    let ids: Vec<i64> = (0..40)
        .map(|n| bench.record(&format!("f{n}"), &scored(&format!("x{n}"), [0.1; 3]), at(0)).1.id)
        .collect();
    let (place, theirs) = (bench.place.clone(), ids.clone());
    let other = std::thread::spawn(move || {
        let mut store = Store::open(&place).unwrap();
        for id in theirs {
            store.set_status(id, Status::Seen, "ben", at(1)).unwrap().unwrap();
        }
    });
    for n in 0..40 {
        bench.record(&format!("g{n}"), &scored(&format!("y{n}"), [0.1; 3]), at(0));
    }
    other.join().unwrap();
    let rows = bench.store.studies_since(0).unwrap();
    assert_eq!((rows.len(), rows.iter().filter(|row| row.status == Status::Seen).count()), (80, 40));
    assert!(rows.is_sorted_by(|a, b| a.revision < b.revision), "no revision is given twice");
}

#[test]
fn two_thousand_studies_are_all_there_in_the_order_of_their_change() {
    let mut bench = Bench::new();
    let many: u16 = if super::BACKEND == Backend::Server { 200 } else { 2_000 };
    for n in 0..many {
        let probability = f32::from(n) / f32::from(many);
        let outcome = scored(&format!("x{n}"), [probability, 0.01, 0.01]);
        bench.record(&format!("/inbox/{n}.png"), &outcome, at(i64::from(n)));
    }
    bench.store.set_status(1, Status::Seen, "anna", at(3_000)).unwrap();
    let rows = bench.store.studies_since(0).unwrap();
    let (many, last) = (i64::from(many), usize::from(many) - 1);
    assert_eq!(rows.len(), last + 1);
    assert_eq!((rows[0].id, rows[last].id, rows[last].revision), (2, 1, many + 1));
    assert!(rows.is_sorted_by(|a, b| a.revision < b.revision));
    let since = bench.store.studies_since(many - 10).unwrap();
    assert_eq!(
        since.iter().map(|row| row.id).collect::<Vec<_>>(),
        (many - 9..=many).chain([1]).collect::<Vec<_>>()
    );
    let counts = bench.store.counts().unwrap();
    assert_eq!(
        counts.open.values().copied().collect::<Vec<_>>(),
        [5, 3, 2].map(|tenths| (last + 1) * tenths / 10)
    );
}
