//! Names that are kept off the screen, by a key or because nobody is at the keys: the one place that decides what is shown
//! in their stead.

use std::borrow::Cow;

use jiff::Timestamp;

use super::State;
use crate::{
    dashboard::{keymap::action::Action, words},
    session::protocol::{HIDDEN, NoticeLevel},
    store::StudyRow,
    study::Sending,
    text::{long_time, shown, unnamed},
};

impl State {
    /// Returns whether names and identifiers are kept off the screen.
    #[must_use]
    pub fn hides_names(&self) -> bool {
        self.hides_names
    }

    /// Returns the subject of a study, or a number for it while names are hidden.
    #[must_use]
    pub fn subject(&self, row: &StudyRow) -> String {
        if self.hides_names { format!("study {}", row.id) } else { words::subject(row) }
    }

    /// Returns a text that people, plugins or other programs wrote; while names are hidden, words in its place.
    #[must_use]
    pub fn hidden<'a>(&self, text: &'a str) -> &'a str {
        if self.hides_names && !text.is_empty() { HIDDEN } else { text }
    }

    /// Returns how far a result has come, without the destination's answer while names are hidden: it may repeat what was
    /// sent to it.
    pub(in crate::dashboard) fn sending_in_words(&self, sending: &Sending) -> String {
        let mut sending = Cow::Borrowed(sending);
        if self.hides_names {
            sending.to_mut().replace_answer(HIDDEN);
        }
        sending.words(self.now, &self.zone)
    }

    /// Returns a sentence about the film that is shown. While names are hidden the film's path is a hash, as in the log, and
    /// a sentence with another path is hidden.
    pub(in crate::dashboard) fn without_path<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if !self.hides_names {
            return Cow::Borrowed(text);
        }
        let path = self.film().map(|film| &film.path).filter(|path| !path.as_os_str().is_empty());
        let text = path.map_or(Cow::Borrowed(text), |path| text.replace(&shown(path), &unnamed(path)).into());
        if text.contains('/') { Cow::Borrowed(HIDDEN) } else { text }
    }

    /// Hides names, or shows them again. A message that stood there may hold one.
    pub(in crate::dashboard) fn toggle_names(&mut self) {
        self.hides_names = !self.hides_names;
        if self.hides_names {
            self.notice = None;
        }
    }

    /// Hides names when nobody has been at the keys for as long as the site says.
    pub(in crate::dashboard) fn hide_names_when_idle(&mut self, now: Timestamp) {
        // The clock may have been set back.
        self.touched_at = self.touched_at.min(now);
        let Some(after) = self.site.hide_names_after.filter(|_| !self.hides_names) else { return };
        if now.duration_since(self.touched_at) < after {
            return;
        }
        self.hides_names = true;
        self.stale = true;
        let (time, key) = (long_time(after.as_secs()), self.keymap.shown(Action::HideNames));
        self.say(
            NoticeLevel::Info,
            format!("Names are hidden: nobody was at the keys for {time}. {key} shows them."),
        );
    }
}
