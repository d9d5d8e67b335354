use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use crossbeam_channel::{bounded, unbounded};

use super::*;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAMSHkbY1eAQRHQIZOwHvmP1QrObjJ05t7atVVCY6Jk+";

fn write(path: &Path, role: &str) {
    // As an editor does, which saves beside and renames.
    let beside = path.with_extension("new");
    fs::write(&beside, format!("[ANNA]\nrole = \"{role}\"\nkeys = [\"{KEY}\"]\n")).unwrap();
    fs::set_permissions(&beside, fs::Permissions::from_mode(0o640)).unwrap();
    fs::rename(&beside, path).unwrap();
}

#[test]
fn another_role_comes_into_force_while_the_session_runs_and_the_audit_has_login_and_logout_with_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("people.toml");
    write(&list, "view");
    let path = folder.path().join("store.db");
    let store = Store::open(&path).unwrap();
    let key = Some("SHA256:dbQyWIT0oLoHEyrnT1CI8WsAIpDP3BRRbULFG6f9bEs".to_owned());
    let login =
        Login::begin(store, "ANNA".to_owned(), key.clone(), PersonRole::View, list.clone(), Some("10.1.2.3"))
            .unwrap();
    let actor = Actor::new("ANNA".to_owned(), Some(PersonRole::View));
    let ((roles, changed), (updates, _updates), (alive, stopped)) = (bounded(1), unbounded(), bounded(0));
    let watch = Watch { actor: actor.clone(), roles, updates, stopped };
    thread::scope(|scope| {
        scope.spawn(|| watch.run(&login));
        write(&list, "triage");
        changed.recv_timeout(Duration::from_secs(60)).unwrap();
        assert_eq!(actor.role(), Some(PersonRole::Triage));
        drop(alive);
    });
    login.end("left");
    login.end("again");
    let audit = Store::open(&path).unwrap().events(0, 10).unwrap();
    let told: Vec<(&str, &str)> =
        audit.iter().map(|event| (event.kind.word(), event.actor.as_str())).collect();
    assert_eq!(told, [("login", "ANNA"), ("logout", "ANNA")]);
    assert_eq!(audit[0].detail, json!({ "role": "view", "address": "10.1.2.3", "key": key }));
    assert_eq!(audit[1].detail, json!({ "why": "left", "key": key }));
}

#[test]
fn a_store_that_is_written_to_for_long_does_not_hold_up_who_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = Store::open(&path).unwrap();
    let login =
        Login::begin(store, "ANNA".to_owned(), None, PersonRole::View, folder.path().into(), None).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let began = Instant::now();
    login.end("left");
    // A session that has to end does so within 5 seconds; a store is otherwise waited for for 30.
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}
