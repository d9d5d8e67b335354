//! The arguments of `users`.

use std::path::PathBuf;

use clap::{
    Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};

use crate::study::PersonRole;

/// `users`.
#[derive(Debug, Clone, Subcommand)]
pub enum UsersCommand {
    /// Let a person in by a public key; one who is there gets the role, and the key beside the others
    Add {
        /// Letters, digits, `.`, `_` and `-`: the name in the audit
        name: String,
        /// The person's public key, NAME.pub
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// view: looks on, names hidden; triage: works with the list; admin: thresholds, plugins, scoring by hand, too
        #[arg(long, value_parser = roles())]
        role: PersonRole,
    },
    /// List the people who may come in, with their roles and keys
    List,
    /// Let a person in no longer; sessions that are open end within seconds
    Remove {
        /// The person's name
        name: String,
        /// Only the key of this fingerprint
        #[arg(long, value_name = "FINGERPRINT")]
        key: Option<String>,
    },
    /// For sshd's AuthorizedKeysCommand: prints the line that lets the owner of a key in
    AuthorizedKeys {
        /// The account that is logged in to: sshd's %u
        user: String,
        /// The type of the key: %t
        kind: String,
        /// The key in base64: %k
        key: String,
    },
}

fn roles() -> impl TypedValueParser<Value = PersonRole> {
    let words = PossibleValuesParser::new(PersonRole::ALL.map(PersonRole::word));
    words.try_map(|word| PersonRole::from_word(&word).ok_or("no role"))
}
