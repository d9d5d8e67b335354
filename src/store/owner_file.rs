//! The owner's state in its own words, in a file beside the store.
//!
//! The file never grows, and a change overwrites it in place: that needs no room, so that it works where a disk is full
//! too, and readers see it whole or try again.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::PathBuf,
};

use super::{Ownership, open::owner_only, place::place_beside};
use crate::{files, store_place::StorePlace};

/// Bytes of the file.
const PAGE: usize = 8_192;

/// The file in which the owner of a store says how it is.
#[derive(Debug)]
pub struct OwnerFile(File);

impl OwnerFile {
    /// Opens the file beside a store, or makes it; `_owned` is the right to.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn open(store: impl Into<StorePlace>, _owned: &Ownership) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = owner_only(options.create(true).truncate(false).read(true).write(true))
            .custom_flags(files::unwaiting() | files::unlinked())
            .open(place(store)?)?;
        if file.metadata()?.is_file() { Ok(Self(file)) } else { Err(io::ErrorKind::InvalidInput.into()) }
    }

    /// Puts a text in place of the last one; one that is longer than the page is not written.
    ///
    /// # Errors
    /// Those of the operating system, and a text that is too long.
    pub fn write(&self, text: &str) -> io::Result<()> {
        if text.len() >= PAGE {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut page = vec![b' '; PAGE];
        page[..text.len()].copy_from_slice(text.as_bytes());
        page[PAGE - 1] = b'\n';
        self.0.write_all_at(&page, 0)
    }

    /// Reads the last words of a store's owner; none where there are none.
    #[must_use]
    pub fn read(store: impl Into<StorePlace>) -> Option<String> {
        let page = files::read(&place(store).ok()?, files::Expected::TEXT).ok()?;
        let text = String::from_utf8(page).ok()?;
        Some(text.trim_end().to_owned()).filter(|text| !text.is_empty())
    }
}

/// `<store>.owner`.
fn place(store: impl Into<StorePlace>) -> io::Result<PathBuf> {
    place_beside(store, ".owner")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shorter_text_leaves_nothing_of_a_longer_one_and_a_text_of_more_than_a_page_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store.db");
        let owned = Ownership::acquire(&store).unwrap().unwrap();
        assert_eq!(OwnerFile::read(&store), None);
        let file = OwnerFile::open(&store, &owned).unwrap();
        file.write("a long text").unwrap();
        file.write("short").unwrap();
        file.write(&"x".repeat(PAGE)).unwrap_err();
        assert_eq!(OwnerFile::read(&store).as_deref(), Some("short"));
    }
}
