//! The person at the keys, and what that person may do.

use std::sync::{Arc, Mutex};

use super::protocol::Request;
use crate::{
    lock::lock,
    study::{Permission, PersonRole},
};

/// The person at the keys, shared by the threads that write the name down.
#[derive(Clone)]
pub(super) struct Actor(Arc<Mutex<AtKeys>>);

struct AtKeys {
    name: String,
    /// None: the user of an account, who may do all.
    role: Option<PersonRole>,
}

impl Actor {
    pub(super) fn new(name: String, role: Option<PersonRole>) -> Self {
        Self(Arc::new(Mutex::new(AtKeys { name, role })))
    }

    pub(super) fn name(&self) -> String {
        lock(&self.0).name.clone()
    }

    pub(super) fn set(&self, name: String) {
        lock(&self.0).name = name;
    }

    pub(super) fn role(&self) -> Option<PersonRole> {
        lock(&self.0).role
    }

    /// Gives a person who has logged in another role.
    pub(super) fn set_role(&self, role: PersonRole) {
        let mut at_keys = lock(&self.0);
        at_keys.role = at_keys.role.map(|_| role);
    }

    /// Returns whether patients' names may be shown.
    pub(super) fn sees_names(&self) -> bool {
        self.role().is_none_or(PersonRole::sees_names)
    }

    /// The permission that a request asks for and the person does not have.
    pub(super) fn lacks(&self, request: &Request) -> Option<Permission> {
        Some(request.permission()).filter(|permission| !permission.is_given_to(self.role()))
    }
}
