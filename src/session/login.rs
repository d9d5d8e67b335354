//! A person who has logged in: the audit's entries about that, and the list of people, which is read again for as long as
//! the session runs. Who is no longer on it, is no longer here.

use std::{
    path::PathBuf,
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use jiff::Timestamp;
use serde_json::json;

use super::{actor::Actor, protocol::Update};
use crate::{
    leaving,
    lock::lock,
    people::{self, PeopleError, Stamp},
    store::{NewEvent, Store, StoreError},
    study::{AuditKind, PersonRole},
    supervise::checkpoint,
};

/// How often it is looked whether the list has changed.
const LOOK: Duration = Duration::from_millis(250);
/// How long a logout waits for others who write into the store: the session must end within 5 seconds.
const LOGOUT: Duration = Duration::from_secs(2);
/// How long the list may be unreadable: whoever edits it by hand saves it in several steps.
const UNREADABLE: Duration = Duration::from_secs(3);

/// A person who was let in.
#[derive(Debug)]
pub struct Login {
    /// The person's name.
    pub name: String,
    /// The fingerprint of the key, where it was told.
    pub key: Option<String>,
    /// The role at the start.
    pub role: PersonRole,
    /// The list of people.
    pub list: PathBuf,
    /// The store, with little patience, until the logout was written into its audit.
    store: Mutex<Option<Store>>,
}

impl Login {
    /// Writes the login into the audit; `address` is where the person came from.
    ///
    /// # Errors
    /// The store cannot be written: nobody gets in unseen.
    pub fn begin(
        mut store: Store,
        name: String,
        key: Option<String>,
        role: PersonRole,
        list: PathBuf,
        address: Option<&str>,
    ) -> Result<Self, StoreError> {
        // Before anything is written: who cannot be written out is not let in.
        let mut last = Store::open_within(store.place(), LOGOUT)?;
        if let Some(key) = &key {
            store.sign(&name, key);
            last.sign(&name, key);
        }
        let detail = json!({ "role": role.word(), "address": address });
        let event = NewEvent { actor: &name, detail, ..NewEvent::of(AuditKind::Login) };
        store.record(&event, Timestamp::now())?;
        Ok(Self { name, key, role, list, store: Mutex::new(Some(last)) })
    }

    /// Writes the logout into the audit; only the first call counts.
    pub fn end(&self, why: &str) {
        let Some(mut store) = lock(&self.store).take() else { return };
        let detail = json!({ "why": why });
        let event = NewEvent { actor: &self.name, detail, ..NewEvent::of(AuditKind::Logout) };
        if let Err(error) = store.record(&event, Timestamp::now()) {
            tracing::error!(%error, "the audit misses a logout");
        }
    }

    /// Signs what is written by a connection of the session.
    pub(super) fn sign(&self, store: &mut Store) {
        if let Some(key) = &self.key {
            store.sign(&self.name, key);
        }
    }

    /// Reads what the list says of the person.
    fn ask(&self) -> Result<Option<PersonRole>, PeopleError> {
        Ok(people::read(&self.list)?.people().admits(&self.name, self.key.as_deref()))
    }
}

/// The thread that reads the list again.
pub(super) struct Watch {
    pub(super) actor: Actor,
    /// Gets a message when the actor has another role.
    pub(super) roles: Sender<()>,
    pub(super) updates: Sender<Update>,
    /// Its other end goes with the session.
    pub(super) stopped: Receiver<()>,
}

impl Watch {
    /// Works until the session has gone, or ends it.
    pub(super) fn run(&self, login: &Login) {
        let mut known: Option<Stamp> = None;
        let mut unreadable_since: Option<Instant> = None;
        loop {
            checkpoint("people");
            // Before it is read: what changes meanwhile is read again.
            let stamp = people::stamp(&login.list);
            if stamp != known || stamp.is_none() {
                match login.ask() {
                    Ok(Some(role)) => {
                        (known, unreadable_since) = (stamp, None);
                        if self.actor.role() != Some(role) {
                            self.actor.set_role(role);
                            // A message that waits says the same.
                            let _ = self.roles.try_send(());
                        }
                    }
                    Ok(None) => return self.end(login, &removed(login)),
                    Err(error) => {
                        known = None;
                        if unreadable_since.get_or_insert_with(Instant::now).elapsed() >= UNREADABLE {
                            return self.end(login, &error.to_string());
                        }
                    }
                }
            }
            match self.stopped.recv_timeout(LOOK) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Ends the session: in order, or by force where the person's terminal takes nothing.
    fn end(&self, login: &Login, why: &str) {
        tracing::warn!("a session was ended: {why}");
        leaving::begin_because(1, why);
        thread::scope(|scope| {
            // A store that does not answer holds up neither this nor the end by force.
            let noting = thread::Builder::new().name("logout".to_owned());
            let noted = noting.spawn_scoped(scope, || login.end(why));
            let _ = self.updates.send(Update::Ended(why.to_owned()));
            if noted.is_err() {
                login.end(why);
            }
            let _ = self.stopped.recv();
        });
    }
}

fn removed(login: &Login) -> String {
    let Login { name, key, .. } = login;
    let what = key.as_ref().map_or_else(String::new, |key| format!("the key {key} of "));
    format!("this session was ended: {what}{name} is no longer on the list of people; ask whoever keeps it")
}

#[cfg(test)]
#[path = "login_tests.rs"]
mod tests;
