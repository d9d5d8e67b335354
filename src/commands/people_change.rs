//! The trace that a change of the list of people leaves: an event of the store's audit; where there is no store at hand, a
//! line of the system's log.

use std::{io, os::unix::net::UnixDatagram, path::Path, time::Duration};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{cli::GlobalArgs, watch::account};
use crate::{
    config::Loaded,
    people::Person,
    store::{NewEvent, Store, StoreError},
    store_place::StorePlace,
    study::AuditKind,
    text::shown,
};

/// The system's log: journald's, or syslog's.
const SYSTEM_LOG: &str = "/dev/log";
/// Facility 10 (security and authorisation), severity 6 (information): RFC 5424, section 6.2.1.
const PRIORITY: u32 = 10 * 8 + 6;
/// Whoever takes a key off the list waits no longer for another writer of the store.
const BUSY: Duration = Duration::from_secs(5);

/// A change of somebody of the list.
pub(super) struct Change<'a> {
    pub(super) name: &'a str,
    /// The person before; none: was not on the list.
    pub(super) before: Option<Person>,
    /// The person now; none: is no longer on it.
    pub(super) after: Option<Person>,
}

/// The place where a change was written down.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trace {
    /// The audit of a store; or nothing has changed.
    Audit,
    /// The system's log; `why` not in the audit.
    SystemLog { why: String },
    /// None: `why` not.
    Nowhere { why: String },
}

impl Change<'_> {
    /// Writes it down with the person who made it. The change itself stands already, and stays whatever becomes of this.
    pub(super) fn write_down(&self, loaded: &Loaded, global: &GlobalArgs) -> Trace {
        if self.before == self.after {
            return Trace::Audit;
        }
        let store = match &global.store {
            Some(named) => StorePlace::parse(named.as_os_str()).ok(),
            None => loaded.config.store_place().ok(),
        };
        self.write_into(store.as_ref(), Path::new(SYSTEM_LOG))
    }

    fn write_into(&self, store: Option<&StorePlace>, log: &Path) -> Trace {
        let by = person_at_the_keys();
        let why = match store {
            Some(store) if store.exists() => match self.audit(store, &by) {
                Ok(()) => return Trace::Audit,
                Err(error) => error.to_string(),
            },
            Some(store) => store.absence(),
            None => "no store is named".to_owned(),
        };
        match self.log(log, &by) {
            Ok(()) => Trace::SystemLog { why },
            Err(error) => Trace::Nowhere { why: format!("{why}; {}: {error}", shown(log)) },
        }
    }

    fn audit(&self, store: &StorePlace, by: &str) -> Result<(), StoreError> {
        let event = NewEvent { actor: by, detail: self.detail(), ..NewEvent::of(AuditKind::PersonChanged) };
        Store::open_within(store, BUSY)?.record(&event, Timestamp::now())
    }

    fn log(&self, log: &Path, by: &str) -> io::Result<()> {
        let line = format!(
            "<{PRIORITY}>cxr-triage[{}]: {} by {by}: {}",
            std::process::id(),
            AuditKind::PersonChanged.word(),
            self.detail()
        );
        let socket = UnixDatagram::unbound()?;
        socket.set_write_timeout(Some(BUSY))?;
        socket.send_to(line.as_bytes(), log).map(|_| ())
    }

    fn detail(&self) -> Value {
        let role = |person: &Option<Person>| person.as_ref().map(|person| person.role.word());
        let keys = |person: &Option<Person>| -> Vec<String> {
            let keys = person.iter().flat_map(|person| &person.keys);
            keys.map(|key| key.fingerprint().to_owned()).collect()
        };
        json!({
            "person": self.name,
            "role": role(&self.after),
            "role_before": role(&self.before),
            "keys": keys(&self.after),
            "keys_before": keys(&self.before),
        })
    }
}

/// The account that somebody works from: behind sudo the one before it, which sudo names; its number where nothing names it.
fn person_at_the_keys() -> String {
    let named = account(&["SUDO_USER", "LOGNAME", "USER"]);
    named.unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        people::PublicKey,
        study::PersonRole::{Triage, View},
    };

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAMSHkbY1eAQRHQIZOwHvmP1QrObjJ05t7atVVCY6Jk+";

    fn person(role: crate::study::PersonRole) -> Person {
        Person { role, keys: vec![PublicKey::parse(KEY).unwrap()] }
    }

    #[test]
    fn a_change_is_in_the_audit_of_a_store_that_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        drop(Store::open(&path).unwrap());
        let change = Change { name: "ANNA", before: Some(person(View)), after: Some(person(Triage)) };
        assert_eq!(
            change.write_into(Some(&StorePlace::from(&path)), &folder.path().join("log")),
            Trace::Audit
        );
        let event = Store::open(&path).unwrap().events(0, 9).unwrap().pop().unwrap();
        assert!(event.kind == AuditKind::PersonChanged && !event.actor.is_empty(), "{event:?}");
        let fingerprint = PublicKey::parse(KEY).unwrap().fingerprint().to_owned();
        assert_eq!(
            event.detail,
            json!({ "person": "ANNA", "role": "triage", "role_before": "view", "keys": [fingerprint],
                    "keys_before": [fingerprint] })
        );
    }

    #[test]
    fn without_a_store_it_is_in_the_systems_log_and_where_there_is_none_that_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let (store, log) = (folder.path().join("store.db"), folder.path().join("log"));
        let change = Change { name: "ANNA", before: Some(person(View)), after: None };
        let Trace::Nowhere { why } = change.write_into(Some(&StorePlace::from(&store)), &log) else {
            panic!("no log")
        };
        assert!(why.contains("there is no store at") && !store.exists(), "{why}");
        let socket = UnixDatagram::bind(&log).unwrap();
        assert!(matches!(change.write_into(None, &log), Trace::SystemLog { .. }));
        let mut bytes = [0; 1024];
        let length = socket.recv(&mut bytes).unwrap();
        let line = String::from_utf8_lossy(&bytes[..length]).into_owned();
        assert!(line.starts_with("<86>cxr-triage[") && line.contains("person-changed by "), "{line}");
        assert!(line.contains(r#""person":"ANNA""#) && line.contains(r#""role":null"#), "{line}");
    }
}
