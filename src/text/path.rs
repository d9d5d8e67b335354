//! Paths as text: for people who may see names, and for those who may not.

use std::{os::unix::ffi::OsStrExt, path::Path};

use super::clean;
use crate::hash::sha256;

/// Digits of a path's hash that stand for it: few enough to read out, enough that two films never share them.
const HASH_DIGITS: usize = 12;

/// A path for people: what it has that is no text is replaced, control characters are gone.
#[must_use]
pub fn shown(path: &Path) -> String {
    clean(&path.to_string_lossy())
}

/// The file's own name for people.
#[must_use]
pub fn file_name(path: &Path) -> String {
    shown(path.file_name().map_or(path, Path::new))
}

/// A film's path where no patient's name or number may stand, as in the log: `file:` and the first twelve hex
/// digits of the SHA-256 of its absolute path, so that `printf %s PATH | sha256sum` finds it again.
#[must_use]
pub fn unnamed(path: &Path) -> String {
    let absolute = std::path::absolute(path);
    let hash = sha256(absolute.as_deref().unwrap_or(path).as_os_str().as_bytes());
    format!("file:{}", &hash[..HASH_DIGITS])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_hash_however_it_is_written_and_no_name_in_it() {
        let hash = unnamed(Path::new("/inbox/DOE_JANE_123456.dcm"));
        // printf %s /inbox/DOE_JANE_123456.dcm | sha256sum
        assert_eq!(hash, "file:a69bba1c64b3");
        assert_eq!(unnamed(Path::new("/inbox/./DOE_JANE_123456.dcm")), hash);
        assert_ne!(unnamed(Path::new("/inbox/DOE_JANE_123457.dcm")), hash);
        let here = std::env::current_dir().unwrap();
        assert_eq!(unnamed(Path::new("a.dcm")), unnamed(&here.join("a.dcm")));
    }

    #[test]
    fn a_path_for_people_is_one_harmless_line() {
        assert_eq!(shown(Path::new("/in/a\u{1b}[2J\nb.dcm")), "/in/a[2J b.dcm");
        assert_eq!(file_name(Path::new("/in/a\u{202e}.dcm")), "a.dcm");
    }
}
