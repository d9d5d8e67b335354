//! The person at the keys: what the role permits and what the terminal is told.

use super::State;
use crate::{
    dashboard::{keymap::action::Action, message::Effect},
    session::protocol::NoticeLevel,
    study::{Permission, PersonRole},
};

/// The permission to have a result sent.
const SENDING: Permission = Permission::Role(PersonRole::Triage);

impl State {
    /// The person at the keys has logged in and has this role; none: the user of an account.
    #[must_use]
    pub fn with_role(mut self, role: Option<PersonRole>) -> Self {
        self.role = role;
        self.hides_names |= role.is_some_and(|role| !role.sees_names());
        self
    }

    /// The role of a person who has logged in.
    #[must_use]
    pub fn role(&self) -> Option<PersonRole> {
        self.role
    }

    /// Returns whether the person at the keys is permitted an action.
    #[must_use]
    pub fn may(&self, action: Action) -> bool {
        action.permission().is_given_to(self.role)
    }

    /// Returns whether the person at the keys may ask something of a plugin.
    pub(in crate::dashboard) fn may_ask_plugins(&self) -> bool {
        Permission::Role(PersonRole::Admin).is_given_to(self.role)
    }

    /// Returns whether the person at the keys may have results sent.
    pub(in crate::dashboard) fn may_send(&self) -> bool {
        SENDING.is_given_to(self.role)
    }

    /// Says why an action is not done.
    pub(in crate::dashboard) fn refuse(&mut self, action: Action) {
        self.refuse_for_lack_of(action.permission());
    }

    /// Says why no result is sent.
    pub(in crate::dashboard) fn refuse_to_send(&mut self) {
        self.refuse_for_lack_of(SENDING);
    }

    fn refuse_for_lack_of(&mut self, permission: Permission) {
        let Some(role) = self.role else { return };
        let whose = permission.in_words();
        self.say(
            NoticeLevel::Info,
            format!("Not done: that is for {whose}, and your role is {}.", role.word()),
        );
    }

    /// Takes another role over. What lies over the screen may not be for it.
    pub(in crate::dashboard) fn take_role(&mut self, role: PersonRole) -> Vec<Effect> {
        if self.role == Some(role) {
            return Vec::new();
        }
        self.role = Some(role);
        let effects = self.close_panel();
        self.pending.clear();
        self.undo.clear();
        self.hides_names |= !role.sees_names();
        let names = match (self.hides_names && role.sees_names(), self.keymap.shown(Action::HideNames)) {
            (true, key) if !key.is_empty() => format!(" {key} shows names."),
            _ => String::new(),
        };
        self.say(NoticeLevel::Warning, format!("Your role is {} now.{names}", role.word()));
        effects
    }

    /// Returns what the role does not permit, in a sentence; none where it permits all.
    pub(in crate::dashboard) fn limits(&self) -> Option<&'static str> {
        match self.role? {
            PersonRole::View => Some("Your role is view: names stay hidden, nothing is changed."),
            PersonRole::Triage => {
                Some("Your role is triage: thresholds, plugins and scoring by hand are for admins.")
            }
            PersonRole::Admin => None,
        }
    }

    /// The terminal's title, where the site wants one: how many critical studies wait to be acknowledged.
    #[must_use]
    pub fn title(&self) -> Option<String> {
        self.site.title.then(|| match self.worklist.alarms() {
            0 => "cxr-triage".to_owned(),
            alarms => format!("{alarms}! cxr-triage"),
        })
    }
}
