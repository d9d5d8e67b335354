//! Why a key, a line or the list of people cannot be used.

use std::{io, path::PathBuf};

use crate::text::shown;

/// Why a key is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is no key.
    #[error("there is no key in it: give the public key, NAME.pub, as `ssh-keygen` wrote it")]
    Empty,
    /// It is the secret one.
    #[error("this is a private key, which nobody else may have: give the public one, NAME.pub")]
    Private,
    /// Something stands before the type.
    #[error(
        "it begins with `{0}`, which is no type of key: options before a key are not taken, for the role says what a \
         person may do"
    )]
    Options(String),
    /// A type that is not taken.
    #[error("keys of the type `{0}` are not taken: make one with `ssh-keygen -t ed25519`")]
    Kind(String),
    /// The part behind the type is no base64.
    #[error("what follows its type is not base64: give the file as `ssh-keygen` wrote it")]
    Base64,
    /// The content is not what the type says.
    #[error("its content is no key of the type `{0}`: give the file as `ssh-keygen` wrote it")]
    Content(&'static str),
    /// It can be broken.
    #[error("it has {0} bits, and from 2048 to 16384 are taken: make one with `ssh-keygen -t ed25519`")]
    Size(usize),
    /// More keys than a person has.
    #[error("there are more than {0} keys in it")]
    Many(usize),
}

/// Why no line can be written for sshd.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} cannot stand in a line for sshd: it has a character that is no text, or none that can be written there", shown(.0))]
pub struct LineError(pub PathBuf);

/// Why the list of people cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// The file cannot be read.
    #[error("the list of people {} cannot be read: {source}{}", shown(path), hint(source))]
    Unreadable {
        /// The list.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Somebody else may have written it.
    #[error(
        "the list of people {} is not believed, for {doubt}: it must belong to root (or to you), and nobody else may \
         write to it or to its folder; `chown root FILE; chmod 0640 FILE`",
        shown(path)
    )]
    Doubtful {
        /// The list.
        path: PathBuf,
        /// The fault.
        doubt: String,
    },
    /// It is not written as it must be.
    #[error("the list of people {}{}: {message}", shown(path), at_line(*line))]
    Wrong {
        /// The list.
        path: PathBuf,
        /// The line, from 1, where it is known.
        line: Option<usize>,
        /// The fault, and the remedy.
        message: String,
    },
    /// It cannot be written.
    #[error("the list of people {} cannot be written: {source}; try it as root (sudo)", shown(path))]
    Unwritable {
        /// The list.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Somebody else changes it.
    #[error("the list of people {} is being changed by somebody else: try again", shown(.0))]
    Busy(PathBuf),
    /// A text that is no name.
    #[error(
        "`{0}` cannot be a name here: it has 1 to 32 letters of a to z, digits, `.`, `_` or `-`, begins with a letter or \
         a digit, and is not `pipeline`"
    )]
    Name(String),
    /// Another name that looks the same.
    #[error(
        "there is `{0}` already, which differs only in the case of letters: take another name, or that one"
    )]
    Similar(String),
    /// Another person has the key.
    #[error(
        "the key {fingerprint} is of {name}: each key belongs to one person, or the audit could not tell them apart"
    )]
    Taken {
        /// The key.
        fingerprint: String,
        /// The name of the person who has it.
        name: String,
    },
    /// Nobody has that name.
    #[error("there is nobody of the name `{0}` on the list; `cxr-triage users list` shows it")]
    Unknown(String),
    /// The person has no such key.
    #[error("{name} has no key `{fingerprint}`; `cxr-triage users list` shows the fingerprints")]
    UnknownKey {
        /// The person.
        name: String,
        /// The fingerprint that was asked for.
        fingerprint: String,
    },
}

fn at_line(line: Option<usize>) -> String {
    line.map(|line| format!(", line {line}")).unwrap_or_default()
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "; `cxr-triage users add` makes it",
        io::ErrorKind::PermissionDenied => "; its group must be one of this account's (chgrp, chmod 0640)",
        _ => "",
    }
}
