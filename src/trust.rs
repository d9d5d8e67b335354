//! Files of the working folder that nobody named: configuration, plugins and models there are read only
//! where nobody but the user, or the administrator, can have put them there.

use std::{
    env, fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use crate::text::shown;

/// More than a folder of plugins or models holds.
const MOST_ENTRIES: usize = 10_000;
/// A plugin's or a model's own folder lies in their folder, and its files in it.
const DEPTH: usize = 2;

/// The owner of a file or folder, and who may write to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Access {
    owner: u32,
    group: u32,
    mode: u32,
}

/// Why somebody else may have written a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum DoubtError {
    #[error("belongs to another user (number {0})")]
    Owner(u32),
    #[error("can be written to by everybody")]
    Everybody,
    #[error("can be written to by its group (number {0})")]
    Group(u32),
}

impl Access {
    /// Refuses it where others than `user` and root may have written it. A group that bears the user's own number is
    /// the user's alone, as most systems make one for each user.
    fn doubt(self, user: u32) -> Result<(), DoubtError> {
        let Self { owner, group, mode } = self;
        if owner != user && owner != 0 {
            Err(DoubtError::Owner(owner))
        } else if mode & 0o002 != 0 {
            Err(DoubtError::Everybody)
        } else if mode & 0o020 != 0 && group != user && group != 0 {
            Err(DoubtError::Group(group))
        } else {
            Ok(())
        }
    }
}

/// Returns why a file that nobody named is not read, in words; none where it can be, or is not there.
#[must_use]
pub fn doubt_of_file(path: &Path) -> Option<String> {
    in_words(path, check_file(path))
}

/// Returns why a folder that nobody named is not read, with all that is in it.
#[must_use]
pub fn doubt_of_folder(path: &Path) -> Option<String> {
    in_words(path, check_file(path).and_then(|()| check_entries(path, DEPTH, &mut MOST_ENTRIES.clone())))
}

/// Why somebody else may have written a file, one that was named too: what is wrong with it, with the folder that it lies
/// in, or where a link leads. None where nobody can, or it is not there.
#[must_use]
pub fn doubt_of_owners(path: &Path) -> Option<String> {
    let (culprit, why) = check_file(path).err()?;
    Some(format!("{} {why}", shown(&culprit)))
}

/// The obstacle: the path, and what is wrong with it.
type Checked = Result<(), (PathBuf, String)>;

/// The file, the folder that it lies in, and where a link leads.
fn check_file(path: &Path) -> Checked {
    let real = match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        // A folder that this user may not enter, as root's is to a service's account: nothing in it is there to be read.
        Err(_) if is_out_of_reach(path) => return Ok(()),
        real => real.map_err(|error| (path.to_owned(), format!("cannot be looked at ({error})")))?,
    };
    check(&folder_of(path))?;
    check(&folder_of(&real))?;
    check(path)
}

fn is_out_of_reach(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
}

fn check_entries(folder: &Path, depth: usize, left: &mut usize) -> Checked {
    let unreadable = |error: io::Error| (folder.to_owned(), format!("cannot be looked at ({error})"));
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        *left = left.checked_sub(1).ok_or_else(|| (folder.to_owned(), "holds too many files".to_owned()))?;
        check_file(&path)?;
        if depth > 1 {
            check_entries(&path, depth - 1, left)?;
        }
    }
    Ok(())
}

fn check(path: &Path) -> Checked {
    let wrong = |why: String| (path.to_owned(), why);
    let user =
        user().map_err(|error| wrong(format!("cannot be judged, for your user is not known ({error})")))?;
    let found = fs::metadata(path).map_err(|error| wrong(format!("cannot be looked at ({error})")))?;
    let access = Access { owner: found.uid(), group: found.gid(), mode: found.mode() };
    access.doubt(user).map_err(|doubt| wrong(doubt.to_string()))
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

/// The number of the user that runs this process: Linux shows it as the owner of the process; elsewhere it is taken to
/// be the owner of the home.
fn user() -> io::Result<u32> {
    let owner = |path: &Path| fs::metadata(path).map(|found| found.uid());
    owner(Path::new("/proc/self")).or_else(|error| env::home_dir().map_or(Err(error), |home| owner(&home)))
}

fn in_words(path: &Path, checked: Checked) -> Option<String> {
    let (culprit, why) = checked.err()?;
    let culprit = std::path::absolute(&culprit).unwrap_or(culprit);
    Some(format!(
        "{} in the working folder is not read, for {} {why}: make it yours alone (chown, chmod go-w), or name what is \
         to be read on the command line or in your own configuration",
        shown(path),
        shown(&culprit)
    ))
}

#[cfg(test)]
mod tests {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn only_what_nobody_else_can_write_is_read() {
        // owner, group, mode, what is wrong with it for user 1000
        for (owner, group, mode, doubt) in [
            (1000, 1000, 0o100_644, Ok(())),
            (1000, 1000, 0o100_664, Ok(())),
            (1000, 100, 0o100_664, Err(DoubtError::Group(100))),
            (1000, 100, 0o100_644, Ok(())),
            (1000, 1000, 0o100_666, Err(DoubtError::Everybody)),
            (0, 0, 0o100_644, Ok(())),
            (0, 0, 0o40_775, Ok(())),
            (0, 0, 0o41_777, Err(DoubtError::Everybody)),
            (1001, 1000, 0o100_600, Err(DoubtError::Owner(1001))),
        ] {
            assert_eq!(Access { owner, group, mode }.doubt(1000), doubt, "{owner} {group} {mode:o}");
        }
        assert_eq!(Access { owner: 1000, group: 1000, mode: 0o644 }.doubt(0), Err(DoubtError::Owner(1000)));
    }

    #[test]
    fn the_folder_and_where_a_link_leads_count_too() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let set = |name: &str, mode| fs::set_permissions(at(name), Permissions::from_mode(mode)).unwrap();
        fs::create_dir_all(at("own/weights/mine")).unwrap();
        fs::create_dir(at("open")).unwrap();
        fs::write(at("own/a.toml"), "").unwrap();
        fs::write(at("own/weights/mine/model.toml"), "").unwrap();
        fs::write(at("open/b.toml"), "").unwrap();
        set("open", 0o1777);
        std::os::unix::fs::symlink(at("open/b.toml"), at("own/link.toml")).unwrap();
        assert_eq!(doubt_of_file(&at("own/a.toml")), None);
        assert_eq!(doubt_of_file(&at("own/nothing.toml")), None);
        assert!(doubt_of_file(&at("open/b.toml")).unwrap().contains("open can be written to by everybody"));
        assert!(doubt_of_file(&at("own/link.toml")).unwrap().contains("open can be"));
        assert_eq!(doubt_of_folder(&at("own/weights")), None);
        set("own/weights/mine/model.toml", 0o666);
        let said = doubt_of_folder(&at("own/weights")).unwrap();
        assert!(said.contains("model.toml can be written to by everybody: make it yours alone"), "{said}");
    }
}
