//! The files that lie in the inbox and are left out, by their names or because it is no file: counted, so that a person can
//! see that it is there.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::settle::{Stamp, beneath};

/// Why something is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Its name, or its folder's, begins with a dot, and its content is not DICOM.
    Hidden,
    /// Its name says that it is not finished.
    Unfinished,
    /// A list, a note, an editor's copy.
    Text,
    /// A file or folder of the operating system's, or the index of a medium.
    System,
    /// A pipe, a socket, a device, or a link that leads to no file.
    Special,
}

/// How much is left out. A folder that is left alone counts as one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeftOut {
    /// [`Why::Hidden`].
    pub hidden: u32,
    /// [`Why::Unfinished`].
    pub unfinished: u32,
    /// [`Why::Text`].
    pub text: u32,
    /// [`Why::System`].
    pub system: u32,
    /// [`Why::Special`].
    pub special: u32,
}

impl LeftOut {
    /// All of it.
    #[must_use]
    pub fn total(self) -> u32 {
        [self.hidden, self.unfinished, self.text, self.system, self.special]
            .iter()
            .fold(0, |sum, n| sum.saturating_add(*n))
    }

    /// Counts one more.
    pub fn add(&mut self, why: Why) {
        let count = self.of(why);
        *count = count.saturating_add(1);
    }

    fn remove(&mut self, why: Why) {
        let count = self.of(why);
        *count = count.saturating_sub(1);
    }

    fn of(&mut self, why: Why) -> &mut u32 {
        match why {
            Why::Hidden => &mut self.hidden,
            Why::Unfinished => &mut self.unfinished,
            Why::Text => &mut self.text,
            Why::System => &mut self.system,
            Why::Special => &mut self.special,
        }
    }

    /// "3: 1 hidden, 2 lists or notes"; nothing where nothing is left out.
    #[must_use]
    pub fn in_words(self) -> Option<String> {
        let parts = [
            (self.unfinished, "unfinished"),
            (self.hidden, "hidden and not DICOM"),
            (self.text, "lists or notes"),
            (self.system, "of the system"),
            (self.special, "pipes, sockets, devices or links to no file"),
        ];
        let parts: Vec<String> = parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        (!parts.is_empty()).then(|| format!("{}: {}", self.total(), parts.join(", ")))
    }
}

/// The files that are left out, in the state in which they were last seen.
#[derive(Debug, Default)]
pub(super) struct Register {
    entries: BTreeMap<PathBuf, Entry>,
    counts: LeftOut,
    walk: u32,
}

#[derive(Debug)]
struct Entry {
    why: Why,
    stamp: Stamp,
    /// The last walk before or in which it was seen.
    walk: u32,
}

impl Register {
    /// Whether this is left out already, in this state; notes that it is still there.
    pub(super) fn has(&mut self, path: &Path, stamp: Stamp) -> bool {
        let walk = self.walk;
        let known = self.entries.get_mut(path).filter(|entry| entry.stamp == stamp);
        known.map(|entry| entry.walk = walk).is_some()
    }

    pub(super) fn add(&mut self, path: &Path, stamp: Stamp, why: Why) {
        let before = self.entries.insert(path.to_path_buf(), Entry { why, stamp, walk: self.walk });
        before.iter().for_each(|before| self.counts.remove(before.why));
        self.counts.add(why);
    }

    /// The path is gone, or no longer left out; nor is anything beneath it.
    pub(super) fn gone(&mut self, path: &Path) {
        for path in beneath(&self.entries, path) {
            let gone = self.entries.remove(&path);
            gone.iter().for_each(|gone| self.counts.remove(gone.why));
        }
    }

    /// A walk through the whole inbox begins.
    pub(super) fn begin_walk(&mut self) {
        self.walk = self.walk.wrapping_add(1);
    }

    /// The walk has seen all there is: what it has not seen is gone.
    pub(super) fn end_walk(&mut self) {
        let Self { entries, counts, walk } = self;
        entries.retain(|_, entry| {
            let is_there = entry.walk == *walk;
            if !is_there {
                counts.remove(entry.why);
            }
            is_there
        });
    }

    pub(super) fn counts(&self) -> LeftOut {
        self.counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMP: Stamp = Stamp { size: 1, modified_ns: 1 };

    #[test]
    fn what_goes_is_counted_no_more() {
        let mut register = Register::default();
        register.begin_walk();
        for (path, why) in [
            ("/in/a.txt", Why::Text),
            ("/in/a/b.txt", Why::Text),
            ("/in/.x", Why::Hidden),
            ("/in/c.part", Why::Unfinished),
            ("/in/Thumbs.db", Why::System),
            ("/in/pipe.dcm", Why::Special),
        ] {
            register.add(Path::new(path), STAMP, why);
        }
        let all = LeftOut { hidden: 1, unfinished: 1, text: 2, system: 1, special: 1 };
        assert_eq!((register.counts(), all.total()), (all, 6));
        let words = "6: 1 unfinished, 1 hidden and not DICOM, 2 lists or notes, 1 of the system, 1 pipes, sockets, \
                     devices or links to no file";
        assert_eq!(all.in_words().as_deref(), Some(words));
        assert_eq!(LeftOut::default().in_words(), None);

        register.gone(Path::new("/in/a"));
        assert_eq!(register.counts().text, 1, "the folder, not the file with its name and more");
        register.begin_walk();
        assert!(register.has(Path::new("/in/a.txt"), STAMP));
        assert!(!register.has(Path::new("/in/.x"), Stamp { size: 2, modified_ns: 1 }), "it has changed");
        register.end_walk();
        assert_eq!(register.counts(), LeftOut { text: 1, ..LeftOut::default() });
    }
}
