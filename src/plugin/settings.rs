//! The settings of a site for a plugin: declared with a default, checked against it.

use std::collections::BTreeMap;

use mlua::{Table, Value};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{
    error::short,
    limits::{PARTS, SENTENCE},
    values::{Budget, MistakeError, json, kind, suggest},
};

/// A setting as the plugin declares it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// Its key in `[plugins.NAME]`.
    pub name: String,
    /// Its value where the site says nothing; it gives the type: text, number, true or false, a list of
    /// texts.
    pub default: Json,
    /// The smallest number that makes sense.
    pub min: Option<f64>,
    /// The largest.
    pub max: Option<f64>,
    /// Its meaning, for people.
    pub help: String,
}

/// Reads `settings = { minutes = 10, words = { default = { "ICU" }, help = "..." } }`.
pub(super) fn read(table: &Table) -> Result<Vec<Setting>, MistakeError> {
    let mut settings = Vec::new();
    for pair in table.pairs::<Value, Value>() {
        let (key, value) = pair.map_err(|error| error.to_string())?;
        let name = name_of(&key)?;
        if settings.len() == PARTS {
            return Err(format!("there are more than {PARTS} settings").into());
        }
        let setting = one(&name, &value).map_err(|why| format!("setting `{name}`: {why}"))?;
        settings.push(setting);
    }
    settings.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(settings)
}

fn name_of(key: &Value) -> Result<String, String> {
    let name = key.as_string().and_then(|key| key.to_str().ok().map(|key| key.to_owned()));
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    name.filter(|name| !name.is_empty() && name.len() <= 40 && name.chars().all(is_plain) && name != "allow")
        .ok_or_else(|| "a setting's name is small letters, digits and _ (and not `allow`)".to_owned())
}

fn one(name: &str, value: &Value) -> Result<Setting, String> {
    let Value::Table(table) = value else { return bare(name, value) };
    let get = |key: &str| table.raw_get::<Value>(key).unwrap_or(Value::Nil);
    if table.raw_len() > 0 || matches!(get("default"), Value::Nil) {
        return bare(name, value);
    }
    for pair in table.pairs::<Value, Value>() {
        let (key, _) = pair.map_err(|error| error.to_string())?;
        let key = name_of(&key)?;
        let known = ["default", "min", "max", "help"];
        if !known.contains(&key.as_str()) {
            return Err(format!("unknown `{}`: {}", short(&key), suggest(&key, &known)));
        }
    }
    let mut setting = bare(name, &get("default"))?;
    let number = |key: &str| match get(key) {
        Value::Nil => Ok(None),
        Value::Number(number) if number.is_finite() => Ok(Some(number)),
        Value::Integer(number) => Ok(Some(number as f64)),
        _ => Err(format!("`{key}` must be a number")),
    };
    setting.min = number("min")?;
    setting.max = number("max")?;
    setting.help = match get("help") {
        Value::Nil => String::new(),
        Value::String(text) => short(&text.to_string_lossy()),
        other => return Err(format!("`help` must be text, not {}", kind(&other))),
    };
    fits(&setting, &setting.default.clone())?;
    Ok(setting)
}

fn bare(name: &str, value: &Value) -> Result<Setting, String> {
    let default = json(value, &mut Budget::of(4 * SENTENCE))?;
    // To Luau an empty list and an empty table are one thing.
    let default = match default {
        Json::Object(entries) if entries.is_empty() => Json::Array(Vec::new()),
        other => other,
    };
    let is_list = default.as_array().is_some_and(|list| list.iter().all(Json::is_string));
    if !(default.is_string() || default.is_number() || default.is_boolean() || is_list) {
        return Err("its default must be text, a number, true or false, or a list of texts".to_owned());
    }
    Ok(Setting { name: name.to_owned(), default, min: None, max: None, help: String::new() })
}

/// The values in force: the site's over the defaults.
pub(super) fn resolve(settings: &[Setting], site: &BTreeMap<String, Json>) -> Result<Json, MistakeError> {
    let names: Vec<&str> = settings.iter().map(|setting| setting.name.as_str()).collect();
    if let Some(unknown) = site.keys().find(|key| !names.contains(&key.as_str())) {
        let unknown = short(unknown);
        return Err(format!("it has no setting `{unknown}`: {}", suggest(&unknown, &names)).into());
    }
    let mut values = Map::new();
    for setting in settings {
        let value = site.get(&setting.name).unwrap_or(&setting.default);
        fits(setting, value).map_err(|why| format!("setting `{}`: {why}", setting.name))?;
        values.insert(setting.name.clone(), value.clone());
    }
    Ok(Json::Object(values))
}

fn fits(setting: &Setting, value: &Json) -> Result<(), String> {
    let same = match (&setting.default, value) {
        (Json::Array(_), Json::Array(list)) => list.iter().all(Json::is_string),
        (default, value) => std::mem::discriminant(default) == std::mem::discriminant(value),
    };
    if !same {
        return Err(format!("its value must be like {}, not {}", setting.default, short(&value.to_string())));
    }
    let Some(number) = value.as_f64() else { return Ok(()) };
    match (setting.min, setting.max) {
        (Some(min), _) if number < min => Err(format!("{number} is below {min}")),
        (_, Some(max)) if number > max => Err(format!("{number} is over {max}")),
        _ => Ok(()),
    }
}
