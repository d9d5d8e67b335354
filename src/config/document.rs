//! The parsed file, with the place of every key and value.

use std::{ops::Range, path::Path};

use serde::de::DeserializeOwned;
use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue, Deserializer},
};

use super::{ConfigError, plain_words};

type Entry<'a> = (&'a Spanned<DeString<'a>>, &'a Spanned<DeValue<'a>>);

/// A file as TOML, before it means anything.
pub(super) struct Document<'a> {
    path: Option<&'a Path>,
    text: &'a str,
    root: Spanned<DeTable<'a>>,
}

impl<'a> Document<'a> {
    /// Reads TOML.
    pub(super) fn parse(text: &'a str, path: Option<&'a Path>) -> Result<Self, ConfigError> {
        match DeTable::parse(text) {
            Ok(root) => Ok(Self { path, text, root }),
            Err(error) => {
                let span = error.span().unwrap_or_default();
                let (message, help) = plain_words::of_syntax(error.message(), text, &span);
                Err(ConfigError::at(path, text, span, &message, Some(help)))
            }
        }
    }

    /// Gives the document its meaning.
    pub(super) fn deserialize<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        T::deserialize(Deserializer::from(self.root.clone())).map_err(|error| {
            let (message, help) = plain_words::of_meaning(error.message());
            match error.span() {
                Some(span) => ConfigError::at(self.path, self.text, span, &message, help.as_deref()),
                None => ConfigError::of_file(self.path, &message, help.as_deref()),
            }
        })
    }

    /// A mistake in the value of a key, given as the path to it.
    pub(super) fn error_at_value(&self, keys: &[&str], message: &str, help: &str) -> ConfigError {
        self.error_at(self.entry(keys).map(|(_, value)| value.span()), message, help)
    }

    /// A mistake in a key itself.
    pub(super) fn error_at_key(&self, keys: &[&str], message: &str, help: &str) -> ConfigError {
        self.error_at(self.entry(keys).map(|(key, _)| key.span()), message, help)
    }

    fn error_at(&self, span: Option<Range<usize>>, message: &str, help: &str) -> ConfigError {
        match span {
            Some(span) => ConfigError::at(self.path, self.text, span, message, Some(help)),
            None => ConfigError::of_file(self.path, message, Some(help)),
        }
    }

    /// Returns whether a setting is written in the file.
    pub(super) fn has(&self, keys: &[&str]) -> bool {
        self.entry(keys).is_some()
    }

    /// Returns whether a section is there with nothing in it.
    pub(super) fn is_empty_section(&self, keys: &[&str]) -> bool {
        self.entry(keys).and_then(|(_, value)| value.get_ref().as_table()).is_some_and(DeTable::is_empty)
    }

    /// Returns where a setting is written, from its key to the end of its value.
    pub(super) fn span(&self, keys: &[&str]) -> Option<Range<usize>> {
        self.entry(keys).map(|(key, value)| key.span().start..value.span().end)
    }

    fn entry(&self, keys: &[&str]) -> Option<Entry<'_>> {
        let (last, sections) = keys.split_last()?;
        let mut table = self.root.get_ref();
        for section in sections {
            table = find(table, section)?.1.get_ref().as_table()?;
        }
        find(table, last)
    }
}

fn find<'t>(table: &'t DeTable<'_>, key: &str) -> Option<Entry<'t>> {
    table.iter().find(|(name, _)| name.get_ref() == key)
}
