//! A model's folder, written whole or not at all.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

/// Writes a model's files beside its place in a library, then moves them there. What lies there goes, once the new one
/// is in its place; until then, and where that fails, it stays.
pub(super) fn put(library: &Path, name: &str, files: &[(&str, &[u8])]) -> io::Result<()> {
    let place = library.join(name);
    // The point keeps the library from taking them for models, should they be left behind.
    let draft = library.join(format!(".{name}.new-{}", std::process::id()));
    let before = library.join(format!(".{name}.old-{}", std::process::id()));
    write(&draft, files).and_then(|()| exchange(&draft, &place, &before)).inspect_err(|_| {
        let _ = fs::remove_dir_all(&draft);
    })?;
    let _ = fs::remove_dir_all(&before);
    Ok(())
}

fn write(folder: &Path, files: &[(&str, &[u8])]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for &(name, bytes) in files {
        let mut file = File::create(folder.join(name))?;
        file.write_all(bytes)?;
        file.sync_all()?;
    }
    Ok(())
}

/// Puts the new folder in the old one's place. If that fails, the old one is back.
fn exchange(new: &Path, place: &Path, old: &Path) -> io::Result<()> {
    let there = place.exists();
    if there {
        fs::rename(place, old)?;
    }
    fs::rename(new, place).inspect_err(|_| {
        if there {
            let _ = fs::rename(old, place);
        }
    })
}
