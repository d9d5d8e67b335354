//! A plugin's files, read into memory once: nothing that runs later looks at the disk.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    PluginError, PluginErrorKind,
    limits::{SOURCE_BYTES, SOURCE_FILES},
};
use crate::{
    files::{self, Expected},
    text::clean,
};

/// The file that a plugin in a folder of its own begins with.
const MAIN: &str = "main.luau";
const EXTENSION: &str = "luau";
const SCRIPT: Expected = Expected::new("a script", SOURCE_BYTES);

/// The plugins that come with the program, found by name where the site has none of that name.
const BUNDLED: [(&str, &str); 5] = [
    ("portable-first", include_str!("../../plugins/portable-first.luau")),
    ("unseen-critical", include_str!("../../plugins/unseen-critical.luau")),
    ("csv-log", include_str!("../../plugins/csv-log.luau")),
    ("webhook-alert", include_str!("../../plugins/webhook-alert.luau")),
    ("route-critical", include_str!("../../plugins/route-critical.luau")),
];

/// A plugin's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The file's stem, or the folder's name.
    pub name: String,
    /// The file to begin with, as messages call it.
    pub main: String,
    /// Where it lies; none: it came with the program.
    #[serde(skip)]
    pub path: Option<PathBuf>,
    /// File name to text: all that `require` can reach.
    pub files: BTreeMap<String, String>,
}

impl Source {
    /// A plugin of one file whose text is at hand.
    #[must_use]
    pub fn of_text(name: &str, text: &str) -> Self {
        let main = format!("{name}.{EXTENSION}");
        let files = BTreeMap::from([(main.clone(), text.to_owned())]);
        Self { name: name.to_owned(), main, path: None, files }
    }

    /// A plugin that came with the program.
    #[must_use]
    pub fn bundled(name: &str) -> Option<Self> {
        BUNDLED.iter().find(|(known, _)| *known == name).map(|(name, text)| Self::of_text(name, text))
    }

    /// The names of those.
    pub fn bundled_names() -> impl Iterator<Item = &'static str> {
        BUNDLED.iter().map(|(name, _)| *name)
    }

    /// Reads `NAME.luau`, or `NAME/main.luau` and what lies beside it. Links that lead out of the
    /// plugin's own folder are not followed.
    ///
    /// # Errors
    /// A fault of kind [`PluginErrorKind::Source`].
    pub fn read(path: &Path) -> Result<Self, PluginError> {
        let shown = clean(&path.file_name().unwrap_or(path.as_os_str()).to_string_lossy());
        let fault = |message: &str| PluginError::new(PluginErrorKind::Source, &shown, message);
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if !is_name(name) {
            return Err(fault("a plugin's name is small letters, digits and hyphens, 40 at most"));
        }
        let mut budget = SOURCE_BYTES;
        let mut files = BTreeMap::new();
        let is_folder = path.is_dir();
        let main = if is_folder { format!("{name}/{MAIN}") } else { format!("{name}.{EXTENSION}") };
        let unreadable = |error: std::io::Error| fault(&format!("cannot be read: {error}"));
        let parent = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let plugins = fs::canonicalize(parent.unwrap_or(Path::new("."))).map_err(unreadable)?;
        let real = fs::canonicalize(path).map_err(unreadable)?;
        if !real.starts_with(&plugins) {
            return Err(fault("it is a link that leads out of its folder"));
        }
        if !is_folder {
            files.insert(main.clone(), read_text(&real, &mut budget).map_err(|why| fault(&why))?);
        }
        for file in if is_folder { luau_files(path).map_err(unreadable)? } else { Vec::new() } {
            let of_plugin = fs::canonicalize(&file).map_err(unreadable)?;
            if !of_plugin.starts_with(&real) {
                return Err(fault("a link in it leads out of its folder"));
            }
            if files.len() == SOURCE_FILES {
                return Err(fault(&format!("it has more than {SOURCE_FILES} files")));
            }
            let Some(file) = file.file_name().and_then(|file| file.to_str()) else { continue };
            let text = read_text(&of_plugin, &mut budget).map_err(|why| fault(&why))?;
            files.insert(format!("{name}/{file}"), text);
        }
        if !files.contains_key(&main) {
            return Err(fault(&format!("there is no {MAIN} in the folder")));
        }
        Ok(Self { name: name.to_owned(), main, path: Some(path.to_owned()), files })
    }

    /// Reads a folder of plugins, by name; a broken one is a fault. A folder that is not there
    /// holds none.
    #[must_use]
    pub fn read_folder(folder: &Path) -> BTreeMap<String, Result<Self, PluginError>> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut found = BTreeMap::new();
        for path in entries.map(|entry| entry.path()).take(1_000) {
            let is_plugin = match path.extension() {
                // Declarations are for editors.
                Some(extension) => {
                    extension == EXTENSION && !path.to_string_lossy().ends_with(".d.luau") && !path.is_dir()
                }
                None => path.join(MAIN).exists(),
            };
            if is_plugin {
                let name = clean(&path.file_stem().unwrap_or_default().to_string_lossy());
                found.insert(name, Self::read(&path));
            }
        }
        found
    }

    /// The text to begin with.
    #[must_use]
    pub fn text(&self) -> &str {
        self.files.get(&self.main).map(String::as_str).unwrap_or_default()
    }
}

/// Small letters, digits, hyphens: harmless in a path, a table, a key of TOML.
pub(super) fn is_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !name.is_empty() && name.len() <= 40 && name.chars().all(is_plain)
}

fn luau_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == EXTENSION) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Text of at most what is left of the budget.
fn read_text(path: &Path, budget: &mut u64) -> Result<String, String> {
    let bytes = files::read(path, SCRIPT).map_err(|error| format!("cannot be read: {error}"))?;
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    *budget = budget.checked_sub(length).ok_or_else(|| "it is larger than 1 MiB".to_owned())?;
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())
}
