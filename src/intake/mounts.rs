//! Named inboxes: where this host has them, and the place of a file in one as every host knows it.
//!
//! A store that several hosts share keeps the inbox's name and the path below it (`er:2026/a.dcm`); each host says where
//! that inbox is (`er=/mnt/er`). A path that begins with a slash is the same on every host.

use std::{
    ffi::OsStr,
    fmt,
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Component, Path, PathBuf},
    str::FromStr,
};

use crate::text::shown;

/// Characters of a name, at most.
const LONGEST: usize = 32;
/// The words that stand before the colon in paths of patients that were forgotten, and in hashes of paths.
const RESERVED: [&str; 2] = ["forgotten", "file"];

/// The name of an inbox: a letter, then letters, digits, `-` or `_`; all lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InboxName(String);

/// Why a name or a list of inboxes cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MountError {
    /// The name.
    #[error(
        "`{0}` is no name of an inbox: it has 1 to {LONGEST} small letters, digits, - or _, and begins with a letter"
    )]
    Name(String),
    /// The name means something else already.
    #[error(
        "`{0}` cannot be the name of an inbox: the program writes that word for something else; choose another"
    )]
    Reserved(String),
    /// No equals sign, or nothing behind it.
    #[error("`{0}` does not say where an inbox is: write NAME=FOLDER, such as er=/mnt/er")]
    Form(String),
    /// A folder that does not begin with a slash.
    #[error("the inbox {0} is at {folder}, which is no absolute path", folder = shown(.1))]
    Relative(String, PathBuf),
    /// One folder lies in the other, so that a file would have two places.
    #[error("the inboxes {0} and {1} lie in one another: a file would have two places")]
    Nested(String, String),
}

impl InboxName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InboxName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for InboxName {
    type Err = MountError;

    fn from_str(text: &str) -> Result<Self, MountError> {
        if !is_name(text.as_bytes()) {
            Err(MountError::Name(crate::text::clean(text)))
        } else if RESERVED.contains(&text) {
            Err(MountError::Reserved(text.to_owned()))
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

fn is_name(bytes: &[u8]) -> bool {
    bytes.len() <= LONGEST
        && bytes.first().is_some_and(u8::is_ascii_lowercase)
        && bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(byte))
}

/// One inbox, and where this host has it: `er=/mnt/er`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// The inbox's name.
    pub name: InboxName,
    /// Its folder on this host.
    pub folder: PathBuf,
}

impl FromStr for Mount {
    type Err = MountError;

    fn from_str(text: &str) -> Result<Self, MountError> {
        let form = || MountError::Form(crate::text::clean(text));
        let (name, folder) = text.split_once('=').ok_or_else(form)?;
        if folder.is_empty() {
            return Err(form());
        }
        Ok(Self { name: name.parse()?, folder: folder.into() })
    }
}

/// The named inboxes that a host has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mounts(Vec<Mount>);

impl Mounts {
    /// The inboxes of a list; a later one takes the place of an earlier one of its name.
    ///
    /// # Errors
    /// A folder is no absolute path, or one lies in another.
    pub fn new(list: impl IntoIterator<Item = Mount>) -> Result<Self, MountError> {
        let mut mounts: Vec<Mount> = Vec::new();
        for mount in list {
            if !mount.folder.is_absolute() {
                return Err(MountError::Relative(mount.name.0, mount.folder));
            }
            mounts.retain(|known| known.name != mount.name);
            mounts.push(mount);
        }
        for (at, one) in mounts.iter().enumerate() {
            let nested = |other: &&Mount| {
                other.folder.starts_with(&one.folder) || one.folder.starts_with(&other.folder)
            };
            if let Some(other) = mounts.iter().skip(at + 1).find(nested) {
                return Err(MountError::Nested(one.name.0.clone(), other.name.0.clone()));
            }
        }
        Ok(Self(mounts))
    }

    /// The inboxes, in the order in which they were named.
    pub fn iter(&self) -> impl Iterator<Item = &Mount> {
        self.0.iter()
    }

    /// The folder of an inbox on this host.
    #[must_use]
    pub fn folder(&self, name: &str) -> Option<&Path> {
        self.0.iter().find(|mount| mount.name.as_str() == name).map(|mount| mount.folder.as_path())
    }

    /// The inbox that a path of this host lies in, if it lies in one.
    #[must_use]
    pub fn inbox_of(&self, path: &Path) -> Option<&Mount> {
        self.0.iter().find(|mount| path.starts_with(&mount.folder) && path != mount.folder)
    }

    /// A path of this host as every host knows it. One that lies in no named inbox stays as it is.
    #[must_use]
    pub fn place(&self, path: &Path) -> PathBuf {
        let named = self.inbox_of(path).and_then(|mount| {
            let below = path.strip_prefix(&mount.folder).ok()?;
            let mut place = mount.name.as_str().as_bytes().to_vec();
            place.push(b':');
            place.extend(below.as_os_str().as_bytes());
            Some(PathBuf::from(std::ffi::OsString::from_vec(place)))
        });
        named.unwrap_or_else(|| path.to_owned())
    }

    /// A place as this host reaches it. One in an inbox that is not mounted here stays as it is: see [`unmounted`].
    #[must_use]
    pub fn path(&self, place: &Path) -> PathBuf {
        let here = split(place).and_then(|(name, below)| Some(self.folder(name)?.join(below)));
        here.unwrap_or_else(|| place.to_owned())
    }
}

/// The inbox's name and the path below it, of a place in a named inbox. Nothing that leads out of the inbox is one.
#[must_use]
pub fn split(place: &Path) -> Option<(&str, &Path)> {
    let bytes = place.as_os_str().as_bytes();
    let colon = bytes.iter().position(|byte| *byte == b':')?;
    let (name, below) = (bytes.get(..colon)?, Path::new(OsStr::from_bytes(bytes.get(colon + 1..)?)));
    let stays = below.components().all(|part| matches!(part, Component::Normal(_)));
    let name =
        std::str::from_utf8(name).ok().filter(|name| is_name(name.as_bytes()) && !RESERVED.contains(name))?;
    (stays && !below.as_os_str().is_empty()).then_some((name, below))
}

/// Why a path that a store gave cannot be opened on this host, if it lies in an inbox that is not mounted here.
#[must_use]
pub fn unmounted(path: &Path) -> Option<String> {
    split(path).map(|(name, _)| format!("inbox {name} is not mounted on this host"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mounts(list: &[&str]) -> Result<Mounts, MountError> {
        Mounts::new(list.iter().map(|text| text.parse().unwrap()))
    }

    #[test]
    fn a_file_has_one_place_on_every_host() {
        let (a, b) =
            (mounts(&["er=/mnt/er", "icu=/srv/icu"]).unwrap(), mounts(&["er=/films/from-er"]).unwrap());
        for (on_a, place, on_b) in [
            ("/mnt/er/2026/a.dcm", "er:2026/a.dcm", "/films/from-er/2026/a.dcm"),
            ("/mnt/er/a:b.dcm", "er:a:b.dcm", "/films/from-er/a:b.dcm"),
            ("/srv/icu/a.dcm", "icu:a.dcm", "icu:a.dcm"),
            ("/mnt/erased/a.dcm", "/mnt/erased/a.dcm", "/mnt/erased/a.dcm"),
            ("/mnt/er", "/mnt/er", "/mnt/er"),
        ] {
            assert_eq!(a.place(Path::new(on_a)), Path::new(place));
            assert_eq!(b.path(Path::new(place)), Path::new(on_b));
        }
        assert_eq!(unmounted(Path::new("icu:a.dcm")).unwrap(), "inbox icu is not mounted on this host");
        assert_eq!(unmounted(Path::new("/icu:/a.dcm")), None);
    }

    #[test]
    fn no_place_leads_out_of_its_inbox() {
        let mounts = mounts(&["er=/mnt/er"]).unwrap();
        for place in ["er:../secret", "er:/etc/passwd", "er:a/../../b", "er:", "forgotten:12", "Er:a"] {
            assert_eq!(mounts.path(Path::new(place)), Path::new(place), "{place}");
            assert_eq!(split(Path::new(place)), None, "{place}");
        }
    }

    #[test]
    fn what_would_give_a_file_two_places_is_refused() {
        for (list, why) in [
            (&["er=/mnt", "icu=/mnt/icu"][..], "er and icu lie in one another"),
            (&["er=/mnt/er", "icu=/mnt/er"], "er and icu lie in one another"),
            (&["er=mnt/er"], "no absolute path"),
        ] {
            assert!(mounts(list).unwrap_err().to_string().contains(why), "{list:?}");
        }
        assert_eq!(mounts(&["er=/old", "er=/new"]).unwrap().folder("er"), Some(Path::new("/new")));
        for text in ["er", "er=", "=x", "ER=/x", "9=/x", "forgotten=/x", "a b=/x"] {
            let error = text.parse::<Mount>().unwrap_err();
            let is_reserved = matches!(error, MountError::Reserved(_));
            assert_eq!(is_reserved, text.starts_with("forgotten"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn a_path_comes_back_from_its_place(below in "[a-zA-Z0-9:_ .-]{1,12}(/[a-z:]{1,6}){0,3}") {
            let mounts = mounts(&["er=/mnt/er", "icu=/srv/icu"]).unwrap();
            let path = Path::new("/mnt/er").join(&below);
            prop_assume!(path.components().all(|part| !matches!(part, Component::ParentDir | Component::CurDir)));
            prop_assert_eq!(mounts.path(&mounts.place(&path)), path);
        }
    }
}
