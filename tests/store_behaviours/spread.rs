//! What the last films of a model got.

use std::sync::Arc;

use cxr_triage::{
    quality::Gate,
    store::{ModelRef, Outcome, Verdict},
};

use super::support::{Bench, at, held, scored};

/// The SHA-256 of the model that `scored` names.
fn sha256() -> String {
    "ab".repeat(32)
}

#[test]
fn the_last_films_of_a_model_are_compared_with_and_no_others() {
    let mut bench = Bench::new();
    for n in 0_u8..10 {
        let name = format!("f{n}");
        bench.record(&name, &scored(&name, [f32::from(9 - n) / 10.0, 0.5, 0.1]), at(i64::from(n)));
    }
    bench.record("held", &held("held", Gate::Blank, "nothing to see"), at(20));
    let mut other = scored("other", [0.99, 0.1, 0.1]);
    if let Outcome { verdict: Verdict::Scored(scored), .. } = &mut other {
        scored.model = Arc::new(ModelRef { sha256: "cd".repeat(32), ..ModelRef::clone(&scored.model) });
    }
    bench.record("other", &other, at(21));

    let spread = bench.store.spread("starter", &sha256(), 4).unwrap();
    assert_eq!(spread.of("Effusion"), [0.0, 0.1, 0.2, 0.3]);
    assert_eq!(spread.of("Mass"), [0.5; 4]);
    assert!(spread.of("Edema").is_empty());
    assert_eq!(bench.store.spread("starter", &sha256(), 1_000).unwrap().of("Effusion").len(), 10);
    assert_eq!(bench.store.spread("starter", &"cd".repeat(32), 1_000).unwrap().of("Effusion"), [0.99]);
    assert!(bench.store.spread("xrv-all", &sha256(), 1_000).unwrap().of("Effusion").is_empty());
}

#[test]
fn what_is_done_is_compared_with_too_and_another_manifest_of_the_same_weights() {
    let mut bench = Bench::new();
    let study = bench.record("a", &scored("a", [0.2, 0.1, 0.1]), at(0)).1.id;
    bench.store.set_status(study, cxr_triage::store::Status::Done, "anna", at(1)).unwrap();
    let mut other = scored("b", [0.4, 0.1, 0.1]);
    if let Outcome { verdict: Verdict::Scored(scored), .. } = &mut other {
        scored.model = Arc::new(ModelRef { manifest: "new".to_owned(), ..ModelRef::clone(&scored.model) });
    }
    bench.record("b", &other, at(2));
    bench.record("c", &scored("c", [0.6, 0.1, 0.1]), at(3));
    let of = |most| bench.store.spread("starter", &sha256(), most).unwrap().of("Effusion").to_vec();
    assert_eq!(of(10), [0.2, 0.4, 0.6]);
    assert_eq!(of(2), [0.4, 0.6], "the last ones, whatever the manifest");
}
