//! A film costs a study of thousands no more than a study of hundreds: counted in SQLite's own steps, not in time.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use jiff::Timestamp;

use super::{FileId, FilmId, Finished, ModelRef, Outcome, Scored, Store, StudyId, Verdict};
use crate::{
    intake::Arrival,
    quality::{Gate, Held},
    study::{LabelRule, Rules, Severity, assess},
};
use cxr_film::Header;

/// Steps of SQLite's machine between two counts.
const STEPS: i32 = 8;

struct Ward {
    store: Store,
    next: i64,
    _folder: tempfile::TempDir,
}

fn rules() -> Arc<Rules> {
    let rule = |label: &str| LabelRule {
        label: label.to_owned(),
        alert: 0.5,
        critical: 0.8,
        cap: Severity::Critical,
        rank: true,
        validated: true,
    };
    Arc::new(Rules { model: "starter".to_owned(), labels: vec![rule("Effusion"), rule("Mass")] })
}

/// The intent that a film's header tells, and when it was taken.
type Exposure = Option<(&'static str, i64)>;

impl Ward {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("store.db")).unwrap();
        store.connection.sqlite().unwrap().pragma_update(None, "synchronous", "OFF").unwrap();
        Self { store, next: 0, _folder: folder }
    }

    fn receive(&mut self) -> FileId {
        self.next += 1;
        let arrival = Arrival { path: format!("/in/{}", self.next).into(), size: 1, modified_ns: 1 };
        self.store.receive(&[arrival], Timestamp::UNIX_EPOCH).unwrap()[0].0
    }

    /// The next film of the study: scored with that probability, or held.
    fn outcome(&self, scored: Result<f32, Gate>, exposure: Exposure) -> Outcome {
        let number = self.next;
        let mut header = Header {
            format: "DICOM".to_owned(),
            study_instance_uid: "1.2".to_owned(),
            sop_instance_uid: format!("1.2.{number}"),
            patient_id: "7".to_owned(),
            ..Header::default()
        };
        if let Some((intent, at)) = exposure {
            header.presentation_intent_type = intent.to_owned();
            header.acquired_at = format!("20240131{at:06}");
            for field in [
                &mut header.detector_id,
                &mut header.body_part_examined,
                &mut header.view_position,
                &mut header.laterality,
            ] {
                *field = "X".to_owned();
            }
        }
        let verdict = match scored {
            Err(gate) => Verdict::Held(Held { gate, reason: "a reason".to_owned() }),
            Ok(probability) => Verdict::Scored(Scored {
                findings: assess(&[probability, 0.0], &rules()).findings,
                heatmap: vec![0; 64],
                warnings: Vec::new(),
                model: Arc::new(ModelRef {
                    name: "starter".to_owned(),
                    sha256: "ab".to_owned(),
                    manifest: String::new(),
                }),
                rules: rules(),
                device: "cpu".to_owned(),
            }),
        };
        Outcome {
            sha256: format!("{number:064}"),
            study_key: "1.2".to_owned(),
            started: Timestamp::UNIX_EPOCH,
            decoded: scored != Err(Gate::Unreadable),
            header: Some(header),
            verdict,
            outside: None,
        }
    }

    fn add(&mut self, scored: Result<f32, Gate>, exposure: Exposure) -> (FilmId, StudyId) {
        let file = self.receive();
        let outcome = self.outcome(scored, exposure);
        match self.store.finish(file, &outcome, Timestamp::UNIX_EPOCH).unwrap() {
            Finished::Recorded { film, study, .. } => (film, study.id),
            Finished::Duplicate { .. } => panic!("each film is another one"),
        }
    }

    /// Every kind of film, over and over.
    fn fill(&mut self, films: i64) {
        while self.next < films {
            let at = self.next;
            match at % 5 {
                0 => self.add(Ok(0.3 + (at % 7) as f32 / 10.0), None),
                1 => self.add(Err(Gate::View), None),
                2 => self.add(Err(Gate::Blank), Some(("FOR PROCESSING", at))),
                3 => self.add(Ok(0.2), Some(("FOR PRESENTATION", at))),
                _ => self.add(Err(Gate::Unreadable), None),
            };
        }
    }

    /// The steps that something takes.
    fn steps<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> u64 {
        let count = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&count);
        let count_one = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            false
        };
        self.store.connection.sqlite().unwrap().progress_handler(STEPS, Some(count_one)).unwrap();
        work(self);
        self.store.connection.sqlite().unwrap().progress_handler(0, None::<fn() -> bool>).unwrap();
        count.load(Ordering::Relaxed)
    }
}

#[test]
fn a_film_costs_a_study_of_thousands_no_more_than_one_of_hundreds() {
    type Case = (&'static str, fn(&mut Ward));
    let cases: [Case; 10] = [
        ("a film above all", |ward| _ = ward.add(Ok(0.95), None)),
        ("one below", |ward| _ = ward.add(Ok(0.1), None)),
        ("a lateral", |ward| _ = ward.add(Err(Gate::View), None)),
        ("a blank one", |ward| _ = ward.add(Err(Gate::Blank), None)),
        ("an image for processing", |ward| _ = ward.add(Ok(0.1), Some(("FOR PROCESSING", 100_000)))),
        ("the one for presentation of it", |ward| _ = ward.add(Ok(0.1), Some(("FOR PRESENTATION", 100_000)))),
        ("a file that went", |ward| {
            let file = ward.receive();
            ward.store.gone(file, "it went", Timestamp::UNIX_EPOCH).unwrap();
        }),
        ("a film scored on request", |ward| {
            let (film, _) = ward.add(Err(Gate::Clipped), None);
            ward.store.request_score(film, "Ines", Timestamp::UNIX_EPOCH).unwrap();
            let file = ward.store.queued(9).unwrap()[0].file;
            let outcome = ward.outcome(Ok(0.9), None);
            ward.store.finish(file, &outcome, Timestamp::UNIX_EPOCH).unwrap();
        }),
        ("what a plugin looks at", |ward| {
            let detail = ward.store.detail_with(1, &[3, 7], 64).unwrap().unwrap();
            assert_eq!(detail.films.len(), 64);
            assert!([3, 7].iter().all(|film| detail.films.iter().any(|known| known.id == *film)));
        }),
        ("its row", |ward| assert!(ward.store.study_revision(1).unwrap().is_some())),
    ];
    let mut ward = Ward::new();
    ward.fill(200);
    // The first time statements are prepared.
    cases.iter().for_each(|(_, work)| work(&mut ward));
    let few: Vec<u64> = cases.iter().map(|(_, work)| ward.steps(work)).collect();
    ward.fill(4_000);
    let many: Vec<u64> = cases.iter().map(|(_, work)| ward.steps(work)).collect();
    for (((case, _), few), many) in cases.iter().zip(few).zip(many) {
        // Another level or two of an index's tree.
        assert!(many <= few + few / 4 + 40, "{case}: {few} at 200 films, {many} at 4,000");
    }
    let wrong: u32 = ward
        .store
        .connection
        .sqlite()
        .unwrap()
        .query_row(
            "SELECT count(*) FROM studies WHERE (parts_scored, parts_beside, parts_amiss) <> (
                SELECT sum(part = 'scored'), sum(part = 'beside'), sum(part = 'amiss') FROM films
                WHERE films.study = studies.id)",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(wrong, 0, "the counts are those of the films");
}

#[test]
fn the_store_and_the_gates_agree_on_what_lies_beside_a_scored_film() {
    let gates = [
        Gate::Unreadable,
        Gate::Modality,
        Gate::BodyPart,
        Gate::View,
        Gate::Frames,
        Gate::Small,
        Gate::Blank,
        Gate::Flat,
        Gate::Clipped,
        Gate::Colour,
        Gate::Inverted,
        Gate::OutOfDistribution,
        Gate::Model,
        Gate::Exposure,
    ];
    for gate in gates {
        let mut ward = Ward::new();
        ward.add(Ok(0.9), None);
        ward.add(Err(gate), None);
        let row = ward.store.studies_since(0).unwrap().remove(0);
        let beside = u32::from(gate.lists_beside());
        assert_eq!((row.scored_films, row.listed_films, row.held_films), (1, beside, 1 - beside), "{gate:?}");
    }
}

#[test]
fn the_film_that_decides_is_the_one_that_triage_prefers() {
    // Probabilities of a study's films in their order, and the place of the one that decides.
    for (films, deciding) in [
        (&[0.1, 0.9, 0.95][..], 2),
        (&[0.9, 0.9, 0.2], 0),
        (&[0.2, 0.6, 0.55], 1),
        (&[0.01, 0.02], 1),
        (&[0.3, 0.3], 0),
    ] {
        let mut ward = Ward::new();
        let ids: Vec<FilmId> = films.iter().map(|probability| ward.add(Ok(*probability), None).0).collect();
        let detail = ward.store.detail(1).unwrap().unwrap();
        assert_eq!(detail.films[0].id, ids[deciding], "{films:?}");
        let all: Vec<_> =
            films.iter().map(|probability| assess(&[*probability, 0.0], &rules()).findings).collect();
        let whole = crate::study::combine(all.iter().map(Vec::as_slice));
        let row = detail.study;
        assert_eq!((row.assessed, row.score, row.top), (whole.severity, whole.score, whole.top), "{films:?}");
    }
}
