//! The roles of people who log in: what each may do is decided here and where a request is carried out.

/// The role of a person who has logged in. A higher one may do all that a lower one may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PersonRole {
    /// Looks on: names are hidden, nothing is changed.
    View,
    /// Works with the list: status, claim, acknowledgement, notes, results that are sent.
    Triage,
    /// Decides how the site works, too: thresholds, plugins, held films that are scored all the same.
    Admin,
}

impl PersonRole {
    /// All roles, the lowest first.
    pub const ALL: [Self; 3] = [Self::View, Self::Triage, Self::Admin];

    /// Its word on the command line, in the list of people and in the audit.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Triage => "triage",
            Self::Admin => "admin",
        }
    }

    /// The role of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }

    /// Returns whether patients' names may be shown.
    #[must_use]
    pub fn sees_names(self) -> bool {
        self > Self::View
    }
}

/// The permission that something takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// A person of this role, or of a higher one.
    Role(PersonRole),
    /// A user of an account of their own, at its shell: nobody who has logged in as a person of a list.
    Account,
}

impl Permission {
    /// Returns whether it is given to somebody: to a person of `role`, or to the user of an account (none), who may do all.
    #[must_use]
    pub fn is_given_to(self, role: Option<PersonRole>) -> bool {
        match (self, role) {
            (_, None) => true,
            (Self::Role(least), Some(role)) => role >= least,
            (Self::Account, Some(_)) => false,
        }
    }

    /// Returns who is permitted, in words.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Role(PersonRole::View) => "everybody",
            Self::Role(PersonRole::Triage) => "the role triage or admin",
            Self::Role(PersonRole::Admin) => "the role admin",
            Self::Account => "an account of one's own on the host",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_higher_role_may_all_that_a_lower_one_may_and_an_account_may_everything() {
        use PersonRole::{Admin, Triage, View};
        for (permission, given) in [
            (Permission::Role(View), [true, true, true]),
            (Permission::Role(Triage), [false, true, true]),
            (Permission::Role(Admin), [false, false, true]),
            (Permission::Account, [false, false, false]),
        ] {
            assert_eq!(
                PersonRole::ALL.map(|role| permission.is_given_to(Some(role))),
                given,
                "{permission:?}"
            );
            assert!(permission.is_given_to(None), "{permission:?}");
        }
        assert_eq!(PersonRole::ALL.map(PersonRole::sees_names), [false, true, true]);
        for role in PersonRole::ALL {
            assert_eq!(PersonRole::from_word(role.word()), Some(role));
        }
        assert_eq!(PersonRole::from_word("Admin"), None);
    }
}
