//! The theme of the dashboard: which one was asked for, where it lies, and what its file says now.

use std::{
    env,
    path::{Path, PathBuf},
    sync::Mutex,
};

use crate::{
    config::{self, Borders, ConfigError, Dashboard, Places},
    dashboard::{Depth, Theme, ThemeSource, built_in_text, known_themes},
    files::{self, Expected},
    lock::lock,
    text::shown,
};

/// The folder of the user's themes, beside the configuration file.
const FOLDER: &str = "themes";

/// The sources of a theme, and what decides on it beside the configuration.
#[derive(Debug, Clone)]
pub(super) struct ThemeSources {
    /// `--theme`.
    named: Option<String>,
    /// The user's own themes.
    folder: Option<PathBuf>,
    /// Whether `NO_COLOR` is set.
    no_colour: bool,
    depth: Depth,
    colorfgbg: String,
}

impl ThemeSources {
    /// As the command line and the environment say.
    pub(super) fn of_process(named: Option<&str>) -> Self {
        let word = |name| env::var(name).unwrap_or_default();
        let user = Places::of_process().user;
        Self {
            named: named.map(str::to_owned),
            folder: user.as_deref().and_then(Path::parent).map(|folder| folder.join(FOLDER)),
            no_colour: env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()),
            depth: Depth::of(&word("COLORTERM"), &word("TERM")),
            colorfgbg: word("COLORFGBG"),
        }
    }

    /// The word that decides: the command line's, then `NO_COLOR`, then the configuration's.
    fn word(&self, config: &Dashboard) -> String {
        let named_there = || match &config.theme {
            _ if self.no_colour => "mono".to_owned(),
            Some(theme) => theme.clone(),
            None => Theme::default_name(self.depth, &self.colorfgbg).to_owned(),
        };
        self.named.clone().unwrap_or_else(named_there)
    }

    /// The theme in force.
    pub(super) fn choose(&self, config: &Dashboard) -> Result<Theme, ConfigError> {
        let word = self.word(config);
        let (text, path) = self.source(&word)?;
        let find = |name: &str| {
            let users = self.users_own(name).ok().flatten();
            users.or_else(|| built_in_text(name).map(|text| (text.to_owned(), None)))
        };
        let mut theme = Theme::parse(&text, path.as_deref(), &find)?.at_depth(self.depth);
        theme.ascii |= config.borders == Borders::Ascii;
        Ok(theme)
    }

    fn source(&self, word: &str) -> Result<ThemeSource, ConfigError> {
        if config::is_theme_file(word) {
            let path = PathBuf::from(word);
            return read(&path).map(|text| (text, Some(path)));
        }
        if let Some(own) = self.users_own(word)? {
            return Ok(own);
        }
        built_in_text(word).map(|text| (text.to_owned(), None)).ok_or_else(|| {
            let own = match &self.folder {
                Some(folder) => format!("{}; your own lie in {}", known_themes(), shown(folder)),
                None => known_themes(),
            };
            ConfigError::of_file(None, &format!("there is no theme `{word}`"), Some(&own))
        })
    }

    /// A theme in the user's folder, if there is one of that name.
    fn users_own(&self, name: &str) -> Result<Option<ThemeSource>, ConfigError> {
        let Some(path) = self.folder.as_ref().map(|folder| folder.join(format!("{name}.toml"))) else {
            return Ok(None);
        };
        if !path.exists() {
            return Ok(None);
        }
        read(&path).map(|text| Some((text, Some(path))))
    }

    /// The file that has to be watched: the theme's own, if it has one.
    fn file(&self, config: &Dashboard) -> Option<PathBuf> {
        self.source(&self.word(config)).ok().and_then(|(_, path)| path)
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    files::read_text(path, Expected::TEXT).map_err(|error| {
        let message = format!("the theme cannot be read: {error}");
        ConfigError::of_file(Some(path), &message, Some("see that the file is there and is UTF-8 text"))
    })
}

/// The theme of a running dashboard: chosen anew when the configuration or the theme's file changes.
pub(super) struct CurrentTheme {
    sources: ThemeSources,
    chosen: Mutex<Chosen>,
}

struct Chosen {
    config: Dashboard,
    theme: Theme,
    _watcher: Option<config::Watcher>,
}

/// The outcome of a change: another theme, or why the old one stays.
pub(super) type Change = Result<Box<Theme>, ConfigError>;

impl CurrentTheme {
    /// The theme at the start.
    ///
    /// # Errors
    /// There is none of that name, or a mistake in its file.
    pub(super) fn new(sources: ThemeSources, config: &Dashboard) -> Result<Self, ConfigError> {
        let theme = sources.choose(config)?;
        let chosen = Chosen { config: config.clone(), theme, _watcher: None };
        Ok(Self { sources, chosen: Mutex::new(chosen) })
    }

    pub(super) fn theme(&self) -> Theme {
        self.chosen().theme
    }

    /// A panic while it was held left a whole value behind.
    fn chosen(&self) -> std::sync::MutexGuard<'_, Chosen> {
        lock(&self.chosen)
    }

    /// Watches the theme's file, if it has one, and calls `tell` after each change of it.
    pub(super) fn watch(self: &std::sync::Arc<Self>, tell: impl Fn(Change) + Send + Clone + 'static) {
        let Some(path) = self.sources.file(&self.chosen().config) else { return };
        let current = std::sync::Arc::downgrade(self);
        let text = files::read_text(&path, Expected::TEXT).ok();
        let watcher = config::watch(&path, text.as_deref(), move || {
            let change = current.upgrade().and_then(|current| current.choose_again());
            change.into_iter().for_each(&tell);
        });
        match watcher {
            Ok(watcher) => self.chosen()._watcher = Some(watcher),
            Err(error) => tracing::warn!(%error, "changes of the theme will not be seen"),
        }
    }

    /// A changed configuration: maybe another theme, and another file to watch.
    pub(super) fn change_to(
        self: &std::sync::Arc<Self>,
        config: &Dashboard,
        tell: impl Fn(Change) + Send + Clone + 'static,
    ) {
        let same = {
            let mut chosen = self.chosen();
            std::mem::replace(&mut chosen.config, config.clone()) == *config
        };
        if !same {
            self.choose_again().into_iter().for_each(&tell);
            self.watch(tell);
        }
    }

    /// The theme as its file says it now; none if nothing changed.
    fn choose_again(&self) -> Option<Change> {
        let mut chosen = self.chosen();
        match self.sources.choose(&chosen.config) {
            Ok(theme) if theme == chosen.theme => None,
            Ok(theme) => {
                chosen.theme = theme;
                Some(Ok(Box::new(theme)))
            }
            Err(error) => Some(Err(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use std::sync::{Arc, mpsc::channel};

    use super::*;

    fn sources(folder: &Path) -> ThemeSources {
        ThemeSources {
            named: None,
            folder: Some(folder.to_owned()),
            no_colour: false,
            depth: Depth::Full,
            colorfgbg: String::new(),
        }
    }

    fn configured(theme: &str) -> Dashboard {
        Dashboard { theme: Some(theme.to_owned()), ..Dashboard::default() }
    }

    #[test]
    fn the_command_line_goes_before_no_color_and_that_before_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let plain = sources(folder.path());
        let dull = ThemeSources { no_colour: true, ..plain.clone() };
        let named = ThemeSources { named: Some("light".to_owned()), ..dull.clone() };
        for (sources, config, name) in [
            (&plain, Dashboard::default(), "dark"),
            (&plain, configured("sixteen"), "sixteen"),
            (&dull, configured("sixteen"), "mono"),
            (&named, configured("sixteen"), "light"),
        ] {
            assert_eq!(sources.choose(&config).unwrap(), Theme::built_in(name).unwrap(), "{name}");
        }
    }

    #[test]
    fn a_users_own_theme_goes_before_the_built_in_one_and_may_inherit_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("dark.toml"), "inherits = \"dark\"\nbackground = \"#101112\"").unwrap();
        let theme = sources(folder.path()).choose(&configured("dark")).unwrap();
        assert_ne!(theme, Theme::standard());
        assert_eq!(theme.critical, Theme::standard().critical);
    }

    #[test]
    fn themes_that_inherit_in_a_ring_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let heir = |name: &str, of: &str| {
            fs::write(folder.path().join(format!("{name}.toml")), format!("inherits = \"{of}\"")).unwrap();
        };
        for (heirs, wanted, says) in [
            (
                &[("dusk", "dawn"), ("dawn", "dusk")][..],
                "dusk",
                "`dusk` inherits `dawn`, `dawn` inherits `dusk`",
            ),
            (&[("dusk", "dusk")], "dusk", "`dusk` inherits `dusk`"),
            (&[("a", "b"), ("b", "c"), ("c", "b")], "a", "`b` inherits `c`, `c` inherits `b`"),
        ] {
            heirs.iter().for_each(|(name, of)| heir(name, of));
            let error = sources(folder.path()).choose(&configured(wanted)).unwrap_err();
            assert!(error.message.ends_with(&format!("in a ring: {says}")), "{error}");
        }
        // The name of a built-in theme, of which a theme of that name is an heir.
        heir("dark", "dark");
        heir("mine", "dark");
        assert_eq!(sources(folder.path()).choose(&configured("mine")).unwrap(), Theme::standard());
    }

    #[test]
    fn a_theme_that_is_not_there_is_told_with_those_that_are() {
        let folder = tempfile::tempdir().unwrap();
        let error = sources(folder.path()).choose(&configured("dusk")).unwrap_err().to_string();
        assert!(error.contains("`dusk`") && error.contains("colour-blind"), "{error}");
    }

    #[test]
    fn a_changed_file_is_shown_at_once_and_a_broken_one_leaves_the_old() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.toml");
        fs::write(&path, "inherits = \"dark\"").unwrap();
        let current = Arc::new(CurrentTheme::new(sources(folder.path()), &configured("mine")).unwrap());
        let (send, changes) = channel();
        current.watch(move |change| {
            let _ = send.send(change);
        });
        let save = |text: &str| {
            fs::write(folder.path().join("new"), text).unwrap();
            fs::rename(folder.path().join("new"), &path).unwrap();
        };
        save("inherits = \"dark\"\n[roles]\ntext = \"pink\"");
        let error = changes.recv().unwrap().unwrap_err();
        assert_eq!((error.line, error.path.as_deref()), (Some(3), Some(path.as_path())));
        assert_eq!(current.theme(), Theme::standard());
        save("inherits = \"light\"");
        assert_eq!(*changes.recv().unwrap().unwrap(), Theme::built_in("light").unwrap());
    }
}
