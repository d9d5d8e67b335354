//! A model's folder, whole or not at all.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use toml_edit::{DocumentMut, Item, Table, value};

use super::{Import, error::ImportError};
use crate::{
    model::{Manifest, ModelError, library::is_name, weights},
    text::clean,
};

/// The file that was brought, as the manifest remembers it.
pub(super) struct Original {
    pub(super) file: String,
    pub(super) sha256: String,
    pub(super) published: bool,
}

/// Writes `model.safetensors` and `model.toml` beside the model's place, then moves them there.
pub(super) fn install(
    import: &Import<'_>,
    name: &str,
    bytes: &[u8],
    original: &Original,
) -> Result<PathBuf, ImportError> {
    if !is_name(name) {
        return Err(ModelError::BadName { name: clean(name) }.into());
    }
    let text = manifest(import, name, &weights::sha256(bytes), original)?;
    let folder = import.library.join(name);
    if folder.exists() && !was_imported(&folder) {
        return Err(ImportError::Occupied { folder });
    }
    // The point keeps the library from taking them for models, should they be left behind.
    let draft = import.library.join(format!(".{name}.new-{}", std::process::id()));
    let before = import.library.join(format!(".{name}.old-{}", std::process::id()));
    let written = write(&draft, &text, bytes).and_then(|()| exchange(&draft, &folder, &before));
    if let Err(error) = written {
        let _ = fs::remove_dir_all(&draft);
        return Err(ImportError::Write { path: folder, reason: error.to_string() });
    }
    let _ = fs::remove_dir_all(&before);
    Ok(folder)
}

/// The manifest with its own name and hash, and where the weights came from. Comments are kept.
fn manifest(
    import: &Import<'_>,
    name: &str,
    sha256: &str,
    original: &Original,
) -> Result<String, ImportError> {
    let fail = |reason: String| ModelError::Manifest { place: import.place.to_owned(), reason };
    let mut document: DocumentMut =
        import.manifest.parse().map_err(|error: toml_edit::TomlError| fail(clean(error.message())))?;
    document["name"] = value(name);
    document["sha256"] = value(sha256);
    // A profile is of other weights.
    document.remove("profile");
    let mut imported = Table::new();
    imported["file"] = value(clean(&original.file));
    imported["sha256"] = value(&original.sha256);
    imported["published"] = value(original.published);
    document["imported"] = Item::Table(imported);
    let text = document.to_string();
    Manifest::parse(&text, import.place)?;
    Ok(text)
}

/// Whether an import made the model there: only such a one may be replaced.
fn was_imported(folder: &Path) -> bool {
    let text = fs::read_to_string(folder.join("model.toml")).unwrap_or_default();
    Manifest::parse(&text, "").is_ok_and(|manifest| manifest.imported.is_some())
}

fn write(folder: &Path, manifest: &str, weights: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (name, bytes) in [("model.safetensors", weights), ("model.toml", manifest.as_bytes())] {
        let mut file = File::create(folder.join(name))?;
        file.write_all(bytes)?;
        file.sync_all()?;
    }
    Ok(())
}

/// Puts the new folder in the old one's place. If that fails, the old one is back.
fn exchange(new: &Path, place: &Path, old: &Path) -> io::Result<()> {
    let there = place.exists();
    if there {
        fs::rename(place, old)?;
    }
    fs::rename(new, place).inspect_err(|_| {
        if there {
            let _ = fs::rename(old, place);
        }
    })
}
