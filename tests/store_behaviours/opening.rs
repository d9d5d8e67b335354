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
        ("a folder", Box::new(|path| fs::create_dir(path).unwrap()), StoreErrorKind::ReadOnly, "--store"),
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
        Ownership::acquire(&folder.path().join("other.db")).unwrap().is_some(),
        "another store, another lock"
    );
}
