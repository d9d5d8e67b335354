//! The door for people of the list: who `watch --as` is run for, and what is refused before there is a screen.

use std::{env, ffi::OsStr, net::IpAddr, path::PathBuf, sync::Arc};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{CommandError, cli::WatchArgs, setup::Setup};
use crate::{
    dashboard, leaving, people,
    session::Login,
    store::{NewEvent, Store},
    store_place::StorePlace,
    study::{AuditKind, PersonRole},
    text::{clean, shortened},
};

/// Set by sshd where a client wanted something else than the command of its key.
const ORIGINAL_COMMAND: &str = "SSH_ORIGINAL_COMMAND";
/// Set by sshd: the client's address, its port, ours.
const CONNECTION: &str = "SSH_CONNECTION";
/// Characters of a refused command that the audit keeps; arguments may name patients.
const TOLD: usize = 40;

/// A person who may come in.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) role: PersonRole,
    key: Option<String>,
    list: PathBuf,
    store: StorePlace,
}

impl Entry {
    /// Looks whether the person that the command line names may come in; none: it names nobody.
    pub(super) fn of(setup: &Setup, args: &WatchArgs) -> Result<Option<Self>, CommandError> {
        let Some(name) = &args.person else { return Ok(None) };
        let (name, key) = (clean(name), args.key.as_deref().map(clean));
        let (list, store) = (setup.config().people.file.clone(), setup.store_that_is_there()?);
        let denied = |detail| deny(&store, &name, key.as_deref(), detail);
        let Some(role) = people::read(&list)?.people().admits(&name, key.as_deref()) else {
            denied(json!({ "why": "not on the list" }));
            let key = key.map_or_else(String::new, |key| format!(" with the key {key}"));
            return Err(CommandError::failed(format!(
                "nobody of the name {name}{key} is on the list of people; ask whoever keeps it"
            )));
        };
        if let Some(command) = env::var_os(ORIGINAL_COMMAND).filter(|command| !command.is_empty()) {
            denied(json!({ "why": "a command", "command": first_word(&command) }));
            return Err(CommandError::usage(
                "this key opens the dashboard and nothing else: no shell, no command, no copying of files (scp, sftp, \
                 rsync), no forwarding; connect without a command: ssh -t HOST",
            ));
        }
        if !args.plain && dashboard::require_terminal().is_err() {
            return Err(CommandError::usage(
                "the dashboard needs a terminal that can place text, and this connection has none: connect with ssh -t HOST",
            ));
        }
        Ok(Some(Self { name, role, key, list, store }))
    }

    /// Comes in: the audit has it from here on.
    pub(super) fn begin(self) -> Result<Present, CommandError> {
        let Self { name, role, key, list, store } = self;
        let address = env::var(CONNECTION).ok().and_then(|told| address(&told));
        let login = Login::begin(Store::open(&store)?, name, key, role, list, address.as_deref())?;
        Ok(Present(Arc::new(login)))
    }
}

/// A person who has come in. However the session ends, and where it does not even begin, the audit has the logout.
pub(super) struct Present(Arc<Login>);

impl Present {
    pub(super) fn login(&self) -> &Arc<Login> {
        &self.0
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.0.end("a fault ended it");
    }
}

/// Why a session ended, for the audit.
pub(super) fn why<T>(end: &Result<T, CommandError>) -> String {
    match end {
        Ok(_) if leaving::has_begun() => "the connection ended".to_owned(),
        Ok(_) => "left".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// Writes a refusal into the audit. The person is refused all the same where that cannot be done.
fn deny(store: &StorePlace, name: &str, key: Option<&str>, detail: Value) {
    let write = || {
        let mut store = Store::open(store)?;
        if let Some(key) = key {
            store.sign(name, key);
        }
        store.record(&NewEvent { actor: name, detail, ..NewEvent::of(AuditKind::Denied) }, Timestamp::now())
    };
    if let Err(error) = write() {
        tracing::error!(%error, "the audit misses a refusal");
    }
}

fn first_word(command: &OsStr) -> String {
    let command = clean(&command.to_string_lossy());
    shortened(command.split_whitespace().next().unwrap_or_default(), TOLD)
}

fn address(connection: &str) -> Option<String> {
    let address: IpAddr = connection.split(' ').next()?.parse().ok()?;
    Some(address.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_does_not_begin_has_a_logout_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        drop(Store::open(&path).unwrap());
        let entry = || Entry {
            name: "ANNA".to_owned(),
            role: PersonRole::View,
            key: None,
            list: folder.path().join("people.toml"),
            store: (&path).into(),
        };
        let begin = || -> Result<(), CommandError> {
            let _present = entry().begin()?;
            Err(CommandError::failed("no thread"))
        };
        assert!(begin().is_err());
        let present = entry().begin().unwrap();
        present.login().end("left");
        drop(present);
        let audit = Store::open(&path).unwrap().events(0, 10).unwrap();
        let told: Vec<_> = audit.iter().map(|event| (event.kind.word(), &event.detail["why"])).collect();
        let (none, fault, left) = (Value::Null, json!("a fault ended it"), json!("left"));
        assert_eq!(told, [("login", &none), ("logout", &fault), ("login", &none), ("logout", &left)]);
    }

    #[test]
    fn the_audit_has_of_a_connection_its_address_and_of_a_command_its_program_and_nothing_that_could_name_anybody()
     {
        assert_eq!(address("10.1.2.3 52144 10.0.0.1 22").as_deref(), Some("10.1.2.3"));
        assert_eq!(address("fe80::1 52144 fe80::2 22").as_deref(), Some("fe80::1"));
        assert_eq!(address("DOE^JANE"), None);
        let word = |command: &str| first_word(OsStr::new(command));
        assert_eq!(word("scp -t /in/DOE_JANE.dcm"), "scp");
        assert_eq!(word("\u{1b}[2Jsh -c id"), "[2Jsh");
        assert_eq!(word(&"x".repeat(99)).chars().count(), 41);
    }
}
