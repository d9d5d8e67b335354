//! Styles by their meaning. Severity is always also a word and a symbol.
//!
//! A theme is a TOML file of semantic roles that may inherit another; `themes/` has those that are in the
//! program. [`Theme::parse`] is pure: its caller finds files, watches them, and gives it texts.

mod colour;
mod file;

pub use colour::{Depth, contrast};
pub use file::{Source as ThemeSource, built_in_text, catalogue, known_themes};

use ratatui::style::{Color, Style};

use crate::{session::protocol::NoticeLevel, study::Severity};

/// Declares [`Theme`] with a field a role, so that a file's names and the code's cannot differ.
macro_rules! roles {
    ($($(#[$about:meta])+ $role:ident,)+) => {
        /// One style a role.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct Theme {
            /// The whole screen's background; `Reset`: the terminal's own.
            pub background: Color,
            /// Whether borders, bars and symbols are drawn with ASCII alone.
            pub ascii: bool,
            $($(#[$about])+ pub $role: Style,)+
        }

        impl Theme {
            /// The names of the roles.
            pub const ROLES: &'static [&'static str] = &[$(stringify!($role)),+];

            /// No style for anything.
            fn bare() -> Self {
                Self { background: Color::Reset, ascii: false, $($role: Style::new()),+ }
            }

            fn role_mut(&mut self, name: &str) -> Option<&mut Style> {
                match name {
                    $(stringify!($role) => Some(&mut self.$role),)+
                    _ => None,
                }
            }

            /// Each role's name and style.
            #[must_use]
            pub fn roles(&self) -> Vec<(&'static str, Style)> {
                vec![$((stringify!($role), self.$role)),+]
            }

            /// The theme with the colours that a terminal of that depth can show.
            #[must_use]
            pub fn at_depth(mut self, depth: Depth) -> Self {
                let ground = colour::style_at_depth(Style::new().bg(self.background), depth);
                self.background = ground.bg.unwrap_or(self.background);
                $(self.$role = colour::style_at_depth(self.$role, depth);)+
                self
            }
        }
    };
}

roles! {
    /// Ordinary text.
    text,
    /// Text that matters less, and labels that are not validated.
    dim,
    /// The program's name.
    brand,
    /// A pane's title.
    title,
    /// A pane's border.
    border,
    /// Headings of columns and sections.
    heading,
    /// The selected row, over its other styles.
    selected,
    /// A study that nobody has opened, over its other styles.
    new,
    /// Critical.
    critical,
    /// Urgent.
    urgent,
    /// Routine.
    routine,
    /// Held.
    held,
    /// The threshold marks on a bar.
    mark,
    /// A key in the footer and the help.
    key,
    /// A message for information.
    info,
    /// A warning.
    warning,
    /// A failure.
    error,
}

impl Theme {
    /// Returns the name of the theme where nobody asked for one: dark, or light where the terminal says that its
    /// background is light (`COLORFGBG`, as rxvt and Konsole set it), or the sixteen colours of a terminal
    /// that has no more.
    #[must_use]
    pub fn default_name(depth: Depth, colorfgbg: &str) -> &'static str {
        let background = colorfgbg.rsplit(';').next().and_then(|number| number.parse::<u8>().ok());
        match (depth, background) {
            (Depth::Sixteen, _) => "sixteen",
            (_, Some(7 | 9..=15)) => "light",
            _ => "dark",
        }
    }

    /// The dark theme.
    #[must_use]
    pub fn standard() -> Self {
        Self::built_in("dark").unwrap_or_else(Self::bare)
    }

    /// No colour at all (<https://no-color.org>): bold, dim, underlined and reversed only.
    #[must_use]
    pub fn monochrome() -> Self {
        Self::built_in("mono").unwrap_or_else(Self::bare)
    }

    /// The style of a band.
    #[must_use]
    pub fn severity(&self, severity: Severity) -> Style {
        match severity {
            Severity::Critical => self.critical,
            Severity::Urgent => self.urgent,
            Severity::Routine => self.routine,
            Severity::Held => self.held,
        }
    }

    /// The style of a message.
    #[must_use]
    pub fn notice(&self, level: NoticeLevel) -> Style {
        match level {
            NoticeLevel::Info => self.info,
            NoticeLevel::Warning => self.warning,
            NoticeLevel::Error => self.error,
        }
    }
}

/// The symbol that goes with a band's word.
#[must_use]
pub(super) fn symbol(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "◆",
        Severity::Urgent => "▲",
        Severity::Routine => "·",
        Severity::Held => "‖",
    }
}

/// A band's word for narrow places.
#[must_use]
pub(super) fn short_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "crit",
        Severity::Urgent => "urg",
        Severity::Routine => "rout",
        Severity::Held => "held",
    }
}
