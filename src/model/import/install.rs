//! A model's folder, whole or not at all.

use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, Table, value};

use super::{Import, OldProfile, error::ImportError};
use crate::{
    files::{self, Expected},
    hash::sha256,
    model::{
        Manifest, ModelError, folder,
        library::{MANIFEST_FILE, PROFILE_FILE, WEIGHTS_FILE},
        manifest::is_name,
        profile,
    },
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

/// Writes `model.safetensors` and `model.toml` into the model's place. A profile of training films that the model there
/// has stays, if it holds for the new one too.
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
            document["profile"] = Item::Table(profile::section(note));
        }
    }
    let text = document.to_string();
    let manifest = Manifest::parse(&text, import.place)?;
    let mut files = vec![(WEIGHTS_FILE, bytes), (MANIFEST_FILE, text.as_bytes())];
    files.extend(profile_bytes.as_deref().map(|bytes| (PROFILE_FILE, bytes)));
    match folder::put(import.library, name, &files) {
        Ok(()) => Ok(Installed { folder, profile, manifest }),
        Err(source) => Err(ImportError::Write { path: folder, source }),
    }
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
    let text = files::read_text(&folder.join(MANIFEST_FILE), Expected::TEXT).ok()?;
    Manifest::parse(&text, "").ok().filter(|manifest| manifest.imported.is_some())
}
