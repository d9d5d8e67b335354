//! Finding the file and reading it.

use std::{
    env, io,
    path::{Path, PathBuf},
};

use etcetera::BaseStrategy;

use super::{Config, ConfigError, checks::check, document::Document};
use crate::{
    files::{self, Expected},
    store_place::{ServerPlace, StorePlace},
    trust::{doubt_of_file, doubt_of_folder},
};

/// The environment variable that names a configuration file.
pub const CONFIG_VARIABLE: &str = "CXR_TRIAGE_CONFIG";

/// The name of our folder among the user's, of our file in a working directory, of the store.
const FOLDER: &str = "cxr-triage";
const LOCAL_FILE: &str = "cxr-triage.toml";
const USER_FILE: &str = "config.toml";
/// The folder of the site's own plugins, beside the configuration file.
const PLUGINS: &str = "plugins";
const STORE_FILE: &str = "store.db";

/// A configuration with the text that it came from, which its errors quote. Its `Default` is that of a
/// site without a file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// The file; none if there is none, and all settings are the defaults.
    pub path: Option<PathBuf>,
    /// The file's text.
    pub text: String,
    /// Files of the working folder that were not read, each with the reason: a sentence each.
    pub refused: Vec<String>,
}

impl Loaded {
    /// A mistake in the value of a setting, found by a module that knows what it means. `keys` is the way
    /// to it: section, then name.
    #[must_use]
    pub fn error_at_value(&self, keys: &[&str], message: &str, help: &str) -> ConfigError {
        match Document::parse(&self.text, self.path.as_deref()) {
            Ok(document) => document.error_at_value(keys, message, help),
            Err(error) => error,
        }
    }

    /// A mistake in the name of a setting.
    #[must_use]
    pub fn error_at_key(&self, keys: &[&str], message: &str, help: &str) -> ConfigError {
        match Document::parse(&self.text, self.path.as_deref()) {
            Ok(document) => document.error_at_key(keys, message, help),
            Err(error) => error,
        }
    }
}

/// Where a configuration may lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The file that the environment names.
    pub variable: Option<PathBuf>,
    /// In the working directory.
    pub local: PathBuf,
    /// In the user's configuration folder, if the user has a home. `config init` writes there.
    pub user: Option<PathBuf>,
}

impl Places {
    /// The places of this process.
    #[must_use]
    pub fn of_process() -> Self {
        let variable = env::var_os(CONFIG_VARIABLE).filter(|value| !value.is_empty());
        let user = etcetera::choose_base_strategy().ok();
        Self {
            variable: variable.map(PathBuf::from),
            local: PathBuf::from(LOCAL_FILE),
            user: user.map(|base| base.config_dir().join(FOLDER).join(USER_FILE)),
        }
    }

    /// The file to read: `explicit`, else what the environment names, else the first that exists of
    /// the working directory's and the user's. The first two need not exist: to name a file that is
    /// not there is an error, not a wish for the defaults.
    #[must_use]
    pub fn find(&self, explicit: Option<&Path>) -> Option<PathBuf> {
        let named = explicit.map(Path::to_owned).or_else(|| self.variable.clone());
        named.or_else(|| {
            // `try_exists`, for a file that may not be looked at must be an error too.
            let is_there = |path: &&PathBuf| path.try_exists().unwrap_or(true);
            let local = Some(&self.local).filter(|local| doubt_of_file(local).is_none());
            [local, self.user.as_ref()].into_iter().flatten().find(is_there).cloned()
        })
    }

    /// Returns why the file in the working directory is not read, where it would be.
    fn doubt(&self, explicit: Option<&Path>) -> Option<String> {
        if self.is_named(explicit) { None } else { doubt_of_file(&self.local) }
    }

    /// Returns whether somebody said which file is to be read.
    fn is_named(&self, explicit: Option<&Path>) -> bool {
        explicit.is_some() || self.variable.is_some()
    }
}

/// Our folder in the user's data folder, where store and models lie unless the site says otherwise;
/// none for a user without a home.
#[must_use]
pub fn data_folder() -> Option<PathBuf> {
    etcetera::choose_base_strategy().ok().map(|base| base.data_dir().join(FOLDER))
}

/// Returns whether a word for a theme means a file, and not a name.
#[must_use]
pub fn is_theme_file(word: &str) -> bool {
    word.contains('/') || Path::new(word).extension().is_some_and(|extension| extension == "toml")
}

impl Loaded {
    /// Returns where the site's own plugins lie; an empty path where those of the working folder are not to be read.
    #[must_use]
    pub fn plugins_folder(&self) -> PathBuf {
        let beside = || self.path.as_ref()?.parent().map(|folder| folder.join(PLUGINS));
        self.config.plugins.folder.clone().or_else(beside).unwrap_or_else(|| PLUGINS.into())
    }

    /// Leaves the plugins of the working folder alone where somebody else may have written them.
    fn doubt_plugins(mut self) -> Self {
        let folder = self.plugins_folder();
        if folder == Path::new(PLUGINS)
            && self.config.plugins.folder.is_none()
            && let Some(doubt) = doubt_of_folder(&folder)
        {
            self.config.plugins.folder = Some(PathBuf::new());
            self.refused.push(doubt);
        }
        self
    }
}

impl Config {
    /// Where the store is.
    ///
    /// # Errors
    /// A URL that cannot be understood; or the site set none and the user has no home to put a file in.
    pub fn store_place(&self) -> Result<StorePlace, ConfigError> {
        if let Some(url) = &self.store.url {
            let place = ServerPlace::parse(url).map_err(|error| {
                let help = "write postgres://USER@HOST/DATABASE, with %XX for odd characters";
                ConfigError::of_file(None, &error.to_string(), Some(help))
            })?;
            let place = place.with_password_file(self.store.password_file.as_deref());
            return Ok(StorePlace::Server(Box::new(place)));
        }
        let default = || data_folder().map(|folder| folder.join(STORE_FILE));
        self.store.path.clone().or_else(default).map(StorePlace::File).ok_or_else(|| {
            let help = "set `path` under [store], or give --store";
            ConfigError::of_file(None, "there is no home folder to keep the store in", Some(help))
        })
    }
}

/// Finds and reads the configuration; the defaults if there is none. `explicit` is what the command
/// line names.
///
/// # Errors
/// A named file is not there, a file cannot be read, or there is a mistake in it.
pub fn load(explicit: Option<&Path>) -> Result<Loaded, ConfigError> {
    let places = Places::of_process();
    let mut loaded = match places.find(explicit) {
        Some(path) => read(&path)?,
        None => Loaded::default(),
    };
    loaded.refused.extend(places.doubt(explicit));
    Ok(if places.is_named(explicit) { loaded } else { loaded.doubt_plugins() })
}

/// Reads again what [`load`] has read: `before` is what it gave for `explicit`.
///
/// # Errors
/// As there; and a file of the working folder that others may write to by now.
pub fn reload(before: &Loaded, explicit: Option<&Path>) -> Result<Loaded, ConfigError> {
    let Some(path) = &before.path else { return load(explicit) };
    let places = Places::of_process();
    if *path != places.local || places.is_named(explicit) {
        return read(path);
    }
    match places.doubt(None) {
        Some(doubt) => Err(ConfigError::of_file(Some(path), &doubt, None)),
        None => read(path).map(Loaded::doubt_plugins),
    }
}

/// Reads one file, and lets its relative paths start at its folder.
///
/// # Errors
/// The file cannot be read, or there is a mistake in it.
pub fn read(path: &Path) -> Result<Loaded, ConfigError> {
    let bytes = files::read(path, Expected::TEXT).map_err(|error| unreadable(path, &error))?;
    match String::from_utf8(bytes) {
        Ok(text) => parse(&text, Some(path)),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes());
            let help = "save the file as UTF-8";
            Err(ConfigError::at(Some(path), &text, valid..valid + 1, "this is not UTF-8 text", Some(help)))
        }
    }
}

fn unreadable(path: &Path, error: &io::Error) -> ConfigError {
    let (message, help) = match error.kind() {
        io::ErrorKind::NotFound => {
            ("there is no such file".to_owned(), "write one with `cxr-triage config init`, or name another")
        }
        io::ErrorKind::PermissionDenied => {
            ("no permission to read this file".to_owned(), "give your user the right to read it")
        }
        io::ErrorKind::IsADirectory => ("this is a folder".to_owned(), "name the file in it"),
        _ => (format!("cannot be read: {error}"), "see that the file and its disk are in order"),
    };
    ConfigError::of_file(Some(path), &message, Some(help))
}

/// Reads text that came from `path`, or from nowhere.
///
/// # Errors
/// There is a mistake in it.
pub fn parse(text: &str, path: Option<&Path>) -> Result<Loaded, ConfigError> {
    let document = Document::parse(text, path)?;
    let mut config: Config = document.deserialize()?;
    check(&config, &document)?;
    if let Some(folder) = path.and_then(Path::parent) {
        resolve(&mut config, &document, folder);
    }
    Ok(Loaded { config, path: path.map(Path::to_owned), text: text.to_owned(), refused: Vec::new() })
}

/// Lets the relative paths that are written in the file start at `folder`, and `~/` at the home.
fn resolve(config: &mut Config, document: &Document<'_>, folder: &Path) {
    let home = etcetera::home_dir().ok();
    let absolute = |path: &mut PathBuf| {
        *path = match (path.strip_prefix("~"), &home) {
            (Ok(rest), Some(home)) => home.join(rest),
            _ => folder.join(&*path),
        }
    };
    if document.has(&["inbox", "path"]) {
        absolute(&mut config.inbox.path);
    }
    // The defaults of these hold no path.
    config.model.weights.iter_mut().chain(config.inboxes.values_mut()).for_each(absolute);
    if let Some(theme) = config.dashboard.theme.as_mut().filter(|theme| is_theme_file(theme)) {
        let mut path = PathBuf::from(&*theme);
        absolute(&mut path);
        *theme = path.to_string_lossy().into_owned();
    }
    let store = config.store.path.iter_mut().chain(&mut config.store.password_file);
    let files = store.chain(&mut config.log.file).chain(&mut config.metrics.textfile);
    files.chain(&mut config.retention.folders).chain([&mut config.people.file]).for_each(absolute);
    let receive = &mut config.receive;
    let files = [&mut receive.tls_certificate, &mut receive.tls_key, &mut receive.tls_senders];
    files.into_iter().flatten().for_each(absolute);
    for destination in config.send.values_mut() {
        let files = [&mut destination.tls_roots, &mut destination.tls_certificate, &mut destination.tls_key];
        files.into_iter().flatten().for_each(absolute);
    }
    let plugins = &mut config.plugins;
    plugins.folder.iter_mut().chain(&mut plugins.exports).for_each(absolute);
    plugins.copy_to.values_mut().for_each(absolute);
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn relative_paths_start_at_the_folder_of_the_file() {
        let text = "[inbox]\npath = \"in\"\n[store]\npath = \"/data/store.db\"\n\
                    [model]\nweights = [\"w\", \"~/w\"]\n[log]\nfile = \"../a.log\"";
        let config = parse(text, Some(Path::new("/etc/cxr/c.toml"))).unwrap().config;
        let home = etcetera::home_dir().unwrap();
        assert_eq!(config.inbox.path, Path::new("/etc/cxr/in"));
        assert_eq!(config.store.path.as_deref(), Some(Path::new("/data/store.db")));
        assert_eq!(config.model.weights, [Path::new("/etc/cxr/w"), &home.join("w")]);
        assert_eq!(config.log.file.as_deref(), Some(Path::new("/etc/cxr/../a.log")));
    }

    #[test]
    fn the_default_inbox_stays_in_the_working_directory() {
        let config = parse("[inbox]\nsettle = \"1s\"", Some(Path::new("/etc/cxr/c.toml"))).unwrap().config;
        assert_eq!(config.inbox.path, Path::new("inbox"));
    }

    #[test]
    fn a_file_in_the_working_directory_goes_before_the_users() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let places = Places { variable: None, local: at("local.toml"), user: Some(at("user.toml")) };
        assert_eq!(places.find(None), None);
        fs::write(at("user.toml"), "").unwrap();
        assert_eq!(places.find(None), Some(at("user.toml")));
        fs::write(at("local.toml"), "").unwrap();
        assert_eq!(places.find(None), Some(at("local.toml")));
        // What is named counts, there or not.
        let named = Places { variable: Some(at("named.toml")), ..places };
        assert_eq!(named.find(None), Some(at("named.toml")));
        assert_eq!(named.find(Some(&at("given.toml"))), Some(at("given.toml")));
    }

    #[test]
    fn a_file_of_the_working_directory_that_others_can_write_is_passed_over_unless_it_is_named() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("local.toml"), "").unwrap();
        fs::write(at("user.toml"), "").unwrap();
        let places = Places { variable: None, local: at("local.toml"), user: Some(at("user.toml")) };
        assert_eq!((places.find(None), places.doubt(None)), (Some(at("local.toml")), None));
        fs::set_permissions(at("local.toml"), fs::Permissions::from_mode(0o666)).unwrap();
        assert_eq!(places.find(None), Some(at("user.toml")));
        assert!(places.doubt(None).unwrap().contains("local.toml in the working folder is not read"));
        let named = at("local.toml");
        assert_eq!((places.find(Some(&named)), places.doubt(Some(&named))), (Some(named.clone()), None));
    }

    #[test]
    fn a_named_file_that_is_not_there_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = load(Some(&folder.path().join("none.toml"))).unwrap_err();
        assert_eq!(error.message, "there is no such file");
        assert!(error.help.unwrap().contains("config init"));
    }

    #[test]
    fn a_folder_or_text_in_another_encoding_is_refused_with_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(
            read(folder.path()).unwrap_err().message,
            "cannot be read: it is a folder, not a text file"
        );
        let latin = folder.path().join("latin.toml");
        fs::write(&latin, b"# caf\xe9\n").unwrap();
        let error = read(&latin).unwrap_err();
        assert_eq!((error.line, error.column), (Some(1), Some(6)));
    }

    proptest! {
        #[test]
        fn no_text_brings_the_reader_down(text in "(?s).{0,60}", junk in "[\\[\\]\"'=.,\\\\#\n a-z0-9]{0,60}") {
            for text in [text, format!("[thresholds.m]\n{junk}"), junk] {
                if let Err(error) = parse(&text, None) {
                    prop_assert!(!error.message.is_empty());
                }
            }
        }
    }
}
