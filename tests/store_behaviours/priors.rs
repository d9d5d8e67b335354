//! The earlier films of a patient.

use cxr_triage::{quality::Gate, store::Outcome};

use super::support::{Bench, at, dicom, held, scored};

/// A film of that patient's study, taken on that day; no day: the header has none.
fn of(patient: &str, study: &str, day: &str, outcome: Outcome) -> Outcome {
    let mut outcome = dicom(outcome, study, &format!("{study}.1"));
    if let Some(header) = &mut outcome.header {
        (header.patient_id, header.study_date) = (patient.to_owned(), day.to_owned());
        header.study_time = "090000".to_owned();
    }
    outcome
}

#[test]
fn priors_are_the_same_patients_earlier_scored_films_the_latest_first() {
    let mut bench = Bench::new();
    let good = |bytes: &str| scored(bytes, [0.1; 3]);
    let (old, _) = bench.record("a", &of("P1", "1.1", "20240105", good("a")), at(0));
    let (recent, _) = bench.record("b", &of("P1", "1.2", "20250607", good("b")), at(1));
    let (_, today) = bench.record("c", &of("P1", "1.3", "20260302", good("c")), at(2));
    bench.record("d", &of("P1", "1.4", "20260401", good("d")), at(3));
    bench.record("e", &of("P2", "1.5", "20240105", good("e")), at(4));
    bench.record("f", &of("P1", "1.6", "20230105", held("f", Gate::View, "a lateral film")), at(5));
    let priors = bench.store.priors(today.id).unwrap();
    assert_eq!(priors.iter().map(|prior| prior.film).collect::<Vec<_>>(), [recent, old]);
    assert_eq!(priors[0].study_time, "2025-06-07T09:00:00".parse().ok());
}

#[test]
fn films_without_a_patient_id_have_no_priors() {
    let mut bench = Bench::new();
    bench.record("a", &of("", "1.1", "20240105", scored("a", [0.1; 3])), at(0));
    let (_, row) = bench.record("b", &of("", "1.2", "20250105", scored("b", [0.1; 3])), at(1));
    assert_eq!(bench.store.priors(row.id).unwrap(), []);
}
