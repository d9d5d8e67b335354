//! Where models are found, and which one is taken when nobody names one.

use std::{
    borrow::Cow,
    fs, io,
    path::{Path, PathBuf},
};

use etcetera::BaseStrategy as _;

use super::{
    Manifest, ModelError,
    embedded::{PHANTOM, STARTER},
    manifest::is_name,
};
use crate::{
    files::{self, Expected},
    hash::sha256,
    text::shown,
    trust::doubt_of_folder,
};

/// The models in the binary itself, by name. Nothing but `demo` takes the second one unless it is named.
const EMBEDDED: [(&str, Source); 2] = [("starter", Source::Embedded), (PHANTOM_MODEL, Source::Phantom)];

/// The name of the model for the phantoms of `demo`.
pub const PHANTOM_MODEL: &str = "phantom";

/// The names of the files in a model's folder.
pub(super) const MANIFEST_FILE: &str = "model.toml";
pub(super) const WEIGHTS_FILE: &str = "model.safetensors";
pub(super) const PROFILE_FILE: &str = "profile.safetensors";

/// The folder of models in the working folder.
const WORKING_FOLDER: &str = "weights";

/// The models to take when nobody names one, best first.
const DEFAULTS: [&str; 2] = ["xrv-all", "starter"];

/// Where one model's manifest and weights are read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A folder with `model.toml` and `model.safetensors`.
    Folder(PathBuf),
    /// The starter in the binary.
    Embedded,
    /// The last layer for phantoms in the binary, and the starter before it.
    Phantom,
}

/// The bytes of a model's weights, and their place, for errors.
type Placed = (Cow<'static, [u8]>, String);

impl Source {
    /// The place in words, for people.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::Folder(folder) => shown(folder),
            Self::Embedded | Self::Phantom => "embedded".to_owned(),
        }
    }

    /// A file of the model that is not there; none: all are, or it is inside the program.
    #[must_use]
    pub fn missing(&self) -> Option<PathBuf> {
        let Self::Folder(folder) = self else { return None };
        let own = [MANIFEST_FILE, WEIGHTS_FILE].map(|file| folder.join(file));
        own.into_iter().find(|file| !file.exists()).or_else(|| {
            let trunk = self.manifest().ok()?.trunk.filter(|trunk| embedded(&trunk.model).is_none())?;
            Some(folder.parent()?.join(trunk.model).join(WEIGHTS_FILE)).filter(|weights| !weights.exists())
        })
    }

    /// The place of the weights, for errors.
    pub(super) fn weights_place(&self) -> String {
        match self {
            Self::Folder(folder) => shown(&folder.join(WEIGHTS_FILE)),
            Self::Embedded => "embedded model.safetensors".to_owned(),
            Self::Phantom => "embedded model.safetensors for phantoms".to_owned(),
        }
    }

    /// Reads and checks the manifest.
    ///
    /// # Errors
    /// [`ModelError::Unreadable`] or [`ModelError::Manifest`].
    pub fn manifest(&self) -> Result<Manifest, ModelError> {
        let folder = match self {
            Self::Folder(folder) => folder,
            Self::Embedded => return Manifest::parse(STARTER.manifest, "embedded model.toml"),
            Self::Phantom => return Manifest::parse(PHANTOM.manifest, "embedded model.toml for phantoms"),
        };
        let path = folder.join(MANIFEST_FILE);
        let text = files::read_text(&path, Expected::TEXT).map_err(|error| unreadable(&path, error))?;
        let place = shown(&path);
        let manifest = Manifest::parse(&text, &place)?;
        // Results are recorded under the manifest's name and looked for under the folder's.
        match folder.file_name() {
            Some(name) if name != manifest.name.as_str() => Err(ModelError::Manifest {
                place,
                reason: format!(
                    "the model calls itself '{}' but lies in a folder named '{}': make them the same",
                    manifest.name,
                    shown(Path::new(name))
                ),
            }),
            _ => Ok(manifest),
        }
    }

    /// The bytes of the profile of the training films, and their place, for errors.
    pub(super) fn profile(&self) -> Result<Placed, ModelError> {
        match self {
            Self::Folder(folder) => {
                let path = folder.join(PROFILE_FILE);
                let bytes =
                    files::read(&path, Expected::WEIGHTS).map_err(|error| unreadable(&path, error))?;
                Ok((bytes.into(), shown(&path)))
            }
            Self::Embedded => Ok((STARTER.profile.into(), "embedded profile.safetensors".to_owned())),
            Self::Phantom => {
                Ok((PHANTOM.profile.into(), "embedded profile.safetensors for phantoms".to_owned()))
            }
        }
    }

    /// The bytes of the weights.
    pub(super) fn weights(&self) -> Result<Cow<'static, [u8]>, ModelError> {
        match self {
            Self::Folder(folder) => {
                let path = folder.join(WEIGHTS_FILE);
                files::read(&path, Expected::WEIGHTS)
                    .map(Cow::Owned)
                    .map_err(|error| unreadable(&path, error))
            }
            Self::Embedded => Ok(Cow::Borrowed(STARTER.weights)),
            Self::Phantom => Ok(Cow::Borrowed(PHANTOM.weights)),
        }
    }

    /// The weights that come before those of the model itself, where it has a last layer alone: those of a model of the
    /// trunk's name beside it, else in the program, if they are the ones that the layer was trained on.
    pub(super) fn trunk(&self, manifest: &Manifest) -> Result<Option<Placed>, ModelError> {
        let Some(trunk) = &manifest.trunk else { return Ok(None) };
        let beside = match self {
            Self::Folder(folder) => folder.parent().map(|library| library.join(&trunk.model)),
            _ => None,
        };
        let sources = beside.filter(|folder| folder.is_dir()).map(Self::Folder).into_iter();
        let mut found = Vec::new();
        for source in sources.chain(embedded(&trunk.model)) {
            let (bytes, place) = (source.weights()?, source.weights_place());
            let hash = sha256(&bytes);
            if hash == trunk.sha256 {
                return Ok(Some((bytes, place)));
            }
            found.push((place, hash));
        }
        Err(ModelError::Trunk {
            place: self.weights_place(),
            model: trunk.model.clone(),
            wanted: trunk.sha256.clone(),
            found,
        })
    }
}

/// The model of that name in the program itself.
fn embedded(name: &str) -> Option<Source> {
    EMBEDDED.iter().find(|(known, _)| *known == name).map(|(_, source)| source.clone())
}

fn unreadable(path: &Path, source: io::Error) -> ModelError {
    ModelError::Unreadable { path: path.to_owned(), source }
}

/// A model that can be named, as `weights list` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The name to choose it by.
    pub name: String,
    /// One line for people; where the manifest is broken, what is wrong with it.
    pub title: String,
    /// Its folder, or "embedded".
    pub place: String,
    /// SHA-256 of the weights as the manifest has it; empty where the manifest is broken.
    pub sha256: String,
    /// How many labels it has.
    pub labels: usize,
    /// How many of them are validated.
    pub validated: usize,
}

/// The places that models are looked for in, in order, and the embedded ones after them all.
#[derive(Debug, Clone)]
pub struct Library {
    /// A folder that the user named: it must be there.
    demanded: Option<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Library {
    /// `weights` is the folder given on the command line, `configured` those of the configuration;
    /// after them come `./weights`, unless others may write to it, and the user's data folder.
    #[must_use]
    pub fn new(weights: Option<&Path>, configured: &[PathBuf]) -> Self {
        let mut folders = configured.to_vec();
        folders.extend(Self::doubt().is_none().then(|| PathBuf::from(WORKING_FOLDER)));
        folders.extend(Self::user_folder());
        Self { demanded: weights.map(Path::to_owned), folders }
    }

    /// Returns why `./weights` is not looked in, where it is there.
    #[must_use]
    pub fn doubt() -> Option<String> {
        doubt_of_folder(Path::new(WORKING_FOLDER))
    }

    /// The folder for models in the user's data folder, where `weights pull` puts them; `None` if the
    /// user has no home.
    #[must_use]
    pub fn user_folder() -> Option<PathBuf> {
        let strategy = etcetera::choose_base_strategy().ok()?;
        Some(strategy.data_dir().join("cxr-triage").join("weights"))
    }

    /// Finds a model by name; with none, the best of the defaults that is there.
    ///
    /// # Errors
    /// [`ModelError::BadName`], [`ModelError::NotFound`], or [`ModelError::Unreadable`] if the folder
    /// given on the command line is not there.
    pub fn find(&self, name: Option<&str>) -> Result<Source, ModelError> {
        if let Some(folder) = &self.demanded {
            fs::read_dir(folder).map_err(|error| unreadable(folder, error))?;
        }
        let Some(name) = name else {
            let best = DEFAULTS.into_iter().find_map(|name| self.locate(name));
            return Ok(best.unwrap_or(Source::Embedded));
        };
        if !is_name(name) {
            return Err(ModelError::BadName { name: crate::text::clean(name) });
        }
        self.locate(name).ok_or_else(|| ModelError::NotFound {
            name: name.to_owned(),
            places: self.folders().map(|folder| shown(folder)).collect(),
            known: self.names(),
        })
    }

    /// Every model that [`Library::find`] can find, by name. One whose manifest is broken is listed
    /// with what is wrong.
    #[must_use]
    pub fn list(&self) -> Vec<Listing> {
        let found = self.names().into_iter().filter_map(|name| Some((self.locate(&name)?, name)));
        found.map(|(source, name)| listing(name, &source)).collect()
    }

    fn folders(&self) -> impl Iterator<Item = &PathBuf> {
        self.demanded.iter().chain(&self.folders)
    }

    /// The first place that has a folder of that name. What is in the folder is not asked here: a
    /// broken model is an error to be seen, not a reason to take another of the same name.
    fn locate(&self, name: &str) -> Option<Source> {
        self.folders()
            .map(|folder| folder.join(name))
            .find(|folder| folder.is_dir())
            .map(Source::Folder)
            .or_else(|| embedded(name))
    }

    fn names(&self) -> Vec<String> {
        let entries = self.folders().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
        let mut names: Vec<String> = entries
            .filter(|entry| entry.path().join(MANIFEST_FILE).exists())
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| is_name(name))
            .chain(EMBEDDED.map(|(name, _)| name.to_owned()))
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

fn listing(name: String, source: &Source) -> Listing {
    let place = source.place();
    match source.manifest() {
        Ok(manifest) => Listing {
            name,
            title: manifest.title,
            place,
            sha256: manifest.sha256,
            labels: manifest.labels.len(),
            validated: manifest.labels.iter().filter(|label| label.validated).count(),
        },
        Err(error) => {
            Listing { name, title: error.to_string(), place, sha256: String::new(), labels: 0, validated: 0 }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A library that knows only the given folders, and not those of the machine that runs the test.
    fn only(folders: &[&Path]) -> Library {
        Library { demanded: None, folders: folders.iter().map(|folder| folder.to_path_buf()).collect() }
    }

    fn put(folder: &Path, name: &str) {
        let folder = folder.join(name);
        fs::create_dir_all(&folder).unwrap();
        let text = STARTER.manifest.replacen("name = \"starter\"", &format!("name = \"{name}\""), 1);
        fs::write(folder.join("model.toml"), text).unwrap();
    }

    #[test]
    fn an_empty_machine_has_the_starter() {
        let library = only(&[Path::new("/nowhere/at/all")]);
        assert_eq!(library.find(None).unwrap(), Source::Embedded);
        assert_eq!(library.find(Some("starter")).unwrap(), Source::Embedded);
        let [phantom, starter] = &library.list()[..] else { panic!("two models") };
        assert_eq!((starter.name.as_str(), starter.labels), ("starter", 14));
        assert!((1..14).contains(&starter.validated));
        assert_eq!((phantom.name.as_str(), phantom.labels), ("phantom", 4));
        assert_eq!(library.find(Some("phantom")).unwrap(), Source::Phantom);
    }

    #[test]
    fn earlier_places_win_and_the_strong_default_wins_over_the_starter() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        put(second.path(), "mine");
        put(first.path(), "mine");
        put(second.path(), "starter");
        let library = only(&[first.path(), second.path()]);
        assert_eq!(library.find(Some("mine")).unwrap(), Source::Folder(first.path().join("mine")));
        assert_eq!(library.find(None).unwrap(), Source::Folder(second.path().join("starter")));
        put(second.path(), "xrv-all");
        assert_eq!(library.find(None).unwrap(), Source::Folder(second.path().join("xrv-all")));
        let names: Vec<_> = library.list().into_iter().map(|listing| listing.name).collect();
        assert_eq!(names, ["mine", "phantom", "starter", "xrv-all"]);
    }

    #[test]
    fn a_name_never_leads_out_of_the_library() {
        let library = only(&[]);
        for name in ["", "..", "../starter", "a/b", "a\\b", "/etc", ".hidden", "a\0b", "\u{1b}[2J", "C:x"] {
            assert!(matches!(library.find(Some(name)), Err(ModelError::BadName { .. })), "{name:?}");
        }
    }

    #[test]
    fn what_is_not_there_is_named_with_what_is() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "mine");
        let message = only(&[folder.path()]).find(Some("yours")).unwrap_err().to_string();
        assert!(message.contains("'yours'") && message.contains("mine, phantom, starter"), "{message}");
        assert!(message.contains(&shown(folder.path())), "{message}");
    }

    #[test]
    fn a_folder_given_by_the_user_must_be_there() {
        let library = Library::new(Some(Path::new("/nowhere/at/all")), &[]);
        let message = library.find(None).unwrap_err().to_string();
        assert!(message.contains("/nowhere/at/all"), "{message}");
    }

    #[test]
    fn a_broken_model_is_listed_with_its_fault_and_hides_no_other() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "good");
        put(folder.path(), "bad");
        fs::write(folder.path().join("bad/model.toml"), "name = 3").unwrap();
        put(folder.path(), "renamed");
        fs::rename(folder.path().join("renamed"), folder.path().join("other")).unwrap();
        let listings = only(&[folder.path()]).list();
        let said = |name: &str| listings.iter().find(|listing| listing.name == name).unwrap();
        assert_eq!(said("good").labels, 14);
        assert!(said("bad").title.contains("line 1"), "{:?}", said("bad"));
        assert!(said("other").title.contains("'renamed'"), "{:?}", said("other"));
    }
}
