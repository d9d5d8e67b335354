//! What a style means, apart from what it looks like. Severity is always also a word and a symbol.

use ratatui::style::{Color, Modifier, Style};

use crate::{dashboard::NoticeLevel, triage::Severity};

/// One style a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Ordinary text.
    pub text: Style,
    /// Text that matters less, and labels that are not validated.
    pub dim: Style,
    /// The program's name.
    pub brand: Style,
    /// A pane's title.
    pub title: Style,
    /// A pane's border.
    pub border: Style,
    /// Headings of columns and sections.
    pub heading: Style,
    /// The selected row, over its other styles.
    pub selected: Style,
    /// A study that nobody has opened, over its other styles.
    pub new: Style,
    /// Critical.
    pub critical: Style,
    /// Urgent.
    pub urgent: Style,
    /// Routine.
    pub routine: Style,
    /// Held.
    pub held: Style,
    /// The threshold marks on a bar.
    pub mark: Style,
    /// A key in the footer and the help.
    pub key: Style,
    /// A message for information.
    pub info: Style,
    /// A warning.
    pub warning: Style,
    /// A failure.
    pub error: Style,
}

impl Theme {
    /// Sixteen colours over the terminal's own foreground and background, so that it reads in dark and
    /// in light terminals.
    #[must_use]
    pub fn standard() -> Self {
        let plain = Style::new();
        let colour = |colour| plain.fg(colour);
        let bold = Modifier::BOLD;
        Self {
            text: plain,
            dim: plain.add_modifier(Modifier::DIM),
            brand: colour(Color::Cyan).add_modifier(bold),
            title: plain.add_modifier(bold),
            border: plain.add_modifier(Modifier::DIM),
            heading: plain.add_modifier(Modifier::DIM | Modifier::UNDERLINED),
            selected: plain.add_modifier(Modifier::REVERSED),
            new: plain.add_modifier(bold),
            critical: colour(Color::Red).add_modifier(bold),
            urgent: colour(Color::Yellow),
            routine: plain,
            held: colour(Color::Magenta),
            mark: colour(Color::Cyan),
            key: colour(Color::Cyan),
            info: plain,
            warning: colour(Color::Yellow).add_modifier(bold),
            error: colour(Color::Red).add_modifier(bold),
        }
    }

    /// No colour at all (<https://no-color.org>): bold, dim, underlined and reversed only.
    #[must_use]
    pub fn monochrome() -> Self {
        let mut theme = Self::standard();
        for style in [
            &mut theme.brand,
            &mut theme.critical,
            &mut theme.urgent,
            &mut theme.held,
            &mut theme.mark,
            &mut theme.key,
            &mut theme.warning,
            &mut theme.error,
        ] {
            style.fg = None;
        }
        theme
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_monochrome_theme_has_no_colour() {
        let theme = format!("{:?}", Theme::monochrome());
        for colour in ["Red", "Yellow", "Cyan", "Magenta"] {
            assert!(!theme.contains(colour), "{colour} in {theme}");
        }
    }
}
