use tempfile::TempDir;

use super::*;

/// Long enough for the slowest machine; reached only by a test that fails.
const LONG: Duration = Duration::from_secs(20);

struct Watched {
    path: PathBuf,
    contents: Receiver<Option<String>>,
    _watcher: Watcher,
}

impl Watched {
    fn new(path: PathBuf) -> Self {
        let (sender, contents) = unbounded();
        let text = fs::read_to_string(&path).ok();
        let read = path.clone();
        let on_change = move || sender.send(fs::read_to_string(&read).ok()).unwrap_or_default();
        let watcher = watch(&path, text.as_deref(), on_change).unwrap();
        Self { path, contents, _watcher: watcher }
    }

    /// Waits until the file was reported with this content. It may be reported half-way before.
    fn comes_to(&self, expected: Option<&str>) {
        let end = Instant::now() + LONG;
        while let Ok(content) = self.contents.recv_deadline(end) {
            if content.as_deref() == expected {
                return;
            }
        }
        panic!("{} was never reported with {expected:?}", crate::text::shown(&self.path));
    }
}

fn folder_with(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, text).unwrap();
    (folder, path)
}

#[test]
fn every_way_to_save_a_file_is_a_change() {
    type Save = fn(&Path, &str);
    let in_place: Save = |path, text| fs::write(path, text).unwrap();
    let rename_over: Save = |path, text| {
        let new = path.with_extension("new");
        fs::write(&new, text).unwrap();
        fs::rename(new, path).unwrap();
    };
    let backup_and_create: Save = |path, text| {
        fs::rename(path, path.with_extension("bak")).unwrap();
        fs::write(path, text).unwrap();
    };
    let delete_and_create: Save = |path, text| {
        fs::remove_file(path).unwrap();
        fs::write(path, text).unwrap();
    };
    let (_folder, path) = folder_with("0");
    let watched = Watched::new(path.clone());
    for (round, save) in [in_place, rename_over, backup_and_create, delete_and_create, rename_over, in_place]
        .iter()
        .enumerate()
    {
        let text = format!("round {round}");
        save(&path, &text);
        watched.comes_to(Some(&text));
    }
}

#[test]
fn a_file_that_goes_and_comes_back_is_two_changes() {
    let (_folder, path) = folder_with("here");
    let watched = Watched::new(path.clone());
    fs::remove_file(&path).unwrap();
    watched.comes_to(None);
    fs::write(&path, "here").unwrap();
    watched.comes_to(Some("here"));
}

#[test]
fn a_file_in_a_folder_that_is_not_there_yet_is_seen_when_it_comes() {
    let (folder, _) = folder_with("");
    let path = folder.path().join("a/b/config.toml");
    let watched = Watched::new(path.clone());
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "new").unwrap();
    watched.comes_to(Some("new"));
    // The folder goes and comes again.
    fs::remove_dir_all(folder.path().join("a")).unwrap();
    watched.comes_to(None);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "again").unwrap();
    watched.comes_to(Some("again"));
}

#[test]
fn a_folder_that_is_made_anew_at_once_is_watched_on() {
    let (folder, _) = folder_with("");
    let path = folder.path().join("a/config.toml");
    fs::create_dir(path.parent().unwrap()).unwrap();
    let watched = Watched::new(path.clone());
    fs::remove_dir(path.parent().unwrap()).unwrap();
    fs::create_dir(path.parent().unwrap()).unwrap();
    fs::write(&path, "one").unwrap();
    watched.comes_to(Some("one"));
    fs::write(&path, "two").unwrap();
    watched.comes_to(Some("two"));
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_is_followed_and_seen_when_it_is_turned() {
    use std::os::unix::fs::symlink;

    let (folder, link) = folder_with("");
    fs::remove_file(&link).unwrap();
    let target = |name: &str| folder.path().join(name).join("settings.toml");
    for name in ["one", "two"] {
        fs::create_dir(folder.path().join(name)).unwrap();
        fs::write(target(name), name).unwrap();
    }
    symlink("one/settings.toml", &link).unwrap();
    let watched = Watched::new(link.clone());
    fs::write(target("one"), "one, edited").unwrap();
    watched.comes_to(Some("one, edited"));
    let turned = folder.path().join("turned");
    symlink("two/settings.toml", &turned).unwrap();
    fs::rename(&turned, &link).unwrap();
    watched.comes_to(Some("two"));
    fs::write(target("two"), "two, edited").unwrap();
    watched.comes_to(Some("two, edited"));
}

#[test]
fn what_changed_before_the_watch_began_is_not_missed() {
    let (_folder, path) = folder_with("newer");
    let (sender, changes) = unbounded();
    let _watcher = watch(&path, Some("older"), move || sender.send(()).unwrap_or_default()).unwrap();
    assert_eq!(changes.recv_timeout(LONG), Ok(()));
}

#[test]
fn the_same_content_again_is_no_change() {
    let (_folder, path) = folder_with("same");
    let watched = Watched::new(path.clone());
    let new = path.with_extension("new");
    fs::write(&new, "same").unwrap();
    fs::rename(&new, &path).unwrap();
    fs::write(&path, "other").unwrap();
    // An empty file may be seen on the way; the content that was known may not be told again.
    let end = Instant::now() + LONG;
    loop {
        match watched.contents.recv_deadline(end) {
            Ok(Some(content)) if content == "other" => break,
            told => assert_ne!(told, Ok(Some("same".to_owned()))),
        }
        assert!(Instant::now() < end, "the other content was never told");
    }
}
