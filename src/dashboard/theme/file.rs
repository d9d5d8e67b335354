//! Themes as TOML: roles, a palette, and what is inherited.

use std::{collections::BTreeMap, ops::Range, path::Path};

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use toml::{Spanned, Value};

use super::{Theme, colour};
use crate::{config::ConfigError, text::clean};

/// The themes that are in the program: name and text.
pub(super) const BUILT_IN: [(&str, &str); 6] = [
    ("dark", include_str!("../../../themes/dark.toml")),
    ("light", include_str!("../../../themes/light.toml")),
    ("high-contrast", include_str!("../../../themes/high-contrast.toml")),
    ("colour-blind", include_str!("../../../themes/colour-blind.toml")),
    ("sixteen", include_str!("../../../themes/sixteen.toml")),
    ("mono", include_str!("../../../themes/mono.toml")),
];

/// More than anybody inherits on purpose.
const MOST_ANCESTORS: usize = 8;

/// A theme's file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a theme")]
struct File {
    /// One line on what it is for.
    #[serde(default)]
    about: String,
    /// The theme that this one changes.
    inherits: Option<Spanned<String>>,
    /// The whole screen's background; none: the terminal's own.
    background: Option<Spanned<String>>,
    /// Whether borders, bars and symbols are drawn with ASCII alone.
    ascii: Option<bool>,
    /// Colours with names of their own.
    #[serde(default)]
    palette: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    roles: BTreeMap<String, Spanned<Value>>,
}

/// The text of a theme, and the file that it is from, if any.
pub type Source = (String, Option<std::path::PathBuf>);

/// One text with what errors need.
struct Sheet<'a> {
    path: Option<&'a Path>,
    text: &'a str,
    file: File,
}

impl<'a> Sheet<'a> {
    fn read(text: &'a str, path: Option<&'a Path>) -> Result<Self, ConfigError> {
        match toml::from_str(text) {
            Ok(file) => Ok(Self { path, text, file }),
            Err(error) => {
                let message = error.message().to_owned();
                Err(ConfigError::at(path, text, error.span().unwrap_or_default(), &message, None))
            }
        }
    }

    fn wrong(&self, span: Range<usize>, message: &str, help: &str) -> ConfigError {
        ConfigError::at(self.path, self.text, span, message, Some(help))
    }
}

impl Theme {
    /// Reads a theme. `find` gives the text of a theme that it inherits, by name: a user's own before the one in the
    /// program. A user's theme that inherits its own name means the latter, which `find` is not asked for.
    ///
    /// # Errors
    /// A [`ConfigError`] with file and line.
    pub fn parse(
        text: &str,
        path: Option<&Path>,
        find: &dyn Fn(&str) -> Option<Source>,
    ) -> Result<Self, ConfigError> {
        let mut sources: Vec<Source> = vec![(text.to_owned(), path.map(Path::to_owned))];
        let mut names = vec![
            path.and_then(Path::file_stem).map(|stem| clean(&stem.to_string_lossy())).unwrap_or_default(),
        ];
        while let (Some((text, path)), Some(heir)) = (sources.last(), names.last()) {
            let sheet = Sheet::read(text, path.as_deref())?;
            let Some(parent) = &sheet.file.inherits else {
                // An editor's save may be caught with the file still empty.
                if sheet.file.roles.is_empty() && sheet.file.background.is_none() {
                    let help = "write inherits = \"dark\" and what is to be different, or every role";
                    return Err(ConfigError::of_file(path.as_deref(), "this theme is empty", Some(help)));
                }
                break;
            };
            let name = parent.get_ref();
            let wrong =
                |message: &str| sheet.wrong(parent.span(), message, "inherit one of the built-in themes");
            // A user's theme that inherits its own name means the one in the program.
            let of_program = built_in_text(name).filter(|_| name == heir && path.is_some());
            if of_program.is_none()
                && let Some(first) = names.iter().position(|known| known == name)
            {
                return Err(wrong(&ring(&names[first..])));
            }
            if sources.len() > MOST_ANCESTORS {
                return Err(wrong(&format!("more than {MOST_ANCESTORS} themes inherit from each other")));
            }
            let found =
                of_program.map(|text| (text.to_owned(), None)).or_else(|| find(name)).ok_or_else(|| {
                    sheet.wrong(parent.span(), &format!("there is no theme `{name}`"), &known_themes())
                })?;
            names.push(name.clone());
            sources.push(found);
        }

        let mut theme = Self::bare();
        let mut palette: BTreeMap<String, Color> = BTreeMap::new();
        let sheets: Vec<Sheet<'_>> = sources
            .iter()
            .rev()
            .map(|(text, path)| Sheet::read(text, path.as_deref()))
            .collect::<Result<_, _>>()?;
        // The palette of the last heir first, so that an inherited role takes the heir's colours.
        for sheet in &sheets {
            for (name, written) in &sheet.file.palette {
                let known = colour::parse(written.get_ref());
                let colour = known
                    .ok_or_else(|| sheet.wrong(written.span(), &no_colour(written.get_ref()), COLOURS))?;
                palette.insert(name.clone(), colour);
            }
        }
        for sheet in &sheets {
            theme.take(sheet, &palette)?;
        }
        Ok(theme)
    }

    /// One of the built-in themes, by name.
    #[must_use]
    pub fn built_in(name: &str) -> Option<Self> {
        let text = built_in_text(name)?;
        Self::parse(text, None, &|name| built_in_text(name).map(|text| (text.to_owned(), None))).ok()
    }

    fn take(&mut self, sheet: &Sheet<'_>, palette: &BTreeMap<String, Color>) -> Result<(), ConfigError> {
        let colour = |word: &str, span: Range<usize>| {
            let known = palette.get(word).copied().or_else(|| colour::parse(word));
            known.ok_or_else(|| sheet.wrong(span, &no_colour(word), COLOURS))
        };
        if let Some(background) = &sheet.file.background {
            self.background = colour(background.get_ref(), background.span())?;
        }
        self.ascii = sheet.file.ascii.unwrap_or(self.ascii);
        for (name, value) in &sheet.file.roles {
            let Some(role) = self.role_mut(name) else {
                let nearest = nearest(name, Self::ROLES.iter().copied());
                let message = format!("there is no role `{name}`");
                return Err(sheet.wrong(value.span(), &message, &nearest));
            };
            *role = style(value, sheet, &colour)?;
        }
        Ok(())
    }
}

/// Names each theme of a ring, and the one that it inherits.
fn ring(names: &[String]) -> String {
    let next = names.iter().cycle().skip(1);
    let links: Vec<String> =
        names.iter().zip(next).map(|(heir, name)| format!("`{heir}` inherits `{name}`")).collect();
    format!("the themes inherit in a ring: {}", links.join(", "))
}

const COLOURS: &str = "write \"#rrggbb\", a name of the [palette], \"default\", or one of the sixteen such as \
                       \"red\" or \"bright-red\"";

fn no_colour(word: &str) -> String {
    format!("`{word}` is not a colour")
}

/// The text of a built-in theme.
#[must_use]
pub fn built_in_text(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The names of the built-in themes, in words.
#[must_use]
pub fn known_themes() -> String {
    let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
    format!("the built-in themes are {}", names.join(", "))
}

/// Name and purpose of each built-in theme.
pub fn catalogue() -> impl Iterator<Item = (&'static str, String)> {
    BUILT_IN
        .iter()
        .map(|(name, text)| (*name, toml::from_str::<File>(text).map(|file| file.about).unwrap_or_default()))
}

fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str> + Clone) -> String {
    let close = names.clone().map(|name| (strsim::jaro_winkler(word, name), name));
    match close.max_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((likeness, name)) if likeness > 0.8 => format!("did you mean `{name}`?"),
        _ => format!("there are {}", names.collect::<Vec<_>>().join(", ")),
    }
}

/// Gives the colour of a word, or the mistake at its place.
type ColourOf<'a> = dyn Fn(&str, Range<usize>) -> Result<Color, ConfigError> + 'a;

/// A style: a colour, or a table of colours and attributes.
fn style(value: &Spanned<Value>, sheet: &Sheet<'_>, colour: &ColourOf<'_>) -> Result<Style, ConfigError> {
    const ATTRIBUTES: [(&str, Modifier); 5] = [
        ("bold", Modifier::BOLD),
        ("dim", Modifier::DIM),
        ("italic", Modifier::ITALIC),
        ("underline", Modifier::UNDERLINED),
        ("reversed", Modifier::REVERSED),
    ];
    const HELP: &str =
        "write a colour, or { fg = \"…\", bg = \"…\", bold, dim, italic, underline or reversed = true }";
    let wrong = |message: &str| sheet.wrong(value.span(), message, HELP);
    let mut style = Style::new();
    match value.get_ref() {
        Value::String(word) => style.fg = Some(colour(word, value.span())?),
        Value::Table(table) => {
            for (key, part) in table {
                let attribute = ATTRIBUTES.iter().find(|(name, _)| name == key);
                match (key.as_str(), attribute, part) {
                    ("fg", _, Value::String(word)) => style.fg = Some(colour(word, value.span())?),
                    ("bg", _, Value::String(word)) => style.bg = Some(colour(word, value.span())?),
                    (_, Some((_, modifier)), Value::Boolean(true)) => style = style.add_modifier(*modifier),
                    (_, Some((_, modifier)), Value::Boolean(false)) => {
                        style = style.remove_modifier(*modifier);
                    }
                    _ => return Err(wrong(&format!("`{key} = {part}` is no part of a style"))),
                }
            }
        }
        other => return Err(wrong(&format!("{} is not a style", other.type_str()))),
    }
    Ok(style)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
