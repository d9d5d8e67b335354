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
    // Those of a process that was killed; where each has a system of its own, all have one number.
    let leave = || [&draft, &before].map(|folder| _ = fs::remove_dir_all(folder));
    leave();
    let done = write(&draft, files).and_then(|()| exchange(&draft, &place, &before));
    leave();
    done?;
    File::open(library)?.sync_all()
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
        // At one go where the file system can: a kill then finds either of them in its place.
        if swap(new, place).is_ok() {
            return Ok(());
        }
        fs::rename(place, old)?;
    }
    fs::rename(new, place).inspect_err(|_| {
        if there {
            let _ = fs::rename(old, place);
        }
    })
}

fn swap(new: &Path, place: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, new, CWD, place, RenameFlags::EXCHANGE)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_takes_the_place_of_another_whole_and_leaves_nothing_beside_it() {
        let library = tempfile::tempdir().unwrap();
        let library = library.path();
        let content = |name: &str| fs::read(library.join("m").join(name)).ok();
        // What a killed process of the same number left behind.
        let number = std::process::id();
        for left in ["new", "old"] {
            fs::create_dir(library.join(format!(".m.{left}-{number}"))).unwrap();
            fs::write(library.join(format!(".m.{left}-{number}/rest")), "rest").unwrap();
        }
        put(library, "m", &[("a", b"1"), ("b", b"1")]).unwrap();
        assert_eq!((content("a"), content("rest")), (Some(b"1".to_vec()), None));
        put(library, "m", &[("a", b"2")]).unwrap();
        assert_eq!((content("a"), content("b")), (Some(b"2".to_vec()), None));
        put(library, "m", &[("a", b"3"), ("no/folder", b"3")]).unwrap_err();
        assert_eq!(content("a"), Some(b"2".to_vec()));
        assert_eq!(fs::read_dir(library).unwrap().count(), 1);
    }
}
