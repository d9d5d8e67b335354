//! A plugin's description of itself: the table that its file returns, read into plain data.

use std::{collections::BTreeSet, time::Duration};

use mlua::{Table, Value};
use serde::{Deserialize, Serialize};

use super::{
    error::short,
    limits::{LINE, PARTS},
    settings::{self, Setting},
    source::is_name,
    values::{MistakeError, kind, suggest},
};
use crate::config::Permission;

/// The version of the interface that this program speaks.
pub const API: u32 = 1;

/// A column that a plugin adds to the worklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnSpec {
    /// Its heading.
    pub title: String,
    /// Cells that it would like to have.
    pub width: u16,
    /// Whether the plugin computes it for each study; else it is set by effects alone.
    pub computed: bool,
}

/// A command that a plugin adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandSpec {
    /// Its name in the palette and the key help.
    pub title: String,
    /// The key that it would like to have, such as "alt-c"; or empty.
    pub key: String,
}

/// A plugin's description of itself.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Description {
    /// Its name, that of its file.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its purpose, in a sentence.
    pub description: String,
    /// The permissions that it asks for.
    pub permissions: BTreeSet<Permission>,
    /// The settings that a site can change.
    pub settings: Vec<Setting>,
    /// The hooks that it has.
    pub hooks: Vec<String>,
    /// How often `on_tick` is called.
    pub every: Option<Duration>,
    /// Its columns.
    pub columns: Vec<ColumnSpec>,
    /// The titles of its filters.
    pub filters: Vec<String>,
    /// Its commands.
    pub commands: Vec<CommandSpec>,
}

/// The hooks, by name.
pub(super) const HOOKS: [&str; 6] =
    ["on_start", "on_film", "on_study", "on_status", "on_critical_waiting", "on_tick"];

const KEYS: [&str; 10] = [
    "api",
    "name",
    "version",
    "description",
    "permissions",
    "settings",
    "every",
    "columns",
    "filters",
    "commands",
];

/// How often `on_tick` may be called at most.
const SHORTEST_TICK: Duration = Duration::from_secs(10);

impl Description {
    /// Reads the table that the file `name` returned; or says what of it is wrong. No metamethod is
    /// called.
    pub(super) fn read(table: &Table, name: &str) -> Result<Self, MistakeError> {
        for pair in table.pairs::<Value, Value>() {
            let (key, _) = pair.map_err(|error| error.to_string())?;
            let key = key.as_string().map(|key| key.to_string_lossy()).unwrap_or_default();
            let known = [KEYS.as_slice(), HOOKS.as_slice()].concat();
            if !known.contains(&key.as_str()) {
                return Err(format!("unknown `{}`: {}", short(&key), suggest(&key, &known)).into());
            }
        }
        api(&get(table, "api"))?;
        let own = line(table, "name")?.ok_or("`name` is missing")?;
        if !is_name(&own) || own != name {
            return Err(format!("its `name` is `{own}`, but its file says `{}`", short(name)).into());
        }
        let mut hooks = Vec::new();
        for hook in HOOKS {
            match get(table, hook) {
                Value::Nil => {}
                Value::Function(_) => hooks.push(hook.to_owned()),
                other => return Err(format!("`{hook}` must be a function, not {}", kind(&other)).into()),
            }
        }
        let every = every(&get(table, "every"))?;
        if every.is_some() != hooks.iter().any(|hook| hook == "on_tick") {
            return Err("`on_tick` and `every` go together: every = \"5m\"".into());
        }
        let parts = |key: &str| list(table, key).map_err(|why| format!("`{key}`: {why}"));
        let columns: Vec<ColumnSpec> =
            parts("columns")?.iter().map(column).collect::<Result<_, _>>().map_err(within("columns"))?;
        let permissions = permissions(table)?;
        if !columns.is_empty() && !permissions.contains(&Permission::Column) {
            return Err("`columns` need a permission: permissions = { \"column\" }".into());
        }
        Ok(Self {
            name: own,
            version: line(table, "version")?.unwrap_or_default(),
            description: match get(table, "description") {
                Value::Nil => String::new(),
                Value::String(text) => short(&text.to_string_lossy()),
                other => return Err(format!("`description` must be text, not {}", kind(&other)).into()),
            },
            permissions,
            settings: match get(table, "settings") {
                Value::Nil => Vec::new(),
                Value::Table(table) => settings::read(&table)?,
                other => return Err(format!("`settings` must be a table, not {}", kind(&other)).into()),
            },
            hooks,
            every,
            columns,
            filters: parts("filters")?
                .iter()
                .map(|part| titled(part, "matches", true).map(|(title, _)| title))
                .collect::<Result<_, _>>()
                .map_err(within("filters"))?,
            commands: parts("commands")?
                .iter()
                .map(command)
                .collect::<Result<_, _>>()
                .map_err(within("commands"))?,
        })
    }

    /// Returns whether it has a hook.
    #[must_use]
    pub fn has(&self, hook: &str) -> bool {
        self.hooks.iter().any(|known| known == hook)
    }
}

fn within(key: &str) -> impl FnOnce(String) -> String {
    move |why| format!("`{key}`: {why}")
}

fn get(table: &Table, key: &str) -> Value {
    table.raw_get(key).unwrap_or(Value::Nil)
}

fn api(value: &Value) -> Result<(), String> {
    match value.as_number().or_else(|| value.as_integer().map(|number| number as f64)) {
        Some(number) if number == f64::from(API) => Ok(()),
        Some(number) => Err(format!("its `api` is {number}; this program speaks {API}")),
        None => Err(format!("`api = {API}` is missing")),
    }
}

/// Text of one line.
fn line(table: &Table, key: &str) -> Result<Option<String>, String> {
    let text = match get(table, key) {
        Value::Nil => return Ok(None),
        Value::String(text) => text.to_string_lossy(),
        other => return Err(format!("`{key}` must be text, not {}", kind(&other))),
    };
    line_of(&text).map(Some).map_err(|why| format!("`{key}` {why}"))
}

/// Clean text of at most a line; refused where cleaning would change it: a name with an escape sequence
/// in it is not meant well.
pub(super) fn line_of(text: &str) -> Result<String, MistakeError> {
    if text.len() > 4 * LINE || text.chars().count() > LINE {
        return Err(format!("is longer than {LINE} characters").into());
    }
    if crate::text::clean(text) != text || text.is_empty() {
        return Err("is empty, or has spaces at its ends or characters that cannot be shown".into());
    }
    Ok(text.to_owned())
}

fn every(value: &Value) -> Result<Option<Duration>, String> {
    let text = match value {
        Value::Nil => return Ok(None),
        Value::String(text) => text.to_string_lossy(),
        other => return Err(format!("`every` must be a length of time such as \"5m\", not {}", kind(other))),
    };
    let parsed: Option<jiff::SignedDuration> = text.parse().ok();
    parsed
        .and_then(|duration| Duration::try_from(duration).ok())
        .filter(|duration| *duration >= SHORTEST_TICK)
        .map(Some)
        .ok_or_else(|| "`every` must be a length of time of 10s or more, such as \"5m\"".to_owned())
}

fn permissions(table: &Table) -> Result<BTreeSet<Permission>, String> {
    let words = list(table, "permissions").map_err(|why| format!("`permissions`: {why}"))?;
    let mut permissions = BTreeSet::new();
    for word in words {
        let word = word.as_string().map(|word| word.to_string_lossy()).unwrap_or_default();
        let known = Permission::ALL.map(Permission::word);
        let permission = Permission::from_word(&word)
            .ok_or_else(|| format!("unknown permission `{}`: {}", short(&word), suggest(&word, &known)))?;
        permissions.insert(permission);
    }
    Ok(permissions)
}

fn list(table: &Table, key: &str) -> Result<Vec<Value>, String> {
    let table = match get(table, key) {
        Value::Nil => return Ok(Vec::new()),
        Value::Table(table) => table,
        other => return Err(format!("must be a list, not {}", kind(&other))),
    };
    let length = table.raw_len();
    if length > PARTS {
        return Err(format!("there are more than {PARTS}"));
    }
    (1..=length).map(|at| table.raw_get(at).map_err(|error| error.to_string())).collect()
}

/// A part's title, and whether it has the function.
fn titled(part: &Value, function: &str, needed: bool) -> Result<(String, bool), String> {
    let Value::Table(table) = part else { return Err(format!("each must be a table, not {}", kind(part))) };
    let title = line(table, "title")?.ok_or("`title` is missing")?;
    match get(table, function) {
        Value::Function(_) => Ok((title, true)),
        Value::Nil if !needed => Ok((title, false)),
        _ => Err(format!("{title}: `{function}` must be a function")),
    }
}

fn column(part: &Value) -> Result<ColumnSpec, String> {
    let (title, computed) = titled(part, "value", false)?;
    let width = match part.as_table().map_or(Value::Nil, |table| get(table, "width")) {
        Value::Nil => 8,
        other => {
            let number = other.as_number().or_else(|| other.as_integer().map(|number| number as f64));
            number
                .filter(|width| (1.0..=40.0).contains(width))
                .map(|width| width as u16)
                .ok_or_else(|| format!("{title}: `width` must be 1 to 40"))?
        }
    };
    Ok(ColumnSpec { title, width, computed })
}

fn command(part: &Value) -> Result<CommandSpec, String> {
    let (title, _) = titled(part, "run", true)?;
    let key = part.as_table().map_or(Ok(None), |table| line(table, "key"))?.unwrap_or_default();
    Ok(CommandSpec { title, key })
}
