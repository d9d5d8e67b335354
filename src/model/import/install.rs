//! A model's folder, whole or not at all.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use toml_edit::{DocumentMut, Item, Table, value};

use super::{Import, OldProfile, error::ImportError};
use crate::{
    files::{self, Expected},
    hash::sha256,
    model::{Manifest, ModelError, ProfileNote, library::PROFILE_FILE, manifest::is_name},
    text::clean,
};

/// The file that was brought, as the manifest remembers it.
pub(super) struct Original {
    pub(super) file: String,
    pub(super) sha256: String,
    pub(super) published: bool,
}

/// A model where it belongs.
pub(super) struct Installed {
    pub(super) folder: PathBuf,
    pub(super) profile: OldProfile,
    /// The manifest as it stands there now.
    pub(super) manifest: Manifest,
}

/// Writes `model.safetensors` and `model.toml` beside the model's place, then moves them there. A profile of
/// training films that the model there has stays, if it holds for the new one too.
pub(super) fn install(
    import: &Import<'_>,
    name: &str,
    bytes: &[u8],
    original: &Original,
) -> Result<Installed, ImportError> {
    if !is_name(name) {
        return Err(ModelError::BadName { name: clean(name) }.into());
    }
    let mut document = manifest(import, name, &sha256(bytes), original)?;
    let folder = import.library.join(name);
    let (mut profile, mut profile_bytes) = (OldProfile::None, None);
    if folder.exists() {
        let Some(old) = imported_before(&folder) else {
            return Err(ImportError::Occupied { folder });
        };
        let new = Manifest::parse(&document.to_string(), import.place)?;
        (profile, profile_bytes) = old_profile(&folder, &old, &new);
        if let (Some(note), Some(_)) = (&old.profile, &profile_bytes) {
            document["profile"] = Item::Table(profile_section(note));
        }
    }
    let text = document.to_string();
    let manifest = Manifest::parse(&text, import.place)?;
    // The point keeps the library from taking them for models, should they be left behind.
    let draft = import.library.join(format!(".{name}.new-{}", std::process::id()));
    let before = import.library.join(format!(".{name}.old-{}", std::process::id()));
    let mut files = vec![("model.safetensors", bytes), ("model.toml", text.as_bytes())];
    files.extend(profile_bytes.as_deref().map(|bytes| (PROFILE_FILE, bytes)));
    let written = write(&draft, &files).and_then(|()| exchange(&draft, &folder, &before));
    if let Err(source) = written {
        let _ = fs::remove_dir_all(&draft);
        return Err(ImportError::Write { path: folder, source });
    }
    let _ = fs::remove_dir_all(&before);
    Ok(Installed { folder, profile, manifest })
}

/// Decides what becomes of the profile in `folder`, and returns its bytes if they are to stay. A profile is of the
/// numbers within the network: it holds as long as weights and all that comes before them are the same.
fn old_profile(folder: &Path, old: &Manifest, new: &Manifest) -> (OldProfile, Option<Vec<u8>>) {
    let Some(note) = &old.profile else { return (OldProfile::None, None) };
    if old.sha256 != new.sha256 {
        return (OldProfile::Dropped("it is of other weights"), None);
    }
    let same = old.preprocessing == new.preprocessing
        && old.architecture == new.architecture
        && old.shape == new.shape
        && (old.channels, old.size) == (new.channels, new.size)
        && old.epsilon.to_bits() == new.epsilon.to_bits();
    if !same {
        return (OldProfile::Dropped("films are prepared otherwise now"), None);
    }
    match files::read(&folder.join(PROFILE_FILE), Expected::WEIGHTS) {
        Ok(bytes) if sha256(&bytes) == note.sha256 => (OldProfile::Kept, Some(bytes)),
        _ => (OldProfile::Dropped("its file is missing or damaged"), None),
    }
}

fn profile_section(note: &ProfileNote) -> Table {
    // By way of its shortest decimal: 1.5 and not 1.50000001.
    let decimal = |x: f32| x.to_string().parse::<f64>().unwrap_or(f64::from(x));
    let mut section = Table::new();
    section["sha256"] = value(&note.sha256);
    section["cut_off"] = value(decimal(note.limits.cut_off));
    if note.limits.turned_cut_off.is_finite() {
        section["turned_cut_off"] = value(decimal(note.limits.turned_cut_off));
    }
    section
}

/// The manifest with its own name and hash, and where the weights came from. Comments are kept.
fn manifest(
    import: &Import<'_>,
    name: &str,
    sha256: &str,
    original: &Original,
) -> Result<DocumentMut, ImportError> {
    let fail = |reason: String| ModelError::Manifest { place: import.place.to_owned(), reason };
    let mut document: DocumentMut =
        import.manifest.parse().map_err(|error: toml_edit::TomlError| fail(clean(error.message())))?;
    document["name"] = value(name);
    document["sha256"] = value(sha256);
    // One that the text brings is of a model that it was copied from.
    document.remove("profile");
    let mut imported = Table::new();
    imported["file"] = value(clean(&original.file));
    imported["sha256"] = value(&original.sha256);
    imported["published"] = value(original.published);
    document["imported"] = Item::Table(imported);
    Ok(document)
}

/// The manifest of the model there, if an import made it: only such a one may be replaced.
fn imported_before(folder: &Path) -> Option<Manifest> {
    let text = files::read_text(&folder.join("model.toml"), Expected::TEXT).ok()?;
    Manifest::parse(&text, "").ok().filter(|manifest| manifest.imported.is_some())
}

fn write(folder: &Path, files: &[(&str, &[u8])]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for &(name, bytes) in files {
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
