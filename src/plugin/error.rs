//! The errors of plugins: file, line, message, safe to show.

use serde::{Deserialize, Serialize};

use super::limits::SENTENCE;
use crate::text::clean;

/// The kinds that a caller can act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PluginErrorKind {
    /// The file cannot be read, or has no usable name.
    Source,
    /// It is no Luau.
    Syntax,
    /// It returns something that is no plugin.
    Shape,
    /// A setting of the site does not fit it.
    Setting,
    /// It raised an error.
    Runtime,
    /// It took too long.
    Time,
    /// It took too much memory.
    Memory,
    /// Its process could not be started.
    Process,
    /// Its process ended by itself, or said nothing more.
    Crash,
    /// A hook returned something that is no effect, or too many, or one that it does not ask permission for.
    Effect,
}

impl PluginErrorKind {
    /// Returns whether the VM must not be used again: it was stopped in the middle of something, or is not there.
    #[must_use]
    pub fn spoils_vm(self) -> bool {
        matches!(self, Self::Time | Self::Memory | Self::Process | Self::Crash)
    }
}

/// A plugin's fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}{}: {message}{}", file, line.map(|line| format!(":{line}")).unwrap_or_default(), hook_in_words(hook))]
pub struct PluginError {
    /// The kind, which a caller can act on.
    pub kind: PluginErrorKind,
    /// The file's name, as the site knows it.
    pub file: String,
    /// The line, from 1, where one is to blame.
    pub line: Option<u32>,
    /// The hook that was called; empty if none was.
    pub hook: String,
    /// One sentence.
    pub message: String,
}

fn hook_in_words(hook: &str) -> String {
    if hook.is_empty() { String::new() } else { format!(" (in {hook})") }
}

impl PluginError {
    /// A fault at no particular line.
    #[must_use]
    pub fn new(kind: PluginErrorKind, file: &str, message: &str) -> Self {
        Self { kind, file: clean(file), line: None, hook: String::new(), message: short(message) }
    }

    /// Kind and place, for the log: the message may repeat what a header says.
    #[must_use]
    pub fn without_message(&self) -> String {
        let line = self.line.map(|line| format!(":{line}")).unwrap_or_default();
        format!(
            "{:?} at {}{line}{}; `plugins list` says more",
            self.kind,
            self.file,
            hook_in_words(&self.hook)
        )
    }

    /// Returns the fault with its line.
    #[must_use]
    pub fn at(mut self, line: Option<u32>) -> Self {
        self.line = self.line.or(line);
        self
    }

    /// Returns the fault with its hook.
    #[must_use]
    pub fn within(mut self, hook: &str) -> Self {
        hook.clone_into(&mut self.hook);
        self
    }

    /// Returns the fault with its hook where none is named.
    #[must_use]
    pub(super) fn within_if_none(self, hook: &str) -> Self {
        if self.hook.is_empty() { self.within(hook) } else { self }
    }

    /// Turns an error of Luau into a fault, in our words where it is about limits.
    pub(super) fn of_lua(error: &mlua::Error, file: &str) -> Self {
        match error {
            mlua::Error::CallbackError { traceback, cause } => {
                let fault = Self::of_lua(cause, file);
                let line = located(traceback).map(|(_, line, _)| line);
                fault.at(line)
            }
            mlua::Error::WithContext { cause, .. } => Self::of_lua(cause, file),
            mlua::Error::SyntaxError { message, .. } => Self::located(PluginErrorKind::Syntax, file, message),
            mlua::Error::MemoryError(_) => {
                Self::new(PluginErrorKind::Memory, file, "it took too much memory")
            }
            mlua::Error::RuntimeError(text) if text.starts_with("not enough memory") => {
                Self::new(PluginErrorKind::Memory, file, "it took too much memory")
            }
            mlua::Error::RuntimeError(text) => Self::located(PluginErrorKind::Runtime, file, text),
            other => Self::located(PluginErrorKind::Runtime, file, &other.to_string()),
        }
    }

    fn located(kind: PluginErrorKind, file: &str, text: &str) -> Self {
        let text = text.split("\nstack traceback:").next().unwrap_or(text);
        match located(text) {
            Some((place, line, message)) => {
                // The file of a folder that is to blame need not be its main one.
                let file = if place.ends_with(".luau") { place } else { file };
                Self::new(kind, file, message).at(Some(line))
            }
            None => Self::new(kind, file, text),
        }
    }
}

/// "name.luau:12: message" in its parts, wherever it begins.
fn located(text: &str) -> Option<(&str, u32, &str)> {
    let mark = text.find(".luau:")? + ".luau".len();
    let start = text[..mark].rfind(|c: char| c.is_whitespace() || c == '[').map_or(0, |at| at + 1);
    let rest = &text[mark + 1..];
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let line = rest[..digits].parse().ok()?;
    Some((&text[start..mark], line, rest[digits..].trim_start_matches(':').trim()))
}

/// Clean, and no longer than a sentence.
pub(super) fn short(text: &str) -> String {
    // A hundred megabytes of message must not be walked through to keep its first line.
    let head: String = text.chars().take(2 * SENTENCE).collect();
    let cleaned = clean(&head);
    match cleaned.char_indices().nth(SENTENCE) {
        Some((end, _)) => format!("{}…", &cleaned[..end]),
        None => cleaned,
    }
}

#[cfg(test)]
mod tests {
    use super::{PluginError, PluginErrorKind};

    #[test]
    fn a_fault_names_file_line_and_hook() {
        let error = mlua::Error::RuntimeError(
            "icu.luau:12: attempt to index nil\nstack traceback:\nicu.luau:3".into(),
        );
        let fault = PluginError::of_lua(&error, "icu.luau").within("on_study");
        assert_eq!(fault.to_string(), "icu.luau:12: attempt to index nil (in on_study)");
    }

    #[test]
    fn nothing_that_a_plugin_says_drives_the_terminal_or_fills_it() {
        let error = mlua::Error::RuntimeError(format!("a.luau:1: \u{1b}[2J{}", "x".repeat(100_000)));
        let fault = PluginError::of_lua(&error, "a.luau");
        assert!(fault.message.len() < 600 && !fault.message.contains('\u{1b}'), "{fault}");
        assert_eq!((fault.kind, fault.line), (PluginErrorKind::Runtime, Some(1)));
    }
}
