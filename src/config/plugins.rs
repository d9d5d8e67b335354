//! `[plugins]`: which plugins run, and what they may do outside the program.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};

use super::{ConfigError, document::Document, permission::Permission, values};

/// `[plugins]`. Nothing runs and nothing leaves the program unless it is written here.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Plugins {
    /// Where the site's own plugins lie; none ("auto"): `plugins` beside the configuration file.
    pub folder: Option<PathBuf>,
    /// The names of the plugins that run.
    pub enabled: Vec<String>,
    /// The folder below which plugins may write; none ("off"): nowhere.
    pub exports: Option<PathBuf>,
    /// The beginnings that URLs of webhooks may have.
    pub webhooks: Vec<String>,
    /// Folders that films may be copied to, by the name that plugins know them by.
    pub copy_to: BTreeMap<String, PathBuf>,
    /// Programs that may be run, each with its fixed arguments, by name.
    pub programs: BTreeMap<String, Vec<String>>,
    /// `[plugins.NAME]`.
    #[cfg_attr(test, serde(skip))]
    pub own: BTreeMap<String, PluginSite>,
}

/// `[plugins.NAME]`: what the site decides about one plugin.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PluginSite {
    /// The permissions that it is granted.
    pub allow: Vec<String>,
    /// Its own settings.
    pub settings: BTreeMap<String, serde_json::Value>,
}

/// The section's own keys; any other is a plugin's section.
const KEYS: [&str; 6] = ["folder", "enabled", "exports", "webhooks", "copy_to", "programs"];

struct PathOrAuto(Option<PathBuf>);
struct PathOrOff(Option<PathBuf>);

impl<'de> Deserialize<'de> for PathOrAuto {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        values::path_or_auto(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for PathOrOff {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        values::path_or_off(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for Plugins {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Section)
    }
}

/// By hand, for the keys of a flattened map lose their place in the file.
struct Section;

impl<'de> Visitor<'de> for Section {
    type Value = Plugins;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a section")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Plugins, M::Error> {
        let mut plugins = Plugins::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "folder" => plugins.folder = map.next_value::<PathOrAuto>()?.0,
                "enabled" => plugins.enabled = map.next_value()?,
                "exports" => plugins.exports = map.next_value::<PathOrOff>()?.0,
                "webhooks" => plugins.webhooks = map.next_value()?,
                "copy_to" => plugins.copy_to = map.next_value()?,
                "programs" => plugins.programs = map.next_value()?,
                _ => {
                    let site = map.next_value::<MaybeSite>()?.0;
                    let site = site.ok_or_else(|| M::Error::unknown_field(&key, &KEYS))?;
                    plugins.own.insert(key, site);
                }
            }
        }
        Ok(plugins)
    }
}

/// A plugin's section; none if something else stands there.
struct MaybeSite(Option<PluginSite>);

impl<'de> Deserialize<'de> for MaybeSite {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let toml::Value::Table(table) = toml::Value::deserialize(deserializer)? else {
            return Ok(Self(None));
        };
        let mut site = PluginSite::default();
        for (key, value) in table {
            if key == "allow" {
                site.allow = value.try_into().map_err(|_| {
                    D::Error::custom("`allow` is no list of permissions\nwrite it as allow = [\"write\"]")
                })?;
            } else {
                let json = serde_json::to_value(value).map_err(D::Error::custom)?;
                site.settings.insert(key, json);
            }
        }
        Ok(Self(Some(site)))
    }
}

/// Checks the section beyond its types.
pub(super) fn check(plugins: &Plugins, document: &Document<'_>) -> Result<(), ConfigError> {
    for url in &plugins.webhooks {
        let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        if host.is_none_or(|host| host.is_empty() || host.starts_with('/') || host.contains(['@', ' ', '\\']))
        {
            let message = format!("`{url}` is not the beginning of a URL");
            let help = "write it as \"https://pager.example.org/hooks/\"";
            return Err(document.error_at_value(&["plugins", "webhooks"], &message, help));
        }
    }
    for (name, program) in &plugins.programs {
        if !program.first().is_some_and(|program| program.starts_with('/')) {
            let message = format!("the program `{name}` has no whole path");
            let help = "write it as [\"/usr/local/bin/page\", \"--ward\", \"3\"]: nothing is looked up, no shell reads it";
            return Err(document.error_at_value(&["plugins", "programs", name], &message, help));
        }
    }
    for (name, site) in &plugins.own {
        for word in &site.allow {
            if !Permission::from_word(word).is_some_and(Permission::needs_grant) {
                let known: Vec<&str> =
                    Permission::ALL.into_iter().filter(|it| it.needs_grant()).map(Permission::word).collect();
                let help = super::plain_words::suggest(word, "what can be allowed is", &known);
                let message = format!("`{word}` is nothing that needs to be allowed");
                return Err(document.error_at_value(&["plugins", name, "allow"], &message, &help));
            }
        }
    }
    Ok(())
}
