//! A store in a temporary folder, and outcomes that are quick to write down.

use std::{path::PathBuf, sync::Arc};

use cxr_film::Header;
use cxr_triage::{
    intake::Arrival,
    quality::{Gate, Held},
    store::{FileId, FilmId, Finished, ModelRef, Outcome, Scored, Store, StudyRow, Verdict},
    store_place::StorePlace,
    study::{LabelRule, Rules, Severity, StudyId, assess},
};
use jiff::Timestamp;

use super::BACKEND;
use crate::postgres::{self, Backend};

/// A store that lives as long as the test.
pub(crate) struct Bench {
    pub(crate) store: Store,
    pub(crate) place: StorePlace,
    /// A file in a folder of the test: the store itself, where it lies in one.
    pub(crate) path: PathBuf,
    /// Where it lies, if that is on a server.
    pub(crate) url: Option<String>,
    _folder: tempfile::TempDir,
    files: i64,
}

/// Somebody else who has begun to write to a store, until it is dropped.
pub(crate) enum Holding {
    File(rusqlite::Connection),
    Server(postgres::Raw),
}

impl Drop for Holding {
    fn drop(&mut self) {
        match self {
            Self::File(connection) => connection.execute_batch("ROLLBACK").unwrap(),
            Self::Server(connection) => connection.batch("ROLLBACK"),
        }
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data").join("store.db");
        let server = if BACKEND == Backend::Server { postgres::server() } else { None };
        let url = server.map(postgres::Server::schema);
        if url.is_some() {
            std::fs::create_dir(folder.path().join("data")).unwrap();
        }
        let place = url.as_deref().map_or_else(|| StorePlace::from(&path), postgres::place);
        Self { store: Store::open(&place).unwrap(), place, path, url, _folder: folder, files: 0 }
    }

    /// Writes into the store's tables past the store.
    pub(crate) fn raw(&self, statements: &str) {
        match &self.url {
            Some(url) => postgres::Raw::connect(url).batch(statements),
            None => rusqlite::Connection::open(&self.path).unwrap().execute_batch(statements).unwrap(),
        }
    }

    /// From now on no change of that study can be written.
    pub(crate) fn break_study(&self, study: StudyId) {
        self.raw(&match &self.url {
            Some(_) => format!("ALTER TABLE studies ADD CONSTRAINT broken CHECK (id <> {study}) NOT VALID"),
            None => format!(
                "CREATE TRIGGER broken BEFORE UPDATE ON studies WHEN NEW.id = {study}
                 BEGIN SELECT RAISE(ABORT, 'broken'); END"
            ),
        });
    }

    /// It can again.
    pub(crate) fn mend_study(&self) {
        let on_server = self.url.is_some();
        self.raw(if on_server {
            "ALTER TABLE studies DROP CONSTRAINT broken"
        } else {
            "DROP TRIGGER broken"
        });
    }

    /// Somebody else begins to write.
    pub(crate) fn hold(&self) -> Holding {
        let turn = "SELECT pg_advisory_xact_lock(hashtext('cxr-triage writers'), hashtext(current_schema()))";
        self.hold_by(turn).unwrap_or_else(|| {
            let connection = rusqlite::Connection::open(&self.path).unwrap();
            connection.execute_batch("BEGIN IMMEDIATE").unwrap();
            Holding::File(connection)
        })
    }

    /// Somebody else has begun with that on the store's server.
    pub(crate) fn hold_by(&self, statement: &str) -> Option<Holding> {
        self.url.as_deref().map(|url| {
            let connection = postgres::Raw::connect(url);
            connection.batch(&format!("BEGIN; {statement}"));
            Holding::Server(connection)
        })
    }

    /// A file arrives and waits.
    pub(crate) fn receive(&mut self, path: &str, now: Timestamp) -> FileId {
        self.files += 1;
        let arrival = Arrival { path: path.into(), size: 7, modified_ns: self.files };
        self.store.receive(&[arrival], now).unwrap()[0].0
    }

    /// A file arrives and is finished.
    pub(crate) fn finish(&mut self, path: &str, outcome: &Outcome, now: Timestamp) -> Finished {
        let file = self.receive(path, now);
        self.store.finish(file, outcome, now).unwrap()
    }

    /// A file arrives and gets onto the list.
    pub(crate) fn record(&mut self, path: &str, outcome: &Outcome, now: Timestamp) -> (FilmId, StudyRow) {
        match self.finish(path, outcome, now) {
            Finished::Recorded { film, study, .. } => (film, *study),
            Finished::Duplicate { .. } => panic!("{path} counted as a duplicate"),
        }
    }

    /// What stands on the list: key, scored and held films, by key.
    pub(crate) fn list(&self) -> Vec<(String, u32, u32)> {
        let rows = self.store.studies_since(0).unwrap();
        let mut list: Vec<_> = rows
            .into_iter()
            .filter(|row| !row.is_gone())
            .map(|row| (row.key, row.scored_films, row.held_films))
            .collect();
        list.sort();
        list
    }

    pub(crate) fn kinds(&self) -> Vec<String> {
        self.store.events(0, 10_000).unwrap().into_iter().map(|event| event.kind.word().to_owned()).collect()
    }

    pub(crate) fn count_kind(&self, kind: &str) -> usize {
        self.kinds().iter().filter(|other| *other == kind).count()
    }
}

/// `minutes` after the start of the shift.
pub(crate) fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + 60 * minutes).unwrap()
}

/// Three labels: the last one is shown and never ranks.
pub(crate) fn rules(alert: f64, critical: f64) -> Rules {
    let rule = |label: &str, rank: bool| LabelRule {
        label: label.to_owned(),
        alert,
        critical,
        cap: Severity::Critical,
        rank,
        validated: rank,
    };
    let labels = vec![rule("Effusion", true), rule("Mass", true), rule("Hernia", false)];
    Rules { model: "starter".to_owned(), labels }
}

pub(crate) fn usual_rules() -> Rules {
    rules(0.5, 0.8)
}

/// A scored outcome of an own study named by its bytes.
pub(crate) fn scored(bytes: &str, probabilities: [f32; 3]) -> Outcome {
    scored_by(bytes, probabilities, &usual_rules())
}

pub(crate) fn scored_by(bytes: &str, probabilities: [f32; 3], rules: &Rules) -> Outcome {
    let model = ModelRef {
        name: rules.model.clone(),
        sha256: "ab".repeat(32),
        manifest: "name = \"starter\"".to_owned(),
    };
    Outcome {
        sha256: bytes.to_owned(),
        study_key: format!("sha256:{bytes}"),
        header: Some(Header { format: "PNG".to_owned(), ..Header::default() }),
        started: Timestamp::UNIX_EPOCH,
        decoded: true,
        verdict: Verdict::Scored(Scored {
            findings: assess(&probabilities, rules).findings,
            heatmap: bytes.as_bytes().to_vec(),
            warnings: Vec::new(),
            model: Arc::new(model),
            rules: Arc::new(rules.clone()),
            device: "cpu fp32".to_owned(),
        }),
        outside: None,
    }
}

pub(crate) fn held(bytes: &str, gate: Gate, reason: &str) -> Outcome {
    let decoded = gate != Gate::Unreadable;
    let verdict = Verdict::Held(Held { gate, reason: reason.to_owned() });
    Outcome { decoded, verdict, header: None, ..scored(bytes, [0.0; 3]) }
}

pub(crate) fn broken(bytes: &str) -> Outcome {
    held(bytes, Gate::Unreadable, "the file ends too early")
}

/// The same outcome as a DICOM file of that study with that SOP Instance UID.
pub(crate) fn dicom(outcome: Outcome, study: &str, uid: &str) -> Outcome {
    let header = Header {
        format: "DICOM".to_owned(),
        study_instance_uid: study.to_owned(),
        sop_instance_uid: uid.to_owned(),
        ..Header::default()
    };
    Outcome { study_key: study.to_owned(), header: Some(header), ..outcome }
}
