//! Plain data into a VM, frozen; and out of it, measured.

use mlua::{Lua, Table, Value};
use serde_json::{Map, Value as Json};

use super::limits::{DEPTH, VALUES};

/// A mistake of a plugin in what it says of itself or asks for: words for its author, often the end of a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct MistakeError(String);

impl From<String> for MistakeError {
    fn from(words: String) -> Self {
        Self(words)
    }
}

impl From<&str> for MistakeError {
    fn from(words: &str) -> Self {
        Self(words.to_owned())
    }
}

impl From<MistakeError> for String {
    fn from(MistakeError(words): MistakeError) -> Self {
        words
    }
}

/// Plain data as a table that nobody can change.
pub(super) fn frozen(lua: &Lua, value: &Json) -> mlua::Result<Value> {
    Ok(match value {
        Json::Null => Value::Nil,
        Json::Bool(flag) => Value::Boolean(*flag),
        Json::Number(number) => Value::Number(number.as_f64().unwrap_or_default()),
        Json::String(text) => Value::String(lua.create_string(text)?),
        Json::Array(items) => {
            let table = lua.create_table_with_capacity(items.len(), 0)?;
            for item in items {
                table.raw_push(frozen(lua, item)?)?;
            }
            table.set_readonly(true);
            Value::Table(table)
        }
        Json::Object(entries) => {
            let table = lua.create_table_with_capacity(0, entries.len())?;
            for (key, entry) in entries {
                table.raw_set(key.as_str(), frozen(lua, entry)?)?;
            }
            table.set_readonly(true);
            Value::Table(table)
        }
    })
}

/// The rest of the bounds on one value that a plugin gives out.
pub(super) struct Budget {
    pub(super) bytes: usize,
    values: usize,
}

impl Budget {
    pub(super) fn of(bytes: usize) -> Self {
        Self { bytes, values: VALUES }
    }

    fn take(&mut self, bytes: usize) -> Result<(), String> {
        self.values = self.values.checked_sub(1).ok_or_else(|| format!("it holds over {VALUES} values"))?;
        self.bytes = self.bytes.checked_sub(bytes).ok_or_else(|| "it is too long".to_owned())?;
        Ok(())
    }
}

/// Reads a value that a plugin gives out as JSON; else says why it cannot be one. No metamethod is called.
pub(super) fn json(value: &Value, budget: &mut Budget) -> Result<Json, MistakeError> {
    Ok(json_at(value, budget, 0)?)
}

fn json_at(value: &Value, budget: &mut Budget, depth: usize) -> Result<Json, String> {
    match value {
        Value::Nil => Ok(Json::Null),
        Value::Boolean(flag) => budget.take(5).map(|()| Json::Bool(*flag)),
        Value::Integer(number) => budget.take(8).map(|()| Json::from(*number)),
        Value::Number(number) => {
            budget.take(8)?;
            // 3 rather than 3.0, as whoever wrote it meant it.
            let whole = *number as i64;
            if whole as f64 == *number && number.abs() < 9e15 {
                return Ok(Json::from(whole));
            }
            serde_json::Number::from_f64(*number).map(Json::Number).ok_or_else(|| not_a_number(*number))
        }
        Value::String(text) => {
            budget.take(text.as_bytes().len())?;
            text.to_str()
                .map(|text| Json::String(text.to_owned()))
                .map_err(|_| "it is not UTF-8 text".to_owned())
        }
        Value::Table(table) if depth < DEPTH => table_at(table, budget, depth + 1),
        Value::Table(_) => Err(format!("its tables lie more than {DEPTH} deep, or in themselves")),
        other => Err(format!("a {} is no plain value", other.type_name())),
    }
}

fn table_at(table: &Table, budget: &mut Budget, depth: usize) -> Result<Json, String> {
    budget.take(2)?;
    let length = table.raw_len();
    if length > 0 {
        let mut items = Vec::new();
        for at in 1..=length {
            let item: Value = table.raw_get(at).map_err(|error| error.to_string())?;
            items.push(json_at(&item, budget, depth)?);
        }
        return Ok(Json::Array(items));
    }
    let mut entries = Map::new();
    for pair in table.pairs::<Value, Value>() {
        let (key, item) = pair.map_err(|error| error.to_string())?;
        let Value::String(key) = key else {
            return Err("the keys of its tables are neither names nor 1, 2, 3".to_owned());
        };
        budget.take(key.as_bytes().len())?;
        let key = key.to_str().map_err(|_| "a key is not UTF-8 text".to_owned())?.to_owned();
        entries.insert(key, json_at(&item, budget, depth)?);
    }
    Ok(Json::Object(entries))
}

fn not_a_number(number: f64) -> String {
    let name = if number.is_nan() { "nan" } else { "infinity" };
    format!("{name} is no number that can be passed on")
}

/// Names the type of a value, for a message.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Nil => "nothing",
        Value::Boolean(_) => "true or false",
        Value::Integer(_) | Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Table(_) => "a table",
        Value::Function(_) => "a function",
        _ => "something else",
    }
}

/// The nearest of the known words, as a question; or all of them.
pub(super) fn suggest(unknown: &str, known: &[&str]) -> String {
    let near = |word: &&&str| strsim::normalized_damerau_levenshtein(unknown, word);
    let best = known.iter().max_by(|a, b| near(a).total_cmp(&near(b)));
    match best {
        Some(word) if near(&word) >= 0.6 => format!("did you mean `{word}`?"),
        _ => format!("known are {}", known.join(", ")),
    }
}
