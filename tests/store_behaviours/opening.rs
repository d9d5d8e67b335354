//! Opening a store: permissions, strangers, newer versions, and who owns the pipeline.

use std::fs;

use cxr_triage::store::{Ownership, Store, StoreErrorKind};

use super::support::{Bench, at, scored};

#[cfg(unix)]
fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[cfg(unix)]
fn chmod(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new").join("store.db");
    let mut store = Store::open(&path).unwrap();
    store.receive(&[], at(0)).unwrap();
    let _ownership = Ownership::acquire(&path).unwrap().unwrap();
    assert_eq!(mode(&folder.path().join("new")), 0o700);
    let files: Vec<_> = fs::read_dir(folder.path().join("new")).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(files.len(), 4, "database, -wal, -shm and .lock: {files:?}");
    for file in &files {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
}

#[cfg(unix)]
#[test]
fn a_store_that_others_could_read_is_tightened() {
    let bench = Bench::new();
    let folder = bench.path.parent().unwrap();
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.iter().for_each(|file| chmod(file, 0o644));
    chmod(folder, 0o755);
    let _second = Store::open(&bench.path).unwrap();
    files.iter().for_each(|file| assert_eq!(mode(file), 0o600, "{}", file.display()));
    assert_eq!(mode(folder), 0o755, "a folder that was there is its owner's business");
}

fn sqlite(statements: &'static str) -> impl Fn(&std::path::Path) {
    move |path| rusqlite::Connection::open(path).unwrap().execute_batch(statements).unwrap()
}

#[test]
fn what_is_no_store_of_ours_is_refused_and_left_alone() {
    type Make = Box<dyn Fn(&std::path::Path)>;
    let cases: [(&str, Make, StoreErrorKind, &str); 5] = [
        (
            "garbage",
            Box::new(|path| fs::write(path, "patient,score\n".repeat(500)).unwrap()),
            StoreErrorKind::NotADatabase,
            "choose another file",
        ),
        (
            "another program's database",
            Box::new(sqlite("CREATE TABLE bookmarks (url)")),
            StoreErrorKind::NotADatabase,
            "another program",
        ),
        (
            "another program's database with a version",
            Box::new(sqlite("PRAGMA user_version = 1; PRAGMA application_id = 77; CREATE TABLE t (a)")),
            StoreErrorKind::NotADatabase,
            "another program",
        ),
        (
            "a newer version's store",
            Box::new(|path| {
                drop(Store::open(path).unwrap());
                sqlite("PRAGMA user_version = 999")(path);
            }),
            StoreErrorKind::NewerVersion,
            "upgrade this cxr-triage",
        ),
        (
            "a folder",
            Box::new(|path| fs::create_dir(path).unwrap()),
            StoreErrorKind::NotADatabase,
            "it is a folder",
        ),
    ];
    for (name, make, kind, advice) in cases {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        make(&path);
        let before = fs::read(&path).ok();
        let error = Store::open(&path).unwrap_err();
        assert_eq!(error.kind, kind, "{name}: {error}");
        let message = error.to_string();
        assert!(message.contains(advice) && message.contains("store.db"), "{name}: {message}");
        assert_eq!(fs::read(&path).ok(), before, "{name} was changed");
    }
}

/// What may change of a file without its content changing.
#[cfg(unix)]
fn marks(path: &std::path::Path) -> (u32, std::time::SystemTime, u32, u32) {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(path).unwrap();
    (metadata.mode(), metadata.modified().unwrap(), metadata.uid(), metadata.gid())
}

#[cfg(unix)]
#[test]
fn what_is_named_by_mistake_keeps_its_mode_and_gets_nothing_beside_it() {
    type Make = Box<dyn Fn(&std::path::Path)>;
    let cases: [(&str, Make, &str); 7] = [
        ("a letter", Box::new(|path| fs::write(path, "Dear colleague").unwrap()), "it is no database"),
        ("a database", Box::new(sqlite("CREATE TABLE bookmarks (url)")), "another program"),
        (
            "a database that writes ahead",
            Box::new(sqlite("PRAGMA journal_mode = WAL; CREATE TABLE bookmarks (url)")),
            "another program",
        ),
        (
            "a database of 4,000 pages",
            Box::new(sqlite("CREATE TABLE films (bytes); INSERT INTO films VALUES (zeroblob(16000000))")),
            "another program",
        ),
        ("a folder", Box::new(|path| fs::create_dir(path).unwrap()), "it is a folder"),
        (
            "a named pipe",
            Box::new(|path| {
                assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
            }),
            "it is a named pipe",
        ),
        (
            "a socket",
            Box::new(|path| drop(std::os::unix::net::UnixListener::bind(path).unwrap())),
            "it is a socket",
        ),
    ];
    for (name, make, why) in cases {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it");
        make(&path);
        chmod(&path, 0o644);
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("it", &link).unwrap();
        let (before, content) =
            (marks(&path), fs::metadata(&path).unwrap().is_file().then(|| fs::read(&path).unwrap()));
        for named in [&path, &link] {
            for error in [Store::open(named).unwrap_err(), Ownership::acquire(named).unwrap_err()] {
                assert_eq!(error.kind, StoreErrorKind::NotADatabase, "{name}: {error}");
                assert!(error.to_string().contains(why), "{name}: {error}");
            }
        }
        assert_eq!(marks(&path), before, "{name}");
        assert_eq!(content, content.is_some().then(|| fs::read(&path).unwrap()), "{name}");
        let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["it", "link"], "{name}");
    }
}

#[cfg(unix)]
#[test]
fn a_device_is_left_as_it_is() {
    let null = std::path::Path::new("/dev/null");
    let before = marks(null);
    let error = Store::open(null).unwrap_err();
    assert!(error.to_string().contains("it is a device"), "{error}");
    assert!(Ownership::acquire(null).is_err());
    assert_eq!(marks(null).0, before.0);
    assert!(!std::path::Path::new("/dev/null.lock").exists());
}

#[test]
fn an_empty_file_becomes_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    fs::write(&path, "").unwrap();
    assert_eq!(Store::open(&path).unwrap().revision().unwrap(), 0);
    #[cfg(unix)]
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn a_lock_file_that_is_not_ours_is_left_alone() {
    let bench = Bench::new();
    let lock = bench.path.with_file_name("store.db.lock");
    let refused = || Ownership::acquire(&bench.path).unwrap_err().to_string();
    fs::write(&lock, "12 eggs").unwrap();
    assert!(refused().contains("is another one"), "{}", refused());
    assert_eq!(fs::read_to_string(&lock).unwrap(), "12 eggs");
    fs::remove_file(&lock).unwrap();
    #[cfg(unix)]
    {
        let letter = bench.path.with_file_name("letter");
        fs::write(&letter, "").unwrap();
        std::os::unix::fs::symlink(&letter, &lock).unwrap();
        refused();
        assert_eq!(fs::read_to_string(&letter).unwrap(), "", "a link is not followed");
    }
}

#[cfg(unix)]
#[test]
fn a_store_of_two_names_has_one_owner() {
    use std::os::unix::fs::symlink;
    let bench = Bench::new();
    let folder = bench.path.parent().unwrap();
    let name = |name: &str| folder.join(name);
    symlink(&bench.path, name("link.db")).unwrap();
    symlink("link.db", name("link of a link.db")).unwrap();
    symlink(folder, folder.parent().unwrap().join("other")).unwrap();
    let names = [
        name("link.db"),
        name("link of a link.db"),
        folder.parent().unwrap().join("other/store.db"),
        name("../data/./store.db"),
    ];
    for owned in names.iter().chain([&bench.path]) {
        let owner = Ownership::acquire(owned).unwrap().unwrap();
        for other in names.iter().chain([&bench.path]) {
            assert!(
                Ownership::acquire(other).unwrap().is_none(),
                "{} beside {}",
                other.display(),
                owned.display()
            );
            assert!(!Ownership::is_free(other) && Ownership::holder(other).is_some());
        }
        let clone = owner.clone();
        drop(owner);
        assert!(!Ownership::is_free(owned), "held until the last thread has ended");
        drop(clone);
        assert!(Ownership::is_free(owned));
    }
    assert_eq!(Store::open(&names[1]).unwrap().revision().unwrap(), 0);
    // A store that is yet to be made by way of a link.
    symlink("new.db", name("to come.db")).unwrap();
    let owner = Ownership::acquire(name("to come.db")).unwrap();
    assert!(owner.is_some() && Ownership::acquire(name("new.db")).unwrap().is_none());
    drop(Store::open(name("to come.db")).unwrap());
    assert!(fs::symlink_metadata(name("new.db")).unwrap().is_file());
}

#[cfg(unix)]
#[test]
fn a_hard_link_is_no_second_store() {
    let bench = Bench::new();
    let owner = Ownership::acquire(&bench.path).unwrap().unwrap();
    let second = bench.path.with_file_name("second.db");
    fs::hard_link(&bench.path, &second).unwrap();
    for error in [Store::open(&second).unwrap_err(), Ownership::acquire(&second).unwrap_err()] {
        assert_eq!(error.kind, StoreErrorKind::SecondName);
        assert!(error.to_string().contains("name the store as it was made"), "{error}");
    }
    assert!(
        !second.with_file_name("second.db-wal").exists() && !second.with_file_name("second.db.lock").exists()
    );
    drop(owner);
    assert!(Store::open(&bench.path).is_ok(), "its own name goes on");
    assert!(Ownership::acquire(&bench.path).unwrap().is_some());
}

#[test]
fn damage_is_called_damage() {
    let mut bench = Bench::new();
    for n in 0..50 {
        bench.record(&format!("f{n}"), &scored(&format!("x{n}"), [0.1; 3]), at(0));
    }
    let Bench { store, path, .. } = &mut bench;
    let path = path.clone();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(other);
    store.events(0, 1).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes[4096..].iter_mut().for_each(|byte| *byte ^= 0x5a);
    let damaged = path.with_file_name("damaged.db");
    fs::write(&damaged, bytes).unwrap();
    let error = Store::open(&damaged).and_then(|store| store.studies_since(0)).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Corrupt, "{error}");
    assert!(error.to_string().contains("last backup"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_said_to_be_so() {
    let folder = tempfile::tempdir().unwrap();
    let locked = folder.path().join("locked");
    fs::create_dir(&locked).unwrap();
    chmod(&locked, 0o500);
    if fs::write(locked.join("probe"), "").is_ok() {
        println!("skipped: this user may write everywhere (root)");
        return;
    }
    for path in [locked.join("store.db"), locked.join("deeper").join("store.db")] {
        let error = Store::open(&path).unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::ReadOnly, "{error}");
        assert!(error.to_string().contains("write permission"), "{error}");
    }
}

#[test]
fn a_store_opened_by_many_at_its_birth_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let start = std::sync::Barrier::new(6);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                start.wait();
                let store = Store::open(&path).unwrap();
                assert_eq!(store.revision().unwrap(), 0);
            });
        }
    });
}

#[test]
fn one_process_owns_the_pipeline_until_it_lets_go() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new").join("store.db");
    assert_eq!(Ownership::holder(&path), None);
    let first = Ownership::acquire(&path).unwrap();
    assert!(first.is_some());
    assert!(Ownership::acquire(&path).unwrap().is_none(), "a second owner");
    assert_eq!(Ownership::holder(&path), Some(std::process::id()));
    drop(first);
    assert!(Ownership::acquire(&path).unwrap().is_some(), "released with its owner");
    assert!(
        Ownership::acquire(folder.path().join("other.db")).unwrap().is_some(),
        "another store, another lock"
    );
}
