//! Paths that plugins name: below a folder that the site gave, and nowhere else.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::text::clean;

/// Characters of one name in a path.
const NAME: usize = 100;

/// The reason why a path cannot be one of a plugin's, to follow the name of an effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// A name in it is not plain.
    #[error("names `{0}`: a path here is names of letters, digits, . _ - with / between them")]
    Names(String),
    /// It has too many folders.
    #[error("lies more than four folders deep")]
    Deep,
}

/// Checks that a path is of plain names, at most four deep: no `..`, no drive, no hidden file, nothing that
/// a shell or a terminal would take for something else.
///
/// # Errors
/// [`PathError`], where it is not.
pub fn check_relative(path: &str) -> Result<(), PathError> {
    let names: Vec<&str> = path.split('/').collect();
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ');
    for name in &names {
        let reserved =
            name.is_empty() || name.starts_with('.') || name.starts_with('-') || name.ends_with([' ', '.']);
        if reserved || name.chars().count() > NAME || !name.chars().all(is_plain) {
            let head: String = path.chars().take(NAME).collect();
            return Err(PathError::Names(clean(&head)));
        }
    }
    if names.len() > 4 { Err(PathError::Deep) } else { Ok(()) }
}

/// The place of `relative` below `folder`, its own folders made. Refused if a link on the way leads out,
/// or if the file itself is a link, in words that name no part of the path: they go into the log.
pub(super) fn below(folder: &Path, relative: &str) -> io::Result<PathBuf> {
    let refuse = |why: &str| io::Error::new(io::ErrorKind::PermissionDenied, why);
    if check_relative(relative).is_err() {
        return Err(refuse("its path is not one of plain names"));
    }
    let home = fs::canonicalize(folder)?;
    let mut place = home.clone();
    let (folders, name) = relative.rsplit_once('/').unwrap_or(("", relative));
    for part in folders.split('/').filter(|part| !part.is_empty()) {
        place.push(part);
        match fs::create_dir(&place) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => place = fs::canonicalize(&place)?,
        }
        if !place.starts_with(&home) {
            return Err(refuse("a link on its way leads out of the folder"));
        }
    }
    place.push(name);
    match fs::symlink_metadata(&place) {
        Ok(metadata) if !metadata.is_file() => Err(refuse("what is there of its name is no plain file")),
        _ => Ok(place),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_below_the_folder_are_taken() {
        for good in ["log.csv", "2026/11/log.csv", "ward 3_a-b.txt", "Lungen-Röntgen.csv"] {
            assert_eq!(check_relative(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "/etc/passwd",
            "../x",
            "a/../../x",
            "a//b",
            ".bashrc",
            "a/.git/config",
            "-rf",
            "a\\b",
            "C:/x",
            "x\u{1b}[2J",
            "x\ny",
            "~/.ssh",
            "$HOME",
            "a/b/c/d/e",
            "dot.",
            "nul\0",
        ] {
            assert!(check_relative(bad).is_err(), "{bad:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_that_lead_out_are_refused() {
        let (home, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::os::unix::fs::symlink(outside.path(), home.path().join("out")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", home.path().join("log.csv")).unwrap();
        std::fs::create_dir(home.path().join("doe.csv")).unwrap();
        for (path, says) in [
            ("out/x.csv", "leads out"),
            ("doe.csv", "no plain file"),
            ("log.csv", "no plain file"),
            ("../doe", "plain names"),
        ] {
            let why = below(home.path(), path).unwrap_err().to_string();
            assert!(why.contains(says), "{path}: {why}");
            assert!(
                !["out/", "`out`", "doe", "log", "csv"].iter().any(|name| why.contains(name)),
                "{path}: {why}"
            );
        }
        let place = below(home.path(), "2026/x.csv").unwrap();
        assert!(
            place.starts_with(fs::canonicalize(home.path()).unwrap()) && place.parent().unwrap().is_dir()
        );
    }
}
