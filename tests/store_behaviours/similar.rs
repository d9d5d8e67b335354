//! The search for similar films: whose films are compared, and what is told of them.

use cxr_triage::{
    similar::{Asked, FeatureFile, FeatureReader, FeaturesId, FilmKey, nearest},
    store::{FilmId, Outcome, Ownership, Status},
    study::Patient,
};

use super::support::{Bench, at, dicom, scored};
use cxr_film::Header;

/// A film of a study and a patient, with an own file of that name.
fn film(bytes: u64, study: &str, patient: &str) -> Outcome {
    let outcome =
        dicom(scored(&format!("{bytes:064x}"), [0.9, 0.1, 0.1]), study, &format!("{study}.{bytes}"));
    let header = Header { patient_id: patient.to_owned(), ..outcome.header.clone().unwrap() };
    Outcome { header: Some(header), ..outcome }
}

struct Scene {
    bench: Bench,
    features: FeatureFile,
    id: FeaturesId,
    _owned: Ownership,
}

impl Scene {
    fn new() -> Self {
        let bench = Bench::new();
        let id = FeaturesId::new("ab".repeat(32));
        let owned = Ownership::acquire(&bench.path).unwrap().unwrap();
        let features = FeatureFile::open(&bench.path, &id, None, &owned).unwrap();
        Self { bench, features, id, _owned: owned }
    }

    /// A film that is `far` from the one asked about.
    fn add(&mut self, bytes: u64, study: &str, patient: &str, far: f32) -> FilmId {
        let (film, _) = self.bench.record(&format!("/in/{bytes}.dcm"), &film(bytes, study, patient), at(0));
        let key = FilmKey::new(film, &format!("{bytes:064x}")).unwrap();
        self.features.put(key, &[1.0, far]).unwrap();
        film
    }

    fn found(&self, asked: &Asked) -> Vec<FilmId> {
        let reader = FeatureReader::open(&self.bench.path, &self.id).unwrap().unwrap();
        let found = nearest(&self.bench.store, &reader, asked, 5).unwrap();
        assert!(found.is_sorted_by(|a, b| a.distance <= b.distance));
        found.iter().map(|film| film.film).collect()
    }
}

fn asked(id: &str) -> Asked {
    Asked { features: vec![1.0, 0.0], study: None, patient: Patient::new(id, "", "") }
}

#[test]
fn the_nearest_film_of_each_study_of_other_patients_is_found() {
    let mut scene = Scene::new();
    let own = scene.add(1, "1.1", "A", 0.0);
    scene.add(2, "1.2", "A", 0.1);
    let b = scene.add(3, "1.3", "B", 0.3);
    scene.add(4, "1.3", "B", 0.4);
    let c = scene.add(5, "1.4", "C", 0.2);
    let unknown = scene.add(6, "1.5", "", 0.5);
    assert_eq!(scene.found(&asked("A")), [c, b, unknown]);
    // Of a film without a patient only its own study is known to be its own.
    let study = scene.bench.store.compared_film(own).unwrap().unwrap().study;
    let without = Asked { study: Some(study), ..asked("") };
    assert!(!scene.found(&without).contains(&own));
    assert_eq!(scene.found(&without).len(), 4);
    // A film that is no longer the one that was measured.
    let key = FilmKey { sha256: [7; 8], film: c };
    scene.features.put(key, &[1.0, 0.2]).unwrap();
    assert_eq!(scene.found(&asked("A")), [b, unknown]);
}

#[test]
fn what_is_known_of_a_similar_film_comes_with_it() {
    let mut scene = Scene::new();
    let film = scene.add(1, "1.1", "A", 0.5);
    let study = scene.bench.store.compared_film(film).unwrap().unwrap().study;
    scene.bench.store.add_note(study, "a drain", "anna", at(1)).unwrap();
    scene.bench.store.set_status(study, Status::Claimed, "anna", at(2)).unwrap();
    let reader = FeatureReader::open(&scene.bench.path, &scene.id).unwrap().unwrap();
    let found = nearest(&scene.bench.store, &reader, &asked("B"), 5).unwrap().remove(0);
    assert_eq!((found.study.id, found.study.status), (study, Status::Claimed));
    assert_eq!(found.findings[0].label, "Effusion");
    assert_eq!(found.notes[0].text, "a drain");
    let expected = 1.0 - 1.0 / (1.0f32 + 0.25).sqrt();
    assert!((found.distance - expected).abs() < 1e-3, "{}", found.distance);
}

#[test]
fn films_that_are_held_deleted_or_forgotten_are_not_found_and_their_features_go() {
    let mut scene = Scene::new();
    let films: Vec<FilmId> =
        (1..=4).map(|n| scene.add(n, &format!("1.{n}"), &format!("P{n}"), n as f32 / 10.0)).collect();
    let store = &mut scene.bench.store;
    let study = |store: &cxr_triage::store::Store, film| store.compared_film(film).unwrap().unwrap().study;
    let (deleted, forgotten) = (study(store, films[0]), study(store, films[1]));
    for study in [deleted, forgotten] {
        store.set_status(study, Status::Done, "anna", at(1)).unwrap();
        store.acknowledge(study, "anna", at(1)).unwrap();
    }
    let gone = store.done_films(at(9), 10, |path| path.ends_with("1.dcm")).unwrap();
    assert_eq!(gone.len(), 1);
    store.note_deleted(&gone, "a test's", at(9)).unwrap();
    store.forget_patients(&[forgotten], at(9)).unwrap();
    assert_eq!(scene.found(&asked("Q")), films[2..]);

    let (wanted, newest) = scene.bench.store.films_to_compare().unwrap();
    let wanted: std::collections::HashMap<_, _> =
        wanted.iter().map(|(film, sha256)| (*film, FilmKey::new(*film, sha256).unwrap())).collect();
    for block in 0..scene.features.blocks() {
        scene.features.forget(block, &wanted, newest).unwrap();
    }
    let has = |film: &FilmId| wanted.get(film).is_some_and(|key| scene.features.has(*key));
    assert_eq!(
        (films.iter().map(has).collect::<Vec<_>>(), newest),
        (vec![false, false, true, true], films[3])
    );
    assert!(scene.features.missing(&wanted).is_empty());
}
