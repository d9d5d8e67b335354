//! The answers of hooks: effects, as data. Nothing in here does anything.

use mlua::{Table, Value};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{
    Permission,
    description::line_of,
    error::short,
    limits::{BODY, LINE, SENTENCE},
    source::is_name,
    values::{Budget, MistakeError, json, kind, suggest},
};
use crate::study::Severity;

/// How far a study is raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Raise {
    /// To urgent at least.
    Urgent,
    /// To critical.
    Critical,
    /// One band above where it stands, once.
    Promote,
}

impl Raise {
    /// The band that it names; none for [`Raise::Promote`].
    #[must_use]
    pub fn floor(self) -> Option<Severity> {
        match self {
            Self::Urgent => Some(Severity::Urgent),
            Self::Critical => Some(Severity::Critical),
            Self::Promote => None,
        }
    }
}

/// One thing that a plugin wants done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Raise the study.
    Raise(Raise),
    /// A word beside the study.
    Tag(String),
    /// A sentence with the study.
    Note(String),
    /// A cell of one of the plugin's columns.
    Column {
        /// The column's title.
        title: String,
        /// The cell; empty clears it.
        value: String,
    },
    /// A line for whoever sits at a dashboard.
    Notify(String),
    /// POST this to a URL that the site allows.
    Webhook {
        /// Where to.
        url: String,
        /// The body: JSON.
        body: Json,
    },
    /// Write text into the exports folder.
    Write {
        /// A file name, or a path of plain names below the folder.
        file: String,
        /// The text to write.
        text: String,
        /// Written first into a file that is new.
        header: String,
        /// In place of what is there, instead of after it.
        replace: bool,
    },
    /// Copy the study's films into a folder that the site allows.
    Copy {
        /// The folder's name in the configuration.
        to: String,
    },
    /// Send the study's results to a destination of the site.
    Send {
        /// The destination's name in the configuration.
        to: String,
    },
    /// Run a program that the site allows, with the arguments that the site fixed.
    Run {
        /// The program's name in the configuration.
        program: String,
    },
}

impl Effect {
    /// Returns the permission that a plugin must have asked for to return it.
    #[must_use]
    pub fn permission(&self) -> Permission {
        match self {
            Self::Raise(_) => Permission::Raise,
            Self::Tag(_) => Permission::Tag,
            Self::Note(_) => Permission::Note,
            Self::Column { .. } => Permission::Column,
            Self::Notify(_) => Permission::Notify,
            Self::Webhook { .. } => Permission::Webhook,
            Self::Write { .. } => Permission::Write,
            Self::Copy { .. } => Permission::Copy,
            Self::Send { .. } => Permission::Send,
            Self::Run { .. } => Permission::Run,
        }
    }

    /// Returns whether it is about one study and means nothing without.
    #[must_use]
    pub fn needs_study(&self) -> bool {
        matches!(
            self,
            Self::Raise(_)
                | Self::Tag(_)
                | Self::Note(_)
                | Self::Column { .. }
                | Self::Copy { .. }
                | Self::Send { .. }
        )
    }
}

/// An effect, and the key under which it is done once, however often it is returned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestedEffect {
    /// The effect.
    #[serde(flatten)]
    pub effect: Effect,
    /// Once for this plugin, this kind of effect and this key, ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub once: Option<String>,
}

/// Each effect's key, which is the word of its permission, and the keys that may stand beside it.
const SHAPES: [(Permission, &[&str]); 10] = [
    (Permission::Raise, &[]),
    (Permission::Tag, &[]),
    (Permission::Note, &[]),
    (Permission::Column, &["value"]),
    (Permission::Notify, &["once"]),
    (Permission::Webhook, &["body", "once"]),
    (Permission::Write, &["text", "header", "replace", "once"]),
    (Permission::Copy, &["once"]),
    // It is done once for a result whatever a hook says.
    (Permission::Send, &[]),
    (Permission::Run, &["once"]),
];

/// Reads what a hook returned: nothing, one effect, or a list of at most `limit`.
pub(super) fn read(value: &Value, limit: usize) -> Result<Vec<RequestedEffect>, MistakeError> {
    let table = match value {
        Value::Nil => return Ok(Vec::new()),
        Value::Table(table) => table,
        other => {
            return Err(format!("it returned {}, not effects: {{ {{ tag = \"ICU\" }} }}", kind(other)).into());
        }
    };
    let length = table.raw_len();
    if length > limit {
        return Err(format!("it returned {length} effects, {limit} are allowed").into());
    }
    if length == 0 {
        // An empty table is no effect.
        return if table.pairs::<Value, Value>().next().is_none() {
            Ok(Vec::new())
        } else {
            Ok(vec![one(table)?])
        };
    }
    let mut effects = Vec::with_capacity(length);
    for at in 1..=length {
        let item: Value = table.raw_get(at).map_err(|error| error.to_string())?;
        let Value::Table(item) = &item else { return Err(format!("effect {at} is {}", kind(&item)).into()) };
        effects.push(one(item).map_err(|why| format!("effect {at}: {why}"))?);
    }
    Ok(effects)
}

fn one(table: &Table) -> Result<RequestedEffect, String> {
    let mut keys = Vec::new();
    for pair in table.pairs::<Value, Value>() {
        let (key, _) = pair.map_err(|error| error.to_string())?;
        let key = key.as_string().ok_or("it has a key that is no name")?.to_string_lossy();
        if keys.len() == 8 {
            return Err("it has too many keys".to_owned());
        }
        keys.push(key);
    }
    let mut shapes = SHAPES.iter().filter(|(named, _)| keys.iter().any(|key| key == named.word()));
    let words = SHAPES.map(|(named, _)| named.word());
    let Some((named, beside)) = shapes.next() else {
        let first = keys.first().map(|key| short(key)).unwrap_or_default();
        return Err(format!("`{first}` is no effect: {}", suggest(&first, &words)));
    };
    let word = named.word();
    if let Some((other, _)) = shapes.next() {
        let other = other.word();
        return Err(format!("`{word}` and `{other}` are two effects: give each its own table"));
    }
    if let Some(stray) = keys.iter().find(|key| *key != word && !beside.contains(&key.as_str())) {
        return Err(format!("`{}` does not go with `{word}`", short(stray)));
    }
    let get = |key: &str| table.raw_get::<Value>(key).unwrap_or(Value::Nil);
    let once = match get("once") {
        Value::Nil => None,
        value => Some(line(&value).map_err(|why| format!("`once` {why}"))?),
    };
    let effect = effect(*named, &get(word), &get).map_err(|why| format!("`{word}` {why}"))?;
    Ok(RequestedEffect { effect, once })
}

fn effect(named: Permission, value: &Value, get: &impl Fn(&str) -> Value) -> Result<Effect, String> {
    Ok(match named {
        Permission::Raise => Effect::Raise(match text(value, LINE)?.as_str() {
            "urgent" => Raise::Urgent,
            "critical" => Raise::Critical,
            "promote" => Raise::Promote,
            other => {
                let other = short(other);
                return Err(format!(
                    "is `{other}`; a study can be raised to urgent or critical, or promoted"
                ));
            }
        }),
        Permission::Tag => Effect::Tag(line(value)?),
        Permission::Note => Effect::Note(sentence(value)?),
        Permission::Notify => Effect::Notify(sentence(value)?),
        Permission::Column => Effect::Column { title: line(value)?, value: cell(&get("value"))? },
        Permission::Webhook => {
            let mut budget = Budget::of(BODY);
            let body = json(&get("body"), &mut budget).map_err(|why| format!("has a `body`: {why}"))?;
            Effect::Webhook { url: text(value, 4 * SENTENCE)?, body }
        }
        Permission::Write => {
            let optional = |key: &str| match get(key) {
                Value::Nil => Ok(String::new()),
                value => file_text(&value).map_err(|why| format!("has a `{key}` that {why}")),
            };
            let replace = match get("replace") {
                Value::Nil => false,
                Value::Boolean(flag) => flag,
                other => return Err(format!("has a `replace` that is {}", kind(&other))),
            };
            let file = line(value)?;
            crate::deliver::check_relative(&file).map_err(|error| error.to_string())?;
            Effect::Write { file, text: optional("text")?, header: optional("header")?, replace }
        }
        Permission::Copy => Effect::Copy { to: name(value)? },
        Permission::Send => Effect::Send { to: name(value)? },
        Permission::Run => Effect::Run { program: name(value)? },
        // The right to see who the patient is: nothing that a hook returns.
        Permission::Patient => return Err("is no effect".to_owned()),
    })
}

/// Text of at most so many characters, as it is.
fn text(value: &Value, limit: usize) -> Result<String, String> {
    let Value::String(text) = value else { return Err(format!("must be text, not {}", kind(value))) };
    if text.as_bytes().len() > 4 * limit {
        return Err(format!("is longer than {limit} characters"));
    }
    let text = text.to_str().map_err(|_| "is not UTF-8 text".to_owned())?.to_owned();
    if text.chars().count() > limit { Err(format!("is longer than {limit} characters")) } else { Ok(text) }
}

fn line(value: &Value) -> Result<String, String> {
    Ok(line_of(&text(value, LINE)?)?)
}

fn name(value: &Value) -> Result<String, String> {
    let name = text(value, LINE)?;
    if is_name(&name) {
        Ok(name)
    } else {
        Err(format!("`{}` is no name from the configuration", short(&name)))
    }
}

/// Cleaned: a plugin may well pass on what a header says.
fn sentence(value: &Value) -> Result<String, String> {
    let text = crate::text::clean(&text(value, SENTENCE)?);
    if text.is_empty() { Err("is empty".to_owned()) } else { Ok(text) }
}

/// Reads a cell: text, a number, nothing.
pub(super) fn cell(value: &Value) -> Result<String, MistakeError> {
    match value {
        Value::Nil => Ok(String::new()),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Number(number) if number.is_finite() => Ok(number.to_string()),
        Value::Number(_) => Err("has a value that is not a number (nan, infinity)".into()),
        value => Ok(crate::text::clean(&text(value, LINE)?)),
    }
}

/// Text for a file: lines and tabs stay, what drives a terminal goes.
fn file_text(value: &Value) -> Result<String, String> {
    let text = text(value, BODY)?;
    Ok(text.chars().filter(|c| matches!(c, '\n' | '\t') || !c.is_control()).collect())
}
