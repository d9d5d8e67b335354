//! Files that only their owner may read: what the program writes out can name patients.

use std::{
    fs::{File, OpenOptions, Permissions},
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

/// Mode of a file that is its owner's alone.
const OWNER_ONLY: u32 = 0o600;

/// Options under which a new file is its owner's alone. One that is there already stays as it is.
#[must_use]
pub fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(OWNER_ONLY);
    options
}

/// A file with nothing in it, its owner's alone, in place of what was there. A device or a pipe is opened and not
/// changed.
///
/// # Errors
/// Those of the operating system.
pub fn create(path: &Path) -> io::Result<File> {
    let file = options().write(true).create(true).truncate(true).open(path)?;
    let found = file.metadata()?;
    if found.is_file() && found.permissions().mode() & 0o077 != 0 {
        match file.set_permissions(Permissions::from_mode(OWNER_ONLY)) {
            // Somebody else's file that this user may write: its owner decides who reads it.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
            changed => changed?,
        }
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_its_owners_alone_whether_it_was_there_or_not_and_a_device_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let (new, old) = (folder.path().join("new"), folder.path().join("old"));
        fs::write(&old, "content").unwrap();
        fs::set_permissions(&old, Permissions::from_mode(0o644)).unwrap();
        for path in [&new, &old] {
            create(path).unwrap();
            assert_eq!((mode(path), fs::read(path).unwrap().len()), (0o600, 0), "{path:?}");
        }
        let null = Path::new("/dev/null");
        let before = mode(null);
        create(null).unwrap();
        assert_eq!(mode(null), before);
    }
}
