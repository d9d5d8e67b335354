//! What a role does not permit is not done, whatever a dashboard asks for; and names do not reach a role without them.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, sync::Arc};

use cxr_triage::{
    session::{
        Login,
        protocol::{BenchRequest, Request, Update},
    },
    store::{AuditEvent, PluginAction, PluginRequest, Status, Store, StudyRow},
    study::{AuditKind, PersonRole},
};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    panels::Dashboard,
    support::{Bench, dicom, scored},
};

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAMSHkbY1eAQRHQIZOwHvmP1QrObjJ05t7atVVCY6Jk+";
const PRINT: &str = "SHA256:dbQyWIT0oLoHEyrnT1CI8WsAIpDP3BRRbULFG6f9bEs";

/// A store with one critical study, and a list with one person.
struct Site {
    bench: Bench,
    study: i64,
    list: PathBuf,
}

impl Site {
    fn new(role: PersonRole) -> Self {
        let mut bench = Bench::new();
        let mut film = dicom(scored("a", [0.99, 0.1, 0.1]), "1.2.826.7", "1.2.826.7.1");
        let header = film.header.as_mut().unwrap();
        (header.patient_name, header.patient_id) = ("MEIER^ROSA".to_owned(), "P-5521".to_owned());
        let study = bench.record("/in/MEIER_ROSA.dcm", &film, Timestamp::now()).1.id;
        let list = bench.path.with_file_name("people.toml");
        let site = Self { bench, study, list };
        site.set(role);
        site
    }

    fn set(&self, role: PersonRole) {
        let beside = self.list.with_extension("new");
        fs::write(&beside, format!("[ANNA]\nrole = \"{}\"\nkeys = [\"{KEY}\"]\n", role.word())).unwrap();
        fs::set_permissions(&beside, fs::Permissions::from_mode(0o640)).unwrap();
        fs::rename(&beside, &self.list).unwrap();
    }

    fn come_in(&self, role: PersonRole) -> Dashboard {
        let store = Store::open(&self.bench.place).unwrap();
        let (name, key, list) = ("ANNA".to_owned(), Some(PRINT.to_owned()), self.list.clone());
        let login = Login::begin(store, name, key, role, list, None).unwrap();
        Dashboard::of(&self.bench, "ANNA", Some(Arc::new(login)))
    }

    fn row(&self) -> StudyRow {
        self.bench.store.studies_since(0).unwrap().remove(0)
    }

    fn audit(&self, kind: AuditKind) -> Vec<AuditEvent> {
        self.bench.store.events(0, 1_000).unwrap().into_iter().filter(|event| event.kind == kind).collect()
    }
}

fn rows(dashboard: &Dashboard) -> Vec<StudyRow> {
    dashboard.wait(|update| match update {
        Update::Studies(rows) => Some(rows),
        _ => None,
    })
}

/// The next message that something was not done.
fn refusal(dashboard: &Dashboard) -> String {
    dashboard.wait(|update| match update {
        Update::Notice(notice) if notice.text.starts_with("Not done") => Some(notice.text),
        _ => None,
    })
}

fn work(site: &Site) -> Vec<Request> {
    let study = site.study;
    vec![
        Request::Status(study, Status::Claimed),
        Request::Acknowledge(study),
        Request::Note(study, "seen by me".to_owned()),
        Request::TakeBack(study, Box::new(site.row().handling())),
        Request::Send(study, "pacs".to_owned()),
    ]
}

fn decisions(study: i64) -> Vec<Request> {
    let plugin = PluginRequest {
        plugin: "beds".to_owned(),
        action: PluginAction::Run { command: "Page".to_owned(), study },
    };
    vec![
        Request::Score(1),
        Request::Plugin(plugin),
        Request::Bench(BenchRequest::Open),
        Request::Bench(BenchRequest::Save(Vec::new())),
    ]
}

#[test]
fn who_looks_on_changes_nothing_and_is_told_no_name() {
    let site = Site::new(PersonRole::View);
    let dashboard = site.come_in(PersonRole::View);
    let before = site.row();
    let told = format!("{:?}", rows(&dashboard));
    dashboard.ask(Request::Detail(site.study));
    let detail = dashboard.wait(|update| match update {
        Update::Detail(detail) => Some(format!("{detail:?}")),
        _ => None,
    });
    for secret in [&before.patient_name, &before.patient_id, &before.file_name, &before.key] {
        assert!(!secret.is_empty() && !told.contains(secret) && !detail.contains(secret), "{secret}: {told}");
    }
    let who = Request::Who("BERT".to_owned());
    let wishes: Vec<Request> = work(&site).into_iter().chain(decisions(site.study)).chain([who]).collect();
    let number = wishes.len();
    for wish in wishes {
        let is_of_study = wish.changed_study().is_some();
        dashboard.ask(wish);
        let said = refusal(&dashboard);
        assert!(said.contains("your role is view"), "{said}");
        // The screen may have shown the change: the study comes as it is.
        if is_of_study {
            assert_eq!(rows(&dashboard)[0].status, Status::New);
        }
    }
    dashboard.leave();
    assert_eq!(site.row(), before);
    let denied = site.audit(AuditKind::Denied);
    assert_eq!(denied.len(), number);
    for event in &denied {
        assert_eq!((event.actor.as_str(), &event.detail["key"]), ("ANNA", &Value::from(PRINT)));
        let names_it = ["status", "acknowledge", "note", "take-back", "send", "plugin"]
            .map(Value::from)
            .contains(&event.detail["request"]);
        assert_eq!(event.study, names_it.then_some(site.study), "{event:?}");
    }
    assert_eq!(denied[0].detail["request"], "status");
}

#[test]
fn who_works_with_the_list_decides_nothing_about_the_site_and_the_audit_has_the_key() {
    let site = Site::new(PersonRole::Triage);
    let dashboard = site.come_in(PersonRole::Triage);
    assert!(rows(&dashboard)[0].patient_name.contains('^'));
    for wish in decisions(site.study).into_iter().chain([Request::Who("BERT".to_owned())]) {
        dashboard.ask(wish);
        assert!(refusal(&dashboard).contains("your role is triage"));
    }
    dashboard.ask(Request::Status(site.study, Status::Claimed));
    let row = dashboard.wait(|update| match update {
        Update::Studies(rows) => rows.into_iter().find(|row| row.status == Status::Claimed),
        _ => None,
    });
    assert_eq!(row.status_by, "ANNA");
    dashboard.ask(Request::Note(site.study, "asked for a lateral".to_owned()));
    dashboard.wait(|update| match update {
        Update::Studies(rows) => rows.into_iter().find(|row| row.notes == 1),
        _ => None,
    });
    dashboard.leave();
    for kind in [AuditKind::Login, AuditKind::Status, AuditKind::Note] {
        let events = site.audit(kind);
        assert_eq!((events.len(), events[0].actor.as_str()), (1, "ANNA"), "{kind:?}");
        assert_eq!(events[0].detail["key"], PRINT, "{kind:?}");
    }
    // What others did before has nobody's key.
    assert_eq!(site.audit(AuditKind::Scored)[0].detail.get("key"), None);
}

#[test]
fn another_role_brings_names_and_takes_them_away_while_the_session_runs() {
    let site = Site::new(PersonRole::View);
    let dashboard = site.come_in(PersonRole::View);
    assert_eq!(rows(&dashboard)[0].patient_name, "");
    let role = || {
        dashboard.wait(|update| match update {
            Update::Role(role) => Some(role),
            _ => None,
        })
    };
    site.set(PersonRole::Triage);
    assert_eq!(role(), PersonRole::Triage);
    assert!(rows(&dashboard)[0].patient_name.contains('^'));
    site.set(PersonRole::View);
    assert_eq!(role(), PersonRole::View);
    assert_eq!(rows(&dashboard)[0].patient_name, "");
    dashboard.ask(Request::Acknowledge(site.study));
    refusal(&dashboard);
    dashboard.leave();
    assert_eq!(site.row().acknowledged, None);
}

#[test]
fn a_login_that_cannot_be_written_down_lets_nobody_in() {
    let site = Site::new(PersonRole::Admin);
    let store = Store::open_within(&site.bench.place, std::time::Duration::from_millis(50)).unwrap();
    let lock = site.bench.hold();
    let (name, list) = ("ANNA".to_owned(), site.list.clone());
    assert!(Login::begin(store, name, None, PersonRole::Admin, list, None).is_err());
    drop(lock);
}
