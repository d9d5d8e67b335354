//! Writing a profile beside its model.

use std::path::Path;

use toml_edit::{Table, value};

use super::Fitted;
use crate::{
    files::{self, Expected},
    model::{
        Limits, Manifest, ModelError, ProfileNote,
        library::{MANIFEST_FILE, PROFILE_FILE},
    },
    text::shown,
};

/// The manifest's section, and its keys.
const SECTION: &str = "[profile]";
const KEYS: [&str; 3] = ["sha256", "cut_off", "turned_cut_off"];

/// The manifest's section of a profile.
pub(in crate::model) fn section(note: &ProfileNote) -> Table {
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

impl Fitted {
    /// Writes the profile into a model's folder, and names it in the manifest there.
    ///
    /// # Errors
    /// [`ModelError::Profile`] if a file cannot be read or written, [`ModelError::Manifest`].
    pub fn save(&self, folder: &Path) -> Result<(), ModelError> {
        let manifest = folder.join(MANIFEST_FILE);
        let fail = |path: &Path, error: std::io::Error| ModelError::Profile {
            place: shown(path),
            reason: format!("cannot be read or written ({error})"),
        };
        let before = files::read_text(&manifest, Expected::TEXT).map_err(|error| fail(&manifest, error))?;
        let after = self.named_in(&before);
        Manifest::parse(&after, &shown(&manifest))?;
        for (path, bytes) in
            [(folder.join(PROFILE_FILE), self.bytes.as_slice()), (manifest, after.as_bytes())]
        {
            // Whatever it is, the manifest or the profile of this model.
            files::replace(&path, bytes, &[b""]).map_err(|error| fail(&path, error))?;
        }
        Ok(())
    }

    /// A manifest's text with this profile in the place of any that it names.
    fn named_in(&self, manifest: &str) -> String {
        let mut within = false;
        let mut text = String::with_capacity(manifest.len() + 120);
        for line in manifest.lines() {
            if line.trim_start().starts_with('[') {
                within = line.trim() == SECTION;
            }
            let key = line.split('=').next().unwrap_or_default().trim();
            if !(within && (key == SECTION || KEYS.contains(&key))) {
                text.push_str(line);
                text.push('\n');
            }
        }
        let (text, sha256) = (text.trim_end(), &self.sha256);
        let Limits { cut_off, turned_cut_off } = self.limits;
        format!(
            "{text}\n\n{SECTION}\nsha256 = \"{sha256}\"\ncut_off = {cut_off:.3}\n\
             turned_cut_off = {turned_cut_off:.3}\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_takes_the_place_of_the_one_before_and_of_nothing_else() {
        let limits = Limits { cut_off: 1.5, turned_cut_off: 0.625 };
        let fitted = |sha256: &str| Fitted {
            bytes: vec![],
            sha256: sha256.into(),
            limits,
            films: 1,
            aside: 1,
            caught: 1,
        };
        let bare = "name = \"m\" # ours\nsha256 = \"w\"\n\n[[labels]]\nname = \"Mass\"\n";
        let first = fitted("one").named_in(bare);
        assert_eq!(
            first,
            format!("{bare}\n[profile]\nsha256 = \"one\"\ncut_off = 1.500\nturned_cut_off = 0.625\n")
        );
        assert_eq!(fitted("two").named_in(&first), first.replace("one", "two"));
        let in_the_middle = format!("[profile]\n# why\nsha256 = \"old\"\ncut_off = 9.0\n{bare}")
            .replace("name = \"m\"", "[x]");
        let after = fitted("one").named_in(&in_the_middle);
        assert!(
            after.contains("# why") && !after.contains("old") && after.contains("sha256 = \"w\""),
            "{after}"
        );
    }
}
